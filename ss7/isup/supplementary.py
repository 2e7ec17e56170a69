"""Parameters of supplementary services, intelligent network and number portability, Q.763 (12/1999) clause 3.

Layouts in this module are recalled, not looked up; every value keeps the octets it was parsed from, so that a
mistake in the reading never changes what is sent on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.bits import bits, meaning_of
from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.codes import ParameterCode, parameter_name
from tandem.ss7.isup.numbers import AddressNumber, GenericDigits, PartyNumber, Plan, PresentedNumber
from tandem.ss7.isup.parameters import Indicators, Parameter
from tandem.ss7.isup.services import PropagationDelayCounter, network_octets

P = ParameterCode


def _need(octets: bytes, count: int, code: ParameterCode) -> None:
    if len(octets) < count:
        raise DecodeError(f"{parameter_name(code)} needs {count} octets, has {len(octets)}", len(octets))


def _within(value: int, most: int, what: str) -> int:
    if not 0 <= value <= most:
        raise EncodeError(f"{what} is {value}, its field holds 0 to {most}")
    return value


# Precedence and malicious calls


class Precedence(IntEnum):
    """Precedence level, Q.763 3.34."""

    FLASH_OVERRIDE = 0
    FLASH = 1
    IMMEDIATE = 2
    PRIORITY = 3
    ROUTINE = 4


@dataclass(frozen=True, slots=True)
class MlppPrecedence(Parameter):
    """MLPP precedence, Q.763 3.34 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.MLPP_PRECEDENCE

    precedence: int = Precedence.ROUTINE
    look_ahead_for_busy: int = 0
    """0 allowed, 1 path reserved, 2 not allowed."""
    network: str = "0000"
    """Network identity: four digits, the first in the high half of its octet."""
    domain: int = 0
    """MLPP service domain, 24 bits."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        _need(octets, 6, cls.code)
        first = octets[0]
        return cls(first & 0xF, first >> 5 & 3, octets[1:3].hex().upper(), int.from_bytes(octets[3:6], "big"))

    def _encode(self) -> bytes:
        first = _within(self.precedence, 15, "precedence") | _within(self.look_ahead_for_busy, 3, "look ahead") << 5
        return (
            bytes([first]) + network_octets(self.network) + _within(self.domain, 0xFFFFFF, "domain").to_bytes(3, "big")
        )

    def __str__(self) -> str:
        return f"{meaning_of(Precedence, self.precedence)}, network {self.network}, domain {self.domain}"


@dataclass(frozen=True, slots=True)
class McidRequestIndicators(Indicators):
    """What an IDR asks for, Q.763 3.31 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.MCID_REQUEST_INDICATORS

    identification: bool = bits(1, 1)
    holding: bool = bits(1, 2)


@dataclass(frozen=True, slots=True)
class McidResponseIndicators(Indicators):
    """What an IRS brings, Q.763 3.32 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.MCID_RESPONSE_INDICATORS

    identification_included: bool = bits(1, 1)
    holding_provided: bool = bits(1, 2)


# References and point codes


@dataclass(frozen=True, slots=True)
class CallReference(Parameter):
    """Call reference (national use), Q.763 3.8 (layout recalled): a number that a signalling point has given."""

    code: ClassVar[ParameterCode] = P.CALL_REFERENCE

    identity: int
    """Call identity, 24 bits."""
    point_code: int
    """Signalling point code; 14 bits in five octets, 24 bits in six (ANSI)."""
    long: bool = False
    """Whether the point code takes three octets."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        _need(octets, 5, cls.code)
        long = len(octets) >= 6
        point_code = int.from_bytes(octets[3:6], "little") if long else int.from_bytes(octets[3:5], "little") & 0x3FFF
        return cls(int.from_bytes(octets[:3], "big"), point_code, long)

    def _encode(self) -> bytes:
        most, size = (0xFFFFFF, 3) if self.long else (0x3FFF, 2)
        identity = _within(self.identity, 0xFFFFFF, "call identity").to_bytes(3, "big")
        return identity + _within(self.point_code, most, "point code").to_bytes(size, "little")

    def __str__(self) -> str:
        return f"{self.identity} at {self.point_code}"


@dataclass(frozen=True, slots=True)
class SignallingPointCode(Indicators):
    """Signalling point code (national use), Q.763 3.50 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.SIGNALLING_POINT_CODE
    SIZE: ClassVar[int] = 2

    point_code: int = bits(1, 1, 14)


@dataclass(frozen=True, slots=True)
class OriginationIscPointCode(Indicators):
    """Point code of the originating international switching centre, Q.763 3.40 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.ORIGINATION_ISC_POINT_CODE
    SIZE: ClassVar[int] = 2

    point_code: int = bits(1, 1, 14)


