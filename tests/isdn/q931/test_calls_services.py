import pytest
from support.pri_pair import Pair
from support.pri_single import M, Single

from tandem.isdn.q931.call import Hold, State
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import ChannelId
from tandem.isdn.q931.indications import CongestionLevel, NotificationIndicator
from tandem.isdn.q931.primitives import (
    CallCleared,
    CallStateError,
    HoldConfirm,
    HoldIndication,
    ReleaseIndication,
    ResumeConfirm,
    ResumeIndication,
    RetrieveConfirm,
    RetrieveIndication,
    SuspendConfirm,
    SuspendIndication,
)
from tandem.isdn.q931.texts import CallIdentity, Facility, UserUser


@pytest.mark.parametrize(
    ("request_", "element", "name"),
    [
        ("notify", NotificationIndicator(0), "NOTIFY"),
        ("facility", Facility(b"\x91"), "FACILITY"),
        ("user_information", UserUser(b"hello"), "USER INFORMATION"),
        ("congestion_control", (CongestionLevel(15), CauseElement(43)), "CONGESTION CONTROL"),
    ],
)
def test_messages_that_change_nothing(request_, element, name):
    pair = Pair()
    ours, theirs = pair.call()
    pair.forget()
    elements = element if isinstance(element, tuple) else (element,)
    getattr(pair.a.interface, request_)(ours, elements, pair.now)
    pair.run(0.1)
    (heard,) = pair.b.heard
    assert (heard.call, heard.message.name) == (theirs, name)
    assert heard.message.get(type(elements[0])) == elements[0]
    assert pair.a.state(ours) is pair.b.state(theirs) is State.ACTIVE


@pytest.mark.parametrize("holder", ["a", "b"])
def test_hold_and_retrieve(holder):
    pair = Pair()
    numbers = dict(zip("ab", pair.call(), strict=True))
    end = getattr(pair, holder)
    other = pair.other(end)
    mine, theirs = numbers[holder], numbers["b" if holder == "a" else "a"]
    end.interface.hold(mine, (), pair.now)
    pair.run(0.1)
    assert other.take(HoldIndication)[0].call == theirs
    other.interface.hold_response(theirs, None, pair.now)
    pair.run(0.1)
    assert end.take(HoldConfirm)[0].cause is None
    with pytest.raises(CallStateError, match="held by us"):
        end.interface.hold(mine, (), pair.now)
    end.interface.retrieve(mine, (), pair.now)
    pair.run(0.1)
    assert other.take(RetrieveIndication)[0].call == theirs
    other.interface.retrieve_response(theirs, None, pair.now)
    pair.run(0.1)
    (confirm,) = end.take(RetrieveConfirm)
    assert confirm.cause is None
    assert confirm.message.get(ChannelIdentification).channel == end.interface.channel_of(mine).number
    assert end.interface._kernel.calls[mine].hold is Hold.IDLE


def test_hold_refused():
    pair = Pair()
    ours, theirs = pair.call()
    pair.a.interface.hold(ours, (), pair.now)
    pair.run(0.1)
    pair.b.interface.hold_response(theirs, 69, pair.now)
    pair.run(0.1)
    assert pair.a.take(HoldConfirm)[0].cause == 69
    pair.a.interface.hold(ours, (), pair.now)  # may be tried again


def test_retrieve_refused():
    single = Single()
    call = single.active()
    single.ask("hold", call, ())
    single.reply(call, M.HOLD_ACKNOWLEDGE)
    single.ask("retrieve", call, ())
    single.reply(call, M.RETRIEVE_REJECT, CauseElement(34))
    assert single.heard[-1].cause == 34
    assert single.kernel.calls[call].hold is Hold.HELD


def test_hold_not_answered():
    single = Single()
    call = single.active()
    single.ask("hold", call, ())
    single.wait(4.1)
    assert single.heard[-1] == HoldConfirm(call, 102, None)
    single.ask("hold", call, ())
    single.reply(call, M.HOLD_ACKNOWLEDGE)
    single.ask("retrieve", call, ())
    single.wait(4.1)
    assert single.heard[-1] == RetrieveConfirm(call, 102, None)
    assert single.kernel.calls[call].hold is Hold.HELD


