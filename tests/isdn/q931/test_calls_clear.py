import pytest
from support.pri_single import M, Single

from tandem.isdn.q931.call import State
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.primitives import DisconnectIndication, ReleaseIndication, RestartConfirm

TONES = ProgressIndicator(8, 2)
BUSY = CauseElement(17, 2)


@pytest.mark.parametrize("side", ["user", "network"])
def test_we_clear(side):
    single = Single(side)
    call = single.active()
    single.ask("release", call, 16)
    assert single.state(call) is single.roles.disconnect_sent
    single.reply(call, M.RELEASE)
    assert single.names == ["DISCONNECT", "RELEASE COMPLETE"]
    assert single.primitives == ["CallCleared"]
    assert single.interface.next_deadline() is None


def test_release_is_sent_when_disconnect_is_not_answered():
    single = Single()
    call = single.active()
    single.ask("release", call, 21)
    single.wait(30.1)
    assert single.cause() == 21
    assert single.names == ["DISCONNECT", "RELEASE"]
    single.wait(4)
    assert single.names == ["RELEASE"]
    assert single.state(call) is State.RELEASE_REQUEST


def test_a_release_never_answered_restarts_the_channel():
    single = Single()
    call = single.active()
    single.ask("release", call, 16)
    single.wait(40)
    assert single.names == ["DISCONNECT", "RELEASE", "RELEASE", "RESTART"]
    assert single.primitives == ["Alert", "CallCleared"]
    assert single.interface.idle_channels == 2
    single.receive(M.RESTART_ACKNOWLEDGE, *single.sent, reference=0, ours=True)
    assert any(isinstance(output, RestartConfirm) and output.done for output in single.heard)
    assert single.interface.idle_channels == 3


def test_the_peer_clears():
    single = Single()
    call = single.active()
    single.reply(call, M.DISCONNECT, CauseElement(17, 4))
    (released,) = single.heard
    assert isinstance(released, ReleaseIndication)
    assert (released.cause, released.location, released.reason) == (17, 4, "DISCONNECT")
    single.reply(call, M.RELEASE_COMPLETE)
    assert single.names == ["RELEASE"]
    assert single.primitives == ["ReleaseIndication", "CallCleared"]


def test_tones_after_disconnect():
    single = Single()
    call = single.active()
    single.reply(call, M.DISCONNECT, BUSY, TONES)
    (indication,) = single.heard
    assert isinstance(indication, DisconnectIndication)
    assert single.state(call) is State.DISCONNECT_INDICATION
    assert single.interface.next_deadline() is None
    single.ask("release", call, 16)
    assert single.names == ["RELEASE"]


def test_the_peer_ends_its_tones():
    single = Single()
    call = single.active()
    single.reply(call, M.DISCONNECT, BUSY, TONES)
    single.reply(call, M.RELEASE)
    assert single.names == ["RELEASE COMPLETE"]
    assert single.primitives == ["DisconnectIndication", "ReleaseIndication", "CallCleared"]


def test_tones_of_ours():
    single = Single("network")
    call = single.active()
    single.ask("disconnect", call, (BUSY, TONES))
    single.wait(29)
    assert (single.names, single.primitives) == (["DISCONNECT"], [])
    single.wait(2)
    assert single.cause() == 17
    assert single.names == ["RELEASE"]
    assert single.primitives == ["ReleaseIndication"]


def test_release_ends_our_tones():
    single = Single("network")
    call = single.active()
    single.ask("disconnect", call, (BUSY, TONES))
    single.ask("release", call, 17)
    assert single.names == ["DISCONNECT", "RELEASE"]


def test_disconnect_without_tones_is_release():
    single = Single()
    call = single.active()
    single.ask("disconnect", call, 17)
    single.reply(call, M.RELEASE)
    assert single.primitives == ["CallCleared"]


def test_both_disconnect():
    single = Single()
    call = single.active()
    single.ask("release", call, 16)
    single.reply(call, M.DISCONNECT)
    single.reply(call, M.RELEASE)
    assert single.names == ["DISCONNECT", "RELEASE"]
    assert single.primitives == ["CallCleared"]


def test_an_offered_call_is_refused():
    single = Single()
    call = single.offered()
    single.ask("release", call, (BUSY,))
    assert single.cause() == 17
    assert single.names == ["RELEASE COMPLETE"]
    assert single.primitives == ["SetupIndication", "CallCleared"]


def test_disconnect_without_cause():
    """5.8.6.1: treated as cause 31, RELEASE says what was missing."""
    single = Single()
    call = single.active()
    single.reply(call, M.DISCONNECT, TONES)
    assert single.cause() == 96
    assert single.names == ["RELEASE"]
    assert single.heard[0].cause == 31


def test_release_of_no_cause_at_all():
    single = Single()
    call = single.active()
    single.ask("release", call, ())
    assert single.cause() == 16
