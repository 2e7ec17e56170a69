"""What a line engineer does with a span by itself: look at it, loop it back, test it with a sequence.

A `LineTester` has a span and does what is due at the time it is given, so that an hour of a line may pass in seconds.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tandem.hardware.bert import Bert
from tandem.hardware.elastic import A_LAW_IDLE, ElasticStore
from tandem.hardware.performance import LinePerformance
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, Frames, Span

MOST_FRAMES: Final = FRAME_RATE
"""Frames written at once at most; what a stalled machine has not sent in a second is left out."""


class LineTester:
    """Sends and receives on a span: idle, a sequence (`bert`), or what comes in (`loopback`)."""

    def __init__(
        self, span: Span, *, bert: Bert | None = None, loopback: bool = False, remote_alarm: bool = False
    ) -> None:
        self.span = span
        self.bert = bert
        self.performance = LinePerformance()
        self.frames_looped = 0
        self._store = ElasticStore() if loopback else None
        self._start: float | None = None
        self._sent = 0
        self._seconds = 0
        self._up = False
        span.termination.remote_alarm_forced = remote_alarm

    @property
    def slips(self) -> int:
        """Slips of a line that is looped back: its clock is not ours."""
        return self._store.slips if self._store is not None else 0

    def step(self, now: float) -> bool:
        """Read, and write what is due; call it every few milliseconds. True when a second has become full."""
        if self._start is None:
            self._start = now
        frames = self.span.read(now)
        if self._store is not None:
            self._store.write(frames)
        elif self.bert is not None:
            # A line that is coming up has errors of its own: in SF the remote alarm takes a bit of every timeslot.
            self._up = self._up or not self.span.alarms()
            if self._up:
                self.bert.receive(frames)
        due = int((now - self._start) * FRAME_RATE) - self._sent
        quantum = self.span.quantum
        if due > MOST_FRAMES:
            self._sent += (due - MOST_FRAMES) // quantum * quantum
            due = MOST_FRAMES
        if due >= quantum:
            count = due // quantum * quantum
            self.span.write(self._frames(count), now)
            self._sent += count
        if now - self._start < self._seconds + 1:
            return False
        self._seconds += 1
        self.performance.second(self.span.counters(), self.span.termination.defects)
        if self.bert is not None:
            self.bert.second()
        return True

    def _frames(self, count: int) -> Frames:
        if self._store is not None:
            self.frames_looped += count
            return self._store.read(count)
        frames = np.full((count, TIMESLOTS), A_LAW_IDLE, np.uint8)
        if self.bert is not None:
            self.bert.fill(frames)
        return frames
