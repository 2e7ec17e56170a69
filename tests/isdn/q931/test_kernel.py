import pytest
from support.pri_single import SPEECH, M, Single

from tandem.core.errors import EncodeError
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channels import ChannelId
from tandem.isdn.q931.kernel import cause_of, own_cause
from tandem.isdn.q931.messages import CallReference, build
from tandem.isdn.q931.switch_types import SwitchType
from tandem.isdn.q931.texts import Display, UserUser
from tandem.isdn.q931.timers import Timer


def test_call_references_go_round_and_pass_over_those_in_use():
    kernel = Single().kernel
    first = kernel.new_call(kernel.free_reference(), outgoing=True)
    kernel._last_reference = 0x7FFF
    assert first.reference == 1
    assert kernel.free_reference() == 2


def test_no_call_reference_is_left():
    kernel = Single().kernel
    kernel.references = {(True, value): None for value in range(1, 0x8000)}
    with pytest.raises(EncodeError):
        kernel.free_reference()


def test_a_long_message_is_segmented():
    single = Single(longest_message=100)
    call = single.active()
    single.ask("facility", call, [Display("x" * 80), UserUser(b"y" * 100)])
    assert single.names == ["SEGMENT", "SEGMENT", "SEGMENT"]


def test_too_long_for_eight_segments_takes_no_channel():
    single = Single(longest_message=30)
    with pytest.raises(EncodeError):
        single.ask("setup", (*SPEECH, UserUser(bytes(250))))
    assert single.interface.calls() == []
    assert single.interface.idle_channels == 3


def test_a_release_that_cannot_be_encoded_releases_nothing():
    single = Single()
    call = single.active()
    with pytest.raises(EncodeError):
        single.ask("release", call, [CauseElement(16), UserUser(bytes(300))])
    assert single.sent == []
    single.ask("release", call, 16)
    assert single.names == ["DISCONNECT"]


def test_causes():
    message = build(CallReference(1), M.DISCONNECT, CauseElement(17, 4))
    assert cause_of(message) == (17, 4)
    assert cause_of(build(CallReference(1), M.DISCONNECT)) == (31, 0)
    assert own_cause(message.elements) == (17, 4)
    assert own_cause(()) == (31, 0)


@pytest.mark.parametrize(("nfas", "slot_map"), [(False, False), (True, False), (False, True)])
def test_how_a_channel_is_named(nfas, slot_map):
    single = Single(
        nfas=nfas, slot_map=slot_map, switch_type=SwitchType.NI2, channels=(ChannelId(2, 5),), own_interface=2
    )
    element = single.kernel.identification(single.kernel.channels.get(ChannelId(2, 5)), exclusive=True)
    expected = {(True, False): "e9828385", (False, False): "a98385", (False, True): "a99300000010"}
    assert element.encode().hex() == expected[nfas, slot_map]


def test_timers_of_the_switch_type():
    assert Single(switch_type=SwitchType.NI2).kernel.values[Timer.T310] == 30
    assert Single(switch_type=SwitchType.NI2, timers={"T310": 50}).kernel.values[Timer.T310] == 50
