"""Tones by which modems and fax machines make themselves known, found in many channels at once.

2100 Hz: answer tone ANS of V.25 and ANSam of V.8, CED of T.30, with or without phase reversals. 1100 Hz: CNG of T.30.
Each channel is judged by one block of 20 ms; whoever asks does so several times, some time apart, before believing it.
Phase reversals (every 450 ms) are not told: a block that one falls into may hold no tone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.codecs.g711 import DECODE, Law, Octets
from tandem.codecs.tones import RATE, sine

BLOCK: Final = 160
ANSWER: Final = 2100
"""ANS, ANSam, CED: 2100 +- 15 Hz (V.25, T.30; recalled)."""
CALLING: Final = 1100
"""CNG: 1100 +- 38 Hz, half a second of it every 3.5 s (T.30; recalled)."""
SHARE: Final = 0.8
"""Least share of the tone in the power of a block: ANSam, with its fifth of amplitude modulation, has 0.96 or more."""
LEAST_LEVEL_DBM0: Final = -40.0
LEAST_POWER: Final = 10 ** (LEAST_LEVEL_DBM0 / 10)

_SEARCHED: Final = (
    *((CALLING, 1072), (CALLING, 1091), (CALLING, 1109), (CALLING, 1128)),
    *((ANSWER, 2092), (ANSWER, 2108)),
)
_LAWS: Final = (Law.A, Law.MU)
_REFERENCE: Final = {law: float(np.mean(sine(997, 0.0, RATE, law=law).astype(np.float64) ** 2)) for law in _LAWS}
"""Power of a sine of 0 dBm0."""
TABLES: Final = np.array([DECODE[law] / np.sqrt(_REFERENCE[law]) for law in _LAWS]).astype(np.float32)
"""Samples of A-law and of mu-law; the mean power of a sine of 0 dBm0 in them is 1."""
_TIMES: Final = np.arange(BLOCK)[:, None]
_PHASES: Final = 2 * np.pi * np.array([frequency for _, frequency in _SEARCHED]) / RATE * _TIMES
MATRIX: Final = (np.concatenate((np.cos(_PHASES), np.sin(_PHASES)), axis=1) * np.sqrt(2) / BLOCK).astype(np.float32)
"""Cosines of the frequencies looked for, and their sines: their correlation with samples, squared, is a power."""
_FREQUENCIES: Final = np.array([tone for tone, _ in _SEARCHED])


def modem_tones(octets: Octets, mu: NDArray[np.bool_]) -> NDArray[np.int64]:
    """CALLING, ANSWER or 0 for each channel; `octets` has the shape (channels, 160), `mu` says which are mu-law."""
    return modem_tones_of(decoded(octets, mu))


def decoded(octets: Octets, mu: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Samples for `modem_tones_of`, by TABLES."""
    samples: NDArray[np.float32] = TABLES.ravel().take(octets + (mu.astype(np.uint16) << np.uint16(8))[:, None])
    return samples


def modem_tones_of(samples: NDArray[np.float32]) -> NDArray[np.int64]:
    """The same of samples, shape (channels, 160)."""
    power = np.einsum("ck,ck->c", samples, samples) / BLOCK
    spectra = np.square(samples @ MATRIX)
    count = len(_SEARCHED)
    levels = spectra[:, :count] + spectra[:, count:]
    best = levels.argmax(axis=1)
    found = levels[np.arange(len(levels)), best] >= SHARE * power
    found &= power >= LEAST_POWER
    tones: NDArray[np.int64] = np.where(found, _FREQUENCIES[best], 0)
    return tones
