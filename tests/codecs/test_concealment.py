from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.concealment import FADED, HISTORY, LONGEST, OVERLAP, SHORTEST, continuation, join, pitch


def voice(period: float, samples: int, start: int = 0) -> np.ndarray:
    """A periodic signal with harmonics."""
    time = np.arange(start, start + samples)
    wave = sum(3000 / k * np.sin(2 * np.pi * k * time / period + k * k) for k in range(1, 6))
    return np.asarray(wave, np.float32)


@pytest.mark.parametrize("period", [SHORTEST, 47, 61, 80, 99, LONGEST])
def test_the_period_is_found(period: int) -> None:
    found = pitch(voice(period, HISTORY))
    assert found % period == 0 or abs(found - period) <= 1


@pytest.mark.parametrize("period", [SHORTEST, 47, 61, 80, 99, LONGEST])
def test_a_periodic_signal_goes_on_and_dies_away(period: int) -> None:
    made = continuation(voice(period, HISTORY), period)
    expected = voice(period, FADED, HISTORY)
    assert made.shape == (FADED + OVERLAP,)
    assert np.allclose(made[:80], expected[:80], atol=1)
    assert np.allclose(made[320:400], expected[320:400] * (FADED - np.arange(320, 400)) / 400, atol=1)
    assert not made[FADED:].any()


def test_silence_stays_silence() -> None:
    silence = np.zeros(HISTORY, np.float32)
    assert not continuation(silence, pitch(silence)).any()


def test_noise_keeps_its_level_and_steps_no_further_than_it_did() -> None:
    noise = np.random.default_rng(1).normal(0, 1000, HISTORY).astype(np.float32)
    made = continuation(noise, pitch(noise))
    assert 0.7 < made[:80].std() / noise.std() < 1.3
    assert np.abs(np.diff(made)).max() <= np.abs(np.diff(noise)).max() + np.abs(noise).max()
    assert np.abs(made).max() <= np.abs(noise).max()


@pytest.mark.parametrize(("done", "length"), [(80, 32), (160, 64), (240, 80), (480, 80)])
def test_what_comes_back_takes_over_within_the_overlap(done: int, length: int) -> None:
    made, speech = np.full(OVERLAP, -1000, np.float32), np.full(160, 1000, np.float32)
    joined = join(made, speech, done)
    assert len(joined) == length
    assert np.all(np.diff(joined) > 0)
    assert joined[0] < -900
    assert joined[-1] > 900


def test_a_short_piece_of_speech_is_joined_as_far_as_it_goes() -> None:
    assert len(join(np.zeros(OVERLAP, np.float32), np.ones(20, np.float32), 160)) == 20
