from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.g711 import Law, encode
from tandem.codecs.modem_tones import ANSWER, CALLING, modem_tones
from tandem.codecs.quality import probe
from tandem.codecs.tones import dtmf_octets, sine


def found(octets: np.ndarray, law: Law = Law.A) -> list[int]:
    blocks = octets[: octets.size // 160 * 160].reshape(-1, 160)
    return modem_tones(blocks, np.full(len(blocks), law is Law.MU)).tolist()


@pytest.mark.parametrize("law", list(Law))
@pytest.mark.parametrize("level", [-6, -12, -38])
@pytest.mark.parametrize("frequency", [1062, 1085, 1100, 1138, 2085, 2100, 2115])
def test_the_tones_within_their_tolerance(law: Law, level: int, frequency: int) -> None:
    tone = ANSWER if frequency > 2000 else CALLING
    assert found(encode(sine(frequency, level, 1600, law=law), law), law) == [tone] * 10


@pytest.mark.parametrize("frequency", [425, 440, 950, 1000, 1200, 1400, 1800, 2000, 2200])
def test_other_tones_are_none(frequency: int) -> None:
    assert not any(found(encode(sine(frequency, -10, 1600), Law.A)))


def test_a_modulated_answer_tone_and_one_with_phase_reversals() -> None:
    time = np.arange(8000)
    wave = 6000 * (1 + 0.2 * np.sin(2 * np.pi * 15 * time / 8000)) * np.sin(2 * np.pi * 2100 * time / 8000)
    assert found(encode(wave.astype(np.int16), Law.A)) == [ANSWER] * 50
    turned = encode((wave * np.where(time // 3600 % 2, -1, 1)).astype(np.int16), Law.A)
    assert found(turned).count(ANSWER) >= 48


def test_speech_digits_silence_and_what_is_too_quiet_are_none() -> None:
    assert not any(found(encode(probe(80_000), Law.A)))
    for digit in "0123456789*#ABCD":
        assert not any(found(dtmf_octets(digit, Law.A, 200)))
    assert not any(found(np.full(1600, 0xD5, np.uint8)))
    assert not any(found(encode(sine(2100, -45, 1600), Law.A)))


def test_channels_of_both_laws_at_once() -> None:
    octets = np.stack([encode(sine(2100, -10, 160, law=law), law) for law in Law])
    assert modem_tones(octets, np.array([False, True])).tolist() == [ANSWER, ANSWER]
    assert modem_tones(octets[:0], np.zeros(0, np.bool_)).size == 0
