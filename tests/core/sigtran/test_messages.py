"""Which parameters messages need."""

import pytest

from tandem.core.sigtran.codes import ErrorCode, Tag, Type
from tandem.core.sigtran.common import Message, MessageError, Parameter
from tandem.core.sigtran.messages import check_message
from tandem.ss7.sigtran.messages import M3UA_FORMS


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (0x0207, ErrorCode.UNSUPPORTED_TYPE),
        (0x0300, ErrorCode.UNSUPPORTED_TYPE),
        (0x0501, ErrorCode.UNSUPPORTED_CLASS),
        (Type.MAUP_DATA, ErrorCode.UNSUPPORTED_CLASS),
        (0xFF01, ErrorCode.UNSUPPORTED_CLASS),
    ],
)
def test_unknown_classes_and_types(kind, code):
    with pytest.raises(MessageError) as caught:
        check_message(Message(kind), M3UA_FORMS)
    assert caught.value.code is code


def test_streams():
    check_message(Message(Type.BEAT), M3UA_FORMS, stream=4)
    with pytest.raises(MessageError) as caught:
        check_message(Message(Type.ASPDN), M3UA_FORMS, stream=4)
    assert caught.value.code is ErrorCode.INVALID_STREAM


def test_repeats():
    context = Parameter.number(Tag.ROUTING_CONTEXT, 1)
    with pytest.raises(MessageError) as caught:
        check_message(Message(Type.ASPAC, (context, context)), M3UA_FORMS)
    assert caught.value.code is ErrorCode.UNEXPECTED_PARAMETER
    key = Parameter(Tag.ROUTING_KEY, b"")
    check_message(Message(Type.REG_REQ, (key, key)), M3UA_FORMS)
    check_message(Message(Type.ASPUP, (Parameter(0x9999, b""), Parameter(0x9999, b""))), M3UA_FORMS)
