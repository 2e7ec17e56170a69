"""Octet-aligned T1 of SAToP (RFC 4553 5.2): the 193 bits of a frame in 25 octets, the last 7 bits padding.

The frames meant are any 193 bits in a row; they need not begin with an F bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np

SUBFRAME: Final = 25
"""Octets of a frame."""
_BITS: Final = 193
_GROUP: Final = 8 * SUBFRAME
"""Octets of eight frames, which are whole octets without padding too."""


def pad(octets: bytes) -> bytes:
    """25 octets for every 193 bits; `octets` is a multiple of 193 octets."""
    bits = np.unpackbits(np.frombuffer(octets, np.uint8)).reshape(-1, _BITS)
    return np.packbits(bits, axis=1).tobytes()


class Unpadder:
    """Takes padding out again, eight frames at a time."""

    def __init__(self) -> None:
        self._octets = b""

    def take(self, octets: bytes) -> bytes:
        """Take more octets, a multiple of 25; return the bits of all whole groups of eight frames."""
        octets = self._octets + octets
        whole = len(octets) // _GROUP * _GROUP
        self._octets = octets[whole:]
        if not whole:
            return b""
        padded = np.frombuffer(octets, np.uint8, whole).reshape(-1, SUBFRAME)
        return np.packbits(np.unpackbits(padded, axis=1)[:, :_BITS]).tobytes()
