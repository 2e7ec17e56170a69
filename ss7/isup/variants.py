"""Variants of ISUP: what differs from ITU-T Q.763 in the formats of messages and of the CIC, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.tables import ITU_FORMATS, MessageFormat

P = ParameterCode


class Variant(Symbol):
    """Whose ISUP: ITU-T (Q.763), ANSI (T1.113), China (YDN 038, YD/T 1188) or Japan (JT-Q763)."""

    ITU = "itu"
    ANSI = "ansi"
    CHINA = "china"
    JAPAN = "japan"


@dataclass(frozen=True, slots=True)
class Coding:
    """How a variant codes its messages."""

    formats: Mapping[int, MessageFormat]
    """Format by message type code; a type without one keeps its body whole."""
    types: Mapping[int, MessageType]
    """Message types that have a name in this variant."""
    cic_bits: int
    """Width of the circuit identification code; the bits above it in its two octets are spare (Q.763 1.2)."""
    cic_mask: int
    """The greatest circuit identification code."""
    priorities: Mapping[int, int]
    """Message priority (0 to 3) by message type, for networks with congestion levels; 0 for others."""


_ANSI_ONLY: Final = {MessageType.CRA, MessageType.CRM, MessageType.CVR, MessageType.CVT, MessageType.EXM}
_CHINA_ONLY: Final = {MessageType.CCL, MessageType.MPM, MessageType.OPR}
#: Types of Q.763 that T1.113 does not use.
_ITU_ONLY: Final = {
    MessageType.SAM,
    MessageType.CON,
    MessageType.FAA,
    MessageType.FRJ,
    MessageType.USR,
    MessageType.OLM,
    MessageType.CRG,
    MessageType.NRM,
    MessageType.UPT,
    MessageType.UPA,
    MessageType.IDR,
    MessageType.IRS,
    MessageType.LOP,
    MessageType.APM,
    MessageType.PRI,
    MessageType.SDN,
}

#: Formats of T1.113 that are not those of Q.763 (as public implementations code them).
_ANSI_FORMATS: Final[dict[MessageType, MessageFormat]] = {
    MessageType.IAM: MessageFormat(
        fixed=(
            (P.NATURE_OF_CONNECTION_INDICATORS, 1),
            (P.FORWARD_CALL_INDICATORS, 2),
            (P.CALLING_PARTYS_CATEGORY, 1),
        ),
        variable=(P.USER_SERVICE_INFORMATION, P.CALLED_PARTY_NUMBER),
        optional=(
            P.CALLING_PARTY_NUMBER,
            P.CHARGE_NUMBER,
            P.ORIGINATING_LINE_INFORMATION,
            P.GENERIC_NUMBER,
            P.GENERIC_DIGITS,
            P.GENERIC_NAME,
            P.JURISDICTION_INFORMATION,
            P.LOCAL_SERVICE_PROVIDER_IDENTIFICATION,
            P.REDIRECTION_INFORMATION,
            P.REDIRECTING_NUMBER,
            P.REDIRECT_COUNTER,
            P.ORIGINAL_CALLED_NUMBER,
            P.HOP_COUNTER,
            P.CARRIER_IDENTIFICATION,
            P.CARRIER_SELECTION_INFORMATION,
            P.BUSINESS_GROUP,
            P.NETWORK_TRANSPORT,
            P.EGRESS_SERVICE,
            P.MLPP_PRECEDENCE,
            P.SERVICE_CODE,
            P.SPECIAL_PROCESSING_REQUEST,
            P.TRANSACTION_REQUEST,
            P.TRANSIT_NETWORK_SELECTION,
            P.USER_TO_USER_INFORMATION,
            P.ACCESS_TRANSPORT,
            P.OPERATOR_SERVICES_INFORMATION,
            P.OPTIONAL_FORWARD_CALL_INDICATORS,
            P.CLOSED_USER_GROUP_INTERLOCK_CODE,
        ),
    ),
    MessageType.RLC: MessageFormat(),
    MessageType.EXM: MessageFormat(optional=(P.OUTGOING_TRUNK_GROUP_NUMBER,)),
    MessageType.CVT: MessageFormat(),
    MessageType.CVR: MessageFormat(
        fixed=((P.CIRCUIT_VALIDATION_RESPONSE_INDICATOR, 1), (P.CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR, 1)),
        optional=(P.COMMON_LANGUAGE_LOCATION_IDENTIFICATION, P.CIRCUIT_IDENTIFICATION_NAME),
    ),
    MessageType.CRM: MessageFormat(fixed=((P.NATURE_OF_CONNECTION_INDICATORS, 1),)),
    MessageType.CRA: MessageFormat(),
}


#: What ends or answers a call outlasts what begins one when a network with congestion levels drops messages (recalled).
_ANSI_PRIORITIES: Final = {
    **dict.fromkeys(
        (
            *(MessageType.ACM, MessageType.CPG, MessageType.COT, MessageType.REL, MessageType.SUS, MessageType.RES),
            *(MessageType.FAC, MessageType.FOT, MessageType.PAM, MessageType.INR, MessageType.INF, MessageType.CFN),
            *(MessageType.EXM, MessageType.CCR, MessageType.LPA),
        ),
        1,
    ),
    MessageType.ANM: 2,
    MessageType.RLC: 2,
}


def _coding(
    formats: Mapping[MessageType, MessageFormat],
    absent: set[MessageType],
    cic_bits: int,
    priorities: Mapping[MessageType, int] | None = None,
) -> Coding:
    types = {message.value: message for message in MessageType if message not in absent}
    known = {message.value: layout for message, layout in formats.items() if message not in absent}
    ranks = {message.value: rank for message, rank in (priorities or {}).items()}
    return Coding(
        MappingProxyType(known), MappingProxyType(types), cic_bits, (1 << cic_bits) - 1, MappingProxyType(ranks)
    )


#: Most octets of a message from the CIC on: 272 octets of signalling information (Q.703 2.3.8) less the label.
MESSAGE_LIMITS: Final[Mapping[Variant, int]] = MappingProxyType(
    {Variant.ITU: 268, Variant.ANSI: 265, Variant.CHINA: 265, Variant.JAPAN: 267}
)

#: How each variant codes its messages. The formats of the Chinese national messages are not published: bodies whole.
#: JT-Q763 follows Q.763; its national parameters (carrier information, charging) are not decoded but carried.
CODINGS: Final[Mapping[Variant, Coding]] = MappingProxyType(
    {
        Variant.ITU: _coding(ITU_FORMATS, _ANSI_ONLY | _CHINA_ONLY, 12),
        Variant.ANSI: _coding({**ITU_FORMATS, **_ANSI_FORMATS}, _ITU_ONLY | _CHINA_ONLY, 14, _ANSI_PRIORITIES),
        Variant.CHINA: _coding(ITU_FORMATS, _ANSI_ONLY, 12),
        Variant.JAPAN: _coding(ITU_FORMATS, _ANSI_ONLY | _CHINA_ONLY, 12),
    }
)
