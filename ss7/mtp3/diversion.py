"""Diversion of traffic from a link that works: changeback (Q.704 (07/96) 6), time-controlled diversion, rerouting.

New messages wait until those before them have arrived at the far end. On changeback a declaration goes after them on
the same link, and its acknowledgement says that it has come; where that cannot be, a time passes instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.flows import Hold
from tandem.ss7.mtp3.timers import Timer
from tandem.ss7.mtp3.timers import Timers as TimerTable

#: Values of the changeback code; Japan has 2 bits for it (as public dissectors read it).
CODES: Final = 256
CODES_JAPAN: Final = 4


class Diversion(Hold):
    """Flows that move from link `source` to link `target`."""

    __slots__ = ("code", "number", "target", "timer")

    def __init__(self, source: int, target: int, number: int, codes: int = CODES) -> None:
        super().__init__(source)
        self.target = target
        self.number = number
        """Counts diversions; the key of timers."""
        self.code = number % codes
        """Changeback code: tells the declarations of one time apart."""
        self.timer: Timer | None = None


@dataclass(frozen=True, slots=True)
class Declare:
    """Send CBD with `diversion.code` about link `diversion.target`, on link `diversion.source`."""

    diversion: Diversion


class Diversions:
    """Every diversion under way."""

    def __init__(self, timers: Timers, table: TimerTable, codes: int = CODES) -> None:
        """`codes` is how many changeback codes there are."""
        self._codes = codes
        self._durations = {
            Timer.T1: timers.t1,
            Timer.T3: timers.t3,
            Timer.T4: timers.t4,
            Timer.T5: timers.t5,
            Timer.T6: timers.t6,
        }
        self._timers = table
        self._running: dict[int, Diversion] = {}
        self._count = 0

    def __iter__(self) -> Iterator[Diversion]:
        return iter(list(self._running.values()))

    def begin(self, source: int, target: int, timer: Timer, now: float) -> Diversion:
        """A diversion that lasts until `timer` expires: T4 with a declaration to be sent, otherwise T1, T3 or T6."""
        self._count += 1
        diversion = self._running[self._count] = Diversion(source, target, self._count, self._codes)
        self._start(diversion, timer, now)
        return diversion

    def acknowledged(self, target: int, code: int) -> Diversion | None:
        """CBA came with `code` about link `target`: the diversion that has ended by it."""
        for diversion in self._running.values():
            declared = diversion.timer in (Timer.T4, Timer.T5)
            if declared and diversion.target == target and diversion.code == code:
                return self.end(diversion)
        return None

    def expired(self, number: int, now: float) -> Diversion | Declare | None:
        """The timer of diversion `number` expired: it has ended, or is to be declared once more."""
        diversion = self._running.get(number)
        if diversion is None:
            return None
        if diversion.timer is Timer.T4:
            self._start(diversion, Timer.T5, now)
            return Declare(diversion)
        return self.end(diversion)

    def end(self, diversion: Diversion) -> Diversion:
        """Forget `diversion`; what it holds is the caller's."""
        del self._running[diversion.number]
        if diversion.timer is not None:
            self._timers.stop((diversion.timer, (diversion.number, "diversion")))
        return diversion

    def source_failed(self, link: int) -> None:
        """`link` failed: its changeover takes care of what waited for a diversion from it."""
        for diversion in [each for each in self._running.values() if each.source == link]:
            self.end(diversion)

    def _start(self, diversion: Diversion, timer: Timer, now: float) -> None:
        diversion.timer = timer
        self._timers.start((timer, (diversion.number, "diversion")), now + self._durations[timer])
