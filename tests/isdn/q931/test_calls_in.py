import pytest
from support.pri_single import CHANNEL, M, Single

from tandem.isdn.q931.call import State
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.indications import SendingComplete
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.switch_types import SwitchType

TONES = ProgressIndicator(8, 2)


@pytest.mark.parametrize("side", ["user", "network"])
def test_a_call(side):
    single = Single(side)
    call = single.offered()
    single.ask("proceeding", call, ())
    assert single.sent[-1].get(ChannelIdentification).channel == 1
    single.ask("alerting", call, (TONES,))
    assert single.sent[-1].get(ChannelIdentification) is None
    single.ask("connect", call, ())
    assert single.names == ["CALL PROCEEDING", "ALERTING", "CONNECT"]
    assert single.state(call) is (State.ACTIVE if side == "network" else State.CONNECT_REQUEST)
    single.reply(call, M.CONNECT_ACKNOWLEDGE)
    assert single.state(call) is State.ACTIVE
    assert single.primitives == ["SetupIndication"] + (["SetupCompleteIndication"] if side == "user" else [])
    assert single.interface.next_deadline() is None


def test_connect_is_not_acknowledged():
    single = Single()
    call = single.offered()
    single.ask("connect", call, ())
    single.wait(4.1)
    assert single.cause() == 102
    assert single.sent[-1].get(CauseElement).diagnostics == b"313"
    assert single.names == ["CONNECT", "DISCONNECT"]


def test_progress_comes_after_call_proceeding():
    single = Single()
    call = single.offered()
    single.ask("progress", call, (TONES,))
    single.ask("progress", call, (TONES,))
    assert single.names == ["CALL PROCEEDING", "PROGRESS", "PROGRESS"]


def test_tones_instead_of_an_answer():
    single = Single("network")
    call = single.offered()
    single.ask("disconnect", call, (CauseElement(1), TONES))
    assert single.names == ["CALL PROCEEDING", "DISCONNECT"]
    assert single.state(call) is State.DISCONNECT_INDICATION


def test_a_second_setup_is_ignored():
    single = Single()
    single.offered()
    single.forget()
    single.receive(M.SETUP)
    assert (single.names, single.primitives) == ([], [])


@pytest.mark.parametrize("side", ["user", "network"])
def test_overlap_receiving(side):
    single = Single(side, overlap=True, minimum_digits=5)
    call = single.offered()
    assert single.sent[0].get(ChannelIdentification).channel == 1
    assert single.names == ["SETUP ACKNOWLEDGE"]
    assert not single.heard[0].complete
    single.wait(14)
    single.reply(call, M.INFORMATION, CalledPartyNumber("45"))
    assert single.primitives == ["SetupIndication", "InformationIndication"]
    single.wait(14.9)
    assert single.primitives == []
    single.wait(0.2)
    assert single.primitives == ["NumberComplete"]
    single.reply(call, M.INFORMATION, CalledPartyNumber("6"))
    assert single.primitives == ["InformationIndication"]
    single.wait(100)
    single.ask("alerting", call, ())
    assert single.names == ["ALERTING"]


def test_too_few_digits():
    single = Single(overlap=True, minimum_digits=5)
    single.offered()
    single.wait(15.1)
    assert single.cause() == 28
    assert single.names == ["SETUP ACKNOWLEDGE", "DISCONNECT"]
    assert single.primitives == ["SetupIndication", "ReleaseIndication"]


@pytest.mark.parametrize("last", [(CalledPartyNumber("45678"),), (SendingComplete(), CalledPartyNumber("4"))])
def test_the_number_is_whole(last):
    single = Single(overlap=True, maximum_digits=8)
    call = single.offered()
    single.reply(call, M.INFORMATION, *last)
    assert single.primitives == ["SetupIndication", "InformationIndication", "NumberComplete"]
    assert single.interface.next_deadline() is None


@pytest.mark.parametrize(
    "options",
    [
        {"overlap": False},
        {"overlap": True, "maximum_digits": 3},
        {"overlap": True, "switch_type": SwitchType.NI2},
    ],
)
def test_en_bloc(options):
    single = Single(**options)
    single.offered()
    assert single.heard[0].complete
    assert single.names == []


def test_sending_complete_in_setup():
    single = Single(overlap=True)
    single.offered(SendingComplete())
    assert single.heard[0].complete


def test_a_setup_without_bearer_capability():
    single = Single()
    single.receive(M.SETUP, CHANNEL, CalledPartyNumber("1"))
    assert single.cause() == 96
    assert single.sent[-1].get(CauseElement).diagnostics == b"\x04"
    assert single.names == ["RELEASE COMPLETE"]
    assert single.interface.calls() == []
