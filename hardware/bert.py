"""The bit error rate test: a pseudo-random sequence out on timeslots, the one that comes in compared with it.

Each timeslot is tested by itself and synchronises by itself, on whatever place in the sequence comes: the far end may
loop it back or send its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.hardware.performance import PerformanceMonitor
from tandem.hardware.prbs import Pattern
from tandem.hardware.span import Frames

SYNC_OCTETS: Final = 8
"""So many pairs of octets in a row that continue each other are synchronisation: 72 bits without error."""
LOSS_OCTETS: Final = 128
"""Errors are looked at in blocks of so many octets, 16 ms."""
LOSS_RATIO: Final = 0.2
"""Errored bits of a block that lose synchronisation: more than any line in use, less than the half of a slip."""
SES_RATIO: Final = 1e-3
"""Bit error ratio of a severely errored second (G.821)."""

_BITS: Final = np.array([bin(octet).count("1") for octet in range(256)], np.uint8)


@dataclass(slots=True)
class BertCounts:
    """What was received on a timeslot."""

    bits: int = 0
    """Compared, while synchronised."""
    errors: int = 0
    """Of them wrong."""
    sync_losses: int = 0
    slips: int = 0
    """Synchronisation found again at another place, of the same sequence, than where it was lost."""
    octets_slipped: int = 0
    """Of the last slip: positive when octets were repeated on the way, negative when they were lost."""
    octets_unsynchronised: int = 0

    @property
    def ratio(self) -> float:
        """Bit error ratio; 0 when nothing was compared."""
        return self.errors / self.bits if self.bits else 0.0


class BertReceiver:
    """One timeslot."""

    def __init__(self, pattern: Pattern) -> None:
        self.counts = BertCounts()
        self.performance = PerformanceMonitor()
        """ES, SES and UAS of G.821."""
        self._table = pattern.octets()
        self._places = pattern.places()
        self._place: int | None = None  # in the sequence, of the next octet; None: not synchronised
        self._expected: int | None = None  # where it would be if nothing had slipped
        self._tail = np.empty(0, np.uint8)  # searched in vain
        self._before = (0, 0, 0)

    @property
    def synchronised(self) -> bool:
        """Whether the sequence is recognised now."""
        return self._place is not None

    def receive(self, octets: NDArray[np.uint8]) -> None:
        """Take the next octets of the timeslot, shape (n,)."""
        start, count = 0, len(octets)
        while start < count:
            if self._place is None:
                start = self._search(octets, start)
                continue
            start = self._compare(octets, start)

    def second(self) -> None:
        """A second is over: classify it (G.821)."""
        counts = self.counts
        bits, errors, lost = (
            now - before
            for now, before in zip(
                (counts.bits, counts.errors, counts.octets_unsynchronised), self._before, strict=True
            )
        )
        self._before = (counts.bits, counts.errors, counts.octets_unsynchronised)
        severe = lost > 0 or not bits or errors / bits >= SES_RATIO
        self.performance.second(errored=severe or errors > 0, severe=severe)

    def _compare(self, octets: NDArray[np.uint8], start: int) -> int:
        """Compare octets up to a loss of synchronisation; return the place behind what was used."""
        assert self._place is not None
        part = octets[start:]
        size, length = len(part), len(self._table)
        if self._place + size <= length:
            expected = self._table[self._place : self._place + size]
        else:
            expected = self._table.take(np.arange(self._place, self._place + size), mode="wrap")
        wrong = part ^ expected
        used = size
        if wrong.any():
            errors = _BITS[wrong]
            for block in range(0, size, LOSS_OCTETS):
                in_block = errors[block : block + LOSS_OCTETS]
                if len(in_block) >= SYNC_OCTETS and int(in_block.sum()) >= LOSS_RATIO * 8 * len(in_block):
                    used = block + int(np.flatnonzero(in_block)[0])
                    break
            self.counts.errors += int(errors[:used].sum())
        self.counts.bits += 8 * used
        self._place = (self._place + used) % length
        if used < size:
            self.counts.sync_losses += 1
            self._expected, self._place = self._place, None
            self._pass(1)  # the first octet in error: what stood before it was good
            used += 1
        return start + used

    def _search(self, octets: NDArray[np.uint8], start: int) -> int:
        """Look for the sequence from `start` on; return the place behind what was used."""
        tail = len(self._tail)
        line = np.concatenate((self._tail, octets[start:]))
        pairs = line[:-1].astype(np.int32) << 8 | line[1:]
        length = len(self._table)
        places = self._places[pairs]
        phases = np.where(places < 0, -1 - np.arange(len(places)) % 2, (places - np.arange(len(places))) % length)
        same = np.concatenate(([0], np.cumsum(phases[1:] != phases[:-1])))
        found = np.flatnonzero(same[SYNC_OCTETS - 1 :] == same[: max(0, len(same) - SYNC_OCTETS + 1)])
        if not len(found):
            self._tail = line[-SYNC_OCTETS:]
            self._pass(len(line) - tail)
            return len(octets)
        first = int(found[0])
        end = max(first, tail)  # what was in the tail was passed over already
        place = (int(places[first]) + end - first) % length
        self._pass(end - tail)
        if self._expected is not None and self._expected != place:
            slipped = (self._expected - place + length // 2) % length - length // 2
            self.counts.slips += 1
            self.counts.octets_slipped = slipped
        self._place, self._expected, self._tail = place, None, np.empty(0, np.uint8)
        return start + end - tail

    def _pass(self, octets: int) -> None:
        self.counts.octets_unsynchronised += octets
        if self._expected is not None:
            self._expected = (self._expected + octets) % len(self._table)


class Bert:
    """A sequence sent and received on `timeslots` of a span."""

    def __init__(self, pattern: Pattern, timeslots: list[int]) -> None:
        self.timeslots = timeslots
        self.receivers = {timeslot: BertReceiver(pattern) for timeslot in timeslots}
        self._table = pattern.octets()
        # Each timeslot at a place of its own, so that timeslots mixed up on the way are seen as slips or no sequence.
        self._places = np.arange(len(timeslots), dtype=np.int64) * 997
        self._sent = 0

    def fill(self, frames: Frames) -> None:
        """Put the sequence on the timeslots of `frames`, shape (n, 32), the next to be sent."""
        places = self._places + np.arange(self._sent, self._sent + len(frames))[:, None]
        frames[:, self.timeslots] = self._table.take(places, mode="wrap")
        self._sent = (self._sent + len(frames)) % len(self._table)

    def receive(self, frames: Frames) -> None:
        """Take received frames, shape (n, 32)."""
        if len(frames):
            columns = np.ascontiguousarray(frames[:, self.timeslots].T)
            for receiver, octets in zip(self.receivers.values(), columns, strict=True):
                receiver.receive(octets)

    def second(self) -> None:
        """A second is over."""
        for receiver in self.receivers.values():
            receiver.second()

    def total(self) -> BertCounts:
        """Of all timeslots together."""
        counts = [receiver.counts for receiver in self.receivers.values()]
        return BertCounts(
            sum(each.bits for each in counts),
            sum(each.errors for each in counts),
            sum(each.sync_losses for each in counts),
            sum(each.slips for each in counts),
            next((each.octets_slipped for each in counts if each.octets_slipped), 0),
            sum(each.octets_unsynchronised for each in counts),
        )
