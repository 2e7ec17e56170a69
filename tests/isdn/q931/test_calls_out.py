import pytest
from support.pri_single import CHANNEL, SPEECH, M, Single

from tandem.isdn.q931.call import State
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import ChannelId
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.primitives import ChannelChanged, ReleaseIndication


@pytest.mark.parametrize("side", ["user", "network"])
def test_a_call(side):
    single = Single(side)
    call = single.setup()
    assert single.sent[0].get(ChannelIdentification) == ChannelIdentification.of(1)
    single.reply(call, M.CALL_PROCEEDING, CHANNEL)
    single.reply(call, M.PROGRESS)
    single.reply(call, M.ALERTING, ProgressIndicator(8, 2))
    single.reply(call, M.CONNECT, CauseElement(16))
    assert single.names == ["SETUP", "CONNECT ACKNOWLEDGE"]
    assert single.primitives == ["ProceedingIndication", "ProgressIndication", "AlertingIndication", "SetupConfirm"]
    assert single.state(call) is State.ACTIVE
    assert single.interface.next_deadline() is None


def test_no_channel_or_no_link():
    single = Single(count=1)
    single.setup()
    assert single.ask("setup", SPEECH) is None
    assert Single(up=False).ask("setup", SPEECH) is None


def test_a_channel_may_be_asked_for():
    single = Single()
    call = single.interface.setup(SPEECH, single.now, channel=ChannelId(0, 3))
    assert single.interface.channel_of(call) == ChannelId(0, 3)
    assert single.interface.setup(SPEECH, single.now, channel=ChannelId(0, 3)) is None
    assert single.interface.setup(SPEECH, single.now, channel=ChannelId(0, 9)) is None


def test_setup_is_sent_twice():
    single = Single()
    single.setup()
    single.wait(3.9)
    assert single.names == ["SETUP"]
    single.wait(0.2)
    assert single.names == ["SETUP"]
    single.wait(4)
    assert single.cause() == 102
    assert single.names == ["RELEASE COMPLETE"]
    assert single.primitives == ["ReleaseIndication", "CallCleared"]
    assert single.interface.idle_channels == 3


def test_a_late_answer_to_a_call_given_up():
    single = Single()
    single.setup()
    single.wait(10)
    single.forget()
    single.receive(M.CONNECT, reference=1, ours=True)
    assert single.cause() == 81
    assert single.names == ["RELEASE COMPLETE"]


def test_overlap_sending():
    single = Single()
    call = single.setup()
    single.reply(call, M.SETUP_ACKNOWLEDGE, CHANNEL)
    assert single.primitives == ["MoreInfoIndication"]
    single.wait(29)
    single.ask("information", call, [CalledPartyNumber("4")])
    single.wait(29)
    assert single.names == ["SETUP", "INFORMATION"]
    assert single.state(call) is State.OVERLAP_SENDING
    single.wait(2)
    assert single.cause() == 102
    assert single.names == ["DISCONNECT"]


@pytest.mark.parametrize(("side", "seconds", "cause"), [("user", 40, 102), ("network", 35, 18)])
def test_nothing_after_call_proceeding(side, seconds, cause):
    single = Single(side)
    call = single.setup()
    single.reply(call, M.CALL_PROCEEDING, CHANNEL)
    single.wait(seconds - 1)
    assert single.state(call) is single.roles.sent_proceeding
    single.wait(2)
    assert single.cause() == cause
    assert single.names == ["SETUP", "DISCONNECT"]


@pytest.mark.parametrize(("side", "ends"), [("user", False), ("network", True)])
def test_progress_ends_the_waiting_of_the_user_side(side, ends):
    single = Single(side)
    call = single.setup()
    single.reply(call, M.CALL_PROCEEDING, CHANNEL)
    single.reply(call, M.PROGRESS)
    single.wait(100)
    assert (call in single.interface.calls()) is not ends


def test_nobody_answers():
    single = Single()
    call = single.setup()
    single.reply(call, M.ALERTING, CHANNEL)
    single.wait(181)
    assert single.cause() == 19
    assert single.state(call) is State.DISCONNECT_REQUEST


def test_call_control_awards():
    single = Single("network", awards_calls=True)
    call = single.setup()
    single.reply(call, M.CONNECT)
    assert single.state(call) is State.CONNECT_REQUEST
    assert single.names == ["SETUP"]
    single.ask("connect_acknowledge", call, ())
    assert single.names == ["CONNECT ACKNOWLEDGE"]
    assert single.state(call) is State.ACTIVE


@pytest.mark.parametrize("cause", [6, 44, 82])
@pytest.mark.parametrize("kind", [M.RELEASE_COMPLETE, M.RELEASE])
def test_a_channel_refused_is_followed_by_another(kind, cause):
    single = Single(attempts=2)
    call = single.setup()
    single.forget()
    single.reply(call, kind, CauseElement(cause))
    assert single.heard == [ChannelChanged(call, ChannelId(0, 1), ChannelId(0, 2))]
    assert single.sent[0].get(ChannelIdentification).channel == 2
    assert single.sent[0].call_reference.value == 2
    assert single.names == (["SETUP"] if kind is M.RELEASE_COMPLETE else ["SETUP", "RELEASE COMPLETE"])
    single.forget()
    single.reply(call, M.RELEASE_COMPLETE, CauseElement(cause))
    assert single.primitives == ["ReleaseIndication", "CallCleared"]


def test_other_refusals_are_final():
    single = Single()
    call = single.setup()
    single.forget()
    single.reply(call, M.RELEASE_COMPLETE, CauseElement(17, 4))
    released = single.heard[0]
    assert isinstance(released, ReleaseIndication)
    assert (released.cause, released.location) == (17, 4)
    assert single.names == []


def test_a_channel_that_cannot_be_had_ends_the_call():
    single = Single()
    call = single.setup()
    single.forget()
    single.reply(call, M.CALL_PROCEEDING, ChannelIdentification.of(9))
    assert single.cause() == 6
    assert single.names == ["RELEASE"]
    assert single.primitives == ["ReleaseIndication"]


def test_the_network_has_to_name_the_channel():
    """Mandatory in its first answer (5.1.2): STATUS with cause 96, and the message is not acted on (5.8.6.1)."""
    single = Single("user")
    call = single.setup()
    single.reply(call, M.CALL_PROCEEDING, ProgressIndicator(8, 2))
    assert single.cause() == 96
    assert single.state(call) is State.CALL_INITIATED
