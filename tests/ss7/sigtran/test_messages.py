"""Which parameters messages of M3UA and M2UA need."""

import pytest
from support.sigtran_vectors import captured

from tandem.core.sigtran.codes import ErrorCode, Tag, Type
from tandem.core.sigtran.common import Message, MessageError, Parameter
from tandem.core.sigtran.messages import check_message
from tandem.ss7.sigtran.messages import M2UA_FORMS, M3UA_FORMS


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
