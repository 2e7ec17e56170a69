"""The common header and parameters: captured messages, malformed ones, round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sigtran_vectors import captured

from tandem.core.errors import DecodeError, EncodeError
from tandem.core.sigtran.codes import ErrorCode, Tag, Type
from tandem.core.sigtran.common import MAX_MESSAGE, Message, MessageError, Parameter, parse_header

MESSAGES = captured(2, 3)


@pytest.mark.parametrize("item", MESSAGES, ids=lambda item: f"{item.capture}-{item.octets[2:4].hex()}")
def test_captured_messages_survive(item):
    message = Message.parse(item.octets)
    assert message.encode() == item.octets


def test_asp_up_as_captured():
    item = next(item for item in MESSAGES if item.capture == "m3ua_94calls" and item.octets[2:4] == b"\x03\x01")
    message = Message.parse(item.octets)
    assert message.name == "ASPUP"
    assert {parameter.tag for parameter in message.parameters} <= {Tag.ASP_IDENTIFIER, Tag.INFO_STRING}


def test_padding_and_length_by_hand():
    message = Message(Type.BEAT, (Parameter(Tag.HEARTBEAT_DATA, b"abcde"),))
    assert message.encode().hex() == "0100030300000014" + "00090009" + "6162636465000000"
    assert str(message) == "BEAT HEARTBEAT_DATA=6162636465"


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_a_sender_may_leave_the_last_padding_out_of_the_length_or_the_message(cut):
    full = Message(Type.BEAT, (Parameter(Tag.HEARTBEAT_DATA, b"a"),)).encode()
    for octets in (full[:4] + (13).to_bytes(4, "big") + full[8:], full[:7] + b"\x0d" + full[8:13]):
        assert Message.parse(octets).parameters == (Parameter(Tag.HEARTBEAT_DATA, b"a"),)


def test_unknown_parameters_are_kept():
    octets = Message(0x0C99, (Parameter(0x7FFF, b"123"), Parameter(0x7FFF, b""))).encode()
    message = Message.parse(octets)
    assert message.name == "0x0c99"
    assert [parameter.value for parameter in message.parameters] == [b"123", b""]
    assert message.encode() == octets


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("", ErrorCode.PROTOCOL_ERROR),
        ("01000301000000", ErrorCode.PROTOCOL_ERROR),
        ("0200030100000008", ErrorCode.INVALID_VERSION),
        ("0100030100000007", ErrorCode.PROTOCOL_ERROR),
        ("01000301ffffffff", ErrorCode.PROTOCOL_ERROR),
        ("010003010000000c", ErrorCode.PARAMETER_FIELD_ERROR),
        ("010003010000000800000000", ErrorCode.PARAMETER_FIELD_ERROR),
        ("010003010000000a0004", ErrorCode.PARAMETER_FIELD_ERROR),
        ("010003010000000c00040003", ErrorCode.PARAMETER_FIELD_ERROR),
        ("010003010000000c00040005", ErrorCode.PARAMETER_FIELD_ERROR),
    ],
)
def test_malformed_messages_say_which_error(octets, code):
    with pytest.raises(MessageError) as caught:
        Message.parse(bytes.fromhex(octets))
    assert caught.value.code is code


def test_numbers():
    message = Message(Type.ASPAC, (Parameter.number(Tag.ROUTING_CONTEXT, 1, 2), Parameter(Tag.TRAFFIC_MODE, b"\0\1")))
    assert message.require(Tag.ROUTING_CONTEXT).numbers == (1, 2)
    for bad in (lambda: message.number(Tag.TRAFFIC_MODE), lambda: message.require(Tag.TRAFFIC_MODE).numbers):
        with pytest.raises(MessageError) as caught:
            bad()
        assert caught.value.code is ErrorCode.PARAMETER_FIELD_ERROR
    assert message.number(Tag.STATUS) is None
    with pytest.raises(MessageError) as caught:
        message.require(Tag.STATUS)
    assert caught.value.code is ErrorCode.MISSING_PARAMETER


def test_a_value_too_long_for_a_parameter_cannot_be_encoded():
    with pytest.raises(EncodeError):
        Parameter(Tag.PROTOCOL_DATA, bytes(65532)).encode()


def test_header_of_the_longest_message():
    assert parse_header(b"\x01\x00\x01\x01" + MAX_MESSAGE.to_bytes(4, "big")) == (Type.DATA, MAX_MESSAGE)


@given(st.integers(0, 0xFFFF), st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=6))
def test_round_trip(kind, parameters):
    message = Message(kind, tuple(Parameter(tag, value) for tag, value in parameters))
    assert Message.parse(message.encode()) == message


@given(st.binary(max_size=80), st.booleans())
def test_any_octets_give_a_message_or_an_error(octets, headed):
    if headed:
        octets = b"\x01\x00\x01\x01" + (8 + len(octets)).to_bytes(4, "big") + octets
    try:
        message = Message.parse(octets)
    except DecodeError:
        return
    assert str(message)
    assert Message.parse(message.encode()) == message
