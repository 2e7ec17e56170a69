"""The continuity-check tone is told from everything else."""

import numpy as np
import pytest

from tandem.codecs import g711
from tandem.codecs.detect import has_tone
from tandem.codecs.g711 import SILENCE, Law
from tandem.codecs.quality import probe
from tandem.codecs.tones import dtmf_octets, sine

LAWS = [Law.A, Law.MU]


def tone(frequency, level=-12.0, law=Law.A, start=0):
    return g711.encode(sine(frequency, level, 160, start, law), law)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("level", [-3.0, -12.0, -28.0])
@pytest.mark.parametrize("start", [0, 1, 77])
def test_the_tone_at_any_level_and_phase(law, level, start):
    assert has_tone(tone(2000, level, law, start), 2000, law)


@pytest.mark.parametrize("law", LAWS)
def test_not_when_too_faint_or_silent(law):
    assert not has_tone(tone(2000, -40.0, law), 2000, law)
    assert not has_tone(np.full(160, SILENCE[law], np.uint8), 2000, law)


@pytest.mark.parametrize("frequency", [425, 1000, 1780, 2200, 3000])
def test_not_another_tone(frequency):
    assert not has_tone(tone(frequency), 2000, Law.A)


def test_not_speech_or_digits():
    speech = g711.encode(probe(8000, 3), Law.A)
    assert not any(has_tone(speech[first : first + 160], 2000, Law.A) for first in range(0, 8000, 160))
    assert not has_tone(dtmf_octets("5", Law.A, 20), 2000, Law.A)


def test_a_mixture_is_not_the_tone():
    both = sine(2000, -12, 160) // 2 + sine(600, -12, 160) // 2
    assert not has_tone(g711.encode(both.astype(np.int16), Law.A), 2000, Law.A)
