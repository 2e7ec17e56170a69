"""The clock of a far end, out of what it sends; and the clock that we follow, one of several.

Rates are relative to the local clock: 1e-6 is one part in a million (ppm) fast. G.703 allows an E1 50 ppm, T1.403 a T1
32 ppm; what seems further off is no measurement.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tandem.hardware.span import FRAME_RATE

WINDOW: Final = 1.0
"""Seconds of which the least delayed arrival counts: the network delays, it never hastens."""
WINDOWS: Final = 60
"""Windows that the rate is taken from."""
LEAST_WINDOWS: Final = 15
"""Windows before there is a rate at all."""
MOST_RATE: Final = 100e-6
MOST_ERROR: Final = 8e-6
"""Standard error of a rate at most; where arrivals stray too much for that, there is none."""
JUMP: Final = 0.05
"""Seconds by which a window may differ from the one before; more is an interruption: begin anew."""


class ClockRecovery:
    """Adaptive recovery: from when frames arrive."""

    def __init__(self) -> None:
        self.rate: float | None = None
        """How fast the far end is; None while that is not known."""
        self._frames = 0
        self._start: float | None = None  # of the present window
        self._least: tuple[float, float] | None = None  # delay in the window, and when
        self._windows: deque[tuple[float, float]] = deque(maxlen=WINDOWS)

    def hear(self, frames: int, now: float) -> None:
        """So many frames have arrived; `now` is of the local clock that rates are relative to."""
        self._frames += frames
        if not frames:
            return
        if self._start is None:
            self._start = now
        delay = now - self._frames / FRAME_RATE
        if self._least is None or delay < self._least[0]:
            self._least = (delay, now)
        if now - self._start >= WINDOW:
            self._end_window(now)

    def lose(self) -> None:
        """The line was interrupted: what was measured is of no use with what comes."""
        self.rate = None
        self._start = self._least = None
        self._windows.clear()

    def _end_window(self, now: float) -> None:
        assert self._least is not None
        delay, when = self._least
        self._start, self._least = now, None
        if self._windows and abs(delay - self._windows[-1][0]) > JUMP:
            self.lose()
            return
        self._windows.append((delay, when))
        if len(self._windows) >= LEAST_WINDOWS:
            self.rate = self._fit()

    def _fit(self) -> float | None:
        delays, times = np.array(self._windows).T
        times = times - times.mean()
        slope = float(times @ (delays - delays.mean()) / (times @ times))
        residual = float(np.std(delays - delays.mean() - slope * times))
        error = residual / float(times @ times) ** 0.5
        return -slope if error <= MOST_ERROR and abs(slope) <= MOST_RATE else None


class DifferentialRecovery:
    """From RTP timestamps of a common clock (RFC 4553 4.3.2): the network is of no matter."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self._points: deque[tuple[float, float]] = deque(maxlen=WINDOWS)

    def hear(self, line_seconds: float, common_seconds: float) -> None:
        """Once a second: how far the line has come, and the common clock by the timestamps, since any origin."""
        if self._points and not 0 < common_seconds - self._points[-1][1] < WINDOWS:
            self._points.clear()
        self._points.append((line_seconds, common_seconds))
        line, common = (last - first for last, first in zip(self._points[-1], self._points[0], strict=True))
        rate = line / common - 1 if len(self._points) >= LEAST_WINDOWS and common > 0 else None
        self.rate = rate if rate is not None and abs(rate) <= MOST_RATE else None

    def lose(self) -> None:
        """The line was interrupted."""
        self.rate = None
        self._points.clear()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A clock that might be followed."""

    name: str
    rate: float | None
    """None: not to be had now."""


class ClockSelector:
    """Follows the first of several clocks that is to be had; with none, keeps the last rate (hold-over)."""

    def __init__(self) -> None:
        self.source: str | None = None
        """Name of the clock followed; None in hold-over, or before the first."""
        self.rate = 0.0
        self.changes = 0
        """Times that another one was taken."""

    def select(self, candidates: Sequence[Candidate]) -> float:
        """The rate to run at; candidates in the order of priority."""
        best = next((each for each in candidates if each.rate is not None), None)
        if best is None:
            self.source = None
        else:
            assert best.rate is not None
            self.changes += self.source != best.name
            self.source, self.rate = best.name, best.rate
        return self.rate


class SteeredClock:
    """Seconds at a rate that may change; they go on without a jump when it does."""

    def __init__(self) -> None:
        self.rate = 0.0
        self._local = self._steered = 0.0

    def steered(self, local: float) -> float:
        """The time of this clock when the local one shows `local`."""
        return self._steered + (local - self._local) * (1 + self.rate)

    def local(self, steered: float) -> float:
        """What the local clock shows when this one shows `steered`."""
        return self._local + (steered - self._steered) / (1 + self.rate)

    def steer(self, rate: float, local: float) -> None:
        """Run at `rate` from `local` on."""
        self._steered, self._local = self.steered(local), local
        self.rate = rate
