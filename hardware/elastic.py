"""The elastic store: frames in as they arrive, out at the local clock, whole frames slipped where the two differ."""

from __future__ import annotations

from typing import Final

import numpy as np

from tandem.hardware.span import TIMESLOTS, Frames

DEFAULT_TARGET: Final = 40
"""Frames left after a read when all is well: 5 ms, against the jitter of packets and of the local tick."""
CAPACITY: Final = 4096
"""Frames that fit, half a second; the oldest go when nobody reads."""
REMEMBERED: Final = 8000
"""Frames played, one second, after which what was missing is no longer thought to be on its way."""
WINDOW: Final = 80_000
"""Frames played, 10 s: what the store held at least in this window and in the one before was more than it needs."""
A_LAW_IDLE: Final = 0xD5
"""Octet of silence in A-law, zero value with even bits inverted (G.711)."""


class ElasticStore:
    """Decouples the clock of a line from the local tick.

    Reading starts once `target` frames beyond the first block have come. A read that would empty the store repeats
    the last frames so that `target` frames are left again; a read that finds more than `limit` frames beyond the
    block deletes the oldest down to `target`. Both are slips of whole frames, so that every timeslot slips by whole
    octets and two timeslots never lose their order. When nothing comes any more, what was played last is repeated
    for one block and then `idle` is played.

    With `most` above `target` the store adapts: when frames that were missing turn up later, they were late, not lost,
    and `target` grows by as many, up to `most`, so that the next that are as late are heard. It shrinks again, in one
    slip, when for 10 to 20 s there was more than that to spare. A line that is merely slower than we are, whose missing
    frames never turn up, leaves it alone.
    """

    def __init__(
        self, *, target: int = DEFAULT_TARGET, limit: int | None = None, most: int = 0, idle: int = A_LAW_IDLE
    ) -> None:
        self.target = target
        """Frames that are to be left after a read."""
        self._spare = 2 * target if limit is None else limit - target
        self._least = target
        self._most = max(most, target)
        self._missing = 0  # frames that were not there of late
        self._since = 0  # frames played since the last of them was missing
        self._window = 0  # frames played of the present window
        self._lowest = [CAPACITY, CAPACITY]  # frames left at least, in the window before and in this one
        self.slips = 0
        """Occasions of frames repeated or deleted."""
        self.frames_repeated = 0
        self.frames_deleted = 0
        self.frames_idle = 0
        """Idle frames played because nothing came, after a first repeat."""
        self._idle = idle
        self._ring = np.empty((CAPACITY, TIMESLOTS), np.uint8)
        self._head = 0
        self._depth = 0
        self._filling = True
        self._fresh = False  # something was written since the last read
        self._last: Frames | None = None

    @property
    def limit(self) -> int:
        """Frames that may be left after a read."""
        return self.target + self._spare

    @property
    def depth(self) -> int:
        """Frames stored."""
        return self._depth

    def write(self, frames: Frames) -> None:
        """Store frames, shape (n, 32)."""
        count = len(frames)
        size = len(self._ring)
        self._fresh = self._fresh or count > 0
        if count > size:
            frames, count = frames[-size:], size
        if (excess := self._depth + count - size) > 0:  # nobody reads
            self.frames_deleted += excess
            self._delete(excess)
        tail = (self._head + self._depth) % size
        first = size - tail
        if count <= first:
            self._ring[tail : tail + count] = frames
        else:
            self._ring[tail:] = frames[:first]
            self._ring[: count - first] = frames[first:]
        self._depth += count

    def read(self, count: int) -> Frames:
        """Play `count` frames at the local tick, shape (count, 32), good until the next `write`; not to be changed."""
        left = self._depth - count
        if 0 <= left <= self.target + self._spare and not (self._filling or self._missing):  # as nearly always
            if self._most > self._least:
                if left < self._lowest[1]:
                    self._lowest[1] = left
                self._window += count
                if self._window >= WINDOW:
                    self._shrink()
            end = self._head + count
            if end <= len(self._ring) and self._depth - count == left:  # nothing was given up
                self._last = frames = self._ring[self._head : end]
                self._head, self._depth = end % len(self._ring), left
                self._fresh = False
                return frames
        elif self._most > self._least:
            self._adapt(left, count)
        left = self._depth - count
        if self._filling:
            if left < self.target:
                return np.full((count, TIMESLOTS), self._idle, np.uint8)
            self._filling = False
            self._delete(left - self.target)
        elif left < 0:
            frames = self._underrun(count, -left)
            self._fresh = False
            return frames
        elif left > self.limit:
            self.slips += 1
            self.frames_deleted += left - self.target
            self._delete(left - self.target)
        if self._head + count <= len(self._ring):
            # As it is there: when so few are left that these are repeated, nothing has been written over them.
            frames = self._ring[self._head : self._head + count]
            self._delete(count)
        else:
            frames = np.empty((count, TIMESLOTS), np.uint8)
            self._take(frames)
        self._last = frames
        self._fresh = False
        return frames

    def counters(self) -> dict[str, int]:
        """What the store did, and the frames that it means to keep, by name."""
        return {
            "elastic_store_frames": self.target,
            "slips": self.slips,
            "frames_repeated": self.frames_repeated,
            "frames_deleted": self.frames_deleted,
            "frames_idle": self.frames_idle,
        }

    def _adapt(self, left: int, count: int) -> None:
        """See whether frames are late before `count` are played and `left` are left."""
        if left < 0:
            if self._last is not None or self._missing:  # not before the line has come up
                self._missing += min(-left, count)
                self._since = 0
        elif self._missing:
            self._since += count
            if (left >= self.target) if self._filling else (left > self.limit):
                self._deepen()
            elif self._since > REMEMBERED:
                self._missing = 0
        if not self._filling and left < self._lowest[1]:
            self._lowest[1] = left
        self._window += count
        if self._window >= WINDOW:
            self._shrink()

    def _deepen(self) -> None:
        """What was missing is here: it was late, unless it is more than the store may ever hold."""
        missing, self._missing = self._missing, 0
        if missing <= self._most - self._least:
            self.target = min(self._most, self.target + missing)
            self._begin_windows()

    def _shrink(self) -> None:
        """A window is over: give up what two of them have not needed."""
        excess = min(self._lowest) - self._least
        if self.target > self._least and excess >= self._spare:
            self.target = max(self._least, self.target - excess)
            self.slips += 1
            self.frames_deleted += excess
            self._delete(excess)
        self._lowest = [self._lowest[1], CAPACITY]
        self._window = 0

    def _begin_windows(self) -> None:
        """Look from now on: the window before this one counts as one in which everything was needed."""
        self._lowest, self._window = [0, CAPACITY], 0

    def _underrun(self, count: int, missing: int) -> Frames:
        """Repeat enough of the last frames that `target` are left; idle when they were repeated already."""
        frames = np.full((count, TIMESLOTS), self._idle, np.uint8)
        last, self._last = self._last, None
        if last is None and not self._fresh:  # the line is dead: what is left of it is old
            self.frames_idle += count
            self._delete(self._depth)
            self._filling = True
            return frames
        repeated = min(count, missing + self.target)
        if last is not None:
            self.slips += 1
            self.frames_repeated += repeated
            history = last[-repeated:]
            frames[:repeated] = np.resize(history, (repeated, TIMESLOTS))
        else:
            self.frames_idle += repeated
        if repeated < count:
            self._take(frames[repeated:])
            self._last = frames
        return frames

    def _take(self, out: Frames) -> None:
        count, size = len(out), len(self._ring)
        first = size - self._head
        if count <= first:
            out[:] = self._ring[self._head : self._head + count]
        else:
            out[:first] = self._ring[self._head :]
            out[first:] = self._ring[: count - first]
        self._delete(count)

    def _delete(self, count: int) -> None:
        self._head = (self._head + count) % len(self._ring)
        self._depth -= count
