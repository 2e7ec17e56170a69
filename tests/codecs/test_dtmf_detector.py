"""DTMF found where Q.24 wants it found, and nowhere else.

The speech here is synthetic (a glottal pulse train through moving formants): it is not the Bellcore talk-off tape.
"""

import numpy as np
import pytest

from tandem.codecs import g711
from tandem.codecs.dtmf_detector import TICK, DigitBegan, DigitEnded, DtmfDetector
from tandem.codecs.g711 import SILENCE, Law
from tandem.codecs.tones import DTMF_FREQUENCIES, dtmf_octets

LAWS = [Law.A, Law.MU]
KEYS = "123A456B789C*0#D"
#: Peak of a sine of 0 dBm0 in the 16-bit scale of A-law.
PEAK = 32768 * 10 ** (-3.14 / 20)


def pair(key, samples, low=-12.0, high=-12.0, off_low=0.0, off_high=0.0, phase=0.0):
    """Both frequencies at their levels, each off by so many Hz."""
    times = np.arange(samples) / 8000
    frequencies = DTMF_FREQUENCIES[key]
    wave = 10 ** (low / 20) * np.sin(2 * np.pi * (frequencies[0] + off_low) * times + phase)
    return PEAK * (wave + 10 ** (high / 20) * np.sin(2 * np.pi * (frequencies[1] + off_high) * times + 2 * phase))


def padded(wave, before=400, after=800):
    return np.concatenate([np.zeros(before), wave, np.zeros(after)])


def run(waves, law=Law.A):
    """Events of channels that each hear one wave, as G.711."""
    length = -(-max(len(wave) for wave in waves) // TICK) * TICK
    pcm = np.zeros((len(waves), length))
    for row, wave in zip(pcm, waves, strict=True):
        row[: len(wave)] = wave
    octets = g711.encode(np.clip(np.rint(pcm), -32768, 32767).astype(np.int16), law)
    detector = DtmfDetector(len(waves), law)
    return [event for at in range(0, length, TICK) for event in detector.octets(octets[:, at : at + TICK])]


def heard(waves, law=Law.A):
    """The digits of each channel; each that began has ended."""
    events = run(waves, law)
    began, ended = ["" for _ in waves], ["" for _ in waves]
    for event in events:
        (began if isinstance(event, DigitBegan) else ended)[event.channel] += event.digit
    assert began == ended
    return began


def at_all_phases(key, **how):
    """The same digit in sixteen channels, at every place in a tick and against each other's phase."""
    samples = how.pop("samples", 400)
    return [padded(pair(key, samples, phase=n, **how), before=400 + 10 * n) for n in range(16)]


@pytest.mark.parametrize("law", LAWS)
def test_sixteen_digits_in_as_many_channels(law):
    assert heard([padded(pair(key, 400)) for key in KEYS], law) == list(KEYS)


@pytest.mark.parametrize("law", LAWS)
def test_digits_as_generated_and_from_linear_samples(law):
    pause = np.full(400, SILENCE[law], np.uint8)
    octets = np.concatenate([part for key in KEYS for part in (dtmf_octets(key, law, 50), pause)])
    one, other = DtmfDetector(1, law), DtmfDetector(1, law)
    events, same = [], []
    for at in range(0, len(octets) - TICK + 1, TICK):
        tick = octets[None, at : at + TICK]
        events += one.octets(tick)
        same += other.linear(g711.decode(tick, law))
    assert "".join(event.digit for event in events if isinstance(event, DigitBegan)) == KEYS
    assert events == same


@pytest.mark.parametrize("key", "15#D")
@pytest.mark.parametrize(("low", "high"), [(-12, -8), (-8, -16), (-25, -25), (-25, -21), (-17, -25), (-3, -3), (0, 0)])
def test_levels_and_twist_to_accept(key, low, high):
    assert heard(at_all_phases(key, low=low, high=high)) == [key] * 16


@pytest.mark.parametrize("key", "15#D")
@pytest.mark.parametrize(("low", "high"), [(-18, -8), (-6, -20), (-29, -29), (-29, -25), (-25, -33), (-55, -55)])
def test_levels_and_twist_to_refuse(key, low, high):
    assert heard(at_all_phases(key, low=low, high=high, samples=2000)) == [""] * 16


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (1, 0), (0, -1), (-1, 0)])
def test_frequencies_off(key, signs):
    low, high = DTMF_FREQUENCIES[key]
    within = {"off_low": signs[0] * (0.015 * low + 2), "off_high": signs[1] * (0.015 * high + 2)}
    beyond = {"off_low": signs[0] * 0.035 * low, "off_high": signs[1] * 0.035 * high}
    assert heard(at_all_phases(key, samples=320, **within)) == [key] * 16
    assert heard(at_all_phases(key, samples=1600, **beyond)) == [""] * 16


@pytest.mark.parametrize("key", KEYS)
def test_durations(key):
    assert heard(at_all_phases(key, samples=320)) == [key] * 16
    assert heard(at_all_phases(key, samples=184)) == [""] * 16
    assert heard(at_all_phases(key, samples=160)) == [""] * 16


@pytest.mark.parametrize("milliseconds", [40, 50, 93, 500])
def test_start_and_duration_told(milliseconds):
    waves = [wave for key in KEYS for wave in at_all_phases(key, samples=milliseconds * 8)]
    ended = [event for event in run(waves) if isinstance(event, DigitEnded)]
    assert len(ended) == len(waves)
    assert max(abs(event.duration - milliseconds * 8) for event in ended) <= 40
    assert max(abs(event.start - 400 - 10 * (event.channel % 16)) for event in ended) <= 40


