"""How many Q.931 messages a second are decoded, checked and encoded."""

from __future__ import annotations

from typing import Any, Final

from tandem.gateway.bench.isup import rate
from tandem.isdn.q931.bearer import BearerCapability, Layer1
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.indications import SendingComplete
from tandem.isdn.q931.messages import CallReference, Message, MessageType, build, decode, encode
from tandem.isdn.q931.numbers import CalledPartyNumber, CallingPartyNumber
from tandem.isdn.q931.validation import check

_OURS: Final = CallReference(5)
_THEIRS: Final = _OURS.reply()
#: The messages of a call, answered and cleared by the caller.
_CALL: Final[tuple[Message, ...]] = (
    build(
        _OURS,
        MessageType.SETUP,
        SendingComplete(),
        BearerCapability(0, Layer1.A_LAW),
        ChannelIdentification.of(1),
        CallingPartyNumber("4989123456", 2),
        CalledPartyNumber("493012345678", 1),
    ),
    build(_THEIRS, MessageType.CALL_PROCEEDING, ChannelIdentification.of(1)),
    build(_THEIRS, MessageType.ALERTING, ProgressIndicator(8, 2)),
    build(_THEIRS, MessageType.CONNECT),
    build(_OURS, MessageType.CONNECT_ACKNOWLEDGE),
    build(_OURS, MessageType.DISCONNECT, CauseElement(16)),
    build(_THEIRS, MessageType.RELEASE, CauseElement(16)),
    build(_OURS, MessageType.RELEASE_COMPLETE, CauseElement(16)),
)


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all.

    `decodes_per_second`, `checks_per_second` and `encodes_per_second` are of a SETUP with five elements, all typed;
    `calls_per_second` counts the eight messages of a call, each encoded, decoded and checked once.
    """
    octets = encode(_CALL[0])
    setup = decode(octets)
    share = seconds / 4
    return {
        "message_octets": len(octets),
        "decodes_per_second": round(rate(lambda: decode(octets), share)),
        "checks_per_second": round(rate(lambda: check(setup, "user"), share)),
        "encodes_per_second": round(rate(lambda: encode(_CALL[0]), share)),
        "calls_per_second": round(rate(exchange, share)),
    }


def exchange() -> list[Message]:
    """The messages of a call as the other side reads them."""
    return [check(decode(encode(message)), "user").message for message in _CALL]
