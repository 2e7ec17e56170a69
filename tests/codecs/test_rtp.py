import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.codecs.rtp import (
    HEADER,
    Header,
    build_packet,
    pack_header,
    parse_header,
    sequence_delta,
    timestamp_delta,
)
from tandem.core.errors import DecodeError, EncodeError

CAPTURE = Path(__file__).parents[1] / "vectors" / "rtp" / "cisco_hold_resume.txt"

uint16, uint32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
headers = st.builds(
    Header,
    payload_type=st.integers(0, 127),
    sequence=uint16,
    timestamp=uint32,
    ssrc=uint32,
    marker=st.booleans(),
    csrc=st.lists(uint32, max_size=15).map(tuple),
    extension=st.none()
    | st.tuples(uint16, st.lists(uint32, max_size=4).map(lambda words: struct.pack(f"!{len(words)}I", *words))),
)


def test_captured_packet():
    packet = bytes.fromhex("80e0f4d4ea504bd95711bf8406070000")
    header = parse_header(packet)
    assert header == Header(96, 0xF4D4, 0xEA504BD9, 0x5711BF84, marker=True, payload_start=12, payload_end=16)
    assert header.payload(packet) == b"\x06\x07\x00\x00"
    assert str(header) == "RTP 96 seq 62676 ts 3931130841 ssrc 5711bf84 M"
    assert build_packet(header, b"\x06\x07\x00\x00") == packet


def test_captured_headers_pack_as_they_came():
    for line in CAPTURE.read_text().splitlines():
        octets = bytes.fromhex(line.split()[1])
        header = parse_header(octets)
        packed = pack_header(header.payload_type, header.sequence, header.timestamp, header.ssrc, header.marker)
        assert packed == octets


def test_csrc_extension_and_padding():
    packet = bytes.fromhex("b2000001000000a0000000070000000100000002bede0001aabbccddd5d5d5000003")
    header = parse_header(packet)
    assert header.csrc == (1, 2)
    assert header.extension == (0xBEDE, bytes.fromhex("aabbccdd"))
    assert header.payload(packet) == b"\xd5\xd5\xd5"
    assert build_packet(header, b"\xd5\xd5\xd5", padding=3) == packet


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        ("", "needs 12 octets"),
        ("80000001000000a0000000", "needs 12 octets"),
        ("40000001000000a000000007", "version 1"),
        ("00000001000000a000000007", "version 0"),
        ("81000001000000a000000007", "contributing sources do not fit"),
        ("90000001000000a000000007bede00", "extension is missing"),
        ("90000001000000a000000007bede0001aabbcc", "runs past"),
        ("a0000001000000a000000007d503", "padding of 3"),
        ("a0000001000000a000000007d500", "padding of 0"),
        ("a0000001000000a000000004", "padding of 4"),
    ],
)
def test_malformed(packet, reason):
    with pytest.raises(DecodeError, match=reason):
        parse_header(bytes.fromhex(packet))


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda tail: b"\xbf" + tail))
def test_any_bytes_give_a_header_or_decode_error(packet):
    try:
        header = parse_header(packet)
    except DecodeError:
        return
    assert 12 <= header.payload_start <= header.payload_end <= len(packet)


@given(headers, st.binary(max_size=40), st.integers(0, 255))
def test_round_trip(header, payload, padding):
    packet = build_packet(header, payload, padding)
    parsed = parse_header(packet)
    assert parsed.payload(packet) == payload
    for name in ("payload_type", "sequence", "timestamp", "ssrc", "marker", "csrc", "extension"):
        assert getattr(parsed, name) == getattr(header, name)


def test_pack_header_wraps():
    assert HEADER.unpack(pack_header(8, 65536 + 5, 2**32 + 7, 9, marker=True)) == (0x80, 0x88, 5, 7, 9)


@pytest.mark.parametrize(
    ("header", "padding"),
    [
        (Header(128, 0, 0, 0), 0),
        (Header(0, 65536, 0, 0), 0),
        (Header(0, 0, -1, 0), 0),
        (Header(0, 0, 0, 0, csrc=(2**32,)), 0),
        (Header(0, 0, 0, 0, csrc=(1,) * 16), 0),
        (Header(0, 0, 0, 0, extension=(1, b"abc")), 0),
        (Header(0, 0, 0, 0), 256),
    ],
)
def test_values_that_do_not_fit(header, padding):
    with pytest.raises(EncodeError):
        build_packet(header, b"", padding)


@given(uint16, st.integers(-0x8000, 0x7FFF))
def test_sequence_delta_across_the_wrap(earlier, ahead):
    assert sequence_delta((earlier + ahead) & 0xFFFF, earlier) == ahead


@given(uint32, st.integers(-(2**31), 2**31 - 1))
def test_timestamp_delta_across_the_wrap(earlier, ahead):
    assert timestamp_delta((earlier + ahead) & 0xFFFFFFFF, earlier) == ahead
