"""The end of a T1 line."""

from __future__ import annotations

from typing import Final

from tandem.hardware.alarms import HIDDEN, NO_ALARMS, Alarm
from tandem.hardware.framing.t1_data_link import Code
from tandem.hardware.framing.t1_deframer import T1Deframer
from tandem.hardware.framing.t1_format import FRAME_BITS
from tandem.hardware.framing.t1_framer import T1Framer
from tandem.hardware.span import Frames, LineFormat, counts_by_name
from tandem.hardware.termination import Termination

_REMOTE: Final = frozenset({Alarm.RAI})
_COMMANDS: Final = tuple((code, f"{code.name.lower()}_codes") for code in Code if code is not Code.REMOTE_ALARM)


class T1Line(Termination):
    """Frames to octets and back, with alarms.

    Loss of signal, AIS and loss of frame alignment in the received line send remote alarm (yellow): on the data link
    in ESF, as bit 2 of every timeslot in SF (ANSI T1.403). Loopback codes and messages (performance reports) of the
    data link are counted; no line is looped, for calls are on it.
    """

    frame_bits = FRAME_BITS

    def __init__(self, line: LineFormat) -> None:
        super().__init__()
        self.deframer = T1Deframer(line)
        self._framer = T1Framer(line.framing)
        self._framer.remote_alarm = True
        self._messages = 0

    def transmit(self, frames: Frames) -> bytes:
        """Frame `frames`, shape (n, 32), n a multiple of 8, into 193 * n / 8 octets."""
        self._sent += len(frames)
        return self._framer.transmit(frames)

    def receive(self, octets: bytes, now: float) -> Frames:
        """Take the octets that came since the last call, in any alignment, or none; call it regularly."""
        deframer = self.deframer
        if octets:
            self._hear(now)
            frames = deframer.receive(octets)
        else:
            frames = self._silence(now)
        defects, hidden = NO_ALARMS, NO_ALARMS
        if self._silent or not deframer.aligned:
            los = self._silent or deframer.los
            gravest = Alarm.LOS if los else Alarm.AIS if deframer.ais else Alarm.LFA
            defects, hidden = frozenset({gravest}), HIDDEN[gravest]
        elif deframer.remote_alarm:
            defects = _REMOTE
        self._framer.remote_alarm = not deframer.aligned or self.remote_alarm_forced
        if messages := deframer.data_link.messages:
            self._messages += len(messages)
            messages.clear()
        self._integrate(defects, now, hidden)
        return frames

    def counters(self) -> dict[str, int]:
        """Events since the beginning, by name."""
        counts = counts_by_name(self.deframer.counts)
        commands = self.deframer.data_link.commands
        return {
            "frames_in": counts.pop("frames"),
            "frames_out": self._sent,
            **counts,
            "data_link_messages": self._messages,
            **{name: commands[code] for code, name in _COMMANDS},
            "frames_without_signal": self._ones,
        }

    def _lose_signal(self) -> None:
        self.deframer.lose_signal()
