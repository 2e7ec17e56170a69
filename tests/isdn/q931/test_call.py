from dataclasses import fields

from tandem.isdn.q931.call import BEFORE_ANSWER, NETWORK, USER, Call, GlobalState, State
from tandem.isdn.q931.indications import CallStateValue


def test_states_have_the_numbers_of_the_call_state_element():
    for state in (*State, GlobalState.RESTART_REQUEST, GlobalState.RESTART):
        assert CallStateValue(int(state)).name == state.name


def test_the_sides_mirror_each_other():
    """What one side calls having sent, the other calls having received: the numbers are those of places."""
    assert USER.sent is NETWORK.got is State.CALL_INITIATED
    assert USER.sent_overlap is NETWORK.got_overlap is State.OVERLAP_SENDING
    assert USER.got_proceeding is NETWORK.sent_proceeding is State.INCOMING_CALL_PROCEEDING
    assert USER.got_alerting is NETWORK.sent_alerting is State.CALL_RECEIVED
    assert USER.disconnect_sent is NETWORK.disconnect_received is State.DISCONNECT_REQUEST


def test_roles_are_distinct():
    for roles in (USER, NETWORK):
        states = [getattr(roles, field.name) for field in fields(roles) if field.name != "network"]
        assert len(set(states)) == len(states) == 10
        assert set(states[:8]) == BEFORE_ANSWER


def test_a_call_shows_itself():
    assert repr(Call(3, 7, outgoing=True)) == "<call 3 reference 7 NULL>"
