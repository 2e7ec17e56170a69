"""Messages: captured ones, every format, malformed ones."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import attempt
from support.isup_vectors import an_instance, captured_messages

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.indicators import (
    BackwardCallIndicators,
    CallingPartysCategory,
    ForwardCallIndicators,
    HopCounter,
    NatureOfConnectionIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.messages import Message, MessageType, RawParameter
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber, GenericNumber, Nature, SubsequentNumber
from tandem.ss7.isup.parameters import typed_parameters
from tandem.ss7.isup.services import GenericNotificationIndicator, InformationIndicators
from tandem.ss7.isup.variants import CODINGS, Variant

pytestmark = pytest.mark.usefixtures("ss7_loops")

IAM = bytes.fromhex("010001 00 2001 0a 03 02 08 06 0290 21436500 0a06 0213 21436587 00".replace(" ", ""))
REL = bytes.fromhex("05000c 02 00 02 8490".replace(" ", ""))


def an_iam(*more, cic=5):
    mandatory = [
        CalledPartyNumber("4930", st=True),
        NatureOfConnectionIndicators(),
        ForwardCallIndicators(),
        CallingPartysCategory(),
        TransmissionMediumRequirement(),
    ]
    return Message.build(MessageType.IAM, cic, [*mandatory, *more])


def test_iam_from_a_capture():
    message = Message.parse(IAM)
    assert (message.type, message.cic) == (MessageType.IAM, 1)
    assert message.codes() == (6, 7, 9, 2, 4, 10)
    called = message.get(CalledPartyNumber)
    assert called == CalledPartyNumber("12345600", Nature.UNKNOWN, inn=True)
    assert message.get(CalledPartyNumber) is called
    assert message.get(CallingPartyNumber).digits == "12345678"
    assert message.get(GenericNumber) is None
    assert message.raw(ParameterCode.CALLED_PARTY_NUMBER) == bytes.fromhex("029021436500")
    assert message.raw(ParameterCode.HOP_COUNTER) is None
    assert ParameterCode.CALLED_PARTY_NUMBER in message
    assert CallingPartyNumber in message
    assert HopCounter not in message


def test_captured_messages_round_trip():
    for octets in captured_messages():
        message = Message.parse(octets)
        assert message.encode() == octets
        assert len(message.parameters()) == len(message.codes())
        assert str(message)
        again = Message.build(message.type, message.cic, message.raw_parameters(), body=message.body)
        assert Message.parse(again.encode()) == message


@pytest.mark.parametrize("octets", captured_messages()[:24], ids=lambda octets: octets[:8].hex())
def test_every_truncation_is_an_error_or_a_value(octets):
    for length in range(len(octets)):
        message = attempt(Message.parse, octets[:length])
        if message is not None:
            assert message.encode() == octets[:length]


@pytest.mark.parametrize("variant", Variant)
def test_every_format_builds_and_parses(variant):
    source = random.Random(3)
    for code, layout in CODINGS[variant].formats.items():
        parameters = [RawParameter(wanted, source.randbytes(length)) for wanted, length in layout.fixed]
        parameters += [RawParameter(wanted, source.randbytes(source.randint(1, 9))) for wanted in layout.variable]
        for wanted in layout.optional or ():
            cls = typed_parameters().get(wanted)
            parameters.append(RawParameter(wanted, b"\x01\x02") if cls is None else an_instance(cls, source))
        shuffled = source.sample(parameters, len(parameters))
        message = Message.build(MessageType(code), 77, shuffled, variant=variant)
        octets = message.encode()
        parsed = Message.parse(octets, variant)
        assert parsed == message
        assert parsed.codes()[: len(layout.mandatory)] == layout.mandatory
        assert sorted(parsed.codes()) == sorted(int(parameter.code) for parameter in parameters)


def test_layout_of_the_pointers():
    message = an_iam(HopCounter(31))
    assert message.encode() == bytes.fromhex("050001 00 0000 0a 03 02 07 05 8310 94 03 0f 3d011f 00".replace(" ", ""))
    assert an_iam().encode() == bytes.fromhex("050001 00 0000 0a 03 02 00 05 8310 94 03 0f".replace(" ", ""))
    assert Message.parse(an_iam().encode()).get(CalledPartyNumber).complete


def test_parts_in_another_order_and_gaps_survive():
    octets = bytes.fromhex("050001 00 0000 0a 03 06 03 ee 3d011f00 ee 03 8310 03 ff".replace(" ", ""))
    octets = octets[:8] + bytes([8, 2]) + octets[10:]
    message = Message.parse(octets)
    assert message.get(HopCounter).count == 31
    assert message.get(CalledPartyNumber).digits == "3"
    assert message.encode() == octets


def test_unknown_and_repeated_parameters_survive_in_order():
    notifications = [GenericNotificationIndicator(1), GenericNotificationIndicator(2)]
    message = an_iam(RawParameter(254, b"\x00"), notifications[0], RawParameter(200, b""), notifications[1])
    parsed = Message.parse(message.encode())
    assert parsed.codes()[5:] == (254, 44, 200, 44)
    assert parsed.get_all(GenericNotificationIndicator) == notifications
    assert parsed.get(GenericNotificationIndicator) == notifications[0]
    assert (254 in parsed, 253 in parsed, parsed.raw(200)) == (True, False, b"")
    assert not parsed.holds_only(frozenset(ParameterCode))
    assert parsed.without(254, 200).holds_only(frozenset(ParameterCode))
    assert {254, 200} <= set(parsed.firsts)
    assert {254, 200}.isdisjoint(parsed.without(254, 200).firsts)
    assert parsed.replace(HopCounter(3)).codes()[5:] == (254, 44, 200, 44, 61)


def test_unknown_message_keeps_its_body():
    octets = bytes.fromhex("3400c0010203")
    message = Message.parse(octets)
    assert message.type == 0xC0
    assert not isinstance(message.type, MessageType)
    assert message.format is None
    assert message.body == b"\x01\x02\x03"
    assert message.encode() == octets
    assert message.with_cic(1).encode() == b"\x01\x00" + octets[2:]
    assert str(message) == "message type 0xC0 CIC 52 | body 010203"
    with pytest.raises(EncodeError, match="has no format"):
        Message.build(0xC0, 1, [HopCounter(1)]).encode()


def test_with_cic_keeps_all_else():
    octets = b"\x01\xa0" + IAM[2:] + b"\x77"  # spare bits in the CIC, an octet behind the end
    moved = Message.parse(octets).with_cic(0x102)
    assert moved.cic == 0x102
    assert moved.encode() == b"\x02\xa1" + IAM[2:] + b"\x77"
    assert Message.parse(moved.encode()) == moved
    with pytest.raises(EncodeError):
        moved.with_cic(4096)


def test_replace_and_without():
    message = Message.parse(IAM)
    changed = message.replace(CalledPartyNumber("999")).without(ParameterCode.CALLING_PARTY_NUMBER)
    assert changed.codes() == (6, 7, 9, 2, 4)
    assert Message.parse(changed.encode()).get(CalledPartyNumber).digits == "999"
    assert message.encode() == IAM


@pytest.mark.parametrize(
    ("text", "offset", "what"),
    [
        ("", 0, "CIC and message type need 3"),
        ("0100", 2, "CIC and message type need 3"),
        ("010006 16", 3, "Backward call indicators needs 2 octets"),
        ("010006 1614", 5, "pointer to the optional part is missing"),
        ("05000c 00 00", 3, "is mandatory"),
        ("05000c 01 00 028490", 3, "leads to another pointer"),
        ("05000c 09 00 028490", 3, "leads beyond the message"),
        ("05000c 02 00 058490", 5, "Cause indicators needs 5 octets, 2 left"),
        ("010009 01", 3, "leads beyond the message"),
        ("010009 01 11", 5, "length of Backward call indicators is missing"),
        ("010009 01 11 03 1614", 5, "needs 3 octets, 2 left"),
        ("010009 01 11 02 1614", 8, "end of optional parameters is missing"),
    ],
)
def test_malformed(text, offset, what):
    with pytest.raises(DecodeError, match=what) as caught:
        Message.parse(bytes.fromhex(text.replace(" ", "")))
    assert caught.value.offset == offset


def test_error_within_a_parameter_counts_from_the_start_of_the_message():
    message = Message.parse(bytes.fromhex("05000c 02 00 01 84".replace(" ", "")))
    with pytest.raises(DecodeError) as caught:
        message.get(CauseIndicators)
    assert caught.value.offset == 7
    with pytest.raises(DecodeError) as caught:
        message.parameters()
    assert caught.value.offset == 7
    assert "malformed 84" in str(message)


def test_encode_errors():
    with pytest.raises(EncodeError, match="REL needs Cause indicators"):
        Message.build(MessageType.REL, 1).encode()
    with pytest.raises(EncodeError, match="BLO has no optional part"):
        Message.build(MessageType.BLO, 1, [HopCounter(1)]).encode()
    with pytest.raises(EncodeError, match="length of parameter 200 is 256"):
        an_iam(RawParameter(200, bytes(256))).encode()
    with pytest.raises(EncodeError, match="demands 2"):
        Message.build(MessageType.ACM, 1, [RawParameter(17, b"\x01")]).encode()
    with pytest.raises(EncodeError, match="pointer to the optional part is"):
        Message.build(MessageType.USR, 1, [RawParameter(32, bytes(254)), RawParameter(3, b"")]).encode()


def test_log_line():
    message = Message.build(MessageType.REL, 7, [CauseIndicators(17, 0)])
    assert str(message) == "REL CIC 7 | Cause indicators: 17 User busy, at user"
    assert repr(message) == "<REL CIC 7 | Cause indicators: 17 User busy, at user>"


def test_equality():
    assert an_iam() == Message.parse(an_iam().encode())
    assert hash(an_iam()) == hash(Message.parse(an_iam().encode()))
    assert an_iam() != an_iam(cic=6)
    assert an_iam() != "IAM"
    built = Message.build(MessageType.SAM, 1, [SubsequentNumber("5")])
    assert Message.parse(built.encode()).get(SubsequentNumber) == SubsequentNumber("5")
    assert BackwardCallIndicators not in built


@given(st.binary(max_size=60), st.sampled_from(Variant))
def test_any_octets_give_a_message_or_a_decode_error(octets, variant):
    message = attempt(lambda octets: Message.parse(octets, variant), octets)
    if message is not None:
        assert message.encode() == octets
        assert str(message)
        attempt(lambda octets: Message.parse(octets, variant).parameters(), octets)


@given(st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=20)), max_size=8), st.integers(0, 4095))
def test_optional_parts_round_trip(optional, cic):
    message = Message.build(MessageType.ANM, cic, [RawParameter(code, octets) for code, octets in optional])
    parsed = Message.parse(message.encode())
    assert parsed == message
    assert parsed.codes() == tuple(code for code, _ in optional)
    assert Message.build(parsed.type, parsed.cic, parsed.raw_parameters()).encode() == message.encode()


def test_what_cannot_be_read_is_not_found():
    spoilt = RawParameter(ParameterCode.CALLING_PARTY_NUMBER, b"\x80")
    message = Message.build(MessageType.INF, 1, [InformationIndicators(), spoilt])
    assert message.find(CallingPartyNumber) is None
    assert message.find(InformationIndicators) == InformationIndicators()
    with pytest.raises(DecodeError):
        message.get(CallingPartyNumber)
