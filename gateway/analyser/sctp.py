"""SCTP packets to user messages: bundled and fragmented DATA chunks, retransmissions removed (RFC 9260 3.3.1, 6.9)."""

from __future__ import annotations

import struct
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

_HEADER: Final = 12
_DATA: Final = 0
_DATA_HEADER: Final = struct.Struct(">BBHIHHI").unpack_from
_PORTS: Final = struct.Struct(">HHI").unpack_from
_BEGIN, _END = 0x02, 0x01
_REMEMBERED: Final = 1024
"""Chunks of an association by which a retransmission is known."""
_MOST_DIRECTIONS: Final = 4096
_MOST_FRAGMENTS: Final = 256
_FEW: Final = 256
"""A run that is shorter is marked at once; of a longer one, its packets are kept until somebody asks."""
_HALF: Final = 1 << 31

CONTROL: Final = {
    1: "INIT",
    2: "INIT_ACK",
    6: "ABORT",
    7: "SHUTDOWN",
    8: "SHUTDOWN_ACK",
    9: "ERROR",
    10: "COOKIE_ECHO",
    11: "COOKIE_ACK",
    14: "SHUTDOWN_COMPLETE",
}
"""Chunks that begin and end associations, by type (RFC 9260 3.2)."""
Mark = tuple[int, int, int, int]
"""By which a chunk is known: TSN, stream, its sequence number, hash of the data."""


@dataclass(frozen=True, slots=True)
class UserMessage:
    """A user message of an association."""

    ppid: int
    stream: int
    octets: bytes


@dataclass(slots=True)
class _Direction:
    """One way of an association."""

    seen: set[Mark] = field(default_factory=set)
    order: deque[Mark] = field(default_factory=deque)
    highest: int | None = None
    """The TSN that all others went before, in the arithmetic of RFC 9260 1.6."""
    unmarked: deque[tuple[int, Callable[[], list[Mark]]]] = field(default_factory=deque)
    """Runs that are not in `seen` yet: how long each is, and its marks."""
    parts: dict[int, tuple[int, int, int, bytes]] = field(default_factory=dict)
    """Fragments by TSN: flags, stream, ppid, octets."""


class SctpReader:
    """Follows every association of a capture; memory is bounded by forgetting those idle longest."""

    def __init__(self) -> None:
        self._directions: OrderedDict[tuple[int, int, int], _Direction] = OrderedDict()
        self.retransmitted = 0
        self.malformed = 0

    def packet(self, octets: bytes) -> Iterator[UserMessage]:
        """User messages that a packet, from the common header on, completes."""
        source, destination, tag = _PORTS(octets, 0)
        position, size = _HEADER, len(octets)
        while position + 4 <= size:
            length = octets[position + 2] << 8 | octets[position + 3]
            if length < 4 or position + length > size:
                self.malformed += 1
                return
            if octets[position] == _DATA and length > 16:
                # The verification tag names the direction whatever address of a multi-homed end was used.
                yield from self._chunk((source, destination, tag), octets[position : position + length])
            position += length + 3 & ~3

    def run(
        self, source: int, destination: int, tag: int, tsn: npt.NDArray[np.int64], marks: Callable[[], list[Mark]]
    ) -> bool:
        """Whether whole chunks that follow each other, with (n,) `tsn`, are all new because the TSN only rises.

        Then they are taken, and `marks` gives their marks if these are needed later; else `fresh` has to tell each.
        """
        direction = self._direction((source, destination, tag))
        before = tsn[0] - 1 if direction.highest is None else direction.highest
        steps = np.diff(tsn, prepend=before) & 0xFFFFFFFF
        if not ((steps > 0) & (steps < _HALF)).all():
            return False
        direction.highest = int(tsn[-1])
        direction.unmarked.append((len(tsn), marks))
        if len(tsn) < _FEW:
            self._mark(direction)
        while (
            direction.unmarked
            and sum(count for count, _ in direction.unmarked) - direction.unmarked[0][0] >= _REMEMBERED
        ):
            direction.unmarked.popleft()
        return True

    def fresh(self, source: int, destination: int, tag: int, mark: Mark) -> bool:
        """Whether a whole chunk was not seen before."""
        direction = self._direction((source, destination, tag))
        self._mark(direction)
        highest = direction.highest
        if highest is None or 0 < (mark[0] - highest & 0xFFFFFFFF) < _HALF:
            direction.highest = mark[0]
        if mark in direction.seen:
            self.retransmitted += 1
            return False
        self._remember(direction, mark)
        return True

    def _remember(self, direction: _Direction, mark: Mark) -> None:
        direction.seen.add(mark)
        direction.order.append(mark)
        if len(direction.order) > _REMEMBERED:
            direction.seen.discard(direction.order.popleft())

    def _mark(self, direction: _Direction) -> None:
        while direction.unmarked:
            for mark in direction.unmarked.popleft()[1]():
                self._remember(direction, mark)

    def _direction(self, key: tuple[int, int, int]) -> _Direction:
        direction = self._directions.get(key)
        if direction is None:
            direction = self._directions[key] = _Direction()
            if len(self._directions) > _MOST_DIRECTIONS:
                self._directions.popitem(last=False)
        else:
            self._directions.move_to_end(key)
        return direction

    def _chunk(self, key: tuple[int, int, int], chunk: bytes) -> Iterator[UserMessage]:
        _, flags, _, tsn, stream, sequence, ppid = _DATA_HEADER(chunk)
        payload = chunk[16:]
        # Some generators never count the TSN up: only the same octets are the same chunk.
        if not self.fresh(*key, (tsn, stream, sequence, hash(payload))):
            return
        if flags & (_BEGIN | _END) == _BEGIN | _END:
            yield UserMessage(ppid, stream, payload)
            return
        direction = self._direction(key)
        direction.parts[tsn] = (flags, stream, ppid, payload)
        if len(direction.parts) > _MOST_FRAGMENTS:
            del direction.parts[next(iter(direction.parts))]
        first = tsn
        while first in direction.parts and not direction.parts[first][0] & _BEGIN:
            first = first - 1 & 0xFFFFFFFF
        last = tsn
        while last in direction.parts and not direction.parts[last][0] & _END:
            last = last + 1 & 0xFFFFFFFF
        if first in direction.parts and last in direction.parts:
            run = [first + step & 0xFFFFFFFF for step in range((last - first & 0xFFFFFFFF) + 1)]
            whole = b"".join(direction.parts.pop(number)[3] for number in run)
            yield UserMessage(ppid, stream, whole)
