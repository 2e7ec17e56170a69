import pytest

from tandem.core.errors import ConfigurationError
from tandem.isdn.q931.timers import VALUES, Timer, timer_values


def test_every_timer_has_a_value():
    assert set(VALUES) == set(Timer)
    assert all(seconds > 0 for pair in VALUES.values() for seconds in pair)


@pytest.mark.parametrize(
    ("timer", "network", "user"),
    [("T302", 15, 15), ("T303", 4, 4), ("T304", 20, 30), ("T305", 30, 30), ("T308", 4, 4), ("T310", 10, 60)],
)
def test_values_of_tables_9_1_and_9_2(timer, network, user):
    assert timer_values({}, network=True)[Timer[timer]] == network
    assert timer_values({}, network=False)[Timer[timer]] == user


def test_etsi_waits_longer_after_call_proceeding():
    assert 30 <= timer_values({}, network=True, etsi=True)[Timer.T310] <= 40


def test_overrides():
    assert timer_values({"t310": 20}, network=True, etsi=True)[Timer.T310] == 20.0
    with pytest.raises(ConfigurationError, match="T399 is not a timer"):
        timer_values({"T399": 1}, network=True)
    with pytest.raises(ConfigurationError, match="positive"):
        timer_values({"T303": 0}, network=True)
