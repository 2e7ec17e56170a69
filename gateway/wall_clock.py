"""What the event loop's time is of the day."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_READINGS: Final = 5


def wall_clock_offset(wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> float:
    """Seconds from the time of event loops (`steady`) to that since 1970.

    Of several readings that which took least: between its two clocks a process may be held up for milliseconds, and
    what two gateways record and capture would seem out of order by so much.
    """
    readings = []
    for _ in range(_READINGS):
        before, now, after = steady(), wall(), steady()
        readings.append((after - before, now - (before + after) / 2))
    return min(readings)[1]
