"""Parameters of level 2 by name: every field of the machines is one, or said not to be."""

from dataclasses import fields

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration import level2
from tandem.gateway.configuration.check_ss7 import SS7_TIMERS
from tandem.gateway.configuration.level2 import M2PA_NAMES, MTP2_NAMES, with_m2pa, with_mtp2
from tandem.ss7.mtp2.configuration import EimParameters, LinkConfiguration, SuermParameters
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration

M2PA = M2paConfiguration("wire")
#: Names of timers that are not those of the fields.
TIMERS = {"t4n": "t4_normal", "t4e": "t4_emergency", "repeat": "repeat", "ack_delay": "ack_delay"}


@pytest.mark.parametrize(
    ("kind", "names", "elsewhere"),
    [
        (LinkConfiguration, MTP2_NAMES, {"bit_rate", "format", "error_correction", "queue_ahead", "suerm", "eim"}),
        (M2paConfiguration, M2PA_NAMES, {"association"}),
    ],
)
def test_every_field_can_be_set_or_is_said_to_follow_from_elsewhere(kind, names, elsewhere):
    timers = {name.partition("_")[2] for name in SS7_TIMERS if name.startswith(("q703", "m2pa"))}
    named = {TIMERS.get(name, name) for name in timers} | set(names)
    assert {field.name for field in fields(kind)} - named == elsewhere
    for name in elsewhere - {"suerm", "eim"}:
        assert f"`{name}`" in (level2.__doc__ or "")


@pytest.mark.parametrize(("kind", "prefix"), [(SuermParameters, "suerm_"), (EimParameters, "eim_")])
def test_every_figure_of_the_monitors_can_be_set(kind, prefix):
    assert {f"{prefix}{field.name}" for field in fields(kind)} <= set(MTP2_NAMES)


def test_values_reach_the_link():
    values = {"n1": 60, "max_sif": 62, "suerm_threshold": 32, "congestion_onset": 200}
    made = with_mtp2(LinkConfiguration(), values, {"q703_t4n": 9.0, "q704_t1": 1.0, "m2pa_repeat": 1.0}, format="basic")
    assert (made.n1, made.max_sif, made.suerm.threshold, made.congestion_onset) == (60, 62, 32, 200)
    assert (made.suerm.rate, made.t4_normal, made.t1) == (256, 9.0, 45.0)
    fast = with_mtp2(LinkConfiguration.high_speed(), {"eim_increment": 5}, {"q703_t8": 0.2})
    assert fast.eim is not None
    assert (fast.eim.increment, fast.eim.threshold, fast.t8) == (5, 793_544, 0.2)
    over_ip = with_m2pa(M2PA, {"window": 9}, {"m2pa_repeat": 0.5, "q703_t5": 0.1, "q703_t4e": 0.4})
    assert (over_ip.window, over_ip.repeat, over_ip.t4_emergency) == (9, 0.5, 0.4)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"congestion_levels": 4}, "1 to 3"),
        ({"eim_threshold": 1}, "format extended"),
        ({"status_octets": 3}, "1 or 2"),
        ({"n1": 0}, "n1"),
    ],
)
def test_what_contradicts_itself(values, reason):
    with pytest.raises(ConfigurationError, match=reason):
        with_mtp2(LinkConfiguration(), values, {})
