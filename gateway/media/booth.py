"""What is being played and recorded on the endpoints of a matrix; `Plane` tells it commands and ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tandem.codecs.g711 import SILENCE, Law
from tandem.codecs.tones import RATE, dtmf_octets

from .matrix import BLOCK, Matrix, Player
from .playback import FilePlayer, OctetPlayer, Reader
from .protocol import Event, PlaybackEnded, RecordingEnded
from .recording import Recorder, Writer

PAUSE: Final = 100
"""Milliseconds of silence behind each digit (Q.24: at least 30 to 70)."""
_MILLISECONDS: Final = BLOCK * 1000 // RATE


@dataclass(slots=True)
class _Playing:
    number: int
    player: FilePlayer | OctetPlayer
    former: Former


@dataclass(frozen=True, slots=True)
class Former:
    """What a sink transmitted before."""

    source: int | None
    """An endpoint of the matrix, None for silence."""
    owner: int | None
    """The leg that the endpoint was then: it may be another one's by now."""
    tone: Player | None
    transparent: bool
    gain: float = 0.0


class Booth:
    """Players and recorders, by endpoint of the matrix."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._reader = Reader()
        self._writer = Writer()
        self._playing: dict[int, _Playing] = {}
        self._recording: list[tuple[int, int, Recorder]] = []
        """(number, endpoint, recorder)."""
        self.events: list[Event] = []
        self.active = False
        """Whether `tick` has anything to do."""

    def play(self, sink: int, number: int, what: str, former: Former) -> None:
        """Play a file to `sink`, in place of `former`."""
        self._start(sink, number, FilePlayer(what, Law(self._matrix.law(sink)), self._reader), former)

    def play_digits(self, sink: int, digits: str, milliseconds: int, former: Former) -> None:
        """Play digits as tones to `sink`; their end is not told."""
        law = Law(self._matrix.law(sink))
        pause = np.full(PAUSE * RATE // 1000, SILENCE[law], np.uint8)
        parts = [part for digit in digits for part in (dtmf_octets(digit, law, milliseconds), pause)]
        octets = np.concatenate(parts)
        fill = np.full(-octets.size % BLOCK, SILENCE[law], np.uint8)
        self._start(sink, -1, OctetPlayer(np.concatenate((octets, fill))), former)

    def former(self, sink: int) -> Former | None:
        """What `sink` will transmit when what is being played to it is over; None when nothing is."""
        playing = self._playing.get(sink)
        return None if playing is None else playing.former

    def stop_play(self, number: int) -> tuple[int, Former] | None:
        """End a playback: its sink, and what that is to transmit now; None when there is no such playback."""
        for sink, playing in self._playing.items():
            if playing.number == number:
                return sink, self._end(sink, "stopped")
        return None

    def taken(self, sink: int) -> None:
        """`sink` has been given something else to transmit, or is gone."""
        if sink in self._playing:
            self._end(sink, "stopped")

    def record(self, source: int, number: int, path: str, mode: str, limit: float) -> None:
        """Record `source`."""
        self._recording.append((number, source, Recorder(path, mode, limit, self._writer)))
        self.active = True

    def stop_record(self, number: int) -> None:
        """End a recording."""
        for found, _, recorder in self._recording:
            if found == number:
                recorder.end("stopped")

    def left(self, endpoint: int) -> None:
        """`endpoint` is gone."""
        self.taken(endpoint)
        for _, source, recorder in self._recording:
            if source == endpoint:
                recorder.end("done")

    def over(self) -> list[tuple[int, Former]]:
        """The sinks whose last block went with the tick before, and what they are to transmit now."""
        over = [sink for sink, playing in self._playing.items() if playing.player.over]
        return [(sink, self._end(sink, "done")) for sink in over]

    def tick(self) -> None:
        """Record this tick's blocks."""
        for number, source, recorder in self._recording[:]:
            if recorder.finished:
                self._recording.remove((number, source, recorder))
                self._told(number, recorder)
            elif not recorder.status:
                received, received_law = self._matrix.received(source)
                heard, heard_law = self._matrix.heard(source)
                recorder.put(received, received_law, heard, heard_law)
        self.active = bool(self._playing or self._recording)

    def close(self) -> None:
        """Close all files."""
        for _, _, recorder in self._recording:
            recorder.end("done")
        self._writer.close()
        self._reader.close()

    def _start(self, sink: int, number: int, player: FilePlayer | OctetPlayer, former: Former) -> None:
        self._playing[sink] = _Playing(number, player, former)
        self._matrix.set_tone(sink, player)
        self.active = True

    def _end(self, sink: int, status: str) -> Former:
        playing = self._playing.pop(sink)
        player = playing.player
        player.stopped = True
        if playing.number >= 0:
            milliseconds = player.played * _MILLISECONDS
            self.events.append(PlaybackEnded(playing.number, player.error or status, milliseconds))
        return playing.former

    def _told(self, number: int, recorder: Recorder) -> None:
        status = recorder.error or recorder.status
        if recorder.lost and not recorder.error:
            status = f"the disk is too slow: {recorder.lost * _MILLISECONDS} ms are missing"
        self.events.append(RecordingEnded(number, status, recorder.recorded * _MILLISECONDS))
