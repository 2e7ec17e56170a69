"""All call records of an analysis, however many: on disk once they are many, a few octets of each in memory."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from typing import IO, Final, overload

import msgspec
import numpy as np

from .model import CallRecord, Leg, MediaStream

IN_MEMORY: Final = 16 << 20
"""Octets of records gathered in memory before they go to a temporary file."""
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

    def __init__(self) -> None:
        self._tail = bytearray()
        self._file: IO[bytes] | None = None
        self._written = 0
        self._start = array("d")
        self._number = array("q")
        self._offset = array("q")
        self._length = array("q")
        self._protocol = array("B")
        self._protocols: list[str] = []
        self._reasons: list[tuple[float, str]] = []
        self._legs = array("q")
        """Three numbers a leg: record, other record, place in `_reasons`."""
        self._speech = array("q")
        """Three numbers a stream: record, offset, length."""
        self._order: np.ndarray | None = None
        self._found: dict[str, np.ndarray] = {}

    def add(self, record: CallRecord) -> None:
        """Keep a record that is complete but for its legs and speech."""
        if record.protocol not in self._protocols:
            self._protocols.append(record.protocol)
        self._protocol.append(self._protocols.index(record.protocol))
        self._start.append(record.start)
        self._number.append(number_of(record.id))
        offset, length = self._write(_encode(record))
        self._offset.append(offset)
        self._length.append(length)
        self._order = None

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
        self._sort()
        assert self._order is not None
        if isinstance(index, slice):
            return [self._read(place) for place in self._order[index].tolist()]
        return self._read(int(self._order[index]))

    def __iter__(self) -> Iterator[CallRecord]:
        self._sort()
        assert self._order is not None
        for place in self._order.tolist():
            yield self._read(place)

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
        number = np.array(self._number, np.int64)
        self._order = np.lexsort((number, np.array(self._start, np.float64)))
        for name, column in (
            ("number", number),
            ("legs", np.array(self._legs)[::3]),
            ("speech", np.array(self._speech)[::3]),
        ):
            order = np.argsort(column, kind="stable")
            self._found[name], self._found[f"{name} order"] = column[order], order

    def _matching(self, name: str, number: int) -> np.ndarray:
        """Places in a table whose record number is `number`, in the order in which they came."""
        ordered = self._found[name]
        first, last = np.searchsorted(ordered, [number, number + 1])
        return self._found[f"{name} order"][first:last]

    def _read(self, place: int) -> CallRecord:
        record = _record(self._octets(self._offset[place], self._length[place]))
        number = self._number[place]
        if self._legs:
            for leg in self._matching("legs", number).tolist():
                other, reason = self._legs[3 * leg + 1 : 3 * leg + 3]
                of = self._matching("number", other)
                if len(of):
                    name = self._protocols[self._protocol[int(of[0])]]
                    record.legs.append(Leg(f"{name}-{other}", *self._reasons[reason]))
        if self._speech:
            for entry in self._matching("speech", number).tolist():
                record.media.append(_stream(self._octets(*self._speech[3 * entry + 1 : 3 * entry + 3])))
            record.media.sort(key=lambda stream: stream.first)
        return record
