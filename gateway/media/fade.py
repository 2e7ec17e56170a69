"""Attenuation of G.711 octets by table, for concealment that dies away."""

from __future__ import annotations

from typing import Final

import numpy as np

from tandem.codecs.g711 import Law, Octets, decode, encode

STEP: Final = 0.6
"""Factor from one repeated block to the next."""


def fade(law: str, octets: Octets) -> Octets:
    """`octets` of `law` (`A` or `u`), their linear value multiplied by STEP."""
    return np.take(_TABLES[law], octets)


def _table(law: Law) -> Octets:
    codes = np.arange(256, dtype=np.uint8)
    return encode(np.rint(decode(codes, law) * STEP).astype(np.int16), law)


_TABLES: Final = {law.value: _table(law) for law in Law}
