import pytest
from support.isup_pair import ACM, COT_FAILURE, COT_SUCCESS, SUS_USER, iam
from support.isup_single import Single, cause, kind, status

from tandem.ss7.isup.circuits import Blocking, State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import (
    AddressComplete,
    AddressCompleteDue,
    Alert,
    CallCleared,
    CallMessage,
    CallReleased,
    CallStateError,
    ContinuityComplete,
    ContinuityLoop,
    IncomingCall,
)

OVERLAP = {"overlap": True, "minimum_digits": 7, "maximum_digits": 10}


def sam(octets, odd=False):
    return RawParameter(ParameterCode.SUBSEQUENT_NUMBER, bytes([0x80 if odd else 0]) + octets)


def incoming(parameters=None, **options):
    """An exchange with an incoming call on circuit 1, and its number."""
    single = Single(**options)
    single.receive(M.IAM, 1, *(parameters or iam()))
    single.take()
    return single, single.heard[-1].call


def test_call_answered_and_released_by_the_peer():
    single, call = incoming()
    offered = single.heard[0]
    assert (offered.group, offered.cic, offered.complete, offered.message.type) == ("g", 1, True, M.IAM)
    single.send(call, M.ACM, *ACM)
    single.send(call, M.ANM)
    assert single.types() == [(M.ACM, 1), (M.ANM, 1)]
    assert single.state() is State.IN_ANSWERED
    assert single.exchange.next_deadline() is None
    single.receive(M.SUS, 1, *SUS_USER)
    single.take()
    assert [type(item) for item in single.heard] == [CallMessage]
    single.receive(M.REL, 1, cause(16))
    assert single.types() == [(M.RLC, 1)]
    assert [type(item) for item in single.heard] == [CallReleased, CallCleared]


def test_silent_called_side_is_reported_before_the_peer_loses_patience():
    single, call = incoming()
    single.wait(18)
    single.take()
    assert single.heard == [AddressCompleteDue(call)]
    single.send(call, M.ACM, *ACM)
    single.wait(1000)
    assert single.types() == [(M.ACM, 1)]
    assert single.heard == []


def test_en_bloc_groups_take_every_number_as_whole():
    single, _call = incoming(iam(b"\x21"))
    single.wait(17)
    assert single.take() == []
    assert single.heard == []
    single.receive(M.SAM, 1, sam(b"\x43"))
    single.take()
    assert [type(item) for item in single.heard] == [CallMessage]


def test_overlap_short_number_times_out_with_t35():
    single, call = incoming(**OVERLAP)
    single.wait(19)
    assert single.types() == []
    single.wait(1)
    (release,) = single.take()
    assert release.raw(18)[1] == 0x80 | 28
    assert (single.heard[-1].call, single.heard[-1].cause) == (call, 28)


def test_overlap_long_enough_number_is_taken_as_complete_by_t10():
    single, call = incoming(**OVERLAP)
    single.wait(10)
    single.receive(M.SAM, 1, sam(b"\x07", odd=True))  # 7 digits
    single.take()
    assert [type(item) for item in single.heard] == [CallMessage]
    single.wait(4.9)
    assert single.take() == []
    single.receive(M.SAM, 1, sam(b"\x08", odd=True))
    single.take()
    single.wait(4.9)
    single.take()
    assert single.heard == []
    single.wait(0.1)
    single.take()
    assert single.heard == [AddressComplete(call)]


@pytest.mark.parametrize(("digits", "odd"), [(b"\x87\x09\x21", False), (b"\xf7", False), (b"\x0f", True)])
def test_overlap_ends_with_the_maximum_or_st(digits, odd):
    single, _call = incoming(**OVERLAP)
    single.receive(M.SAM, 1, sam(digits, odd))
    single.take()
    assert [type(item) for item in single.heard] == [CallMessage, AddressComplete]
    single.wait(17)
    assert single.take() == []
    assert single.heard == []


@pytest.mark.parametrize(
    ("digits", "odd", "complete"),
    [
        (b"\x21\x43\x65\x87\x09", False, True),
        (b"\x21\x43\xf5", False, True),
        (b"\x21\x43\x0f", True, True),
        (b"\x21\x43\x65\x87", False, False),
        (b"", False, False),
    ],
)
def test_overlap_number_whole_in_the_iam(digits, odd, complete):
    single, _ = incoming(iam(digits, odd=odd), **OVERLAP)
    assert single.heard[0].complete is complete


def test_acm_ends_the_wait_for_digits():
    single, call = incoming(**OVERLAP)
    single.send(call, M.ACM, *ACM)
    single.wait(1000)
    assert single.types() == [(M.ACM, 1)]


