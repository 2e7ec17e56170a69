"""Calls of ISUP that went as most do, followed in bulk: IAM, ACM, CPG, ANM, REL, RLC in an order that Q.764 has.

Whatever else happens on a circuit (a reset, a repeated message, more digits, a dual seizure, blocking, another variant)
hands all its messages to `CircuitTracker`, which follows calls one by one; so does the end of the capture. Either way a
record is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from tandem.ss7.isup.codes import MessageType

from . import speed
from .attempts import COPY, MOST_MESSAGES, MOST_OPEN
from .blocks import Block
from .circuits import PATIENCE
from .model import Message, Protocol, Where
from .packets import among, groups, starts
from .quick import initial_addresses
from .rows import Ints, Rows
from .texts import Texts

_START, _IAM, _ACM, _CPG, _ANM, _REL, _RLC, _OTHER = range(8)
_STAGE: Final = np.full(256, _OTHER, np.int8)
for _kind, _stage in (
    (MessageType.IAM, _IAM),
    (MessageType.ACM, _ACM),
    (MessageType.CPG, _CPG),
    (MessageType.ANM, _ANM),
    (MessageType.CON, _ANM),
    (MessageType.REL, _REL),
    (MessageType.RLC, _RLC),
):
    _STAGE[_kind] = _stage
_LEGAL: Final = np.zeros((8, 8), np.bool_)
for _before, _after in {
    _START: (_IAM,),
    _IAM: (_ACM, _ANM, _REL),
    _ACM: (_CPG, _ANM, _REL),
    _CPG: (_CPG, _ANM, _REL),
    _ANM: (_REL,),
    _REL: (_RLC,),
    _RLC: (_IAM,),
}.items():
    _LEGAL[_before, list(_after)] = True
_NONE: Final = np.iinfo(np.int64).max


@dataclass(slots=True)
class _Over:
    """Calls that are over: of each the rows `order[start:stop]`, and what `Addresses` has of it."""

    order: Ints
    start: Ints
    stop: Ints
    names: Texts
    natures: np.ndarray

    @classmethod
    def none(cls) -> Self:
        """No calls."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing, Texts.made_of(()), np.zeros((0, 2), np.int16))


