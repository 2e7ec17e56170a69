import pytest
from support.pri_pair import Pair, setup_elements
from support.pri_single import M, Single

from tandem.isdn.q931.channel import ChannelIdentification, ChannelType
from tandem.isdn.q931.channels import ChannelId, Service
from tandem.isdn.q931.primitives import ChannelChanged, ReleaseIndication, SetupIndication
from tandem.isdn.q931.switch_types import SwitchType

C = ChannelIdentification


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (C.of(2), 2),
        (C.of(2, exclusive=False), 2),
        (C.any_channel(), 1),
        (None, 1),
        (C(channels=(2,), slot_map=True), 2),
    ],
)
def test_the_channel_of_a_setup(element, expected):
    single = Single("network")
    call = single.offered(channel=element)
    assert single.interface.channel_of(call) == ChannelId(0, expected)
    single.ask("proceeding", call, ())
    assert single.sent[-1].get(C) == C.of(expected)


@pytest.mark.parametrize(
    ("element", "cause"),
    [
        (C.of(9), 82),
        (C.of(1), 44),
        (C.no_channel(), 34),
        (C.of(2, 3), 65),
        (C(d_channel=True), 66),
        (C(channels=(2,), channel_type=ChannelType.H0), 66),
    ],
)
def test_a_channel_that_cannot_be_had(element, cause):
    single = Single("network")
    single.active()  # on channel 1
    single.receive(M.SETUP, *setup_elements(), element)
    assert single.cause() == cause
    assert single.names == ["RELEASE COMPLETE"]
    assert single.primitives == []


@pytest.mark.parametrize("number", [1, 9])
def test_a_preferred_channel_is_replaced(number):
    single = Single("network")
    single.active()
    call = single.offered(channel=C.of(number, exclusive=False))
    assert single.interface.channel_of(call) == ChannelId(0, 2)


def test_all_channels_are_busy():
    single = Single("network", count=1)
    single.active()
    single.receive(M.SETUP, *setup_elements(), C.of(1, exclusive=False))
    assert single.cause() == 34


def test_blocked_by_us():
    single = Single()
    single.interface.block([ChannelId(0, 1)], single.now)
    single.receive(M.SETUP, *setup_elements(), C.of(1))
    assert single.cause() == 44


def test_the_peer_uses_a_channel_that_was_out_of_service():
    single = Single()
    single.kernel.channels.get(ChannelId(0, 1)).service = Service.NOT_RESTARTED
    single.offered()
    assert single.kernel.channels.get(ChannelId(0, 1)).service == Service.NONE


@pytest.mark.parametrize("answer", [M.CALL_PROCEEDING, M.SETUP_ACKNOWLEDGE, M.ALERTING, M.CONNECT])
def test_the_peer_proposes_another_channel(answer):
    single = Single(channel_choice="preferred")
    call = single.setup()
    assert not single.sent[0].get(C).exclusive
    single.reply(call, answer, C.of(3))
    assert single.interface.channel_of(call) == ChannelId(0, 3)
    assert ChannelChanged(call, ChannelId(0, 1), ChannelId(0, 3)) in single.heard
    assert single.interface.idle_channels == 2


def test_only_the_first_answer_counts():
    single = Single()
    call = single.setup()
    single.reply(call, M.CALL_PROCEEDING, C.of(1))
    single.reply(call, M.ALERTING, C.of(3))
    assert single.interface.channel_of(call) == ChannelId(0, 1)


def test_a_user_side_need_not_name_the_channel():
    single = Single("network")
    call = single.setup()
    single.receive(M.ALERTING, *[], reference=1, ours=True)
    assert single.interface.channel_of(call) == ChannelId(0, 1)
    assert single.kernel.calls[call].agreed


@pytest.mark.parametrize("choice", ["preferred", "exclusive"])
@pytest.mark.parametrize("switch_type", [SwitchType.EUROISDN, SwitchType.QSIG], ids=str)
def test_collision(choice, switch_type):
    """Both ask for channel 1 at once: the network's call has it (5.7), the user's goes to another channel."""
    pair = Pair(3, channel_choice=choice, hunting="ascending", b={"hunting": "ascending"}, switch_type=switch_type)
    ours, theirs = pair.a.setup(pair.now), pair.b.setup(pair.now)
    pair.on_output = lambda end, output: (
        end.interface.connect(output.call, (), pair.now) if isinstance(output, SetupIndication) else None
    )
    pair.run(1.0)
    assert pair.a.interface.channel_of(ours) == ChannelId(0, 2)
    assert pair.b.interface.channel_of(theirs) == ChannelId(0, 1)
    assert pair.a.take(ReleaseIndication) == pair.b.take(ReleaseIndication) == []
    pair.assert_same_calls()
    changes = [(change.old, change.new) for change in pair.a.take(ChannelChanged)]
    assert changes == [(ChannelId(0, 1), None), (None, ChannelId(0, 2))]


def test_collision_on_the_only_channel():
    pair = Pair(1)
    ours, theirs = pair.a.setup(pair.now), pair.b.setup(pair.now)
    pair.run(1.0)
    assert [(one.call, one.cause) for one in pair.a.take(ReleaseIndication)] == [(ours, 44)]
    assert theirs in pair.b.alive


def test_nfas():
    """The channel is an interface and a number; without octet 3.1 the interface of the D-channel is meant."""
    ids = (ChannelId(0, 1), ChannelId(1, 1))
    single = Single("network", channels=ids, nfas=True, switch_type=SwitchType.NI2)
    first = single.offered(channel=C.of(1))
    second = single.offered(reference=2, channel=C.of(1, interface=1))
    del first
    assert single.interface.channel_states()[ChannelId(1, 1)][2] is not None
    assert second is not None
    single.receive(M.SETUP, *setup_elements(), C.of(1, interface=5), reference=3)
    assert single.cause() == 82
