"""ITU-T Q.782, MTP level 3 test specification: flow control, routes, restart, link test, invalid messages (8 to 13)."""

from __future__ import annotations

from conformance.point import A, B, Point
from conformance.q782_inhibiting import Q782

from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.configuration import Route, TransferConfiguration
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.primitives import (
    ResumeIndication,
    StatusCause,
    StatusIndication,
    StopLink,
)

case, not_applicable = Q782.case, Q782.not_applicable
#: Destination 9 by way of either neighbour, `a` before `b`.
PREFERRED = (Route(9, "a", 0), Route(9, "b", 1))
TRANSFER = TransferConfiguration()

# 8 Signalling traffic flow control


@case("8.1", "Reception of TFC")
def _() -> None:
    p = Point(routes=(Route(9, "a"),)).up(0)
    p.hear(0, "TFC", destination=9)
    assert p.told == [StatusIndication(9, StatusCause.CONGESTION)]


@case("8.2", "Sending of TFC by a transfer point")
def _() -> None:
    p = Point(routes=(Route(9, "b"),), transfer=TRANSFER).up()
    for link in (10, 11):
        p.event(link, mtp2.LinkCongested())
    for _turn in range(9):
        p.message(0, b"x", dpc=9)
    assert p.management() == ["TFC destination=9 status=0"] * 2


@case("8.3", "User part unavailable")
def _() -> None:
    p = Point().up(0)
    p.hear(0, "UPU", destination=A, user_part=5, cause=2)
    assert p.told == [StatusIndication(A, StatusCause.USER_PART_INACCESSIBLE, service=5)]


# 9 Signalling route management


def _transfer() -> Point:
    return Point(routes=(Route(9, "b"),), transfer=TRANSFER).up()


@case("9.1", "Sending of TFP: broadcast on failure of the route")
def _() -> None:
    p = _transfer()
    p.hear(10, "TFP", destination=9)
    assert (0, "TFP destination=9") in p.sent


@case("9.2", "Sending of TFP: response to a message that cannot be transferred, once in T8")
def _() -> None:
    p = _transfer()
    p.hear(10, "TFP", destination=9)
    p.clear()
    for _turn in range(3):
        p.message(0, b"x", dpc=9)
    assert p.management() == ["TFP destination=9"]
    p.wait(1.1)
    p.message(0, b"x", dpc=9)
    assert p.management() == ["TFP destination=9"] * 2


@case("9.3", "Sending of TFA on return of the route")
def _() -> None:
    p = _transfer()
    p.hear(10, "TFP", destination=9)
    p.clear()
    p.hear(10, "TFA", destination=9)
    assert (0, "TFA destination=9") in p.sent


@case("9.4", "Sending of TFR when only a route of second choice is left")
def _() -> None:
    p = Point(routes=(Route(9, "b"),), transfer=TransferConfiguration(restricted=True)).up()
    p.hear(10, "TFR", destination=9)
    assert (0, "TFR destination=9") not in p.sent
    p.wait(61.0)  # T11
    assert (0, "TFR destination=9") in p.sent


@case("9.5", "Signalling route set test (RST), periodic, until TFA")
def _() -> None:
    p = Point(routes=(Route(9, "a"),)).up(0)
    p.hear(0, "TFP", destination=9)
    p.wait(91.0)
    assert p.management().count("RST destination=9") == 2
    p.hear(0, "TFA", destination=9)
    assert p.told[-1] == ResumeIndication(9)
    p.clear()
    p.wait(50.0)
    assert "RST destination=9" not in p.management()


@case("9.6", "Signalling route set test for a restricted destination (RSR)")
def _() -> None:
    p = Point(routes=(Route(9, "a"),)).up(0)
    p.hear(0, "TFR", destination=9)
    p.wait(46.0)
    assert "RSR destination=9" in p.management()


@case("9.7", "Reception of RST")
def _() -> None:
    p = _transfer()
    p.hear(0, "RST", destination=9)
    assert p.management() == ["TFA destination=9"]
    p.hear(10, "TFP", destination=9)
    p.clear()
    p.hear(0, "RST", destination=9)
    assert p.management() == []


@case("9.8", "TFP to the neighbour that the traffic goes over")
def _() -> None:
    p = Point(routes=(Route(9, "b"),), transfer=TRANSFER)
    p.event(10, mtp2.LinkInService())
    p.hear(10, "SLTA", service=1, pattern=b"TANDEM")
    p.hear(10, "SLTM", service=1, pattern=b"x")
    p.hear(10, "TRA")
    assert "TFP destination=9" in p.management()


# 10 Signalling point restart


@case("10.1", "Recovery of a linkset: TRA both ways, then traffic")
def _() -> None:
    p = Point()
    p.event(0, mtp2.LinkInService())
    p.hear(0, "SLTA", service=1, pattern=b"TANDEM")
    p.hear(0, "SLTM", service=1, pattern=b"x")
    assert "TRA" in p.management()
    assert not p.node.available(A)
    p.hear(0, "TRA")
    assert p.node.available(A)


