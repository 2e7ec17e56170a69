import pytest
from support.tup_pair import ACM, ANC, CBK, RAN, iai, iam
from support.tup_single import Single

from tandem.ss7.tup.cause import failure_message
from tandem.ss7.tup.circuits import State
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.fields import CallingLineIdentity
from tandem.ss7.tup.messages import (
    AutomaticCongestion,
    GeneralForwardSetup,
    GeneralRequest,
    Signal,
    SubsequentAddress,
    SubsequentAddressOne,
)
from tandem.ss7.tup.primitives import (
    AddressCompleteDue,
    Alert,
    CallCleared,
    CallMessage,
    CallReleased,
    ContinuityLoop,
    IncomingCall,
    InformationMissing,
    NumberComplete,
)


def answered(**options):
    single = Single(**options)
    call = single.incoming()
    single.send(call, ACM)
    single.send(call, ANC)
    single.take()
    return single, call


def test_en_bloc_number_is_complete():
    single = Single()
    single.incoming()
    assert single.heard == [IncomingCall(1, "g", 1, iam(), True)]


def test_a_full_iam_may_go_on_in_sam():
    single = Single()
    single.incoming(iam("123456789012345"))
    assert single.heard[0].complete is False
    single.wait(5)
    single.take()
    assert single.heard == [NumberComplete(1)]


@pytest.mark.parametrize("last", [SubsequentAddress("78", st=True), SubsequentAddressOne("", st=True)])
def test_overlap_until_st(last):
    single = Single(overlap=True)
    call = single.incoming(iam("12"))
    single.receive(SubsequentAddress("34"))
    single.receive(last)
    single.take()
    assert single.heard == [
        CallMessage(call, SubsequentAddress("34")),
        CallMessage(call, last),
        NumberComplete(call),
    ]


def test_overlap_until_the_longest_number_and_until_silence():
    single = Single(overlap=True, maximum_digits=4)
    single.incoming(iam("12"))
    single.receive(SubsequentAddress("34"))
    single.take()
    assert NumberComplete(1) in single.heard
    single = Single(overlap=True)
    single.incoming(iam("12"))
    single.wait(5)
    single.take()
    assert single.heard == [NumberComplete(1)]


def test_overlap_too_short():
    single = Single(overlap=True, minimum_digits=4)
    single.incoming(iam("12"))
    single.wait(20)
    assert (M.ADI, 1) in single.types()
    assert [item.cause for item in single.heard if isinstance(item, CallReleased)] == [28]


def test_address_complete_is_due():
    single = Single()
    single.incoming()
    single.wait(18)
    single.take()
    assert single.heard == [AddressCompleteDue(1)]


@pytest.mark.parametrize("cause", [1, 3, 17, 21, 27, 28, 34, 42, 65, 31, 127])
def test_refusal_before_address_complete(cause):
    single = Single()
    call = single.incoming()
    single.release(call, cause)
    assert single.types() == [(failure_message(cause, single.variant), 1)]
    single.receive(M.CLF)
    assert single.types() == [(M.RLG, 1)]
    assert single.heard == [CallCleared(call, 1)]


def test_refusal_after_address_complete_is_cfl():
    single = Single()
    call = single.incoming()
    single.send(call, ACM)
    single.take()
    single.release(call, 17)
    assert single.types() == [(M.CFL, 1)]


def test_clear_back_and_reanswer():
    single, call = answered()
    single.send(call, CBK)
    assert single.state() is State.IN_CLEARED_BACK
    single.send(call, RAN)
    assert single.types() == [(M.CBK, 1), (M.RAN, 1)]
    assert single.state() is State.IN_ANSWERED
    assert single.exchange.next_deadline() is None


def test_clear_forward_never_comes():
    single, call = answered()
    single.release(call)
    single.take()
    single.wait(180)
    assert single.types() == [(M.CFL, 1)]
    single.wait(59)
    assert single.types() == [(M.CFL, 1)] * 11
    single.wait(2)
    assert (M.RSC, 1) in single.types()
    assert [type(item) for item in single.heard] == [Alert]
    single.receive(M.RLG)
    single.take()
    assert single.heard == [CallCleared(call, 1)]
    assert single.exchange.quiet


