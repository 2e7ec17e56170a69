"""G.711 speech coding: A-law and mu-law, to and from 16-bit linear PCM and each other.

Linear samples are 16 bits wide with the 13-bit (A-law) or 14-bit (mu-law) value at the left, as in the ITU-T
software tools library (G.191), whose encoder and decoder these are exactly. Octets are as transmitted: the most
significant bit is bit 1 of G.711, even bits of A-law and all bits of mu-law inverted. Every call takes a whole array
of any shape and is one table look-up.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Octets = NDArray[np.uint8]
Samples = NDArray[np.int16]


class Law(Enum):
    """The two encoding laws of G.711."""

    A = "A"
    """A-law (PCMA)."""
    MU = "u"
    """mu-law (PCMU)."""


#: The octet of digital silence: the code of linear 0.
SILENCE: Final[dict[Law, int]] = {Law.A: 0xD5, Law.MU: 0xFF}


def decode(octets: Octets, law: Law) -> Samples:
    """16-bit linear samples of `octets`, in an array of the same shape."""
    return np.take(DECODE[law], octets)


def encode(pcm: Samples, law: Law) -> Octets:
    """Octets of 16-bit linear samples, in an array of the same shape."""
    return np.take(ENCODE[law], np.asarray(pcm, dtype=np.int16).view(np.uint16))


def convert(octets: Octets, source: Law, target: Law) -> Octets:
    """`octets` of law `source` in law `target`, by tables 3 and 4 of G.711.

    The very array is returned when the laws agree, so that data and modem signals pass bit for bit.
    """
    return octets if source is target else np.take(CONVERT[source, target], octets)


def convert_into(octets: Octets, source: Law, target: Law, out: Octets) -> None:
    """As `convert`, written to `out`, a contiguous array of the same shape (it may be `octets` itself)."""
    if source is not target:
        # Any octet is within the table; "clip" only spares numpy the copy that mode "raise" makes of `out`.
        np.take(CONVERT[source, target], octets, out=out, mode="clip")
    elif out is not octets:
        np.copyto(out, octets)


@lru_cache(maxsize=256)
def gain_table(source: Law, target: Law, decibels: float) -> bytes:
    """256 octets for `bytes.translate`: octets of `source` in law `target`, so much louder; too loud ones are clipped.

    With 0 dB the tables of G.711, as `convert`.
    """
    codes = np.arange(256, dtype=np.uint8)
    if not decibels:
        return convert(codes, source, target).tobytes()
    linear = DECODE[source] * 10 ** (decibels / 20)
    return encode(np.clip(np.rint(linear), -32768, 32767).astype(np.int16), target).tobytes()


def _decode_table(law: Law) -> Samples:
    """The 256 linear values, G.711 tables 1 and 2."""
    codes = np.arange(256)
    if law is Law.A:
        codes ^= 0x55
        exponent, mantissa = codes >> 4 & 7, codes & 15
        value = np.where(exponent == 0, 16 * mantissa + 8, 16 * mantissa + 264 << np.maximum(exponent - 1, 0))
        return np.where(codes & 0x80, value, -value).astype(np.int16)
    codes ^= 0xFF
    exponent, mantissa = codes >> 4 & 7, codes & 15
    value = 4 * ((2 * mantissa + 33 << exponent) - 33)
    return np.where(codes & 0x80, -value, value).astype(np.int16)


def _encode_table(law: Law) -> Octets:
    """The 65 536 codes, indexed by the sample taken as unsigned; negative samples go by their ones complement."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.where(samples < 0, ~samples, samples)
    sign = np.where(samples < 0, 0, 0x80)
    if law is Law.A:
        level = magnitude >> 4
        exponent = sum((level >> bit > 0).astype(np.int32) for bit in range(4, 11))
        mantissa = level >> np.maximum(exponent - 1, 0) & 15
        return ((exponent << 4 | mantissa | sign) ^ 0x55).astype(np.uint8)
    level = np.minimum((magnitude >> 2) + 33, 0x1FFF)
    segment = 1 + sum((level >> bit > 0).astype(np.int32) for bit in range(6, 13))
    code = 8 - segment << 4 | 15 - (level >> segment & 15) | sign
    return np.asarray(code, dtype=np.uint8)


def _conversion_table(negative: str) -> Octets:
    """Both halves of a conversion table from the codes of negative values, in hexadecimal."""
    half = np.frombuffer(bytes.fromhex(negative), dtype=np.uint8)
    return np.concatenate([half, half | 0x80])


#: 256 linear values per law, indexed by the octet.
DECODE: Final[dict[Law, Samples]] = {law: _decode_table(law) for law in Law}
#: 65 536 octets per law, indexed by the 16-bit sample viewed as unsigned.
ENCODE: Final[dict[Law, Octets]] = {law: _encode_table(law) for law in Law}
#: G.711 table 3: mu-law octet to A-law octet.
MU_TO_A: Final[Octets] = _conversion_table(
    "2a2b28292e2f2c2d22232021262724253a3b38393e3f3c3d3233303136373435"
    "0a0b08090e0f0c0d020300010607041a1b18191e1f1c1d12131011161714156a"
    "68696e6f6c6d62636061666764657a787e7f7c7d72737071767774754b494f4d"
    "42434041464744455a5b58595e5f5c5d52525353505051515656575754545555"
)
#: G.711 table 4: A-law octet to mu-law octet.
A_TO_MU: Final[Octets] = _conversion_table(
    "2a2b28292e2f2c2d2223202126272425393a37383d3e3b3c31322f3035363334"
    "0a0b08090e0f0c0d02030001060704051a1b18191e1f1c1d1213101116171415"
    "62636061666764655d5d5c5c5f5f5e5e747670727c7e787a6a6b68696e6f6c6d"
    "484946474c4d4a4b40413f3f44454243565754555a5b58594f4f4e4e52535051"
)
#: The conversion table from one law to the other.
CONVERT: Final[dict[tuple[Law, Law], Octets]] = {(Law.A, Law.MU): A_TO_MU, (Law.MU, Law.A): MU_TO_A}

for _octets in (*ENCODE.values(), *CONVERT.values()):
    _octets.setflags(write=False)
for _samples in DECODE.values():
    _samples.setflags(write=False)
