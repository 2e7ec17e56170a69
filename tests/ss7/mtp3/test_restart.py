"""Traffic restart with neighbours of every habit."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.configuration import RestartProcedure
from tandem.ss7.mtp3.restart import TRANSITIONS, RestartControl, RestartInput, RestartOutput, RestartState
from tandem.ss7.mtp3.timers import Timer, TimerKey

TRA, READY, LOST = RestartOutput.SEND_TRA, RestartOutput.READY, RestartOutput.LOST


@pytest.fixture
def restart() -> RestartControl:
    table: TimerTable[TimerKey] = TimerTable()
    return RestartControl("a", 10.0, 68.0, table)


def test_both_send_in_order(restart):
    restart.handle(RestartInput.PEER_TEST_ANSWERED, 0.0)
    assert restart.handle(RestartInput.LINK_USABLE, 0.1) == [TRA]
    assert restart.handle(RestartInput.TRA, 0.2) == [READY]
    assert restart._timers.is_running((Timer.T19, "a"))


def test_our_test_passes_before_the_neighbour_tests(restart):
    assert restart.handle(RestartInput.LINK_USABLE, 0.0) == []
    assert restart.handle(RestartInput.PEER_TEST_ANSWERED, 2.0) == [TRA]
    assert restart.handle(RestartInput.TRA, 3.0) == [READY]


def test_early_tra(restart):
    assert restart.handle(RestartInput.TRA, 0.0) == []
    assert restart.handle(RestartInput.LINK_USABLE, 1.0) == [TRA, READY]


def test_neighbour_without_restart(restart):
    restart.handle(RestartInput.PEER_TEST_ANSWERED, 0.0)
    restart.handle(RestartInput.LINK_USABLE, 0.0)
    assert restart._timers.deadline((Timer.T21, "a")) == 10.0
    assert restart.handle(RestartInput.T21_EXPIRY, 10.0) == [READY]


def test_neighbour_without_link_test_gets_tra_all_the_same(restart):
    restart.handle(RestartInput.LINK_USABLE, 0.0)
    assert restart.handle(RestartInput.PEER_TEST_EXPIRY, 5.0) == [TRA]
    assert restart.handle(RestartInput.TRA, 5.1) == [READY]


def test_tra_goes_out_again_when_the_neighbour_tests_late(restart):
    restart.handle(RestartInput.LINK_USABLE, 0.0)
    restart.handle(RestartInput.PEER_TEST_EXPIRY, 5.0)
    assert restart.handle(RestartInput.PEER_TEST_ANSWERED, 7.0) == [TRA]
    restart.handle(RestartInput.T21_EXPIRY, 10.0)
    assert restart.handle(RestartInput.PEER_TEST_ANSWERED, 11.0) == []


def test_further_links_do_not_repeat_tra(restart):
    restart.handle(RestartInput.PEER_TEST_ANSWERED, 0.0)
    assert restart.handle(RestartInput.LINK_USABLE, 0.1) == [TRA]
    assert restart.handle(RestartInput.PEER_TEST_ANSWERED, 0.2) == []
    restart.handle(RestartInput.TRA, 0.3)
    assert restart.handle(RestartInput.PEER_TEST_ANSWERED, 0.4) == []


def test_neighbour_that_tests_only_after_traffic_began_gets_tra_again(restart):
    restart.handle(RestartInput.LINK_USABLE, 0.0)
    restart.handle(RestartInput.PEER_TEST_EXPIRY, 5.0)
    restart.handle(RestartInput.T21_EXPIRY, 10.0)
    assert restart.handle(RestartInput.PEER_TEST_ANSWERED, 11.0) == [TRA]
    assert restart.handle(RestartInput.PEER_TEST_ANSWERED, 12.0) == []


def test_user_traffic_is_as_good_as_tra(restart):
    restart.handle(RestartInput.LINK_USABLE, 0.0)
    assert restart.handle(RestartInput.USER_TRAFFIC, 1.0) == [TRA, READY]


def test_unexpected_tra_is_answered_once_within_t19(restart):
    restart.handle(RestartInput.TRA, 0.0)
    restart.handle(RestartInput.LINK_USABLE, 0.0)
    assert restart.handle(RestartInput.TRA, 1.0) == []
    restart._timers.stop((Timer.T19, "a"))
    assert restart.handle(RestartInput.TRA, 70.0) == [TRA]
    assert restart.handle(RestartInput.TRA, 71.0) == []


def test_loss_forgets_what_the_neighbour_said(restart):
    restart.handle(RestartInput.TRA, 0.0)
    restart.handle(RestartInput.LINK_USABLE, 0.0)
    assert restart.handle(RestartInput.ALL_LINKS_LOST, 5.0) == [LOST]
    assert restart._timers.next_deadline() is None
    assert restart.handle(RestartInput.LINK_USABLE, 6.0) == []
    assert restart.state is RestartState.RESTARTING


@pytest.mark.parametrize("state", RestartState)
@pytest.mark.parametrize("event", RestartInput)
def test_every_state_takes_every_input(restart, state, event):
    restart.state = state
    outputs = restart.handle(event, 0.0)
    if (state, event) not in TRANSITIONS:
        assert (restart.state, outputs) == (state, [])


# ANSI: TRW


@pytest.fixture
def ansi() -> RestartControl:
    table: TimerTable[TimerKey] = TimerTable()
    return RestartControl("a", 20.0, 62.0, table, RestartProcedure.TRW, 32.0)


def test_neighbour_that_restarts_is_waited_for_longer(ansi):
    ansi.handle(RestartInput.PEER_TEST_ANSWERED, 0.0)
    assert ansi.handle(RestartInput.LINK_USABLE, 0.0) == [TRA]
    assert ansi._timers.deadline((Timer.T28, "a")) == 20.0
    assert ansi.handle(RestartInput.TRW, 1.0) == []
    assert not ansi._timers.is_running((Timer.T28, "a"))
    assert ansi._timers.deadline((Timer.T25, "a")) == 33.0
    ansi.handle(RestartInput.TRW, 14.0)
    assert ansi._timers.deadline((Timer.T25, "a")) == 46.0
    assert ansi.handle(RestartInput.TRA, 40.0) == [READY]
    assert ansi._timers.deadline((Timer.T29, "a")) == 102.0
    assert ansi._timers.next_deadline() == 102.0


def test_trw_before_our_own_test_has_passed(ansi):
    ansi.handle(RestartInput.TRW, 0.0)
    ansi.handle(RestartInput.LINK_USABLE, 1.0)
    assert ansi._timers.deadline((Timer.T25, "a")) == 33.0
    assert not ansi._timers.is_running((Timer.T28, "a"))
    assert ansi.handle(RestartInput.T21_EXPIRY, 33.0) == [TRA, READY]


def test_unexpected_trw_is_answered_once_in_t29(ansi):
    ansi.handle(RestartInput.TRA, 0.0)
    assert ansi.handle(RestartInput.LINK_USABLE, 0.0) == [TRA, READY]
    assert ansi.handle(RestartInput.TRW, 30.0) == []
    assert list(ansi._timers.expired(62.0))
    assert ansi.handle(RestartInput.TRW, 63.0) == [TRA]
    assert ansi.handle(RestartInput.TRA, 64.0) == []
    assert ansi.state is RestartState.RUNNING


def test_trw_is_forgotten_with_the_links(ansi):
    ansi.handle(RestartInput.TRW, 0.0)
    ansi.handle(RestartInput.ALL_LINKS_LOST, 1.0)
    ansi.handle(RestartInput.LINK_USABLE, 2.0)
    assert ansi._timers.deadline((Timer.T28, "a")) == 22.0


def test_trw_means_nothing_to_q704(restart):
    restart.handle(RestartInput.TRW, 0.0)
    restart.handle(RestartInput.LINK_USABLE, 1.0)
    restart.handle(RestartInput.TRW, 2.0)
    assert restart._timers.deadline((Timer.T21, "a")) == 11.0
    assert not restart._timers.is_running((Timer.T25, "a"))


def test_without_restart_traffic_starts_with_the_link():
    it = RestartControl("a", 10.0, 68.0, TimerTable(), RestartProcedure.NONE)
    assert it.handle(RestartInput.LINK_USABLE, 0.0) == [READY]
    for event in (RestartInput.TRA, RestartInput.PEER_TEST_ANSWERED):
        assert it.handle(event, 1.0) == []
    assert it.handle(RestartInput.ALL_LINKS_LOST, 2.0) == [LOST]
    assert it._timers.next_deadline() is None
