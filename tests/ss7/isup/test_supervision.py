import pytest
from support.isup_pair import ACM, B_CODE, iam
from support.isup_single import Single, cause, kind, span_only, status

from tandem.ss7.isup.circuits import Blocking, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Alert, CallCleared, CallReleased, GroupQueried
from tandem.ss7.isup.supervision import REQUESTS

MAINTENANCE, HARDWARE = kind(False), kind(True)
REPEAT, ESCALATE = 15, 300


def requests(single):
    """The exchange asks for something of circuit 1 or of circuits 1 to 4; message, its answer and its parameters."""
    exchange = single.exchange

    def unblock(cics):
        exchange.block("g", cics, 0.0)
        if cics == [1]:
            single.receive(M.BLA, 1)
        else:
            single.receive(M.CGBA, 1, MAINTENANCE, status(3, 15))
        exchange.unblock("g", cics, 0.0)

    return {
        M.BLO: (lambda: exchange.block("g", [1], 0.0), ()),
        M.UBL: (lambda: unblock([1]), ()),
        M.RSC: (lambda: exchange.reset("g", [1], 0.0), ()),
        M.CGB: (lambda: exchange.block("g", None, 0.0), (MAINTENANCE, status(3, 15))),
        M.CGU: (lambda: unblock(None), (MAINTENANCE, status(3, 15))),
        M.GRS: (lambda: exchange.reset("g", None, 0.0), (status(3, 0),)),
    }


