"""The cells of the table of calls: of one record, and of the columns that many calls are kept in."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from . import speed
from .model import CallRecord, Outcome
from .texts import Texts

COLUMNS: Final = ("id", "start", "calling", "called", "circuit", "outcome", "cause", "pdd s", "talk s", "from", "to")
Row = tuple[str, ...]
"""A cell for each of `COLUMNS`."""
Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]
_LEG: Final = {"isup": "CIC", "tup": "CIC", "q931": "B"}
_DAY: Final = 86_400_000


OUTCOMES: Final = [outcome.value for outcome in Outcome]
"""All outcomes, by their place."""
OUTCOME: Final = COLUMNS.index("outcome")
_PLACES_OF_ENDS: Final = 9


class Table:
    """The layout of a table: how wide its columns are, and how outcomes look in it."""

    def __init__(self, widths: list[int], outcomes: dict[str, str], dated: bool = False) -> None:
        """`outcomes`: cells that look otherwise than their text, as wide as the column."""
        self.dated = dated
        self._widths = widths
        self._outcomes = outcomes
        self._before = "".join(f"%-{width}s  " for width in widths[:OUTCOME])
        self._behind = "".join(f"  %-{width}s" for width in widths[OUTCOME + 1 :])
        self._ends: list[bytes] = []
        self.widest = np.zeros(_PLACES_OF_ENDS, np.int64)
        """Of what `lines` gave, the widest cell of each column but the last two."""

    def line(self, row: Row) -> str:
        """A row."""
        outcome = row[OUTCOME]
        cell = self._outcomes.get(outcome) or outcome.ljust(self._widths[OUTCOME])
        return f"{self._before % row[:OUTCOME]}{cell}{self._behind % row[OUTCOME + 1 :]}".rstrip()

    def show(self, ends: Iterable[tuple[str, str]]) -> None:
        """The last two columns of calls are these, by the place that `lines` is given."""
        source, destination = self._widths[_PLACES_OF_ENDS:]
        self._ends = [f"{one.ljust(source)}  {other.ljust(destination)}".encode() for one, other in ends]

    def lines(
        self, protocol: str, number: Ints, start: Times, names: Texts, circuit: Ints, outcome: Ints, cause: Ints,
        status: Ints, delay: Times, talk: Times, place: Ints,
    ) -> Texts:  # fmt: skip
        """The lines of n calls, each with a line feed; only where `speed` has it.

        A column of n for each, -1 and NaN where there is none.
        """
        width = self._widths[OUTCOME]
        cells = [(self._outcomes.get(name) or name.ljust(width)).encode() for name in OUTCOMES]
        names = names.compact()
        end = np.empty(len(number), np.int64)
        found: bytes = speed.speedups.table(
            protocol.encode() + b"-", number, start, self.dated, names.buffers[0], names.begin, names.end, circuit,
            cells, outcome, cause, status, delay, talk, self._ends, place, np.array(self._widths, np.int64), end,
            self.widest,
        )  # fmt: skip
        return Texts.within(found, np.concatenate((np.zeros(1, np.int64), end))[:-1], end)


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
