"""Pseudo-random test sequences of ITU-T O.150, O.151 and O.153, as octets of timeslots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sequence made by a shift register: the outputs of two stages, added modulo 2, go into the first."""

    name: str
    stages: int
    tap: int
    """The other stage fed back, besides the last."""
    inverted: bool
    """What is sent is the complement of the last stage."""

    @property
    def length(self) -> int:
        """Bits of the sequence, and octets after which a timeslot repeats: the two have no common factor."""
        return (1 << self.stages) - 1

    def octets(self) -> NDArray[np.uint8]:
        """The sequence as octets, first bit first, shape (length,); do not write to it."""
        return _octets(self)

    def places(self) -> NDArray[np.int32]:
        """For every pair of octets, high first, the place in `octets` where it is found, or -1; do not write to it."""
        return _places(self)


PATTERNS: Final = {
    pattern.name: pattern
    for pattern in (
        Pattern("2^9-1", 9, 5, inverted=False),
        Pattern("2^11-1", 11, 9, inverted=False),
        Pattern("2^15-1", 15, 14, inverted=True),
    )
}
"""By name: 511 and 2047 bits for 64 kbit/s (O.150 5.1, 5.2; O.153), 32767 bits for 2048 kbit/s (O.150 5.3; O.151)."""


@lru_cache(maxsize=8)
def _octets(pattern: Pattern) -> NDArray[np.uint8]:
    register = [1] * pattern.stages  # stage 1 first
    bits = bytearray()
    for _ in range(pattern.length):
        bits.append(register[-1] ^ pattern.inverted)
        register = [register[-1] ^ register[pattern.tap - 1], *register[:-1]]
    return np.packbits(np.tile(np.frombuffer(bytes(bits), np.uint8), 8))


@lru_cache(maxsize=8)
def _places(pattern: Pattern) -> NDArray[np.int32]:
    octets = _octets(pattern).astype(np.int32)
    places = np.full(1 << 16, -1, np.int32)
    places[octets << 8 | np.roll(octets, -1)] = np.arange(len(octets))
    return places