def test_failure_is_repeated_as_cfl():
    single = Single()
    call = single.incoming()
    single.release(call, 17)
    single.take()
    single.wait(10)
    assert single.types() == [(M.CFL, 1)]


def test_releasing_a_call_that_was_cleared_back_sends_nothing_more():
    single, call = answered()
    single.send(call, CBK)
    single.take()
    single.release(call)
    assert single.take() == []
    single.receive(M.CLF)
    assert single.types() == [(M.RLG, 1)]
    assert single.heard == [CallCleared(call, 1)]


def test_identity_is_asked_for_before_the_call_is_offered():
    single = Single(request_identity=True)
    single.receive(iam())
    (request,) = single.take()
    assert request == GeneralRequest(category=True, calling_line=True, original_called=True)
    assert single.heard == []
    single.receive(SubsequentAddress("78"))
    answer = GeneralForwardSetup(category=11, calling_line=CallingLineIdentity("5551234"))
    single.receive(answer)
    single.take()
    assert single.heard == [
        IncomingCall(1, "g", 1, iam(), True, answer),
        CallMessage(1, SubsequentAddress("78")),
    ]


def test_identity_that_is_known_or_does_not_come():
    single = Single(request_identity=True)
    single.receive(iai())
    assert single.take() == []
    assert single.heard[0].information is None
    single.receive(iam(), 2)
    single.take()
    single.wait(10)
    single.take()
    assert single.heard[0] == IncomingCall(2, "g", 2, iam(), True)


def test_request_of_call_control():
    single = Single()
    call = single.incoming()
    single.send(call, GeneralRequest(calling_line=True))
    single.receive(GeneralForwardSetup(category=10))
    single.take()
    assert single.heard == [CallMessage(call, GeneralForwardSetup(category=10))]
    single.send(call, GeneralRequest(calling_line=True))
    single.wait(10)
    single.take()
    assert single.heard == [InformationMissing(call)]


def test_continuity_of_this_circuit():
    single = Single()
    single.receive(iam(continuity=1))
    single.receive(SubsequentAddress("78"))
    single.take()
    assert single.heard == [ContinuityLoop("g", 1, True)]
    single.receive(M.COT)
    single.take()
    assert single.heard == [
        ContinuityLoop("g", 1, False),
        IncomingCall(1, "g", 1, iam(continuity=1), True),
        CallMessage(1, SubsequentAddress("78")),
    ]


def test_continuity_failure_then_clear_then_check_again():
    single = Single()
    single.receive(iam(continuity=1))
    single.receive(M.CCF)
    single.receive(M.CLF)
    assert single.types() == [(M.RLG, 1)]
    assert single.state() is State.IDLE
    single.receive(M.CCR)
    single.take()
    assert single.heard == [ContinuityLoop("g", 1, True)]
    single.receive(M.CLF)
    assert single.types() == [(M.RLG, 1)]
    assert single.heard == [ContinuityLoop("g", 1, False)]
    assert single.exchange.calls() == []


def test_continuity_failure_of_a_previous_circuit():
    single = Single()
    single.receive(iam(continuity=2))
    single.receive(M.CCF)
    assert single.state() is State.IN_FAILED
    single.receive(M.CLF)
    assert single.types() == [(M.RLG, 1)]
    assert single.exchange.calls() == []


def test_no_continuity():
    single = Single()
    single.receive(iam(continuity=1))
    single.wait(13)
    assert single.types() == [(M.CFL, 1)]
    assert not [item for item in single.heard if isinstance(item, CallReleased)]  # it was never offered


def test_no_check_after_ccr():
    single = Single()
    single.receive(M.CCR)
    single.wait(180)
    assert single.types() == [(M.RSC, 1)]


@pytest.mark.parametrize("level", [1, 2])
def test_congestion_is_told_when_a_call_is_cleared(level):
    single, _ = answered()
    single.exchange.congestion_level = level
    single.receive(M.CLF)
    assert single.take() == [Signal(M.RLG), AutomaticCongestion(level=level)]


@pytest.mark.parametrize("kind", [M.FOT, M.CCL])
def test_forward_messages_of_a_call(kind):
    single, call = answered()
    single.receive(kind)
    single.take()
    assert single.heard == [CallMessage(call, Signal(kind))]
