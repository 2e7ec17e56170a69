"""Joins records that are one call on neighbouring hops, as they come."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from . import speed
from .model import CallRecord, Leg
from .packets import grouped
from .records import number_of
from .texts import Texts

WINDOW: Final = 4.0
"""Seconds within which a gateway passes a call on."""
MOST: Final = 200_000
"""Records that others may still be joined to; of more, those that began first are let go."""
_COMPARED: Final = 7
"""Last digits compared: prefixes are taken off and put on at every hop."""
_FEWEST: Final = 3
_ANY_CALL_ID: Final = 3600.0
"""Seconds for which a Call-ID joins."""
_AT_ONCE: Final = 1 << 15
"""Records among which those that share something are looked for at once, at least."""

Link = Callable[[int, int, float, str], None]
"""Hears of two records, by number, that are one call, how sure that is (0 to 1), and why."""


class _Entry(NamedTuple):
    start: float
    number: int
    sip: bool
    protocol: str
    ends: tuple[object, object]
    on_circuit: bool
    calling: str
    call_id: str
    carried: str
    """The numbers of the IAM: that of a circuit, or that in an INVITE of SIP-I."""


class Joiner:
    """Takes records in any order.

    Certain (1.0): the same Call-ID. Nearly so (0.98): within 4 s an IAM on a circuit and one in an INVITE, or in
    two INVITEs, with the same numbers and natures. Likely (0.9): the ends of both numbers agree; (0.6): of the called.
    A hop leads on from where another arrived: the same two ends on the same circuit are never two hops of a call.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._by_number: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._by_call_id: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._count = 0

    def take(self, record: CallRecord) -> None:
        """A record whose numbers are final."""
        sip = record.protocol == "sip"
        on_circuit = record.opc is not None
        ends = (record.opc, record.dpc) if on_circuit else (record.source, record.destination)
        entry = _Entry(
            record.start,
            number_of(record.id),
            sip,
            record.protocol,
            ends,
            on_circuit,
            _end(record.calling),
            record.call_id,
            record.carried or _carried(record),
        )
        if sip:
            same = self._by_call_id[record.call_id]
            for other in same:
                self._link(other.number, entry.number, 1.0, "call-id")
            same.append(entry)
            self._count += 1
        joined: set[int] = set()
        for called in _keys(record):
            self._by_called(called, entry, joined)

    def _by_called(self, called: str, entry: _Entry, joined: set[int]) -> None:
        known = self._by_number[called]
        place = bisect_left(known, (entry.start - WINDOW,))
        while place < len(known) and (other := known[place]).start <= entry.start + WINDOW:
            one, two = (other, entry) if other[:2] < entry[:2] else (entry, other)
            if other.number not in joined and _is_neighbour(one, two):
                joined.add(other.number)
                self._link(one.number, two.number, *_sureness(one, two))
            place += 1
        insort(known, entry)
        self._count += 1

    def forget(self, before: float) -> None:
        """No record that begins before this time will come any more."""
        for table, wait in ((self._by_number, WINDOW), (self._by_call_id, _ANY_CALL_ID)):
            self._trim(table, before - wait)
        while self._count > MOST:
            starts = sorted(entry.start for known in self._by_number.values() for entry in known)
            middle = starts[len(starts) // 2] if starts else before
            self._trim(self._by_number, middle)
            self._trim(self._by_call_id, middle)
            if not starts or middle == starts[0]:
                break

    def _trim(self, table: dict[str, list[_Entry]], before: float) -> None:
        for key in [key for key, known in table.items() if known[0].start < before]:
            kept = [entry for entry in table[key] if entry.start >= before]
            self._count -= len(table[key]) - len(kept)
            if kept:
                table[key] = kept
            else:
                del table[key]


def joints_of(record: CallRecord) -> tuple[int, int, int]:
    """What joins a record whose numbers are final to others.

    Hashes of the digits that are compared of the called number, of that of the IAM in it, and of its Call-ID; 0 where
    there is none.
    """
    called, carried = (_hash(_end(number)) for number in (record.called, record.carried.partition("/")[0]))
    return called, carried, _hash(record.call_id) if record.protocol == "sip" else 0


def joints_of_all(names: Texts) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """The same of n texts of lines, Call-ID of SIP, calling, called number: called numbers and Call-IDs."""
    called, call_ids = np.zeros(len(names), np.uint64), np.zeros(len(names), np.uint64)
    if speed.speedups is None:
        for row, text in enumerate(names.tolist()):
            *before, digits = text.decode().split("\n")
            called[row] = _hash(_end(digits))
            call_ids[row] = _hash(before[0]) if len(before) > 1 else 0
    else:
        small = names.compact()
        speed.speedups.joints(small.buffers[0], small.begin, small.end, _COMPARED, _FEWEST, called, call_ids)
    return called, call_ids


def candidates(records: Iterable[npt.NDArray[np.void]]) -> Iterator[npt.NDArray[np.int64]]:
    """Of all records, in the order of their starts, the numbers of those that a joiner has to look at.

    These share a Call-ID with another one, or the called number within the window. What is given has the columns
    `number`, `start`, `called`, `carried` and `call_id`. As much is remembered as begins within these times.
    """
    called, call_ids = _Sharing(WINDOW), _Sharing(_ANY_CALL_ID)
    for entries in records:
        carried = entries[entries["carried"] > 0]
        numbers = np.concatenate((entries["number"], carried["number"]))
        starts = np.concatenate((entries["start"], carried["start"]))
        keys = np.concatenate((entries["called"], carried["carried"]))
        if len(carried):
            order = np.argsort(starts, kind="stable")
            numbers, starts, keys = numbers[order], starts[order], keys[order]
        yield called.take(numbers, starts, keys)
        yield call_ids.take(entries["number"], entries["start"], entries["call_id"])
    yield called.look()
    yield call_ids.look()


class _Sharing:
    """Finds records that share a key with another one that begins soon before or after."""

    def __init__(self, window: float) -> None:
        """`window`: seconds."""
        self._window = window
        self._known = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.uint64))
        """Numbers, starts and keys of those that others may share with."""
        self._more: list[tuple[np.ndarray, ...]] = []
        self._count = 0

    def take(self, numbers: np.ndarray, starts: np.ndarray, keys: np.ndarray) -> npt.NDArray[np.int64]:
        """Records in the order of their starts, key 0 for none; numbers of those that share, late perhaps."""
        which = np.flatnonzero(keys)
        if len(which):
            self._more.append((numbers[which], starts[which], keys[which]))
            self._count += len(which)
        # What is known is looked through each time: not for a few.
        return self.look() if self._count > max(_AT_ONCE, len(self._known[0])) else np.zeros(0, np.int64)

    def look(self) -> npt.NDArray[np.int64]:
        """Of all that were taken; a joiner may hear of some again."""
        if not self._more:
            return np.zeros(0, np.int64)
        columns = zip(self._known, *self._more, strict=True)
        numbers, starts, keys = (np.concatenate(column) for column in columns)
        self._more, self._count = [], 0
        order = grouped(keys)
        pairs = (np.diff(keys[order]) == 0) & (np.diff(starts[order]) <= self._window)
        kept = np.searchsorted(starts, starts[-1] - self._window)
        self._known = numbers[kept:].copy(), starts[kept:].copy(), keys[kept:].copy()
        found: npt.NDArray[np.int64] = numbers[np.concatenate((order[1:][pairs], order[:-1][pairs]))]
        return found


