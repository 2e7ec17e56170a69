"""CRC-4 of E1 sub-multiframes (G.704 2.3.3: polynomial x^4 + x + 1, the block's own C bits taken as 0).

x^4 + x + 1 divides x^15 + 1, so a block may be folded onto itself in steps of 15 bits without changing its
remainder: 2048 bits as one integer shrink to 15 by halving, and a table gives the CRC of those. That is the cheapest
way for one sub-multiframe; many at once go through a table indexed by position and octet.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

SUBMULTIFRAME: Final = 8
"""Frames in a sub-multiframe."""
BLOCK: Final = 256
"""Octets in a sub-multiframe."""

_NOT_C: Final = int.from_bytes((b"\x7f" + b"\xff" * 63) * 4, "big")
"""Everything but bit 1 of frames 0, 2, 4 and 6."""
_LOW: Final = tuple((1 << size) - 1 for size in (1920, 960, 480, 240, 120, 60, 30, 15))


def _remainders() -> bytes:
    """CRC-4 of every value of 15 bits: the remainder of x^4 times the value."""
    remainders = bytearray(1 << 15)
    power = 0b0011  # x^4
    for bit in range(15):
        size = 1 << bit
        remainders[size : 2 * size] = bytes(value ^ power for value in remainders[:size])
        power = power << 1 ^ (0x13 if power & 8 else 0)
    return bytes(remainders)


_REMAINDER: Final = _remainders()


def crc4(octets: bytes | bytearray, first: int = 0) -> int:
    """CRC-4 contribution of consecutive octets of a sub-multiframe, the first of them at place `first` (0-255).

    The CRC of the block is the XOR of the contributions of its parts.
    """
    l1920, l960, l480, l240, l120, l60, l30, l15 = _LOW
    x = int.from_bytes(octets, "big") << 8 * (BLOCK - first - len(octets)) & _NOT_C
    x = x >> 1920 ^ x & l1920
    x = x >> 960 ^ x & l960
    x = x >> 480 ^ x & l480
    x = x >> 240 ^ x & l240
    x = x >> 120 ^ x & l120
    x = x >> 60 ^ x & l60
    x = x >> 30 ^ x & l30
    return _REMAINDER[x >> 15 ^ x & l15]


def _table() -> NDArray[np.uint8]:
    """CRC contribution of every octet at every place of a block, flattened: place * 256 + octet."""
    table = np.zeros((BLOCK, 256), np.uint8)
    for bit in range(8):
        size = 1 << bit
        of_bit = np.array([crc4(bytes((size,)), place) for place in range(BLOCK)], np.uint8)
        table[:, size : 2 * size] = table[:, :size] ^ of_bit[:, None]
    return table.ravel()


_TABLE: Final = _table()
_PLACES: Final = np.arange(BLOCK, dtype=np.int64) * 256


def crc4_blocks(octets: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """CRC-4 of many sub-multiframes, shape (n, 256) to (n,)."""
    crcs: NDArray[np.uint8] = np.bitwise_xor.reduce(_TABLE.take(octets + _PLACES, mode="clip"), axis=1)
    return crcs
