"""What time it is in a capture, some of whose packets may be out of order or have times that are wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

LEAP: Final = 3600.0
"""Seconds from the packet before beyond which a packet alone is not believed: the time may be spoilt."""


@dataclass(slots=True)
class Span:
    """The times of packets that are taken at once, in the order of the capture."""

    first: float = math.nan
    """Of the first packet; NaN where there is none."""
    last: float = math.nan
    """Of the last packet."""
    believed: float = math.nan
    """The last that is near that of the packet before it; NaN where none is."""
    low: float = math.inf
    high: float = -math.inf
    reached: float = -math.inf
    """The highest that is near that of the packet before it."""
    in_order: bool = True

    @classmethod
    def of(cls, times: npt.NDArray[np.float64]) -> Span:
        """The span of n packets, at least one."""
        first, last = float(times[0]), float(times[-1])
        in_order = not bool((times[1:] < times[:-1]).any())
        low, high = (first, last) if in_order else (float(times.min()), float(times.max()))
        if len(times) > 1 and high - low <= LEAP:
            return cls(first, last, last, low, high, last if in_order else float(times[1:].max()), in_order)
        near = np.flatnonzero(np.abs(np.diff(times)) <= LEAP) + 1
        if not len(near):
            return cls(first, last, math.nan, low, high, -math.inf, in_order)
        return cls(first, last, float(times[near[-1]]), low, high, float(times[near].max()), in_order)

    def __bool__(self) -> bool:
        return self.first == self.first

    def __add__(self, later: Span) -> Span:
        """Both as one."""
        if not self or not later:
            return later or self
        near = abs(later.first - self.last) <= LEAP
        believed = later.believed
        if believed != believed:
            believed = later.first if near else self.believed
        low, high = min(self.low, later.low), max(self.high, later.high)
        reached = max(self.reached, later.reached, later.first if near else -math.inf)
        in_order = self.in_order and later.in_order and later.low >= self.high
        return Span(self.first, later.last, believed, low, high, reached, in_order)


class Clock:
    """Takes the times of packets step by step.

    A packet alone whose time is far from that of the one before tells no time. A clock that is set, ahead or back, is
    followed by what is said of the end of the capture, and not in the step in which that happens by what has waited.
    """

    def __init__(self) -> None:
        self.end = 0.0
        """Time at the last packet."""
        self.settled = 0.0
        """No packet of the last step was earlier: what waits is given up by this time."""
        self._all = Span()

    def take(self, span: Span) -> bool:
        """Time goes on by a step; whether its packets are in order, and behind those before."""
        if not span:
            return True
        in_order = span.in_order and span.low >= self._all.high
        self._all += span
        believed = self._all.believed
        self.end = believed if believed == believed else self._all.first
        self.settled = min(span.low, self.end)
        return in_order

    def end_after(self, moment: float) -> float:
        """When the capture ended for what was heard of last at a time: if that is later, the clock was set back since.

        How long the capture went on after that nobody knows: it ends where the clock was set.
        """
        return self.end if moment <= self.end else max(self.end, self._all.reached)
