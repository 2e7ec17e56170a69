"""Listening for modems and fax machines on RTP legs, both ways, each leg every 100 ms."""

from __future__ import annotations

from typing import Final

import numpy as np

from tandem.codecs.modem_tones import modem_tones

from .jitter import JitterBuffers
from .matrix import Matrix

TURNS: Final = 5
"""A leg is listened to every so many ticks, on what came last."""
HITS: Final = 3
"""Times in a row that the tone must be there: 200 to 300 ms. CNG lasts 500 ms, ANS more than two seconds."""


class ModemListener:
    """The legs that are listened to, and how often each had a tone in a row."""

    def __init__(self, matrix: Matrix, jitter: JitterBuffers) -> None:
        self._matrix = matrix
        self._jitter = jitter
        self._heard = np.zeros(matrix.legs, np.int64)
        self.tone = np.zeros(matrix.legs, np.int64)
        """Frequency of the tone that each leg was held for, 0 for none."""
        self._turns: list[list[int]] = [[] for _ in range(TURNS)]
        self._legs: list[np.ndarray | None] = [None] * TURNS
        self._turn = 0

    def open(self, leg: int) -> None:
        """Listen to `leg`."""
        self.close(leg)
        self._heard[leg] = self.tone[leg] = 0
        self._turns[leg % TURNS].append(leg)
        self._legs[leg % TURNS] = None

    def close(self, leg: int) -> None:
        """Listen no more to `leg`."""
        turn = self._turns[leg % TURNS]
        if leg in turn:
            turn.remove(leg)
            self._legs[leg % TURNS] = None

    def listen(self) -> list[int]:
        """Listen to the legs whose turn it is; those with a tone from either side are held from now on: these."""
        self._turn = turn = (self._turn + 1) % TURNS
        legs = self._legs[turn]
        if legs is None:
            legs = self._legs[turn] = np.array(self._turns[turn], np.intp)
        found: list[int] = []
        if not legs.size:
            return found
        matrix = self._matrix
        rows = np.concatenate((matrix.leg_row + legs, matrix.source[legs]))
        tones = modem_tones(matrix.rows[rows], matrix.mu[rows]).reshape(2, -1).max(axis=0)
        heard = np.where(tones > 0, self._heard[legs] + 1, 0)
        self._heard[legs] = heard
        for place in np.flatnonzero(heard == HITS).tolist():
            leg = int(legs[place])
            self.tone[leg] = tones[place]
            self._jitter.hold(leg)
            found.append(leg)
        return found
