"""DTMF looked for in the speech of endpoints for which that was asked."""

from __future__ import annotations

from typing import Final

import numpy as np

from tandem.codecs.dtmf_detector import DigitBegan, DtmfDetector
from tandem.codecs.g711 import Law
from tandem.codecs.telephone_event import DIGITS

from .digits import EventInProgress
from .matrix import Matrix

_VOLUME: Final = 10
"""Told for a digit heard, in -dBm0: its level is not (RFC 4733 2.3.3)."""
_FIRST: Final = 8
"""Channels that a detector begins with."""
_NOBODY: Final = 0
"""A row of silence, for channels that nobody uses."""


class _Group:
    """Endpoints of one law, each on a channel of a detector that grows as they come."""

    def __init__(self, law: Law) -> None:
        self.detector = DtmfDetector(_FIRST, law)
        self.rows = np.full(_FIRST, _NOBODY, np.intp)
        self.places: list[int | None] = [None] * _FIRST
        self.used = 0

    def add(self, place: int, row: int) -> int:
        """The channel of a new endpoint."""
        if None not in self.places:
            more = len(self.places)
            self.detector.grow(more)
            self.rows = np.concatenate((self.rows, np.full(more, _NOBODY, np.intp)))
            self.places += [None] * more
        channel = self.places.index(None)
        self.detector.reset(channel)
        self.places[channel], self.rows[channel] = place, row
        self.used += 1
        return channel

    def remove(self, channel: int) -> None:
        """An endpoint is listened to no more."""
        self.places[channel], self.rows[channel] = None, _NOBODY  # the detector forgets when the next one comes
        self.used -= 1


Heard = tuple[int, EventInProgress]
"""An endpoint by its number in the matrix, and a digit that began or ended there."""


class DigitListener:
    """The endpoints of a matrix that are listened to."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._groups: dict[str, _Group] = {}
        self._channels: dict[int, tuple[str, int]] = {}
        self._digits: dict[int, EventInProgress] = {}

    def __contains__(self, place: int) -> bool:
        """Whether `place` is listened to."""
        return place in self._channels

    def start(self, place: int) -> None:
        """Listen to what `place` receives, in the law it has now; once is enough."""
        law = self._matrix.law(place)
        if place in self._channels and self._channels[place][0] == law:
            return
        self.stop(place)
        group = self._groups.get(law)
        if group is None:
            group = self._groups[law] = _Group(Law(law))
        self._channels[place] = law, group.add(place, self._matrix.row(place))

    def stop(self, place: int) -> None:
        """Listen to `place` no more; a digit in progress ends without a word."""
        if (found := self._channels.pop(place, None)) is None:
            return
        law, channel = found
        self._groups[law].remove(channel)
        if (event := self._digits.pop(place, None)) is not None:
            event.ended = True
        group = self._groups[law]
        if not group.used and len(group.places) > _FIRST:  # a small one waits for the next call: making it takes 0.3 ms
            del self._groups[law]

    def listen(self) -> list[Heard]:
        """Listen to what came in this tick: digits that began, and, as `ended`, those that are over."""
        heard: list[Heard] = []
        for group in self._groups.values():
            if not group.used:
                continue
            for found in group.detector.rows(self._matrix.rows, group.rows):
                place = group.places[found.channel]
                if place is None:
                    continue
                if isinstance(found, DigitBegan):
                    event = EventInProgress(DIGITS.index(found.digit), _VOLUME, 0)
                    self._digits[place] = event
                elif (ending := self._digits.pop(place, None)) is not None:
                    event = ending
                    event.duration, event.ended = found.duration, True
                else:
                    continue
                heard.append((place, event))
        return heard
