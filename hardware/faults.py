"""Faults of a line, made on purpose: what a software span sends is spoilt, lost or late. No clock, no socket."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

Times = tuple[tuple[float, float], ...]
"""From and until, in seconds since the span was opened."""
ALWAYS: Final[Times] = ((0.0, math.inf),)


@dataclass(frozen=True, slots=True)
class Faults:
    """What is to go wrong, and when."""

    ber: float = 0.0
    """Bits wrong of all, at random."""
    los: Times = ()
    """Nothing is sent."""
    ais: Times = ()
    """Ones are sent."""
    rai: Times = ()
    """The remote alarm is sent."""
    slips: tuple[float, ...] = ()
    """When a frame is left out."""
    loss: float = 0.0
    """Packets lost of all, at random."""
    jitter: float = 0.0
    """Seconds by which packets are late, from none to this, at random; they overtake each other."""
    during: Times = ALWAYS
    """When bits are wrong, and packets lost or late."""
    seed: int = 1

    def at(self, times: Times, since: float) -> bool:
        """Whether it is one of these times."""
        return any(start <= since < end for start, end in times)


class LineFaults:
    """Spoils the octets of a line."""

    def __init__(self, faults: Faults, frame_bits: int) -> None:
        self.bit_errors = 0
        """Bits inverted so far."""
        self.slips = 0
        self._faults = faults
        self._octets = max(1, frame_bits // 8)
        self._random = np.random.default_rng(faults.seed)

    def spoil(self, octets: bytes, since: float) -> bytes:
        """What is sent in place of `octets`, `since` seconds after the beginning."""
        faults = self._faults
        if faults.los and faults.at(faults.los, since):
            return b""
        if self.slips < len(faults.slips) and since >= faults.slips[self.slips] and len(octets) > self._octets:
            self.slips += 1
            octets = octets[self._octets :]
        if faults.ais and faults.at(faults.ais, since):
            return b"\xff" * len(octets)
        return self._flip(octets) if faults.ber and faults.at(faults.during, since) else octets

    def _flip(self, octets: bytes) -> bytes:
        wrong = self._random.binomial(8 * len(octets), self._faults.ber)
        if not wrong:
            return octets
        self.bit_errors += wrong
        line = np.frombuffer(octets, np.uint8).copy()
        places = self._random.choice(8 * len(octets), wrong, replace=False)
        np.bitwise_xor.at(line, places // 8, (0x80 >> places % 8).astype(np.uint8))
        return line.tobytes()


class PacketFaults:
    """Loses packets and makes them late."""

    def __init__(self, faults: Faults) -> None:
        self.lost = 0
        self.start = 0.0
        """When the span was opened."""
        self._faults = faults
        self._random = np.random.default_rng(faults.seed)
        self._late: list[tuple[float, int, bytes]] = []
        self._order = itertools.count()

    def pass_on(self, packets: list[bytes], now: float) -> list[bytes]:
        """Take packets to be sent; return those whose time has come, perhaps older ones."""
        faults = self._faults
        spoils = faults.at(faults.during, now - self.start)
        for packet in packets:
            if spoils and faults.loss and self._random.random() < faults.loss:
                self.lost += 1
                continue
            due = now + faults.jitter * self._random.random() if spoils and faults.jitter else now
            heapq.heappush(self._late, (due, next(self._order), packet))
        given = []
        while self._late and self._late[0][0] <= now:
            given.append(heapq.heappop(self._late)[2])
        return given
