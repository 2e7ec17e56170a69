"""Alarms of a line, and their integration over time before they are reported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

RAISE_AFTER: Final = 0.1
"""Seconds a defect must last before it is an alarm: one lost packet (1-5 ms of AIS) must not block circuits."""
CLEAR_AFTER: Final = 0.1
"""Seconds without the defect, in a row, before the alarm clears."""
DECAY: Final = 0.1
"""Of the time a defect has lasted, a second without it takes away so many. Defects that come and go are one trouble: in
noise a deframer finds a false alignment 62 times a second, each for a millisecond. Carriers' switches integrate loss of
frame so, accumulating ten times as fast as they forget (the LOF alarms of Nortel's Passport MIB for DS1, E3, SDH)."""


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
    EBER = "EBER"
    """Excessive bit error ratio: frames pass, and one bit of a thousand is wrong."""
    RAI = "RAI"
    """Remote alarm indication, yellow: the far end has no good signal from us."""


NO_ALARMS: Final[frozenset[Alarm]] = frozenset()

HIDDEN: Final[dict[Alarm, frozenset[Alarm]]] = {
    Alarm.LOS: frozenset({Alarm.AIS, Alarm.LFA, Alarm.LMFA, Alarm.EBER, Alarm.RAI}),
    Alarm.AIS: frozenset({Alarm.LFA, Alarm.LMFA, Alarm.EBER, Alarm.RAI}),
    Alarm.LFA: frozenset({Alarm.LMFA, Alarm.EBER, Alarm.RAI}),
}
"""What cannot be told, or follows of itself, while an alarm is present; the gravest first."""


def correlate(alarms: frozenset[Alarm]) -> frozenset[Alarm]:
    """Leave out what another alarm present hides: LOS hides AIS hides LFA hides LMFA, EBER and RAI."""
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
        self._changing: dict[Alarm, _Change] = {}

    @property
    def settled(self) -> bool:
        """Whether there is no alarm, and none that is about to be raised."""
        return not self.alarms and not self._changing

    def update(self, defects: frozenset[Alarm], now: float, hidden: frozenset[Alarm] = NO_ALARMS) -> frozenset[Alarm]:
        """Tell the defects present at `now`; return the alarms. Of those `hidden` nothing is known: they stay."""
        differing = (defects ^ self.alarms) - hidden
        if not differing and not self._changing:
            return self.alarms
        due = {
            alarm
            for alarm in (differing | self._changing.keys()) - hidden
            if self._is_due(alarm, alarm in differing, now)
        }
        for alarm in due:
            if alarm in self.alarms or not self._graver_is_coming(alarm):
                del self._changing[alarm]
                self.alarms ^= {alarm}
        return self.alarms

    def _graver_is_coming(self, alarm: Alarm) -> bool:
        """Whether an alarm that hides this one is about to be raised: in noise LMFA comes in the gaps of LFA."""
        return any(
            alarm in HIDDEN.get(graver, NO_ALARMS) and graver not in self.alarms and change.lasted > 0
            for graver, change in self._changing.items()
        )

    def _is_due(self, alarm: Alarm, differs: bool, now: float) -> bool:
        """Whether an alarm is to change now: clear after a time without its defect, be raised after one with it."""
        change = self._changing.get(alarm)
        if change is None:
            self._changing[alarm] = _Change(now, True)
            return (self._clear_after if alarm in self.alarms else self._raise_after) <= 0
        passed, change.now = now - change.now, now
        if differs:
            change.lasted += passed if change.differed else 0.0
        else:
            change.lasted = 0.0 if alarm in self.alarms else change.lasted - DECAY * passed
        change.differed = differs
        if not differs and change.lasted <= 0:
            del self._changing[alarm]
            return False
        needed = self._clear_after if alarm in self.alarms else self._raise_after
        return differs and change.lasted >= needed - _ROUNDING


@dataclass(slots=True)
class _Change:
    """What is known of an alarm that may be about to change."""

    now: float
    """Of the last look."""
    differed: bool
    """Whether the defect then spoke against the alarm as it is."""
    lasted: float = 0.0
    """Seconds it has done so, forgotten slowly."""


_ROUNDING: Final = 1e-9
"""Sums of times are not exact."""
