"""What the product says of a TUP message, in the names of the reference decoder's tables."""

from __future__ import annotations

from typing import Any

from tandem.ss7.tup.fields import CallingLineIdentity, ClosedUserGroup, IncomingTrunk, OriginalCalledAddress
from tandem.ss7.tup.messages import (
    AddressComplete,
    AutomaticCongestion,
    Charging,
    ExtendedUnsuccessful,
    GeneralForwardSetup,
    GeneralRequest,
    GroupSupervision,
    InitialAddress,
    InitialAddressWithInformation,
    Message,
    MessageType,
    MeteringPulses,
    SubsequentAddress,
    SubsequentAddressOne,
)
from tandem.ss7.tup.variants import Variant

Fields = dict[str, Any]


def plain(message: Message, variant: Variant) -> Fields:
    """The message and its fields; flags as 0 and 1."""
    fields: Fields = {"message": message.name}
    for kind, content in _CONTENT.items():
        if isinstance(message, kind):
            fields |= content(message, variant)
    if message.rest and not isinstance(message, Charging):
        fields["rest"] = message.rest.hex()
    return {name: int(value) if isinstance(value, bool) else value for name, value in fields.items()}


def _signals(message: Any) -> str:
    return str(message.digits + "F" * message.st)


def _initial(message: Any, variant: Variant) -> Fields:
    said = message.indicators
    return {
        "calling_party_category": message.category,
        "nature_of_address": said.nature,
        "nature_of_circuit": said.circuit,
        "continuity_check": said.continuity_check,
        "outgoing_echo_suppressor": said.echo_suppressor,
        "incoming_international_call": said.international,
        "redirected_call": said.redirected,
        "all_digital_path": said.digital_path,
        "signalling_path": said.all_ss7,
        "number_of_address_signals": len(_signals(message)),
        "digits": _signals(message),
    }


_ANNOUNCED = (
    "has_network_capability",
    "has_closed_user_group",
    "has_additional_calling_party",
    "has_additional_routing",
    "has_calling_line_identity",
    "has_original_called_address",
    "has_charging_information",
)


def _information(message: Any, variant: Variant) -> Fields:
    fields: Fields = {name: message.announced >> bit & 1 for bit, name in enumerate(_ANNOUNCED)}
    if message.closed_user_group is not None:
        fields["closed_user_group"] = _user_group(message.closed_user_group)
    return fields | _identities(message)


def _identities(message: Any) -> Fields:
    fields: Fields = {}
    if message.calling_line is not None:
        fields["calling_line_identity"] = _calling_line(message.calling_line)
    if message.original_called is not None:
        fields["original_called_address"] = _original_called(message.original_called)
    return fields


def _user_group(group: ClosedUserGroup) -> Fields:
    digits = "".join(f"{group.network >> shift & 0xF:X}" for shift in (0, 4, 8, 12))
    return {"call_indicator": group.call, "interlock_digits": digits, "interlock_binary": group.group}


def _calling_line(line: CallingLineIdentity) -> Fields:
    return {
        "nature_of_address": line.nature,
        "presentation_restricted": int(line.restricted),
        "incomplete": int(line.incomplete),
        "number_of_address_signals": len(line.digits),
        "digits": line.digits,
    }


def _original_called(address: OriginalCalledAddress) -> Fields:
    return {
        "nature_of_address": address.nature,
        "number_of_address_signals": len(address.digits),
        "digits": address.digits,
    }


def _incoming_trunk(trunk: IncomingTrunk, variant: Variant) -> Fields:
    fields: Fields = {"identity_type": trunk.kind, "trunk_length": len(trunk.trunk), "trunk": trunk.trunk.hex()}
    if (code := trunk.point_code(variant)) is not None:
        return fields | {"exchange_point_code": {"length": trunk.length, "point_code": code}}
    return fields | {"exchange_digits": {"length": trunk.length, "digits": trunk.digits}}


def _forward_setup(message: Any, variant: Variant) -> Fields:
    fields: Fields = {
        "has_calling_party_category": message.category is not None,
        "has_calling_line_identity": message.calling_line is not None,
        "has_incoming_trunk": message.incoming_trunk is not None,
        "has_original_called_address": message.original_called is not None,
        "outgoing_echo_suppressor": message.echo_suppressor,
        "malicious_call_identification": message.malicious_call,
        "hold": message.hold,
    }
    if message.category is not None:
        fields["calling_party_category"] = message.category
    if message.incoming_trunk is not None:
        fields["incoming_trunk"] = _incoming_trunk(message.incoming_trunk, variant)
    return fields | _identities(message)


def _request(message: Any, variant: Variant) -> Fields:
    return {
        "asks_calling_party_category": message.category,
        "asks_calling_line_identity": message.calling_line,
        "asks_original_called_address": message.original_called,
        "asks_malicious_call_identification": message.malicious_call,
        "asks_hold": message.hold,
        "asks_outgoing_echo_suppressor": message.echo_suppressor,
    }


def _complete(message: Any, variant: Variant) -> Fields:
    return {
        "address_complete_type": message.kind,
        "subscriber_free": message.free,
        "incoming_echo_suppressor": message.echo_suppressor,
        "call_forwarded": message.forwarded,
        "signalling_path": message.all_ss7,
    }


def _group(message: Any, variant: Variant) -> Fields:
    if message.type is MessageType.GRS:
        return {"range": message.range}
    return {"range": message.range, "status": [int(flag) for flag in message.status or ()]}


_CONTENT: dict[type[Message], Any] = {
    InitialAddress: _initial,
    InitialAddressWithInformation: _information,
    SubsequentAddress: lambda m, _: {"number_of_address_signals": len(_signals(m)), "digits": _signals(m)},
    SubsequentAddressOne: lambda m, _: {"digits": _signals(m)},
    GeneralForwardSetup: _forward_setup,
    GeneralRequest: _request,
    AddressComplete: _complete,
    Charging: lambda m, _: {"charging_information": m.rest.hex()},
    ExtendedUnsuccessful: lambda m, _: {"unsuccessful_indicator": m.indicator, "point_code": m.point_code},
    AutomaticCongestion: lambda m, _: {"congestion_level": m.level},
    MeteringPulses: lambda m, _: {"pulses": m.pulses},
    GroupSupervision: _group,
}
