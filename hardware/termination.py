"""One end of a line: framer, deframer, consequent actions and alarms, whatever carries the octets.

`E1Line` and `T1Line` are the two kinds. What they have in common is here: silence, and defects integrated to alarms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

import numpy as np

from tandem.hardware.alarms import Alarm, AlarmIntegrator, correlate
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, Frames

SILENCE: Final = 0.1
"""Seconds without octets that are loss of signal, where octets are the signal."""
_MOST_ONES: Final = FRAME_RATE // 10
"""At most so many frames of ones in one read, if the reader stalled."""
_LOS: Final = frozenset({Alarm.LOS})
_NO_FRAMES: Final = np.empty((0, TIMESLOTS), np.uint8)


class Termination(ABC):
    """Frames to octets and back, with alarms."""

    frame_bits: int
    """Bits of a frame on the line."""
    silence = SILENCE
    """Seconds without octets that are loss of signal."""

    def __init__(self) -> None:
        self.defects: frozenset[Alarm] = _LOS
        """Present as of the last `receive`, the gravest hiding the others."""
        self.alarms: frozenset[Alarm] = _LOS
        """As of the last `receive`, without those that another hides."""
        self.remote_alarm_forced = False
        """Send remote alarm whatever is received: for tests of the line."""
        self.detail = ""
        """What more is to be told of the alarms, in a few words; changes together with them."""
        self._integrator = AlarmIntegrator(_LOS)
        self._all: frozenset[Alarm] = _LOS  # as integrated
        self._heard: float | None = None
        self._lost: float | None = None  # since when frames of ones are made up
        self._sent = 0
        self._ones = 0

    @abstractmethod
    def transmit(self, frames: Frames) -> bytes:
        """Frame `frames`, shape (n, 32), into n * `frame_bits` / 8 octets; n such that these are whole."""

    @abstractmethod
    def receive(self, octets: bytes, now: float) -> Frames:
        """Take the octets that came since the last call, in any alignment, or none; call it regularly."""

    @abstractmethod
    def counters(self) -> dict[str, int]:
        """Events since the beginning, by name."""

    @abstractmethod
    def _lose_signal(self) -> None:
        """Tell the deframer that nothing comes any more."""

    @property
    def _silent(self) -> bool:
        """Nothing has come for long, or ever."""
        return self._heard is None or self._lost is not None

    def _hear(self, now: float) -> None:
        self._heard, self._lost = now, None

    def _integrate(self, defects: frozenset[Alarm], now: float, hidden: frozenset[Alarm]) -> None:
        """Take the defects as of now; of those `hidden` nothing is known."""
        self.defects = defects
        alarms = self._integrator.update(defects, now, hidden)
        if alarms is not self._all:
            self._all = alarms
            self.alarms = correlate(alarms)

    def _silence(self, now: float) -> Frames:
        """Nothing came: after a while that is loss of signal, and the system side gets ones at the line's rate."""
        if self._lost is None:
            if self._heard is None or now - self._heard >= self.silence:
                self._lost = now
                self._lose_signal()
            return _NO_FRAMES
        due = int((now - self._lost) * FRAME_RATE)
        self._lost += due / FRAME_RATE
        count = min(due, _MOST_ONES)
        self._ones += count
        return np.full((count, TIMESLOTS), 0xFF, np.uint8)
