import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packet_files import tcp

from tandem.gateway.analyser import streams as module
from tandem.gateway.analyser.streams import StreamReader

OK = b"SIP/2.0 200 OK\r\nl: 4\r\n\r\nbody"
BYE = b"BYE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n"
TPKT = b"\x03\x00\x00\x09\x08\x02\x00\x01\x05"
SIGTRAN = b"\x01\x00\x03\x01\x00\x00\x00\x08"
HEP = b"HEP3\x00\x0aabcd"
BACKHAUL = bytes.fromhex("000400000011800000010003") + b"\x08\x00\x05"


def read(segments):
    reader = StreamReader()
    return [(m.kind, m.octets) for segment in segments for m in reader.segment("a:1", "b:2", segment)], reader


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        ("sip", [OK, BYE, OK]),
        ("tpkt", [TPKT] * 2),
        ("sigtran", [SIGTRAN] * 2),
        ("hep", [HEP]),
        ("backhaul", [BACKHAUL]),
    ],
)
@pytest.mark.parametrize("size", [3, 10, 1000])
def test_messages_are_cut_however_they_came(kind, messages, size):
    stream = b"".join(messages)
    cuts = [tcp(stream[start : start + size], 100 + start) for start in range(0, len(stream), size)]
    assert read([tcp(b"", 99, flags=2), *cuts])[0] == [(kind, message) for message in messages]


def test_segments_out_of_order_and_repeated():
    stream = OK + BYE
    parts = [tcp(stream[start : start + 20], 100 + start) for start in range(0, len(stream), 20)]
    for order in itertools.permutations(range(1, len(parts))):
        found, _ = read([parts[0], *(parts[index] for index in order), parts[1]])
        assert found == [("sip", OK), ("sip", BYE)]


def test_the_sequence_number_wraps():
    found, _ = read([tcp(OK[:10], 0xFFFFFFFA), tcp(OK[10:], 4)])
    assert found == [("sip", OK)]


def test_keep_alives_between_messages():
    assert read([tcp(b"\r\n\r\n" + OK + b"\r\n" + BYE, 5)])[0] == [("sip", OK), ("sip", BYE)]


def test_a_gap_that_stays_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    later = [tcp(BYE, 1000 + index * len(BYE)) for index in range(6)]
    found, reader = read([tcp(OK[:9], 100), *later])
    assert found == [("sip", BYE)] * 6
    assert reader.lost == 1000 - 109


def test_other_streams_are_left_alone():
    found, reader = read([tcp(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1), tcp(OK, 28)])
    assert found == []
    assert reader._streams[("a:1", "b:2")].ignored


def test_the_end_of_a_connection_forgets_it():
    _, reader = read([tcp(OK, 1, flags=0x19)])
    assert not reader._streams


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_MOST_STREAMS", 7)
    reader = StreamReader()
    for port in range(50):
        list(reader.segment(f"a:{port}", "b:1", tcp(OK[:12], 1)))
    assert len(reader._streams) == 7
    endless, _ = read(
        [tcp(b"INVITE sip:a SIP/2.0\r\n" + b"x" * 1400, 1)] + [tcp(b"y" * 1400, 1422 + 1400 * i) for i in range(300)]
    )
    assert endless == []


@given(st.lists(st.tuples(st.integers(0, 100), st.binary(max_size=60), st.integers(0, 63)), max_size=12))
def test_any_segments(parts):
    read([tcp(octets, sequence, flags=flags) for sequence, octets, flags in parts])
