"""Records of calls that were followed in bulk: columns that become a `CallRecord` when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np

from tandem.core.cause import location_name

from .attempts import outcome
from .cells import OUTCOMES, Row, Table, clocks, spans
from .circuits import point_code
from .kept import Kept
from .model import CallMessage, CallRecord, Where
from .quick import NATURES
from .rows import NAMES
from .texts import Texts

_FEW: Final = 200
"""Records of a block that are made one by one, before all of its columns are made lists."""
_COMMON: Final = frozenset({16, 17, 21})
"""Causes by which a caller gives up, never a timer (see `expiry`)."""
_RECOVERY: Final = 102
_CONGESTION: Final = (34, 38, 41, 42, 44, 47)
_location = lru_cache(maxsize=16)(location_name)


@dataclass(slots=True)
class Block(Kept):
    """n calls that begin with an IAM, and their m messages one call behind the other.

    NaN for times that were not reached: at the end of a capture calls are kept so that are not over.
    """

    protocol: ClassVar[str] = "isup"
    LATER: ClassVar[frozenset[str]] = frozenset(
        {
            *("progress", "completed", "location", "odd", "natures", "first", "size"),
            *("packet", "time", "kind", "places", "forward", "rung"),
        }
    )
    number: Any
    """(n,) of the records, unique in the analysis."""
    place: Any
    """(n,) the two ends, a place in the table that `record` is given."""
    start: Any
    """(n,) time of the IAM."""
    cic: Any
    alerting: Any
    progress: Any
    answered: Any
    released: Any
    completed: Any
    by_calling: Any
    """(n,) whether the calling side released it."""
    cause: Any
    """(n,) -1 where it was not released."""
    location: Any
    odd: Any
    """(n,) whether the calling side sent what only the called one sends."""
    names: Texts
    """n times the calling digits, and in a second line the called ones."""
    natures: Any
    """(n, 2) natures of the calling number, -1 where there is none, and of the called one."""
    first: Any
    """(n,) the first message among the m."""
    size: Any
    """(n,) how many messages."""
    packet: Any
    """(m,) and so on."""
    time: Any
    kind: Any
    places: Any
    forward: Any
    rung: Any
    """(m,) ACM or CPG by which the called party was rung."""
    read: int = field(default=0, kw_only=True, compare=False)
    """How many records were read."""
    lists: list[tuple[Any, ...]] | None = field(default=None, kw_only=True, compare=False)
    """The columns that a brief record is made of, call by call: once many records are read."""

    def __len__(self) -> int:
        return len(self.number)

    def suspect(self) -> np.ndarray:
        """(n,) marks of calls of which a rule of `findings` may say something, legs aside; see `found.OF_MARKS`."""
        unanswered, over = np.isnan(self.answered), ~np.isnan(self.completed)
        silent = np.isnan(self.alerting) & np.isnan(self.progress) & unanswered
        found: np.ndarray = self.odd | (self.cause == _RECOVERY)
        found |= unanswered & np.isin(self.cause, _CONGESTION)
        found |= silent & ~self.by_calling
        found |= unanswered & self.by_calling & ~np.isin(self.cause, tuple(_COMMON))
        # Of a call that was not released rules speak only when nobody said anything.
        found = np.where(over, found, self.odd | ~np.isnan(self.released) | (self.size == 1))
        marks: np.ndarray = found.astype(np.uint8)
        # REL and RLC followed the IAM: no timer ran.
        at_once = over & silent & ~self.by_calling & ~self.odd & (self.cause != _RECOVERY)
        marks[at_once] = np.where(np.isin(self.cause[at_once], _CONGESTION), 3, 2)
        return marks

    def last(self) -> np.ndarray:
        """(n,) time of the last message."""
        found: np.ndarray = self.time[self.first + self.size - 1]
        return found

    def lines(self, table: Table, which: np.ndarray) -> Texts:
        """Of calls at these places the lines of the table."""
        start, released = self.start[which], self.released[which]
        answer, cause = self.answered[which], self.cause[which].astype(np.int64)
        answered = ~np.isnan(answer)
        outcome = (cause + 1) * 4 + self.by_calling[which] * 2 + answered
        return table.lines(
            self.protocol,
            self.number[which].astype(np.int64),
            start,
            self.names.some(which),
            self.cic[which].astype(np.int64),
            _outcomes()[outcome],
            cause,
            np.full(len(which), -1, np.int64),
            np.fmin(np.fmin(self.alerting[which], answer), released) - start,
            np.where(answered, np.maximum(0.0, released - answer), np.nan),
            self.place[which].astype(np.int64),
        )

    def cells(self, ends: list[Where], which: np.ndarray, dated: bool = False) -> list[tuple[Row, bool]]:
        """Of calls at these places the row of the table, and whether it was answered, without making records."""
        start, released = self.start[which], self.released[which]
        alerting, answer = self.alerting[which], self.answered[which]
        reached = np.fmin(np.fmin(alerting, answer), released)
        answered = ~np.isnan(answer)
        talk = np.where(answered, np.maximum(0.0, released - answer), np.nan)
        places = self.place[which]
        names = {place: names_of(ends[place]) for place in set(places.tolist())}
        by = ["calling" if calling else "called" for calling in self.by_calling[which].tolist()]
        columns = zip(
            self.number[which].tolist(), clocks(start, dated), map(_split, self.names.some(which).tolist()),
            self.cic[which].tolist(), answered.tolist(), self.cause[which].tolist(), by,
            spans(reached - start), spans(talk), places.tolist(), strict=True,
        )  # fmt: skip
        return [
            (
                (
                    f"isup-{number}", clock, calling or "-", called or "-", f"CIC {cic}",
                    _outcome(talked, cause, side), "" if cause < 0 else str(cause), delay, spoken, *names[place],
                ),
                talked,
            )
            for number, clock, (calling, called), cic, talked, cause, side, delay, spoken, place in columns
        ]  # fmt: skip

    def record(self, index: int, ends: list[Where], brief: bool = False) -> CallRecord:
        """Call `index` as a record; `brief` leaves its messages out."""
        self.complete()
        columns = self._brief()
        if self.lists is None and self.read >= _FEW:
            self.lists = list(zip(*(column.tolist() for column in columns), strict=True))
        self.read += 1
        values = [column[index].item() for column in columns] if self.lists is None else self.lists[index]
        begin, size, number, place, cic, start, *moments, by_calling, cause, location = values
        # A time that was not reached is NaN, which equals nothing.
        alerting, progress, answered, released, completed = [moment if moment == moment else None for moment in moments]
        calling, called = _split(self.names[index])
        calling_nature, nature = self.natures[index].tolist()
        where = ends[place]
        source, destination = names_of(where)
        by = "calling" if by_calling else "called"
        reached = [moment for moment in (alerting, answered, released) if moment is not None]
        return CallRecord(
            protocol="isup",
            id=f"isup-{number}",
            outcome=_outcome(answered is not None, cause, by),
            opc=where.opc,
            dpc=where.dpc,
            cic=cic,
            link=where.link,
            source=source,
            destination=destination,
            calling=calling,
            called=called,
            calling_nature="" if calling_nature < 0 else NATURES[calling_nature],
            called_nature=NATURES[nature],
            start=start,
            alerting=alerting,
            progress=progress,
            answered=answered,
            released=released,
            completed=completed,
            released_by="" if released is None else by,
            cause=None if released is None else cause,
            location="" if released is None else _location(location),
            variant=where.variant,
            post_dial_delay=min(reached) - start if reached else None,
            duration=None if answered is None or released is None else max(0.0, released - answered),
            messages=[]
            if brief
            else self._messages(slice(begin, begin + size), ends, f"{calling or '-'} to {called}", cause),
        )

    def _brief(self) -> list[Any]:
        columns = [self.first, self.size, self.number, self.place, self.cic, self.start, self.alerting, self.progress]
        return [*columns, self.answered, self.released, self.completed, self.by_calling, self.cause, self.location]

    def _messages(self, rows: slice, ends: list[Where], opened: str, cause: int) -> list[CallMessage]:
        messages = []
        columns = (self.packet, self.time, self.kind, self.places, self.forward, self.rung)
        for packet, time, kind, place, forward, rung in zip(
            *(column[rows].tolist() for column in columns), strict=True
        ):
            where, name = ends[place], NAMES[kind]
            summary = "alerting" if rung else f"cause {cause}" if name == "REL" else ""
            if name == "IAM":
                summary = opened
            messages.append(CallMessage(packet, time, name, forward, summary, where.source, where.destination))
        return messages


def _split(text: bytes) -> tuple[str, str]:
    """Calling and called digits."""
    calling, _, called = text.partition(b"\n")
    return calling.decode(), called.decode()


def names_of(where: Where) -> tuple[str, str]:
    """The two ends as a record has them."""
    return (
        where.source or point_code(where.opc or 0, where.variant),
        where.destination or point_code(where.dpc or 0, where.variant),
    )


@lru_cache(maxsize=1024)
def _outcome(answered: bool, cause: int, by: str) -> str:
    """How a call of these ended, by the one rule for all calls."""
    record = CallRecord(protocol="isup", id="", outcome="", start=0.0)
    if cause >= 0:
        record.released, record.released_by, record.cause = 1.0, by, cause
    record.answered = 1.0 if answered else None
    return outcome(record).value


@lru_cache(maxsize=1)
def _outcomes() -> np.ndarray:
    """How calls ended, places in `OUTCOMES`, by cause, the side that released them, and whether they were answered."""
    codes = [(bool(code & 1), code // 4 - 1, "calling" if code & 2 else "called") for code in range(4 * 129)]
    return np.array([OUTCOMES.index(_outcome(*code)) for code in codes])
