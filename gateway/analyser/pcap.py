"""Classic pcap files: a header, then records of 16 octets and a packet.

Sources: draft-ietf-opsawg-pcap; byte order and the unit of the fraction come from the magic number.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from io import FileIO
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from tandem.core.errors import DecodeError

from . import speed
from .packets import Batch

CHUNK: Final = 1 << 22
"""Octets read at a time; memory does not grow with the file."""
_PACKETS: Final = 40_000
"""Packets that are enough at a time: of short ones less is read, but no less than a quarter."""
LARGEST: Final = 1 << 18
"""No link type here has packets longer than this: a longer one is a corrupt header."""
MAGICS: Final = {
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
}
"""(byte order, seconds of one unit of the fraction) by the first four octets."""
_HEADER: Final = 24
_RECORD: Final = 16
_RUN: Final = 8
"""Records of one length after which a run of more is looked for."""


def read_pcap(stream: BinaryIO, complain: Callable[[str, int], None]) -> Iterator[Batch]:
    """Packets of a pcap file, a chunk at a time.

    `complain(reason, octets)` hears of a corrupt or cut end, and how many octets are not used because of it.
    DecodeError when the header is none.
    """
    order, unit, link_type = _header(stream)
    yield from _batches(stream, order, unit, link_type, None, complain)


def read_part(stream: BinaryIO, begin: int, end: int, complain: Callable[[str, int], None]) -> Iterator[Batch]:
    """As `read_pcap`, of the records from octet `begin` of the file up to `end` only, as `cuts` gives them."""
    order, unit, link_type = _header(stream)
    stream.seek(begin)
    yield from _batches(stream, order, unit, link_type, end - begin, complain)


def cuts(stream: BinaryIO) -> list[int]:
    """Where in the file records begin, one place for about every `CHUNK` octets, and the end of the file.

    DecodeError when it is no pcap file. Behind a corrupt record there are no more places.
    """
    order, _, _ = _header(stream)
    found = [_HEADER]
    offset, rest = _HEADER, b""
    while chunk := stream.read(CHUNK):
        buffer = rest + chunk
        _, end, bad = _split(buffer, order, 0.0, 0)
        if bad:
            break
        offset, rest = offset + end, buffer[end:]
        if end:
            found.append(offset)
    found[-1:] = [stream.seek(0, 2)]
    return found


def _header(stream: BinaryIO) -> tuple[str, float, int]:
    """Byte order, unit of the fraction and link type."""
    header = stream.read(_HEADER)
    if len(header) < _HEADER or header[:4] not in MAGICS:
        raise DecodeError("this is no pcap file", 0)
    order, unit = MAGICS[header[:4]]
    (link_type,) = struct.unpack_from(order + "I", header, 20)
    return order, unit, link_type & 0xFFFF


def _batches(
    stream: BinaryIO, order: str, unit: float, link_type: int, left: int | None, complain: Callable[[str, int], None]
) -> Iterator[Batch]:
    """`left`: octets to be read; None for all there are."""
    rest = b""
    is_file = isinstance(getattr(stream, "raw", None), FileIO) and stream.seekable()
    most = CHUNK
    while chunk := stream.read(size := most if left is None else min(most, left)):
        left = None if left is None else left - len(chunk)
        buffer = rest + chunk if rest else chunk
        batch, end, bad = _split(buffer, order, unit, link_type)
        if len(batch):
            most = min(CHUNK, max(CHUNK // 4, _PACKETS * (end // len(batch)), 1))
            yield batch
        if bad:
            complain("a record says that it is longer than any packet; what follows it is not read", len(buffer) - end)
            return
        rest = buffer[end:]
        if rest and end and is_file and len(chunk) == size:
            # The rest is read once more, rather than all of the next chunk copied behind it.
            stream.seek(-len(rest), 1)
            left = None if left is None else left + len(rest)
            rest = b""
    if rest:
        complain("the file ends within a packet", len(rest))


def _split(buffer: bytes, order: str, unit: float, link_type: int) -> tuple[Batch, int, bool]:
    """The whole records of a buffer, where the next begins, and whether that one is corrupt."""
    if speed.speedups is None:
        starts, end, bad = _records(buffer, order)
        return _batch(buffer, starts, order, unit, link_type), end, bad
    most = len(buffer) // _RECORD
    start, length, original = (np.empty(most, np.int64) for _ in range(3))
    time = np.empty(most, np.float64)
    count, end, bad = speed.speedups.records(buffer, order == ">", LARGEST, unit, start, length, original, time)
    # What was not needed of the columns goes back at once.
    start, length, original = (column[:count].copy() for column in (start, length, original))
    return Batch(buffer, start, length, original, time[:count].copy(), link_type), end, bad


def _records(buffer: bytes, order: str) -> tuple[npt.NDArray[np.int64], int, bool]:
    """Starts of whole records, where the next begins, and whether that one is corrupt.

    Speech makes long runs of records of one length: these are found at once, what lies between them one by one.
    """
    parts: list[npt.NDArray[np.int64]] = []
    length_of = struct.Struct(order + "I").unpack_from
    starts: list[int] = []
    append = starts.append
    position, last, size = 0, len(buffer) - _RECORD, len(buffer)
    before, same = -1, 0
    while position <= last:
        length = length_of(buffer, position + 8)[0]
        if length > LARGEST:
            return _joined(parts, starts), position, True
        after = position + _RECORD + length
        if after > size:
            break
        append(position)
        position = after
        same = same + 1 if length == before else 0
        before = length
        if same == _RUN:
            run = _run(buffer, order, position, length)
            if len(run):
                parts += [np.array(starts, np.int64), run]
                starts.clear()
                position = int(run[-1]) + _RECORD + length
            same = 0
    return _joined(parts, starts), position, False


def _run(buffer: bytes, order: str, position: int, length: int) -> npt.NDArray[np.int64]:
    """Starts of the records from `position` on that all have `length`."""
    step = _RECORD + length
    most = (len(buffer) - position) // step
    found, window = 0, 64
    while found < most:
        count = min(window, most - found)
        lengths = np.ndarray((count,), order + "u4", buffer=buffer, offset=position + found * step + 8, strides=(step,))
        other = np.flatnonzero(lengths != length)
        if len(other):
            found += int(other[0])
            break
        found, window = found + count, window * 4
    return position + step * np.arange(found, dtype=np.int64)


def _joined(parts: list[npt.NDArray[np.int64]], starts: list[int]) -> npt.NDArray[np.int64]:
    return np.concatenate([*parts, np.array(starts, np.int64)])


def _batch(buffer: bytes, start: npt.NDArray[np.int64], order: str, unit: float, link_type: int) -> Batch:
    octets = np.frombuffer(buffer, np.uint8)
    fields = octets[start[:, None] + np.arange(_RECORD)].view(order + "u4").astype(np.int64)
    return Batch(
        buffer=buffer,
        start=start + _RECORD,
        length=fields[:, 2],
        original=fields[:, 3],
        time=fields[:, 0] + fields[:, 1] * unit,
        link_type=link_type,
    )
