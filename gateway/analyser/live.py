"""Calls as they happen: an analysis without end, of which only what is under way and the latest is kept."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

from . import findings
from .analysis import Analyser
from .clock import Span
from .dissect import Options
from .legs import Joiner
from .live_findings import LiveFindings
from .model import CallRecord, Finding, Leg, MediaStream, Message
from .packets import Batch
from .records import number_of
from .rows import Rows
from .sipbulk import SipRows

KEPT: Final = 2000
"""Calls that are over and still known, for their legs, speech and the screen."""

Seen = Callable[[CallRecord, list[Finding]], None]
"""Hears of a call that is over, and what was wrong with it."""


class LiveAnalyser(Analyser):
    """Tells of every call when it is over; memory does not grow with time."""

    def __init__(
        self,
        options: Options | None,
        seen: Seen,
        passed: Callable[[Message], None] | None = None,
        told: Callable[[Finding], None] | None = None,
    ) -> None:
        """`passed` hears of every message, `told` of findings that belong to no call."""
        super().__init__(options, bulk=False)
        self._seen = seen
        self._passed = passed
        self._told = told
        self._apart = LiveFindings()
        self._joiner = Joiner(self._linked)
        self.latest: OrderedDict[int, CallRecord] = OrderedDict()
        self.outcomes: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Attempts under way."""
        return sum(len(tracker) for tracker in self._trackers())

    def feed(self, batch: Batch) -> None:
        """Take a batch."""
        super().feed(batch)
        self._tell()

    def _tell(self) -> None:
        """Look for findings in what belongs to no call, and let go of it."""
        aside = (self._circuits.supervision, self._circuits.collisions, self._links, self._dialogs.others)
        for finding in self._apart.take(*aside, self.end):
            if self._told is not None:
                self._told(finding)
        for messages in aside:
            del messages[:]

    def tick(self, now: float) -> None:
        """Time has gone on to `now`, seconds since 1970, whether anything came or not."""
        self.end = max(self.end, now)
        for tracker in self._trackers():
            tracker.expire(self.end)
        self._tell()

    def finish(self) -> None:
        """Tell of the calls that are still under way."""
        for tracker in self._trackers():
            tracker.close()

    def _take(self, messages: list[Message], span: Span, rows: Rows, dialogs: SipRows) -> None:
        if self._passed is not None:
            for message in messages:
                self._passed(message)
        super()._take(messages, span, rows, dialogs)

    def _done(self, record: CallRecord) -> None:
        self.latest[number_of(record.id)] = record
        if len(self.latest) > KEPT:
            self.latest.popitem(last=False)
        self.outcomes[record.outcome] += 1
        self._joiner.take(record)
        self._seen(record, list(findings.of_calls([record], self.end, self._find)))

    def _attach(self, number: int, stream: MediaStream) -> None:
        if (record := self.latest.get(number)) is not None:
            record.media.append(stream)

    def _linked(self, one: int, other: int, sure: float, why: str) -> None:
        first, second = self.latest.get(one), self.latest.get(other)
        if first is not None and second is not None:
            first.legs.append(Leg(second.id, sure, why))
            second.legs.append(Leg(first.id, sure, why))

    def _find(self, record_id: str) -> CallRecord | None:
        return self.latest.get(number_of(record_id))
