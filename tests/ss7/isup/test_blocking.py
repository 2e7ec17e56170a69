import pytest
from support.isup_pair import ACM
from support.isup_single import Single, kind, status

from tandem.ss7.isup.circuits import Blocking
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Alert, CallCleared, CallReleased

MAINTENANCE, HARDWARE = kind(False), kind(True)
REPEAT, ESCALATE = 15, 300


def test_our_reset_states_our_blocking_again():
    single = Single()
    single.exchange.block("g", None, 0.0)
    single.receive(M.CGBA, 1, MAINTENANCE, status(3, 15))
    single.receive(M.BLO, 1)
    single.take()
    single.exchange.reset("g", None, 0.0)
    single.exchange.unblock("g", [4], 0.0)  # while the reset is under way
    single.exchange.block("g", [1], 0.0, hardware=True)
    assert single.types() == [(M.GRS, 1)]
    single.receive(M.GRA, 1, status(3, 0))
    sent = single.take()
    assert [(m.type, m.cic, m.raw(22)) for m in sent] == [(M.CGB, 1, b"\x01\x01"), (M.CGB, 1, b"\x02\x07")]
    assert single.view(1).blocking == Blocking.LOCAL_MAINTENANCE | Blocking.LOCAL_HARDWARE
    assert single.view(4).blocking is Blocking.NONE


def test_block_and_unblock_wait_for_each_other():
    single = Single()
    single.exchange.block("g", [1], 0.0)
    single.exchange.unblock("g", [1], 0.0)
    assert single.types() == [(M.BLO, 1)]
    single.receive(M.BLA, 1)
    assert single.types() == [(M.UBL, 1)]
    single.exchange.block("g", [1], 0.0)
    assert single.types() == []
    single.receive(M.BLA, 1)  # for a repeated BLO
    assert single.types() == []
    single.receive(M.UBA, 1)
    assert single.types() == [(M.BLO, 1)]
    single.receive(M.BLA, 1)
    assert single.view().blocking is Blocking.LOCAL_MAINTENANCE
    single.exchange.block("g", [1], 0.0)
    assert single.types() == []


def test_a_circuit_may_be_seized_only_after_the_unblocking_is_acknowledged():
    single = Single((1,))
    single.exchange.block("g", [1], 0.0)
    single.receive(M.BLA, 1)
    single.exchange.unblock("g", [1], 0.0)
    assert single.setup() is None
    single.receive(M.UBA, 1)
    assert single.setup() is not None


def test_unexpected_acknowledgements_are_corrected():
    single = Single()
    single.receive(M.BLA, 1)
    assert single.types() == [(M.UBL, 1)]
    single.receive(M.UBA, 1)
    assert single.view().blocking is Blocking.NONE
    single.exchange.block("g", [1], 0.0)
    single.receive(M.BLA, 1)
    single.take()
    single.receive(M.UBA, 1)
    assert single.types() == [(M.BLO, 1)]


def test_hardware_blocking_by_us_clears_calls_on_both_sides():
    single = Single()
    call = single.setup()
    single.receive(M.CON, 1, *ACM)
    single.take()
    single.exchange.block("g", [1, 2], 0.0, hardware=True)
    (block,) = single.take()
    assert (block.type, block.raw(21), block.raw(22)) == (M.CGB, b"\x01", b"\x01\x03")
    assert [type(item) for item in single.heard] == [CallReleased, CallCleared]
    assert call not in single.exchange.calls()
    # what the peer sent before it knew is no reason for a reset
    single.receive(M.CPG, 1, RawParameter(ParameterCode.EVENT_INFORMATION, b"\x01"))
    assert single.types() == []
    single.receive(M.CGBA, 1, HARDWARE, status(1, 3))
    single.exchange.unblock("g", [1, 2], 0.0, hardware=True)
    assert single.types() == [(M.CGU, 1)]
    single.receive(M.CGUA, 1, HARDWARE, status(1, 3))
    assert single.exchange.idle_circuits("g") == 4


def test_group_acknowledgement_must_name_every_circuit():
    single = Single()
    single.exchange.block("g", None, 0.0)
    single.receive(M.CGBA, 1, HARDWARE, status(3, 15))  # of the other kind: not ours
    assert not single.exchange.quiet
    single.take()
    single.receive(M.CGBA, 1, MAINTENANCE, status(3, 0b0111))
    single.take()
    assert [item.cic for item in single.heard] == [4]
    assert single.exchange.quiet


def test_peer_blocks_and_unblocks_groups_of_both_kinds():
    single = Single()
    single.receive(M.CGB, 1, MAINTENANCE, status(7, 0b10010110))
    (answer,) = single.take()
    assert (answer.type, answer.raw(21), answer.raw(22)) == (M.CGBA, b"\x00", b"\x07\x06")
    assert single.exchange.idle_circuits("g") == 2
    single.receive(M.CGB, 1, HARDWARE, status(1, 0b11))
    assert single.exchange.idle_circuits("g") == 1
    single.receive(M.CGU, 1, MAINTENANCE, status(7, 0xFF))
    assert single.exchange.idle_circuits("g") == 2
    single.receive(M.CGU, 1, HARDWARE, status(3, 0xF))
    assert single.exchange.idle_circuits("g") == 4
    assert [kind for kind, _ in single.types()] == [M.CGBA, M.CGUA, M.CGUA]


@pytest.mark.parametrize("octets", [b"\x08\xff", b"\x03", b"\xff" + b"\xff" * 32])
def test_group_blocking_with_wrong_status_is_discarded(octets):
    single = Single()
    single.receive(M.CGB, 1, MAINTENANCE, RawParameter(ParameterCode.RANGE_AND_STATUS, octets))
    assert single.types() == []
    assert Alert in map(type, single.heard)
    assert single.exchange.idle_circuits("g") == 4


def test_hardware_failure_moves_an_attempt_without_backward_message_to_another_circuit():
    single = Single()
    call = single.setup()
    single.take()
    single.exchange.block("g", [1, 2], 0.0, hardware=True)
    assert single.types() == [(M.CGB, 1), (M.IAM, 3)]
    assert single.exchange.circuit_of(call) == 3