@pytest.mark.parametrize("key", "15#D")
def test_pauses_and_interruptions(key):
    tone = pair(key, 400)
    paused = [padded(np.concatenate([tone, np.zeros(320), tone]), 400 + 10 * n) for n in range(16)]
    broken = [padded(np.concatenate([tone, np.zeros(80), tone]), 400 + 10 * n) for n in range(16)]
    assert heard(paused) == [key * 2] * 16
    assert heard(broken) == [key] * 16


def test_another_digit_without_a_pause():
    assert heard([padded(np.concatenate([pair("1", 400), pair("D", 400)]))]) == ["1D"]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("ratio", [12, 15, 20])
def test_noise(law, ratio):
    """Digits of 50 ms in white noise of the whole band, the ratio by the power of both frequencies."""
    generator = np.random.default_rng(ratio)
    sigma = PEAK * 10 ** ((-12 - ratio) / 20)
    waves = [padded(pair(key, 400, phase=n)) for n, key in enumerate(KEYS * 20)]
    got = heard([wave + generator.normal(0, sigma, len(wave)) for wave in waves], law)
    assert got == list(KEYS * 20)


def voiced(seed, seconds=30):
    """Speech-like sound: a glottal pulse train with a moving pitch through three moving formants, in syllables."""
    generator = np.random.default_rng(seed)
    parts = []
    turns = 0.0
    while sum(map(len, parts)) < seconds * 8000:
        length = int(generator.integers(400, 2400))
        pitch = np.linspace(*generator.uniform(80, 330, 2), length)
        phase = turns + np.cumsum(pitch) / 8000
        turns = phase[-1]
        sound = np.diff(np.floor(phase), prepend=np.floor(phase[0])) + generator.normal(0, 0.01, length)
        # Through the formants by their frequency response, with room for them to die away.
        turn = np.exp(-2j * np.pi * np.fft.rfftfreq(4096))
        spectrum = np.fft.rfft(sound, 4096)
        for lowest, highest in [(250, 950), (850, 2300), (2200, 3300)]:
            formant, width = generator.uniform(lowest, highest), generator.uniform(40, 120)
            radius = np.exp(-np.pi * width / 8000)
            spectrum /= 1 - 2 * radius * np.cos(2 * np.pi * formant / 8000) * turn + radius**2 * turn**2
        sound = np.fft.irfft(spectrum)[:length]
        level = 10 ** (generator.uniform(-24, -6) / 20) * PEAK / np.sqrt(2)
        parts.append(sound * level / max(np.sqrt(np.mean(sound**2)), 1e-9))
        parts.append(np.zeros(int(generator.integers(0, 1600))))
    return np.concatenate(parts)[: seconds * 8000]


def test_talk_off_by_synthetic_speech():
    """Twenty minutes of voices; see the head of this file for what they are not.

    Their formants stand still within a syllable and their pitch is free of jitter, so that two harmonics can look like
    a digit for longer than in a living voice: three do in these seeds. With a share of 0.80, a
    deviation of 2.65 % and no test of steadiness nineteen did. One more is allowed for another processor's rounding.
    """
    speech = [voiced(seed) for seed in range(40)]
    assert sum(isinstance(event, DigitBegan) for event in run(speech)) <= 4


@pytest.mark.parametrize("law", LAWS)
def test_speech_beside_a_digit(law):
    speech = voiced(0, 2)
    assert heard([speech, padded(pair("7", 400)), speech], law) == ["", "7", ""]


@pytest.mark.parametrize("law", LAWS)
def test_noise_and_single_tones_are_no_digits(law):
    generator = np.random.default_rng(1)
    noise = [generator.normal(0, PEAK * 10 ** (-15 / 20), 32000) for _ in range(4)]
    times = np.arange(4000) / 8000
    tones = [PEAK / 4 * np.sin(2 * np.pi * frequency * times) for frequency in range(300, 3400, 25)]
    assert run(noise + tones, law) == []


def test_a_channel_given_to_another_call_begins_anew():
    octets = g711.encode(np.rint(pair("5", 4 * TICK)).astype(np.int16), Law.A).reshape(4, 1, TICK)
    detector = DtmfDetector(1, Law.A)
    (began,) = [event for tick in octets for event in detector.octets(tick)]
    assert isinstance(began, DigitBegan)
    assert (began.channel, began.digit) == (0, "5")
    detector.reset(0)
    quiet = np.full((1, TICK), SILENCE[Law.A], np.uint8)
    assert [event for _ in range(5) for event in detector.octets(quiet)] == []


def test_wrong_shapes_are_told():
    with pytest.raises(ValueError, match="at least one channel"):
        DtmfDetector(0, Law.A)
    with pytest.raises(ValueError, match=r"\(2, 160\), not \(160,\)"):
        DtmfDetector(2, Law.A).octets(np.zeros(TICK, np.uint8))
    with pytest.raises(ValueError, match=r"\(2, 160\), not \(1, 160\)"):
        DtmfDetector(2, Law.A).linear(np.zeros((1, TICK), np.int16))


def test_channels_are_added_and_those_there_hear_on():
    detector = DtmfDetector(1, Law.A)
    octets = dtmf_octets("4", Law.A, 60)
    events = detector.octets(octets[None, :160])
    detector.grow(3)
    assert detector.channels == 4
    for start in (160, 320):
        events += detector.octets(np.stack([octets[start : start + 160]] * 4))
    for _ in range(3):
        events += detector.octets(np.full((4, 160), 0xD5, np.uint8))
    ended = {event.channel: event for event in events if isinstance(event, DigitEnded)}
    assert sorted(ended) == [0, 1, 2, 3]
    assert abs(ended[0].duration - 480) <= 40
