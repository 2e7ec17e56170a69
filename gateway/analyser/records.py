"""The records of an analysis, however many: on disk once they are many, nothing of each in memory."""

from __future__ import annotations

import math
import os
import struct
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, Any, Final, TypeVar, overload

import msgspec
import numpy as np

from .blocks import Block, names_of
from .cells import COLUMNS, Row, Table, are_of_days, row_of
from .model import CallRecord, Leg, MediaStream, Where
from .pages import PAGE, Entries, Ints, Pages
from .sipblocks import SipBlock
from .texts import Texts

IN_MEMORY: Final = 32 << 20
"""Octets of records gathered in memory before they go to a temporary file."""
_SMALL: Final = 4096
"""Octets from which a piece is kept as it is, not copied to others."""
_AT_ONCE: Final = 4 * PAGE
"""Lines of the table that are made at once."""
UNPACKED: Final = 24 << 20
"""Octets of blocks that are kept unpacked while records are read: calls of neighbouring batches begin by turns."""
_COLUMNS: Final = [
    ("number", "i8"),
    ("start", "f8"),
    ("last", "f8"),
    ("offset", "i8"),
    ("called", "u8"),
    ("carried", "u8"),
    ("call_id", "u8"),
    ("legs", "i8"),
    ("speech", "i8"),
    ("place", "i4"),
    ("protocol", "u1"),
    ("mark", "u1"),
    ("joined", "u1"),
    ("kept", "u1"),
]
"""What is known of each record, by its number. `offset` and `place`: of a record of a block, -1 less the number of the
block and its place there, of others where it is written and its length. `last`: time of the last message, of those with
marks of `found.OF_MARKS`. `called`, `carried`, `call_id`: what joins it to others, see `legs.Joints`. `legs`, `speech`:
behind the end of the last entry of a chain, 0 where there is none. `kept`: the record was given."""
_LINK: Final = struct.Struct("<qqq")
"""An entry of a chain: the one before, another record and a place in `_reasons`; or an offset and a length."""
_Found = TypeVar("_Found")
_Key = tuple[int, int, int, int, int]
"""Of a record what `_KEY` names."""
_KEY: Final = ("offset", "place", "number", "legs", "speech")
_encode: Final = msgspec.msgpack.Encoder().encode
_record: Final = msgspec.msgpack.Decoder(CallRecord).decode
_stream: Final = msgspec.msgpack.Decoder(MediaStream).decode


def number_of(record_id: str) -> int:
    """The number that an identity ends with; no two records of an analysis share it."""
    return int(record_id.rpartition("-")[2])


