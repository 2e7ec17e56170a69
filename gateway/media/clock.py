"""Slot arithmetic: what is due when, how late it was served, and how far to catch up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import speed


class Ticker:
    """Periods of `period` seconds from `start` on; without drift, whenever it is served."""

    __slots__ = ("_most", "count", "period", "skipped", "slack", "start", "worst_late")

    def __init__(self, start: float, period: float, most_behind: float) -> None:
        self.start = start
        self.period = period
        self.count = 0
        """Periods begun or skipped: the number of the next one."""
        self.skipped = 0
        """Periods given up because they were more than `most_behind` seconds ago."""
        self.slack = 0.0
        """Seconds that are not called late, because they are waited on purpose."""
        self.worst_late = 0.0
        """Seconds, since last taken with `take_worst_late`."""
        self._most = max(1, round(most_behind / period))

    @property
    def due(self) -> float:
        """When the next period begins."""
        return self.start + self.count * self.period

    def begin(self, now: float) -> bool:
        """Begin the next period if it is due; call until it answers False to catch up in order."""
        late = now - (self.start + self.count * self.period)
        if late < 0:
            return False
        if late - self.slack > self.worst_late:
            self.worst_late = late - self.slack
        behind = int(late / self.period)
        if behind > self._most:
            self.skipped += behind
            self.count += behind
        self.count += 1
        return True

    def take_worst_late(self) -> float:
        """The worst lateness since the last call, in seconds."""
        worst, self.worst_late = self.worst_late, 0.0
        return worst


IN_PYTHON: Final = Ticker

if not TYPE_CHECKING and speed.speedups is not None:
    Ticker = speed.speedups.Ticker
