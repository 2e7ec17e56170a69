"""Messages of TUP from the heading code on; ITU-T Q.723 (1988) clause 3, China GF 001-9001 (1990).

Every octet string that decodes encodes to the same octets again: spare bits, fillers and octets behind the known
fields are fields of the values. The circuit is not part of a message here; `label.CircuitMessage` adds it.
"""

from collections.abc import Callable
from typing import Final

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.tup.address_messages import (
    InitialAddress,
    InitialAddressWithInformation,
    SubsequentAddress,
    SubsequentAddressOne,
)
from tandem.ss7.tup.codes import Group, MessageType, message_type
from tandem.ss7.tup.group_messages import GroupSupervision
from tandem.ss7.tup.message_base import Message, Signal
from tandem.ss7.tup.setup_messages import (
    AddressComplete,
    AddressCompleteKind,
    AutomaticCongestion,
    Charging,
    ExtendedUnsuccessful,
    GeneralForwardSetup,
    GeneralRequest,
    MeteringPulses,
    Unsuccessful,
)
from tandem.ss7.tup.variants import Variant

__all__ = [
    "AddressComplete",
    "AddressCompleteKind",
    "AutomaticCongestion",
    "Charging",
    "ExtendedUnsuccessful",
    "GeneralForwardSetup",
    "GeneralRequest",
    "GroupSupervision",
    "InitialAddress",
    "InitialAddressWithInformation",
    "Message",
    "MessageType",
    "MeteringPulses",
    "Signal",
    "SubsequentAddress",
    "SubsequentAddressOne",
    "Unsuccessful",
    "Variant",
    "decode",
    "encode",
]

M = MessageType

#: How the octets behind the heading are read, by type; all others are signals.
_PARSERS: Final[dict[MessageType, Callable[[bytes, Variant], Message]]] = {
    M.IAM: InitialAddress.parse,
    M.IAI: InitialAddressWithInformation.parse,
    M.SAM: SubsequentAddress.parse,
    M.SAO: SubsequentAddressOne.parse,
    M.GSM: GeneralForwardSetup.parse,
    M.GRQ: GeneralRequest.parse,
    M.ACM: AddressComplete.parse,
    M.CHG: Charging.parse,
    M.EUM: ExtendedUnsuccessful.parse,
    M.ACC: AutomaticCongestion.parse,
    M.MPM: MeteringPulses.parse,
}


def decode(octets: bytes, variant: Variant = Variant.ITU) -> Message:
    """The message whose heading code is the first of `octets`. DecodeError with the offset of what is wrong."""
    if not octets:
        raise DecodeError("heading code is missing", 0)
    known = message_type(octets[0], variant)
    if known is None:
        return Signal(octets[0], rest=octets[1:])
    try:
        if parse := _PARSERS.get(known):
            return parse(octets[1:], variant)
        if known.group is Group.GRM:
            return GroupSupervision.parse_as(known, octets[1:])
    except DecodeError as error:
        raise DecodeError(f"{known.name}: {error.message}", 1 + (error.offset or 0)) from None
    return Signal(known, rest=octets[1:])


def encode(message: Message, variant: Variant = Variant.ITU) -> bytes:
    """The octets of a message from the heading code on.

    EncodeError when a value does not fit its field, or the variant has no such message.
    """
    if isinstance(message.type, MessageType) and message_type(message.type, variant) is None:
        raise EncodeError(f"{message.name} does not exist in the {variant.value} variant")
    if not 0 <= message.type <= 0xFF:
        raise EncodeError(f"heading {message.type} does not fit an octet")
    return bytes((message.type,)) + message.body(variant) + message.rest
