"""Comfort noise: RFC 3389 payloads, and noise of a level as G.711 octets.

The level is in -dBov: decibels below the power of a square wave of full scale, which for G.711 is 6.15 (A-law) or 6.18
dB (mu-law) above 0 dBm0. Reflection coefficients, which shape the spectrum, are passed over when received and not sent.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.codecs.g711 import DECODE, Law, Octets, encode

QUIETEST: Final = 127
"""The lowest level a payload can tell (RFC 3389 3)."""
_FULL_SCALE: Final = 32768.0
_LENGTH: Final = 8000
_SQUARES: Final = np.concatenate([np.square(DECODE[law] / _FULL_SCALE) for law in (Law.A, Law.MU)]).astype(np.float32)
_SQUARES[[0xD5, 0x55]] = 0.0
"""Digital silence of A-law is coded as 8 of 32768."""


def parse_level(payload: bytes) -> int | None:
    """The level of a comfort noise payload, -dBov; None when it is empty."""
    return payload[0] & 0x7F if payload else None


def power(octets: Octets, mu: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean power of blocks, by that of full scale; shape (blocks, samples), `mu` says which are mu-law."""
    squares = _SQUARES.take(octets + (mu.astype(np.uint16) << np.uint16(8))[:, None])
    mean: NDArray[np.float64] = squares.mean(axis=1, dtype=np.float64)
    return mean


def level_dbov(strength: NDArray[np.float64]) -> NDArray[np.int64]:
    """`power` as the level of a payload."""
    decibels = -10 * np.log10(np.maximum(strength, 1e-13))
    levels: NDArray[np.int64] = np.clip(np.rint(decibels), 0, QUIETEST).astype(np.int64)
    return levels


@lru_cache(maxsize=2 * (QUIETEST + 1))
def noise(law: Law, level: int) -> Octets:
    """A second of white noise of `level` -dBov; read it only."""
    wave = np.random.Generator(np.random.PCG64(1)).standard_normal(_LENGTH) * _FULL_SCALE * 10 ** (-level / 20)
    octets = encode(np.clip(np.rint(wave), -32768, 32767).astype(np.int16), law)
    octets.setflags(write=False)
    return octets


def noise_block(law: Law, level: int, start: int, count: int) -> Octets:
    """`count` octets of noise of `level` -dBov, from `start` of an endless row of it on."""
    second = noise(law, level)
    start %= _LENGTH
    piece = second[start : start + count]
    return piece if len(piece) == count else np.concatenate((piece, second[: count - len(piece)]))
