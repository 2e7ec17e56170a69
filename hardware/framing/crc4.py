"""CRC-4 of E1 sub-multiframes (G.704 2.3.3: polynomial x^4 + x + 1, the block's own C bits taken as 0).

x^4 + x + 1 divides x^15 + 1, so a block may be folded onto itself in steps of 15 bits without changing its
remainder: 2048 bits as one integer shrink to 15 by halving, and a table gives the CRC of those. That is the cheapest
way for a few sub-multiframes; many at once are folded as arrays, down to 15 octets each.
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


_FOLDED: Final = 15
"""Octets that a block is folded to."""


def _table() -> NDArray[np.uint8]:
    """CRC contribution of every octet at each of the last 15 places of a block, flattened: place * 256 + octet."""
    places = range(BLOCK - _FOLDED, BLOCK)
    return np.array([crc4(bytes((octet,)), place) for place in places for octet in range(256)], np.uint8)


_TABLE: Final = _table()
_PLACES: Final = np.arange(_FOLDED) * 256
_C_FRAMES: Final = 2 * BLOCK // SUBMULTIFRAME
"""Octets from one C bit to the next."""
_C_WEIGHTS: Final = np.array([8, 4, 2, 1], np.uint8)
_OF_C_BITS: Final = np.array(
    [
        _REMAINDER[sum(1 << (8 * (BLOCK - c * _C_FRAMES) - 1) % 15 for c in range(4) if bits >> (3 - c) & 1)]
        for bits in range(16)
    ],
    np.uint8,
)
"""What C bits would add to the CRC if they were not taken as 0."""


def crc4_blocks(octets: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """CRC-4 of many sub-multiframes, shape (n, 256) without gaps, and the C bits in them; both of shape (n,)."""
    x8 = octets.view(np.uint64)
    x8 = np.concatenate((x8[:, 2:15] ^ x8[:, 17:30], x8[:, :2] ^ x8[:, 15:17] ^ x8[:, 30:]), axis=1)
    x4 = x8.view(np.uint32)
    x2 = (x4[:, :15] ^ x4[:, 15:]).view(np.uint16)
    x1 = (x2[:, :15] ^ x2[:, 15:]).view(np.uint8)
    folded = x1[:, :15] ^ x1[:, 15:]
    c_bits: NDArray[np.uint8] = (octets[:, ::_C_FRAMES] >> np.uint8(7)) @ _C_WEIGHTS
    crcs: NDArray[np.uint8] = np.bitwise_xor.reduce(_TABLE.take(folded + _PLACES), axis=1)
    return crcs ^ _OF_C_BITS[c_bits], c_bits
