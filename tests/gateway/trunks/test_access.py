"""What belongs to the access, as ISUP parameters inside the gateway."""

import pytest

from tandem.gateway.calls.model import Opaque
from tandem.gateway.trunks.access import (
    LONGEST_USER_TO_USER,
    access_elements,
    elements_in,
    isup_message,
    name_of,
    named,
    parameter,
    parameter_of,
    user_to_user,
    whole,
)
from tandem.isdn.q931.texts import CalledPartySubaddress
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.indicators import BackwardCallIndicators
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.variants import Variant

SUBADDRESS = CalledPartySubaddress.parse(bytes.fromhex("80503132"))
OCTETS = bytes.fromhex("710480503132")


def acm(*parameters):
    message = Message.build(MessageType.ACM, 1, [BackwardCallIndicators(), *parameters])
    return message, (Opaque("isup-itu", message.encode(), int(MessageType.ACM)),)


def test_messages_that_are_carried_are_read_as_what_they_are_however_many():
    made = [Message.build(MessageType.USR, cic, [RawParameter(32, b"\x04hello")]) for cic in range(200)]
    carried = [whole(message) for message in made]
    assert isup_message((carried[-1],)) is made[-1]
    for message, opaque in zip(made, carried, strict=True):
        assert isup_message((opaque,)) == message
        assert (opaque.kind, opaque.data, opaque.code) == ("isup-itu", message.encode(), MessageType.USR)


def test_a_whole_isup_message_has_its_parameters():
    _, opaque = acm(RawParameter(ParameterCode.USER_TO_USER_INFORMATION, b"\x04hi"))
    assert isup_message(opaque) == Message.parse(opaque[0].data, Variant.ITU)
    assert parameter_of(opaque, ParameterCode.USER_TO_USER_INFORMATION) == b"\x04hi"
    assert parameter_of(opaque, ParameterCode.ACCESS_TRANSPORT) is None


def test_a_parameter_of_its_own_comes_first():
    _, opaque = acm(RawParameter(ParameterCode.USER_TO_USER_INFORMATION, b"\x04hi"))
    own = parameter(ParameterCode.USER_TO_USER_INFORMATION, b"\x00")
    assert user_to_user((*opaque, own)) == b"\x00"
    assert isup_message((own,)) is None


def test_user_to_user_information_that_no_user_could_take_is_left_out():
    code = ParameterCode.USER_TO_USER_INFORMATION
    assert user_to_user((parameter(code, bytes(LONGEST_USER_TO_USER)),)) is not None
    assert user_to_user((parameter(code, bytes(LONGEST_USER_TO_USER + 1)),)) is None
    assert user_to_user((parameter(code, b""),)) is None
    assert user_to_user(()) is None


@pytest.mark.parametrize(("name", "told"), [("Anna", "Anna"), (" A\r\nB\t ", "A B"), ("\x00", ""), ("", "")])
def test_the_name_of_the_caller(name, told):
    assert name_of(named(name)) == told


def test_the_elements_of_the_access_transport():
    assert access_elements((parameter(ParameterCode.ACCESS_TRANSPORT, OCTETS),)) == [SUBADDRESS]
    assert access_elements(()) == []


@pytest.mark.parametrize("octets", [b"", b"\x96" + OCTETS, b"\x71"])
def test_octets_that_are_no_elements_of_codeset_0_are_passed_over(octets):
    assert [item for item in elements_in(octets) if isinstance(item, CalledPartySubaddress)] == []
