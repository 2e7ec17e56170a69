"""Timers of several objects in one table."""

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.timers import Timer, TimerKey


def test_one_timer_per_object():
    table: TimerTable[TimerKey] = TimerTable()
    table.start((Timer.T10, (9, "a")), 2.0)
    table.start((Timer.TEST_T1, 1), 1.0)
    table.start((Timer.TEST_T2, 1), 3.0)
    assert list(table.expired(2.5)) == [(Timer.TEST_T1, 1), (Timer.T10, (9, "a"))]
