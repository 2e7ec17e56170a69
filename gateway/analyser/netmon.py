"""Microsoft Network Monitor 2 captures: a header that points to a table of frames.

Source: Microsoft Network Monitor capture file format, version 2.0 and 2.1 (header of 128 octets, frame table of
32-bit offsets, frame header of 16 octets with microseconds since the start and both lengths).
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable
from typing import BinaryIO, Final

import numpy as np

from tandem.core.errors import DecodeError

from .packets import Batch

MAGIC: Final = b"GMBU"
MOST: Final = 1 << 30
"""Octets of a file that is read: the table is at its end, so it must be in memory whole."""
_HEADER: Final = 32
_FRAME: Final = 16
_MEDIA: Final = {1: 1, 2: 6, 3: 10, 6: 105, 8: 12}
"""Link type by the media type of the header: Ethernet, token ring, FDDI, 802.11, raw IP."""


def read_netmon(stream: BinaryIO, complain: Callable[[str, int], None]) -> Batch:
    """All packets; DecodeError when the header is none or the file is too large."""
    data = stream.read(MOST + 1)
    if len(data) < _HEADER or data[:4] != MAGIC:
        raise DecodeError("this is no Network Monitor file", 0)
    if len(data) > MOST:
        raise DecodeError(f"Network Monitor files of more than {MOST >> 20} MB are not read; convert it to pcapng")
    _, major, media = struct.unpack_from("<BBH", data, 4)
    if major != 2 or media not in _MEDIA:
        raise DecodeError(f"Network Monitor version {major}, media type {media} is not known; convert it to pcapng", 4)
    year, month, _, day, hour, minute, second, milli = struct.unpack_from("<8H", data, 8)
    table, size = struct.unpack_from("<II", data, 24)
    try:
        began = datetime.datetime(year, month, day, hour, minute, second, milli * 1000, datetime.UTC).timestamp()
    except ValueError as error:
        raise DecodeError(f"the time of the capture is none: {error}", 8) from None
    entries = data[table : table + size // 4 * 4]
    offsets = [offset for (offset,) in struct.iter_unpack("<I", entries[: len(entries) // 4 * 4])]
    rows = []
    for offset in offsets:
        if offset + _FRAME > len(data):
            continue
        micro, original, length = struct.unpack_from("<QII", data, offset)
        if offset + _FRAME + length <= len(data):
            rows.append((offset + _FRAME, length, original, began + micro / 1e6))
    if len(rows) < size // 4:
        complain(f"{size // 4 - len(rows)} frames of the table are not in the file", 0)
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    return Batch(
        buffer=data,
        start=np.array(columns[0], np.int64),
        length=np.array(columns[1], np.int64),
        original=np.array(columns[2], np.int64),
        time=np.array(columns[3], np.float64),
        link_type=_MEDIA[media],
    )
