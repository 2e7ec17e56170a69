import pytest
from support.pri_pair import Pair
from support.pri_single import M, Single

from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import ChannelId, ChannelStatus, Service
from tandem.isdn.q931.indications import CallState, RestartIndicator
from tandem.isdn.q931.primitives import RestartConfirm, RestartIndication
from tandem.isdn.q931.switch_types import SwitchType

C = ChannelIdentification


def acknowledge(single, *elements):
    single.receive(M.RESTART_ACKNOWLEDGE, *(elements or (RestartIndicator(0), C.of(1))), reference=0, ours=True)


@pytest.mark.parametrize("restart", ["channels", "interface"])
def test_both_sides_restart_at_the_start(restart):
    pair = Pair(4, start=False, restart_at_start=restart)
    for end in pair.ends:
        end.interface.start(0.0)
    pair.run(5)
    for end in pair.ends:
        done = [channel for output in end.take(RestartConfirm) if output.done for channel in output.channels]
        heard = [channel for output in end.take(RestartIndication) for channel in output.channels]
        assert sorted(done) == sorted(heard) == [channel.id for channel in end.pool]
        assert end.types().count("RESTART") == (4 if restart == "channels" else 1)
    pair.assert_agreed()


def test_calls_on_the_channel_end_at_both_sides():
    pair = Pair()
    ours, theirs = pair.call()
    channel = pair.a.interface.channel_of(ours)
    pair.a.interface.restart([channel], pair.now)
    pair.run(1)
    assert not pair.a.alive
    assert not pair.b.alive
    assert theirs in pair.b.released
    pair.assert_agreed()


def test_no_answer():
    single = Single()
    single.ask("restart", [ChannelId(0, 1)])
    assert single.interface.channel_states()[ChannelId(0, 1)][0] is ChannelStatus.RESTARTING
    single.wait(359)
    assert single.names == ["RESTART"] * 3
    single.wait(2)
    assert single.interface.channel_states()[ChannelId(0, 1)][1] is Service.NOT_RESTARTED
    assert single.primitives == ["Alert", "RestartConfirm"]
    assert single.interface.idle_channels == 2
    single.wait(300)  # asked again by and by
    assert single.names == ["RESTART"]
    acknowledge(single)
    assert single.interface.idle_channels == 3


def test_one_at_a_time():
    single = Single()
    single.ask("restart", [ChannelId(0, 1), ChannelId(0, 2)])
    assert single.names == ["RESTART"]
    acknowledge(single, RestartIndicator(0), C.of(2))  # of another one: ignored
    assert single.names == []
    acknowledge(single)
    assert single.sent[0].get(C).channel == 2


def test_fewer_channels_acknowledged():
    single = Single()
    single.ask("restart", None)
    acknowledge(single, RestartIndicator(7), C.of(1, 3))
    states = single.interface.channel_states()
    assert [states[ChannelId(0, number)][1] for number in (1, 2, 3)] == [0, Service.NOT_RESTARTED, 0]


def test_a_peer_without_restart():
    single = Single()
    single.ask("restart", [ChannelId(0, 1)])
    single.receive(M.STATUS, CauseElement(97), CallState(0), reference=0, ours=True)
    assert single.interface.idle_channels == 3
    single.ask("restart", [ChannelId(0, 1)])
    single.receive(M.STATUS, CauseElement(82), CallState(0), reference=0, ours=True)
    assert single.interface.idle_channels == 2


@pytest.mark.parametrize(
    ("elements", "numbers"),
    [
        ((RestartIndicator(0), C.of(2)), [2]),
        ((RestartIndicator(0), C.of(1, 3)), [1, 3]),
        ((RestartIndicator(6),), [1, 2, 3]),
        ((RestartIndicator(7),), [1, 2, 3]),
    ],
)
def test_the_peer_restarts(elements, numbers):
    single = Single()
    call = single.active()
    single.receive(M.RESTART, *elements, reference=0)
    (answer,) = single.sent
    assert (answer.name, answer.call_reference.flag) == ("RESTART ACKNOWLEDGE", True)
    assert set(elements) == set(answer.elements)
    assert single.heard[-1] == RestartIndication(tuple(ChannelId(0, number) for number in numbers))
    assert (call in single.interface.calls()) is (1 not in numbers)


def test_a_restart_of_one_interface_of_several():
    ids = (ChannelId(0, 1), ChannelId(1, 1))
    single = Single(channels=ids, nfas=True, switch_type=SwitchType.NI2)
    single.receive(M.RESTART, RestartIndicator(6), C(0, interface=1), reference=0)
    assert single.heard[-1] == RestartIndication((ChannelId(1, 1),))


@pytest.mark.parametrize(
    ("elements", "cause"), [((C.of(1),), 96), ((RestartIndicator(0),), 96), ((RestartIndicator(0), C.of(9)), 82)]
)
def test_a_bad_restart(elements, cause):
    single = Single()
    single.receive(M.RESTART, *elements, reference=0)
    assert single.cause() == cause
    assert single.names == ["STATUS"]


def test_out_of_service_ends_when_the_peer_restarts():
    single = Single()
    channel = single.kernel.channels.get(ChannelId(0, 1))
    channel.service = Service.NOT_RESTARTED
    single.receive(M.RESTART, RestartIndicator(7), reference=0)
    assert channel.service == 0


def test_the_link_is_lost_meanwhile():
    single = Single()
    single.ask("restart", [ChannelId(0, 1)])
    single.interface.link_released(0, single.now)
    single.wait(500)
    single.forget()
    single.ask("established", 0)
    single.take()
    assert single.names == ["RESTART"]
    acknowledge(single)
    assert single.interface.quiet


def test_a_restart_that_a_reset_of_the_link_may_have_lost_is_sent_again_at_once():
    single = Single()
    single.ask("restart", [ChannelId(0, 1), ChannelId(0, 2)])
    assert single.names == ["RESTART"]
    single.interface.established(0, single.now)
    single.take()
    assert single.names == ["RESTART"]
    acknowledge(single)
    assert single.names == ["RESTART"]  # the next channel
    assert single.interface.channel_states()[ChannelId(0, 1)][0] is ChannelStatus.IDLE
