"""Forms of IUA messages and the DLCI."""

import pytest

from tandem.core.sigtran.codes import ErrorCode, Tag, Type
from tandem.core.sigtran.common import Message, MessageError, Parameter
from tandem.core.sigtran.messages import check_message
from tandem.isdn.iua.messages import IUA_FORMS, Dlci


def test_every_required_parameter_is_missed():
    for kind, form in IUA_FORMS.items():
        parts = [Parameter(alternatives[-1], b"") for alternatives in form.required]
        check_message(Message(kind, tuple(parts)), IUA_FORMS)
        for index in range(len(parts)):
            with pytest.raises(MessageError) as caught:
                check_message(Message(kind, tuple(parts[:index] + parts[index + 1 :])), IUA_FORMS)
            assert caught.value.code is ErrorCode.MISSING_PARAMETER


@pytest.mark.parametrize("kind", [Type.MAUP_DATA, Type.DATA, Type.REG_REQ])
def test_classes_of_others(kind):
    with pytest.raises(MessageError) as caught:
        check_message(Message(kind), IUA_FORMS)
    assert caught.value.code is ErrorCode.UNSUPPORTED_CLASS


def test_tei_query_has_the_number_of_rfc_5133():
    assert Type.TEI_QUERY == 8
    with pytest.raises(MessageError) as caught:
        check_message(Message(0x0005), IUA_FORMS)
    assert caught.value.code is ErrorCode.UNSUPPORTED_TYPE


@pytest.mark.parametrize(
    ("dlci", "octets"), [(Dlci(), "00010000"), (Dlci(63, 127), "fcff0000"), (Dlci(16, 1), "40030000")]
)
def test_dlci(dlci, octets):
    parameter = Parameter(Tag.DLCI, bytes.fromhex(octets))
    assert dlci.encode() == parameter
    assert Dlci.parse(parameter) == dlci
    assert Dlci.parse(Parameter(Tag.DLCI, parameter.value[:2])) == dlci


@pytest.mark.parametrize("octets", ["", "00", "0000", "0101", "000100", "0001000000"])
def test_what_is_no_dlci(octets):
    with pytest.raises(MessageError) as caught:
        Dlci.parse(Parameter(Tag.DLCI, bytes.fromhex(octets)))
    assert caught.value.code is ErrorCode.PROTOCOL_ERROR
