"""Which calls are meant: by number, cause, circuit, time, or a condition of any kind."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tandem.core.errors import TandemError

from .model import CallRecord, Outcome

Condition = Callable[[CallRecord], bool]
_FAILED: Final = frozenset(
    outcome.value for outcome in (Outcome.FAILED, Outcome.REJECTED, Outcome.BUSY, Outcome.NO_ANSWER)
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are shown; what is None or empty does not matter."""

    failed: bool = False
    called: str | None = None
    """Regular expression that must be found in the called number; `calling` likewise."""
    calling: str | None = None
    cause: int | None = None
    cic: int | None = None
    since: float | None = None
    """Calls that began at this time or later, seconds since 1970."""
    until: float | None = None
    """Calls that began before this time."""
    ids: frozenset[str] = field(default_factory=frozenset)
    where: Condition | None = None

    def __call__(self, record: CallRecord) -> bool:
        """Whether `record` is wanted."""
        if self.failed and not is_failure(record):
            return False
        if self.called is not None and not re.search(self.called, record.called):
            return False
        if self.calling is not None and not re.search(self.calling, record.calling):
            return False
        if self.since is not None and record.start < self.since:
            return False
        if self.until is not None and record.start >= self.until:
            return False
        if self.ids and record.id not in self.ids:
            return False
        if self.cause not in (None, record.cause) or self.cic not in (None, record.cic):
            return False
        return self.where is None or self.where(record)

    def chooses(self) -> bool:
        """Whether any call can be left out."""
        return self != Filter()


def is_failure(record: CallRecord) -> bool:
    """Whether a call failed, was refused, busy or not answered."""
    return record.outcome in _FAILED


def moment(text: str) -> float:
    """Seconds since 1970, or a date and time of ISO 8601, UTC where it names no zone; TandemError for anything else."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise TandemError(f"{text!r} is no time: write 2025-06-15T15:06:40 or seconds since 1970") from None
    return (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).timestamp()
