from support.isup_pair import mirrored
from support.isup_single import Single

from tandem.ss7.circuits.selection import circuit_pool
from tandem.ss7.isup.circuits import STATUS, Blocking, Circuit, Group, Peer, Procedure, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.timers import timer_values
from tandem.ss7.isup.variants import Variant


def circuit(cic, variant=Variant.ITU):
    configuration = GroupConfiguration("g", 2, 1, (cic,), variant=variant)
    return Circuit(cic, Group(configuration, Peer(2, 1), circuit_pool("lowest"), timer_values({})), False)


def test_every_state_has_a_status():
    assert set(STATUS) == set(State)


def test_signalling_link_selection_is_the_low_part_of_the_cic():
    assert [circuit(cic).sls for cic in (1, 15, 16, 35)] == [1, 15, 0, 3]
    assert [circuit(cic, Variant.ANSI).sls for cic in (31, 32)] == [31, 0]


def test_circuits_start_out_of_service():
    assert circuit(5).state is State.RESETTING
    assert "5 RESETTING" in repr(circuit(5))


def test_procedure_keeps_its_range_when_circuits_leave():
    one, two = circuit(5), circuit(6)
    procedure = Procedure(M.CGB, [one, two], False, 1)
    del procedure.circuits[5]
    assert (procedure.first, procedure.range, list(procedure.circuits)) == (5, 1, [6])


def test_blocking_bits_pair_up_for_the_circuit_state_indicator():
    single = Single()
    single.exchange.block("g", [1], 0.0)
    single.receive(M.BLO, 1)
    assert single.view().blocking == Blocking.LOCAL_MAINTENANCE | Blocking.REMOTE_MAINTENANCE
    assert mirrored(Blocking.LOCAL_HARDWARE | Blocking.REMOTE_MAINTENANCE) == (
        Blocking.REMOTE_HARDWARE | Blocking.LOCAL_MAINTENANCE
    )
