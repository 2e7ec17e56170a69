import pytest

from tandem.core.errors import ConfigurationError
from tandem.ss7.mtp2.configuration import LinkConfiguration
from tandem.ss7.mtp2.units import BASIC, EXTENDED

#: Ranges of Q.703 12.3 for 64 kbit/s, in seconds.
RANGES = {
    "t1": (40, 50),
    "t2": (5, 150),
    "t3": (1, 2),
    "t4_normal": (7.5, 9.5),
    "t4_emergency": (0.4, 0.6),
    "t5": (0.08, 0.12),
    "t6": (3, 6),
    "t7": (0.5, 2),
}


@pytest.mark.parametrize("timer", RANGES)
def test_default_timers_are_in_the_range_of_the_recommendation(timer):
    low, high = RANGES[timer]
    assert low <= getattr(LinkConfiguration(), timer) <= high


def test_window_is_one_less_than_the_modulus_unless_given():
    assert LinkConfiguration().window == 127
    assert LinkConfiguration(format="extended").window == 4095
    assert LinkConfiguration(max_unacknowledged=7).window == 7


def test_high_speed_link_has_the_format_and_timers_of_annex_a():
    e1, t1 = LinkConfiguration.high_speed(), LinkConfiguration.high_speed(24 * 64_000)
    assert e1.unit_format is EXTENDED
    assert LinkConfiguration().unit_format is BASIC
    assert 25 <= e1.t1 <= 350
    assert 3 <= e1.t4_normal <= 70
    assert (e1.eim.threshold, t1.eim.threshold) == (793_544, 577_169)
    for eim in (e1.eim, t1.eim):
        assert eim.threshold // eim.increment == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "wide"},
        {"status_octets": 3},
        {"max_sif": 273},
        {"max_sif": 1},
        {"max_unacknowledged": 128},
        {"congestion_onset": 10, "congestion_abatement": 10},
        {"congestion_onset": 5000},
    ],
)
def test_impossible_values_are_refused(wrong):
    with pytest.raises(ConfigurationError):
        LinkConfiguration(**wrong)