class Records(Sequence[CallRecord]):
    """Records in the order in which their calls began; what is read from here is a copy, whole with legs and speech.

    Legs and streams may be given at any time, before their records too. Not to be added to while it is read.
    """

    def __init__(self, ends: list[Where] | None = None) -> None:
        """`ends`: the table that the places of blocks are of."""
        self._ends = [] if ends is None else ends
        self._blocks: list[tuple[type[Block] | type[SipBlock], int, int, int]] = []
        """Kind of each block, offset of its two parts, which follow each other, and the lengths of both."""
        self._unpacked: OrderedDict[int, Block | SipBlock] = OrderedDict()
        self._room = UNPACKED
        self._pages = Pages(_COLUMNS)
        self._count = self._answered = 0
        self._first, self._latest = math.inf, -math.inf
        """Of the starts of all."""
        self._bounds: dict[int, float] | None = None
        """What `_later` gives, until there is one record more."""
        self._written = self._size = 0
        """Octets in the file, and in all."""
        self._pieces: list[bytes] = []
        """What is not in the file, and the offset of each piece."""
        self._offsets: list[int] = []
        self._small = bytearray()
        """What comes behind them, in small pieces."""
        self._file: IO[bytes] | None = None
        self._protocols: list[str] = []
        self._reasons: list[tuple[float, str]] = []

    def add(self, record: CallRecord, suspect: bool = True, joints: tuple[int, int, int] = (0, 0, 0)) -> None:
        """Keep a record that is complete but for its legs and speech.

        `suspect`: something may be wrong with it by itself. `joints`: what joins it to others, as `legs` has it.
        """
        offset, length = self._write(_encode(record))
        number = number_of(record.id)
        row = self._pages.row(number, change=True)
        row["number"], row["start"], row["offset"], row["place"] = number, record.start, offset, length
        row["called"], row["carried"], row["call_id"] = joints
        row["protocol"], row["mark"], row["kept"] = self._protocol(record.protocol), suspect, True
        self._counted(1, record.answered is not None, record.start, record.start)

    def add_block(self, block: Block | SipBlock, called: np.ndarray | int = 0, call_ids: np.ndarray | int = 0) -> None:
        """Keep the calls of a block; `called` and `call_ids` join them to others."""
        if not (count := len(block)):
            return
        start, marks = block.start, block.suspect()
        self._pages.put(
            block.number,
            number=block.number,
            start=start,
            last=block.last(),
            offset=-1 - len(self._blocks),
            place=np.arange(count),
            called=called,
            call_id=call_ids,
            protocol=self._protocol(block.protocol),
            mark=marks,
            kept=True,
        )
        first, rest = block.parts()
        self._blocks.append((type(block), self._write(first)[0], len(first), self._write(rest)[1]))
        answered = count - int(np.count_nonzero(np.isnan(block.answered)))
        self._counted(count, answered, float(start.min()), float(start.max()))

    def _protocol(self, name: str) -> int:
        if name not in self._protocols:
            self._protocols.append(name)
        return self._protocols.index(name)

    def _counted(self, count: int, answered: int, first: float, latest: float) -> None:
        self._bounds = None
        self._count += count
        self._answered += answered
        self._first, self._latest = min(self._first, first), max(self._latest, latest)

    def suspects(self) -> Iterator[tuple[int, CallRecord]]:
        """The records with which something may be wrong, by themselves or with their legs or speech.

        With the place of each among all records; those that `marked` gives are not among them.
        """
        before = 0
        for entries in self._entries():
            which = np.flatnonzero((entries["mark"] == 1) | (entries["legs"] > 0) | (entries["speech"] > 0))
            yield from zip((before + which).tolist(), self._each([entries[which]], self._read), strict=True)
            before += len(entries)

    def marked(self, most: int) -> tuple[Entries, Ints, Counter[int]]:
        """Records with marks of `found.OF_MARKS` that have neither legs nor speech: the first so many of them.

        What is known of each, `number`, `mark` and `last` among it, and its place among all records; and how many there
        are beyond these, by mark.
        """
        found: list[Entries] = []
        places: list[Ints] = []
        more: Counter[int] = Counter()
        before = count = 0
        for entries in self._entries():
            which = np.flatnonzero((entries["mark"] > 1) & (entries["legs"] == 0) & (entries["speech"] == 0))
            kept = which[: most - count]
            if len(kept):
                found.append(entries[kept])
                places.append(before + kept)
            if len(kept) < len(which):
                more.update(entries["mark"][which[len(kept) :]].tolist())
            before, count = before + len(entries), count + len(kept)
        if not found:
            return np.zeros(0, _COLUMNS), np.zeros(0, np.int64), more
        return np.concatenate(found), np.concatenate(places), more

    def joints(self) -> Iterator[Entries]:
        """What is known of all records in order, `number`, `start`, `called`, `carried` and `call_id` among it."""
        return self._entries()

    def may_join(self, numbers: Ints) -> None:
        """Records with these numbers are among those that `joining` gives."""
        self._pages.put(numbers, joined=True)

    def joining(self) -> Iterator[CallRecord]:
        """The records that may be joined to others, in their order, without messages, legs and speech."""
        chosen = (entries[entries["joined"] > 0] for entries in self._entries())
        return self._each(chosen, lambda key: self._bare(key, brief=True))

    def silent(self) -> Iterator[CallRecord]:
        """The SIP calls that have no speech, in order, without legs."""
        if "sip" not in self._protocols:
            return iter(())
        sip = self._protocol("sip")
        chosen = (entries[(entries["protocol"] == sip) & (entries["speech"] == 0)] for entries in self._entries())
        return self._each(chosen, self._bare)

    def link(self, one: int, other: int, sure: float, why: str) -> None:
        """Two records, by number, are legs of one call."""
        reason = (sure, why)
        if reason not in self._reasons:
            self._reasons.append(reason)
        place = self._reasons.index(reason)
        self._chain(one, "legs", other, place)
        self._chain(other, "legs", one, place)

    def attach(self, number: int, stream: MediaStream) -> None:
        """A stream is of the record with `number`."""
        self._chain(number, "speech", *self._write(_encode(stream)))

    def _chain(self, number: int, name: str, one: int, other: int) -> None:
        row = self._pages.row(number, change=True)
        offset, length = self._write(_LINK.pack(int(row[name]), one, other))
        row[name] = offset + length

    def _chained(self, end: int) -> Iterator[tuple[int, int]]:
        """The entries of a chain, the last one first."""
        while end:
            end, one, other = _LINK.unpack(self._octets(end - _LINK.size, _LINK.size))
            yield one, other

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> CallRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[CallRecord]: ...
    def __getitem__(self, index: int | slice) -> CallRecord | list[CallRecord]:
        places = range(self._count)[index]
        if isinstance(places, range):
            found = {place: self._keyed(place) for place in places}
            return [self._read(found[place]) for place in places]
        return self._read(self._keyed(places))

    def _keyed(self, place: int) -> _Key:
        """What `_read` takes of the record at a place among all."""
        for entries in self._entries():
            if place < len(entries):
                return _keys(entries[place : place + 1])[0]
            place -= len(entries)
        raise IndexError(place)

    def __iter__(self) -> Iterator[CallRecord]:
        return self._each(self._entries(), self._read)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def find(self, record_id: str) -> CallRecord | None:
        """The record with an identity."""
        try:
            number = number_of(record_id)
        except ValueError:
            return None
        record = self.numbered(number)
        return record if record is not None and record.id == record_id else None

    def numbered(self, number: int) -> CallRecord | None:
        """The record with a number."""
        if number < 0 or number not in self._pages or not (row := self._pages.row(number))["kept"]:
            return None
        offset, place, found, legs, speech = (int(row[name]) for name in _KEY)
        return self._read((offset, place, found, legs, speech))

    def close(self) -> None:
        """Give the temporary files back."""
        self._pages.close()
        if self._file is not None:
            self._file.close()

    def _write(self, octets: bytes) -> tuple[int, int]:
        offset = self._size
        self._size += len(octets)
        if len(octets) < _SMALL:
            self._small += octets
        else:
            self._gather()
            self._pieces.append(octets)
            self._offsets.append(offset)
        if self._size - self._written > IN_MEMORY:
            self._gather()
            if self._file is None:
                from tempfile import TemporaryFile

                self._file = TemporaryFile()  # noqa: SIM115 - lives as long as this
            for piece in self._pieces:
                self._file.write(piece)
            self._file.flush()
            self._written = self._size
            self._pieces.clear()
            self._offsets.clear()
        return offset, len(octets)

    def _gather(self) -> None:
        """The small pieces are one, and no more are added to it."""
        if self._small:
            self._offsets.append(self._size_of_pieces())
            self._pieces.append(bytes(self._small))
            self._small.clear()

    def _size_of_pieces(self) -> int:
        """Where what follows the pieces begins."""
        return self._offsets[-1] + len(self._pieces[-1]) if self._pieces else self._written

    def _octets(self, offset: int, length: int) -> bytes:
        if offset < self._written:
            assert self._file is not None
            return os.pread(self._file.fileno(), length, offset)
        begin = self._size_of_pieces()
        if offset >= begin:
            return bytes(self._small[offset - begin : offset - begin + length])
        place = bisect_right(self._offsets, offset) - 1
        begin, piece = self._offsets[place], self._pieces[place]
        return piece[offset - begin : offset - begin + length]

    def brief(self) -> Iterator[CallRecord]:
        """All records in order for whoever asks neither for messages nor for legs and speech: these may be left out."""
        return self._each(self._entries(), lambda key: self._bare(key, brief=True))

    def rows(self, most: int | None = None) -> Iterator[tuple[Row, bool]]:
        """The cells of every record in order, or of the first so many, and whether it was answered."""
        dated = self.are_of_days()

        def one(key: _Key) -> tuple[Row, bool]:
            record = self._bare(key)
            return row_of(record, dated), record.answered is not None

        found = self._each(self._entries(), one, lambda block, indices: block.cells(self._ends, indices, dated))
        return islice(found, most)

    def lines(self, table: Table) -> Iterator[str]:
        """The lines of the table for all records in order, many at once; only where `speed` has it."""
        table.show(names_of(where) for where in self._ends)
        for entries in _several(self._entries(), _AT_ONCE, None):
            parts, order = [], []
            for group, offset in _groups(entries):
                if offset < 0:
                    parts.append(self._block(offset).lines(table, entries["place"][group].astype(np.int64)))
                else:
                    rows = (row_of(self._bare(key), table.dated) for key in _keys(entries[group]))
                    parts.append(Texts.made_of(f"{table.line(row)}\n".encode(errors="surrogatepass") for row in rows))
                order.append(group)
            found = Texts.joined(parts).some(np.argsort(np.concatenate(order)))
            yield found.together().decode(errors="surrogatepass").removesuffix("\n")

    def widest(self, most: int) -> list[int]:
        """How wide the cells of the first so many records are, by column; only where `speed` has it."""
        bare = Table([0] * len(COLUMNS), {}, self.are_of_days())
        bare.show(names_of(where) for where in self._ends)
        rows: list[Row] = []
        ends: set[int] = set()
        for entries in _several(self._entries(), most, most):
            for group, offset in _groups(entries):
                if offset < 0:
                    block, which = self._block(offset), entries["place"][group].astype(np.int64)
                    block.lines(bare, which)
                    ends.update(block.place[which].tolist())
                else:
                    rows += (row_of(self._bare(key), bare.dated) for key in _keys(entries[group]))
        names = [names_of(self._ends[place]) for place in ends]
        widths = bare.widest.tolist() + [max((len(name[side]) for name in names), default=0) for side in (0, 1)]
        return [max([width, *(len(row[column]) for row in rows)]) for column, width in enumerate(widths)]

    def answered(self) -> int:
        """How many records are of calls that were answered."""
        return self._answered

    def are_of_days(self) -> bool:
        """Whether the calls began on several days (UTC)."""
        return are_of_days(np.array([self._first, self._latest] if self._count else []))

    def _entries(self) -> Iterator[Entries]:
        """What is known of the records in order, some thousand at a time.

        Numbers are given in the order of the packets, so that those that begin next stand in the next pages. Records
        that a later packet goes before by its time wait in memory, number and start of each.
        """
        bounds = self._later()
        waiting: list[tuple[np.ndarray, Ints]] = []
        for first, page in self._pages:
            kept = page["kept"] > 0
            entries = page if kept.all() else page[kept]
            start, bound = entries["start"], bounds.get(first, math.inf)
            if not waiting and (not len(start) or (start[-1] <= bound and (start[1:] >= start[:-1]).all())):
                if len(entries):
                    yield entries
                continue
            waiting.append((start.copy(), entries["number"].copy()))
            if min(float(starts.min()) for starts, _ in waiting if len(starts)) <= bound:
                starts, numbers = (np.concatenate(column) for column in zip(*waiting, strict=True))
                order = np.lexsort((numbers, starts))
                count = int(np.searchsorted(starts[order], bound, "right"))
                now, later = order[:count], order[count:]
                waiting = [(starts[later], numbers[later])] if len(later) else []
                for begin in range(0, count, PAGE):
                    yield self._pages.get(numbers[now[begin : begin + PAGE]])

    def _later(self) -> dict[int, float]:
        """By the first number of each page the least start in the pages behind it."""
        if self._bounds is None:
            least = []
            for first, page in self._pages:
                kept = page["start"][page["kept"] > 0]
                least.append((first, float(kept.min()) if len(kept) else math.inf))
            self._bounds, after = {}, math.inf
            for first, start in reversed(least):
                self._bounds[first], after = after, min(after, start)
        return self._bounds

    def _each(
        self,
        chosen: Iterable[Entries],
        one: Callable[[_Key], _Found],
        several: Callable[[Block | SipBlock, np.ndarray], list[_Found]] | None = None,
    ) -> Iterator[_Found]:
        """What `one` makes of each record, or `several` of those of a block at once, in order."""
        for run in self._runs(chosen, one, several):
            yield from run

    def _runs(
        self,
        chosen: Iterable[Entries],
        one: Callable[[_Key], _Found],
        several: Callable[[Block | SipBlock, np.ndarray], list[_Found]] | None = None,
    ) -> Iterator[list[_Found]]:
        """The same, in runs.

        Neighbours are of many blocks, which do not all stay unpacked: of a run of them, those of a block go together.
        """
        for entries in chosen:
            if not len(entries):
                continue
            found: list[Any] = [None] * len(entries)
            for group, offset in _groups(entries):
                if several is not None and offset < 0:
                    made = several(self._block(offset), entries["place"][group].astype(np.int64))
                else:
                    made = [one(key) for key in _keys(entries[group])]
                for at, value in zip(group.tolist(), made, strict=True):
                    found[at] = value
            yield found

    def _bare(self, key: _Key, brief: bool = False) -> CallRecord:
        """Without legs and speech."""
        offset, place = key[:2]
        if offset >= 0:
            return _record(self._octets(offset, place))
        return self._block(offset).record(place, self._ends, brief)

    def _block(self, offset: int) -> Block | SipBlock:
        block = self._unpacked.get(offset)
        if block is None:
            kind, begin, first, rest = self._blocks[-1 - offset]
            block = self._unpacked[offset] = kind.made_of(
                self._octets(begin, first), lambda: self._octets(begin + first, rest)
            )
            self._room -= first + rest
            while self._room < 0 and len(self._unpacked) > 1:
                other, _ = self._unpacked.popitem(last=False)
                self._room += sum(self._blocks[-1 - other][2:])
        else:
            self._unpacked.move_to_end(offset)
        return block

    def _read(self, key: _Key) -> CallRecord:
        record = self._bare(key)
        _, _, _, legs, speech = key
        if legs:
            for other, reason in reversed(list(self._chained(legs))):
                row = self._pages.row(other)
                if row["kept"]:
                    name = self._protocols[row["protocol"]]
                    record.legs.append(Leg(f"{name}-{other}", *self._reasons[reason]))
            record.legs.sort(key=lambda leg: number_of(leg.id))
        if speech:
            record.media += [_stream(self._octets(*place)) for place in reversed(list(self._chained(speech)))]
            record.media.sort(key=lambda stream: stream.first)
        return record


def _keys(entries: Entries) -> list[_Key]:
    columns = [entries[name].tolist() for name in _KEY]
    return list(zip(*columns, strict=True))


def _groups(entries: Entries) -> Iterator[tuple[Ints, int]]:
    """The places of records that are in the same block, and its offset; all that are in none together, with 0."""
    offsets = np.minimum(entries["offset"], 0)
    order = np.argsort(offsets, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(offsets[order])) + 1):
        yield group, int(offsets[group[0]])


def _several(entries: Iterable[Entries], count: int, most: int | None) -> Iterator[Entries]:
    """The same, so many or more at a time, and `most` in all."""
    gathered: list[Entries] = []
    size = 0
    for some in entries:
        kept = some if most is None else some[:most]
        most = None if most is None else most - len(kept)
        gathered.append(kept)
        size += len(kept)
        if size >= count or most == 0:
            yield np.concatenate(gathered)
            gathered, size = [], 0
        if most == 0:
            return
    if size:
        yield np.concatenate(gathered)
