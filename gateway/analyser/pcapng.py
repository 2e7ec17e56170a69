"""pcapng files: sections, interfaces and packet blocks.

Source: draft-ietf-opsawg-pcapng, sections 4.1 (section header), 4.2 (interface description), 4.3 (enhanced packet),
4.4 (simple packet), and the obsolete packet block of appendix A.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from tandem.core.errors import DecodeError

from . import speed
from .packets import Batch
from .pcap import CHUNK, LARGEST

MAGIC: Final = b"\x0a\x0d\x0d\x0a"
_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_OBSOLETE: Final = 2
_SIMPLE: Final = 3
_ENHANCED: Final = 6
_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_LEAST: Final = 12
_LARGEST_BLOCK: Final = 1 << 24
_NAME, _RESOLUTION, _OFFSET, _FLAGS = 2, 9, 14, 2


@dataclass(frozen=True, slots=True)
class _Interface:
    link_type: int
    snap_length: int
    unit: float
    offset: int
    name: str


class PcapngReader:
    """Reads one stream; sections may follow each other with other byte orders and interfaces."""

    def __init__(self, stream: BinaryIO, complain: Callable[[str, int], None]) -> None:
        """`complain(reason, octets)`: see `read_pcap`."""
        self._stream = stream
        self._complain = complain
        self._order = ""
        self._interfaces: list[_Interface] = []

    def batches(self) -> Iterator[Batch]:
        """The packets, a chunk at a time; DecodeError when the stream does not begin with a section header."""
        rest = b""
        while chunk := self._stream.read(CHUNK):
            buffer = rest + chunk if rest else chunk
            position = 0
            if not self._order and buffer[:4] != MAGIC:
                raise DecodeError("this is no pcapng file", 0)
            while True:
                position, found, reason = self._scan(buffer, position)
                yield from self._packets(buffer, found)
                if reason is None:
                    break
                if reason:
                    self._complain(reason, len(buffer) - position)
                    return
            rest = buffer[position:]
        if rest:
            self._complain("the file ends within a block", len(rest))

    def _scan(self, buffer: bytes, position: int) -> tuple[int, list[int], str | None]:
        """Packet blocks from `position` on.

        Where it stopped, the blocks, and why: None for the end of the buffer, empty after a change of section or
        interfaces (go on there), else what is corrupt.
        """
        found: list[int] = []
        append = found.append
        last, size = len(buffer) - _LEAST, len(buffer)
        unpack = struct.Struct((self._order or "<") + "II").unpack_from
        while position <= last:
            if speed.speedups is not None and self._order:
                starts = np.empty((size - position) // _LEAST, np.int64)
                count, position = speed.speedups.blocks(buffer, position, self._order == ">", _LARGEST_BLOCK, starts)
                found += starts[:count].tolist()
                if position > last:
                    break
            kind, length = unpack(buffer, position)
            if kind == _SECTION:
                if found:
                    return position, found, ""
                order = _ORDERS.get(buffer[position + 8 : position + 12])
                if order is None:
                    return position, found, "a section header has no known byte order; what follows is not read"
                self._order, self._interfaces = order, []
                unpack = struct.Struct(order + "II").unpack_from
                kind, length = unpack(buffer, position)
            if length < _LEAST or length % 4 or length > _LARGEST_BLOCK:
                return position, found, f"a block has the impossible length {length}; what follows is not read"
            if position + length > size:
                break
            if kind == _ENHANCED or kind in (_SIMPLE, _OBSOLETE):
                append(position)
            elif kind == _INTERFACE:
                if found:
                    return position, found, ""
                self._interfaces.append(self._interface(buffer[position : position + length]))
            position += length
        return position, found, None

    def _interface(self, block: bytes) -> _Interface:
        if len(block) < 20:
            return _Interface(0, 0, 1e-6, 0, "")
        link_type, snap_length = struct.unpack_from(self._order + "HxxI", block, 8)
        unit, offset, name = 1e-6, 0, ""
        for code, value in _options(block, 16, self._order):
            if code == _NAME:
                name = value.decode("utf-8", "replace")
            elif code == _RESOLUTION and value:
                unit = 2.0 ** -(value[0] & 0x7F) if value[0] & 0x80 else 10.0 ** -value[0]
            elif code == _OFFSET and len(value) == 8:
                (offset,) = struct.unpack(self._order + "q", value)
        return _Interface(link_type, snap_length, unit, offset, name)

    def _packets(self, buffer: bytes, found: list[int]) -> Iterator[Batch]:
        if not found:
            return
        start = np.array(found, np.int64)
        octets = np.frombuffer(buffer + bytes(32), np.uint8)
        words = octets[start[:, None] + np.arange(28)].view(self._order + "u4").astype(np.int64)
        kinds = words[:, 0]
        if (kinds != _ENHANCED).any():
            words = self._normalised(octets, start, words)
        interface, length = words[:, 2], words[:, 5]
        begin = np.where(kinds == _SIMPLE, start + 12, start + 28)
        whole = (length >= 0) & (length <= LARGEST) & (begin + length <= start + words[:, 1] - 4)
        whole &= interface < len(self._interfaces)
        if not whole.all():
            bad = int((~whole).sum())
            self._complain(f"{bad} packets are of unknown interfaces, or longer than their blocks", 0)
        direction = _directions(buffer, self._order, start, words, begin)
        # Runs of one interface keep the order of the file.
        cuts = np.flatnonzero(np.diff(interface)) + 1
        for run in np.split(np.arange(len(start)), cuts):
            run = run[whole[run]]
            if not len(run):
                continue
            of = self._interfaces[int(interface[run[0]])]
            ticks = (words[run, 3] << 32) | words[run, 4]
            yield Batch(
                buffer=buffer,
                start=begin[run],
                length=length[run],
                original=words[run, 6],
                time=ticks * of.unit + of.offset,
                link_type=of.link_type,
                interface=of.name or (f"interface {interface[run[0]]}" if len(self._interfaces) > 1 else ""),
                inbound=None if direction is None else direction[run],
            )

    def _normalised(self, octets: np.ndarray, start: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Simple and obsolete packet blocks with their fields where an enhanced one has them."""
        words = words.copy()
        simple = words[:, 0] == _SIMPLE
        if simple.any():
            snap = self._interfaces[0].snap_length if self._interfaces else 0
            original = words[simple, 2]
            room = words[simple, 1] - 16
            length = np.minimum(original, room)
            words[simple, 5] = np.minimum(length, snap) if snap else length
            words[simple, 6] = original
            words[simple, 2] = words[simple, 3] = words[simple, 4] = 0
        obsolete = words[:, 0] == _OBSOLETE
        if obsolete.any():
            pairs = octets[start[obsolete][:, None] + np.arange(8, 10)].view(self._order + "u2").astype(np.int64)
            words[obsolete, 2] = pairs[:, 0]
        return words


def _options(block: bytes, position: int, order: str) -> Iterator[tuple[int, bytes]]:
    end = len(block) - 4
    while position + 4 <= end:
        code, length = struct.unpack_from(order + "HH", block, position)
        if code == 0 or position + 4 + length > end:
            return
        yield code, block[position + 4 : position + 4 + length]
        position += 4 + (length + 3 & ~3)


def _directions(
    buffer: bytes, order: str, start: np.ndarray, words: np.ndarray, begin: np.ndarray
) -> np.ndarray | None:
    """Direction of packets whose blocks have flags (epb_flags, 4.3.1), None where no block has options."""
    after = begin + (words[:, 5] + 3 & ~3)
    end = start + words[:, 1] - 4
    tagged = np.flatnonzero((words[:, 0] != _SIMPLE) & (after + 8 <= end))
    if not len(tagged):
        return None
    directions = np.zeros(len(start), np.int8)
    for index in tagged.tolist():
        block = buffer[int(start[index]) : int(start[index] + words[index, 1])]
        for code, value in _options(block, int(after[index] - start[index]), order):
            if code == _FLAGS and len(value) == 4:
                directions[index] = struct.unpack(order + "I", value)[0] & 3
    return directions
