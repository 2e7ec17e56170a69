"""States and inputs of an M2PA link."""

from tandem.ss7.mtp2.primitives import LinkState
from tandem.ss7.sigtran.m2pa_states import EXPIRIES, LINK_STATES, Input, State


def test_every_state_is_one_of_level_2_and_all_of_those_occur():
    assert set(LINK_STATES) == set(State)
    assert set(LINK_STATES.values()) == set(LinkState)


def test_expiries_name_their_timer():
    for timer, (event, reason) in EXPIRIES.items():
        assert event is Input[f"{timer.name}_EXPIRY"]
        assert not reason or timer.name in reason