@dataclass(frozen=True, slots=True)
class CallTransferReference(Indicators):
    """Call transfer identity, Q.763 3.65 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.CALL_TRANSFER_REFERENCE

    identity: int = bits(1, 1, 8)


@dataclass(frozen=True, slots=True)
class CallHistoryInformation(PropagationDelayCounter):
    """Propagation delay of the whole call, Q.763 3.7 (coded as the propagation delay counter; recalled)."""

    code: ClassVar[ParameterCode] = P.CALL_HISTORY_INFORMATION


# Application transport and teleservice


@dataclass(frozen=True, slots=True)
class ApplicationTransport(Parameter):
    """Application transport, Q.763 3.82 and Q.765 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.APPLICATION_TRANSPORT

    context: int
    """Application context identifier, 0 to 127; 1 PSS1 (QSIG), 5 BICC and so on."""
    release: bool = False
    """Release the call when this cannot be understood."""
    notify: bool = False
    """Send a notification when this cannot be understood."""
    segments: int = 0
    """Segments that follow, 0 to 9."""
    first: bool = True
    """Sequence indicator: whether this begins a new sequence."""
    reference: int | None = None
    """Segmentation local reference; None when its octet is absent."""
    information: bytes = b""
    """What the application transports."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        _need(octets, 3, cls.code)
        offset = 1
        while octets[offset - 1] < 0x80:  # contexts of two octets or more: their first seven bits stand
            offset += 1
            _need(octets, offset + 2, cls.code)
        instructions, segmentation = octets[offset], octets[offset + 1]
        offset += 2
        reference = None
        if segmentation < 0x80:
            _need(octets, offset + 1, cls.code)
            reference = octets[offset] & 0x7F
            offset += 1
        return cls(
            octets[0] & 0x7F,
            bool(instructions & 1),
            bool(instructions & 2),
            segmentation & 0x3F,
            bool(segmentation & 0x40),
            reference,
            octets[offset:],
        )

    def _encode(self) -> bytes:
        segmentation = _within(self.segments, 63, "segments") | self.first << 6
        head = [0x80 | _within(self.context, 127, "context"), 0x80 | self.release | self.notify << 1]
        if self.reference is None:
            head.append(0x80 | segmentation)
        else:
            head += [segmentation, 0x80 | _within(self.reference, 127, "reference")]
        return bytes(head) + self.information

    def __str__(self) -> str:
        return f"context {self.context}, {self.information.hex()}"


@dataclass(frozen=True, slots=True)
class UserTeleserviceInformation(Indicators):
    """High layer compatibility from its octet 3 on, Q.763 3.59 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.USER_TELESERVICE_INFORMATION
    SIZE: ClassVar[int] = 2

    presentation: int = bits(1, 1, 2, default=1)
    interpretation: int = bits(1, 3, 3, default=4)
    coding_standard: int = bits(1, 6, 2)
    extension: bool = bits(1, 8, default=True)
    characteristics: int = bits(2, 1, 7)
    """High layer characteristics: 1 telephony, 4 facsimile group 2/3 and so on (Q.931 4.5.17)."""
    last: bool = bits(2, 8, default=True)


@dataclass(frozen=True, slots=True)
class ServiceActivation(Parameter):
    """Services to activate, Q.763 3.49 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.SERVICE_ACTIVATION

    features: tuple[int, ...]
    """Feature codes; 1 is call transfer."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        return cls(tuple(octets))

    def _encode(self) -> bytes:
        return bytes(_within(feature, 255, "feature") for feature in self.features)

    def __str__(self) -> str:
        return ", ".join(f"feature {feature}" for feature in self.features) or "none"


# Numbers


@dataclass(frozen=True, slots=True)
class CalledInNumber(PresentedNumber):
    """Called IN number, Q.763 3.73 (coded as the original called number; recalled)."""

    code: ClassVar[ParameterCode] = P.CALLED_IN_NUMBER


@dataclass(frozen=True, slots=True)
class OriginalCalledInNumber(PresentedNumber):
    """Original called IN number, coded as the called IN number (recalled)."""

    code: ClassVar[ParameterCode] = P.ORIGINAL_CALLED_IN_NUMBER


@dataclass(frozen=True, slots=True)
class CalledDirectoryNumber(AddressNumber):
    """Called directory number of a ported subscriber, Q.763 3.86 (coded as the called party number; recalled)."""

    code: ClassVar[ParameterCode] = P.CALLED_DIRECTORY_NUMBER

    inn: bool = bits(2, 8)
    """True when routing to an internal network number is not allowed."""


@dataclass(frozen=True, slots=True)
class NetworkRoutingNumber(PartyNumber):
    """Network routing number of a ported subscriber, Q.763 3.90 (layout recalled)."""

    code: ClassVar[ParameterCode] = P.NETWORK_ROUTING_NUMBER
    SIZE: ClassVar[int] = 1

    digits: str
    nature: int = bits(1, 1, 4, default=1)
    """1 national format, 2 network specific format."""
    plan: int = bits(1, 5, 3, default=Plan.E164, meaning=Plan)


@dataclass(frozen=True, slots=True)
class CorrelationId(GenericDigits):
    """Correlation between SCP and assisting exchange, Q.763 3.70 (coded as generic digits; recalled)."""

    code: ClassVar[ParameterCode] = P.CORRELATION_ID


@dataclass(frozen=True, slots=True)
class ScfId(GenericDigits):
    """Identity of a service control function, Q.763 3.71 (coded as generic digits; recalled)."""

    code: ClassVar[ParameterCode] = P.SCF_ID
