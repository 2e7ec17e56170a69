"""The contract of a span, whatever carries the line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tandem.hardware.alarms import Alarm

if TYPE_CHECKING:
    from tandem.hardware.framing.hdlc import HdlcCounts
    from tandem.hardware.termination import Termination

Frames = NDArray[np.uint8]
"""Frames of a line, shape (frames, 32): frame, timeslot. 8000 frames are one second.

An E1 has timeslots 0 (framing) to 31. A T1 has timeslots 1 to 24: what the others hold is ignored when it is written,
and ones when it is read.
"""

TIMESLOTS = 32
FRAME_RATE = 8000


LEVELS = frozenset(
    {
        "clock_followed",
        "clock_rate_ppb",
        "receive_queue_ms",
        "recording",
        "reorder_depth",
        "transmit_queue_ms",
        "elastic_store_frames",
    }
)
"""Of the counters of spans, those that tell how things are and may fall; so do those of the last 15 minutes."""


def is_level(counter: str) -> bool:
    """Whether a counter of a span may fall; all others only grow."""
    return counter in LEVELS or counter.endswith("_15min")


def counts_by_name(counts: Any) -> dict[str, int]:
    """The fields of a dataclass of counts; `asdict`, which copies what is in them, takes fifteen times as long."""
    return {name: getattr(counts, name) for name in counts.__match_args__}


class Framing(Enum):
    """How frames are laid out on a line; values are what configurations say."""

    CRC4 = "crc4"
    """E1 with the CRC-4 multiframe (G.704 2.3)."""
    BASIC = "basic"
    """E1 with frame alignment only."""
    ESF = "esf"
    """T1, extended superframe with CRC-6 and data link (G.704 2.1; ANSI T1.403)."""
    SF = "sf"
    """T1, superframe (D4)."""

    @property
    def is_t1(self) -> bool:
        """Whether it is a T1, 1544 kbit/s; else it is an E1, 2048 kbit/s."""
        return self in (Framing.ESF, Framing.SF)

    @property
    def timeslots(self) -> int:
        """The last timeslot for users; the first is 1."""
        return 24 if self.is_t1 else 31


@dataclass(frozen=True, slots=True)
class LineFormat:
    """What both ends of a line must agree on, and when the frames of a T1 count as lost."""

    framing: Framing = Framing.CRC4
    loss_window: int = 4
    """T1: two framing bits in error of so many (4, 5 or 6) lose frame alignment."""
    law: str = ""
    """Law of speech, `A` or `u`, for cards that process speech themselves; empty: `A` of an E1, `u` of a T1."""

    @property
    def speech_law(self) -> str:
        """The law of speech on the line, `A` or `u` (G.711 3)."""
        return self.law or ("u" if self.framing.is_t1 else "A")


class SignallingPort(Protocol):
    """HDLC that a device does itself on one timeslot."""

    counts: HdlcCounts
    """Frames and errors since they were last taken; the reader puts new ones in their place."""

    @property
    def queued(self) -> int:
        """Frames that have not begun."""
        ...

    def send(self, units: list[bytes], fill: bytes | None) -> None:
        """Queue frames without FCS, and what is repeated behind them; None: flags."""
        ...

    def receive(self, now: float) -> list[bytes]:
        """The good frames that have come, without FCS."""
        ...


@runtime_checkable
class HasSignallingPorts(Protocol):
    """A span whose device may do HDLC itself."""

    def signalling_port(self, timeslots: tuple[int, ...], lapd: bool) -> SignallingPort | None:
        """The port for a D-channel (`lapd`) or a signalling link; None when its octets come raw in the frames.

        SpanError when the device is set up for something else.
        """
        ...


class Span(Protocol):
    """One E1 or T1. All calls come from one thread; `now` is seconds on one monotonic scale chosen by the caller."""

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
    def termination(self) -> Termination:
        """Framer and deframer. For many spans they are cheaper together: see `hardware.line`."""
        ...

    def take(self, now: float) -> bytes:
        """All octets received since the last `take` or `read`, for `termination`; `read` does both."""
        ...

    def give(self, octets: bytes, now: float) -> None:
        """Transmit octets that `termination` has framed, k * quantum frames of them; `write` does both."""
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
