"""Catapult DCT2000 session transcripts: one line of text a packet.

A line is `CONTEXT.PORT/PROTOCOL/VARIANT,…/… s|r tm SECONDS.FRACTION l $HEX`; the second line of the file is the date
that the times count from. Layout as Wireshark's reader of this format knows it (wiretap/catapult_dct2000).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import numpy as np

from tandem.core.errors import DecodeError

from .packets import Batch

MAGIC: Final = b"Session Transcript"
_LINE: Final = re.compile(rb"^([^/\s]+)/([^/\s]+)/\S*?\s+([sr]) tm (\d+)\.(\d+) l \$([0-9a-fA-F]*)")
_DATE: Final = "%B %d, %Y     %H:%M:%S.%f"
_LINK_TYPES: Final = {
    b"ip": 101,
    b"sctp": 101,
    b"ethernet": 1,
    b"mtp_l2": 140,
    b"mtp2": 140,
    b"ss7_mtp2": 140,
    b"mtp3": 141,
    b"isdn_l2": 203,
    b"isdn_l3": 203,
    b"ppp": 9,
}
"""Link type by the name of the protocol; lines of others are counted and passed over."""


def read_transcript(stream: BinaryIO, complain: Callable[[str, int], None]) -> Iterator[Batch]:
    """The packets, each run of one protocol a batch; DecodeError when the first line is not that of a transcript."""
    if not stream.readline().startswith(MAGIC):
        raise DecodeError("this is no DCT2000 transcript", 0)
    begun = _began(stream.readline())
    others = 0
    run: list[tuple[float, bytes, int]] = []
    kind, name = 0, ""
    for line in stream:
        match = _LINE.match(line)
        if match is None:
            continue
        link_type = _LINK_TYPES.get(match[2])
        if link_type is None or len(match[6]) % 2:
            others += 1
            continue
        context = match[1].decode("ascii", "replace")
        if run and (link_type, context) != (kind, name):
            yield _batch(run, kind, name)
            run = []
        kind, name = link_type, context
        moment = begun + int(match[4]) + int(match[5]) / 10 ** len(match[5])
        run.append((moment, bytes.fromhex(match[6].decode()), 2 if match[3] == b"s" else 1))
    if run:
        yield _batch(run, kind, name)
    if others:
        complain(f"{others} lines are of protocols that are not looked at", 0)


def _began(line: bytes) -> float:
    try:
        text = line.decode("ascii", "replace").strip()
        return datetime.datetime.strptime(text, _DATE).replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        return 0.0


def _batch(run: list[tuple[float, bytes, int]], link_type: int, name: str) -> Batch:
    lengths = np.array([len(packet) for _, packet, _ in run], np.int64)
    return Batch(
        buffer=b"".join(packet for _, packet, _ in run),
        start=np.cumsum(lengths) - lengths,
        length=lengths,
        original=lengths,
        time=np.array([moment for moment, _, _ in run]),
        link_type=link_type,
        interface=name,
        inbound=np.array([direction for _, _, direction in run], np.int8),
    )
