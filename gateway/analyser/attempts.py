"""What all trackers of call attempts share: the record under way, and how an attempt is said to have ended."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, KeysView
from typing import Final

import numpy as np
import numpy.typing as npt

from tandem.core.cause import Cause

from .model import CallMessage, CallRecord, Message, Outcome

Done = Callable[[CallRecord], None]
MOST_MESSAGES: Final = 500
"""Messages kept of one attempt; a call in a retransmission storm has more, which are only counted."""
COPY: Final = 0.5
"""Seconds between two probes; what an exchange repeats, it repeats later."""
MOST_SEEN: Final = 32
MOST_OPEN: Final = 200_000
"""Attempts under way at once; of more, those idle longest are given out as they are."""
MOST_CHECKED: Final = 10_000
"""Attempts looked at in one go for being over."""
_NO_ANSWER: Final = frozenset({Cause.NO_USER_RESPONDING, Cause.NO_ANSWER_FROM_USER})
_ABANDONED: Final = frozenset({0, Cause.NORMAL_CALL_CLEARING, Cause.NORMAL_UNSPECIFIED})
_FIRST_NETWORK_CAUSE: Final = 32
_FAILURES: Final = frozenset({2, 3, 25, 27})
"""Causes below those of class 2 that name a failure of the network rather than a choice of the called side."""


class Attempt:
    """One call attempt under way."""

    __slots__ = ("caller", "key", "last", "record", "reset", "seen", "unkept")

    def __init__(self, record: CallRecord) -> None:
        self.record = record
        self.last = record.start
        self.key = 0
        """Of an attempt of SIP, see `sipkeys`."""
        self.caller = ""
        """What marks the calling side where its address does not: the From tag of SIP."""
        self.reset = False
        """The circuit or interface was reset, or a timer's message ended it."""
        self.seen: dict[tuple[int, int | None], float] = {}
        """When octets were last seen, by their hash and sender."""
        self.unkept = 0
        """Messages beyond MOST_MESSAGES."""

    def is_copy(self, message: Message) -> bool:
        """Whether the same octets came from the same sender a moment ago: two probes saw one message."""
        mark = (hash(message.octets), message.where.opc)
        before = self.seen.get(mark)
        self.seen[mark] = message.time
        if len(self.seen) > MOST_SEEN:
            del self.seen[next(iter(self.seen))]
        return before is not None and abs(message.time - before) < COPY

    def note(self, message: Message, forward: bool, summary: str = "") -> None:
        """Keep a message of it."""
        self.last = message.time
        where = message.where
        if len(self.record.messages) >= MOST_MESSAGES:
            self.unkept += 1
            return
        self.record.messages.append(
            CallMessage(
                message.packet,
                message.time,
                message.type,
                forward,
                summary,
                where.source,
                where.destination,
                message.duplicate,
            )
        )

    def alerted(self, time: float) -> None:
        """The called party is being rung."""
        if self.record.alerting is None:
            self.record.alerting = time

    def progressed(self, time: float) -> None:
        """The number is complete, or something can be heard."""
        if self.record.progress is None:
            self.record.progress = time

    def answered(self, time: float) -> None:
        """The called party answered."""
        if self.record.answered is None:
            self.record.answered = time

    def released(self, time: float, by: str, cause: int | None, location: str = "") -> None:
        """The first release is the one that counts; a second one that crosses it says nothing new."""
        record = self.record
        if record.released is None:
            record.released, record.released_by, record.cause, record.location = time, by, cause, location

    def finish(self) -> CallRecord:
        """The record with what follows from its times."""
        record = self.record
        record.outcome = outcome(record, self.reset).value
        reached = [time for time in (record.alerting, record.answered, record.released) if time is not None]
        record.post_dial_delay = min(reached) - record.start if reached else None
        if record.answered is not None and record.released is not None:
            record.duration = max(0.0, record.released - record.answered)
        return record


def outcome(record: CallRecord, reset: bool = False) -> Outcome:
    """How an attempt ended, by its times, its cause and who released it."""
    cause = record.cause
    if reset:
        return Outcome.FAILED
    if record.answered is not None:
        return Outcome.ANSWERED
    if record.released is None:
        return Outcome.OPEN
    if cause == Cause.USER_BUSY:
        return Outcome.BUSY
    if cause in _NO_ANSWER:
        return Outcome.NO_ANSWER
    if record.released_by == "calling" and (cause is None or cause in _ABANDONED):
        return Outcome.ABANDONED
    if cause is not None and (cause >= _FIRST_NETWORK_CAUSE or cause in _FAILURES):
        return Outcome.FAILED
    return Outcome.REJECTED if record.released_by == "called" else Outcome.FAILED


