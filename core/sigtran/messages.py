"""Which parameters each message must have and may have, and the check that ERR answers when they are not so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tandem.core.sigtran.codes import ErrorCode, MessageClass, Tag, Type, code_name
from tandem.core.sigtran.common import Message, MessageError


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of one message type."""

    required: tuple[tuple[Tag, ...], ...] = ()
    """One of each tuple must be there."""
    optional: tuple[Tag, ...] = ()
    repeated: frozenset[Tag] = frozenset()
    """Those that may come more than once."""


Forms = Mapping[int, Form]

#: Messages that belong on stream 0 where there are streams (RFC 4666 1.4.7; BEAT is free to take another).
STREAM_ZERO: Final = frozenset(
    {Type.ASPUP, Type.ASPUP_ACK, Type.ASPDN, Type.ASPDN_ACK, Type.REG_REQ, Type.REG_RSP, Type.DEREG_REQ, Type.DEREG_RSP}
)


def check_message(message: Message, forms: Forms, stream: int = 0) -> None:
    """Raise MessageError unless `message` is one of `forms`, with the parameters that it needs, on a lawful stream.

    Unknown parameters, and known ones that the message has no use for, are let through: RFC 4666 does not have a
    receiver refuse what a later version may add.
    """
    form = forms.get(message.type)
    if form is None:
        message_class = message.type >> 8
        if any(kind >> 8 == message_class for kind in forms):
            raise MessageError(f"message type {message.name}", ErrorCode.UNSUPPORTED_TYPE, 3)
        names = {int(known): known.name for known in MessageClass}
        text = f"message class {names.get(message_class, message_class)}"
        raise MessageError(text, ErrorCode.UNSUPPORTED_CLASS, 2)
    if stream and message.type in STREAM_ZERO:
        raise MessageError(f"{message.name} on stream {stream}", ErrorCode.INVALID_STREAM)
    tags = [parameter.tag for parameter in message.parameters]
    for alternatives in form.required:
        if not any(tag in tags for tag in alternatives):
            names_of = " or ".join(code_name(Tag, tag) for tag in alternatives)
            raise MessageError(f"{message.name} without {names_of}", ErrorCode.MISSING_PARAMETER)
    if len(tags) != len(set(tags)):
        known_tags = {tag for alternatives in form.required for tag in alternatives} | set(form.optional)
        for tag in known_tags - form.repeated:
            if tags.count(tag) > 1:
                text = f"{message.name} with {tags.count(tag)} {code_name(Tag, tag)}"
                raise MessageError(text, ErrorCode.UNEXPECTED_PARAMETER)
