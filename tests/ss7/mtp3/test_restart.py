"""Traffic restart with neighbours of every habit."""

import pytest

from tandem.core.timers import TimerTable
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
