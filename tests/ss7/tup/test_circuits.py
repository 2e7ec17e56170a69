from tandem.ss7.circuits.selection import circuit_pool
from tandem.ss7.tup.circuits import (
    LOCAL,
    OUT_EARLY,
    OUTGOING,
    REMOTE,
    STATUS,
    Blocking,
    Circuit,
    CircuitStatus,
    Group,
    Peer,
    State,
)
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.timers import timer_values


def test_every_state_has_a_status():
    assert set(STATUS) == set(State)
    for state in State:
        assert (STATUS[state] is CircuitStatus.INCOMING) == state.name.startswith("IN_")
        assert (STATUS[state] is CircuitStatus.OUTGOING) == state.name.startswith("OUT_")


def test_sets_of_states_and_flags():
    assert OUT_EARLY < OUTGOING
    assert not any(state.name.startswith("IN_") for state in OUTGOING)
    assert LOCAL | REMOTE == 63
    assert not LOCAL & REMOTE


def test_a_circuit_begins_out_of_service():
    configuration = GroupConfiguration("g", 2, 1, (5,))
    group = Group(configuration, Peer(2, 1), circuit_pool("lowest"), timer_values({}))
    circuit = Circuit(5, group, True)
    assert circuit.state is State.RESETTING
    circuit.blocking = Blocking.REMOTE_SOFTWARE
    assert repr(circuit) == "<Circuit g/5 RESETTING <Blocking.REMOTE_SOFTWARE: 32>>"
