import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.codecs import g711, tones
from tandem.codecs.g711 import SILENCE, Law
from tandem.codecs.tones import RATE, ToneGenerator, ToneLibrary, UnknownToneError, dtmf_octets, level_dbm0, sine

#: One period of 1 kHz at 0 dBm0, G.711 tables 5 and 6.
MILLIWATT = {Law.A: "34212134b4a1a1b4", Law.MU: "1e0b0b1e9e8b8b9e"}
LIBRARIES = {law: ToneLibrary("eu", law) for law in Law}


def spectrum(pcm):
    """Frequencies (Hz) with more than a tenth of the strongest one's amplitude; `pcm` must hold whole seconds."""
    lines = np.abs(np.fft.rfft(pcm.astype(float)))
    return (np.flatnonzero(lines > lines.max() / 10) * RATE / pcm.size).tolist()


@pytest.mark.parametrize("law", Law)
def test_digital_milliwatt_is_0_dbm0(law):
    octets = np.frombuffer(bytes.fromhex(MILLIWATT[law]), dtype=np.uint8)
    assert level_dbm0(g711.decode(octets, law), law) == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("law", Law)
@pytest.mark.parametrize("level", [-40.0, -13.0, 0.0, 3.0])
def test_sine_has_its_level_through_the_codec(law, level):
    coded = g711.decode(g711.encode(sine(1004, level, RATE, law=law), law), law)
    assert level_dbm0(coded, law) == pytest.approx(level, abs=0.1)


def test_sine_is_phase_continuous():
    whole = sine(440, -10, 1000)
    assert np.array_equal(np.concatenate([sine(440, -10, 300), sine(440, -10, 700, start=300)]), whole)


def test_level_of_silence():
    assert level_dbm0(np.zeros(160, dtype=np.int16)) == -np.inf
    assert level_dbm0(np.zeros(0, dtype=np.int16)) == -np.inf


@pytest.mark.parametrize("law", Law)
def test_ringback_has_its_frequency_level_and_cadence(law):
    octets = LIBRARIES[law].octets("ringback", 0, 5 * RATE)
    assert np.all(octets[RATE:] == SILENCE[law])
    sound = g711.decode(octets[:RATE], law)
    assert spectrum(sound) == [425.0]
    assert level_dbm0(sound, law) == pytest.approx(-13.0, abs=0.1)
    assert LIBRARIES[law].period("ringback") == 5 * RATE


def test_two_frequencies_sound_together():
    dial = g711.decode(ToneLibrary("us", Law.MU).octets("dial", 0, RATE), Law.MU)
    assert spectrum(dial) == [350.0, 440.0]
    assert level_dbm0(dial, Law.MU) == pytest.approx(-10.0, abs=0.1)


def test_a_modulated_tone_has_two_sidebands_and_its_level():
    ringback = g711.decode(ToneLibrary("in", Law.A).octets("dial", 0, RATE), Law.A)
    assert spectrum(ringback) == [375.0, 400.0, 425.0]
    lines = np.abs(np.fft.rfft(ringback.astype(float)))
    assert lines[375] / lines[400] == pytest.approx(0.5, abs=0.02)
    assert level_dbm0(ringback, Law.A) == pytest.approx(-13.0, abs=0.1)
    envelope = np.abs(ringback[: RATE // 25].astype(float))
    assert envelope[:20].max() < envelope.max() / 10, "from nothing"


def test_special_information_is_three_tones_in_turn():
    octets = LIBRARIES[Law.A].octets("special_information", 0, round(1.99 * RATE))
    for number, frequency in enumerate((950, 1400, 1800)):
        part = g711.decode(octets[number * 2640 : (number + 1) * 2640], Law.A)
        peak = np.argmax(np.abs(np.fft.rfft(part.astype(float)))) * RATE / part.size
        assert peak == pytest.approx(frequency, abs=4)
    assert np.all(octets[3 * 2640 :] == SILENCE[Law.A])


def test_continuity_check_tone_is_2000_hz():
    assert spectrum(g711.decode(LIBRARIES[Law.A].octets("continuity", 0, RATE), Law.A)) == [2000.0]


@settings(max_examples=50)
@given(
    st.sampled_from(["dial", "ringback", "busy", "congestion", "special_information"]),
    st.sampled_from(Law),
    st.integers(0, 10**7),
    st.lists(st.integers(0, 9000), min_size=1, max_size=8),
)
def test_blocks_of_any_size_join(name, law, start, sizes):
    library = LIBRARIES[law]
    period = library.octets(name, 0, library.period(name))
    expected = period[np.arange(start, start + sum(sizes)) % period.size]
    joined, position = [], start
    for size in sizes:
        joined.append(library.octets(name, position, size))
        position += size
    assert np.array_equal(np.concatenate(joined), expected)


def test_generator_runs_on_from_block_to_block():
    generator = ToneGenerator("uk", "ringback", Law.A)
    blocks = np.concatenate([generator.block(160) for _ in range(200)])
    assert np.array_equal(blocks, ToneLibrary("uk", Law.A).octets("ringback", 0, 32000))


def test_a_20_ms_block_is_a_view_of_the_shared_octets():
    library = ToneLibrary("eu", Law.A)
    library.octets("busy", 0, 160)
    first, second = library.octets("busy", library.period("busy") - 80, 160), library.octets("busy", 7920, 160)
    assert np.shares_memory(first, second)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


@pytest.mark.parametrize("law", Law)
@pytest.mark.parametrize("digit", "0123456789*#ABCD")
def test_dtmf_pairs(digit, law):
    pcm = g711.decode(dtmf_octets(digit, law, 1000), law)
    assert spectrum(pcm) == [float(frequency) for frequency in tones.DTMF_FREQUENCIES[digit]]


def test_dtmf_plan_of_q23():
    assert tones.DTMF_FREQUENCIES["1"] == (697, 1209)
    assert tones.DTMF_FREQUENCIES["#"] == (941, 1477)
    assert tones.DTMF_FREQUENCIES["D"] == (941, 1633)
    assert dtmf_octets("5", Law.A, 50).size == 400
    assert np.array_equal(dtmf_octets("a", Law.A, 50), dtmf_octets("A", Law.A, 50))


def test_names_that_do_not_exist():
    with pytest.raises(UnknownToneError, match="not a DTMF digit"):
        dtmf_octets("E", Law.A, 50)
    with pytest.raises(UnknownToneError):
        ToneLibrary("atlantis", Law.A)
    with pytest.raises(UnknownToneError):
        LIBRARIES[Law.A].octets("music", 0, 160)
    with pytest.raises(UnknownToneError):
        ToneGenerator("eu", "music", Law.A)