@case("10.2", "Expiry of T21: no TRA from the neighbour")
def _() -> None:
    p = Point().up(0, restart=False)
    assert not p.node.available(A)
    p.wait(10.1)
    assert p.node.available(A)


@case("10.3", "Restart of the point: TRA from all neighbours")
def _() -> None:
    p = Point(full_restart=True).up(0, 10, restart=False)
    p.hear(0, "TRA")
    assert p.management() == []
    p.hear(10, "TRA")
    assert p.management() == ["TRA", "TRA"]
    assert p.node.available(A)
    assert p.node.available(B)


@case("10.4", "Restart of the point: expiry of T20")
def _() -> None:
    p = Point(full_restart=True).up(0, 10, restart=False)
    p.hear(0, "TRA")
    p.wait(59.0)
    assert "TRA" not in p.management()
    p.wait(2.0)
    assert p.management().count("TRA") == 2


@case("10.5", "Restarting neighbour of a transfer point: TFP before TRA")
def _() -> None:
    p = Point(routes=(Route(9, "b"),), transfer=TRANSFER)
    p.event(0, mtp2.LinkInService())
    p.hear(0, "SLTA", service=1, pattern=b"TANDEM")
    p.hear(0, "SLTM", service=1, pattern=b"x")
    told = [text for text in p.management() if not text.startswith("SLT")]
    assert told[-1] == "TRA"
    assert "TFP destination=9" in told[:-1]


@case("10.6", "Unexpected TRA: answered, but once in T19")
def _() -> None:
    p = Point().up(0)
    p.hear(0, "TRA")
    assert p.management() == []
    p.wait(69.0)
    p.clear()
    p.hear(0, "TRA")
    p.hear(0, "TRA")
    assert p.management() == ["TRA"]


# 11 Traffic test

not_applicable("11.1", "Traffic test: load over a long time", "tests/ss7/mtp3/test_traffic.py runs it as a simulation")

# 12 Signalling link test


@case("12.1", "Link test after activation")
def _() -> None:
    p = Point()
    p.event(0, mtp2.LinkInService())
    assert p.node.link_states()[0] is LinkState.TESTING
    p.hear(0, "SLTA", service=1, pattern=b"TANDEM")
    assert p.node.link_states()[0] is LinkState.AVAILABLE


@case("12.2", "SLTA not received: repeated once, then the link fails")
def _() -> None:
    p = Point()
    p.event(0, mtp2.LinkInService())
    p.clear()
    p.wait(6.1)
    assert [text.split()[0] for _, text in p.sent] == ["SLTM"]
    p.wait(6.0)
    assert StopLink(0) in p.commands


@case("12.3", "Unreasonable contents of SLTA")
def _() -> None:
    for wrong in ({"pattern": b"other"}, {"slc": 1, "pattern": b"TANDEM"}, {"opc": 7, "pattern": b"TANDEM"}):
        p = Point()
        p.event(0, mtp2.LinkInService())
        p.hear(0, "SLTA", service=1, **wrong)
        assert p.node.link_states()[0] is LinkState.TESTING


@case("12.4", "Reception of SLTM")
def _() -> None:
    p = Point().up(0)
    p.hear(0, "SLTM", service=1, pattern=b"abc")
    assert p.management() == ["SLTA 616263"]


@case("12.5", "Additional SLTA")
def _() -> None:
    p = Point().up(0)
    p.hear(0, "SLTA", service=1, pattern=b"TANDEM")
    assert p.node.link_states()[0] is LinkState.AVAILABLE
    assert p.sent == []


# 13 Invalid messages


@case("13.1", "Invalid H0/H1 code in a network management message")
def _() -> None:
    p = Point().up(0)
    for heading in (0x00, 0x99, 0xFF, 0x0F):
        p.message(0, bytes([heading]) + b"\x00\x00\x00", service=0)
    assert (p.sent, p.told) == ([], [])


@case("13.2", "Invalid changeover messages")
def _() -> None:
    p = Point().up(0, 1)
    p.message(1, b"\x11", service=0)  # COO without number
    p.hear(1, "COO", slc=9, forward_sequence_number=1)
    p.hear(1, "COO", slc=0, opc=7, forward_sequence_number=1)
    assert (p.sent, p.commands) == ([], [])


@case("13.3", "Invalid changeback code")
def _() -> None:
    p = Point().up(0, 1)
    p.hear(1, "CBA", slc=0, changeback_code=200)
    assert p.sent == []


@case("13.4", "Invalid transfer messages")
def _() -> None:
    p = Point(routes=(Route(9, "a"),)).up(0)
    p.message(0, b"\x14\x09", service=0)  # TFP of one octet
    p.hear(0, "TFP", opc=7, destination=9)
    p.hear(0, "TFP", destination=1234)
    assert p.told == []


@case("13.5", "Invalid inhibit messages")
def _() -> None:
    p = Point().up(0, 1)
    p.hear(0, "LIA")
    p.hear(0, "LUA")
    p.hear(0, "LID")
    p.hear(0, "LIN", slc=7)
    assert (p.sent, p.node.inhibited_links()) == ([], set())


not_applicable("13.6", "Data link connection orders", "data links are fixed: DLC is answered with CNP (Q.704 12.6)")
