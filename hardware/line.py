"""The end of an E1 line, and many lines at once, which is cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tandem.hardware import speed
from tandem.hardware.alarms import HIDDEN, NO_ALARMS, Alarm
from tandem.hardware.framing.e1_deframer import Alignment, Crcs, E1Deframer, crcs_together
from tandem.hardware.framing.e1_framer import E1Framer, transmit_together
from tandem.hardware.framing.error_ratio import ErrorRatioMonitor
from tandem.hardware.span import Frames, Framing, LineFormat, counts_by_name
from tandem.hardware.t1_line import T1Line
from tandem.hardware.termination import Termination

_LOS: Final = frozenset({Alarm.LOS})
_EBER: Final = frozenset({Alarm.EBER})
_DEAF: Final = frozenset({Alarm.LOS, Alarm.AIS, Alarm.LFA, Alarm.EBER})
"""What the far end is told of (G.732 table 2, recalled)."""
_ALIGNED: Final = {
    (False, False): NO_ALARMS,
    (False, True): frozenset({Alarm.RAI}),
    (True, False): frozenset({Alarm.LMFA}),
    (True, True): frozenset({Alarm.LMFA, Alarm.RAI}),
}
"""Defects of an aligned line by (multiframe missing, remote alarm)."""


class E1Line(Termination):
    """Frames to octets and back, with alarms.

    Loss of signal, AIS, loss of frame alignment and excessive bit errors in the received line set the A bit in what is
    sent, errored sub-multiframes clear E bits (G.704 2.3; G.732 table 2).
    """

    frame_bits = 256

    def __init__(self, *, crc4: bool = True) -> None:
        super().__init__()
        self.deframer = E1Deframer(crc4=crc4)
        self._framer = E1Framer(crc4=crc4)
        self._framer.remote_alarm = True
        self._ratio = ErrorRatioMonitor()
        self._reported = 0  # CRC-4 errors told to the far end
        self._well = False  # as of the last look: multiframe alignment, no defect, none that comes or goes
        self._losses = 0  # of alignment, then
        self._look = 0  # frames received at which to look again, whatever they were

    def transmit(self, frames: Frames) -> bytes:
        """Frame `frames`, shape (n, 32), into 32 * n octets."""
        self._sent += len(frames)
        return self._framer.transmit(frames)

    def receive(self, octets: bytes, now: float, crcs: Crcs | None = None) -> Frames:
        """Take the octets that came since the last call, in any alignment, or none; call it regularly.

        `crcs`: see E1Deframer.
        """
        deframer, framer = self.deframer, self._framer
        counts = deframer.counts
        if octets:
            self._heard, self._lost = now, None
            frames = deframer.receive(octets, crcs)
            if (
                self._well
                and counts.frames < self._look
                and counts.crc4_errors == self._reported
                and counts.alignment_losses == self._losses
                and deframer.alignment is Alignment.MULTIFRAME
                and not deframer.remote_alarm
                and framer.remote_alarm == self.remote_alarm_forced
            ):
                return frames
        else:
            frames = self._silence(now)
        self._look_after(now)
        return frames

    def _look_after(self, now: float) -> None:
        """See what the octets that came, or did not, say of the line."""
        deframer, framer, counts = self.deframer, self._framer, self.deframer.counts
        hidden = NO_ALARMS
        self._ratio.update(counts.frames, counts.fas_errors, counts.alignment_losses)
        if self._silent:
            defects, hidden = _LOS, HIDDEN[Alarm.LOS]
        elif deframer.alignment is Alignment.NONE:
            gravest = Alarm.LOS if deframer.los else Alarm.AIS if deframer.ais else Alarm.LFA
            defects, hidden = frozenset({gravest}), HIDDEN[gravest]
        else:
            defects = _ALIGNED[deframer.multiframe_missing, deframer.remote_alarm]
            if self._ratio.excessive:
                defects |= _EBER
        framer.remote_alarm = bool(defects & _DEAF) or self.remote_alarm_forced
        framer.multiframe_aligned = deframer.alignment is Alignment.MULTIFRAME
        if (errors := counts.crc4_errors) != self._reported:
            framer.report_crc_errors(errors - self._reported)
            self._reported = errors
        self._integrate(defects, now, hidden)
        self._well = not defects and framer.multiframe_aligned and self._integrator.settled
        self._losses, self._look = counts.alignment_losses, self._ratio.due

    def counters(self) -> dict[str, int]:
        """Events since the beginning, by name."""
        counts = counts_by_name(self.deframer.counts)
        return {
            "frames_in": counts.pop("frames"),
            "frames_out": self._sent,
            **counts,
            "frames_without_signal": self._ones,
        }

    def _lose_signal(self) -> None:
        self.deframer.lose_signal()
        self._ratio.restart()


def terminate(line: LineFormat) -> Termination:
    """A new end of a line of that format."""
    return T1Line(line) if line.framing.is_t1 else E1Line(crc4=line.framing is Framing.CRC4)


def frame_together(lines: Sequence[Termination], frames: Frames) -> list[bytes]:
    """What `transmit` of each of `lines` makes of its part of `frames`, shape (lines, n, 32); cheaper for E1s."""
    e1s = [line for line in lines if isinstance(line, E1Line)]
    if len(e1s) < len(lines):
        frames_of_e1s = frames[[isinstance(line, E1Line) for line in lines]]
        framed = iter(_frame_e1s(e1s, frames_of_e1s))
        return [
            next(framed) if isinstance(line, E1Line) else line.transmit(part)
            for line, part in zip(lines, frames, strict=True)
        ]
    return _frame_e1s(e1s, frames)


def _frame_e1s(lines: Sequence[E1Line], frames: Frames) -> list[bytes]:
    for line in lines:
        line._sent += frames.shape[1]
    return transmit_together([line._framer for line in lines], frames) if lines else []


def receive_together(lines: Sequence[Termination], portions: Sequence[bytes], now: float) -> list[Frames]:
    """What `receive` of each of `lines` makes of its portion of octets; E1s at once are cheaper."""
    if speed.speedups is not None:  # cheaper still
        return [line.receive(octets, now) for line, octets in zip(lines, portions, strict=True)]
    e1s = [(line.deframer, octets) for line, octets in zip(lines, portions, strict=True) if isinstance(line, E1Line)]
    found = iter(crcs_together([deframer for deframer, _ in e1s], [octets for _, octets in e1s]))
    return [
        line.receive(octets, now, next(found)) if isinstance(line, E1Line) else line.receive(octets, now)
        for line, octets in zip(lines, portions, strict=True)
    ]
