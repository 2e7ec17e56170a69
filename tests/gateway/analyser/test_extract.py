import io
import wave

import numpy as np
import pytest
from support.packet_files import ethernet, ipv4, pcap, rtp, udp

from tandem.codecs import g711
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options
from tandem.gateway.analyser.extract import export, speech

TONE = (8000 * np.sin(2 * np.pi * 400 * np.arange(160) / 8000)).astype(np.int16)


def sip(start, cseq, body=None, host="10.0.0.1", port=4000):
    body = f"v=0\r\nc=IN IP4 {host}\r\nm=audio {port} RTP/AVP 8\r\n".encode() if body is None else body
    head = f"{start}\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:1@a>;tag=1\r\nTo: <sip:2@b>"
    head += f"\r\nCall-ID: c\r\nCSeq: {cseq}\r\nMax-Forwards: 70\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def there(payload, *ports):
    return ethernet(ipv4(udp(payload, *ports), 17))


def back(payload, *ports):
    return ethernet(ipv4(udp(payload, *ports), 17, source="10.0.0.2", destination="10.0.0.1"))


@pytest.fixture
def capture(tmp_path):
    tone = g711.encode(TONE, g711.Law.A).tobytes()
    packets = [(0, there(sip("INVITE sip:2@b SIP/2.0", "1 INVITE")))]
    packets += [(1, back(sip("SIP/2.0 200 OK", "1 INVITE", host="10.0.0.2", port=4002)))]
    packets += [(1.1, there(sip("ACK sip:2@b SIP/2.0", "1 ACK", b"")))]
    packets += [(2 + n / 50, there(rtp(n, 160 * n, payload=tone), 4000, 4002)) for n in range(50) if n != 10]
    packets += [(2.5 + n / 50, back(rtp(n, 160 * n, ssrc=2, payload=tone), 4002, 4000)) for n in range(25)]
    packets += [(2.2, there(rtp(n, 160 * n, ssrc=9), 5000, 5002)) for n in range(5)]
    packets += [(8, there(sip("BYE sip:2@b SIP/2.0", "2 BYE", b"")))]
    path = tmp_path / "call.pcap"
    path.write_bytes(pcap(sorted(packets, key=lambda packet: packet[0])))
    return str(path)


def test_the_packets_of_a_call_make_the_same_call(capture, tmp_path):
    found = analyse([capture])
    with (tmp_path / "out.pcapng").open("wb") as out:
        assert export(found.calls, [capture], Options(), out) == 4 + 49 + 25
    again = analyse([str(tmp_path / "out.pcapng")])
    assert again.packets == 78
    (one,), (other,) = found.calls, again.calls
    assert [(message.type, round(message.time, 6)) for message in other.messages] == [
        (message.type, round(message.time, 6)) for message in one.messages
    ]
    assert [stream.packets for stream in other.media] == [stream.packets for stream in one.media]


def test_speech_is_where_it_was(capture, tmp_path):
    written = speech(analyse([capture]).calls, [capture], Options(), tmp_path / "wav")
    (path,) = written
    assert written[path] == ""
    with wave.open(str(path)) as heard:
        assert (heard.getnchannels(), heard.getframerate(), heard.getnframes()) == (2, 8000, 8000)
        samples = np.frombuffer(heard.readframes(8000), "<i2").reshape(-1, 2)
    expected = g711.decode(g711.encode(TONE, g711.Law.A), g711.Law.A)
    assert np.array_equal(samples[:160, 0], expected)
    assert not samples[1600:1760, 0].any()
    assert np.array_equal(samples[1760:1920, 0], expected)
    assert not samples[:4000, 1].any()
    assert np.array_equal(samples[4000:4160, 1], expected)


def test_a_call_without_speech(tmp_path):
    path = tmp_path / "call.pcap"
    path.write_bytes(pcap([(0, there(sip("INVITE sip:2@b SIP/2.0", "1 INVITE")))]))
    (reason,) = speech(analyse([str(path)]).calls, [str(path)], Options(), tmp_path).values()
    assert reason == "no speech in the capture"
    assert export([], [str(path)], Options(), io.BytesIO()) == 0
