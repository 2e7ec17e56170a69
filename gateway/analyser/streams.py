"""TCP to messages: octets in order, then cut by the framing that their first octets show.

SIP by Content-Length (RFC 3261 18.3), TPKT (RFC 1006) with Q.931 of H.225 inside, SIGTRAN by the length of the common
header, HEP3, and the Q.931 backhaul of one maker. Streams of anything else are left alone after a look.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

_MOST_STREAMS: Final = 20_000
_MOST_WAITING: Final = 64
"""Segments behind a gap that are kept before the gap is given up."""
_MOST_OCTETS: Final = 1 << 18
"""Of a message not yet whole; more than any real one has."""
_LOOK: Final = 16
_TEXT: Final = re.compile(rb"(?:SIP/2\.0 \d{3} |[A-Z]{3,20} \S{1,2000} SIP/2\.0\r?\n)")
_LENGTH: Final = re.compile(rb"\r?\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,8})[ \t]*\r?\n", re.IGNORECASE)
_BLANK: Final = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """A message cut from a stream."""

    kind: str
    """`sip`, `tpkt`, `sigtran`, `hep` or `backhaul`."""
    octets: bytes


@dataclass(slots=True)
class _Stream:
    next: int
    waiting: dict[int, bytes] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    kind: str = ""
    ignored: bool = False


class StreamReader:
    """Follows every direction of every TCP connection; those idle longest are forgotten."""

    def __init__(self) -> None:
        self._streams: OrderedDict[tuple[str, str], _Stream] = OrderedDict()
        self.lost = 0
        """Octets of gaps that were never filled."""

    def segment(self, source: str, destination: str, octets: bytes) -> Iterator[StreamMessage]:
        """Messages that a segment, from the TCP header on, completes; ends as `ADDRESS:PORT`."""
        sequence = int.from_bytes(octets[4:8], "big")
        header = octets[12] >> 4 << 2
        flags = octets[13]
        payload = octets[header:]
        key = source, destination
        stream = self._streams.get(key)
        if flags & 0x02:  # SYN: a connection begins
            self._streams[key] = _Stream(sequence + 1 & 0xFFFFFFFF)
            self._trim()
            return
        if not payload or header < 20:
            return
        if stream is None:
            stream = self._streams[key] = _Stream(sequence)
            self._trim()
        if not stream.ignored:
            yield from self._take(stream, sequence, payload)
        if flags & 0x05:  # FIN, RST
            self._streams.pop(key, None)

    def _trim(self) -> None:
        if len(self._streams) > _MOST_STREAMS:
            self._streams.popitem(last=False)

    def _take(self, stream: _Stream, sequence: int, payload: bytes) -> Iterator[StreamMessage]:
        ahead = (sequence - stream.next + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        if ahead > 0:
            stream.waiting[sequence] = payload
            if len(stream.waiting) <= _MOST_WAITING:
                return
            first = min(stream.waiting, key=lambda number: number - stream.next & 0xFFFFFFFF)
            self.lost += first - stream.next & 0xFFFFFFFF
            stream.data.clear()
            stream.kind = ""
            sequence, payload = first, stream.waiting.pop(first)
            stream.next, ahead = first, 0
        while True:
            fresh = payload[-ahead:] if ahead else payload
            if -ahead < len(payload):
                stream.data += fresh
                stream.next = stream.next + len(fresh) & 0xFFFFFFFF
            follower = self._follower(stream)
            if follower is None:
                break
            sequence, payload = follower
            ahead = (sequence - stream.next + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        yield from _cut(stream)

    @staticmethod
    def _follower(stream: _Stream) -> tuple[int, bytes] | None:
        for number in stream.waiting:
            if (number - stream.next + 0x80000000 & 0xFFFFFFFF) - 0x80000000 <= 0:
                return number, stream.waiting.pop(number)
        return None


def _cut(stream: _Stream) -> Iterator[StreamMessage]:
    data = stream.data
    while data:
        if not stream.kind:
            while data[:2] == b"\r\n":  # keep-alive, RFC 5626 4.4.1
                del data[:2]
            stream.kind = _kind(data)
            if not stream.kind:
                if len(data) >= _LOOK or not data:
                    stream.ignored = bool(data)
                    data.clear()
                return
        size = _SIZES[stream.kind](data)
        if size < 0 or size > _MOST_OCTETS:
            data.clear()
            stream.kind = ""
            return
        if not size or size > len(data):
            return
        yield StreamMessage(stream.kind, bytes(data[:size]))
        del data[:size]
        if stream.kind == "sip":
            stream.kind = ""


def _kind(data: bytearray) -> str:
    """The framing that the first octets show; empty where they are of none, or too few to tell."""
    if len(data) < 4:
        return ""
    if data[:4] == b"HEP3":
        return "hep"
    if data[:2] == b"\x03\x00" and len(data) >= 7:
        return "tpkt"
    if data[:2] == b"\x01\x00" and len(data) >= 8 and data[2] <= 12 and not int.from_bytes(data[4:8], "big") % 4:
        return "sigtran"
    if data[:4] == b"\x00\x04\x00\x00":
        return "backhaul"
    if _TEXT.match(data) or (65 <= data[0] <= 90 and b"\n" not in data and len(data) < 2000):
        return "sip"
    return ""


def _sip_size(data: bytearray) -> int:
    if not _TEXT.match(data) and b"\n" in data:
        return -1
    blank = _BLANK.search(data)
    if blank is None:
        return 0 if len(data) < _MOST_OCTETS else -1
    length = _LENGTH.search(data, 0, blank.end())
    return blank.end() + (int(length[1]) if length else 0)


def _tpkt_size(data: bytearray) -> int:
    if len(data) < 4:
        return 0
    return int.from_bytes(data[2:4], "big") if data[0] == 3 and int.from_bytes(data[2:4], "big") > 4 else -1


def _sigtran_size(data: bytearray) -> int:
    if len(data) < 8:
        return 0
    size = int.from_bytes(data[4:8], "big")
    return size if data[0] == 1 and size >= 8 else -1


def _hep_size(data: bytearray) -> int:
    if len(data) < 6:
        return 0
    size = int.from_bytes(data[4:6], "big")
    return size if data[:4] == b"HEP3" and size >= 6 else -1


def _backhaul_size(data: bytearray) -> int:
    """12 octets, of which the last two are the length of what follows (as in the captures of one maker's gateway)."""
    if len(data) < 12:
        return 0
    return 12 + int.from_bytes(data[10:12], "big") if data[:4] == b"\x00\x04\x00\x00" else -1


_SIZES: Final[dict[str, Callable[[bytearray], int]]] = {
    "sip": _sip_size,
    "tpkt": _tpkt_size,
    "sigtran": _sigtran_size,
    "hep": _hep_size,
    "backhaul": _backhaul_size,
}
