"""DTMF in speech: digits found in many channels at once, to the limits of ITU-T Q.24.

Every 5 ms a Hamming window of 102 samples is laid over each channel; one matrix product gives the eight frequencies of
Q.23 in every window of a tick. A window holds a digit when each frequency of a pair has enough level, their levels
agree (twist) and the two together are nearly all there is: that share stands for the tests of noise, of second
harmonics and of speech. How far the frequencies are off is read from how their phases turn from window to window, far
finer than the windows resolve. A digit begins after `HITS` such windows and ends after `MISSES` others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tandem.codecs import g711, speed
from tandem.codecs.g711 import Law, Octets, Samples
from tandem.codecs.tones import DTMF_FREQUENCIES, RATE, sine

#: Samples of a tick, of a window, and from one window to the next.
TICK: Final = 160
WINDOW: Final = 102
HOP: Final = 40
#: Windows in a row that make a digit: 40 ms of tone have as many at any phase, 23 ms have fewer (Q.24, recalled).
HITS: Final = 5
#: Windows in a row without the digit that end it: a pause of 40 ms has more, an interruption of 10 ms fewer (Q.24).
MISSES: Final = 6
#: Least level of each frequency, dBm0: -25 is a digit and -29 is none (Q.24, recalled: AT&T, NTT).
LEAST_LEVEL_DBM0: Final = -27.0
#: Most that the high frequency may be above the low one, and the low one above the high, dB. Q.24 asks for 4 and 8
#: (AT&T, recalled) and other administrations in it for up to 6 either way; the rest is for noise.
REVERSE_TWIST: Final = 6.5
FORWARD_TWIST: Final = 10.0
#: Most that either frequency may be off: 1.5 % + 2 Hz is to be accepted, 3.5 % refused (Q.24, recalled).
DEVIATION: Final = 0.022
#: Least share of both frequencies in the power of a window; 12 dB of noise leave 0.94.
SHARE: Final = 0.87
#: Least steadiness of a digit's frequencies: the turns of their phases from window to window summed as complex numbers,
#: by the sum of their magnitudes. A steady tone has 1, the gliding harmonics of a voice have less.
STEADINESS: Final = 0.985

_LOW: Final = (697, 770, 852, 941)
_HIGH: Final = (1209, 1336, 1477, 1633)
_KEYS: Final = {pair: key for key, pair in DTMF_FREQUENCIES.items()}
_DIGITS: Final = tuple(_KEYS[low, high] for low in _LOW for high in _HIGH)
_HOPS: Final = TICK // HOP
_HISTORY: Final = WINDOW - HOP
#: Samples of tone that the first and the last window of a digit lack together, on average.
_LACKING: Final = 4

#: What is kept for each channel.
_STATE: Final = (
    *("_samples", "_digit", "_start", "_last", "_misses", "_key", "_run", "_first"),
    *("_before", "_turn", "_weight"),
)

_Floats = NDArray[np.float32]
_Complex = NDArray[np.complex64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DigitBegan:
    """A digit is there. `start`: about the sample of the channel, counted from its first tick on, where it began."""

    channel: int
    digit: str
    start: int


@dataclass(frozen=True, slots=True)
class DigitEnded:
    """The digit that began is over; `duration` in samples, good to about 5 ms."""

    channel: int
    digit: str
    start: int
    duration: int


DigitEvent = DigitBegan | DigitEnded


class DtmfDetector:
    """Finds the digits of `channels` channels, all of one law; feed it a tick of all of them at a time."""

    def __init__(self, channels: int, law: Law) -> None:
        """ValueError when there is no channel."""
        if channels < 1:
            raise ValueError(f"a DTMF detector needs at least one channel, not {channels}")
        self.channels = channels
        self._law = law
        # In units of the peak of a sine of 0 dBm0; a second long, so that its peak is met.
        self._scale = np.float32(1 / np.abs(sine(997, 0.0, RATE, law=law).astype(np.float64)).max())
        self._table = g711.DECODE[law].astype(np.float32) * self._scale
        self._tones, self._power = _matrices()
        self._samples = np.zeros((channels, _HISTORY + TICK), np.float32)
        self._position = 0
        self._digit = np.full(channels, -1, np.int64)
        self._start = np.zeros(channels, np.int64)
        self._last = np.zeros(channels, np.int64)
        self._misses = np.zeros(channels, np.int64)
        self._key = np.full(channels, -1, np.int64)
        self._run = np.zeros(channels, np.int64)
        self._first = np.zeros(channels, np.int64)
        self._before = np.zeros((channels, 2), np.complex64)
        self._turn = np.zeros((channels, 2), np.complex64)
        self._weight = np.zeros((channels, 2), np.float32)
        self._ears = self._compiled()
        self._followed = False  # in some channel there may be a digit, or windows in a row that may become one

    def octets(self, octets: Octets) -> list[DigitEvent]:
        """Take a tick of G.711, shape (channels, 160); ValueError for any other shape."""
        self._check(octets.shape)
        if self._ears is None or self._followed:
            np.take(self._table, octets, out=self._samples[:, _HISTORY:])
        elif not self._ears.hear(octets):
            self._position += TICK
            return []
        return self._tick()

    def rows(self, rows: Octets, chosen: NDArray[np.intp]) -> list[DigitEvent]:
        """Take a tick of G.711 that is in one of `rows`, shape (n, 160), for each channel: in the `chosen` ones."""
        if self._ears is None or self._followed:
            return self.octets(rows[chosen])
        if not self._ears.hear_rows(rows, chosen):  # as nearly always
            self._position += TICK
            return []
        return self._tick()

    def linear(self, pcm: Samples) -> list[DigitEvent]:
        """Take a tick of 16-bit samples in the scale of `g711.decode`, shape (channels, 160); ValueError else."""
        self._check(pcm.shape)
        np.multiply(pcm, self._scale, out=self._samples[:, _HISTORY:])
        return self._tick()

    def reset(self, channel: int) -> None:
        """Forget what `channel` has heard: another call has it. A digit in progress is not reported as ended."""
        self._samples[channel] = 0
        if self._ears is not None:
            self._ears.forget(channel)
        self._digit[channel] = self._key[channel] = -1
        self._run[channel] = self._misses[channel] = 0

    def grow(self, channels: int) -> None:
        """Add `channels` channels behind those there are; what these have heard stays."""
        self.channels += channels
        fresh = DtmfDetector(channels, self._law)
        for name in _STATE:
            setattr(self, name, np.concatenate((getattr(self, name), getattr(fresh, name))))
        self._ears = self._compiled()

    def _compiled(self) -> Any:
        """What listens while nothing is loud, where it was built."""
        if speed.speedups is None:
            return None
        return speed.speedups.Ears(self._table, self._samples, self._power, TICK, _MAYBE_LOUD)

    def _check(self, shape: tuple[int, ...]) -> None:
        if shape != (self.channels, TICK):
            raise ValueError(f"a tick of this DTMF detector has the shape {(self.channels, TICK)}, not {shape}")

    def _tick(self) -> list[DigitEvent]:
        """Analyse the tick at the end of the samples; only channels that are loud enough, or in a digit, cost much."""
        samples = self._samples
        if self._ears is not None:
            self._ears.forget_all()
        power = np.square(samples) @ self._power
        busy = (power.max(axis=1) >= _LEAST_POWER) | (self._digit >= 0) | (self._key >= 0)
        rows = np.flatnonzero(busy)
        events: list[DigitEvent] = []
        if rows.size:
            heard = samples if rows.size == self.channels else samples[rows]
            spectra = (heard @ self._tones).view(np.complex64).reshape(rows.size, _HOPS, 8)
            keys, pairs = _windows(spectra, power[rows])
            for hop in range(_HOPS):
                # Where the window begins.
                position = self._position + hop * HOP - _HISTORY
                self._candidates(rows, keys[:, hop], pairs[:, hop], position)
                events += self._decide(rows, keys[:, hop], position)
        self._followed = bool(rows.size) and bool(((self._digit >= 0) | (self._key >= 0)).any())
        samples[:, :_HISTORY] = samples[:, TICK:]
        self._position += TICK
        return events

    def _candidates(self, rows: _Ints, keys: _Ints, pairs: _Complex, position: int) -> None:
        """Follow the windows in a row with the same key, and how the phases of its frequencies turn."""
        same = (keys >= 0) & (keys == self._key[rows])
        turned = pairs * np.conj(self._before[rows])
        self._turn[rows] = np.where(same[:, None], self._turn[rows] + turned, 0)
        self._weight[rows] = np.where(same[:, None], self._weight[rows] + np.abs(turned), 0)
        self._run[rows] = np.where(same, self._run[rows] + 1, keys >= 0)
        self._first[rows] = np.where(same, self._first[rows], position)
        self._key[rows] = keys
        self._before[rows] = pairs

    def _decide(self, rows: _Ints, keys: _Ints, position: int) -> list[DigitEvent]:
        """Begin and end digits after one window of every busy channel."""
        events: list[DigitEvent] = []
        digits = self._digit[rows]
        held = (digits >= 0) & (keys == digits)
        self._last[rows[held]] = position
        self._misses[rows] = np.where(held, 0, self._misses[rows] + 1)
        ended = (digits >= 0) & (self._misses[rows] >= MISSES)
        began = (self._run[rows] >= HITS) & (keys != digits)
        if began.any():
            candidates = np.flatnonzero(began)
            turn = self._turn[rows[candidates]] * _EXPECTED[keys[candidates]]
            near = np.abs(np.angle(turn)) <= _LIMIT[keys[candidates]]
            steady = np.abs(turn) >= STEADINESS * self._weight[rows[candidates]]
            began[candidates] = (near & steady).all(axis=1)
        for channel in rows[(digits >= 0) & (ended | began)].tolist():
            duration = int(self._last[channel] - self._start[channel]) + WINDOW - _LACKING // 2
            events.append(
                DigitEnded(channel, _DIGITS[self._digit[channel]], int(self._start[channel]), max(duration, 0))
            )
            self._digit[channel] = -1
        for channel, key in zip(rows[began].tolist(), keys[began].tolist(), strict=True):
            start = max(int(self._first[channel]) + _LACKING // 2, 0)
            self._digit[channel], self._start[channel], self._last[channel] = key, start, position
            self._misses[channel] = 0
            events.append(DigitBegan(channel, _DIGITS[key], start))
        return events


def _matrices() -> tuple[_Floats, _Floats]:
    """Windows of a tick by the eight frequencies, and by their power, as matrices over its samples and the history.

    The first gives the complex amplitude of a sine of peak 1 as 1, each as two columns; the second its power as 1.
    """
    shape = np.hamming(WINDOW)
    times = np.arange(WINDOW)[:, None]
    turns = np.exp(-2j * np.pi * np.array(_LOW + _HIGH) / RATE * times) * (2 * shape / shape.sum())[:, None]
    tones = np.zeros((_HISTORY + TICK, _HOPS, 8, 2), np.float32)
    power = np.zeros((_HISTORY + TICK, _HOPS), np.float32)
    for hop in range(_HOPS):
        window = slice(hop * HOP, hop * HOP + WINDOW)
        tones[window, hop, :, 0], tones[window, hop, :, 1] = turns.real, turns.imag
        power[window, hop] = 2 * shape**2 / np.square(shape).sum()
    return np.ascontiguousarray(tones.reshape(_HISTORY + TICK, -1)), power


def _windows(spectra: _Complex, power: _Floats) -> tuple[_Ints, _Complex]:
    """The key of each window of each channel, -1 for none, and the complex amplitudes of its two frequencies."""
    levels = np.square(spectra.real) + np.square(spectra.imag)
    row, column = levels[..., :4].argmax(axis=2), levels[..., 4:].argmax(axis=2)
    chosen = np.stack([row, column + 4], axis=2)
    pairs = np.take_along_axis(spectra, chosen, axis=2)
    low, high = np.moveaxis(np.take_along_axis(levels, chosen, axis=2), 2, 0)
    good = np.minimum(low, high) >= _LEAST
    good &= high <= low * _db(REVERSE_TWIST)
    good &= low <= high * _db(FORWARD_TWIST)
    good &= low + high >= SHARE * power
    return np.where(good, 4 * row + column, -1), pairs


def _db(decibels: float) -> np.float32:
    return np.float32(10 ** (decibels / 10))


_LEAST: Final = _db(LEAST_LEVEL_DBM0)
#: A window with a digit has both frequencies; each has to have its level.
_LEAST_POWER: Final = 2 * _LEAST
#: What a loop that adds up in another order takes for possibly as much: what it passes over, numpy would too.
_MAYBE_LOUD: Final = 0.99 * _LEAST_POWER
_PAIRS: Final = np.array([(low, high) for low in _LOW for high in _HIGH])
#: What turns the phase of each key's frequencies back by a hop, and the most it may then be off, radian.
_EXPECTED: Final = np.exp(-2j * np.pi * _PAIRS * HOP / RATE).astype(np.complex64)
_LIMIT: Final = 2 * np.pi * DEVIATION * _PAIRS * HOP / RATE
