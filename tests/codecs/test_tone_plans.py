import pytest

from tandem.codecs.tone_plans import PLANS, Burst, Tone, UnknownToneError, parse_cadence, tone_plan
from tandem.core.errors import ConfigurationError

NEEDED = {"dial", "ringback", "busy", "congestion", "special_information", "number_unobtainable", "continuity"}


def test_every_region_has_the_tones_a_call_needs():
    assert {"cn", "de", "eu", "us", "uk", "fr", "it", "nl", "es", "se"} == set(PLANS)
    for plan in PLANS.values():
        assert set(plan.tones) >= NEEDED
        for tone in plan.tones.values():
            assert all(burst.on > 0 and burst.off >= 0 and burst.frequencies for burst in tone.bursts)
            assert -30 < tone.level_dbm0 < 0


@pytest.mark.parametrize(
    ("region", "name", "bursts"),
    [
        ("cn", "busy", (Burst((450,), 0.35, 0.35),)),
        ("cn", "ringback", (Burst((450,), 1.0, 4.0),)),
        ("de", "busy", (Burst((425,), 0.48, 0.48),)),
        ("us", "ringback", (Burst((440, 480), 2.0, 4.0),)),
        ("uk", "ringback", (Burst((400, 450), 0.4, 0.2), Burst((400, 450), 0.4, 2.0))),
        ("eu", "special_information", (Burst((950,), 0.33, 0), Burst((1400,), 0.33, 0), Burst((1800,), 0.33, 1.0))),
        ("uk", "number_unobtainable", (Burst((400,), 1.0, 0.0),)),
    ],
)
def test_cadences_of_e180(region, name, bursts):
    assert tone_plan(region).tone(name).bursts == bursts


def test_cadence_notation():
    assert parse_cadence("425") == (Burst((425,), 1.0, 0.0),)
    assert parse_cadence("350+440 0.1/0.2") == (Burst((350, 440), 0.1, 0.2),)
    assert Tone(parse_cadence("425")).continuous
    assert not Tone(parse_cadence("425 0.5/0.5")).continuous
    assert not Tone(parse_cadence("950 0.3/0 1400 0.3/0")).continuous


def test_unknown_region_names_the_known_ones():
    with pytest.raises(UnknownToneError, match=r"unknown tone plan 'xx'; known are cn, de, es, eu"):
        tone_plan("xx")
    assert issubclass(UnknownToneError, ConfigurationError)
    assert issubclass(UnknownToneError, ValueError)


def test_unknown_tone_names_the_known_ones():
    with pytest.raises(UnknownToneError, match=r"'eu' has no tone 'music'; it has busy, "):
        tone_plan("eu").tone("music")
