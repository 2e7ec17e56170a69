"""The answer tone of modems followed while it lasts: phase reversals and amplitude modulation, many channels at once.

V.25 turns the phase of its 2100 Hz every 450 ms so that echo cancellers switch themselves off (G.165, G.168); V.8 adds
15 Hz of amplitude modulation (ANSam). Fax machines send the tone with neither (CED). Every 10 ms, 21 periods, one
product gives the tone's amplitude and phase. What the frequency is off turns the phase evenly and is taken away before
a step is looked for.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.codecs.g711 import DECODE, Law, Octets

FREQUENCY: Final = 2100
BLOCK: Final = 160
STEP: Final = 80
"""Samples from one look to the next: 10 ms."""
SHARE: Final = 0.75
"""Least share of the tone in the power of 10 ms; 6 dB of noise leave 0.8."""
STEADY: Final = 2.0
"""Most that its amplitude may change in 70 ms: ANSam swells by 1.5."""
TURN: Final = np.deg2rad(142.0)
"""Least step of the phase: 180 +- 25 degrees is a reversal and 110 is none (G.165 4.2.2; recalled)."""
PERIOD: Final = (42, 48)
"""Looks from one reversal to the next: 450 +- 25 ms (V.25; recalled), a little more for looking, or twice as many."""
DEPTH: Final = 0.1
"""Least depth of amplitude modulation: V.8 has 0.2 (+- 0.01, recalled), none has that of noise."""
_MODULATION: Final = 15
_BEFORE: Final = 3
"""Looks on either side of a reversal, which may be in the middle of one more."""
_SPAN: Final = 2 * _BEFORE + 1
_LOOKS: Final = 40
"""Looks that the modulation is sought in: six periods of it."""
_SELDOM: Final = 10
"""Looks from one search for modulation to the next."""

_TABLE: Final = np.concatenate([DECODE[law] for law in (Law.A, Law.MU)]).astype(np.float32)
_PRODUCT: Final = (np.exp(-2j * np.pi * FREQUENCY / 8000 * np.arange(STEP)) * 2 / STEP).astype(np.complex64)
_SWELL: Final = np.exp(-2j * np.pi * _MODULATION / 100 * np.arange(_LOOKS)).astype(np.complex64)
_PLACES: Final = np.arange(_SPAN)

_Ints = NDArray[np.int64]


class AnswerTones:
    """What is known of the tone in each of a number of channels."""

    def __init__(self, channels: int) -> None:
        self.reversing = np.zeros(channels, np.bool_)
        """Its phase turns every 450 ms: two turns were heard with that between them."""
        self.modulated = np.zeros(channels, np.bool_)
        """It swells with 15 Hz."""
        self._phasors = np.zeros((channels, _LOOKS), np.complex64)
        self._share = np.zeros((channels, _LOOKS), np.float32)
        self._looks = np.zeros(channels, np.int64)
        self._turned = np.zeros(channels, np.int64)  # the look at which it turned last, 0 for never
        self._at = -1

    def reset(self, channel: int) -> None:
        """Begin anew with a channel."""
        if not self._looks[channel]:
            return
        self.reversing[channel] = self.modulated[channel] = False
        self._phasors[channel] = self._share[channel] = 0
        self._looks[channel] = self._turned[channel] = 0

    def follow(self, channels: _Ints, octets: Octets, mu: NDArray[np.bool_]) -> None:
        """Take 20 ms, shape (channels, 160), of these channels; `mu` says which are mu-law.

        A channel that is left out for a time must be `reset` before it is followed again.
        """
        samples = _TABLE.take(octets + (mu.astype(np.uint16) << np.uint16(8))[:, None])
        for start in range(0, BLOCK, STEP):
            part = samples[:, start : start + STEP]
            self._look(channels, part @ _PRODUCT, np.einsum("ck,ck->c", part, part) / STEP)

    def _look(self, channels: _Ints, phasors: NDArray[np.complex64], power: NDArray[np.float32]) -> None:
        self._at = at = (self._at + 1) % _LOOKS
        self._phasors[channels, at] = phasors
        self._share[channels, at] = np.square(np.abs(phasors)) / (2 * power + 1e-9)
        self._looks[channels] += 1
        last = (at - _SPAN + 1 + _PLACES) % _LOOKS
        self._find_turns(channels, self._phasors[channels[:, None], last], self._share[channels[:, None], last])
        if at % _SELDOM == 0:
            self._find_swelling(channels)

    def _find_turns(self, channels: _Ints, history: NDArray[np.complex64], shares: NDArray[np.float32]) -> None:
        """See whether the phase has turned in the middle of the last looks."""
        clean = np.delete(history, _BEFORE, axis=1)
        levels = np.abs(clean)
        steady = (np.delete(shares, _BEFORE, axis=1) >= SHARE).all(axis=1)
        steady &= levels.max(axis=1) <= STEADY * levels.min(axis=1)
        steady &= self._looks[channels] - self._turned[channels] > _SPAN  # the same turn, looked at again
        if not steady.any():
            return
        steps = history[:, 1:] * history[:, :-1].conj()
        drift = np.angle(np.delete(steps, (_BEFORE - 1, _BEFORE), axis=1).sum(axis=1))
        even = history * np.exp(-1j * drift[:, None] * _PLACES)
        step = np.angle(even[:, -_BEFORE:].sum(axis=1) * even[:, :_BEFORE].sum(axis=1).conj())
        turned = channels[steady & (np.abs(step) >= TURN)]
        if turned.size:
            apart = self._looks[turned] - self._turned[turned]
            least, most = PERIOD
            periodic = ((apart >= least) & (apart <= most)) | ((apart >= 2 * least) & (apart <= 2 * most))
            self.reversing[turned] |= periodic & (self._turned[turned] > 0)
            self._turned[turned] = self._looks[turned]

    def _find_swelling(self, channels: _Ints) -> None:
        """See whether the amplitude swells; one reversal among the looks does not spoil them."""
        whole = (self._share[channels] >= SHARE).sum(axis=1) >= _LOOKS - 2
        if not whole.any():
            return
        levels = np.abs(self._phasors[channels])
        mean = levels.mean(axis=1)
        # The looks go round: from which of them one counts matters to the phase alone.
        depth = 2 * np.abs((levels - mean[:, None]) @ _SWELL) / (_LOOKS * (mean + 1e-9))
        self.modulated[channels] |= whole & (depth >= DEPTH)
