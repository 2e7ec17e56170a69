"""The link test of Q.707 as event and output."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.testing import TRANSITIONS, LinkTest, SltInput, SltOutput, SltState
from tandem.ss7.mtp3.timers import Timer, TimerKey


@pytest.fixture
def table() -> TimerTable[TimerKey]:
    return TimerTable()


@pytest.fixture
def link_test(table):
    return LinkTest(4, 6.0, 60.0, table)


def test_good_link(link_test, table):
    assert link_test.handle(SltInput.START, 0.0) == [SltOutput.SEND]
    assert table.deadline((Timer.TEST_T1, 4)) == 6.0
    assert link_test.handle(SltInput.ACKNOWLEDGED, 1.0) == [SltOutput.PASSED]
    assert not table.is_running((Timer.TEST_T1, 4))
    assert table.deadline((Timer.TEST_T2, 4)) == 61.0


def test_periodic_test_passes_quietly(link_test, table):
    link_test.handle(SltInput.START, 0.0)
    link_test.handle(SltInput.ACKNOWLEDGED, 1.0)
    assert link_test.handle(SltInput.T2_EXPIRY, 61.0) == [SltOutput.SEND]
    assert link_test.handle(SltInput.ACKNOWLEDGED, 61.1) == []
    assert table.deadline((Timer.TEST_T2, 4)) == pytest.approx(121.1)


@pytest.mark.parametrize("first", [SltInput.T1_EXPIRY, SltInput.MISMATCH])
@pytest.mark.parametrize("second", [SltInput.T1_EXPIRY, SltInput.MISMATCH])
def test_two_failures_in_a_row(link_test, table, first, second):
    link_test.handle(SltInput.START, 0.0)
    assert link_test.handle(first, 6.0) == [SltOutput.SEND]
    assert link_test.handle(second, 12.0) == [SltOutput.FAILED]
    assert link_test.state is SltState.IDLE
    assert table.next_deadline() is None


def test_second_attempt_passes(link_test):
    link_test.handle(SltInput.START, 0.0)
    link_test.handle(SltInput.T1_EXPIRY, 6.0)
    assert link_test.handle(SltInput.ACKNOWLEDGED, 7.0) == [SltOutput.PASSED]


def test_start_after_stop_tests_anew(link_test):
    link_test.handle(SltInput.START, 0.0)
    link_test.handle(SltInput.ACKNOWLEDGED, 1.0)
    link_test.handle(SltInput.STOP, 2.0)
    link_test.handle(SltInput.START, 3.0)
    assert link_test.handle(SltInput.ACKNOWLEDGED, 4.0) == [SltOutput.PASSED]


@pytest.mark.parametrize("state", SltState)
@pytest.mark.parametrize("event", SltInput)
def test_every_state_takes_every_input(link_test, state, event):
    link_test.state = state
    outputs = link_test.handle(event, 0.0)
    if (state, event) not in TRANSITIONS:
        assert (link_test.state, outputs) == (state, [])
