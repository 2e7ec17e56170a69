"""Opens captures: kind found by the first octets, whatever the name says; gzip, zstd and lz4 on the way."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np

from tandem.core.errors import DecodeError, TandemError

from .netmon import MAGIC as NETMON
from .netmon import read_netmon
from .packets import Batch
from .pcap import MAGICS, read_pcap
from .pcapng import MAGIC as PCAPNG
from .pcapng import PcapngReader
from .transcript import MAGIC as TRANSCRIPT
from .transcript import read_transcript

STANDARD_INPUT: Final = "-"
_SNIFFED: Final = 4
_GZIP, _ZSTD, _LZ4 = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"

LATEST: Final = 253_402_300_799.0
"""The last second of the year 9999."""
Complain = Callable[[str, str, int], None]
"""Hears of a part of the input that is not used: file, reason, octets."""


def expand(paths: list[str]) -> list[str]:
    """The files meant: a folder is all files directly in it, by name. TandemError when one is not there."""
    found: list[str] = []
    for path in paths:
        if path == STANDARD_INPUT:
            found.append(path)
        elif Path(path).is_dir():
            found += sorted(str(file) for file in Path(path).iterdir() if file.is_file())
        elif Path(path).exists():
            found.append(path)
        else:
            raise TandemError(f"{path}: there is no such file")
    return found


def read_file(path: str, complain: Complain, told: Callable[[int], None] | None = None) -> Iterator[Batch]:
    """Packets of a capture, a chunk at a time; `-` is standard input.

    What is corrupt ends the file and is told to `complain`; `told` hears of octets read from the disk.
    TandemError when it cannot be opened or is no capture.
    """
    try:
        stream = sys.stdin.buffer if path == STANDARD_INPUT else open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise TandemError(f"{path}: cannot be read: {error.strerror}") from None
    name = "standard input" if path == STANDARD_INPUT else path
    with stream:
        try:
            before = 0
            for batch in _read(_plain(_peekable(stream)), lambda reason, octets: complain(name, reason, octets)):
                if told is not None:
                    told(stream.tell() - before)
                    before = stream.tell()
                yield _timely(batch, name, complain)
        except DecodeError as error:
            raise TandemError(f"{name}: {error}") from None
        except _unreadable() as error:
            complain(name, f"reading ended early: {error}", 0)


def _timely(batch: Batch, name: str, complain: Complain) -> Batch:
    """Times that no calendar has are those of spoilt packets: they become the nearest one that can be written."""
    if len(batch) and not (batch.time.min() >= 0 and batch.time.max() <= LATEST):
        wrong = int(np.count_nonzero(~((batch.time >= 0) & (batch.time <= LATEST))))
        complain(name, f"{wrong} packets have times before 1970 or after 9999", 0)
        return replace(batch, time=np.clip(np.nan_to_num(batch.time), 0.0, LATEST))
    return batch


def _unreadable() -> tuple[type[Exception], ...]:
    """What is raised for octets that cannot be read, or are spoilt; asked for only when something was raised."""
    import zstandard

    return OSError, EOFError, zlib.error, zstandard.ZstdError, RuntimeError


def _peekable(stream: BinaryIO) -> io.BufferedReader:
    return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, stream))


def _plain(stream: io.BufferedReader) -> io.BufferedReader:
    """Without compression, however often it was compressed."""
    first = stream.peek(_SNIFFED)[:_SNIFFED]
    if first[:2] == _GZIP:
        return _plain(io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream))))
    if first == _ZSTD:
        import zstandard

        reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
        return _plain(io.BufferedReader(cast(io.RawIOBase, reader)))
    if first == _LZ4:
        import lz4.frame

        return _plain(io.BufferedReader(cast(io.RawIOBase, lz4.frame.LZ4FrameFile(stream))))
    return stream


def _read(stream: io.BufferedReader, complain: Callable[[str, int], None]) -> Iterator[Batch]:
    first = stream.peek(_SNIFFED)[:_SNIFFED]
    if first in MAGICS:
        yield from read_pcap(cast(BinaryIO, stream), complain)
    elif first == PCAPNG:
        yield from PcapngReader(cast(BinaryIO, stream), complain).batches()
    elif first == NETMON:
        yield read_netmon(cast(BinaryIO, stream), complain)
    elif first == TRANSCRIPT[:_SNIFFED]:
        yield from read_transcript(cast(BinaryIO, stream), complain)
    elif not first:
        raise DecodeError("the file is empty")
    else:
        raise DecodeError("this is no capture: pcap, pcapng, Network Monitor 2 and DCT2000 transcripts are read")
