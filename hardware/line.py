"""One end of an E1 line: framer, deframer, consequent actions and alarms, whatever carries the octets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import numpy as np

from tandem.hardware.alarms import HIDDEN, NO_ALARMS, Alarm, AlarmIntegrator, correlate
from tandem.hardware.framing.e1_deframer import Alignment, Crcs, E1Deframer, crcs_together
from tandem.hardware.framing.e1_framer import E1Framer, transmit_together
from tandem.hardware.span import FRAME_RATE, TIMESLOTS, Frames

SILENCE: Final = 0.1
"""Seconds without octets that are loss of signal."""
_MOST_ONES: Final = FRAME_RATE // 10
"""At most so many frames of ones in one read, if the reader stalled."""

_LOS: Final = frozenset({Alarm.LOS})
_ALIGNED: Final = {
    (False, False): NO_ALARMS,
    (False, True): frozenset({Alarm.RAI}),
    (True, False): frozenset({Alarm.LMFA}),
    (True, True): frozenset({Alarm.LMFA, Alarm.RAI}),
}
"""Defects of an aligned line by (multiframe missing, remote alarm)."""
_NO_FRAMES: Final = np.empty((0, TIMESLOTS), np.uint8)


class E1Line:
    """Frames to octets and back, with alarms.

    Loss of signal, AIS and loss of frame alignment in the received line set the A bit in what is sent, errored
    sub-multiframes clear E bits (G.704 2.3; G.732 table 2).
    """

    def __init__(self, *, crc4: bool = True) -> None:
        self.deframer = E1Deframer(crc4=crc4)
        self.defects: frozenset[Alarm] = _LOS
        """Present as of the last `receive`, the gravest hiding the others."""
        self._framer = E1Framer(crc4=crc4)
        self._framer.remote_alarm = True
        self._integrator = AlarmIntegrator(_LOS)
        self._all: frozenset[Alarm] = _LOS  # as integrated
        self.alarms: frozenset[Alarm] = _LOS
        """As of the last `receive`, without those that another hides."""
        self._heard: float | None = None
        self._lost: float | None = None  # since when frames of ones are made up
        self._reported = 0  # CRC-4 errors told to the far end
        self._sent = 0
        self._ones = 0

    def transmit(self, frames: Frames) -> bytes:
        """Frame `frames`, shape (n, 32), into 32 * n octets."""
        self._sent += len(frames)
        return self._framer.transmit(frames)

    def receive(self, octets: bytes, now: float, crcs: Crcs | None = None) -> Frames:
        """Take the octets that came since the last call, in any alignment, or none; call it regularly.

        `crcs`: see E1Deframer.
        """
        if octets:
            self._heard, self._lost = now, None
            frames = self.deframer.receive(octets, crcs)
        else:
            frames = self._silence(now)
        deframer, framer = self.deframer, self._framer
        hidden = NO_ALARMS
        if self._heard is None or self._lost is not None:
            defects, hidden = _LOS, HIDDEN[Alarm.LOS]
        elif deframer.alignment is Alignment.NONE:
            gravest = Alarm.LOS if deframer.los else Alarm.AIS if deframer.ais else Alarm.LFA
            defects, hidden = frozenset({gravest}), HIDDEN[gravest]
        else:
            defects = _ALIGNED[deframer.multiframe_missing, deframer.remote_alarm]
        self.defects = defects
        framer.remote_alarm = deframer.alignment is Alignment.NONE
        framer.multiframe_aligned = deframer.alignment is Alignment.MULTIFRAME
        if (errors := deframer.counts.crc4_errors) != self._reported:
            framer.report_crc_errors(errors - self._reported)
            self._reported = errors
        alarms = self._integrator.update(defects, now, hidden)
        if alarms is not self._all:
            self._all = alarms
            self.alarms = correlate(alarms)
        return frames

    def counters(self) -> dict[str, int]:
        """Events since the beginning, by name."""
        counts = asdict(self.deframer.counts)
        return {
            "frames_in": counts.pop("frames"),
            "frames_out": self._sent,
            **counts,
            "frames_without_signal": self._ones,
        }

    def _silence(self, now: float) -> Frames:
        """Nothing came: after a while that is loss of signal, and the system side gets ones at the line's rate."""
        if self._lost is None:
            if self._heard is None or now - self._heard >= SILENCE:
                self._lost = now
                self.deframer.lose_signal()
            return _NO_FRAMES
        due = int((now - self._lost) * FRAME_RATE)
        self._lost += due / FRAME_RATE
        count = min(due, _MOST_ONES)
        self._ones += count
        return np.full((count, TIMESLOTS), 0xFF, np.uint8)


def frame_together(lines: Sequence[E1Line], frames: Frames) -> list[bytes]:
    """What `transmit` of each of `lines` makes of its part of `frames`, shape (lines, n, 32); the cheaper way."""
    for line in lines:
        line._sent += frames.shape[1]
    return transmit_together([line._framer for line in lines], frames)


def receive_together(lines: Sequence[E1Line], portions: Sequence[bytes], now: float) -> list[Frames]:
    """What `receive` of each of `lines` makes of its portion of octets; the cheaper way."""
    found = crcs_together([line.deframer for line in lines], portions)
    return [line.receive(octets, now, crcs) for line, octets, crcs in zip(lines, portions, found, strict=True)]
