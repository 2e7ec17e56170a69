"""Who hears whom: sources as rows of octets, sinks that copy a row in their own law.

Rows are fixed: one of silence for each law, one per RTP leg, one per timeslot, and one per sink for a tone.
Sinks are the RTP legs and the timeslots, numbered alike. One gather and one table look-up per law serve all sinks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from tandem.codecs.g711 import A_TO_MU, MU_TO_A, SILENCE, Law, Octets, gain_table
from tandem.codecs.tones import ToneLibrary
from tandem.hardware.span import TIMESLOTS

from . import speed

BLOCK: Final = 160
_SILENT_ROWS: Final = {"A": 0, "u": 1}
_SILENCE: Final = {law.value: SILENCE[law] for law in Law}
_FIRST: Final = 2
#: (law of the source, law of the sink) -> table for bytes.translate, three times as fast as an array look-up.
_CONVERSIONS: Final = {("A", "u"): A_TO_MU.tobytes(), ("u", "A"): MU_TO_A.tobytes()}
_SAME: Final = bytes(range(256))
"""The table that changes nothing."""
_USUAL: Final = (None, *_CONVERSIONS.values())
"""Tables of those that hear the same law, mu-law that hears A-law, A-law that hears mu-law."""


def _joined(tables: Sequence[bytes | None]) -> Octets:
    """Tables as rows, None as the one that changes nothing."""
    return np.frombuffer(b"".join([table or _SAME for table in tables]), np.uint8).reshape(-1, 256)


USUAL_TABLES: Final = _joined(_USUAL)


class Player(Protocol):
    """Whatever gives a sink one block after another, in its law."""

    def play(self) -> Octets:
        """The next block, 160 octets."""
        ...


class TonePlayer:
    """One tone from its beginning on, in one law."""

    __slots__ = ("_library", "_name", "_position")

    def __init__(self, library: ToneLibrary, name: str) -> None:
        self._library = library
        self._name = name
        self._position = 0

    def play(self) -> Octets:
        """The next block."""
        octets = self._library.octets(self._name, self._position, BLOCK)
        self._position += BLOCK
        return octets


class Rendering:
    """What a fixed list of sinks transmits: computed at once, in an order that puts equal conversions together."""

    def __init__(self, matrix: Matrix, sinks: npt.ArrayLike) -> None:
        numbers = np.asarray(sinks, np.intp)
        self._rows = matrix.rows
        self._sinks = numbers
        self.order = numbers
        """The sinks in the order of the rows that `render` returns."""
        self._compiled = speed.speedups
        self._silence: Octets | None = None  # frames of a rendering that is silence throughout
        if self._compiled is not None and matrix.is_usual:
            self._sources, self._conversions = np.empty(numbers.size, np.intp), np.empty(numbers.size, np.uint8)
            mu, columns = matrix.mu.view(np.uint8), (self._sources, self._conversions)
            self._silent = self._compiled.choose(matrix.source, mu, numbers, _FIRST, *columns)
            self._tables = USUAL_TABLES
            return
        tables, keys = matrix.conversions(numbers)
        if len(tables) > 256:
            self._compiled = None
        if self._compiled is None:
            self._sort(matrix, tables, keys)
            return
        self._sources = matrix.source[numbers]
        self._silent = bool((self._sources < _FIRST).all())
        self._conversions = keys.astype(np.uint8)
        self._tables = USUAL_TABLES if len(tables) == len(_USUAL) else _joined(tables)

    def _sort(self, matrix: Matrix, tables: list[bytes | None], keys: npt.NDArray[np.intp]) -> None:
        """Put equal conversions together."""
        self.order = self._sinks[np.argsort(keys, kind="stable")]
        self._sources = matrix.source[self.order]
        self._converted: list[tuple[int, int, bytes]] = []
        end = 0
        for table, count in zip(tables, np.bincount(keys, minlength=len(tables)).tolist(), strict=True):
            start, end = end, end + count
            if table is not None and count:
                self._converted.append((start, end, table))

    def render(self) -> Octets:
        """The octets of this tick, shape (sinks, 160)."""
        if self._compiled is not None:
            octets = np.empty((len(self.order), BLOCK), np.uint8)
            places = np.arange(len(self.order))
            self._compiled.render(self._rows, self._sources, self._conversions, self._tables, octets, places, 0)
            return octets
        block = self._rows.take(self._sources, axis=0)
        for start, end, table in self._converted:
            converted = block[start:end].tobytes().translate(table)
            block[start:end] = np.frombuffer(converted, np.uint8).reshape(-1, BLOCK)
        return block

    def render_into(self, packets: Octets, first: int) -> None:
        """The same from octet `first` of `packets` on, shape (sinks of the matrix, octets), each sink in its row."""
        if self._compiled is None:
            packets[self.order, first : first + BLOCK] = self.render()
        else:
            self._compiled.render(
                self._rows, self._sources, self._conversions, self._tables, packets, self._sinks, first
            )

    def frames(self) -> Octets:
        """The same as frames of lines, shape (lines, 160, 32); the sinks are all timeslots of these, in their order.

        Not to be changed: they may be those of the next tick too.
        """
        if self._compiled is None:
            return self._frames_by_rows()
        if self._silence is not None:
            return self._silence
        frames = np.empty((len(self.order) // TIMESLOTS, BLOCK, TIMESLOTS), np.uint8)
        self._compiled.interleave(self._rows, self._sources, self._conversions, self._tables, frames)
        if self._silent:
            self._silence = frames
        return frames

    def _frames_by_rows(self) -> Octets:
        octets = np.empty((len(self.order), BLOCK), np.uint8)
        octets[self.order - self._sinks[:1]] = self.render()
        return np.ascontiguousarray(octets.reshape(-1, TIMESLOTS, BLOCK).transpose(0, 2, 1))


class Matrix:
    """Sources of `legs` RTP legs and `timeslots` timeslots."""

    def __init__(self, legs: int, timeslots: int) -> None:
        self.legs = legs
        self.sinks = legs + timeslots
        self.rows = np.full((_FIRST + 2 * self.sinks, BLOCK), SILENCE[Law.A], np.uint8)
        """Octets received this tick by every source, in the source's own law."""
        self.source = np.zeros(self.sinks, np.intp)
        """The row that each sink transmits."""
        self.changed = True
        """Some rendering made earlier no longer holds; whoever renews them resets it."""
        self._laws = ["A", "u"] + ["A"] * (2 * self.sinks)
        self.mu = np.zeros(len(self._laws), np.bool_)
        """Which rows are mu-law."""
        self.mu[_SILENT_ROWS["u"]] = True
        self._tones: dict[int, Player] = {}
        self._gains: dict[int, float] = {}  # of sinks, where it is not 0 dB
        self._transparent: set[int] = set()  # sinks that take their source's octets whatever the laws
        self.rows[_SILENT_ROWS["u"]] = SILENCE[Law.MU]

    @property
    def is_usual(self) -> bool:
        """Whether every sink transmits its source in its own law, and at the level that it has."""
        return not (self._transparent or self._gains)

    leg_row: Final = _FIRST
    """The row of RTP leg 0; the others follow."""

    def row(self, endpoint: int) -> int:
        """The row of what `endpoint` (numbered as a sink) receives."""
        return _FIRST + endpoint

    @property
    def leg_rows(self) -> Octets:
        """The rows of the RTP legs, shape (legs, 160), a view."""
        return self.rows[_FIRST : _FIRST + self.legs]

    @property
    def timeslot_rows(self) -> Octets:
        """The rows of the timeslots, shape (timeslots, 160), a view."""
        return self.rows[_FIRST + self.legs : _FIRST + self.sinks]

    def receive_lines(self, first: int, lines: list[Octets]) -> None:
        """What was received on the timeslots of lines from number `first` on, each of shape (160, 32)."""
        rows = self.timeslot_rows[TIMESLOTS * first : TIMESLOTS * (first + len(lines))]
        if speed.speedups is not None:
            speed.speedups.separate(lines, rows)
            return
        for start, frames in zip(range(0, len(rows), TIMESLOTS), lines, strict=True):
            rows[start : start + TIMESLOTS] = frames.T

    def law(self, endpoint: int) -> str:
        """`A` or `u`."""
        return self._laws[_FIRST + endpoint]

    def set_law(self, endpoint: int, law: str) -> None:
        """Give `endpoint` a law, its row silence; a sink that was silent stays so, a tone is stopped."""
        if endpoint in self._tones:
            self.set_source(endpoint, None)
        silent = self.source[endpoint] < _FIRST
        self._laws[_FIRST + endpoint] = law
        self.mu[_FIRST + endpoint] = law == "u"
        self.rows[_FIRST + endpoint] = _SILENCE[law]
        if silent:
            self.set_source(endpoint, None)
        self.changed = True

    def set_source(self, sink: int, source: int | None, transparent: bool = False, gain: float = 0.0) -> None:
        """From the next rendering on, `sink` transmits what endpoint `source` receives; None is silence.

        `transparent`: octet for octet, whatever the laws of the two. `gain` is in dB.
        """
        row = _SILENT_ROWS[self._laws[_FIRST + sink]] if source is None else _FIRST + source
        if self.source[sink] == row and not (gain or transparent or sink in self._gains or sink in self._transparent):
            return  # a tone has a row of its own
        self._tones.pop(sink, None)
        self._gains.pop(sink, None)
        if gain and source is not None and not transparent:
            self._gains[sink] = gain
        (self._transparent.add if transparent and source is not None else self._transparent.discard)(sink)
        self.source[sink] = row
        self.changed = True

    def drop_gain(self, sink: int) -> None:
        """From the next rendering on, `sink` transmits its source at the level that it has."""
        if self._gains.pop(sink, None) is not None:
            self.changed = True

    def set_tone(self, sink: int, player: Player) -> None:
        """From the next rendering on, `sink` transmits what `player` (in the sink's law) plays."""
        row = _FIRST + self.sinks + sink
        self._laws[row] = self.law(sink)
        self.mu[row] = self._laws[row] == "u"
        self.rows[row] = _SILENCE[self.law(sink)]
        self._tones[sink] = player
        self._gains.pop(sink, None)
        self._transparent.discard(sink)
        self.source[sink] = row
        self.changed = True

    def source_of(self, sink: int) -> tuple[int | None, Player | None, bool, float]:
        """The endpoint that `sink` listens to, or the player, None of both in silence; whether octet for octet; dB."""
        player = self._tones.get(sink)
        row = int(self.source[sink])
        endpoint = None if player is not None or row < _FIRST else row - _FIRST
        return endpoint, player, sink in self._transparent, self._gains.get(sink, 0.0)

    def received(self, endpoint: int) -> tuple[bytes, str]:
        """What `endpoint` receives this tick, and its law."""
        return self.rows[_FIRST + endpoint].tobytes(), self._laws[_FIRST + endpoint]

    def heard(self, sink: int) -> tuple[bytes, str]:
        """What `sink` transmits this tick, in the law of its source, and that law."""
        row = self.source[sink]
        return self.rows[row].tobytes(), self._laws[row]

    def remove(self, endpoint: int) -> None:
        """`endpoint` has ended: it and all that listened to it fall silent."""
        for sink in self.listeners(endpoint):
            self.set_source(sink, None)
        self.set_source(endpoint, None)
        self.rows[_FIRST + endpoint] = _SILENCE[self._laws[_FIRST + endpoint]]

    def listeners(self, endpoint: int) -> list[int]:
        """The sinks that transmit what `endpoint` receives."""
        listeners: list[int]
        if speed.speedups is not None:
            listeners = speed.speedups.listeners(self.source, _FIRST + endpoint)
        else:
            listeners = (self.source == _FIRST + endpoint).nonzero()[0].tolist()
        return listeners

    def conversions(self, sinks: npt.NDArray[np.intp]) -> tuple[list[bytes | None], npt.NDArray[np.intp]]:
        """Tables, and of each sink the number of the one that it needs.

        The first is None: for a source of the same law and level, or where no law matters.
        """
        tables: list[bytes | None] = [*_USUAL]
        law, own = self.mu[self.source[sinks]], self.mu[_FIRST + sinks]
        keys: npt.NDArray[np.intp] = (law ^ own) * (law + np.intp(1))
        if self._transparent or self._gains:
            for place, sink in enumerate(sinks.tolist()):
                if sink in self._transparent:
                    keys[place] = 0
                elif sink in self._gains:
                    table = gain_table(Law(self._laws[self.source[sink]]), Law(self.law(sink)), self._gains[sink])
                    if table not in tables:
                        tables.append(table)
                    keys[place] = tables.index(table)
        return tables, keys

    def play_tones(self) -> None:
        """Put the next block of every tone into its row."""
        first = _FIRST + self.sinks
        for sink, player in self._tones.items():
            self.rows[first + sink] = player.play()
