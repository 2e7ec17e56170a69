"""CRC-6 of T1 extended superframes (G.704 2.1.3.1.2: polynomial x^6 + x + 1, F bits taken as 1).

x^6 + x + 1 divides x^63 + 1, so a block may be folded onto itself in steps of 63 bits without changing its remainder:
4632 bits as one integer shrink to 63 by halving. Its squares x^12 + x^2 + 1, x^24 + x^4 + 1 and x^48 + x^8 + 1 take
those down to 14, and a table gives the CRC of what is left.
"""

from __future__ import annotations

from typing import Final

BITS: Final = 4632
"""Bits of an extended superframe."""
_FRAME: Final = 193
_F_BITS: Final = sum(1 << (BITS - 1 - frame) for frame in range(0, BITS, _FRAME))
_ALL: Final = (1 << BITS) - 1
_HALVES: Final = tuple((size, (1 << size) - 1) for size in (4032, 2016, 1008, 504, 252, 126, 63))
_SQUARES: Final = tuple((size, (1 << size) - 1, shift) for size, shift in ((48, 8), (24, 4), (24, 4), (12, 2)))
_LEFT: Final = 14


def _remainders() -> bytes:
    """CRC-6 of every value of 14 bits: the remainder of x^6 times the value."""
    remainders = bytearray(1 << _LEFT)
    power = 0b000011  # x^6
    for bit in range(_LEFT):
        size = 1 << bit
        remainders[size : 2 * size] = bytes(value ^ power for value in remainders[:size])
        power = power << 1 ^ (0x43 if power & 0x20 else 0)
    return bytes(remainders)


_REMAINDER: Final = _remainders()


def crc6(octets: bytes, first: int = 0) -> int:
    """CRC-6 of the extended superframe whose first F bit is bit `first` (0-7) of `octets`; what is behind is ignored.

    The value of the F bits does not matter.
    """
    size = (BITS + first + 7) // 8
    x = int.from_bytes(octets[:size], "big") >> 8 * size - BITS - first & _ALL | _F_BITS
    for place, mask in _HALVES:
        x = x >> place ^ x & mask
    for place, mask, shift in _SQUARES:
        high = x >> place
        x = x & mask ^ high ^ high << shift
    return _REMAINDER[x]
