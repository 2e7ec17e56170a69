"""Codes and names."""

from tandem.ss7.isup.codes import MessageType, ParameterCode, message_name, parameter_name


def test_codes_of_q763():
    assert MessageType.IAM == 1
    assert MessageType.REL == 0x0C
    assert MessageType.CPG == 0x2C
    assert ParameterCode.CALLED_PARTY_NUMBER == 4
    assert ParameterCode.RANGE_AND_STATUS == 22
    assert ParameterCode.GENERIC_NUMBER == 192


def test_every_code_has_a_title():
    assert all(message.title for message in MessageType)
    assert all(parameter.title for parameter in ParameterCode)
    assert MessageType.ACM.title == "Address complete"
    assert ParameterCode.CALLING_PARTYS_CATEGORY.title == "Calling party's category"


def test_unknown_codes_have_a_name_too():
    assert message_name(1) == "IAM"
    assert message_name(0xC0) == "message type 0xC0"
    assert parameter_name(200) == "parameter 200"
