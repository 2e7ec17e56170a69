"""States of an application server: every state with every input."""

import itertools

import pytest

from tandem.core.sigtran.application_server import TRANSITIONS, ApplicationServer, AsInput
from tandem.core.sigtran.configuration import ServerConfiguration
from tandem.core.sigtran.primitives import AsState
from tandem.core.timers import TimerTable

#: RFC 4666 figure 4, written down once more: state, input, next state.
EXPECTED = {
    (AsState.DOWN, AsInput.SOME_UP): AsState.INACTIVE,
    (AsState.DOWN, AsInput.SHORT): AsState.INACTIVE,
    (AsState.DOWN, AsInput.ACTIVE): AsState.ACTIVE,
    (AsState.INACTIVE, AsInput.NONE_UP): AsState.DOWN,
    (AsState.INACTIVE, AsInput.ACTIVE): AsState.ACTIVE,
    (AsState.ACTIVE, AsInput.SOME_UP): AsState.PENDING,
    (AsState.ACTIVE, AsInput.NONE_UP): AsState.PENDING,
    (AsState.PENDING, AsInput.ACTIVE): AsState.ACTIVE,
    (AsState.PENDING, AsInput.SHORT): AsState.ACTIVE,
    (AsState.PENDING, AsInput.RECOVERY_EXPIRY): AsState.INACTIVE,
}


def server(recovery=2.0, required=2):
    timers = TimerTable()
    configuration = ServerConfiguration(name="s", associations=["x", "y"], required_active=required, pending_messages=2)
    return ApplicationServer(configuration, recovery, timers), timers


@pytest.mark.parametrize(("state", "event"), list(itertools.product(AsState, AsInput)))
def test_every_state_and_input(state, event):
    machine, _ = server()
    machine.state = state
    machine.up = event is not AsInput.NONE_UP
    changed = machine._handle(event, 0.0)
    expected = EXPECTED.get((state, event), state)
    assert machine.state is expected
    assert changed is (expected is not state)
    assert ((state, event) in TRANSITIONS) is ((state, event) in EXPECTED)


def test_recovery_timer_runs_only_while_pending():
    machine, timers = server()
    machine.review(True, ("x", "y"), 0.0)
    machine.review(False, (), 1.0)
    assert timers.next_deadline() == 3.0
    machine.review(True, ("x", "y"), 2.0)
    assert timers.next_deadline() is None
    machine.review(False, (), 5.0)
    machine.recovery_expired(7.0)
    assert machine.state is AsState.DOWN


def test_no_recovery():
    machine, timers = server(recovery=0.0)
    machine.review(True, ("x", "y"), 0.0)
    machine.review(True, (), 1.0)
    assert machine.state is AsState.INACTIVE
    assert timers.next_deadline() is None


def test_waiting_messages_are_bounded():
    machine, _ = server()
    for number in range(5):
        machine.keep(number)
    assert machine.discarded == 3
    assert machine.take_waiting() == [3, 4]
    assert machine.take_waiting() == []
