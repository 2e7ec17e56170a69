import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.codecs import g711
from tandem.codecs.g711 import Law
from tandem.codecs.quality import measure, measure_octets, probe

SENT = probe(16000, seed=7)
SILENCE = np.zeros(16000, dtype=np.int16)


def delayed(signal, samples, fill=0):
    return np.concatenate([np.full(samples, fill, dtype=signal.dtype), signal])


def test_exact_copy():
    quality = measure(SENT, SENT)
    assert quality.exact
    assert quality.snr_db == np.inf
    assert (quality.delay_samples, quality.lost_samples, quality.repeated_samples) == (0, 0, 0)
    assert quality.matched_samples == SENT.size
    assert str(quality) == "exact, delay 0.0 ms, lost 0, repeated 0 samples"


@pytest.mark.parametrize("delay", [1, 159, 160, 163, 800, 16000])
def test_delay_up_to_two_seconds(delay):
    quality = measure(SENT, delayed(SENT, delay))
    assert quality.exact
    assert quality.delay_samples == delay
    assert quality.delay_ms == delay / 8


def test_recording_that_began_late_and_ended_early_lost_nothing():
    quality = measure(SENT, SENT[1234:-777])
    assert quality.exact
    assert quality.delay_samples == -1234


def test_recording_longer_than_the_signal():
    assert measure(SENT, np.concatenate([SILENCE[:3000], SENT, SILENCE[:5000]])).exact


def test_transcoding_a_mu_a():
    sent = g711.encode(SENT, Law.A)
    mu = g711.convert(sent, Law.A, Law.MU)
    quality = measure_octets(sent, Law.A, mu, Law.MU)
    assert 35 < quality.snr_db < 40
    back = measure_octets(sent, Law.A, delayed(g711.convert(mu, Law.MU, Law.A), 320, 0xD5), Law.A)
    assert back.snr_db > 35
    assert (back.delay_samples, back.lost_samples, back.repeated_samples, back.unmatched_samples) == (320, 0, 0, 0)


def test_coding_noise_of_linear_samples():
    """G.711 gives about 38 dB over a wide range of levels."""
    for law in Law:
        assert measure(SENT, g711.decode(g711.encode(SENT, law), law)).snr_db == pytest.approx(38, abs=1.5)


def test_one_block_lost_and_closed_up():
    received = delayed(np.concatenate([SENT[:8000], SENT[8160:]]), 400)
    quality = measure(SENT, received)
    assert (quality.lost_samples, quality.repeated_samples, quality.unmatched_samples) == (160, 0, 0)
    assert quality.snr_db == np.inf
    assert not quality.exact
    assert [piece.lag for piece in quality.pieces] == [400, 240]


@pytest.mark.parametrize("law", Law)
def test_one_block_lost_and_filled_with_silence(law):
    received = g711.encode(SENT, law)
    received[8000:8160] = g711.SILENCE[law]
    quality = measure(SENT, delayed(g711.decode(received, law), 323))
    assert quality.lost_samples == pytest.approx(160, abs=4)
    assert quality.unmatched_samples == quality.lost_samples
    assert quality.repeated_samples == 0
    assert quality.snr_db > 36


def test_one_block_repeated():
    quality = measure(SENT, delayed(np.concatenate([SENT[:8160], SENT[8000:]]), 37))
    assert (quality.lost_samples, quality.repeated_samples, quality.unmatched_samples) == (0, 160, 0)
    assert quality.snr_db == np.inf


def test_one_block_lost_and_concealed_by_the_one_before():
    received = SENT.copy()
    received[8000:8160] = SENT[7840:8000]
    quality = measure(SENT, delayed(received, 160))
    assert (quality.lost_samples, quality.repeated_samples, quality.unmatched_samples) == (160, 160, 0)
    assert quality.delay_samples == 160


def test_several_faults_at_once():
    parts = [SENT[:3000], SENT[3160:6000], SENT[5840:9000], SENT[9480:]]
    quality = measure(SENT, g711.decode(g711.encode(delayed(np.concatenate(parts), 500), Law.A), Law.A))
    assert (quality.lost_samples, quality.repeated_samples) == (160 + 480, 160)
    assert 36 < quality.snr_db < 40


def test_jitter_buffer_slip_of_one_sample():
    quality = measure(SENT, np.concatenate([SENT[:5000], SENT[5001:]]))
    assert (quality.lost_samples, quality.repeated_samples) == (1, 0)
    assert quality.snr_db > 60


def test_path_that_opened_late():
    received = SENT.copy()
    received[:1600] = 0
    quality = measure(SENT, delayed(received, 160))
    assert quality.lost_samples == pytest.approx(1600, abs=4)
    assert quality.delay_samples == 160


@pytest.mark.parametrize("level", [0, 8])
def test_silence_received(level):
    quality = measure(SENT, np.full(16000, level, dtype=np.int16))
    assert not quality.heard
    assert quality.snr_db == -np.inf
    assert quality.delay_samples is None
    assert quality.delay_ms is None
    assert quality.lost_samples == 16000
    assert str(quality) == "nothing heard"


@pytest.mark.parametrize("sent", [SILENCE, SENT[:0]])
def test_nothing_sent(sent):
    for received in (SILENCE, SENT, SENT[:0]):
        quality = measure(sent, received)
        assert not quality.heard
        assert quality.lost_samples == 0


def test_another_signal_is_not_heard():
    quality = measure(SENT, probe(16000, seed=8))
    assert quality.matched_samples == 0
    assert quality.lost_samples == 16000


def test_wrong_law_is_seen():
    """Octets passed on without conversion, the commonest fault of all."""
    quality = measure_octets(g711.encode(SENT, Law.A), Law.A, g711.encode(SENT, Law.A), Law.MU)
    assert quality.snr_db < 10


def test_noise_is_measured():
    noise = np.random.default_rng(3).normal(0, 256, SENT.size)
    assert measure(SENT, SENT + noise).snr_db == pytest.approx(20, abs=0.3)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 16000),
    st.integers(1000, 15000),
    st.integers(1, 40),
    st.booleans(),
    st.integers(0, 5),
)
def test_any_loss_or_repetition_is_counted(delay, place, blocks, repeat, seed):
    sent, size = probe(24000, seed), blocks * 20
    parts = [sent[:place], sent[place - size :]] if repeat and size < place else [sent[:place], sent[place + size :]]
    quality = measure(sent, delayed(np.concatenate(parts), delay))
    expected = (0, size) if repeat and size < place else (size, 0)
    assert (quality.lost_samples, quality.repeated_samples) == expected
    assert quality.snr_db > 60


def test_probe_is_deterministic_and_telephone_speech_in_band():
    assert np.array_equal(probe(4000, 3), probe(4000, 3))
    assert not np.array_equal(probe(4000, 3), probe(4000, 4))
    assert probe(0).size == 0
    lines = np.abs(np.fft.rfft(SENT.astype(float))) ** 2
    frequencies = np.fft.rfftfreq(SENT.size, 1 / 8000)
    outside = lines[(frequencies < 280) | (frequencies > 3420)].sum()
    assert outside < lines.sum() / 1000
    assert np.sqrt(np.mean(SENT.astype(float) ** 2)) == pytest.approx(2560, rel=0.02)
    assert np.abs(SENT.astype(int)).max() < 32767


def test_text_of_a_path_that_lost_something():
    quality = measure(SENT, np.concatenate([SENT[:8000], SENT[8160:]]))
    assert str(quality) == "no noise, delay 0.0 ms, lost 160, repeated 0 samples"
