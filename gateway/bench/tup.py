"""How many TUP messages a second are decoded and encoded."""

from __future__ import annotations

from typing import Any, Final

from tandem.gateway.bench.isup import rate
from tandem.ss7.tup.fields import CallingLineIdentity, MessageIndicators, Nature
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import (
    AddressComplete,
    InitialAddressWithInformation,
    Message,
    MessageType,
    Signal,
    Variant,
)

_CIC: Final = 5
#: The messages of a call with the calling number, answered and cleared by the caller.
_CALL: Final[tuple[Message, ...]] = (
    InitialAddressWithInformation(
        "493012345678",
        st=True,
        indicators=MessageIndicators(nature=Nature.INTERNATIONAL, all_ss7=True),
        calling_line=CallingLineIdentity("4989123456"),
    ),
    AddressComplete(free=True, all_ss7=True),
    Signal(MessageType.ANC),
    Signal(MessageType.CLF),
    Signal(MessageType.RLG),
)


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all, label included.

    `decodes_per_second` and `encodes_per_second` are of an IAI with calling line identity, every field of it typed;
    `calls_per_second` counts the five messages of a call, each encoded and decoded once.
    """
    variant = Variant.ITU
    initial = CircuitMessage(_CIC, _CALL[0])
    sls, data = initial.encode(variant)
    share = seconds / 3
    return {
        "message_octets": len(data),
        "decodes_per_second": round(rate(lambda: CircuitMessage.parse(sls, data, variant), share)),
        "encodes_per_second": round(rate(lambda: CircuitMessage(_CIC, _CALL[0]).encode(variant), share)),
        "calls_per_second": round(rate(lambda: exchange(variant), share)),
    }


def exchange(variant: Variant) -> list[Message]:
    """The messages of a call as the other side reads them."""
    heard = []
    for message in _CALL:
        sls, data = CircuitMessage(_CIC, message).encode(variant)
        heard.append(CircuitMessage.parse(sls, data, variant).message)
    return heard
