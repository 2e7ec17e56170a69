import pytest

from tandem.codecs.tone_countries import tone_plan
from tandem.codecs.tone_plans import Burst, Tone, UnknownToneError, cadence_text, parse_cadence


def test_cadence_notation():
    assert parse_cadence("425") == (Burst((425,), 1.0, 0.0),)
    assert parse_cadence("350+440 0.1/0.2") == (Burst((350, 440), 0.1, 0.2),)
    assert parse_cadence("400*25 1.0/2.0 450 0.5/0.5") == (Burst((400,), 1.0, 2.0, 25), Burst((450,), 0.5, 0.5))
    assert parse_cadence("400+450*25") == (Burst((400, 450), 1.0, 0.0, 25),)
    assert Tone(parse_cadence("425")).continuous
    assert not Tone(parse_cadence("425 0.5/0.5")).continuous
    assert not Tone(parse_cadence("950 0.3/0 1400 0.3/0")).continuous


@pytest.mark.parametrize("text", ["425", "400*25", "400+450 0.4/0.2 0.4/2", "950 0.33/0 1400 0.33/0 1800 0.33/1"])
def test_cadences_are_written_as_they_are_read(text):
    assert cadence_text(parse_cadence(text)) == text


def test_unknown_tone_names_the_known_ones():
    with pytest.raises(UnknownToneError, match=r"'eu' has no tone 'music'; it has busy, "):
        tone_plan("eu").tone("music")
