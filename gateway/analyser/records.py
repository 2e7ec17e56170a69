"""All call records of an analysis, however many: on disk once they are many, a few octets of each in memory."""

from __future__ import annotations

import os
import pickle
import tempfile
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Final, TypeVar, overload

import msgspec
import numpy as np

from .blocks import Block, names_of
from .cells import Row, Table, are_of_days, row_of
from .model import CallRecord, Leg, MediaStream, Where
from .packets import among
from .sipblocks import SipBlock

IN_MEMORY: Final = 16 << 20
"""Octets of records gathered in memory before they go to a temporary file."""
BLOCKS: Final = 16
"""Blocks that are kept unpacked while records are read: calls of neighbouring batches begin by turns."""
_RUN: Final = 4096
"""Records that are made ready at once."""
_Found = TypeVar("_Found")
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
        self._blocks: list[tuple[int, int]] = []
        """Offset and length of each block."""
        self._unpacked: OrderedDict[int, Block | SipBlock] = OrderedDict()
        self._suspect = array("B")
        self._last: list[tuple[np.ndarray, np.ndarray]] = []
        """Places of records with marks of `found.OF_MARKS`, and the times of their last messages."""
        self._talked = array("B")
        self._tail = bytearray()
        self._file: IO[bytes] | None = None
        self._written = 0
        self._start = array("d")
        self._number = array("q")
        self._offset = array("q")
        """Of a record of a block: -1 less the number of the block; `_length` is then its place there."""
        self._length = array("q")
        self._protocol = array("B")
        self._protocols: list[str] = []
        self._reasons: list[tuple[float, str]] = []
        self._legs = array("q")
        """Three numbers a leg: record, other record, place in `_reasons`."""
        self._speech = array("q")
        """Three numbers a stream: record, offset, length."""
        self._order: np.ndarray | None = None
        self._found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        """Numbers of tables in order, and where they stand, once somebody looks for one."""

    def add(self, record: CallRecord, suspect: bool = True) -> None:
        """Keep a record that is complete but for its legs and speech.

        `suspect`: something may be wrong with it by itself.
        """
        self._suspect.append(suspect)
        self._talked.append(record.answered is not None)
        if record.protocol not in self._protocols:
            self._protocols.append(record.protocol)
        self._protocol.append(self._protocols.index(record.protocol))
        self._start.append(record.start)
        self._number.append(number_of(record.id))
        offset, length = self._write(_encode(record))
        self._offset.append(offset)
        self._length.append(length)
        self._order = None

    def add_block(self, block: Block | SipBlock) -> None:
        """Keep the calls of a block."""
        count = len(block)
        if block.protocol not in self._protocols:
            self._protocols.append(block.protocol)
        self._talked.frombytes((~np.isnan(block.answered)).astype(np.uint8).tobytes())
        marks = block.suspect()
        if len(several := np.flatnonzero(marks > 1)):
            self._last.append((len(self._suspect) + several, block.last()[several]))
        self._suspect.frombytes(marks.tobytes())
        self._protocol.frombytes(bytes((self._protocols.index(block.protocol),)) * count)
        self._start.frombytes(block.start.astype(np.float64).tobytes())
        self._number.frombytes(block.number.astype(np.int64).tobytes())
        self._offset.frombytes(np.full(count, -1 - len(self._blocks), np.int64).tobytes())
        self._length.frombytes(np.arange(count, dtype=np.int64).tobytes())
        self._blocks.append(self._write(pickle.dumps(block, 5)))
        self._order = None

    def suspects(self) -> Iterator[tuple[int, CallRecord]]:
        """The records with which something may be wrong, by themselves or with their legs or speech.

        With the place of each among all records; those that `marked` gives are not among them.
        """
        order = self._all()
        marks = np.frombuffer(self._suspect, np.uint8)[order]
        which = np.flatnonzero((marks == 1) | self._joined()[order])
        return zip(which.tolist(), self._each(order[which], self._read), strict=True)

    def marked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Records with marks of `found.OF_MARKS` that have neither legs nor speech.

        The place of each among all records, its mark, and the time of its last message.
        """
        order, last = self._all(), np.zeros(len(self))
        for places, times in self._last:
            last[places] = times
        marks = np.frombuffer(self._suspect, np.uint8)[order]
        which = np.flatnonzero((marks > 1) & ~self._joined()[order])
        return which, marks[which], last[order[which]]

    def _joined(self) -> np.ndarray:
        """(n,) which records have legs or speech."""
        found = np.zeros(len(self), np.bool_)
        for table in (self._legs, self._speech):
            if table:
                found |= among(np.array(self._number, np.int64), np.array(table, np.int64)[::3])
        return found

    def numbered(self, numbers: np.ndarray) -> Iterator[CallRecord]:
        """Records with one of these numbers, in their order, without messages, legs and speech."""
        order = self._all()
        wanted = among(np.array(self._number, np.int64), numbers)
        return self._each(order[wanted[order]], lambda place: self._bare(place, brief=True))

    def link(self, one: int, other: int, sure: float, why: str) -> None:
        """Two records, by number, are legs of one call."""
        reason = (sure, why)
        if reason not in self._reasons:
            self._reasons.append(reason)
        place = self._reasons.index(reason)
        self._legs.extend((one, other, place, other, one, place))
        self._order = None

    def attach(self, number: int, stream: MediaStream) -> None:
        """A stream is of the record with `number`."""
        self._speech.extend((number, *self._write(_encode(stream))))
        self._order = None

    def __len__(self) -> int:
        return len(self._start)

    @overload
    def __getitem__(self, index: int) -> CallRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[CallRecord]: ...
    def __getitem__(self, index: int | slice) -> CallRecord | list[CallRecord]:
        order = self._all()
        if isinstance(index, slice):
            return [self._read(place) for place in order[index].tolist()]
        return self._read(int(order[index]))

    def __iter__(self) -> Iterator[CallRecord]:
        return self._each(self._all(), self._read)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def find(self, record_id: str) -> CallRecord | None:
        """The record with an identity."""
        self._sort()
        try:
            number = number_of(record_id)
        except ValueError:
            return None
        places = self._matching("number", number)
        record = self._read(int(places[0])) if len(places) else None
        return record if record is not None and record.id == record_id else None

    def close(self) -> None:
        """Give the temporary file back."""
        if self._file is not None:
            self._file.close()

    def _write(self, octets: bytes) -> tuple[int, int]:
        offset = self._written + len(self._tail)
        self._tail += octets
        if len(self._tail) > IN_MEMORY:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
            self._file.write(self._tail)
            self._file.flush()
            self._written += len(self._tail)
            self._tail.clear()
        return offset, len(octets)

    def _octets(self, offset: int, length: int) -> bytes:
        if offset >= self._written:
            return bytes(self._tail[offset - self._written : offset - self._written + length])
        assert self._file is not None
        return os.pread(self._file.fileno(), length, offset)

    def _sort(self) -> None:
        if self._order is not None:
            return
        self._order = np.lexsort((np.frombuffer(self._number, np.int64), np.frombuffer(self._start, np.float64)))
        self._found.clear()

    def _matching(self, name: str, number: int) -> np.ndarray:
        """Places in a table whose record number is `number`, in the order in which they came."""
        if name not in self._found:
            column = np.array({"number": self._number, "legs": self._legs[::3], "speech": self._speech[::3]}[name])
            order = np.argsort(column, kind="stable")
            self._found[name] = column[order], order
        ordered, order = self._found[name]
        first, last = np.searchsorted(ordered, [number, number + 1])
        return order[first:last]

    def brief(self) -> Iterator[CallRecord]:
        """All records in order for whoever asks neither for messages nor for legs and speech: these may be left out."""
        return self._each(self._all(), lambda place: self._bare(place, brief=True))

    def rows(self, most: int | None = None) -> Iterator[tuple[Row, bool]]:
        """The cells of every record in order, or of the first so many, and whether it was answered."""
        dated = self.are_of_days()

        def one(place: int) -> tuple[Row, bool]:
            record = self._bare(place)
            return row_of(record, dated), record.answered is not None

        return self._each(self._all()[:most], one, lambda block, indices: block.cells(self._ends, indices, dated))

    def lines(self, table: Table) -> Iterator[str]:
        """The lines of the table for all records in order, many at once; only where `speed` has it."""
        table.show(names_of(where) for where in self._ends)

        def one(place: int) -> str:
            return table.line(row_of(self._bare(place), table.dated))

        def several(block: Block | SipBlock, indices: np.ndarray) -> list[str]:
            return block.lines(table, indices)

        for run in self._runs(self._all(), one, several):
            yield "\n".join(run)

    def answered(self) -> int:
        """How many records are of calls that were answered."""
        return sum(self._talked)

    def are_of_days(self) -> bool:
        """Whether the calls began on several days (UTC)."""
        return are_of_days(np.array(self._start))

    def _all(self) -> np.ndarray:
        self._sort()
        assert self._order is not None
        return self._order

    def _each(
        self,
        places: np.ndarray,
        one: Callable[[int], _Found],
        several: Callable[[Block | SipBlock, np.ndarray], list[_Found]] | None = None,
    ) -> Iterator[_Found]:
        """What `one` makes of each place, or `several` of those of a block at once, in order."""
        for run in self._runs(places, one, several):
            yield from run

    def _runs(
        self,
        places: np.ndarray,
        one: Callable[[int], _Found],
        several: Callable[[Block | SipBlock, np.ndarray], list[_Found]] | None = None,
    ) -> Iterator[list[_Found]]:
        """The same, in runs.

        Neighbours are of many blocks, which do not all stay unpacked: of a run of places, those of a block go together.
        """
        offsets, lengths = np.frombuffer(self._offset, np.int64), np.frombuffer(self._length, np.int64)
        for first in range(0, len(places), _RUN):
            run = places[first : first + _RUN]
            by_block = np.argsort(offsets[run], kind="stable")
            offset = offsets[run[by_block]]
            found: list[Any] = [None] * len(run)
            for group in np.split(by_block, np.flatnonzero(np.diff(offset)) + 1):
                where = run[group]
                if several is not None and offsets[where[0]] < 0:
                    made = several(self._block(int(offsets[where[0]])), lengths[where])
                else:
                    made = [one(place) for place in where.tolist()]
                for at, value in zip(group.tolist(), made, strict=True):
                    found[at] = value
            yield found

    def _bare(self, place: int, brief: bool = False) -> CallRecord:
        """Without legs and speech."""
        offset, length = self._offset[place], self._length[place]
        if offset >= 0:
            return _record(self._octets(offset, length))
        return self._block(offset).record(length, self._ends, brief)

    def _block(self, offset: int) -> Block | SipBlock:
        block = self._unpacked.get(offset)
        if block is None:
            # These octets were written by this process, to a file without a name.
            block = self._unpacked[offset] = pickle.loads(self._octets(*self._blocks[-1 - offset]))
            if len(self._unpacked) > BLOCKS:
                self._unpacked.popitem(last=False)
        else:
            self._unpacked.move_to_end(offset)
        return block

    def _read(self, place: int) -> CallRecord:
        record = self._bare(place)
        number = self._number[place]
        if self._legs:
            for leg in self._matching("legs", number).tolist():
                other, reason = self._legs[3 * leg + 1 : 3 * leg + 3]
                of = self._matching("number", other)
                if len(of):
                    name = self._protocols[self._protocol[int(of[0])]]
                    record.legs.append(Leg(f"{name}-{other}", *self._reasons[reason]))
            record.legs.sort(key=lambda leg: number_of(leg.id))
        if self._speech:
            for entry in self._matching("speech", number).tolist():
                record.media.append(_stream(self._octets(*self._speech[3 * entry + 1 : 3 * entry + 3])))
            record.media.sort(key=lambda stream: stream.first)
        return record
