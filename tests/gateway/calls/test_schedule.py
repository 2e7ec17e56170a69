"""Times of the week."""

from datetime import datetime

import pytest

from tandem.gateway.calls.schedule import Schedule

MONDAY, SATURDAY, SUNDAY = 2, 7, 8  # days of March 2026


def at(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute)


def test_empty_always_holds():
    assert Schedule.parse("").holds(at(MONDAY, 3))


def test_days_and_hours():
    schedule = Schedule.parse("Mo-Fr 08:00-18:00, Sa 09:00-12:00")
    assert schedule.holds(at(MONDAY, 8))
    assert not schedule.holds(at(MONDAY, 18))
    assert schedule.holds(at(MONDAY, 17, 59))
    assert schedule.holds(at(SATURDAY, 11))
    assert not schedule.holds(at(SATURDAY, 12))
    assert not schedule.holds(at(SUNDAY, 10))


def test_over_midnight_goes_on_into_the_next_day():
    schedule = Schedule.parse("Sa 22:00-06:00")
    assert schedule.holds(at(SATURDAY, 23))
    assert schedule.holds(at(SUNDAY, 5))
    assert not schedule.holds(at(SATURDAY, 5))


def test_days_may_wrap_around_the_week():
    schedule = Schedule.parse("Sa-Mo")
    assert schedule.holds(at(SUNDAY, 0))
    assert schedule.holds(at(MONDAY, 23))
    assert not schedule.holds(at(MONDAY + 1, 0))


@pytest.mark.parametrize("text", ["Mon", "08:00", "Mo 25:00-26:00", "Mo 08:60-09:00", "Mo-"])
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match=r"is not a time|past"):
        Schedule.parse(text)