@pytest.mark.parametrize(("check", "loops"), [(1, 1), (2, 0)], ids=["this circuit", "previous circuit"])
def test_call_is_offered_after_continuity(check, loops):
    single = Single()
    single.receive(M.IAM, 1, *iam(continuity=check))
    single.receive(M.SAM, 1, sam(b"\x87"))
    single.take()
    assert single.heard == [ContinuityLoop("g", 1, True)] * loops
    single.receive(M.COT, 1, *COT_SUCCESS)
    single.take()
    assert [type(item) for item in single.heard] == [ContinuityLoop, IncomingCall, CallMessage]
    assert single.heard[0].connected is False
    assert single.state() is State.IN_ADDRESS


def relayed(**options):
    single = Single(relay_continuity=True, **options)
    single.receive(M.IAM, 1, *iam(continuity=2))
    single.take()
    (told,) = single.heard
    return single, told


def test_a_call_may_be_told_of_before_the_previous_circuits_are_checked():
    """Q.764 2.1.8: a transit sends its IAM on; what it may not do is answer before COT."""
    single, told = relayed()
    assert (told.pending, told.complete, single.state()) == (True, True, State.IN_WAIT_COT)
    with pytest.raises(CallStateError):
        single.send(told.call, M.ACM, *ACM)
    single.receive(M.SAM, 1, sam(b"\x87"))
    single.receive(M.COT, 1, *COT_SUCCESS)
    single.take()
    assert [type(item) for item in single.heard] == [ContinuityComplete, CallMessage]
    single.send(told.call, M.ACM, *ACM)
    assert single.state() is State.IN_WAIT_ANM


def test_the_circuit_itself_is_checked_before_anybody_is_told():
    single = Single(relay_continuity=True)
    single.receive(M.IAM, 1, *iam(continuity=1))
    single.take()
    assert single.heard == [ContinuityLoop("g", 1, True)]


@pytest.mark.parametrize("end", ["COT", "T8", "REL"])
def test_a_call_that_was_told_of_may_fail(end):
    single, told = relayed()
    if end == "COT":
        single.receive(M.COT, 1, *COT_FAILURE)
    elif end == "REL":
        single.receive(M.REL, 1, cause(16))
    else:
        single.wait(13)
    single.take()
    (released,) = [item for item in single.heard if isinstance(item, CallReleased)]
    assert (released.call, released.cause) == (told.call, 16 if end == "REL" else 41)


def test_call_control_may_release_it_too():
    single, told = relayed()
    single.exchange.release(told.call, 16, single.now)
    assert single.types() == [(M.REL, 1)]
    single.receive(M.RLC, 1)
    single.take()
    assert single.heard[-1] == CallCleared(told.call, 1)


def test_no_continuity_message_releases():
    single = Single()
    single.receive(M.IAM, 1, *iam(continuity=1))
    single.wait(13)
    (release,) = single.take()
    assert release.raw(18)[1] == 0x80 | 41
    assert single.heard == [ContinuityLoop("g", 1, True), ContinuityLoop("g", 1, False)]
    single.receive(M.RLC, 1)
    single.take()
    assert single.heard == []  # call control never knew of the call
    assert single.exchange.calls() == []


def test_failed_continuity_waits_for_the_recheck():
    single = Single()
    single.receive(M.IAM, 1, *iam(continuity=1))
    single.receive(M.COT, 1, *COT_FAILURE)
    assert single.state() is State.IN_WAIT_CCR
    single.wait(100)
    single.receive(M.CCR, 1)
    assert single.types() == [(M.LPA, 1)]
    single.receive(M.COT, 1, *COT_FAILURE)
    assert single.state() is State.IN_WAIT_CCR
    single.receive(M.CCR, 1)
    single.receive(M.COT, 1, *COT_SUCCESS)
    single.receive(M.REL, 1, cause(16))
    assert single.types() == [(M.LPA, 1), (M.RLC, 1)]
    assert [item.connected for item in single.heard] == [False, True, False]
    assert single.state() is State.IDLE
    assert single.exchange.next_deadline() is None


def test_failed_continuity_without_recheck_resets_the_circuit():
    single = Single()
    single.receive(M.IAM, 1, *iam(continuity=1))
    single.receive(M.COT, 1, *COT_FAILURE)
    single.wait(240)
    assert single.types() == [(M.RSC, 1)]
    assert Alert in map(type, single.heard)


def test_check_without_result_is_released():
    single = Single()
    single.receive(M.CCR, 1)
    single.take()
    single.wait(13)
    assert single.types() == [(M.REL, 1)]


def test_successful_recheck_leaves_the_circuit_idle_with_or_without_rel():
    single = Single()
    single.receive(M.CCR, 1)
    single.receive(M.COT, 1, *COT_SUCCESS)
    assert single.state() is State.IDLE
    single.receive(M.REL, 1, cause(16))
    assert single.types() == [(M.LPA, 1), (M.RLC, 1)]
    single.receive(M.IAM, 1, *iam())
    assert single.state() is State.IN_ADDRESS


