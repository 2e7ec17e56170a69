"""Listening for the continuity-check tone on timeslots that send it (Q.724 7: sent and received at the same end)."""

from __future__ import annotations

from typing import Final

from tandem.codecs.detect import has_tone
from tandem.codecs.g711 import Law

from .matrix import Matrix
from .protocol import ContinuityHeard, TimeslotEndpoint

FREQUENCY: Final = 2000.0
#: Blocks of 20 ms in a row that must be the tone: 60 ms, within the 30 to 60 ms that Q.724 7.3 gives (recalled).
BLOCKS: Final = 3


class ContinuityListener:
    """The timeslots under check, by their place in the matrix."""

    def __init__(self) -> None:
        self._heard: dict[int, int] = {}
        self._endpoints: dict[int, TimeslotEndpoint] = {}

    def start(self, place: int, endpoint: TimeslotEndpoint) -> None:
        """`endpoint` sends the tone from now on."""
        self._heard[place] = 0
        self._endpoints[place] = endpoint

    def stop(self, place: int) -> None:
        """It sends something else."""
        if self._heard:
            self._heard.pop(place, None)
            self._endpoints.pop(place, None)

    def listen(self, matrix: Matrix) -> list[ContinuityHeard]:
        """Look at what came in this tick; each timeslot is told once."""
        told = []
        for place, blocks in list(self._heard.items()):
            octets = matrix.rows[matrix.row(place)]
            heard = blocks + 1 if has_tone(octets, FREQUENCY, Law(matrix.law(place))) else 0
            self._heard[place] = heard
            if heard == BLOCKS:
                told.append(ContinuityHeard(self._endpoints[place]))
                self.stop(place)
        return told