class Table:
    """Attempts under way by key, the longest idle first."""

    def __init__(self, done: Done, patience: float) -> None:
        """`patience`: seconds without a message after which an attempt that was released is given out."""
        self._attempts: OrderedDict[Hashable, Attempt] = OrderedDict()
        self._done = done
        self._patience = patience
        self._in_order = True

    def __len__(self) -> int:
        return len(self._attempts)

    def keys(self) -> KeysView[Hashable]:
        """Keys of the attempts under way."""
        return self._attempts.keys()

    def marks(self) -> Iterator[int]:
        """`Attempt.key` of those under way."""
        return (attempt.key for attempt in self._attempts.values())

    def get(self, key: Hashable) -> Attempt | None:
        """The attempt under `key`, moved behind all others as the one heard of last."""
        attempt = self._attempts.get(key)
        if attempt is not None:
            self._attempts.move_to_end(key)
        return attempt

    def begin(self, key: Hashable, record: CallRecord) -> Attempt:
        """A new attempt; one still there under the key is given out first."""
        self.end(key)
        attempt = self._attempts[key] = Attempt(record)
        if len(self._attempts) > MOST_OPEN:
            self.end(next(iter(self._attempts)))
        return attempt

    def end(self, key: Hashable) -> None:
        """Give out the attempt under `key`, if there is one."""
        if (attempt := self._attempts.pop(key, None)) is not None:
            self._done(attempt.finish())

    def expire(self, now: float) -> None:
        """Give out what was released and then not heard of for the table's patience."""
        if not self._in_order:
            self._attempts = OrderedDict(sorted(self._attempts.items(), key=lambda item: item[1].last))
            self._in_order = True
        for _ in range(min(len(self._attempts), MOST_CHECKED)):
            key, attempt = next(iter(self._attempts.items()))
            if now - attempt.last < self._patience:
                return
            if attempt.record.released is not None:
                self.end(key)
            else:
                self._attempts.move_to_end(key)

    def sort(self) -> None:
        """Before the next look at what is over, put all in the order in which they were heard of last.

        Messages of long ago were taken, or such as are not in the order of time, or an attempt was looked for in vain.
        """
        self._in_order = False

    def earliest(self) -> float:
        """When the first of those under way began; infinite when there is none."""
        return min((attempt.record.start for attempt in self._attempts.values()), default=math.inf)

    def close(self) -> None:
        """Give out all that is left: the capture ends here."""
        for key in list(self._attempts):
            self.end(key)


_NOTHING: Final = np.zeros(0, np.int64)


class Numbering:
    """Identities of records: short, and the same for the same input.

    Records are numbered by the packet that began them, also where some of a batch are made in bulk: `expect` says where
    these begin, and `settle` gives their numbers once the others of the batch have theirs.
    """

    def __init__(self) -> None:
        self._next = 1
        self._expected = (_NOTHING, _NOTHING)
        self._others: list[int] = []

    def expect(self, circuits: npt.NDArray[np.int64], dialogs: npt.NDArray[np.int64]) -> None:
        """Attempts on circuits and those of SIP begin in these packets, in order, beside those that ask themselves."""
        self._expected = circuits, dialogs

    def __call__(self, protocol: str, packet: int = 0) -> str:
        """The identity of a record that `packet` begins."""
        return f"{protocol}-{self.number(packet)}"

    def number(self, packet: int) -> int:
        """The number of a record that `packet` begins."""
        before = sum(bisect_left(expected, packet) for expected in self._expected)
        number = self._next + len(self._others) + before
        self._others.append(packet)
        return number

    def of(self, index: int) -> int:
        """The number of an expected one on a circuit, now that all before it have theirs."""
        circuits, dialogs = self._expected
        return self._next + len(self._others) + index + bisect_left(dialogs, circuits[index])

    def settle(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The numbers of all expected ones on circuits and of SIP; the batch is done."""
        others = np.array(self._others, np.int64)
        circuits, dialogs = self._expected
        first, second = (
            self._next + np.arange(len(one)) + np.searchsorted(others, one) + np.searchsorted(other, one)
            for one, other in ((circuits, dialogs), (dialogs, circuits))
        )
        self._next += len(circuits) + len(dialogs) + len(self._others)
        self._expected, self._others = (_NOTHING, _NOTHING), []
        return first, second
