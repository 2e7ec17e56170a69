"""Tones as G.711 octets: call progress tones, DTMF and sines at a level in dBm0, 8000 samples a second.

A tone is computed once, one whole cadence long, and every channel that plays it gets slices of those octets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.codecs import g711
from tandem.codecs.g711 import SILENCE, Law, Octets, Samples
from tandem.codecs.tone_countries import PLANS, tone_plan
from tandem.codecs.tone_plans import Plan, Tone, UnknownToneError

__all__ = [
    "DTMF_FREQUENCIES",
    "PLANS",
    "RATE",
    "Plan",
    "ToneGenerator",
    "ToneLibrary",
    "UnknownToneError",
    "dtmf_octets",
    "level_dbm0",
    "sine",
    "tone_octets",
    "tone_plan",
]

#: Samples a second of telephone speech.
RATE: Final = 8000

#: Peak of the largest sine that a law can code (16-bit scale), and the level that sine has, G.711 clause 4.
_FULL_SCALE: Final[dict[Law, tuple[float, float]]] = {Law.A: (32768.0, 3.14), Law.MU: (4 * 8159.0, 3.17)}

#: Low and high frequency of each key, Q.23.
DTMF_FREQUENCIES: Final[dict[str, tuple[int, int]]] = {
    key: (low, high)
    for low, keys in ((697, "123A"), (770, "456B"), (852, "789C"), (941, "*0#D"))
    for key, high in zip(keys, (1209, 1336, 1477, 1633), strict=True)
}
#: Levels of the low and the high group, dBm0: the high one 2 dB up, for what the subscriber line takes from it.
_DTMF_LEVELS: Final = (-11.0, -9.0)

#: A slice this long can be taken at any phase of a tone without copying: 200 ms, ten ticks.
_LONGEST_SLICE: Final = 1600


def sine(frequency: float, level_dbm0: float, samples: int, start: int = 0, law: Law = Law.A) -> Samples:
    """`samples` linear samples, from sample number `start` on, of a sine that is 0 at sample 0.

    `law` sets the scale: 0 dBm0 is the level of the sine that its overload point is 3.14 (A) or 3.17 dB (mu) above.
    """
    return _to_pcm(_wave(frequency, level_dbm0, np.arange(start, start + samples), law))


def level_dbm0(pcm: Samples, law: Law = Law.A) -> float:
    """Level of the mean power of `pcm`, in dBm0; minus infinity for digital silence."""
    peak, maximum = _FULL_SCALE[law]
    power = float(np.mean(np.square(pcm.astype(np.float64)))) if pcm.size else 0.0
    return maximum + 10 * float(np.log10(2 * power / peak**2)) if power else -np.inf


def dtmf_octets(digit: str, law: Law, milliseconds: int) -> Octets:
    """The tone pair of `digit` (0-9, *, #, A-D) for `milliseconds`; UnknownToneError for any other character."""
    try:
        pair = DTMF_FREQUENCIES[digit.upper()]
    except KeyError:
        raise UnknownToneError(f"{digit!r} is not a DTMF digit (0-9, *, #, A-D)") from None
    times = np.arange(milliseconds * RATE // 1000)
    waves = [_wave(frequency, level, times, law) for frequency, level in zip(pair, _DTMF_LEVELS, strict=True)]
    return g711.encode(_to_pcm(np.sum(waves, axis=0)), law)


def tone_octets(tone: Tone, law: Law) -> Octets:
    """One period of `tone`: its cadence, or one second of a tone without one."""
    parts: list[Octets] = []
    for burst in tone.bursts:
        times = np.arange(round(burst.on * RATE))
        wave = np.sum([_wave(frequency, tone.level_dbm0, times, law) for frequency in burst.frequencies], axis=0)
        if burst.modulation:
            # From nothing to its most, with the mean power of the same tone unmodulated.
            wave *= (1 - np.cos(2 * np.pi * burst.modulation / RATE * times)) / np.sqrt(1.5)
        parts.append(g711.encode(_to_pcm(wave), law))
        parts.append(np.full(round(burst.off * RATE), SILENCE[law], dtype=np.uint8))
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class _Loop:
    """A period of a tone and a piece of the next, so that a slice may run over its end."""

    octets: Octets
    period: int


class ToneLibrary:
    """The tones of one region in one law; each is made when it is first asked for and then shared."""

    def __init__(self, region: str, law: Law) -> None:
        """UnknownToneError when `region` has no tone plan."""
        self.plan = tone_plan(region)
        self.law = law
        self._loops: dict[str, _Loop] = {}

    def octets(self, name: str, start_sample: int, count: int) -> Octets:
        """`count` octets of tone `name` from `start_sample` of its endless repetition on.

        Blocks that follow on each other join without a step. The array is shared: read it only. UnknownToneError when
        the plan has no such tone.
        """
        loop = self._loops.get(name) or self._make(name)
        start = start_sample % loop.period
        if start + count <= loop.octets.size:
            return loop.octets[start : start + count]
        return np.take(loop.octets[: loop.period], np.arange(start, start + count), mode="wrap")

    def period(self, name: str) -> int:
        """Samples after which tone `name` repeats."""
        return (self._loops.get(name) or self._make(name)).period

    def _make(self, name: str) -> _Loop:
        period = tone_octets(self.plan.tone(name), self.law)
        octets = np.resize(period, period.size + _LONGEST_SLICE)
        octets.setflags(write=False)
        return self._loops.setdefault(name, _Loop(octets, period.size))


class ToneGenerator:
    """One tone from its beginning, block after block."""

    def __init__(self, region: str, name: str, law: Law) -> None:
        """UnknownToneError when there is no such region or tone."""
        self._library = ToneLibrary(region, law)
        self._name = name
        self._library.plan.tone(name)
        self.position = 0

    def block(self, samples: int) -> Octets:
        """The next `samples` octets; read them only."""
        octets = self._library.octets(self._name, self.position, samples)
        self.position += samples
        return octets


def _wave(frequency: float, level: float, times: NDArray[np.int64], law: Law) -> NDArray[np.float64]:
    """A sine in the 16-bit scale at the sample numbers `times`."""
    peak, maximum = _FULL_SCALE[law]
    amplitude = peak * 10 ** ((level - maximum) / 20)
    wave: NDArray[np.float64] = amplitude * np.sin(2 * np.pi * frequency / RATE * times)
    return wave


def _to_pcm(wave: NDArray[np.float64]) -> Samples:
    """Round to 16 bits; what is louder than full scale is clipped."""
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)
