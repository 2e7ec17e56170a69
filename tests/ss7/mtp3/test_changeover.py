"""The changeover of one link."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.changeover import (
    TRANSITIONS,
    Acknowledge,
    Changeover,
    ChangeoverInput,
    ChangeoverState,
    Finished,
    Order,
    ReadNumber,
    Retrieve,
)
from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.timers import Timer, TimerKey

Event, State = ChangeoverInput, ChangeoverState


def changeover(retrieval=True) -> Changeover:
    table: TimerTable[TimerKey] = TimerTable()
    return Changeover(7, Timers(), table, retrieval)


def waiting() -> Changeover:
    it = changeover()
    assert it.handle(Event.FAILED, 0.0) == [ReadNumber()]
    assert it.handle(Event.NUMBER_READ, 0.0, 5) == [Order(5)]
    return it


def test_order_and_acknowledgement():
    it = waiting()
    assert it._timers.deadline((Timer.T2, 7)) == 1.4
    assert it.handle(Event.ACKNOWLEDGED, 0.1, 99) == [Retrieve(99)]
    assert it.busy
    assert it.handle(Event.RETRIEVED, 0.1) == [Finished()]
    assert not it.busy
    assert it._timers.next_deadline() is None


def test_both_ends_order():
    it = waiting()
    assert it.handle(Event.ORDERED, 0.1, 99) == [Acknowledge(5), Retrieve(99)]
    assert it.handle(Event.ACKNOWLEDGED, 0.2, 99) == []


def test_ordered_by_the_neighbour_while_the_link_works():
    it = changeover()
    assert it.handle(Event.ORDERED_IN_SERVICE, 0.0, 99) == [ReadNumber()]
    assert it.handle(Event.NUMBER_READ, 0.0, 5) == [Acknowledge(5), Retrieve(99)]


def test_neighbour_that_cannot_read_its_number():
    it = waiting()
    assert it.handle(Event.ACKNOWLEDGED, 0.1, None) == [Retrieve(None)]


def test_no_answer():
    it = waiting()
    assert it.handle(Event.T2_EXPIRY, 1.4) == [Retrieve(None)]


def test_level_2_that_does_not_answer():
    it = changeover()
    it.handle(Event.FAILED, 0.0)
    assert it._timers.deadline((Timer.T2, 7)) == 1.4
    assert it.handle(Event.T2_EXPIRY, 1.4) == [Order(None)]
    assert it.handle(Event.ACKNOWLEDGED, 1.5, 3) == [Retrieve(3)]
    assert it._timers.deadline((Timer.T2, 7)) == 2.9
    assert it.handle(Event.T2_EXPIRY, 2.9) == [Finished()]
    assert not it.busy


def test_no_path_to_the_neighbour_but_one_to_destinations():
    it = changeover()
    it.handle(Event.FAILED, 0.0)
    assert it.handle(Event.NUMBER_READ, 0.0, 5, reachable=False) == []
    assert it._timers.deadline((Timer.T1, 7)) == 0.8
    assert it.handle(Event.T1_EXPIRY, 0.8) == [Retrieve(None)]


def test_no_path_at_all():
    it = changeover()
    it.handle(Event.FAILED, 0.0)
    assert it.handle(Event.NUMBER_READ, 0.0, 5, reachable=False, alternative=False) == [Retrieve(None)]


def test_level_2_that_gives_nothing_back():
    it = changeover(retrieval=False)
    assert it.handle(Event.FAILED, 0.0) == [Order(None)]
    assert it.handle(Event.ACKNOWLEDGED, 0.1, 3) == [Finished()]
    assert it.handle(Event.ORDERED_IN_SERVICE, 0.2, 3) == [Acknowledge(None), Finished()]


def test_the_number_stays_at_hand_until_the_link_is_restored():
    it = waiting()
    it.handle(Event.ACKNOWLEDGED, 0.1, 99)
    it.handle(Event.RETRIEVED, 0.1)
    assert it.handle(Event.ORDERED, 0.5, 99) == [Acknowledge(5)]
    it.link_restored()
    assert it.handle(Event.ORDERED, 0.5, 99) == [Acknowledge(None)]


def test_what_a_failing_carrier_may_have_lost_goes_out_again():
    it = waiting()
    assert it.handle(Event.CARRIER_LOST, 0.1) == [Order(5)]
    assert it.handle(Event.CARRIER_LOST, 0.1, reachable=False) == []
    assert waiting().handle(Event.CARRIER_LOST, 0.1, reachable=False, alternative=False) == [Retrieve(None)]
    it.handle(Event.ORDERED, 0.1, 99)
    assert it.handle(Event.CARRIER_LOST, 0.2) == [Acknowledge(5)]
    it.handle(Event.RETRIEVED, 0.2)
    assert it.handle(Event.CARRIER_LOST, 0.3) == [Acknowledge(5)]
    it.link_restored()
    assert it.handle(Event.CARRIER_LOST, 0.4) == []


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_every_state_takes_every_input(state, event):
    it = changeover()
    it.state = state
    outputs = it.handle(event, 0.0, 1)
    if (state, event) not in TRANSITIONS:
        assert (it.state, outputs) == (state, [])
