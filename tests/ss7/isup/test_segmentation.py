"""Simple segmentation, Q.764 2.1.12."""

import pytest
from support.isup_pair import ACM, Pair, iam
from support.isup_single import Single, cause, kind, status

from tandem.core.errors import EncodeError
from tandem.ss7.isup.circuits import State
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CallMessage, IncomingCall
from tandem.ss7.isup.segmentation import join, split

MORE = RawParameter(P.OPTIONAL_FORWARD_CALL_INDICATORS, b"\x84")
MORE_BACKWARD = RawParameter(P.OPTIONAL_BACKWARD_CALL_INDICATORS, b"\x04")
UUI = RawParameter(P.USER_TO_USER_INFORMATION, bytes(129))
ACCESS = RawParameter(P.ACCESS_TRANSPORT, b"\x7c\x78" + bytes(120))


def test_a_long_message_is_split_and_joined_again():
    message = Message.build(M.IAM, 5, [*iam(), ACCESS, UUI])
    first, second = split(message, 268)
    assert len(first) <= 268
    assert Message.parse(second).type is M.SGM
    assert Message.parse(first).raw(P.OPTIONAL_FORWARD_CALL_INDICATORS) == b"\x04"
    whole = join(Message.parse(first), Message.parse(second))
    without_indicator = whole.without(P.OPTIONAL_FORWARD_CALL_INDICATORS)
    assert sorted(without_indicator.codes()) == sorted(message.codes())
    assert whole.raw(P.USER_TO_USER_INFORMATION) == bytes(129)


def test_a_short_message_stays_whole():
    message = Message.build(M.IAM, 5, iam())
    assert split(message, 268) == [message.encode()]


def test_what_cannot_be_segmented_loses_user_information():
    release = Message.build(M.REL, 5, [cause(16), ACCESS, UUI, RawParameter(0xEE, bytes(20))])
    (octets,) = split(release, 268)
    assert Message.parse(octets).codes() == (P.CAUSE_INDICATORS, P.ACCESS_TRANSPORT, 0xEE)
    with pytest.raises(EncodeError, match="fit a signal unit"):
        split(Message.build(M.REL, 5, [cause(16), RawParameter(0xEE, bytes(250)), ACCESS]), 268)
    with pytest.raises(EncodeError, match="an SGM"):
        split(Message.build(M.IAM, 5, [*iam(), RawParameter(0xEE, bytes(250)), UUI]), 268)


def test_user_information_too_long_for_both_parts_is_left_out():
    long = RawParameter(P.USER_TO_USER_INFORMATION, bytes(255))
    numbers = [RawParameter(P.GENERIC_NUMBER, bytes([6, 3, 0x13, number])) for number in range(3)]
    (octets,) = split(Message.build(M.IAM, 5, [*iam(), *numbers, long]), 255)
    message = Message.parse(octets)
    assert P.USER_TO_USER_INFORMATION not in message
    assert P.OPTIONAL_FORWARD_CALL_INDICATORS in message
    assert message.raw(P.OPTIONAL_FORWARD_CALL_INDICATORS) == b"\0"


def test_iam_waits_for_its_segment():
    single = Single()
    single.receive(M.IAM, 1, *iam(), MORE)
    assert single.take() == []
    assert single.heard == []
    assert single.state() is State.IN_WAIT_SGM
    assert single.exchange.idle_circuits("g") == 3
    single.receive(M.SGM, 1, UUI)
    single.take()
    (incoming,) = single.heard
    assert incoming.message.raw(P.USER_TO_USER_INFORMATION) == bytes(129)
    assert incoming.message.raw(P.OPTIONAL_FORWARD_CALL_INDICATORS) == b"\x80"
    single.receive(M.SGM, 1, UUI)  # once more: late
    single.take()
    assert single.heard == []


def test_t34_ends_the_wait():
    single = Single()
    single.receive(M.IAM, 1, *iam(), MORE)
    single.wait(2.9)
    single.take()
    assert single.heard == []
    single.wait(0.1)
    single.take()
    assert [type(item) for item in single.heard] == [IncomingCall]


def test_another_message_ends_the_wait_and_supervision_does_not():
    single = Single()
    single.receive(M.IAM, 1, *iam(), MORE)
    single.receive(M.CGB, 1, kind(False), status(1, 2))
    assert single.types() == [(M.CGBA, 1)]
    assert single.state() is State.IN_WAIT_SGM
    single.receive(M.REL, 1, cause(16))
    assert single.types() == [(M.RLC, 1)]
    assert isinstance(single.heard[0], IncomingCall)
    assert single.state() is State.IDLE
    assert single.exchange.next_deadline() is None


def test_reset_during_the_wait_forgets_the_call():
    single = Single()
    single.receive(M.IAM, 1, *iam(), MORE)
    single.receive(M.RSC, 1)
    single.receive(M.SGM, 1, UUI)
    assert single.types() == [(M.RLC, 1)]
    assert single.heard == []
    assert single.exchange.idle_circuits("g") == 4


def test_backward_message_waits_too():
    single = Single()
    single.setup()
    single.receive(M.ACM, 1, *ACM, MORE_BACKWARD)
    single.take()
    assert single.heard == []
    single.receive(M.SGM, 1, ACCESS)
    single.take()
    (message,) = [item.message for item in single.heard if isinstance(item, CallMessage)]
    assert message.raw(P.ACCESS_TRANSPORT) == ACCESS.octets
    assert single.state() is State.OUT_WAIT_ANM


def test_through_two_exchanges():
    pair = Pair((1,))
    pair.a.setup(pair.now, [*iam(), ACCESS, UUI])
    pair.run(1)
    (incoming,) = pair.b.take(IncomingCall)
    assert incoming.message.raw(P.USER_TO_USER_INFORMATION) == UUI.octets
    assert incoming.message.raw(P.ACCESS_TRANSPORT) == ACCESS.octets
