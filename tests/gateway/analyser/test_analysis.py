import gc
import json
import tracemalloc
from pathlib import Path

import pytest
from support.corrupt import corrupted
from support.packet_files import data_chunk, ethernet, ipv4, pcap, rtp, sctp, udp

from tandem.core.errors import TandemError
from tandem.gateway.analyser import pcap as pcap_files
from tandem.gateway.analyser import records
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.report import as_json

VECTORS = Path(__file__).parents[2] / "vectors" / "trace"
M3UA = VECTORS.parent / "isup" / "captures" / "m3ua_94calls_wireshark.pcap"


def test_ninety_four_calls_by_m3ua():
    """Counts as tshark gives them: see tests/vectors/isup/README.md."""
    found = analyse([str(M3UA)])
    assert found.packets == 810
    assert found.messages["isup"] == {"IAM": 94, "ACM": 94, "ANM": 94, "REL": 94, "RLC": 94}
    assert found.messages["m3ua"]["DATA"] == 470
    assert len(found.calls) == 94
    assert {record.outcome for record in found.calls} == {"answered"}
    assert all(record.completed is not None and record.cause == 16 for record in found.calls)
    assert found.findings == []


def test_a_call_of_a_pri_that_the_capture_does_not_end():
    found = analyse([str(VECTORS / "isdn_lapd-203_pri-call_sangoma-wanpipemon.pcap")])
    (record,) = found.calls
    assert (record.protocol, record.called, record.outcome, record.released) == ("q931", "1111", "answered", None)
    assert found.messages["q931"] == {"SETUP": 1, "CALL_PROCEEDING": 1, "CONNECT": 1, "CONNECT_ACKNOWLEDGE": 1}


def test_several_files_are_one_input():
    found = analyse([str(VECTORS / "sip_cisco_session-refresh-422.pcapng"), str(M3UA)])
    assert found.packets == 824
    assert len(found.calls) == 95
    assert len({record.id for record in found.calls}) == 95
    packets = [message.packet for record in found.calls for message in record.messages]
    assert len(packets) == len(set(packets)) or max(packets) <= 824


def test_what_is_left_out_is_told(tmp_path):
    path = tmp_path / "cut.pcap"
    packet = ethernet(ipv4(sctp([data_chunk(1, b"\x01\0\x03\x01\0\0\0\x08")]), 132))
    path.write_bytes(pcap([(1, packet), (2, packet), (3, packet)])[:-5])
    found = analyse([str(path)])
    assert found.packets == 2
    assert [skipped.reason for skipped in found.skipped] == [
        "the file ends within a packet",
        "1 retransmitted SCTP chunks",
    ]
    with pytest.raises(TandemError):
        analyse([str(tmp_path / "none.pcap")])


def test_speech_belongs_to_the_call_that_asked_for_it(tmp_path):
    def sip(start, cseq, body=b"", host="10.0.0.1", port=4000):
        if body is not None and not body:
            body = f"v=0\r\nc=IN IP4 {host}\r\nm=audio {port} RTP/AVP 8\r\n".encode()
        head = f"{start}\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:1@a>;tag=1\r\nTo: <sip:2@b>"
        head += f"\r\nCall-ID: c\r\nCSeq: {cseq}\r\nMax-Forwards: 70\r\nContent-Length: {len(body or b'')}\r\n\r\n"
        return head.encode() + (body or b"")

    def there(payload, *ports):
        return ethernet(ipv4(udp(payload, *ports), 17))

    def back(payload, *ports):
        return ethernet(ipv4(udp(payload, *ports), 17, source="10.0.0.2", destination="10.0.0.1"))

    calls = [(0, there(sip("INVITE sip:2@b SIP/2.0", "1 INVITE")))]
    calls += [(1, back(sip("SIP/2.0 200 OK", "1 INVITE", host="10.0.0.2", port=4002)))]
    calls += [(1.1, there(sip("ACK sip:2@b SIP/2.0", "1 ACK", None)))]
    calls += [(1.2 + n / 50, there(rtp(n, 160 * n), 4000, 4002)) for n in range(300) if n % 20]
    calls += [(8, there(sip("BYE sip:2@b SIP/2.0", "2 BYE", None))), (8.1, back(sip("SIP/2.0 200 OK", "2 BYE", None)))]
    path = tmp_path / "speech.pcap"
    path.write_bytes(pcap(calls))
    found = analyse([str(path)])
    (record,) = found.calls
    (stream,) = record.media
    assert (stream.codec, stream.packets, stream.lost) == ("PCMA", 285, 14)
    assert [(finding.kind, finding.fault) for finding in found.findings] == [
        ("one-way-speech", "10.0.0.2"),
        ("speech-loss", "the path from 10.0.0.1:4000"),
    ]


def test_a_status_unit_is_a_failure_only_on_a_link_in_service(tmp_path):
    def unit(*octets, link=3):
        return b"\x01\0" + link.to_bytes(2, "big") + bytes(octets)

    sios, fisu = (0, 0, 1, 3), (0, 0, 0)
    path = tmp_path / "links.pcap"
    units = [unit(*sios), unit(*fisu), unit(*sios), unit(*sios), unit(*fisu, link=4)]
    path.write_bytes(pcap(list(enumerate(units)), link_type=139))
    (finding,) = analyse([str(path)]).findings
    assert (finding.kind, finding.packets, finding.text) == (
        "link-failure",
        [3],
        "the side that captured took link 3 out of service (SIOS)",
    )


CAPTURES = sorted([*VECTORS.glob("*.pcap*"), *(VECTORS.parent / "isup" / "captures").glob("*.pcap")])


@pytest.mark.parametrize("seed", range(24))
def test_corrupt_captures_give_what_can_be_read(tmp_path, seed):
    """Partial results or one clear error, whatever is broken."""
    path = tmp_path / "broken"
    whole = CAPTURES[seed % len(CAPTURES)]
    path.write_bytes(corrupted(whole.read_bytes(), seed))
    try:
        found = analyse([str(path)])
    except TandemError:
        return
    assert found.packets <= 2 * analyse([str(whole)]).packets
    assert all(record.id and record.outcome for record in found.calls)
    assert json.loads("".join(as_json(found)))["packets"] == found.packets


def test_memory_does_not_grow_with_the_capture(tmp_path, monkeypatch):
    """Twice the calls: what is kept in memory of each is a few octets, the rest is on disk."""
    monkeypatch.setattr(records, "IN_MEMORY", 1 << 14)
    monkeypatch.setattr(pcap_files, "CHUNK", 1 << 16)
    peaks = []
    for times in (20, 40):
        path = tmp_path / f"{times}.pcap"
        octets = M3UA.read_bytes()
        with path.open("wb") as out:
            out.write(octets[:24])
            for _ in range(times):
                out.write(octets[24:])
        gc.collect()
        tracemalloc.start()
        found = analyse([str(path)])
        assert len(found.calls) == 94
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        found.calls.close()
    assert peaks[1] < 1.3 * peaks[0]
