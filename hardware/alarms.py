"""Alarms of a line, and their integration over time before they are reported."""

from __future__ import annotations

from enum import Enum
from typing import Final

RAISE_AFTER: Final = 0.1
"""Seconds a defect must last before it is an alarm: one lost packet (1-5 ms of AIS) must not block circuits."""
CLEAR_AFTER: Final = 0.1
"""Seconds without the defect before the alarm clears."""


class Alarm(Enum):
    """Alarms of an E1 or T1, ITU-T G.732 and G.775, ANSI T1.231; values are what operators see."""

    LOS = "LOS"
    """Loss of signal: nothing arrives, or no pulses."""
    LFA = "LFA"
    """Loss of frame alignment; T1 people say LOF, or red."""
    LMFA = "LMFA"
    """Loss of CRC-4 multiframe alignment; frames still pass."""
    AIS = "AIS"
    """Alarm indication signal, blue: all ones instead of a framed signal."""
    RAI = "RAI"
    """Remote alarm indication, yellow: the far end has no good signal from us."""


NO_ALARMS: Final[frozenset[Alarm]] = frozenset()

HIDDEN: Final[dict[Alarm, frozenset[Alarm]]] = {
    Alarm.LOS: frozenset({Alarm.AIS, Alarm.LFA, Alarm.LMFA, Alarm.RAI}),
    Alarm.AIS: frozenset({Alarm.LFA, Alarm.LMFA, Alarm.RAI}),
    Alarm.LFA: frozenset({Alarm.LMFA, Alarm.RAI}),
}
"""What cannot be told, or follows of itself, while an alarm is present; the gravest first."""


def correlate(alarms: frozenset[Alarm]) -> frozenset[Alarm]:
    """Leave out what another alarm present hides: LOS hides AIS hides LFA hides LMFA and RAI."""
    for alarm, hidden in HIDDEN.items():
        if alarm in alarms:
            return alarms - hidden
    return alarms


class AlarmIntegrator:
    """Turns defects, which come and go in a millisecond, into alarms worth reporting."""

    def __init__(
        self,
        initial: frozenset[Alarm] = NO_ALARMS,
        *,
        raise_after: float = RAISE_AFTER,
        clear_after: float = CLEAR_AFTER,
    ) -> None:
        self.alarms = initial
        self._raise_after = raise_after
        self._clear_after = clear_after
        self._changing: dict[Alarm, float] = {}

    def update(self, defects: frozenset[Alarm], now: float, hidden: frozenset[Alarm] = NO_ALARMS) -> frozenset[Alarm]:
        """Tell the defects present at `now`; return the alarms. Of those `hidden` nothing is known: they stay."""
        differing = (defects ^ self.alarms) - hidden
        if not differing and not self._changing:
            return self.alarms
        since = {alarm: self._changing.get(alarm, now) for alarm in differing}
        due = {
            alarm
            for alarm, start in since.items()
            if now - start >= (self._raise_after if alarm in defects else self._clear_after)
        }
        waiting = {alarm: start for alarm, start in self._changing.items() if alarm in hidden}
        self._changing = waiting | {alarm: start for alarm, start in since.items() if alarm not in due}
        self.alarms ^= due
        return self.alarms
