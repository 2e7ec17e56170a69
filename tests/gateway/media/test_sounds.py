import wave

import numpy as np
import pytest

from tandem.codecs.g711 import Law, decode, encode
from tandem.codecs.tones import level_dbm0, sine
from tandem.gateway.media.sounds import SoundError, samples

TONE = sine(1000, -10.0, 16000)


def whole(what):
    return np.concatenate(list(samples(str(what))))


def write(path, pcm, rate=8000, channels=1):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def strongest(pcm):
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(pcm.size)))
    return float(np.argmax(spectrum) * 8000 / pcm.size)


def test_wav_of_telephone_speech_comes_as_it_is(tmp_path):
    assert (whole(write(tmp_path / "a.wav", TONE)) == TONE).all()


def test_two_channels_are_mixed(tmp_path):
    both = np.column_stack((TONE, np.zeros_like(TONE))).reshape(-1)
    mixed = whole(write(tmp_path / "a.wav", both, channels=2))
    assert mixed.size == TONE.size
    assert level_dbm0(mixed) == pytest.approx(-16.0, abs=0.1)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_other_rates_are_resampled(tmp_path, rate):
    pcm = (10000 * np.sin(2 * np.pi * 1000 * np.arange(2 * rate) / rate)).astype(np.int16)
    resampled = whole(write(tmp_path / "a.wav", pcm, rate))
    assert abs(resampled.size - 16000) <= 8
    assert strongest(resampled[2000:14000]) == pytest.approx(1000, abs=1)
    assert np.max(resampled[2000:14000]) == pytest.approx(10000, rel=0.01)


@pytest.mark.parametrize(("suffix", "law"), [(".alaw", Law.A), (".ulaw", Law.MU), (".raw", None)])
def test_raw_octets(tmp_path, suffix, law):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(TONE.astype("<i2").tobytes() if law is None else encode(TONE, law).tobytes())
    expected = TONE if law is None else decode(encode(TONE, law), law)
    assert (whole(path) == expected).all()


def test_a_file_that_is_cut_short_gives_what_is_there(tmp_path):
    path = write(tmp_path / "a.wav", TONE)
    path.write_bytes(path.read_bytes()[:8044])
    assert whole(path).size == 4000


def test_tones_and_silence():
    tone = whole("tone_stream://v=-13;%(200,300,440,480);loops=2")
    assert tone.size == 8000
    assert np.abs(tone[1600:4000]).max() <= 8  # the least that A-law can say
    assert level_dbm0(tone[:1600]) == pytest.approx(-10.0, abs=0.3)  # two frequencies of -13 dBm0
    assert (tone[:4000] == tone[4000:]).all()
    assert whole("silence_stream://250").size == 2000


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("/nowhere/a.wav", "cannot be read: No such file"),
        ("/nowhere/a.mp3", "cannot be read: No such file"),
        ("tone_stream://440", "is not a tone"),
        ("tone_stream://", "names no tone"),
        ("tone_stream://%(1,1,9000)", "at most 4000 Hz"),
        ("tone_stream://loops=x", "has no number"),
        ("silence_stream://x", "is not a time"),
    ],
)
def test_what_cannot_be_played_is_told(what, says):
    with pytest.raises(SoundError, match=says):
        whole(what)


def test_what_is_no_sound(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"no sound at all" * 100)
    with pytest.raises(SoundError, match="is no sound file"):
        whole(path)