def test_information_is_awaited():
    request = RawParameter(ParameterCode.INFORMATION_REQUEST_INDICATORS, b"\x01\x00")
    answer = RawParameter(ParameterCode.INFORMATION_INDICATORS, b"\x03\x00")
    single, call = incoming()
    single.send(call, M.INR, request)
    single.wait(13)
    single.receive(M.INF, 1, answer)
    single.take()
    assert [item.message.type for item in single.heard] == [M.INF]
    single.send(call, M.INR, request)
    single.wait(14)
    assert single.types()[-1] == (M.REL, 1)
    assert [item.cause for item in single.heard if isinstance(item, CallReleased)] == [102]
    assert Alert in map(type, single.heard)


def test_unexpected_message_before_acm_resets_and_releases():
    single, call = incoming()
    single.receive(M.IAM, 1, *iam())
    assert single.types() == [(M.RSC, 1)]
    assert [type(item) for item in single.heard] == [CallReleased]
    single.receive(M.RLC, 1)
    single.take()
    assert single.heard == [CallCleared(call, 1)]


def test_circuit_that_we_block_is_not_seized_but_blocked_again():
    single = Single()
    single.exchange.block("g", [1], 0.0)
    single.receive(M.BLA, 1)
    single.take()
    single.receive(M.IAM, 1, *iam())
    assert single.types() == [(M.BLO, 1)]
    assert single.heard == []
    single.receive(M.BLA, 1)
    single.receive(M.IAM, 1, *iam(category=13))
    single.take()
    assert [type(item) for item in single.heard] == [IncomingCall]  # a test call


def test_circuit_that_the_peer_blocked_is_unblocked_by_its_call():
    single = Single()
    single.receive(M.BLO, 1)
    single.receive(M.CGB, 1, kind(True), status(1, 1))
    single.take()
    single.receive(M.IAM, 1, *iam(category=13))
    assert single.view().blocking == Blocking.REMOTE_MAINTENANCE | Blocking.REMOTE_HARDWARE
    single.receive(M.REL, 1, cause(16))
    single.receive(M.IAM, 1, *iam())
    assert single.view().blocking is Blocking.NONE


SUS_NETWORK = RawParameter(ParameterCode.SUSPEND_RESUME_INDICATORS, b"\x01")


def answered_call(**options):
    single, call = incoming(**options)
    single.send(call, M.CON, *ACM)
    single.take()
    return single, call


def test_network_suspension_sent_back_is_timed_by_the_international_exchange():
    single, call = answered_call(times_suspension=True)
    single.send(call, M.SUS, SUS_NETWORK)
    single.wait(119)
    assert single.types() == [(M.SUS, 1)]
    single.wait(1)
    assert single.types() == [(M.REL, 1)]
    assert [(item.call, item.cause) for item in single.heard] == [(call, 16)]
    single, call = answered_call(times_suspension=True)
    single.send(call, M.SUS, SUS_NETWORK)
    single.send(call, M.RES, SUS_NETWORK)
    single.send(call, M.SUS, *SUS_USER)
    single.wait(500)
    assert single.types() == [(M.SUS, 1), (M.RES, 1), (M.SUS, 1)]
    single, call = answered_call()
    single.send(call, M.SUS, SUS_NETWORK)
    assert single.exchange.next_deadline() is None


def test_identification_that_does_not_come_is_reported_and_the_call_goes_on():
    single, call = answered_call()
    single.send(call, M.IDR)
    single.wait(10)
    assert single.types() == [(M.IDR, 1)]
    assert [type(item) for item in single.heard] == [Alert]
    single.send(call, M.IDR)
    single.receive(M.IRS, 1)
    single.wait(100)
    single.take()
    assert [type(item) for item in single.heard] == [CallMessage]
    assert single.exchange.calls() == [call]


def test_network_resource_management_waits_a_little():
    single, call = answered_call()
    single.send(call, M.NRM)
    assert single.exchange.next_deadline() == 3
    single.receive(M.NRM, 1)
    assert single.exchange.next_deadline() is None
    single.send(call, M.NRM)
    single.wait(5)
    assert single.exchange.calls() == [call]


def test_continuity_failed_on_a_previous_circuit_releases_the_call():
    single = Single()
    single.receive(M.IAM, 1, *iam(continuity=2))
    single.receive(M.COT, 1, *COT_FAILURE)
    (release,) = single.take()
    assert (release.type, release.raw(18)[1]) == (M.REL, 0x80 | 41)
    assert single.heard == [ContinuityLoop("g", 1, False)]
