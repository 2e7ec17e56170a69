from support.findings import message

from tandem.gateway.analyser.findings_links import of_links
from tandem.gateway.analyser.model import Protocol


def test_links_that_fail():
    found = list(
        of_links([message("SIOS", protocol=Protocol.MTP2, link="3", opc=None), message("SLTM"), message("COO")])
    )
    assert [(finding.kind, finding.fault) for finding in found] == [("link-failure", ""), ("changeover", "0-0-1")]
    assert "took link 3 out of service" in found[0].text


def test_congestion_and_destinations():
    told = [message(kind, protocol=Protocol.M3UA) for kind in ("SCON", "DUNA", "DAVA", "ASPDN")] + [message("TFC")]
    assert [finding.kind for finding in of_links(told)] == [
        *("congestion", "destination-unavailable", "link-failure", "congestion")
    ]


def sctp(kind, time, packet, source="a:1", destination="b:2"):
    ends = {"opc": None, "dpc": None, "variant": "", "source": source, "destination": destination}
    return message(kind, time, Protocol.SCTP, packet, **ends)


def test_associations():
    asked = [sctp("INIT", float(step), step) for step in range(5)]
    (found,) = of_links(asked)
    assert (found.kind, found.fault, found.clause) == ("link-failure", "b:2", "RFC 9260 5.1")
    assert found.packets == [0, 1, 2, 3, 4]
    assert list(of_links([*asked, sctp("INIT_ACK", 5.0, 6, "b:2", "a:1")])) == []
    assert list(of_links(asked[:3])) == []
    (aborted,) = of_links([*asked, sctp("ABORT", 5.0, 6, "b:2", "a:1")])
    assert (aborted.fault, aborted.packets, aborted.clause) == ("b:2", [6], "RFC 9260 9.1")


def test_the_destination_is_told():
    told = message("TFP", protocol=Protocol.MTP3, octets=bytes.fromhex("140300"))
    duna = message(
        "DUNA", protocol=Protocol.M3UA, opc=None, dpc=None, octets=bytes.fromhex("01000201000000100012000800000007")
    )
    one, other = of_links([told, duna])
    assert one.text == "0-0-1 cannot reach 0-0-3 (TFP)"
    assert one.fault == "the way from 0-0-1 to 0-0-3"
    assert "cannot reach 0-0-7 (DUNA)" in other.text


def test_link_status_of_m2pa():
    status = message(
        "LINK_STATUS", protocol=Protocol.M2PA, octets=bytes(19) + b"\x09", source="a:1", opc=None, dpc=None
    )
    (found,) = of_links([status])
    assert (found.kind, found.fault, found.clause) == ("link-failure", "a:1", "RFC 4165 2.3.2")
    assert list(of_links([message("LINK_STATUS", protocol=Protocol.M2PA, octets=bytes(19) + b"\x04")])) == []
