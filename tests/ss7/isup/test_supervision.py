from support.isup_pair import ACM, B_CODE, iam
from support.isup_single import Single, cause, kind, span_only, status

from tandem.ss7.isup.circuits import Blocking, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import Alert, CallCleared, CallReleased, GroupQueried

MAINTENANCE, HARDWARE = kind(False), kind(True)
REPEAT, ESCALATE = 15, 300


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
