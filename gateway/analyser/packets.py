"""Packets in bulk: what every capture reader gives, as arrays over one buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from . import speed

HEP_DATAGRAM: Final = 0x10000
"""Link type of HEP3 datagrams as a live listener gets them: no IP around them."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Packets of one link type, in the order of the file; n packets share `buffer`."""

    buffer: bytes
    start: npt.NDArray[np.int64]
    """(n,) index of each packet's first octet in `buffer`."""
    length: npt.NDArray[np.int64]
    """(n,) octets captured."""
    original: npt.NDArray[np.int64]
    """(n,) octets that were on the wire."""
    time: npt.NDArray[np.float64]
    """(n,) seconds since 1970."""
    link_type: int
    """LINKTYPE value of tcpdump.org; values from 0x10000 on are this module's own."""
    interface: str = ""
    """Name of the interface or channel, where the capture has several."""
    number: npt.NDArray[np.int64] | None = None
    """(n,) packet numbers of the whole input, once `merge` has given them."""
    inbound: npt.NDArray[np.int8] | None = None
    """(n,) direction where the capture tells it: 1 received, 2 sent, 0 not known (flags of pcapng)."""

    def __len__(self) -> int:
        return len(self.start)

    def octets(self, index: int) -> bytes:
        """Packet `index` of the batch."""
        begin = int(self.start[index])
        return self.buffer[begin : begin + int(self.length[index])]

    def packet(self, index: int) -> int:
        """The number of packet `index` of the batch."""
        return index + 1 if self.number is None else int(self.number[index])

    def sent(self, index: int) -> bool | None:
        """Whether packet `index` was sent; None where nothing tells."""
        if self.inbound is None or not self.inbound[index]:
            return None
        return bool(self.inbound[index] == 2)


def grouped(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """An order that brings equal keys together and keeps their own order.

    Numbers of 16 bits are sorted by radix, several times faster than by comparison: that serves unless two streams
    share their 16 bits.
    """
    if speed.speedups is not None:
        return groups(keys)[0]
    mixed = keys * np.uint64(0x9E3779B97F4A7C15)
    short = (mixed >> np.uint64(48)).astype(np.uint16)
    order = np.argsort(short, kind="stable")
    changes = np.count_nonzero(np.diff(keys[order]))
    if changes == np.count_nonzero(np.diff(short[order])):
        return order
    return np.argsort(keys, kind="stable")


def starts(ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where groups begin that end there, one behind the other."""
    return np.concatenate((np.zeros(1, np.int64), ends[:-1]))[: len(ends)]


def groups(keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The order of `grouped`, (n,) the group of each key, numbered in that order, and where in it each group ends."""
    count = len(keys)
    if speed.speedups is not None:
        order, of, ends = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
        found = speed.speedups.group(
            keys, order, of, ends, np.empty(count, np.uint64), np.zeros(speed.room(count), np.int32)
        )
        return order, of, ends[:found]
    order = grouped(keys)
    ordered = keys[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, count) if count else np.zeros(0, np.int64)
    of = np.empty(count, np.int64)
    of[order] = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    return order, of, ends


def among(values: npt.NDArray[np.generic], wanted: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """(n,) which of `values` are in `wanted`: what `np.isin` says, without the modules that it loads first."""
    if not len(wanted):
        return np.zeros(len(values), np.bool_)
    ordered = np.sort(wanted)
    place = np.searchsorted(ordered, values)
    place[place == len(ordered)] = 0
    found: npt.NDArray[np.bool_] = ordered[place] == values
    return found
