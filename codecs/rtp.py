"""RTP packets and what a receiver counts: RFC 3550 5.1 (header), appendices A.1, A.3 and A.8 (statistics).

`pack_header`, `HEADER` and `ReceiveStatistics.update` are what a media plane does for every packet and are kept
short; `parse_header` is the complete, checking form.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from tandem.codecs.rtp_statistics import ReceiveStatistics
from tandem.codecs.telephone_event import TelephoneEvent, digit_event, parse_events
from tandem.core.errors import DecodeError, EncodeError

__all__ = [
    "COMFORT_NOISE",
    "HEADER",
    "PCMA",
    "PCMU",
    "PLAIN",
    "Header",
    "ReceiveStatistics",
    "TelephoneEvent",
    "build_packet",
    "digit_event",
    "pack_header",
    "parse_events",
    "parse_header",
    "sequence_delta",
    "timestamp_delta",
]

#: The fixed header: first octet (V P X CC), second octet (M PT), sequence number, timestamp, SSRC.
HEADER: Final = struct.Struct("!BBHII")
#: First octet of a packet without padding, extension and contributing sources.
PLAIN: Final = 0x80
#: Static payload types, RFC 3551 table 4.
PCMU: Final = 0
PCMA: Final = 8
COMFORT_NOISE: Final = 13

_EXTENSION: Final = struct.Struct("!HH")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a packet, and where its payload lies."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool = False
    csrc: tuple[int, ...] = ()
    """Contributing sources."""
    extension: tuple[int, bytes] | None = None
    """Profile-defined number and content of the header extension, RFC 3550 5.3.1."""
    payload_start: int = 12
    """Offset of the first payload octet in the packet."""
    payload_end: int = 12
    """Offset behind the last payload octet: what follows is padding."""

    def payload(self, packet: bytes) -> bytes:
        """The payload of `packet`, from which this header was parsed."""
        return packet[self.payload_start : self.payload_end]

    def __str__(self) -> str:
        mark = " M" if self.marker else ""
        return f"RTP {self.payload_type} seq {self.sequence} ts {self.timestamp} ssrc {self.ssrc:08x}{mark}"


def parse_header(packet: bytes) -> Header:
    """Read the header of one UDP payload; DecodeError when it is no RTP version 2 packet or its lengths disagree."""
    size = len(packet)
    if size < HEADER.size:
        raise DecodeError(f"RTP header needs 12 octets, {size} left", 0)
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
    if first >> 6 != 2:
        raise DecodeError(f"RTP version {first >> 6} is not 2", 0)
    start = HEADER.size + 4 * (first & 0x0F)
    if start > size:
        raise DecodeError(f"{first & 0x0F} contributing sources do not fit in {size} octets", HEADER.size)
    csrc = struct.unpack_from(f"!{first & 0x0F}I", packet, HEADER.size)
    extension = None
    if first & 0x10:
        extension, start = _parse_extension(packet, start)
    end = size
    if first & 0x20:
        padding = packet[-1]
        if not 0 < padding <= size - start:
            raise DecodeError(f"padding of {padding} octets in a payload of {size - start}", size - 1)
        end -= padding
    return Header(second & 0x7F, sequence, timestamp, ssrc, second >= 0x80, csrc, extension, start, end)


def _parse_extension(packet: bytes, start: int) -> tuple[tuple[int, bytes], int]:
    """The extension at `start`, and the offset behind it."""
    if start + 4 > len(packet):
        raise DecodeError("header extension is missing", start)
    profile, words = _EXTENSION.unpack_from(packet, start)
    end = start + 4 + 4 * words
    if end > len(packet):
        raise DecodeError(f"header extension of {words} words runs past the packet", start + 2)
    return (profile, packet[start + 4 : end]), end


def pack_header(payload_type: int, sequence: int, timestamp: int, ssrc: int, marker: bool = False) -> bytes:
    """A fixed header; `sequence` and `timestamp` wrap by themselves."""
    second = payload_type | 0x80 if marker else payload_type
    return HEADER.pack(PLAIN, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)


def build_packet(header: Header, payload: bytes, padding: int = 0) -> bytes:
    """A whole packet, with contributing sources, extension and `padding` octets (0 to 255); EncodeError if unfit."""
    if len(header.csrc) > 15:
        raise EncodeError(f"{len(header.csrc)} contributing sources, at most 15 fit")
    if not 0 <= padding <= 255:
        raise EncodeError(f"padding of {padding} octets, at most 255 fit")
    if not 0 <= header.payload_type <= 127:
        raise EncodeError(f"payload type {header.payload_type} is not 0 to 127")
    first = PLAIN | len(header.csrc) | (0x10 if header.extension else 0) | (0x20 if padding else 0)
    second = header.payload_type | (0x80 if header.marker else 0)
    try:
        parts = [HEADER.pack(first, second, header.sequence, header.timestamp, header.ssrc)]
        parts += [struct.pack("!I", source) for source in header.csrc]
    except struct.error as error:
        raise EncodeError(f"{header}: {error}") from None
    if header.extension:
        profile, content = header.extension
        if len(content) % 4:
            raise EncodeError(f"header extension of {len(content)} octets is not in whole words")
        parts += [_EXTENSION.pack(profile & 0xFFFF, len(content) // 4), content]
    parts.append(payload)
    if padding:
        parts.append(bytes(padding - 1) + bytes([padding]))
    return b"".join(parts)


def sequence_delta(later: int, earlier: int) -> int:
    """How far sequence number `later` is ahead of `earlier`, -32768 to 32767, across the wrap."""
    return (later - earlier + 0x8000 & 0xFFFF) - 0x8000


def timestamp_delta(later: int, earlier: int) -> int:
    """How far timestamp `later` is ahead of `earlier`, -2**31 to 2**31 - 1, across the wrap."""
    return (later - earlier + 0x80000000 & 0xFFFFFFFF) - 0x80000000
