import pytest
from support.tup_pair import ACM, ANC, CBK, RAN, iai, iam
from support.tup_single import Single, any_message

from tandem.ss7.tup.cause import CAUSE_OF
from tandem.ss7.tup.circuits import State
from tandem.ss7.tup.codes import CHINA_ONLY
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.fields import CallingLineIdentity, OriginalCalledAddress
from tandem.ss7.tup.messages import GeneralForwardSetup, GeneralRequest, Signal
from tandem.ss7.tup.primitives import CallCleared, CallMessage, CallReleased, CallStateError, InformationRequested
from tandem.ss7.tup.variants import Variant


def answered(**options):
    single = Single(**options)
    call = single.setup()
    single.receive(ACM)
    single.receive(ANC)
    single.take()
    return single, call


def released(single):
    return [(item.cause, item.reason) for item in single.heard if isinstance(item, CallReleased)]


@pytest.mark.parametrize("answer", [M.ANC, M.ANN, M.ANU])
def test_every_answer(answer):
    single = Single()
    call = single.setup()
    single.receive(ACM)
    single.receive(answer)
    single.take()
    assert single.heard == [CallMessage(call, ACM), CallMessage(call, Signal(answer))]
    assert single.state() is State.OUT_ANSWERED
    assert single.exchange.next_deadline() is None


def test_answer_without_address_complete():
    single = Single()
    single.setup()
    single.receive(ANC)
    assert single.state() is State.OUT_ANSWERED


@pytest.mark.parametrize("kind", CAUSE_OF, ids=lambda kind: kind.name)
@pytest.mark.parametrize("before", [(), (ACM,), (ACM, ANC)], ids=["early", "acm", "answered"])
def test_message_of_failure_clears_with_its_cause(kind, before):
    variant = Variant.CHINA if kind in CHINA_ONLY else Variant.ITU
    single = Single(variant=variant)
    call = single.setup()
    for message in before:
        single.receive(message)
    single.take()
    single.receive(kind)
    assert single.types() == [(M.CLF, 1)]
    (end,) = single.heard
    assert (end.call, end.cause, end.message) == (call, CAUSE_OF[kind], any_message(kind))
    single.receive(M.RLG)
    single.take()
    assert single.heard == [CallCleared(call, 1)]


@pytest.mark.parametrize(
    ("messages", "seconds", "cause"),
    [((), 25, 102), ((ACM,), 120, 19), ((ACM, ANC, CBK), 60, 16)],
    ids=["T2", "ANSWER", "CLEAR_BACK"],
)
def test_timers_clear(messages, seconds, cause):
    single = Single()
    single.setup()
    for message in messages:
        single.receive(message)
    single.wait(seconds - 1)
    single.take()
    assert not released(single)
    single.wait(1)
    assert (M.CLF, 1) in single.types()
    assert [found for found, _ in released(single)] == [cause]


def test_nobody_waits_for_an_answer_who_does_not_supervise():
    single = Single(supervises=False)
    single.setup()
    single.receive(ACM)
    assert single.exchange.next_deadline() is None
    single.receive(ANC)
    single.receive(CBK)
    assert single.exchange.next_deadline() is None
    assert single.state() is State.OUT_CLEARED_BACK


def test_digits_restart_t2():
    single = Single()
    call = single.setup()
    single.wait(20)
    single.send(call, M.SAO)
    single.wait(20)
    assert single.state() is State.OUT_WAIT_ACM


def test_reanswer():
    single, call = answered()
    single.receive(CBK)
    single.receive(RAN)
    single.take()
    assert single.heard == [CallMessage(call, CBK), CallMessage(call, RAN)]
    assert single.state() is State.OUT_ANSWERED
    assert single.exchange.next_deadline() is None


@pytest.mark.parametrize("control", ["called", "either"])
def test_cbk_ends_a_call_that_the_caller_does_not_control(control):
    single, _ = answered(release_control=control)
    single.receive(CBK)
    assert single.types() == [(M.CLF, 1)]
    assert released(single) == [(16, "cleared by the called party")]


def test_cbk_before_answer_ends_the_call():
    single = Single()
    single.setup()
    single.receive(ACM)
    single.receive(CBK)
    assert (M.CLF, 1) in single.types()


