import pytest
from support.pri_pair import Pair, channels
from support.pri_single import CHANNEL, SPEECH, M, Single
from support.pri_traffic import Traffic

from tandem.core.errors import ConfigurationError
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channels import ChannelId, ChannelStatus
from tandem.isdn.q931.indications import RestartIndicator
from tandem.isdn.q931.messages import CallReference, build
from tandem.isdn.q931.primitives import Alert, CallStateError, SetupIndication
from tandem.isdn.q931.segmentation import segment
from tandem.isdn.q931.switch_types import SWITCH_TYPES, SwitchType
from tandem.isdn.q931.texts import UserUser


@pytest.mark.parametrize("switch_type", SWITCH_TYPES.values(), ids=str)
@pytest.mark.parametrize("caller", ["a", "b"])
def test_a_call_with_every_switch_type(switch_type, caller):
    pair = Pair(switch_type=switch_type)
    ours, _ = pair.call(getattr(pair, caller))
    pair.assert_same_calls()
    pair.a.release(ours, pair.now)
    pair.run(1)
    pair.assert_agreed()


@pytest.mark.parametrize("one", SWITCH_TYPES.values(), ids=str)
@pytest.mark.parametrize("other", SWITCH_TYPES.values(), ids=str)
def test_switch_types_that_differ(one, other):
    """What two ends with different types think of each other may cost a call, never a channel."""
    pair = Pair(2, a={"switch_type": one}, b={"switch_type": other})
    pair.on_output = lambda end, output: (
        end.interface.connect(output.call, (), pair.now) if isinstance(output, SetupIndication) else None
    )
    pair.a.setup(pair.now)
    pair.b.setup(pair.now)
    pair.run(1)
    for end in pair.ends:
        for call in list(end.alive):
            end.release(call, pair.now)
    pair.run(900)
    pair.assert_agreed()


@pytest.mark.parametrize("switch_type", SWITCH_TYPES.values(), ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_random_calls_leave_nothing(switch_type, seed):
    traffic = Traffic(seed, switch_type, channels=channels(4))
    traffic.run(60)
    traffic.settle()


@pytest.mark.parametrize("seed", range(8))
def test_random_calls_with_two_d_channels(seed):
    ids = (*channels(2, 0), *channels(2, 1))
    traffic = Traffic(seed, SwitchType.NI2, channels=ids, nfas=True, backup_link=True)
    traffic.run(60)
    traffic.settle()


def test_every_channel_at_once():
    pair = Pair(30)
    calls = [pair.a.setup(pair.now) for _ in range(31)]
    assert calls.count(None) == 1
    pair.run(1)
    assert len(pair.b.take(SetupIndication)) == 30
    assert {pair.b.interface.channel_of(call) for call in pair.b.alive} == set(channels(30))
    assert pair.a.interface.idle_channels == 0


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x08",
        b"\x08\x02\x00",
        b"\x08\xf2\x00\x01\x05",
        b"\x09\x02\x00\x01\x05",
        b"\x08\x01\x01\x05",
        b"\x08\x00\x05",
    ],
)
def test_what_is_ignored(octets):
    """5.8.1 to 5.8.3.1: another discriminator, too short, a call reference of another form."""
    single = Single()
    single.octets(octets)
    assert (single.sent, single.heard) == ([], [])


@pytest.mark.parametrize(
    ("kind", "flag", "elements", "cause"),
    [
        (M.CONNECT, False, (), 81),
        (M.RESTART, True, (RestartIndicator(7),), None),
        (M.RESTART_ACKNOWLEDGE, False, (RestartIndicator(7),), None),
        (M.STATUS, False, (CauseElement(81),), None),
    ],
)
def test_the_global_call_reference(kind, flag, elements, cause):
    single = Single()
    single.receive(kind, *elements, reference=0, flag=flag)
    assert [(message.name, single.cause()) for message in single.sent] == ([("STATUS", cause)] if cause else [])


def test_a_segmented_setup():
    single = Single()
    whole = build(CallReference(1), M.SETUP, *SPEECH, CHANNEL, UserUser(b"x" * 100))
    parts = segment(whole, 60)
    assert len(parts) > 1
    for part in parts:
        assert single.heard == []
        single.octets(part.encode())
    assert single.heard[0].message.get(UserUser).information == b"x" * 100


def test_segments_that_do_not_come():
    single = Single()
    single.octets(segment(build(CallReference(1), M.SETUP, *SPEECH, UserUser(b"x" * 100)), 60)[0].encode())
    single.wait(4.1)
    assert [type(output) for output in single.heard] == [Alert]
    assert single.interface.next_deadline() is None


def test_misuse():
    single = Single()
    call = single.setup()
    with pytest.raises(CallStateError, match="no CONNECT in state CALL_INITIATED"):
        single.ask("connect", call, ())
    with pytest.raises(CallStateError, match="is over"):
        single.ask("alerting", 99, ())
    with pytest.raises(CallStateError, match="is over"):
        single.interface.channel_of(99)
    with pytest.raises(ConfigurationError, match="no channel 0/9"):
        single.ask("block", [ChannelId(0, 9)])


def test_nothing_is_said_of_a_released_call():
    single = Single()
    call = single.active()
    single.ask("release", call, 16)
    with pytest.raises(CallStateError):
        single.ask("notify", call, ())
    single.reply(call, M.NOTIFY)
    assert single.primitives == []


def test_shutdown():
    single = Single("network")
    call = single.active()
    single.ask("shutdown")
    assert single.ask("setup", SPEECH) is None
    single.receive(M.SETUP, *SPEECH, CHANNEL, reference=5)
    assert single.cause() == 44
    assert call in single.interface.calls()


def test_view():
    single = Single()
    call = single.active()
    states = single.interface.channel_states()
    assert states[ChannelId(0, 1)] == (ChannelStatus.OUTGOING, 0, call)
    assert (single.interface.available, single.interface.idle_channels, single.interface.quiet) == (True, 2, False)
    assert single.interface.configuration is single.configuration
