"""Which parameters messages need."""

import pytest
from support.sigtran_vectors import captured

from tandem.ss7.sigtran.codes import ErrorCode, Tag, Type
from tandem.ss7.sigtran.common import Message, MessageError, Parameter
from tandem.ss7.sigtran.messages import M2UA_FORMS, M3UA_FORMS, check_message


@pytest.mark.parametrize(("forms", "ppid"), [(M3UA_FORMS, 3), (M2UA_FORMS, 2)])
def test_captured_messages_are_in_order(forms, ppid):
    for item in captured(ppid):
        message = Message.parse(item.octets)
        if message.type != Type.DATA or message.get(Tag.PROTOCOL_DATA):  # it had other tags in drafts
            check_message(message, forms)


@pytest.mark.parametrize("forms", [M3UA_FORMS, M2UA_FORMS], ids=["M3UA", "M2UA"])
def test_every_required_parameter_is_missed(forms):
    for kind, form in forms.items():
        parts = [Parameter(alternatives[-1], b"") for alternatives in form.required]
        check_message(Message(kind, tuple(parts)), forms)
        for index in range(len(parts)):
            with pytest.raises(MessageError) as caught:
                check_message(Message(kind, tuple(parts[:index] + parts[index + 1 :])), forms)
            assert caught.value.code is ErrorCode.MISSING_PARAMETER


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