def _keys(record: CallRecord) -> list[str]:
    """The called numbers, as they are compared, under which others may find a record: that of the IAM in it too."""
    ends = (_end(record.called), _end(record.carried.partition("/")[0]))
    return list(dict.fromkeys(end for end in ends if end))


def _carried(record: CallRecord) -> str:
    if record.protocol != "isup":
        return ""
    return f"{record.called}/{record.called_nature} {record.calling}/{record.calling_nature}"


def _sureness(one: _Entry, other: _Entry) -> tuple[float, str]:
    """How sure two neighbours with the same called number are one call, and why."""
    if one.carried and one.carried == other.carried and (one.sip or other.sip):
        return 0.98, "isup body"
    if one.calling and one.calling == other.calling:
        return 0.9, "numbers and time"
    return 0.6, "called number and time"


def _hash(text: str) -> int:
    if not text:
        return 0
    found = hash(text) if speed.speedups is None else speed.speedups.text_key(text.encode(errors="surrogateescape"))
    return found & 0xFFFFFFFFFFFFFFFF or 1


def join(records: list[CallRecord]) -> None:
    """Fill in `legs` of every record that has others; identities must differ."""
    by_number = {number_of(record.id): record for record in records}

    def link(one: int, other: int, sure: float, why: str) -> None:
        by_number[one].legs.append(Leg(by_number[other].id, sure, why))
        by_number[other].legs.append(Leg(by_number[one].id, sure, why))

    joiner = Joiner(link)
    for record in sorted(records, key=lambda record: record.start):
        joiner.take(record)


def _is_neighbour(one: _Entry, other: _Entry) -> bool:
    if one.sip and other.sip and one.call_id == other.call_id:
        return False  # joined by it already
    if one.protocol != other.protocol:
        return True
    if one.on_circuit:
        return one.ends[1] == other.ends[0] and one.ends[0] != other.ends[1]
    return one.ends != other.ends


def _end(number: str) -> str:
    if not number.isascii() or not number.isdigit():
        number = "".join(sign for sign in number if sign.isdigit())
    return number[-_COMPARED:] if len(number) >= _FEWEST else ""