class PlainCalls:
    """Takes rows batch by batch; gives blocks of calls that are over, and messages for others to follow."""

    def __init__(
        self,
        ends: list[Where],
        done: Callable[[Block], None],
        followed: Callable[[], Iterable[tuple[str, int, int, int]]],
    ) -> None:
        """`followed` tells the circuits on which others follow an attempt: protocol, both point codes, CIC."""
        self._ends = ends
        self._done = done
        self._followed = followed
        self._waiting = Rows.none()
        self._all = Rows.none()
        """Rows of this batch behind those that waited, while it is worked on."""
        self._left = np.zeros(0, np.int64)
        self._over = _Over.none()

    def __len__(self) -> int:
        """Attempts under way."""
        return int(np.count_nonzero(self._waiting.kind == MessageType.IAM))

    def begin(self, rows: Rows) -> Ints:
        """The packets in which attempts of `rows` begin, which `Numbering` is to expect before `take`."""
        begins = rows.kind == MessageType.IAM
        rows.number[begins] = -1 - np.arange(np.count_nonzero(begins))
        packets: Ints = rows.packet[begins]
        return packets

    def take(self, rows: Rows, messages: list[Message]) -> list[Message]:
        """The messages to be followed one by one, in order: `messages` of the same batch, and rows that are not plain.

        `settle` must follow once these were taken.
        """
        if not len(rows) and not len(self._waiting):
            return messages
        found = self._all = Rows.joined([self._waiting, rows])
        order, _, ends = groups(found.key)
        odd = among(found.key, self._others(messages, rows))
        spoilt, start, stop, names, natures = self._whole(found, order, ends, odd)
        self._over = _Over(order, start, stop, names, natures)
        edges = np.zeros(len(order) + 1, np.int8)
        edges[start] += 1
        edges[stop] -= 1
        left = ~spoilt
        left[order[np.cumsum(edges[:-1], dtype=np.int8) > 0]] = False
        self._left = np.flatnonzero(left)
        others = found.messages(np.flatnonzero(spoilt), self._ends)
        if len(self._left) > MOST_OPEN * 2:
            # Bounded: whoever follows one by one gives up those idle longest.
            others += found.messages(self._left, self._ends)
            self._left = self._left[:0]
        if not others:
            return messages
        return sorted([*others, *messages], key=lambda message: message.packet)

    def _whole(
        self, found: Rows, order: Ints, ends: Ints, odd: np.ndarray
    ) -> tuple[np.ndarray, Ints, Ints, Texts, np.ndarray]:
        """Calls that are over: which rows are spoilt, and of each call where in `order` it begins and ends.

        And what `initial_addresses` has of them: a call whose IAM it cannot read spoils its circuit. `odd` are rows of
        circuits that are known to be spoilt.
        """
        while True:
            spoilt, start, stop = (_calls if speed.speedups is None else _compiled_calls)(found, order, ends, odd)
            names, natures = initial_addresses(found.octets.some(order[start]))
            unread = natures[:, 1] < 0
            if not unread.any():
                return spoilt, start, stop, names, natures
            odd[order[start[unread]]] = True

    def settle(self, numbers: np.ndarray) -> None:
        """The batch is done: give out calls that are over; `numbers` are those of the packets of `begin`."""
        found, over = self._all, self._over
        expected = found.number < 0
        found.number[expected] = numbers[-1 - found.number[expected]]
        if len(over.start):
            self._done(_block(found, over))
        if len(found):
            self._waiting, self._all, self._over = found.some(self._left).lean(), Rows.none(), _Over.none()

    def expire(self, now: float) -> list[Message]:
        """What was released and then not completed for long, to be followed by others from here on."""
        rows = self._waiting
        releases = (rows.kind == MessageType.REL) & (now - rows.time >= PATIENCE)
        return self._give(among(rows.key, rows.key[releases])) if releases.any() else []

    def rest(self) -> list[Message]:
        """Give out everything that is under way: the capture ends here. The messages are for others to follow."""
        rows = self._waiting
        order = np.argsort(rows.key, kind="stable")
        # What a circuit still has is one call.
        start = np.flatnonzero(rows.kind[order] == MessageType.IAM)
        names, natures = initial_addresses(rows.octets.some(order[start]))
        read = np.flatnonzero(natures[:, 1] >= 0)
        stop = np.append(start[1:], len(order))
        if len(read):
            self._done(_block(rows, _Over(order, start[read], stop[read], names.some(read), natures[read])))
        unread = np.ones(len(order), np.bool_)
        for first, last in zip(start[read].tolist(), stop[read].tolist(), strict=True):
            unread[order[first:last]] = False
        return self._give(unread)

    def _give(self, which: np.ndarray) -> list[Message]:
        rows = self._waiting
        self._waiting = rows.some(np.flatnonzero(~which))
        return rows.messages(np.flatnonzero(which), self._ends)

    def _others(self, messages: list[Message], rows: Rows) -> np.ndarray:
        """Circuits on which something happens that is not in rows, or that others follow."""
        keys = [_packed(low, high, cic) for protocol, low, high, cic in self._followed() if protocol == "isup"]
        for message in messages:
            if message.protocol is Protocol.ISUP:
                keys += _touched(message.octets, message.type, message.where.opc or 0, message.where.dpc or 0)
        for index in np.flatnonzero(rows.kind == MessageType.GRS).tolist():
            where = self._ends[int(rows.place[index])]
            keys += _touched(rows.octets[index], "GRS", where.opc or 0, where.dpc or 0)
        return np.array(keys, np.uint64)


def _compiled_calls(found: Rows, order: Ints, ends: Ints, odd: np.ndarray) -> tuple[np.ndarray, Ints, Ints]:
    state = np.empty(len(order), np.bool_)
    start, stop = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    count = speed.speedups.calls(
        order, ends, found.kind, found.time, found.cause, odd.view(np.uint8), _STAGE, _LEGAL.view(np.uint8), COPY,
        MOST_MESSAGES, state.view(np.uint8), start, stop,
    )  # fmt: skip
    return state, start[:count].copy(), stop[:count].copy()


def _calls(found: Rows, order: Ints, ends: Ints, odd: np.ndarray) -> tuple[np.ndarray, Ints, Ints]:
    """Which rows are spoilt, and where in `order` whole calls on other circuits begin and end."""
    stage, time = _STAGE[found.kind[order]], found.time[order]
    first = np.zeros(len(order), np.bool_)
    first[starts(ends)] = True
    before = np.where(first, np.int8(_START), np.concatenate(([0], stage[:-1])).astype(np.int8)[: len(stage)])
    bad = ~_LEGAL[before, stage] | odd[order]
    bad |= (stage == _REL) & (found.cause[order] < 0)
    # What comes again so soon may be a copy by a second probe.
    bad |= (stage == _CPG) & (before == _CPG) & (np.diff(time, prepend=0.0) < COPY)
    circuit, call = np.cumsum(first) - 1, np.cumsum(stage == _IAM) - 1
    start = np.flatnonzero(stage == _IAM)
    stop = _ends(start, circuit, call)
    bad[start[stop - start > MOST_MESSAGES]] = True
    spoilt = _any(bad, circuit)
    # A call ends with RLC; only of whole calls are the numbers read.
    whole = ~spoilt[start] & (stage[np.maximum(stop - 1, 0)] == _RLC)
    by_row = np.empty(len(order), np.bool_)
    by_row[order] = spoilt
    return by_row, start[whole], stop[whole]


