import pytest

from tandem.core.errors import ConfigurationError
from tandem.ss7.tup.timers import VALUES, Timer, timer_values


@pytest.mark.parametrize("timer", Timer, ids=lambda timer: timer.name)
def test_default_lies_in_the_range(timer):
    lowest, highest, default = VALUES[timer]
    assert lowest <= default <= highest
    assert timer_values({})[timer] == default


def test_repeats_come_before_their_alerts():
    values = timer_values({})
    for repeat, alert in (
        (Timer.T4, Timer.T5),
        (Timer.T6, Timer.T7),
        (Timer.T11, Timer.T12),
        (Timer.T14, Timer.T15),
        (Timer.T18, Timer.T19),
        (Timer.GROUP, Timer.GROUP_ALERT),
    ):
        assert values[repeat] < values[alert]


def test_china_waits_ninety_seconds_for_answer_and_reanswer():
    assert timer_values({}, china=True)[Timer.ANSWER] == 90
    assert timer_values({}, china=True)[Timer.CLEAR_BACK] == 90
    assert timer_values({"answer": 70}, china=True)[Timer.ANSWER] == 70


@pytest.mark.parametrize("overrides", [{"T99": 1}, {"T6": 0}, {"T6": -1}, {"T17": 5}])
def test_wrong_overrides(overrides):
    with pytest.raises(ConfigurationError):
        timer_values(overrides)
