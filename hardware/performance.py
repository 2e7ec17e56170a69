"""Error performance of a line: errored, severely errored and unavailable seconds, by quarters of an hour.

ITU-T G.826 (lines, by errored blocks) and G.821 (64 kbit/s, by errored bits) have the same seconds; M.2120 keeps them
for 15 minutes and for a day. Only what makes a second errored differs, see `LinePerformance` and `hardware.bert`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tandem.hardware.alarms import Alarm

INTERVAL: Final = 900
"""Seconds of an interval."""
INTERVALS: Final = 96
"""Past intervals that are kept, a day."""
UNAVAILABLE_AFTER: Final = 10
"""Severely errored seconds in a row that begin unavailable time, they included; as many others end it (G.826)."""
SES_SHARE: Final = 0.3
"""Errored blocks of a severely errored second (G.826); missing packets of one, where there are no blocks."""
E1_BLOCKS: Final = 1000
"""CRC-4 sub-multiframes a second, the blocks of G.826."""
T1_BLOCKS: Final = 333
"""CRC-6 multiframes a second, the blocks of G.826."""
_DEFECTS: Final = frozenset({Alarm.LOS, Alarm.AIS, Alarm.LFA})


@dataclass(slots=True)
class Interval:
    """What was counted in some time. ES, SES and BBE are of available time only."""

    seconds: int = 0
    es: int = 0
    """Errored seconds, severely errored ones included."""
    ses: int = 0
    """Severely errored seconds."""
    bbe: int = 0
    """Background block errors: those not in a severely errored second."""
    uas: int = 0
    """Unavailable seconds."""

    def add(self, other: Interval, sign: int = 1) -> None:
        """Count `other` in, or out."""  # each second for each line: field by field, not by `fields`
        self.seconds += sign * other.seconds
        self.es += sign * other.es
        self.ses += sign * other.ses
        self.bbe += sign * other.bbe
        self.uas += sign * other.uas


class PerformanceMonitor:
    """Takes seconds and counts them; whether time is available is decided after the event, as the standards have it."""

    def __init__(self) -> None:
        self.total = Interval()
        self.current = Interval()
        """The quarter of an hour since the last one ended."""
        self.past: deque[Interval] = deque(maxlen=INTERVALS)
        """The newest first."""
        self.available = True
        self._run: list[tuple[Interval, Interval, bool]] = []
        """Seconds in a row that speak for a change of state: the interval of each, what it is if available, severe."""

    def second(self, *, errored: bool, severe: bool, blocks: int = 0) -> None:
        """A second is over, with so many errored `blocks`."""
        if self.current.seconds == INTERVAL:
            self.past.appendleft(self.current)
            self.current = Interval()
        as_available = Interval(1, int(errored or severe), int(severe), 0 if severe else blocks)
        self._count(self.current, as_available if self.available else Interval(1, uas=1))
        if severe is not self.available:
            self._run.clear()
            return
        self._run.append((self.current, as_available, severe))
        if len(self._run) == UNAVAILABLE_AFTER:
            self.available = not self.available
            for interval, kind, _ in self._run:
                sign = 1 if self.available else -1
                self._count(interval, kind, sign)
                self._count(interval, Interval(1, uas=1), -sign)
            self._run.clear()

    def _count(self, interval: Interval, kind: Interval, sign: int = 1) -> None:
        interval.add(kind, sign)
        self.total.add(kind, sign)

    def counters(self, prefix: str = "") -> dict[str, int]:
        """By name: of all time, and of the present and the last whole quarter of an hour."""
        last = self.past[0] if self.past else Interval()
        named = (("", self.total), ("_15min", self.current), ("_last_15min", last))
        return {
            f"{prefix}{name}{suffix}": getattr(interval, short)
            for suffix, interval in named
            for name, short in (
                ("errored_seconds", "es"),
                ("severely_errored_seconds", "ses"),
                ("unavailable_seconds", "uas"),
            )
        }


_ERRORS: Final = ("crc4_errors", "crc6_errors")
_FRAMING: Final = ("fas_errors", "framing_errors")
_GAPS: Final = ("frames_unaligned", "frames_without_signal", "alignment_losses")
_FAR: Final = "far_end_errors"


class LinePerformance:
    """Both directions of a line, by the counters of its span.

    Near end: errored blocks are those that the CRC tells; a second with LOS, AIS or loss of frame alignment in it is
    severely errored. Without CRC a second with errors in the framing is errored, and severely errored by defects
    alone; of lines without framing packets that are missing count as errored blocks do. Far end: E bits of CRC-4, and
    remote alarm.
    """

    def __init__(self) -> None:
        self.near = PerformanceMonitor()
        self.far = PerformanceMonitor()
        self._before: Mapping[str, int] = {}

    def second(self, counters: Mapping[str, int], defects: frozenset[Alarm]) -> None:
        """A second is over: the counters of the span, which only grow, and the defects present now."""
        before, self._before = self._before, dict(counters)

        def grown(*names: str) -> int:
            return sum(counters.get(name, 0) - before.get(name, 0) for name in names)

        if not before:
            return
        defect = bool(defects & _DEFECTS) or grown(*_GAPS) > 0
        lost = grown("packets_lost")
        if "crc4_errors" in counters or "crc6_errors" in counters:
            blocks, rate = grown(*_ERRORS), E1_BLOCKS if "crc4_errors" in counters else T1_BLOCKS
            errored = blocks + grown(*_FRAMING) > 0
        else:
            blocks, rate, errored = lost, max(1, lost + grown("packets_in")), lost + grown(*_FRAMING) > 0
        severe = defect or blocks >= SES_SHARE * rate > 0
        self.near.second(errored=errored or severe, severe=severe, blocks=blocks)
        if defect:  # what the far end tells is not heard: nothing is known of it
            return
        told = grown(_FAR)
        far_severe = Alarm.RAI in defects or told >= SES_SHARE * E1_BLOCKS
        self.far.second(errored=told > 0, severe=far_severe, blocks=told)

    def counters(self) -> dict[str, int]:
        """By name, those of the far end with `far_`."""
        return self.near.counters() | self.far.counters("far_")