@pytest.mark.parametrize("request_type", [M.BLO, M.UBL, M.RSC, M.CGB, M.CGU, M.GRS], ids=lambda kind: kind.name)
def test_request_is_repeated_then_escalated_until_answered(request_type):
    single = Single()
    start, answer = requests(single)[request_type]
    start()
    first = single.take()[-1]
    assert (first.type, first.cic) == (request_type, 1)
    for _ in range(ESCALATE // REPEAT - 1):
        single.wait(REPEAT)
        assert single.take() == [first]
        assert single.heard == []
    single.wait(REPEAT)
    repeated = single.take()
    assert set(repeated) == {first}
    assert [type(item) for item in single.heard] == [Alert]
    # from now on only the long timer repeats
    single.wait(ESCALATE - 1)
    assert single.take() == []
    single.wait(1)
    assert single.take() == [first]
    assert [type(item) for item in single.heard] == [Alert]
    single.receive(REQUESTS[request_type].answer, 1, *answer)
    assert single.exchange.next_deadline() is None
    assert single.exchange.quiet


def test_release_without_answer_becomes_a_reset():
    single = Single()
    call = single.setup()
    single.receive(M.ACM, 1, *ACM)
    single.release(call)
    (release,) = [m for m in single.take() if m.type is M.REL]
    for _ in range(19):
        single.wait(15)
        assert single.take() == [release]
    single.wait(15)  # T1 and T5 expire at the same time
    assert single.types()[-1] == (M.RSC, 1)
    assert [type(item) for item in single.heard] == [Alert]
    assert single.state() is State.RESETTING
    single.wait(299)
    assert single.types() == []  # T16 does not run after T5
    single.wait(1)
    assert single.types() == [(M.RSC, 1)]
    single.receive(M.RLC, 1)
    single.take()
    assert single.heard == [CallCleared(call, 1)]
    assert single.state() is State.IDLE


def test_reset_ends_calls_and_starts_circuits_anew():
    single = Single()
    call = single.setup()
    single.receive(M.CON, 1, *ACM)
    single.take()
    single.exchange.reset("g", None, 0.0)
    assert single.types() == [(M.GRS, 1)]
    assert [type(item) for item in single.heard] == [CallReleased]
    single.receive(M.GRA, 1, status(2, 0))  # another range than asked for
    assert single.state() is State.RESETTING
    single.receive(M.GRA, 1, status(3, 0b1000))
    single.take()
    assert single.heard == [CallCleared(call, 1)]
    assert [single.view(cic).blocking for cic in (1, 4)] == [Blocking.NONE, Blocking.REMOTE_MAINTENANCE]


def test_peer_resets_a_circuit_that_we_block():
    single = Single()
    single.exchange.block("g", [1], 0.0)
    single.receive(M.BLA, 1)
    single.receive(M.BLO, 1)
    single.take()
    single.receive(M.RSC, 1)
    assert single.types() == [(M.BLO, 1), (M.RLC, 1)]
    assert single.view().blocking is Blocking.LOCAL_MAINTENANCE
    single.receive(M.BLA, 1)
    assert single.exchange.next_deadline() is None


def test_peer_resets_a_group():
    single = Single()
    single.exchange.block("g", [2], 0.0)
    single.receive(M.BLA, 2)
    single.exchange.block("g", [3], 0.0, hardware=True)
    single.receive(M.CGBA, 3, HARDWARE, status(1, 1))
    single.receive(M.IAM, 1, *iam())
    single.take()
    single.receive(M.GRS, 1, span_only(7))
    sent = single.take()
    assert [(m.type, m.cic) for m in sent] == [(M.CGB, 3), (M.GRA, 1)]
    assert sent[1].raw(22) == b"\x07\x02"
    assert [type(item) for item in single.heard] == [CallReleased, CallCleared]
    assert [single.state(cic) for cic in (1, 2, 3, 4)] == [State.IDLE] * 4


def test_group_reset_beyond_32_circuits_is_discarded():
    single = Single()
    single.receive(M.GRS, 1, span_only(32))
    assert single.types() == []
    assert Alert in map(type, single.heard)


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


def test_query_both_ways():
    single = Single((1, 2, 3, 5))
    single.receive(M.IAM, 1, *iam())
    single.exchange.setup("g", iam(), 0.0)
    single.receive(M.BLO, 3)
    single.take()
    single.receive(M.CQM, 1, span_only(4))
    (answer,) = single.take()
    assert answer.raw(22) == b"\x04"
    assert answer.raw(38) == bytes([0b0100, 0b1000, 0b1110, 0b0011, 0b1100])
    single.exchange.query("g", [1, 2, 3], 0.0)
    assert single.types() == [(M.CQM, 1)]
    single.receive(M.CQR, 1, span_only(2), RawParameter(ParameterCode.CIRCUIT_STATE_INDICATOR, b"\x04\x08\x0c"))
    single.take()
    assert single.heard == [GroupQueried("g", ((1, 4), (2, 8), (3, 12)))]
    single.exchange.query("g", [1, 2], 0.0)
    single.take()
    single.wait(10)
    single.take()
    assert [type(item) for item in single.heard] == [Alert]


def test_unequipped_circuit_comes_back_by_reset():
    single = Single()
    single.exchange.block("g", None, 0.0)
    single.take()
    single.receive(M.UCIC, 2)
    assert single.state(2) is State.UNEQUIPPED
    assert Alert in map(type, single.heard) or single.types() == []
    single.wait(15)
    (again,) = single.take()
    assert again.raw(22) == b"\x03\x0d"  # circuit 2 is left out
    single.receive(M.UCIC, 2)
    assert single.types() == []
    single.exchange.reset("g", [2], single.now)
    assert single.types() == [(M.RSC, 2)]
    single.receive(M.RLC, 2)
    assert single.state(2) is State.IDLE
    assert single.types() == [(M.BLO, 2)]


def test_peer_equips_a_circuit_by_resetting_it():
    single = Single()
    single.receive(M.UCIC, 2)
    single.receive(M.RSC, 2)
    assert single.types()[-1] == (M.RLC, 2)
    assert single.state(2) is State.IDLE


def test_resets_that_cross_end_idle():
    single = Single(start=False)
    single.exchange.resume(B_CODE, 0.0)
    single.receive(M.GRS, 1, span_only(3))
    assert single.types() == [(M.GRS, 1), (M.GRA, 1)]
    assert single.state() is State.RESETTING
    single.receive(M.RSC, 1)
    single.receive(M.REL, 1, cause(16))
    assert single.types() == [(M.RLC, 1), (M.RLC, 1)]
    single.receive(M.RLC, 1)  # not an answer to GRS
    assert single.state() is State.RESETTING
    single.receive(M.GRA, 1, status(3, 0))
    assert single.state() is State.IDLE