def _block(found: Rows, over: _Over) -> Block:
    size = over.stop - over.start
    offset = np.cumsum(size) - size
    which = over.order[np.repeat(over.start - offset, size) + np.arange(int(size.sum()))]
    iam = which[offset]
    told = (_told if speed.speedups is None else _compiled_told)(found, which, offset, size)
    return Block(
        number=found.number[iam],
        place=found.place[iam],
        start=found.time[iam],
        cic=(found.key[iam] & np.uint64(0xFFFF)).astype(np.int32),
        names=over.names,
        natures=over.natures,
        first=offset,
        size=size,
        packet=found.packet[which],
        time=found.time[which],
        kind=found.kind[which],
        places=found.place[which],
        rung=found.alerting[which],
        **told,
    )


def _compiled_told(found: Rows, which: Ints, offset: Ints, size: Ints) -> dict[str, Any]:
    count = len(offset)
    moments = np.full((5, count), np.nan)
    flags = by_calling, odd, forward = [np.empty(long, np.bool_) for long in (count, count, len(which))]
    cause, location = np.empty(count, np.int16), np.empty(count, np.int8)
    speed.speedups.circuit_calls(
        which, offset, size, found.kind, _STAGE, found.time, found.alerting.view(np.uint8), found.opc, found.cause,
        found.location, moments, by_calling.view(np.uint8), cause, location, odd.view(np.uint8), forward.view(np.uint8),
    )  # fmt: skip
    return {
        **dict(zip(("alerting", "progress", "answered", "released", "completed"), moments, strict=True)),
        **dict(zip(("by_calling", "odd", "forward"), flags, strict=True)),
        "cause": cause,
        "location": location,
    }


def _told(found: Rows, which: Ints, offset: Ints, size: Ints) -> dict[str, Any]:
    """What the messages `which` of calls say, some columns of `Block`."""
    stage, time = _STAGE[found.kind[which]], found.time[which]
    alerting = found.alerting[which]
    backward = (stage == _ACM) | (stage == _CPG)

    def first(wanted: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.minimum.reduceat(np.where(wanted, np.arange(len(which)), _NONE), offset)
        return found

    def moment(wanted: np.ndarray) -> np.ndarray:
        """Time of the first row of each call that is wanted, NaN where none is."""
        at = first(wanted)
        return np.where(at < _NONE, time[np.minimum(at, len(time) - 1)], np.nan)

    forward = found.opc[which] == np.repeat(found.opc[which[offset]], size)
    release = first(stage == _REL)
    is_released, release = release < _NONE, np.minimum(release, len(time) - 1)
    return {
        "alerting": moment(backward & alerting),
        "progress": moment(backward & ~alerting),
        "answered": moment(stage == _ANM),
        "released": np.where(is_released, time[release], np.nan),
        "completed": moment(stage == _RLC),
        "by_calling": forward[release] & is_released,
        "cause": np.where(is_released, found.cause[which[release]], -1).astype(np.int16),
        "location": np.where(is_released, found.location[which[release]], 0).astype(np.int8),
        "odd": np.bitwise_or.reduceat(forward & (backward | (stage == _ANM)), offset),
        "forward": forward,
    }


def _any(flags: np.ndarray, group: Ints) -> np.ndarray:
    """For every row whether a row of its group, which are numbered from 0 on, has the flag."""
    count = int(group[-1]) + 1 if len(group) else 0
    found: np.ndarray = (np.bincount(group[flags], minlength=count) > 0)[group]
    return found


def _ends(start: Ints, circuit: Ints, call: Ints) -> Ints:
    """Where the rows of the calls end that begin at `start`: at the next IAM, or the next circuit."""
    edges = np.flatnonzero(np.diff(call, append=-1) | np.diff(circuit, append=-1)) + 1
    return edges[np.searchsorted(edges, start, side="right")]


def _packed(low: int, high: int, cic: int) -> int:
    """`key_of` of one circuit."""
    return (low << 40 ^ high << 16 ^ cic) & 0xFFFFFFFFFFFFFFFF


def _touched(octets: bytes, kind: str, opc: int, dpc: int) -> list[int]:
    """The circuits that a message is about; those of a reset are a range (Q.763 3.43)."""
    cic = (octets[0] | octets[1] << 8) & 0xFFF
    last = cic + 1 + (octets[5] if kind == "GRS" and len(octets) > 5 else 0)
    low, high = min(opc, dpc), max(opc, dpc)
    return [_packed(low, high, number) for number in range(cic, last)]
