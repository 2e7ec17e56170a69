"""Messages: header, call reference, elements in order and codeset, captured ones octet for octet."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.q931_vectors import MESSAGES, SHIFTS, Captured, captured_messages, elements, examples

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.bearer import BearerCapability, Capability, Layer1
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.codes import NATIONAL, ElementCode, MessageType
from tandem.isdn.q931.elements import RawElement, Shift
from tandem.isdn.q931.indications import CallState, SendingComplete
from tandem.isdn.q931.messages import CallReference, Message, build, decode, encode
from tandem.isdn.q931.numbers import CalledPartyNumber, CallingPartyNumber, OriginalCalledNumber, RedirectingNumber
from tandem.isdn.q931.texts import Display, UserUser

HEADER = "08020001"


@pytest.mark.parametrize("name", sorted(examples()))
def test_examples_come_back(name: str):
    octets = examples()[name]
    message = decode(octets)
    assert encode(message) == octets
    assert not any(isinstance(element, RawElement) for element in message.elements)
    # Made anew from its values, without what was parsed: the codings of the examples are canonical.
    again = dataclasses.replace(message, elements=tuple([dataclasses.replace(item) for item in message.elements]))
    assert encode(again) == octets
    assert message.name in str(message)


@pytest.mark.parametrize("captured", captured_messages(), ids=lambda item: f"{item.source}-{item.octets[4]:02x}")
def test_captured_messages_come_back(captured: Captured):
    message = decode(captured.octets, long_user_user=captured.h225)
    assert message.encode() == captured.octets
    assert [item for item in message.elements if isinstance(item, RawElement) and item.error] == []
    assert isinstance(message.type, MessageType)


def test_setup_field_by_field():
    message = decode(examples()["setup_eurisdn_e1_speech"])
    assert message.call_reference == CallReference(1, False, 2)
    assert message.type is MessageType.SETUP
    assert message.elements == (
        SendingComplete(),
        BearerCapability(Capability.SPEECH, Layer1.A_LAW),
        ChannelIdentification.of(1),
        CallingPartyNumber("201234567", 2, 1, screening=3),
        CalledPartyNumber("5551234", 0, 0),
    )


@given(MESSAGES)
def test_messages_come_back(message: Message):
    octets = encode(message)
    read = decode(octets)
    assert encode(read) == octets
    assert read.call_reference == message.call_reference
    assert read.type == message.type
    assert [item for item in read.elements if not isinstance(item, Shift)] == list(message.elements)


@given(elements(), st.lists(SHIFTS, max_size=4), st.data())
def test_messages_with_shifts_anywhere_come_back(items: list, shifts: list, data: st.DataObject):
    for shift in shifts:
        items.insert(data.draw(st.integers(0, len(items))), shift)
    message = Message(CallReference(1), MessageType.SETUP, tuple(items))
    octets = encode(message)
    read = decode(octets)
    assert encode(read) == octets
    wanted = [item for item in items if not isinstance(item, Shift)]
    assert [item for item in read.elements if not isinstance(item, Shift)] == wanted


@given(st.binary(max_size=80), st.booleans())
def test_any_octets_give_a_message_that_encodes_to_them_or_an_error(octets: bytes, h225: bool):
    for candidate in (octets, bytes.fromhex(HEADER) + octets):
        try:
            message = decode(candidate, long_user_user=h225)
        except DecodeError:
            continue
        assert encode(message) == candidate
        str(message)


@pytest.mark.parametrize(
    ("octets", "offset"),
    [("", 0), ("08", 1), ("0812000105", 1), ("0802", 2), ("08020001", 4), ("0800", 2), ("0802000100", 5)],
)
def test_header_that_cannot_be_read(octets: str, offset: int):
    with pytest.raises(DecodeError) as caught:
        decode(bytes.fromhex(octets))
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("octets", "reference"),
    [
        ("00", CallReference(length=0)),
        ("0101", CallReference(1, False, 1)),
        ("0181", CallReference(1, True, 1)),
        ("020000", CallReference(0, False, 2)),
        ("028000", CallReference(0, True, 2)),
        ("02ffff", CallReference(0x7FFF, True, 2)),
        ("03800001", CallReference(1, True, 3)),
    ],
)
def test_call_references(octets: str, reference: CallReference):
    message = decode(bytes.fromhex(f"08{octets}5a"))
    assert message.call_reference == reference
    assert reference.encode() == bytes.fromhex(octets)
    assert reference.is_dummy == (octets == "00")
    assert reference.is_global == (octets in ("020000", "028000"))


def test_call_reference_of_the_answer():
    assert CallReference(5, False).reply() == CallReference(5, True)
    assert str(CallReference(5, True)) == "5 (flag 1)"
    assert str(CallReference(length=0)) == "dummy"
    assert str(CallReference(0)) == "global"


@pytest.mark.parametrize("reference", [CallReference(0x8000), CallReference(1, length=16), CallReference(1, length=0)])
def test_call_references_that_do_not_exist(reference: CallReference):
    with pytest.raises(EncodeError):
        reference.encode()


def test_national_message_type_behind_the_escape():
    octets = bytes.fromhex(HEADER + "000728" + "0141")
    message = decode(octets)
    assert message.type == NATIONAL | 7
    assert message.get(Display) == Display("A")
    assert encode(message) == octets
    assert message.name == "national message type 0x07"


def test_unknown_message_type_survives():
    message = decode(bytes.fromhex(HEADER + "ff0801"))
    assert message.type == 0xFF
    assert message.name == "message type 0xff"


def test_shift_for_one_element_and_for_all_that_follow():
    octets = bytes.fromhex(HEADER + "05" + "9e2801AA" + "280141" + "96" + "370102" + "98280142" + "010103")
    message = decode(octets)
    assert [(item.codeset, item.code) for item in message.elements] == [
        (6, 0x90),
        (6, 0x28),
        (0, 0x28),
        (6, 0x90),
        (6, 0x37),
        (0, 0x90),
        (0, 0x28),
        (6, 0x01),
    ]
    assert message.get_all(Display) == [Display("A"), Display("B")]
    assert message.raw(0x28, codeset=6) == b"\xaa"
    assert encode(message) == octets


def test_encode_puts_in_the_shift_that_is_missing():
    message = Message(CallReference(1), MessageType.SETUP, (RawElement(0x37, b"\x01", 6), Display("A")))
    assert encode(message) == bytes.fromhex(HEADER + "05" + "9e370101" + "280141")


@pytest.mark.parametrize("tail", ["28", "2805", "280541", "7e", "9e", "08ff80"])
def test_element_cut_short_is_kept(tail: str):
    octets = bytes.fromhex(HEADER + "4d" + "08028090" + tail)
    message = decode(octets)
    assert message.get(CauseElement) == CauseElement(16)
    assert encode(message) == octets
    if tail != "9e":
        last = message.elements[-1]
        assert isinstance(last, RawElement)
        assert last.error is not None


@pytest.mark.parametrize("tail", ["7e", "7e00", "7e0005", "7e00020541", "7e000305"])
def test_user_user_of_h225(tail: str):
    octets = bytes.fromhex(HEADER + "05" + tail)
    message = decode(octets, long_user_user=True)
    assert encode(message) == octets
    assert message.get(UserUser) == (UserUser(b"A", 5) if tail == "7e00020541" else None)


def test_user_user_of_h225_may_be_long():
    message = Message(CallReference(1), MessageType.SETUP, (UserUser(bytes(1000), 5),), long_user_user=True)
    octets = encode(message)
    assert octets[5:9] == bytes.fromhex("7e03e905")
    assert decode(octets, long_user_user=True) == message


def test_build_puts_elements_in_order_and_leaves_none_out():
    message = build(
        CallReference(1),
        MessageType.SETUP,
        RawElement(0x01, b"\x01", 6),
        CalledPartyNumber("12"),
        None,
        Display("A"),
        BearerCapability(0),
        SendingComplete(),
        Display("B"),
    )
    assert [item.identifier for item in message.elements] == [0xA1, 0x04, 0x28, 0x28, 0x70, 0x01]
    assert message.get_all(Display) == [Display("A"), Display("B")]


def test_get_distinguishes_classes_that_share_a_format():
    message = build(CallReference(1), MessageType.SETUP, OriginalCalledNumber("1"), RedirectingNumber("2"))
    assert message.get(RedirectingNumber) == RedirectingNumber("2")
    assert message.get_all(OriginalCalledNumber) == [OriginalCalledNumber("1")]


def test_contains_only_what_is_well_formed():
    message = decode(bytes.fromhex(HEADER + "7d" + "080180" + "1400" + "280141"))
    assert Display in message
    assert ElementCode.CAUSE not in message
    assert CallState not in message
    assert message.raw(ElementCode.CAUSE) == b"\x80"
    assert message.raw(ElementCode.CHANNEL_IDENTIFICATION) is None


def test_replace_and_without():
    message = decode(bytes.fromhex(HEADER + "05" + "04038090a3" + "7003803132" + "9e370101"))
    changed = message.replace(CalledPartyNumber("34"), ChannelIdentification.of(5))
    assert encode(changed).hex() == HEADER + "05" + "04038090a3" + "1803a98385" + "7003813334" + "9e370101"
    assert changed.without(0x37, codeset=6).encode().hex() == HEADER + "05" + "04038090a3" + "1803a98385" + "7003813334"
    assert changed.without(ElementCode.CALLED_PARTY_NUMBER, ElementCode.CHANNEL_IDENTIFICATION) == message.without(0x70)


def test_message_type_that_does_not_fit():
    with pytest.raises(EncodeError):
        encode(Message(CallReference(1), 0x200))


def test_segment_keeps_what_it_carries():
    octets = bytes.fromhex(HEADER + "60000281050403")
    message = decode(octets)
    assert message.body == b"\x04\x03"
    assert encode(message) == octets
    assert "body 0403" in str(message)
