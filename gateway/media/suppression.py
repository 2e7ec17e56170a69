"""Silence that is not sent: legs that send comfort noise (RFC 3389) instead, as agreed.

A voice activity detector looks at the level of each block: 6 dB above a floor that follows the quietest there is, and
in any case above -44 dBm0, it is speech, and 200 ms behind it. So tones and music are always sent.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tandem.codecs.comfort_noise import level_dbov, power
from tandem.codecs.g711 import Octets

SPEECH_DB: Final = 6.0
"""Speech is so much above the floor."""
HIGHEST_FLOOR: Final = 10 ** ((-50 - 6.17) / 10)
"""Power by that of full scale: -50 dBm0. What is 6 dB louder than this is speech, however long it lasts."""
RISE: Final = 10 ** (0.02 / 10)
"""The floor rises by this factor a tick, 1 dB a second, and falls at once."""
HANGOVER: Final = 10
"""Ticks after speech that are sent too."""
REFRESH: Final = 50
"""Ticks after which the noise is described again."""
CHANGE: Final = 3
"""Decibels by which the noise must change to be described again, every HANGOVER ticks at most."""
_RATIO: Final = 10 ** (SPEECH_DB / 10)

SPEECH, SILENT, NOISE = 0, 1, 2


class Suppression:
    """The legs, by index, that need not send silence."""

    def __init__(self, legs: int) -> None:
        self.on = np.zeros(legs, np.bool_)
        self.count = 0
        """How many of them are on."""
        self._floor = np.full(legs, HIGHEST_FLOOR)
        self._hangover = np.zeros(legs, np.int64)
        self._since = np.zeros(legs, np.int64)
        self._level = np.zeros(legs, np.int64)
        """Of the noise told last, -dBov."""

    def start(self, leg: int) -> None:
        """From now on `leg` sends no silence."""
        if not self.on[leg]:
            self.on[leg] = True
            self.count += 1
            self._floor[leg] = HIGHEST_FLOOR
            self._hangover[leg] = HANGOVER
            self._since[leg] = 0

    def stop(self, leg: int) -> None:
        """From now on `leg` sends all."""
        if self.on[leg]:
            self.on[leg] = False
            self.count -= 1

    def decide(
        self, legs: npt.NDArray[np.intp], octets: Octets, mu: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """For what each of `legs` would send: SPEECH to be sent, SILENT or NOISE to be described; and its level, -dBov.

        `octets` has the shape (legs, 160), `mu` says which are mu-law.
        """
        strength = power(octets, mu)
        floor = np.minimum(np.minimum(strength, self._floor[legs] * RISE), HIGHEST_FLOOR)
        # Digital silence is no measure of noise: from it, any noise would be speech.
        floor = np.maximum(floor, HIGHEST_FLOOR / 1000)
        self._floor[legs] = floor
        loud = strength > floor * _RATIO
        hangover = np.where(loud, HANGOVER, np.maximum(self._hangover[legs] - 1, 0))
        self._hangover[legs] = hangover
        since = self._since[legs] + 1
        level = level_dbov(strength)
        begins = since > REFRESH
        changed = (np.abs(level - self._level[legs]) >= CHANGE) & (since > HANGOVER)
        state = np.where(hangover > 0, SPEECH, np.where(begins | changed, NOISE, SILENT))
        # While there is speech, the next silence is to be described at once.
        self._since[legs] = np.where(state == SPEECH, REFRESH, np.where(state == NOISE, 0, since))
        self._level[legs] = np.where(state == NOISE, level, self._level[legs])
        return state, level
