"""Recognising a tone in a block of speech."""

from __future__ import annotations

from typing import Final

import numpy as np

from tandem.codecs import g711
from tandem.codecs.g711 import Law, Octets
from tandem.codecs.tones import RATE, level_dbm0

#: A tone is there when it has at least this share of the block's power, and the block at least this level.
SHARE: Final = 0.8
LEAST_LEVEL_DBM0: Final = -30.0


def has_tone(octets: Octets, frequency: float, law: Law) -> bool:
    """Whether `octets` (a block of G.711, best a whole number of the tone's periods) are one tone of `frequency` Hz.

    The power at the frequency is that of a discrete Fourier transform of one bin (Goertzel). The level of the check
    tone is -12 dBm0 +- 1 where it is sent (Q.724 7.3, recalled); lines and pads take some of it away.
    """
    pcm = g711.decode(octets, law)
    if level_dbm0(pcm, law) < LEAST_LEVEL_DBM0:
        return False
    samples = pcm.astype(np.float64)
    turns = np.exp(-2j * np.pi * frequency / RATE * np.arange(samples.size))
    at_frequency = 2 * abs(np.dot(samples, turns)) ** 2 / samples.size
    return bool(at_frequency >= SHARE * np.dot(samples, samples))
