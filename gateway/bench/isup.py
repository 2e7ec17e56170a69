"""How many ISUP messages a second are decoded and encoded, next to a declarative parser of the same message."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from tandem.ss7.isup.indicators import (
    CallingPartysCategory,
    ForwardCallIndicators,
    NatureOfConnectionIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.messages import Message, MessageType
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber
from tandem.ss7.isup.parameters import Parameter

_CIC: Final = 5
_PARAMETERS: Final[tuple[Parameter, ...]] = (
    NatureOfConnectionIndicators(),
    ForwardCallIndicators(isup_all_the_way=True, isdn_access=True),
    CallingPartysCategory(),
    TransmissionMediumRequirement(),
    CalledPartyNumber("493012345678", st=True),
    CallingPartyNumber("4989123456"),
)
_TYPES: Final = (CalledPartyNumber, CallingPartyNumber, ForwardCallIndicators, CallingPartysCategory)
_BATCH: Final = 200


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all, with an IAM of 6 parameters.

    `walks_per_second`: parsed down to raw parameters; `decodes_per_second`: with the two numbers, the forward call
    indicators and the category read as well; `encodes_per_second`: built from typed parameters and encoded. With
    the package `construct` installed, `reference_decodes_per_second` is its declarative parse of the same message in
    the same run, down to raw parameters, and `times_reference` how much faster the walk is; else both are None.
    """
    octets = Message.build(MessageType.IAM, _CIC, _PARAMETERS).encode()
    reference = _reference()
    share = seconds / (3 if reference is None else 4)
    walks = rate(lambda: Message.parse(octets), share)
    result: dict[str, Any] = {
        "message_octets": len(octets),
        "walks_per_second": round(walks),
        "decodes_per_second": round(rate(lambda: _decode(octets), share)),
        "encodes_per_second": round(rate(_encode, share)),
        "reference_decodes_per_second": None,
        "times_reference": None,
    }
    if reference is not None:
        parses = rate(lambda: reference(octets), share)
        result["reference_decodes_per_second"] = round(parses)
        result["times_reference"] = round(walks / parses, 1)
    return result


def _decode(octets: bytes) -> None:
    message = Message.parse(octets)
    for cls in _TYPES:
        message.get(cls)


def _encode() -> bytes:
    return Message.build(MessageType.IAM, _CIC, _PARAMETERS).encode()


def rate(work: Callable[[], object], seconds: float) -> float:
    """Calls a second, measured in batches for about `seconds`."""
    work()
    calls = 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or not calls:
        for _ in range(_BATCH):
            work()
        calls += _BATCH
    return calls / elapsed


def _reference() -> Callable[[bytes], object] | None:
    """The IAM as a declaration for `construct`, or None where that is not installed."""
    try:
        construct = import_module("construct")
    except ImportError:
        return None
    octet = construct.Int8ub
    variable = construct.Prefixed(octet, construct.GreedyBytes)
    optional = construct.Struct(
        "code" / octet,
        "content" / construct.If(construct.this.code != 0, construct.Prefixed(octet, construct.GreedyBytes)),
    )
    iam = construct.Struct(
        "cic" / construct.Int16ul,
        "type" / octet,
        "nature_of_connection" / construct.Bytes(1),
        "forward_call" / construct.Bytes(2),
        "category" / construct.Bytes(1),
        "medium" / construct.Bytes(1),
        "variable_at" / construct.Tell,
        "variable" / octet,
        "optional_at" / construct.Tell,
        "optional" / octet,
        "called" / construct.Pointer(construct.this.variable_at + construct.this.variable, variable),
        "parameters"
        / construct.Pointer(
            construct.this.optional_at + construct.this.optional,
            construct.RepeatUntil(lambda item, items, context: item.code == 0, optional),
        ),
    )
    parse: Callable[[bytes], object] = iam.parse
    return parse