def test_both_hold_at_once():
    pair = Pair()
    ours, theirs = pair.call()
    pair.a.interface.hold(ours, (), pair.now)
    pair.b.interface.hold(theirs, (), pair.now)
    pair.run(0.1)
    assert pair.a.take(HoldConfirm)[0].cause == pair.b.take(HoldConfirm)[0].cause == 101


def suspended(pair, ours, identity=b"\x01"):
    pair.a.interface.suspend(ours, identity, pair.now)
    pair.run(0.1)
    (indication,) = pair.b.take(SuspendIndication)
    assert indication.identity == identity
    pair.b.interface.suspend_response(indication.call, None, pair.now)
    pair.run(0.1)
    return indication.call


def test_suspend_and_resume():
    pair = Pair()
    ours, theirs = pair.call()
    assert suspended(pair, ours) == theirs
    assert [one.call for one in pair.a.take(CallCleared)] == [ours]
    assert pair.b.interface.channel_of(theirs) is None
    assert pair.a.interface.idle_channels == pair.b.interface.idle_channels == 4
    again = pair.a.resume(b"\x01", pair.now)
    pair.run(0.1)
    (indication,) = pair.b.take(ResumeIndication)
    assert indication.call == theirs
    pair.b.interface.resume_response(theirs, None, pair.now)
    pair.run(0.1)
    assert pair.a.take(ResumeConfirm)[0].call == again
    assert pair.a.interface.channel_of(again) == pair.b.interface.channel_of(theirs) == indication.channel
    pair.assert_same_calls()
    pair.a.release(again, pair.now)
    pair.run(1)
    pair.assert_agreed()


def test_suspend_refused_and_not_answered():
    single = Single()
    call = single.active()
    single.ask("suspend", call, b"")
    single.reply(call, M.SUSPEND_REJECT, CauseElement(84))
    assert single.heard[-1].cause == 84
    single.ask("suspend", call, b"")
    single.wait(4.1)
    assert single.heard[-1] == SuspendConfirm(call, 102, None)
    assert single.state(call) is State.ACTIVE


def test_an_identity_in_use():
    pair = Pair()
    first, second = pair.call()[0], pair.call()[0]
    suspended(pair, first)
    pair.a.interface.suspend(second, b"\x01", pair.now)
    pair.run(0.1)
    assert pair.a.take(SuspendConfirm)[0].cause == 84


def test_suspended_for_too_long():
    pair = Pair()
    ours, theirs = pair.call()
    suspended(pair, ours)
    pair.run(181)
    assert [(one.call, one.cause) for one in pair.b.take(ReleaseIndication)] == [(theirs, 102)]
    pair.assert_agreed()


@pytest.mark.parametrize(("parked", "cause"), [(False, 85), (True, 83)])
def test_nothing_to_resume(parked, cause):
    pair = Pair()
    ours, _ = pair.call()
    if parked:
        suspended(pair, ours)
    again = pair.a.resume(b"\x02", pair.now)
    pair.run(0.1)
    assert [(one.call, one.cause) for one in pair.a.take(ReleaseIndication)] == [(again, cause)]


def test_resume_refused_by_call_control():
    pair = Pair()
    ours, theirs = pair.call()
    suspended(pair, ours)
    pair.a.resume(b"\x01", pair.now)
    pair.run(0.1)
    pair.b.released.add(theirs)
    pair.b.interface.resume_response(theirs, 21, pair.now)
    pair.run(1)
    assert pair.a.take(ReleaseIndication)[0].cause == 21
    pair.assert_agreed()


def test_resume_not_answered():
    single = Single()
    call = single.ask("resume", b"\x01")
    assert single.sent[0].get(CallIdentity).content == b"\x01"
    single.wait(4.1)
    assert single.cause() == 102
    assert single.names == ["RESUME", "RELEASE"]
    assert single.primitives == ["ReleaseIndication"]
    assert call not in (None, 0)


def test_resumed_on_a_channel_that_is_busy():
    single = Single()
    single.active()
    call = single.ask("resume", b"")
    single.reply(call, M.RESUME_ACKNOWLEDGE, ChannelIdentification.of(1))
    assert single.cause() == 6
    assert single.interface.channel_states()[ChannelId(0, 1)][2] == 1


def test_only_the_user_side_resumes():
    with pytest.raises(CallStateError):
        Single("network").ask("resume", b"")
