"""Listening for modems and fax machines on RTP legs, both ways, each leg every 100 ms.

A leg with an answer tone is then followed in every tick for as long as such a tone lasts.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tandem.codecs.answer_tone import AnswerTones
from tandem.codecs.modem_tones import ANSWER, LEAST_POWER, MATRIX, SHARE, TABLES, decoded, modem_tones_of

from . import speed
from .jitter import JitterBuffers
from .matrix import BLOCK, Matrix

TURNS: Final = 5
"""A leg is listened to every so many ticks, on what came last."""
HITS: Final = 3
"""Times in a row that the tone must be there: 200 to 300 ms. CNG lasts 500 ms, ANS more than two seconds."""
FOLLOWED: Final = 200
"""Ticks that an answer tone is followed: 4 s. V.25 has 3.3 +- 0.7 s of it, V.8 5 s at most (recalled)."""
_NEARLY: Final = 0.99
"""Part of a threshold from which on the compiled loop leaves it to numpy, which adds up in another order, to decide."""
_THRESHOLDS: Final = _NEARLY * LEAST_POWER * BLOCK, _NEARLY * SHARE / BLOCK
"""Energy of a block from which on it may be a tone, and the power of a tone, as a part of that energy."""
MOST_FOLLOWED: Final = 100
"""Answer tones that are followed at once: 0.6 ms of a tick. More at a time are known by their frequency."""


class ModemListener:
    """The legs that are listened to, and how often each had a tone in a row."""

    def __init__(self, matrix: Matrix, jitter: JitterBuffers) -> None:
        self._matrix = matrix
        self._jitter = jitter
        self._heard = np.zeros(matrix.legs, np.int64)
        self.tone = np.zeros(matrix.legs, np.int64)
        """Frequency of the tone that each leg was held for, 0 for none."""
        self.answer = AnswerTones(matrix.legs)
        """By leg, what is known of the answer tone."""
        self.turning: list[int] = []
        """Legs whose answer tone was first known in this tick to turn its phase."""
        self._followed: dict[int, tuple[int, int]] = {}
        """By leg, the row that has the tone, and ticks that are left."""
        self._open = np.zeros(matrix.legs, np.bool_)
        """Legs that are listened to; leg n has its turn with n + TURNS."""
        self._turn = 0
        most = 2 * (matrix.legs // TURNS + 1)
        self._samples, self._places = np.empty((most, BLOCK), np.float32), np.empty(most, np.intp)
        self._ears: Any = None
        """The same arrays, for the loop of speedups.pyx, where it was built."""
        if speed.speedups is not None:
            self._ears = speed.speedups.ModemEars(
                (self._open.view(np.uint8), self._heard),
                (matrix.rows, matrix.source, matrix.mu.view(np.uint8), matrix.leg_row),
                (TABLES, MATRIX, *_THRESHOLDS),
            )

    def open(self, leg: int) -> None:
        """Listen to `leg`."""
        self.close(leg)
        self._heard[leg] = 0
        if self.tone[leg]:
            self.tone[leg] = 0
            self.answer.reset(leg)
        self._open[leg] = True

    def close(self, leg: int) -> None:
        """Listen no more to `leg`."""
        self._followed.pop(leg, None)
        self._open[leg] = False

    def listen(self) -> list[int]:
        """Listen to the legs whose turn it is; those with a tone from either side are held from now on: these."""
        self._follow()
        self._turn = turn = (self._turn + 1) % TURNS
        found: list[int] = []
        if self._ears is not None and not self._ears.listen(turn, TURNS):  # as nearly always
            return found
        legs = np.flatnonzero(self._open[turn::TURNS]) * TURNS + turn
        if not legs.size:
            return found
        matrix = self._matrix
        rows = np.concatenate((matrix.leg_row + legs, matrix.source[legs]))
        either = self._tones_of(rows)
        if either is None:
            self._heard[legs] = 0
            return found
        either = either.reshape(2, -1)
        tones = either.max(axis=0)
        heard = np.where(tones > 0, self._heard[legs] + 1, 0)
        self._heard[legs] = heard
        for place in np.flatnonzero(heard == HITS).tolist():
            leg = int(legs[place])
            self.tone[leg] = tones[place]
            self._jitter.hold(leg)
            found.append(leg)
            if tones[place] == ANSWER and len(self._followed) < MOST_FOLLOWED:
                row = rows[place if either[0, place] == ANSWER else legs.size + place]
                self._followed[leg] = int(row), FOLLOWED
        return found

    def _tones_of(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64] | None:
        """The tone of each of `rows`, 0 for none; None where there is none at all."""
        matrix = self._matrix
        if speed.speedups is None:
            return modem_tones_of(decoded(matrix.rows[rows], matrix.mu[rows]))
        samples, places = self._samples, self._places
        mu = matrix.mu.view(np.uint8)
        count = speed.speedups.tonal(matrix.rows, rows, mu, TABLES, MATRIX, *_THRESHOLDS, samples, places)
        if not count:
            return None
        tones = np.zeros(rows.size, np.int64)
        tones[places[:count]] = modem_tones_of(samples[:count])
        return tones

    def _follow(self) -> None:
        """Take this tick of every answer tone that is being followed."""
        if self.turning:
            self.turning = []
        if not self._followed:
            return
        legs, rows = np.array([(leg, row) for leg, (row, _) in self._followed.items()], np.intp).T
        before = self.answer.reversing[legs]
        self.answer.follow(legs, self._matrix.rows[rows], self._matrix.mu[rows])
        self.turning = legs[self.answer.reversing[legs] & ~before].tolist()
        self._followed = {leg: (row, left - 1) for leg, (row, left) in self._followed.items() if left > 1}
