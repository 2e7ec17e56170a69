"""ISUP to ISUP: messages of a call that say nothing to the neutral call go on to the other circuit (Q.764 2.9.5)."""

from __future__ import annotations

from typing import Final

from tandem.ss7.isup.adaptation import adapted, has_type
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.variants import Variant

#: Messages between two exchanges only, never for the one behind.
LOCAL: Final = frozenset({MessageType.CFN, MessageType.COT, MessageType.OLM, MessageType.SAM})


def pass_on(
    exchange: IsupExchange, message: Message, call: int, onward: tuple[int, Variant] | None, now: float
) -> None:
    """Pass on `message` of `call` to `onward`, the other ISUP call and the variant of its trunk.

    None when the other side is no ISUP: the message then ends here as its instructions say. CallStateError when the
    other call is over or the message may not be sent in its state.
    """
    if message.type in LOCAL:
        return
    if onward is None:
        exchange.not_passed_on(call, message, now)
        return
    other, variant = onward
    if message.format is None:
        exchange.pass_on(other, message, now)
    elif has_type(message.type, variant):
        exchange.send(other, MessageType(message.type), adapted(message, variant), now)