def test_called_party_control():
    single, call = answered(release_control="called")
    single.release(call)
    assert single.types() == [(M.CCL, 1)]
    assert single.state() is State.OUT_HELD
    single.receive(M.RAN)  # nothing that call control would still want
    single.receive(CBK)
    assert single.types() == [(M.CLF, 1)]
    assert single.heard == []
    single.receive(M.RLG)
    single.take()
    assert single.heard == [CallCleared(call, 1)]


def test_a_call_is_not_held_for_ever():
    single, call = answered(release_control="called")
    single.release(call)
    single.take()
    single.wait(600)
    assert single.types() == [(M.CLF, 1)]


def test_before_answer_the_caller_always_ends_the_call():
    single = Single(release_control="called")
    call = single.setup()
    single.receive(ACM)
    single.take()
    single.release(call)
    assert single.types() == [(M.CLF, 1)]


def test_request_is_answered_from_the_initial_message():
    single = Single()
    single.setup(iai(line="5551234"))
    single.take()
    single.receive(GeneralRequest(category=True, calling_line=True, original_called=True))
    (answer,) = single.take()
    assert answer == GeneralForwardSetup(category=10, calling_line=CallingLineIdentity("5551234"))
    assert single.heard == []


def test_request_is_answered_from_what_call_control_gave():
    identity = GeneralForwardSetup(
        calling_line=CallingLineIdentity("777"), original_called=OriginalCalledAddress("888"), category=11
    )
    single = Single()
    single.exchange.setup("g", iam(), 0.0, identity)
    single.take()
    single.receive(GeneralRequest(original_called=True))
    single.receive(GeneralRequest(category=True, calling_line=True))
    first, second = single.take()
    assert first == GeneralForwardSetup(original_called=OriginalCalledAddress("888"))
    assert second == GeneralForwardSetup(category=11, calling_line=CallingLineIdentity("777"))


def test_hold_is_refused_where_either_party_ends_a_call():
    single, call = answered(release_control="either")
    single.receive(GeneralRequest(hold=True))
    (answer,) = single.take()
    assert not answer.hold
    single.release(call)
    assert single.types() == [(M.CLF, 1)]


def test_call_control_may_answer_requests_itself():
    single, call = answered(answer_requests=False)
    request = GeneralRequest(calling_line=True, hold=True)
    single.receive(request)
    assert single.take() == []
    assert single.heard == [InformationRequested(call, request)]
    single.send(call, GeneralForwardSetup(hold=True))
    single.release(call)
    assert single.types() == [(M.GSM, 1), (M.CCL, 1)]


@pytest.mark.parametrize("asked", [{"calling_line": True}, {"malicious_call": True}])
def test_a_calling_line_that_is_not_known_may_be_left_to_call_control(asked):
    single, call = answered(answer_without_line=False)
    request = GeneralRequest(**asked)
    single.receive(request)
    assert single.take() == []
    assert single.heard == [InformationRequested(call, request)]
    single.receive(GeneralRequest(category=True, original_called=True))
    assert single.types() == [(M.GSM, 1)]


def test_dual_seizure_on_a_circuit_that_we_control_changes_nothing():
    single = Single(control="all")
    single.setup()
    single.receive(iam())
    single.receive(M.SAM)
    assert single.types() == [(M.IAM, 1)]
    assert single.state() is State.OUT_WAIT_ACM


def test_release_guard_without_clear_forward():
    single, call = answered()
    single.receive(M.RLG)
    assert single.types() == [(M.CLF, 1)]
    assert released(single) == [(41, "unexpected RLG from the peer")]
    other = single.setup()
    single.take()
    single.receive(M.RLG, 2)
    assert single.types() == [(M.CLF, 2), (M.IAM, 3)]
    assert single.exchange.circuit_of(other) == 3
    assert call in single.exchange.calls()


def test_continuity_of_a_previous_circuit():
    single = Single()
    call = single.setup(iam(continuity=2))
    single.send(call, Signal(M.COT))
    assert single.types() == [(M.IAM, 1), (M.COT, 1)]
    other = single.setup(iam())
    with pytest.raises(CallStateError, match="no check of a previous circuit"):
        single.send(other, Signal(M.COT))
