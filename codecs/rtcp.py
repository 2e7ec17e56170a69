"""RTCP packets: sender and receiver reports, SDES with a CNAME, BYE (RFC 3550 6.4 to 6.6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from tandem.core.errors import DecodeError

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203
#: Types that RTCP packets have in their second octet, for multiplexing with RTP (RFC 5761 4).
TYPES: Final = range(192, 224)
#: Seconds from 1900, where NTP begins, to 1970.
NTP_EPOCH: Final = 2_208_988_800

_HEADER: Final = struct.Struct("!BBH")
_BLOCK: Final = struct.Struct("!IIIIII")
_SENDER: Final = struct.Struct("!IIIII")
_CNAME: Final = 1


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says of one source."""

    ssrc: int
    fraction_lost: int
    """Of the packets since the last report, in 1/256."""
    lost: int
    """Packets lost altogether, negative where more came than were sent."""
    highest: int
    """Extended highest sequence number received."""
    jitter: int
    """Interarrival jitter in timestamp units."""
    last_report: int = 0
    """Middle 32 bits of the NTP time in the last sender report of the source, 0 for none."""
    delay: int = 0
    """Since it came, in 1/65536 s."""


@dataclass(frozen=True, slots=True)
class SenderInformation:
    """What a sender says of itself."""

    ntp: int
    """When it was sent, 64 bits of NTP: seconds and their fraction."""
    timestamp: int
    """The same moment as its RTP timestamps have it."""
    packets: int
    octets: int

    @property
    def middle(self) -> int:
        """What a report block repeats of the time."""
        return self.ntp >> 16 & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Report:
    """A sender or receiver report."""

    ssrc: int
    """Of whoever reports."""
    sender: SenderInformation | None
    blocks: tuple[ReportBlock, ...]


def ntp_time(seconds: float) -> int:
    """Seconds since 1970 as the 64 bits of NTP."""
    return round((seconds + NTP_EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def build(report: Report, cname: str, goodbye: bool = False) -> bytes:
    """A compound packet: the report, the CNAME of its source, and BYE when it leaves."""
    body = struct.pack("!I", report.ssrc)
    if report.sender is not None:
        sender = report.sender
        words = sender.ntp >> 32, sender.ntp & 0xFFFFFFFF, sender.timestamp, sender.packets, sender.octets
        body += _SENDER.pack(*(word & 0xFFFFFFFF for word in words))
    for block in report.blocks:
        lost = max(-0x800000, min(block.lost, 0x7FFFFF)) & 0xFFFFFF
        loss = block.fraction_lost << 24 | lost
        numbers = block.ssrc, loss, block.highest, block.jitter, block.last_report, block.delay
        body += _BLOCK.pack(*(number & 0xFFFFFFFF for number in numbers))
    kind = RECEIVER_REPORT if report.sender is None else SENDER_REPORT
    name = cname.encode()[:255]
    item = struct.pack("!IBB", report.ssrc, _CNAME, len(name)) + name + b"\0"
    item += bytes(-len(item) % 4)
    packets = _packet(kind, len(report.blocks), body) + _packet(SOURCE_DESCRIPTION, 1, item)
    return packets + _packet(GOODBYE, 1, struct.pack("!I", report.ssrc)) if goodbye else packets


def parse(octets: bytes) -> list[Report]:
    """The reports in a compound packet, other packets passed over; DecodeError when it is none (RFC 3550 A.2)."""
    reports, offset = [], 0
    while offset < len(octets):
        if len(octets) - offset < _HEADER.size:
            raise DecodeError("RTCP packet needs 4 octets", offset)
        first, kind, words = _HEADER.unpack_from(octets, offset)
        end = offset + 4 + 4 * words
        if first >> 6 != 2 or kind not in TYPES:
            raise DecodeError(f"version {first >> 6}, type {kind} is no RTCP packet", offset)
        if end > len(octets):
            raise DecodeError(f"RTCP packet of {words} words runs past the end", offset + 2)
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            reports.append(_parse_report(octets[offset + 4 : end], kind, first & 0x1F, offset))
        offset = end
    return reports


def _parse_report(body: bytes, kind: int, count: int, offset: int) -> Report:
    start = 4 + (_SENDER.size if kind == SENDER_REPORT else 0)
    if len(body) < start + count * _BLOCK.size:
        raise DecodeError(f"report with {count} blocks in {len(body)} octets", offset)
    (ssrc,) = struct.unpack_from("!I", body)
    sender = None
    if kind == SENDER_REPORT:
        high, low, timestamp, packets, sent = _SENDER.unpack_from(body, 4)
        sender = SenderInformation(high << 32 | low, timestamp, packets, sent)
    blocks = []
    for number in range(count):
        source, loss, highest, jitter, last, delay = _BLOCK.unpack_from(body, start + number * _BLOCK.size)
        lost = (loss & 0xFFFFFF ^ 0x800000) - 0x800000
        blocks.append(ReportBlock(source, loss >> 24, lost, highest, jitter, last, delay))
    return Report(ssrc, sender, tuple(blocks))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body
