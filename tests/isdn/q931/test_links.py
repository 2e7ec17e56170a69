import pytest
from support.pri_pair import Pair
from support.pri_single import CHANNEL, M, Single

from tandem.isdn.q931.call import State
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.indications import CallState
from tandem.isdn.q931.primitives import (
    DataLinkLost,
    DataLinkRestored,
    EstablishRequest,
    InterfaceState,
    ReleaseIndication,
)
from tandem.isdn.q931.switch_types import SwitchType


def lose(single, link=0):
    single.interface.link_released(link, single.now)
    single.take()


def find(single, link=0):
    single.interface.established(link, single.now)
    single.take()


def test_the_link_is_asked_for_again_and_again():
    single = Single(up=False)
    single.ask("start")
    single.wait(4.5)
    assert single.heard == [EstablishRequest(0)] * 3
    find(single)
    single.forget()
    single.wait(10)
    assert single.heard == []
    lose(single)
    assert single.heard == [EstablishRequest(0), InterfaceState(False, 0)]


def test_active_calls_outlive_a_short_loss():
    pair = Pair()
    ours, theirs = pair.call()
    pair.cut()
    pair.run(40)
    assert pair.a.take(DataLinkLost)
    assert pair.b.take(DataLinkLost)
    assert pair.a.interface.setup((), pair.now) is None
    pair.mend()
    pair.run(10)
    assert pair.a.take(DataLinkRestored)
    assert pair.b.take(DataLinkRestored)
    assert "STATUS ENQUIRY" in pair.a.types() + pair.b.types()
    assert (pair.a.state(ours), pair.b.state(theirs)) == (State.ACTIVE, State.ACTIVE)
    pair.assert_same_calls()


def test_t309():
    pair = Pair()
    ours, theirs = pair.call()
    pair.cut()
    pair.run(130)
    assert [(one.call, one.cause) for one in pair.a.take(ReleaseIndication)] == [(ours, 27)]
    assert [(one.call, one.cause) for one in pair.b.take(ReleaseIndication)] == [(theirs, 27)]
    assert not pair.a.alive
    pair.mend()
    pair.run(20)
    pair.assert_agreed()


def test_calls_not_yet_active_end():
    single = Single()
    call = single.setup()
    single.reply(call, M.ALERTING, CHANNEL)
    single.forget()
    lose(single)
    assert single.heard[1].cause == 41
    assert single.primitives == ["InterfaceState", "ReleaseIndication", "CallCleared"]
    assert single.interface.idle_channels == 0  # not available
    find(single)
    assert single.interface.idle_channels == 3


def test_call_control_releases_meanwhile():
    """The peer may keep its call until then: the call reference is released when the link is back."""
    single = Single()
    call = single.active()
    lose(single)
    single.ask("release", call, 16)
    assert single.primitives == ["InterfaceState", "DataLinkLost", "CallCleared"]
    assert single.names == []
    find(single)
    assert single.cause() == 16
    assert single.names == ["RELEASE"]
    assert single.interface.calls() == []
    assert not single.interface.quiet
    single.receive(M.RELEASE_COMPLETE, CauseElement(81), reference=1, ours=True)
    assert single.interface.quiet
    assert single.primitives == ["InterfaceState"]


def test_reset_of_the_link():
    """5.8.8: calls that wait for digits end with cause 41, the peer is asked about the others."""
    single = Single()
    waiting = single.setup()
    single.reply(waiting, M.SETUP_ACKNOWLEDGE, CHANNEL)
    call = single.setup()
    single.reply(call, M.ALERTING, ChannelIdentification.of(2))
    single.forget()
    find(single)
    assert single.sent[0].get(CauseElement).value == 41
    assert single.names == ["DISCONNECT", "STATUS ENQUIRY"]
    single.reply(call, M.STATUS, CauseElement(30), CallState(10))
    assert single.cause() == 101  # CONNECT was lost
    assert single.state(call) is State.DISCONNECT_REQUEST


def backup(**options):
    single = Single(switch_type=SwitchType.NI2, backup_link=True, **options)
    find(single, 1)
    single.forget()
    return single


def test_the_backup_takes_over():
    single = backup()
    call = single.active()
    lose(single)
    assert single.links == [1]
    assert single.names == ["STATUS ENQUIRY"]
    assert InterfaceState(True, 1) in single.heard
    single.receive(M.STATUS, CauseElement(30), CallState(10), reference=1, ours=True, link=1)
    single.wait(200)
    assert call in single.interface.calls()
    single.ask("release", call, 16)
    assert single.links[-1] == 1


def test_no_sign_of_life_on_the_backup():
    single = backup()
    single.active()
    lose(single)
    single.forget()
    single.wait(31)
    assert single.heard.count(EstablishRequest(0)) >= 1
    assert single.heard.count(EstablishRequest(1)) >= 1


def test_the_peer_chooses_the_backup():
    single = backup()
    call = single.active()
    single.receive(M.STATUS_ENQUIRY, reference=1, ours=True, link=1)
    assert single.links == [1]
    assert call in single.interface.calls()


def test_both_d_channels_are_lost():
    single = backup()
    single.active()
    lose(single)
    lose(single, 1)
    single.wait(91)
    assert single.interface.calls() == []


@pytest.mark.parametrize("cut", [1, 5, 30, 100])
def test_no_channel_stays_blocked(cut):
    pair = Pair(restart_at_start="channels")
    pair.call()
    pair.call(pair.b)
    for end in pair.ends:
        end.setup(pair.now)
    pair.cut()
    pair.run(cut)
    pair.mend()
    pair.run(200)
    for end in pair.ends:
        for call in list(end.alive):
            end.release(call, pair.now)
    pair.run(100)
    pair.assert_agreed()
