"""What is made up in place of G.711 octets that have not come: which leg is how far in it."""

from __future__ import annotations

from typing import Final

import numpy as np

from tandem.codecs.concealment import FADED, HISTORY, OVERLAP, Floats, continuation, join, pitch
from tandem.codecs.g711 import DECODE, ENCODE, Law, Octets

QUIET: Final = 120.0
"""Mean magnitude in the 16-bit scale below which a block may be left out unheard: about -42 dBm0."""
_LINEAR: Final = {law.value: DECODE[law].astype(np.float32) for law in Law}
_CODES: Final = {law.value: ENCODE[law] for law in Law}
_SILENT: Final = np.zeros(OVERLAP, np.float32)


class Concealment:
    """Losses in progress, by leg; blocks are changed in place."""

    HISTORY: Final = HISTORY

    def __init__(self) -> None:
        self._laws: dict[int, str] = {}
        self._made: dict[int, tuple[Floats, int]] = {}
        """What is played in place of speech, and how much of it has been."""

    def __contains__(self, leg: int) -> bool:
        """Whether something was made up last."""
        return leg in self._made

    def open(self, leg: int, law: str) -> None:
        """`leg` is of `law` from now on; nothing is being made up."""
        self._laws[leg] = law
        self._made.pop(leg, None)

    def close(self, leg: int) -> None:
        """Forget `leg`."""
        self._laws.pop(leg, None)
        self._made.pop(leg, None)

    def begin(self, leg: int, played: Octets) -> None:
        """Speech is missing behind `played`, HISTORY octets."""
        history = _LINEAR[self._laws[leg]].take(played)
        self._made[leg] = continuation(history, pitch(history)), 0

    def make(self, leg: int, block: Octets) -> None:
        """Fill `block` with what is made up next."""
        wave, done = self._made[leg]
        count = len(block)
        made = wave[done : done + count]
        if len(made) < count:
            made = np.resize(_SILENT, count) if not len(made) else np.pad(made, (0, count - len(made)))
        self._encode(leg, made, block)
        self._made[leg] = wave, done + count

    def join(self, leg: int, block: Octets) -> None:
        """Speech has come back with `block`: lead over to it."""
        wave, done = self._made.pop(leg)
        linear = _LINEAR[self._laws[leg]].take(block[:OVERLAP])
        joined = join(wave[done : done + OVERLAP] if done < FADED else _SILENT, linear, done)
        self._encode(leg, joined, block[: len(joined)])

    def end(self, leg: int) -> None:
        """Nothing is made up any more: silence is played."""
        self._made.pop(leg, None)

    def is_quiet(self, leg: int, block: Octets) -> bool:
        """Whether nobody would miss `block`."""
        return float(np.abs(_LINEAR[self._laws[leg]].take(block)).mean()) < QUIET

    def overlap(self, leg: int, first: Octets, second: Octets) -> None:
        """Let `second` begin as `first` and end as itself, so that it can take the place of both."""
        linear = _LINEAR[self._laws[leg]]
        ramp = np.arange(1, len(first) + 1, dtype=np.float32) / np.float32(len(first) + 1)
        before = linear.take(first)
        self._encode(leg, before + ramp * (linear.take(second) - before), second)

    def _encode(self, leg: int, linear: Floats, octets: Octets) -> None:
        # Every sample lies between samples that were decoded, so that none overflows.
        octets[:] = _CODES[self._laws[leg]].take(linear.astype(np.int16).view(np.uint16))
