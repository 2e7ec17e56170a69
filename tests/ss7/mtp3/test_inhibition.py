"""Management inhibiting of one link, either end."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.inhibition import LOCAL, REMOTE, InhibitInput, Inhibition, LinkInhibition, Report, Say
from tandem.ss7.mtp3.timers import Timer, TimerKey

Event = InhibitInput


def inhibition() -> LinkInhibition:
    table: TimerTable[TimerKey] = TimerTable()
    return LinkInhibition(7, Timers(), table)


def inhibited() -> LinkInhibition:
    it = inhibition()
    assert it.handle(Event.INHIBIT, 0.0) == [Say("LIN")]
    assert not it.inhibited
    assert it.handle(Event.LIA, 0.1) == [Report("inhibited")]
    assert it.inhibited
    return it


def remote() -> LinkInhibition:
    it = inhibition()
    assert it.handle(Event.LIN, 0.0) == [Say("LIA")]
    assert it.inhibited
    return it


def test_inhibited_tested_and_given_back():
    it = inhibited()
    assert it._timers.deadline((Timer.T22, 7)) == 270.1
    assert it.handle(Event.T22_EXPIRY, 270.1) == [Say("LLT")]
    assert it.handle(Event.LRT, 280.0) == []
    assert it.handle(Event.UNINHIBIT, 300.0) == [Say("LUN")]
    assert it.inhibited
    assert it.handle(Event.LUA, 300.1) == [Report("uninhibited")]
    assert not it.inhibited
    assert it._timers.next_deadline() is None


def test_denied():
    it = inhibition()
    it.handle(Event.INHIBIT, 0.0)
    assert it.handle(Event.LID, 0.1) == [Report("not inhibited: the neighbour denies it")]
    assert it.state is Inhibition.NONE
    assert it._timers.next_deadline() is None


def test_no_answer_to_lin():
    it = inhibition()
    it.handle(Event.INHIBIT, 0.0)
    assert it.handle(Event.T14_EXPIRY, 2.5) == [Say("LIN")]
    assert it.handle(Event.T14_EXPIRY, 5.0) == [Report("not inhibited: the neighbour does not answer (T14)")]
    assert it.state is Inhibition.NONE


def test_no_answer_to_lun_leaves_the_link_inhibited():
    it = inhibited()
    it.handle(Event.UNINHIBIT, 1.0)
    assert it.handle(Event.T12_EXPIRY, 2.2) == [Say("LUN")]
    assert it.handle(Event.T12_EXPIRY, 3.4) == [Report("not uninhibited: the neighbour does not answer (T12)")]
    assert it.inhibited
    assert it.handle(Event.UNINHIBIT, 9.0) == [Say("LUN")]


def test_request_taken_back_before_the_answer():
    it = inhibition()
    it.handle(Event.INHIBIT, 0.0)
    assert it.handle(Event.UNINHIBIT, 0.1) == [Say("LUN")]
    assert it.handle(Event.LIA, 0.2) == []
    assert it.handle(Event.LUA, 0.2) == [Report("uninhibited")]


def test_the_neighbour_forces_uninhibition():
    it = inhibited()
    assert it.handle(Event.LFU, 1.0) == [Say("LUN")]
    assert it.handle(Event.LUA, 1.1) == [Report("uninhibited")]


def test_remote_inhibition():
    it = remote()
    assert it.handle(Event.T23_EXPIRY, 270.0) == [Say("LRT")]
    assert it.handle(Event.LLT, 280.0) == []
    assert it.handle(Event.LUN, 300.0) == [Say("LUA")]
    assert not it.inhibited
    assert it._timers.next_deadline() is None


def test_link_that_cannot_be_spared():
    it = inhibition()
    assert it.handle(Event.LIN_DENIED, 0.0) == [Say("LID")]
    assert not it.inhibited


def test_reclaimed_at_once_and_asked_twice():
    it = remote()
    assert it.handle(Event.RECLAIM, 1.0) == [Say("LFU")]
    assert not it.inhibited
    assert it.handle(Event.T13_EXPIRY, 2.2) == [Say("LFU")]
    assert it.handle(Event.T13_EXPIRY, 3.4) == [Report("the neighbour does not uninhibit it (T13)")]
    assert not it.inhibited
    assert it.handle(Event.LUN, 4.0) == [Say("LUA")]


def test_both_ends_inhibited_and_reclaimed():
    it = inhibited()
    it.handle(Event.LIN, 1.0)
    assert it.handle(Event.RECLAIM, 2.0) == [Say("LUN"), Say("LFU")]
    assert not it.inhibited


@pytest.mark.parametrize(("event", "answer"), [(Event.LLT, "LFU"), (Event.LRT, "LUN"), (Event.LFU, "LUN")])
def test_ends_that_disagree(event, answer):
    assert inhibition().handle(event, 0.0) == [Say(answer)]


def test_lun_is_acknowledged_in_any_case():
    assert inhibition().handle(Event.LUN, 0.0) == [Say("LUA")]


def test_forget():
    it = inhibited()
    it.handle(Event.LIN, 1.0)
    it.forget()
    assert not it.inhibited
    assert it._timers.next_deadline() is None


@pytest.mark.parametrize("state", Inhibition)
@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("far", [False, True])
def test_every_state_takes_every_input(state, event, far):
    it = inhibition()
    it.state, it.remote = state, far
    outputs = it.handle(event, 0.0)
    if (state, event) not in LOCAL and (far, event) not in REMOTE:
        assert (it.state, it.remote, outputs) == (state, far, [])
