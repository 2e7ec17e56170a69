"""Tone plans of countries."""

import pytest

from tandem.codecs.tone_countries import PLANS, tone_plan
from tandem.codecs.tone_plans import Burst, UnknownToneError
from tandem.core.errors import ConfigurationError

NEEDED = {"dial", "ringback", "busy", "congestion", "special_information", "number_unobtainable", "continuity"}


def test_every_region_has_the_tones_a_call_needs():
    assert {"cn", "de", "eu", "us", "uk", "fr", "it", "nl", "es", "se", "au", "jp", "in", "za"} < set(PLANS)
    assert len(PLANS) == 34
    for code, plan in PLANS.items():
        assert (plan.code, len(code)) == (code, 2)
        assert plan.source
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
        ("jp", "ringback", (Burst((400,), 1.0, 2.0, 15),)),
        ("cz", "dial", (Burst((425,), 0.33, 0.33), Burst((425,), 0.66, 0.66))),
    ],
)
def test_cadences_of_e180(region, name, bursts):
    assert tone_plan(region).tone(name).bursts == bursts


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_what_a_caller_hears_tells_the_called_party_from_the_network(plan):
    """Ringing is not to be taken for busy, nor is it too long between bursts to be heard by who waits."""
    ringback, busy = plan.tones["ringback"], plan.tones["busy"]
    assert ringback.bursts != busy.bursts
    assert 1.9 < sum(burst.on + burst.off for burst in ringback.bursts) < 7
    assert sum(burst.on + burst.off for burst in busy.bursts) < 2


def test_unknown_region_names_the_known_ones():
    with pytest.raises(UnknownToneError, match=r"unknown tone plan 'xx'; known are at, au, be, bg, ch"):
        tone_plan("xx")
    assert issubclass(UnknownToneError, ConfigurationError)
    assert issubclass(UnknownToneError, ValueError)
