"""The cells of the table of calls: of one record, and of the columns that many calls are kept in."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from .model import CallRecord

COLUMNS: Final = ("id", "start", "calling", "called", "circuit", "outcome", "cause", "pdd s", "talk s", "from", "to")
Row = tuple[str, ...]
"""A cell for each of `COLUMNS`."""
_LEG: Final = {"isup": "CIC", "tup": "CIC", "q931": "B"}
_DAY: Final = 86_400_000


def row_of(record: CallRecord) -> tuple[str, ...]:
    """The cells of a call under `COLUMNS`."""
    circuit = f"{_LEG.get(record.protocol, '')} {record.cic}".strip() if record.cic is not None else record.protocol
    cause = "" if record.cause is None else str(record.cause)
    if record.status is not None:
        cause = f"{record.status}/{cause}"
    return (
        record.id,
        _clock(record.start),
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


def _clock(time: float) -> str:
    """Time of day, UTC, in whole milliseconds."""
    seconds, rest = divmod(int(time * 1000) % _DAY, 1000)
    return f"{_second(seconds)}.{rest:03}"


def clocks(times: np.ndarray) -> list[str]:
    """`_clock` of (n,) times."""
    seconds, rest = np.divmod((times * 1000).astype(np.int64) % _DAY, 1000)
    return [f"{_second(second)}.{part:03}" for second, part in zip(seconds.tolist(), rest.tolist(), strict=True)]


def spans(values: np.ndarray) -> list[str]:
    """`_seconds` of (n,) numbers of seconds, NaN where there is none."""
    return ["" if value != value else f"{value:.2f}" for value in values.tolist()]


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
