"""The end of a line whose framer is somewhere else: on a card, or in the daemon of a device."""

from __future__ import annotations

from typing import Final

import numpy as np

from tandem.hardware.alarms import Alarm, correlate
from tandem.hardware.span import TIMESLOTS, Frames
from tandem.hardware.termination import Termination

_LOS: Final = frozenset({Alarm.LOS})


class FramedTermination(Termination):
    """Frames pass as they are, 32 octets each; alarms are those that the device tells, and LOS while nothing comes.

    The device has integrated its alarms over time already. What timeslot 0 holds is of no meaning either way.
    """

    frame_bits = 8 * TIMESLOTS
    silence = 0.5  # a device tells loss of signal itself; only one that has stopped gives nothing

    def __init__(self) -> None:
        super().__init__()
        self._received = 0
        self._told: frozenset[Alarm] = frozenset()

    def transmit(self, frames: Frames) -> bytes:
        """The octets of `frames`, shape (n, 32)."""
        self._sent += len(frames)
        return frames.tobytes()

    def receive(self, octets: bytes, now: float) -> Frames:
        """The frames in `octets`; ones at the rate of the line when nothing has come for 0.5 s."""
        if octets:
            self._hear(now)
            frames = np.frombuffer(octets, np.uint8).reshape(-1, TIMESLOTS)
            self._received += len(frames)
        else:
            frames = self._silence(now)
        self.defects = _LOS if self._silent else self._told
        if self.defects != self._all:
            self._all = self.defects
            self.alarms = correlate(self.defects)
        return frames

    def tell(self, alarms: frozenset[Alarm], detail: str = "") -> None:
        """What the device says of its line; `alarms` follows with the next `receive`."""
        self._told, self.detail = alarms, detail

    def counters(self) -> dict[str, int]:
        """Events since the beginning, by name."""
        return {"frames_in": self._received, "frames_out": self._sent, "frames_without_signal": self._ones}

    def _lose_signal(self) -> None:
        """Nothing to lose."""
