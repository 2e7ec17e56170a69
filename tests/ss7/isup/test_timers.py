import pytest

from tandem.core.errors import ConfigurationError
from tandem.ss7.isup.timers import VALUES, Timer, timer_values


def test_every_timer_has_a_default_within_its_range():
    assert set(VALUES) == set(Timer)
    for lowest, highest, default in VALUES.values():
        assert lowest <= default
        assert highest is None or default <= highest


@pytest.mark.parametrize(
    ("timer", "lowest", "highest"), [("T1", 15, 60), ("T5", 300, 900), ("T7", 20, 30), ("T9", 90, 180)]
)
def test_ranges_of_q764_table_a1(timer, lowest, highest):
    assert VALUES[Timer[timer]][:2] == (lowest, highest)


def test_overrides():
    values = timer_values({"T7": 20, "t9": 45.5})
    assert (values[Timer.T7], values[Timer.T9], values[Timer.T1]) == (20.0, 45.5, 15)


@pytest.mark.parametrize("overrides", [{"T99": 1}, {"T7": 0}, {"T7": -1}, {"T7": float("nan")}])
def test_wrong_overrides_are_refused(overrides):
    with pytest.raises(ConfigurationError, match=next(iter(overrides))):
        timer_values(overrides)
