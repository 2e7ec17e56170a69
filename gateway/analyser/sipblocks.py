"""Records of SIP calls that were followed in bulk: columns that become a `CallRecord` when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np

from . import speed
from .attempts import outcome
from .cells import OUTCOMES, Row, Table, clocks, spans
from .findings import CONGESTION
from .kept import Kept
from .model import CallMessage, CallRecord, Where
from .rules import standard_causes
from .sipbulk import ACK, BYE, CANCEL, INVITE, METHODS, SipRows, opening_of, type_name
from .sipwords import allow, described
from .texts import Texts

_NONE: Final = np.iinfo(np.int64).max
_NORMAL: Final = 16
_PHRASE: Final = len("SIP/2.0 486 ")
_SIDES: Final = ("", "calling", "called")
_NOBODY, _CALLING, _CALLED = range(3)


@dataclass(slots=True)
class SipBlock(Kept):
    """n calls and their m messages one call behind the other; NaN for times that were not reached."""

    protocol: ClassVar[str] = "sip"
    LATER: ClassVar[frozenset[str]] = frozenset(
        {
            *("progress", "completed", "first", "size", "packet", "time", "kind", "method", "places", "forward"),
            *("told", "refused", "phrases", "described", "bodies"),
        }
    )
    number: Any
    """(n,) of the records, unique in the analysis."""
    start: Any
    """(n,) time of the INVITE."""
    place: Any
    """(n,) its two ends, a place in the table that `record` is given."""
    names: Texts
    """(n,) as `opening_of` reads them."""
    alerting: Any
    progress: Any
    answered: Any
    released: Any
    completed: Any
    side: Any
    """(n,) who released it, a place in `_SIDES`."""
    cause: Any
    """(n,) -1 where there is none; `status` likewise."""
    status: Any
    first: Any
    """(n,) the first message among the m."""
    size: Any
    """(n,) how many messages."""
    packet: Any
    """(m,) and so on."""
    time: Any
    kind: Any
    method: Any
    places: Any
    forward: Any
    told: Any
    """(m,) the Q.850 value of a Reason header, -1 where there is none."""
    refused: Any
    """(r,) places among the m of responses that refused a call, in order."""
    phrases: Texts
    """(r,) their reason phrases."""
    described: Any
    """(d,) places of messages with a session description, in order."""
    bodies: Texts
    """(d,) what `described` reads of the bodies that have it."""

    def __len__(self) -> int:
        return len(self.number)

    def suspect(self) -> np.ndarray:
        """(n,) marks of calls of which a rule of `findings` may say something, legs and speech aside; see `found`."""
        answered = ~np.isnan(self.answered)
        acknowledged = np.bitwise_or.reduceat(self.kind == -ACK, self.first)
        ended = np.bitwise_or.reduceat(self.kind == -BYE, self.first)
        heard = np.bitwise_or.reduceat(~self.forward, self.first)
        found: np.ndarray = ~heard | (answered & ~acknowledged) | (ended & np.isnan(self.completed))
        congested = ~answered & np.isin(self.cause, tuple(CONGESTION))
        marks: np.ndarray = (found | congested).astype(np.uint8)
        marks[congested & ~found & ~ended] = 4
        return marks

    def last(self) -> np.ndarray:
        """(n,) time of the last message."""
        found: np.ndarray = self.time[self.first + self.size - 1]
        return found

    def lines(self, table: Table, which: np.ndarray) -> Texts:
        """Of calls at these places the lines of the table."""
        start, answer, released = self.start[which], self.answered[which], self.released[which]
        cause, answered = self.cause[which].astype(np.int64), ~np.isnan(answer)
        outcome = ((cause + 1) * 3 + self.side[which]) * 4 + ~np.isnan(released) * 2 + answered
        return table.lines(
            self.protocol,
            self.number[which].astype(np.int64),
            start,
            self.names.some(which),
            np.full(len(which), -1, np.int64),
            _outcomes()[outcome],
            cause,
            self.status[which].astype(np.int64),
            np.fmin(np.fmin(self.alerting[which], answer), released) - start,
            np.where(answered, np.maximum(0.0, released - answer), np.nan),
            self.place[which].astype(np.int64),
        )

    def cells(self, ends: list[Where], which: np.ndarray, dated: bool = False) -> list[tuple[Row, bool]]:
        """Of calls at these places the row of the table, and whether it was answered, without making records."""
        start, answer, released = self.start[which], self.answered[which], self.released[which]
        reached = np.fmin(np.fmin(self.alerting[which], answer), released)
        answered = ~np.isnan(answer)
        talk = np.where(answered, np.maximum(0.0, released - answer), np.nan)
        openings = map(opening_of, self.names.some(which).tolist())
        columns = zip(
            self.number[which].tolist(), clocks(start, dated), openings,
            answered.tolist(), (~np.isnan(released)).tolist(), self.cause[which].tolist(),
            self.status[which].tolist(), self.side[which].tolist(), spans(reached - start), spans(talk),
            self.place[which].tolist(), strict=True,
        )  # fmt: skip
        return [
            (
                (
                    f"sip-{number}", clock, calling or "-", called or "-", "sip",
                    _outcome(talked, over, cause, side), _cause(status, cause), delay, spoken,
                    ends[place].source, ends[place].destination,
                ),
                talked,
            )
            for number, clock, (_, calling, called), talked, over, cause, status, side, delay, spoken, place in columns
        ]  # fmt: skip

    def record(self, index: int, ends: list[Where], brief: bool = False) -> CallRecord:
        """Call `index` as a record; `brief` leaves its messages and formats out."""
        self.complete()
        begin, size = int(self.first[index]), int(self.size[index])
        alerting, progress, answered, released, completed = (
            None if value != value else value
            for value in (
                float(column[index])
                for column in (self.alerting, self.progress, self.answered, self.released, self.completed)
            )
        )
        cause, status, side = int(self.cause[index]), int(self.status[index]), int(self.side[index])
        start = float(self.time[begin])
        reached = [time for time in (alerting, answered, released) if time is not None]
        where = ends[int(self.places[begin])]
        call_id, calling, called = opening_of(self.names[index])
        record = CallRecord(
            protocol="sip",
            id=f"sip-{int(self.number[index])}",
            outcome=_outcome(answered is not None, released is not None, cause, side),
            source=where.source,
            destination=where.destination,
            call_id=call_id,
            calling=calling,
            called=called,
            start=start,
            alerting=alerting,
            progress=progress,
            answered=answered,
            released=released,
            completed=completed,
            released_by=_SIDES[side],
            cause=None if cause < 0 else cause,
            status=None if status < 0 else status,
            post_dial_delay=min(reached) - start if reached else None,
            duration=None if answered is None or released is None else max(0.0, released - answered),
        )
        if brief:
            return record
        rows = slice(begin, begin + size)
        record.messages = self._messages(rows, ends, f"{calling or '-'} to {called}")
        for place in range(*np.searchsorted(self.described, (begin, begin + size)).tolist()):
            if (wish := described(self.bodies[place])) is not None:
                allow(record.formats, wish)
        return record

    def _messages(self, rows: slice, ends: list[Where], opened: str) -> list[CallMessage]:
        messages = []
        refusals = range(*np.searchsorted(self.refused, (rows.start, rows.stop)).tolist())
        phrases = {int(self.refused[place]): self.phrases[place].decode() for place in refusals}
        columns = (self.packet, self.time, self.kind, self.method, self.places, self.forward, self.told)
        values = zip(*(column[rows].tolist() for column in columns), strict=True)
        for row, (packet, time, kind, method, place, forward, told) in enumerate(values, rows.start):
            where = ends[place]
            if kind > 0:
                summary = phrases.get(row)
                summary = METHODS[method] if summary is None else summary
            elif row == rows.start:
                summary = opened
            else:
                summary = f"cause {told}" if kind in (-BYE, -CANCEL) and told >= 0 else ""
            messages.append(
                CallMessage(packet, time, type_name(kind), forward, summary, where.source, where.destination)
            )
        return messages


def block_of(rows: SipRows, which: np.ndarray, offset: np.ndarray, size: np.ndarray) -> SipBlock:
    """The calls whose rows are `which`, one call behind the other, from `offset` on `size` of each."""
    refusals, told = (_told if speed.speedups is None else _compiled_told)(rows, which, offset, size)
    first, phrased = which[offset], which[refusals]
    lines = rows.octets.some(phrased)
    wishes = np.flatnonzero(rows.words.size[which])
    return SipBlock(
        number=rows.number[first],
        start=rows.time[first],
        place=rows.place[first],
        names=rows.opening.some(first),
        first=offset,
        size=size,
        packet=rows.packet[which],
        time=rows.time[which],
        kind=rows.kind[which],
        method=rows.method[which],
        places=rows.place[which],
        told=rows.cause[which],
        refused=refusals,
        phrases=Texts(lines.buffers, lines.of, lines.begin + _PHRASE, lines.begin + rows.line[phrased] - 1),
        described=wishes,
        bodies=rows.words.some(which[wishes]),
        **told,
    )


def _compiled_told(
    rows: SipRows, which: np.ndarray, offset: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, dict[str, Any]]:
    count = len(offset)
    moments, side = np.full((5, count), np.nan), np.empty(count, np.int8)
    cause, status = np.empty(count, np.int16), np.empty(count, np.int16)
    forward, refused = np.empty(len(which), np.bool_), np.empty(len(which), np.int64)
    refusals = speed.speedups.sip_calls(
        which, offset, size, rows.kind, rows.method, rows.tag, rows.cause, rows.retry.view(np.uint8), rows.time,
        _standards(), moments, side, cause, status, forward.view(np.uint8), refused,
    )  # fmt: skip
    told = dict(zip(("alerting", "progress", "answered", "released", "completed"), moments, strict=True))
    told |= {"side": side, "cause": cause, "status": status, "forward": forward}
    return refused[:refusals].copy(), told


def _told(rows: SipRows, which: np.ndarray, offset: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """Which of the messages `which` of calls refused a call, and what they all say, some columns of `SipBlock`."""
    call = np.repeat(np.arange(len(offset)), size)
    kind, method, time, tag = rows.kind[which], rows.method[which], rows.time[which], rows.tag[which]
    index = np.arange(len(kind))
    # The From of a response is that of its request.
    forward = (tag == tag[offset][call]) == (kind < 0)
    answer = (kind > 0) & (method == INVITE) & ~forward

    def first(wanted: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.minimum.reduceat(np.where(wanted, index, _NONE), offset)
        return found

    def moment(at: np.ndarray) -> np.ndarray:
        return np.where(at < _NONE, time[np.minimum(at, len(time) - 1)], np.nan)

    answered = first(answer & (kind >= 200) & (kind < 300))
    refused = answer & (kind >= 300) & (index < answered[call])
    # An INVITE that answers a challenge has the call begin once more.
    counts = index > last_retry(rows.retry[which], offset)[call]
    ending = (kind == -BYE) | (kind == -CANCEL)
    told = rows.cause[which]
    cause = np.where(told >= 0, told, np.where(refused, _standards()[np.maximum(kind, 0)], _NORMAL))
    released = first((ending | refused) & counts)
    over, at = released < _NONE, np.minimum(released, len(time) - 1)
    side = np.where(over, np.where(refused[at] | ~forward[at], _CALLED, _CALLING), _NOBODY).astype(np.int8)
    last = np.maximum.reduceat(np.where(refused & counts, index, -1), offset)
    return np.flatnonzero(refused), {
        "alerting": moment(first(answer & (kind == 180))),
        "progress": moment(first(answer & (kind > 100) & (kind < 200) & (kind != 180))),
        "answered": moment(answered),
        "released": moment(released),
        "completed": moment(first((kind >= 200) & (method == BYE))),
        "side": side,
        "cause": np.where(over, cause[at], -1).astype(np.int16),
        "status": np.where(last >= 0, kind[np.maximum(last, 0)], -1).astype(np.int16),
        "forward": forward,
    }


def last_retry(retry: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """(n,) of calls whose rows begin at `offset` the last INVITE that answers a challenge, -1 where there is none."""
    if not retry.any():
        return np.full(len(offset), -1, np.int64)
    found: np.ndarray = np.maximum.reduceat(np.where(retry, np.arange(len(retry)), -1), offset)
    return found


def releases(rows: SipRows) -> np.ndarray:
    """(n,) rows by which a call may be released."""
    found: np.ndarray = (rows.kind == -BYE) | (rows.kind == -CANCEL) | ((rows.kind >= 300) & (rows.method == INVITE))
    return found


@lru_cache(maxsize=1)
def _standards() -> np.ndarray:
    """The cause of each status from 300 to 999; 0 below."""
    causes = standard_causes()
    return np.array([causes.cause(status) if status >= 300 else 0 for status in range(1000)], np.int16)


def _cause(status: int, cause: int) -> str:
    text = "" if cause < 0 else str(cause)
    return text if status < 0 else f"{status}/{text}"


@lru_cache(maxsize=4096)
def _outcome(answered: bool, released: bool, cause: int, side: int) -> str:
    """How a call of these ended, by the one rule for all calls."""
    record = CallRecord(protocol="sip", id="", outcome="", start=0.0, released_by=_SIDES[side])
    record.cause = None if cause < 0 else cause
    record.answered, record.released = 1.0 if answered else None, 1.0 if released else None
    return outcome(record).value


@lru_cache(maxsize=1)
def _outcomes() -> np.ndarray:
    """How calls ended, places in `OUTCOMES`, by cause, who released them, whether they were released, and answered."""
    codes = [(bool(code & 1), bool(code & 2), code // 12 - 1, code // 4 % 3) for code in range(12 * 129)]
    return np.array([OUTCOMES.index(_outcome(*code)) for code in codes])
