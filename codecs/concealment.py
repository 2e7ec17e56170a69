"""Concealment of lost speech by repetition of its last pitch periods.

In the spirit of ITU-T G.711 Appendix I (1999), not its algorithm to the bit: the pitch is where the last 20 ms are most
like what was before them, 5 to 15 ms ago. The last period is played, then the last two, then the last three over and
over, so that no buzz comes of it; where one turn follows on another a quarter of a period of both overlaps. It keeps
its level for 10 ms and dies away until 60 ms. Speech that comes back overlaps with what would have gone on. Unlike the
Appendix, speech is not delayed by 3.75 ms for an overlap at the beginning of a loss.

Samples are float32 in the 16-bit scale of `g711.decode`, one channel at a time: a loss costs about as much in arrays of
many channels, and most ticks have few.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Samples that must be known of the past: three and a quarter of the longest period (Appendix I: 48.75 ms).
HISTORY: Final = 390
#: Shortest and longest period looked for, samples: 200 to 66 Hz (Appendix I).
SHORTEST: Final = 40
LONGEST: Final = 120
#: Samples of full level, and all samples that are made up: silence behind them (Appendix I: 10 and 60 ms).
LEVEL: Final = 80
FADED: Final = 480
#: The longest overlap where speech comes back, samples (Appendix I: 4 ms, 4 more for each 10 ms lost, 10 ms at most).
OVERLAP: Final = 80

_TEMPLATE: Final = 160
_SEARCHED: Final = slice(HISTORY - _TEMPLATE - LONGEST, HISTORY - SHORTEST)
_LAGS: Final = LONGEST - SHORTEST + 1
_FLOOR: Final = np.float32(1000.0)
"""Energy added to each window, so that silence has no pitch."""

Floats = NDArray[np.float32]


def pitch(history: Floats) -> int:
    """The period of speech that ends with `history` (HISTORY samples), in samples."""
    searched = history[_SEARCHED]
    products = np.correlate(searched, history[-_TEMPLATE:], "valid")
    squares = np.cumsum(np.square(searched))
    energy = squares[_TEMPLATE - 1 :].copy()
    energy[1:] -= squares[: _LAGS - 1]
    # The squares lose their sign: what is unlike must not win.
    return LONGEST - int((products * np.abs(products) / (np.abs(energy) + _FLOOR)).argmax())


def continuation(history: Floats, period: int) -> Floats:
    """What follows `history` (HISTORY samples) of this `period`: FADED samples that die away, OVERLAP of silence."""
    quarter = period // 4
    weight = _RAMPS[quarter]
    three = history[HISTORY - 3 * period :].copy()
    ending = three[-quarter:].copy()
    back = HISTORY - quarter - 2 * period
    first = history[HISTORY - period :].copy()
    first[-quarter:] = ending + weight * (history[back : back + quarter] - ending)
    back -= period
    three[-quarter:] += weight * (history[back : back + quarter] - ending)
    turns = [first, three[period:], *[three] * -(-(_LENGTH - 3 * period) // (3 * period))]
    wave: Floats = np.concatenate(turns)[:_LENGTH] * _GAIN
    return wave


def join(made: Floats, speech: Floats, done: int) -> Floats:
    """The beginning of `speech` that has come back after `done` made-up samples, with `made` going on beneath it.

    As long as the overlap, at most OVERLAP or as long as the shorter of the two.
    """
    length = min(32 + 32 * max(done // 80 - 1, 0), OVERLAP, len(speech), len(made))
    beneath = made[:length]
    joined: Floats = beneath + _RAMPS[length] * (speech[:length] - beneath)
    return joined


_LENGTH: Final = FADED + OVERLAP
_GAIN: Final = np.clip((FADED - np.arange(_LENGTH)) / (FADED - LEVEL), 0.0, 1.0).astype(np.float32)
_RAMPS: Final = {
    length: np.arange(1, length + 1, dtype=np.float32) / np.float32(length + 1) for length in range(OVERLAP + 1)
}
"""Weights from just above 0 to just below 1, by how many there are."""
