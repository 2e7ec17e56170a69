"""The clock that lines and speech run at: that of the system, or that of a span, the first of a list in order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from tandem.core.errors import ConfigurationError
from tandem.hardware.alarms import Alarm
from tandem.hardware.clock_recovery import (
    Candidate,
    ClockRecovery,
    ClockSelector,
    DifferentialRecovery,
    SteeredClock,
)
from tandem.hardware.satop_udp import SatopUdpSpan

from .line import SpanLine

SYSTEM: Final = "system"
"""In the list of clocks: our own."""
_UNFIT: Final = frozenset({Alarm.LOS, Alarm.AIS, Alarm.LFA})


class LineClock:
    """The clock of what a line receives, measured against ours."""

    def __init__(self, line: SpanLine, clock: SteeredClock) -> None:
        self.name = line.name
        self.line = line
        self._clock = clock
        self._adaptive = ClockRecovery()
        self._differential = DifferentialRecovery()

    def hear(self, frames: int, now: float) -> None:
        """So many frames were received; `now` as the plane has it."""
        self._adaptive.hear(frames, self._clock.local(now))

    def candidate(self) -> Candidate:
        """Once a second: the rate of the line, if it is fit to be followed."""
        span = self.line.span
        times = span.differential_times() if isinstance(span, SatopUdpSpan) else None
        if span.alarms() & _UNFIT:
            self._adaptive.lose()
            self._differential.lose()
        elif times is not None:
            self._differential.hear(*times)
            return Candidate(self.name, self._differential.rate)
        return Candidate(self.name, self._adaptive.rate)


class Timing:
    """Follows the clocks of `order`, names of lines or `system`, the best first; the plane has its times from it."""

    def __init__(self, order: Sequence[str], lines: Sequence[SpanLine]) -> None:
        self.clock = SteeredClock()
        self.selector = ClockSelector()
        by_name = {line.name: line for line in lines}
        self._clocks: list[LineClock | None] = []
        for name in order:
            if name != SYSTEM and name not in by_name:
                raise ConfigurationError(f"media.clock: there is no span {name!r}, and it is not {SYSTEM!r}")
            clock = None if name == SYSTEM else LineClock(by_name[name], self.clock)
            if clock is not None:
                by_name[name].clock = clock
            self._clocks.append(clock)
        for line in lines:
            if isinstance(line.span, SatopUdpSpan):
                line.span.common_clock = self.clock.local
        self._steered = False

    def now(self) -> float:
        """The time, in seconds of the clock followed."""
        return self.clock.steered(time.monotonic())

    def take_steered(self) -> bool:
        """Whether the rate has changed since this was asked last."""
        steered, self._steered = self._steered, False
        return steered

    def second(self, now: float) -> None:
        """Once a second: look at the clocks, and follow the best."""
        candidates = [Candidate(SYSTEM, 0.0) if clock is None else clock.candidate() for clock in self._clocks]
        rate = self.selector.select(candidates)
        if rate != self.clock.rate:
            self.clock.steer(rate, self.clock.local(now))
            self._steered = True

    def counters(self, name: str) -> dict[str, int]:
        """Of a line: whether its clock is followed, and our rate in parts per 10^9."""
        if self.selector.source != name:
            return {}
        return {"clock_followed": 1, "clock_rate_ppb": round(self.clock.rate * 1e9)}
