"""The contract of a span, whatever carries the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from tandem.hardware.alarms import Alarm

if TYPE_CHECKING:
    from tandem.hardware.line import E1Line

Frames = NDArray[np.uint8]
"""Frames of an E1, shape (frames, 32): frame, timeslot; timeslot 0 included. 8000 frames are one second."""

TIMESLOTS = 32
FRAME_RATE = 8000


class Span(Protocol):
    """One E1. All calls come from one thread; `now` is seconds on one monotonic scale chosen by the caller."""

    @property
    def spec(self) -> str:
        """The string it was opened with."""
        ...

    @property
    def quantum(self) -> int:
        """`write` takes multiples of this many frames."""
        ...

    @property
    def burst(self) -> int:
        """So many quanta may be written late and together while only speech and idle signalling is in them."""
        ...

    def fileno(self) -> int | None:
        """What to poll for readability; None when there is nothing to poll (virtual spans)."""
        ...

    @property
    def e1(self) -> E1Line:
        """Framer and deframer. For many spans they are cheaper together: see `hardware.line`."""
        ...

    def take(self, now: float) -> bytes:
        """All octets received since the last `take` or `read`, for `e1`; `read` does both."""
        ...

    def give(self, octets: bytes, now: float) -> None:
        """Transmit octets that `e1` has framed, k * quantum frames of them; `write` does both."""
        ...

    def read(self, now: float) -> Frames:
        """All frames received since the last read, shape (n, 32), n >= 0; possibly read-only.

        While octets arrive without frame alignment, and while nothing arrives at all (LOS), the frames are all ones
        at the rate of the line, as the system side of a framer gives them: HDLC sees aborts, speech is to be muted
        by the caller as long as `alarms` names LOS, AIS or LFA.
        """
        ...

    def write(self, frames: Frames, now: float) -> None:
        """Transmit frames, shape (k * quantum, 32); what timeslot 0 holds is ignored, the framer fills it."""
        ...

    def alarms(self) -> frozenset[Alarm]:
        """The alarms as of the last read, integrated over 0.1 s; a new span has LOS until frames arrive."""
        ...

    def counters(self) -> dict[str, int]:
        """Events since the span was opened, by name."""
        ...

    def close(self) -> None:
        """Give back what the span holds; no call may follow."""
        ...
