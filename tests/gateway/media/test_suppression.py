from __future__ import annotations

import numpy as np

from tandem.codecs.g711 import Law, encode
from tandem.codecs.tones import sine
from tandem.gateway.media.suppression import HANGOVER, NOISE, REFRESH, SILENT, SPEECH, Suppression


def noise(dbm0: float, blocks: int, seed: int = 1) -> np.ndarray:
    """White noise."""
    scale = 32768 * 10 ** ((dbm0 - 6.15) / 20)
    wave = np.random.default_rng(seed).normal(0, scale, 160 * blocks)
    return encode(np.clip(wave, -32768, 32767).astype(np.int16), Law.A).reshape(-1, 160)


class Bench:
    def __init__(self) -> None:
        self.suppression = Suppression(4)
        self.suppression.start(2)

    def say(self, blocks: np.ndarray) -> list[int]:
        legs, law = np.array([2]), np.array([False])
        found = [self.suppression.decide(legs, block[None], law) for block in blocks]
        self.levels = [int(level[0]) for _, level in found]
        return [int(state[0]) for state, _ in found]


def test_speech_is_sent_and_so_is_what_is_behind_it_then_noise_is_described() -> None:
    bench = Bench()
    assert bench.say(noise(-20, 20)) == [SPEECH] * 20
    states = bench.say(noise(-60, 200))
    assert states[: HANGOVER - 1] == [SPEECH] * (HANGOVER - 1)
    assert states[HANGOVER - 1] == NOISE
    quiet = states[HANGOVER:]
    assert SPEECH not in quiet
    assert 2 <= quiet.count(NOISE) <= 200 // REFRESH
    # -60 dBm0 is 66 below full scale; the steps of A-law and the chance of 20 ms do the rest.
    assert set(bench.levels[HANGOVER:]) <= set(range(64, 70))
    assert bench.say(noise(-25, 1)) == [SPEECH]


def test_quiet_speech_above_the_noise_is_sent() -> None:
    bench = Bench()
    bench.say(noise(-65, 100))
    assert bench.say(noise(-52, 5)) == [SPEECH] * 5


def test_noise_that_changes_is_described_anew() -> None:
    bench = Bench()
    assert bench.say(noise(-58, 40)).count(NOISE) == 1
    louder = bench.say(noise(-54, 2 * HANGOVER))
    assert louder.count(NOISE) == 1
    assert SPEECH not in louder


def test_a_tone_and_loud_noise_are_always_sent() -> None:
    bench = Bench()
    tone = encode(sine(425, -30, 160 * 1500), Law.A).reshape(-1, 160)
    assert set(bench.say(tone)) == {SPEECH}
    assert set(bench.say(noise(-40, 1500))) == {SPEECH}


def test_digital_silence_is_silent() -> None:
    bench = Bench()
    states = bench.say(np.full((100, 160), 0xD5, np.uint8))
    assert states[HANGOVER - 1] == NOISE
    assert set(states[HANGOVER : HANGOVER + REFRESH - 1]) == {SILENT}
    assert set(bench.levels) == {127}


def test_it_begins_anew_for_another_call() -> None:
    bench = Bench()
    bench.say(noise(-70, 100))
    bench.suppression.stop(2)
    assert not bench.suppression.on.any()
    bench.suppression.start(2)
    assert bench.say(noise(-70, 1)) == [SPEECH]
