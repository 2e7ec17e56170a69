"""The cells of the table of calls: of one record, and of the columns that many calls are kept in."""

from __future__ import annotations

import datetime
from functools import lru_cache
from typing import Final

import numpy as np

from .model import CallRecord

COLUMNS: Final = ("id", "start", "calling", "called", "circuit", "outcome", "cause", "pdd s", "talk s", "from", "to")
Row = tuple[str, ...]
"""A cell for each of `COLUMNS`."""
_LEG: Final = {"isup": "CIC", "tup": "CIC", "q931": "B"}
_DAY: Final = 86_400_000


def row_of(record: CallRecord, dated: bool = False) -> tuple[str, ...]:
    """The cells of a call under `COLUMNS`; `dated` puts the day before the time."""
    circuit = f"{_LEG.get(record.protocol, '')} {record.cic}".strip() if record.cic is not None else record.protocol
    cause = "" if record.cause is None else str(record.cause)
    if record.status is not None:
        cause = f"{record.status}/{cause}"
    return (
        record.id,
        clock(record.start, dated),
        record.calling or "-",
        record.called or "-",
        circuit,
        record.outcome,
        cause,
        _seconds(record.post_dial_delay),
        _seconds(record.duration),
        record.source,
        record.destination,
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def clock(time: float, dated: bool = False) -> str:
    """Time of day, UTC, in whole milliseconds, the day before it where that is wanted."""
    day, rest = divmod(int(time * 1000), _DAY)
    seconds, rest = divmod(rest, 1000)
    return f"{_day(day) if dated else ''}{_second(seconds)}.{rest:03}"


def are_of_days(times: np.ndarray) -> bool:
    """Whether (n,) times are of several days."""
    return len(times) > 0 and bool(times.max() * 1000 // _DAY != times.min() * 1000 // _DAY)


def clocks(times: np.ndarray, dated: bool = False) -> list[str]:
    """`clock` of (n,) times."""
    days, rest = np.divmod((times * 1000).astype(np.int64), _DAY)
    seconds, rest = np.divmod(rest, 1000)
    found = [f"{_second(second)}.{part:03}" for second, part in zip(seconds.tolist(), rest.tolist(), strict=True)]
    return [_day(day) + time for day, time in zip(days.tolist(), found, strict=True)] if dated else found


def spans(values: np.ndarray) -> list[str]:
    """`_seconds` of (n,) numbers of seconds, NaN where there is none."""
    return ["" if value != value else f"{value:.2f}" for value in values.tolist()]


@lru_cache(maxsize=64)
def _day(day: int) -> str:
    try:
        return f"{datetime.date(1970, 1, 1) + datetime.timedelta(days=day)} "
    except OverflowError:
        return f"day {day} "


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
