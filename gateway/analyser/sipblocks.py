"""Records of SIP calls that were followed in bulk: columns that become a `CallRecord` when it is asked for."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np

from .attempts import outcome
from .cells import Row, clocks, spans
from .findings import CONGESTION
from .model import CallMessage, CallRecord, Where
from .rules import standard_causes
from .sipbulk import ACK, BYE, CANCEL, INVITE, METHODS, Opening, SipRows, type_name
from .sipwords import allow, described

_NONE: Final = np.iinfo(np.int64).max
_NORMAL: Final = 16
_SIDES: Final = ("", "calling", "called")
_NOBODY, _CALLING, _CALLED = range(3)


@dataclass(slots=True)
class SipBlock:
    """n calls and their m messages one call behind the other; NaN for times that were not reached."""

    protocol: ClassVar[str] = "sip"
    number: Any
    """(n,) of the records, unique in the analysis."""
    openings: list[Opening]
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
    texts: bytes
    """Reason phrases of the responses that refused a call, and bodies with session descriptions, each by the place of
    its message among the m: two dicts, pickled, as the table does not need them."""
    unpacked: tuple[dict[int, str], dict[int, bytes]] | None = None
    """The same, once they are needed."""

    def __len__(self) -> int:
        return len(self.number)

    @property
    def start(self) -> np.ndarray:
        """(n,) time of the INVITE."""
        found: np.ndarray = self.time[self.first]
        return found

    @property
    def called(self) -> list[str]:
        """The n called numbers."""
        return [called for _, _, called in self.openings]

    @property
    def call_ids(self) -> list[str]:
        """The n Call-IDs."""
        return [call_id for call_id, _, _ in self.openings]

    def suspect(self) -> np.ndarray:
        """(n,) calls of which a rule of `findings` may say something, legs and speech aside."""
        answered = ~np.isnan(self.answered)
        acknowledged = np.bitwise_or.reduceat(self.kind == -ACK, self.first)
        ended = np.bitwise_or.reduceat(self.kind == -BYE, self.first)
        heard = np.bitwise_or.reduceat(~self.forward, self.first)
        found: np.ndarray = ~heard | (answered & ~acknowledged) | (ended & np.isnan(self.completed))
        found |= ~answered & np.isin(self.cause, tuple(CONGESTION))
        return found

    def cells(self, ends: list[Where], which: np.ndarray, dated: bool = False) -> list[tuple[Row, bool]]:
        """Of calls at these places the row of the table, and whether it was answered, without making records."""
        start, answer, released = self.start[which], self.answered[which], self.released[which]
        reached = np.fmin(np.fmin(self.alerting[which], answer), released)
        answered = ~np.isnan(answer)
        talk = np.where(answered, np.maximum(0.0, released - answer), np.nan)
        openings = self.openings
        columns = zip(
            self.number[which].tolist(), clocks(start, dated), [openings[index] for index in which.tolist()],
            answered.tolist(), (~np.isnan(released)).tolist(), self.cause[which].tolist(),
            self.status[which].tolist(), self.side[which].tolist(), spans(reached - start), spans(talk),
            self.places[self.first[which]].tolist(), strict=True,
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
        call_id, calling, called = self.openings[index]
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
        if self.unpacked is None:
            # These octets were written by this process, to a file without a name.
            self.unpacked = pickle.loads(self.texts)
        phrases, bodies = self.unpacked
        rows = slice(begin, begin + size)
        record.messages = self._messages(rows, ends, f"{calling or '-'} to {called}", phrases)
        for place in range(begin, begin + size):
            if (body := bodies.get(place)) is not None and (wish := described(body)) is not None:
                allow(record.formats, wish)
        return record

    def _messages(self, rows: slice, ends: list[Where], opened: str, phrases: dict[int, str]) -> list[CallMessage]:
        messages = []
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


def block_of(rows: SipRows, offset: np.ndarray, size: np.ndarray) -> SipBlock:
    """The calls whose rows stand in order behind each other, from `offset` on `size` of each."""
    call = np.repeat(np.arange(len(offset)), size)
    kind, method, time = rows.kind, rows.method, rows.time
    index = np.arange(len(kind))
    # The From of a response is that of its request.
    forward = (rows.tag == rows.tag[offset][call]) == (kind < 0)
    answer = (kind > 0) & (method == INVITE) & ~forward

    def first(wanted: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.minimum.reduceat(np.where(wanted, index, _NONE), offset)
        return found

    def moment(at: np.ndarray) -> np.ndarray:
        return np.where(at < _NONE, time[np.minimum(at, len(time) - 1)], np.nan)

    answered = first(answer & (kind >= 200) & (kind < 300))
    refused = answer & (kind >= 300) & (index < answered[call])
    ending = (kind == -BYE) | (kind == -CANCEL)
    told = rows.cause
    cause = np.where(told >= 0, told, _NORMAL)
    refusals = np.flatnonzero(refused)
    cause[refusals] = [
        heard if heard >= 0 else _standard(status)
        for heard, status in zip(told[refusals].tolist(), kind[refusals].tolist(), strict=True)
    ]
    released = first(ending | refused)
    over, at = released < _NONE, np.minimum(released, len(time) - 1)
    side = np.where(over, np.where(refused[at] | ~forward[at], _CALLED, _CALLING), _NOBODY).astype(np.int8)
    last = np.maximum.reduceat(np.where(refused, index, -1), offset)
    phrases = dict(zip(refusals.tolist(), map(_phrase, rows.octets[refusals].tolist()), strict=True))
    wishes = np.flatnonzero(rows.speech != None)  # noqa: E711
    return SipBlock(
        number=rows.number[offset],
        openings=rows.opening[offset].tolist(),
        alerting=moment(first(answer & (kind == 180))),
        progress=moment(first(answer & (kind > 100) & (kind < 200) & (kind != 180))),
        answered=moment(answered),
        released=moment(released),
        completed=moment(first((kind >= 200) & (method == BYE))),
        side=side,
        cause=np.where(over, cause[at], -1).astype(np.int16),
        status=np.where(last >= 0, kind[np.maximum(last, 0)], -1).astype(np.int16),
        first=offset,
        size=size,
        packet=rows.packet,
        time=time,
        kind=kind,
        method=method,
        places=rows.place,
        forward=forward,
        told=told,
        texts=pickle.dumps((phrases, dict(zip(wishes.tolist(), rows.speech[wishes].tolist(), strict=True))), 5),
    )


def releases(rows: SipRows) -> np.ndarray:
    """(n,) rows by which a call may be released."""
    found: np.ndarray = (rows.kind == -BYE) | (rows.kind == -CANCEL) | ((rows.kind >= 300) & (rows.method == INVITE))
    return found


@lru_cache(maxsize=4096)
def _standard(status: int) -> int:
    return standard_causes().cause(status)


def _phrase(octets: bytes) -> str:
    return octets[12 : octets.index(b"\r\n")].decode()


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
