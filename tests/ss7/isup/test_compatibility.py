"""Compatibility information."""

import pytest

from tandem.core.errors import DecodeError
from tandem.ss7.isup.compatibility import (
    Instruction,
    MessageCompatibilityInformation,
    ParameterCompatibilityInformation,
    PassOnNotPossible,
)


def test_instructions_from_a_capture():
    octets = bytes.fromhex("fed031c03d80")
    information = ParameterCompatibilityInformation.parse(octets)
    assert [item.parameter for item in information.instructions] == [254, 49, 61]
    assert information.for_parameter(254) == Instruction(
        254, discard_parameter=True, pass_on_not_possible=PassOnNotPossible.DISCARD_PARAMETER
    )
    assert information.for_parameter(1) is None
    assert information.encode() == octets


def test_instruction_with_a_second_octet():
    octets = bytes.fromhex("fe1080")
    information = ParameterCompatibilityInformation.parse(octets)
    assert information.instructions[0].further == b"\x80"
    assert information.encode() == octets


@pytest.mark.parametrize("octets", [b"\xfe", b"\xfe\x10", b"\xfe\x80\x01"])
def test_cut_short(octets):
    with pytest.raises(DecodeError, match="ends within an instruction"):
        ParameterCompatibilityInformation.parse(octets)


def test_message_compatibility():
    information = MessageCompatibilityInformation.parse(b"\x8c")
    assert information == MessageCompatibilityInformation(notify=True, discard_message=True)
    assert str(information) == "notify, discard message"
    assert MessageCompatibilityInformation.parse(b"\x0c\x81").encode() == b"\x0c\x81"
