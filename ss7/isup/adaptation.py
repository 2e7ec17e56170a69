"""Messages of one variant as messages of another: what a transit between networks changes (Q.764 2.1, T1.113.3).

ITU-T and Chinese messages are alike. ANSI names the bearer by user service information instead of a transmission
medium requirement, has no CON, and parameters of its own; what the other network would not know is left out.
"""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.core.errors import DecodeError
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.indicators import Medium, TransmissionMediumRequirement
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.multirate import circuits_of_medium, medium_of_circuits
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.transport import Capability, Layer1, UserServiceInformation
from tandem.ss7.isup.variants import CODINGS, Variant

P = ParameterCode

_CAPABILITIES: Final = {
    Medium.SPEECH: Capability.SPEECH,
    Medium.UNRESTRICTED_64K: Capability.UNRESTRICTED_DIGITAL,
    Medium.AUDIO_3K1: Capability.AUDIO_3K1,
}
_MEDIA: Final = {
    Capability.SPEECH: Medium.SPEECH,
    Capability.UNRESTRICTED_DIGITAL: Medium.UNRESTRICTED_64K,
    Capability.AUDIO_3K1: Medium.AUDIO_3K1,
}

#: Codes that ANSI T1.113 gives to parameters of its own (the generic address and digits below them are shared).
_ANSI_CODES: Final = frozenset(range(int(P.OPERATOR_SERVICES_INFORMATION), int(P.NETWORK_TRANSPORT) + 1))

#: Natures of address that only ANSI has (operator requested, cut-through …), as the nearest of Q.763.
_NATURES: Final = {113: 1, 114: 3, 115: 4, 116: 2, 117: 2, 118: 3, 119: 3}
_NUMBERED: Final = frozenset({P.CALLED_PARTY_NUMBER})

#: Bits of the backward call indicators that mean something else in ANSI: bit J, IAM segmentation (Q.763 3.5).
_SEGMENTATION: Final = 0x02
#: Causes of the ANSI coding standard, as the nearest of ITU-T (recalled): unallocated destination number and so on.
_CAUSES: Final = {23: 1, 24: 31, 25: 25, 26: 31, 45: 34, 46: 34, 51: 57, 53: 29, 54: 57}


def adapted(message: Message, target: Variant) -> list[RawParameter]:
    """The parameters of `message` for a message of the same type in `target`."""
    parameters = message.raw_parameters()
    if not is_adapted(message.variant, target):
        return parameters
    adapt = _for_ansi if target is Variant.ANSI else _for_itu
    found = []
    for parameter in parameters:
        converted = adapt(parameter)
        if converted is not None:
            found.append(converted)
    if message.type == MessageType.IAM:
        found = _with_bearer(message, found, target)
    return found


def has_type(message_type: int, variant: Variant) -> bool:
    """Whether a variant has messages of this type."""
    return int(message_type) in CODINGS[variant].types


def is_adapted(variant: Variant, target: Variant) -> bool:
    """Whether parameters of a message in `variant` may be others in `target`: one is ANSI, the other not."""
    return (variant is Variant.ANSI) is not (target is Variant.ANSI)


def _for_ansi(parameter: RawParameter) -> RawParameter | None:
    code, octets = parameter.code, parameter.octets
    if code == P.BACKWARD_CALL_INDICATORS and len(octets) > 1:
        return RawParameter(code, bytes([octets[0], octets[1] & ~_SEGMENTATION]) + octets[2:])
    return parameter


def _for_itu(parameter: RawParameter) -> RawParameter | None:
    code, octets = parameter.code, parameter.octets
    if code in _ANSI_CODES:
        return None
    if code in _NUMBERED and octets and octets[0] & 0x7F in _NATURES:
        return RawParameter(code, bytes([octets[0] & 0x80 | _NATURES[octets[0] & 0x7F]]) + octets[1:])
    if code == P.BACKWARD_CALL_INDICATORS and len(octets) > 1:
        return RawParameter(code, bytes([octets[0], octets[1] & ~_SEGMENTATION]) + octets[2:])
    if code == P.CAUSE_INDICATORS:
        return _cause(parameter)
    return parameter


def _cause(parameter: RawParameter) -> RawParameter:
    """A cause of ANSI's coding standard (national, 2) in that of ITU-T."""
    try:
        cause = CauseIndicators.parse(parameter.octets)
    except DecodeError:
        return parameter
    if cause.coding_standard != 2:
        return parameter
    value = _CAUSES.get(cause.value, Cause.NORMAL_UNSPECIFIED)
    return RawParameter(parameter.code, CauseIndicators(value, cause.location).encode())


def _with_bearer(message: Message, parameters: list[RawParameter], target: Variant) -> list[RawParameter]:
    """The bearer in the target's way: both parameters where the other is optional there."""
    if target is Variant.ANSI:
        rest = [item for item in parameters if item.code != P.TRANSMISSION_MEDIUM_REQUIREMENT]
        if message.raw(P.USER_SERVICE_INFORMATION) is None:
            medium = message.find(TransmissionMediumRequirement)
            known = Medium.AUDIO_3K1 if medium is None else medium.medium
            capability = _CAPABILITIES.get(known, Capability.AUDIO_3K1)  # type: ignore[call-overload]
            count = circuits_of_medium(known)
            if count > 1:
                capability = Capability.UNRESTRICTED_DIGITAL
            digital = capability is Capability.UNRESTRICTED_DIGITAL
            information = UserServiceInformation.of(capability, None if digital else Layer1.MU_LAW, count)
            rest.append(RawParameter(P.USER_SERVICE_INFORMATION, information.encode()))
        return rest
    if message.raw(P.TRANSMISSION_MEDIUM_REQUIREMENT) is None:
        parameters = [*parameters, RawParameter(P.TRANSMISSION_MEDIUM_REQUIREMENT, bytes([medium_of(message)]))]
    return parameters


def medium_of(message: Message) -> int:
    """The medium that an IAM asks for (Q.763 3.54), in ANSI as its user service information says."""
    medium = message.find(TransmissionMediumRequirement)
    if medium is not None:
        return medium.medium
    bearer = message.find(UserServiceInformation)
    wanted = Capability.AUDIO_3K1 if bearer is None else bearer.capability
    if bearer is not None and wanted == Capability.UNRESTRICTED_DIGITAL:
        return medium_of_circuits(bearer.timeslots)
    return int(_MEDIA.get(wanted, Medium.AUDIO_3K1))  # type: ignore[call-overload]
