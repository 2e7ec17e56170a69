"""The answer tone of modems: with and without phase reversals and modulation, over noise, level and frequency."""

from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.answer_tone import AnswerTones
from tandem.codecs.g711 import Law, encode
from tandem.codecs.quality import probe

PEAK = 32768 * 10 ** (-3.14 / 20)


def answer_tone(
    seconds: float = 2.0,
    level: float = -12.0,
    offset: float = 0.0,
    turn: float = 180.0,
    period: float = 0.45,
    depth: float = 0.0,
    noise_db: float | None = None,
    phase: float = 0.3,
    lead: int = 37,
) -> np.ndarray:
    """2100 Hz that turns by `turn` degrees every `period` seconds (0: never) and swells by `depth` with 15 Hz."""
    time = np.arange(int(8000 * seconds)) / 8000
    turns = np.floor(time / period) if period else np.zeros(time.size)
    wave = np.sin(2 * np.pi * (2100 + offset) * time + phase + np.deg2rad(turn) * turns)
    wave *= PEAK * 10 ** (level / 20) * (1 + depth * np.sin(2 * np.pi * 15 * time))
    if noise_db is not None:
        power = np.mean(wave**2) * 10 ** (-noise_db / 10)
        wave = wave + np.random.default_rng(5).normal(0, np.sqrt(power), wave.size)
    return np.concatenate([np.zeros(lead), wave])


def heard(*waves: np.ndarray, law: Law = Law.A) -> list[tuple[bool, bool]]:
    """Reversing and modulated, of channels that each hear one."""
    length = min(wave.size for wave in waves) // 160 * 160
    octets = encode(np.clip(np.rint([wave[:length] for wave in waves]), -32768, 32767).astype(np.int16), law)
    tones = AnswerTones(len(waves) + 2)
    channels = np.arange(len(waves)) + 1
    mu = np.full(len(waves), law is Law.MU)
    for start in range(0, length, 160):
        tones.follow(channels, octets[:, start : start + 160], mu)
    assert not tones.reversing[[0, -1]].any()
    return [(bool(tones.reversing[one]), bool(tones.modulated[one])) for one in channels]


@pytest.mark.parametrize("law", list(Law))
@pytest.mark.parametrize(("depth", "period"), [(0.0, 0.0), (0.0, 0.45), (0.2, 0.0), (0.2, 0.45)])
def test_each_of_the_four_tones(law: Law, depth: float, period: float) -> None:
    """CED, ANS with reversals, ANSam without, ANSam (V.8 names them ANS, /ANS, ANSam and /ANSam)."""
    assert heard(answer_tone(depth=depth, period=period), law=law) == [(period > 0, depth > 0)]


@pytest.mark.parametrize("level", [-6.0, -12.0, -24.0, -31.0, -38.0])
def test_levels(level: float) -> None:
    waves = [answer_tone(level=level, depth=0.2), answer_tone(level=level, period=0)]
    assert heard(*waves) == [(True, True), (False, False)]


@pytest.mark.parametrize("offset", [-15.0, -7.0, 7.0, 15.0])
def test_frequencies_within_their_tolerance(offset: float) -> None:
    waves = [answer_tone(offset=offset, depth=0.2), answer_tone(offset=offset, period=0)]
    assert heard(*waves) == [(True, True), (False, False)]


@pytest.mark.parametrize("noise_db", [30.0, 20.0, 12.0, 8.0])
def test_noise(noise_db: float) -> None:
    """A line as bad as 12 dB is worse than any that a modem would work on."""
    waves = [answer_tone(noise_db=noise_db, depth=0.2), answer_tone(noise_db=noise_db, period=0)]
    assert heard(*waves) == [(True, True), (False, False)]


@pytest.mark.parametrize("lead", range(0, 160, 23))
@pytest.mark.parametrize("period", [0.425, 0.45, 0.475])
def test_wherever_the_reversals_fall(lead: int, period: float) -> None:
    assert heard(answer_tone(lead=lead, period=period, seconds=2.4)) == [(True, False)]


@pytest.mark.parametrize(
    ("turn", "reversal"), [(155.0, True), (205.0, True), (110.0, False), (90.0, False), (250.0, False)]
)
def test_which_steps_are_reversals(turn: float, reversal: bool) -> None:
    """G.165 4.2.2 (recalled): 180 +- 25 degrees are, 180 +- 70 are not."""
    assert heard(answer_tone(turn=turn)) == [(reversal, False)]


@pytest.mark.parametrize("period", [0.1, 0.3, 0.6, 5.0])
def test_steps_at_other_times_are_none(period: float) -> None:
    """A packet that is missing turns the phase too, once."""
    assert heard(answer_tone(period=period, seconds=6.0)) == [(False, False)]


def test_speech_and_silence_are_neither() -> None:
    assert heard(np.asarray(probe(32_000), float), np.zeros(32_000)) == [(False, False)] * 2


def test_a_channel_begins_anew() -> None:
    tones = AnswerTones(1)
    octets = encode(np.rint(answer_tone(depth=0.2)).astype(np.int16), Law.A)
    for start in range(0, 16_000, 160):
        tones.follow(np.array([0]), octets[None, start : start + 160], np.zeros(1, np.bool_))
    assert tones.reversing[0]
    tones.reset(0)
    assert not tones.reversing[0]
    assert not tones.modulated[0]
    for start in range(0, 4800, 160):
        tones.follow(np.array([0]), octets[None, start : start + 160], np.zeros(1, np.bool_))
    assert not tones.reversing[0], "one turn is none"
