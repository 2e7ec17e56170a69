"""Diversions: how long they last."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.diversion import Declare, Diversions
from tandem.ss7.mtp3.timers import Timer, TimerKey


def diversions() -> Diversions:
    table: TimerTable[TimerKey] = TimerTable()
    return Diversions(Timers(), table)


def test_declared_and_acknowledged():
    it = diversions()
    diversion = it.begin(1, 2, Timer.T4, 10.0)
    assert it._timers.deadline((Timer.T4, (1, "diversion"))) == 10.8
    assert it.acknowledged(2, diversion.code + 1) is None
    assert it.acknowledged(1, diversion.code) is None
    assert it.acknowledged(2, diversion.code) is diversion
    assert it._timers.next_deadline() is None
    assert it.acknowledged(2, diversion.code) is None


def test_declared_twice():
    it = diversions()
    diversion = it.begin(1, 2, Timer.T4, 10.0)
    assert it.expired(1, 10.8) == Declare(diversion)
    assert it._timers.deadline((Timer.T5, (1, "diversion"))) == pytest.approx(11.6)
    assert it.expired(1, 11.6) is diversion
    assert list(it) == []
    assert it.expired(1, 12.0) is None


@pytest.mark.parametrize("timer", [Timer.T1, Timer.T3, Timer.T6])
def test_by_time(timer):
    it = diversions()
    diversion = it.begin(1, 2, timer, 0.0)
    assert it.acknowledged(2, diversion.code) is None
    assert it.expired(1, 0.8) is diversion


def test_codes_tell_diversions_apart():
    it = diversions()
    codes = [it.begin(1, 2, Timer.T4, 0.0).code for _ in range(300)]
    assert max(codes) == 255
    assert len(set(codes[:256])) == 256


def test_failure_of_the_source_ends_them():
    it = diversions()
    it.begin(1, 2, Timer.T4, 0.0)
    other = it.begin(2, 1, Timer.T4, 0.0)
    it.source_failed(1)
    assert list(it) == [other]
