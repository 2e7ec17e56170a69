from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.codecs.rtcp import Report, ReportBlock, SenderInformation, build, ntp_time, parse
from tandem.core.errors import DecodeError

BLOCK = ReportBlock(0x22222222, 64, -3, 0x1FFFE, 17, 0xABCD1234, 65536)
SENDER = SenderInformation(0x83AA7E80_80000000, 0x11223344, 100, 16000)


def words(number: int = 32) -> st.SearchStrategy[int]:
    return st.integers(0, 2**number - 1)


def test_a_sender_report_octet_by_octet() -> None:
    """RFC 3550 6.4.1, 6.5, 6.6."""
    octets = build(Report(0x11111111, SENDER, (BLOCK,)), "ab@c", goodbye=True)
    report = struct.pack(
        "!BBHIIIIIIIIIIII",
        *(0x81, 200, 12, 0x11111111, 0x83AA7E80, 0x80000000, 0x11223344, 100, 16000),
        *(0x22222222, 64 << 24 | 0xFFFFFD, 0x1FFFE, 17, 0xABCD1234, 65536),
    )
    names = struct.pack("!BBHIBB", 0x81, 202, 3, 0x11111111, 1, 4) + b"ab@c\0\0"
    assert octets == report + names + struct.pack("!BBHI", 0x81, 203, 1, 0x11111111)


def test_the_time_of_ntp() -> None:
    """RFC 5905: 1970 is 2,208,988,800 s after 1900."""
    assert ntp_time(0.0) == 2_208_988_800 << 32
    assert ntp_time(0.5) & 0xFFFFFFFF == 0x80000000
    assert SENDER.middle == 0x7E808000


@given(
    words(),
    st.none() | st.builds(SenderInformation, words(64), words(), words(), words()),
    st.lists(
        st.builds(ReportBlock, words(), words(8), st.integers(-0x800000, 0x7FFFFF), words(), words(), words(), words()),
        max_size=31,
    ),
    st.text(max_size=30),
    st.booleans(),
)
def test_round_trip(
    ssrc: int, sender: SenderInformation | None, blocks: list[ReportBlock], cname: str, goodbye: bool
) -> None:
    report = Report(ssrc, sender, tuple(blocks))
    octets = build(report, cname, goodbye)
    assert len(octets) % 4 == 0
    assert parse(octets) == [report]


@pytest.mark.parametrize(
    "octets",
    [
        b"\x80\xc8",
        b"\x40\xc8\x00\x00",
        b"\x80\x08\x00\x00",
        b"\x80\xc9\x00\x01",
        b"\x81\xc9\x00\x01" + bytes(4),
        b"\x80\xc8\x00\x01" + bytes(4),
        b"\x80\xc9\x00\x00",
    ],
    ids=["short", "version", "RTP", "cut", "block missing", "sender missing", "no SSRC"],
)
def test_what_is_no_rtcp(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        parse(octets)


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda tail: b"\x81\xc8\x00\x0c" + tail))
def test_any_octets_are_reports_or_an_error(octets: bytes) -> None:
    with contextlib.suppress(DecodeError):
        parse(octets)


def test_other_packets_are_passed_over() -> None:
    octets = build(Report(7, None, ()), "x") + b"\x81\xcd\x00\x02" + bytes(8)
    assert parse(octets) == [Report(7, None, ())]
