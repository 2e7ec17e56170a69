"""The end of a line of which only timeslots are carried, without framing, as in CESoPSN (RFC 5086)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tandem.hardware.alarms import HIDDEN, NO_ALARMS, Alarm
from tandem.hardware.span import TIMESLOTS, Frames
from tandem.hardware.termination import Termination

_AIS: Final = frozenset({Alarm.AIS})
_LOS: Final = frozenset({Alarm.LOS})
_RAI: Final = frozenset({Alarm.RAI})


class StructuredLine(Termination):
    """Frames to octets of some timeslots and back. Alarms come from what the carrier tells: set the `far_` fields."""

    def __init__(self, timeslots: Sequence[int]) -> None:
        super().__init__()
        self.frame_bits = 8 * len(timeslots)
        self.far_fault = False
        """What arrives means nothing: AIS."""
        self.far_remote_defect = False
        """The far end does not receive us: RAI."""
        self._width = len(timeslots)
        first, last = timeslots[0], timeslots[-1]
        adjacent = list(timeslots) == list(range(first, last + 1))
        self._columns: slice | list[int] = slice(first, last + 1) if adjacent else list(timeslots)
        self._received = 0
        self._rest = b""

    def transmit(self, frames: Frames) -> bytes:
        """The timeslots of `frames`, shape (n, 32), frame by frame."""
        self._sent += len(frames)
        return frames[:, self._columns].tobytes()

    def receive(self, octets: bytes, now: float) -> Frames:
        """Take the octets that came since the last call, or none; timeslots not carried are ones."""
        if octets:
            self._hear(now)
            octets = self._rest + octets
            count = len(octets) // self._width
            self._rest = octets[count * self._width :]
            frames = np.full((count, TIMESLOTS), 0xFF, np.uint8)
            frames[:, self._columns] = np.frombuffer(octets, np.uint8, count * self._width).reshape(count, -1)
            self._received += count
        else:
            frames = self._silence(now)
        defects, hidden = NO_ALARMS, NO_ALARMS
        if self._silent:
            defects, hidden = _LOS, HIDDEN[Alarm.LOS]
        elif self.far_fault:
            defects, hidden = _AIS, HIDDEN[Alarm.AIS]
        elif self.far_remote_defect:
            defects = _RAI
        self._integrate(defects, now, hidden)
        return frames

    def counters(self) -> dict[str, int]:
        """Events since the beginning, by name."""
        return {"frames_in": self._received, "frames_out": self._sent, "frames_without_signal": self._ones}

    def _lose_signal(self) -> None:
        self._rest = b""
