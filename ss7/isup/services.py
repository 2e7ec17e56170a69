"""Parameters of supplementary services and interworking: redirection, notification, information, echo control."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.bits import bits, meaning_of
from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.codes import ParameterCode, parameter_name
from tandem.ss7.isup.parameters import Indicators, Parameter


class Redirecting(IntEnum):
    """Redirecting indicator, Q.763 3.45 a)."""

    NO_REDIRECTION = 0
    CALL_REROUTED = 1
    CALL_REROUTED_ALL_RESTRICTED = 2
    CALL_DIVERTED = 3
    CALL_DIVERTED_ALL_RESTRICTED = 4
    CALL_REROUTED_NUMBER_RESTRICTED = 5
    CALL_DIVERTED_NUMBER_RESTRICTED = 6


class RedirectionReason(IntEnum):
    """Original and last redirection reason, Q.763 3.45 b) and d)."""

    UNKNOWN = 0
    USER_BUSY = 1
    NO_REPLY = 2
    UNCONDITIONAL = 3
    DEFLECTION_DURING_ALERTING = 4
    DEFLECTION_IMMEDIATE = 5
    MOBILE_NOT_REACHABLE = 6


@dataclass(frozen=True, slots=True)
class RedirectionInformation(Parameter):
    """Redirection information, Q.763 3.45."""

    code: ClassVar[ParameterCode] = ParameterCode.REDIRECTION_INFORMATION

    indicator: int = Redirecting.CALL_DIVERTED
    original_reason: int = RedirectionReason.UNKNOWN
    counter: int | None = 1
    """How often the call was redirected, 1 to 5; None with the one-octet form of 1988."""
    reason: int | None = RedirectionReason.UNKNOWN
    """Why it was redirected last; None with the one-octet form."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the form of one octet or that of two."""
        if not octets:
            raise DecodeError("Redirection information is empty", 0)
        first = octets[0]
        if len(octets) == 1:
            return cls(first & 7, first >> 4, None, None)
        return cls(first & 7, first >> 4, octets[1] & 7, octets[1] >> 4)

    def _encode(self) -> bytes:
        """Content octets, one when there is neither counter nor reason."""
        first = bytes([self.indicator & 7 | (self.original_reason & 0xF) << 4])
        if self.counter is None and self.reason is None:
            return first
        return first + bytes([(self.counter or 0) & 7 | ((self.reason or 0) & 0xF) << 4])

    def __str__(self) -> str:
        text = (
            f"{meaning_of(Redirecting, self.indicator)}, "
            f"originally {meaning_of(RedirectionReason, self.original_reason)}"
        )
        if self.reason is not None:
            text += f", last {meaning_of(RedirectionReason, self.reason)}, {self.counter} times"
        return text


class NotificationSubscription(IntEnum):
    """Notification subscription option, Q.763 3.6."""

    UNKNOWN = 0
    PRESENTATION_NOT_ALLOWED = 1
    ALLOWED_WITH_REDIRECTION_NUMBER = 2
    ALLOWED_WITHOUT_REDIRECTION_NUMBER = 3


@dataclass(frozen=True, slots=True)
class CallDiversionInformation(Indicators):
    """Call diversion information, Q.763 3.6."""

    code: ClassVar[ParameterCode] = ParameterCode.CALL_DIVERSION_INFORMATION

    notification: int = bits(1, 1, 3, meaning=NotificationSubscription)
    reason: int = bits(1, 4, 4, meaning=RedirectionReason)


@dataclass(frozen=True, slots=True)
class RedirectionNumberRestriction(Indicators):
    """Whether the redirection number may be shown, Q.763 3.47."""

    code: ClassVar[ParameterCode] = ParameterCode.REDIRECTION_NUMBER_RESTRICTION

    presentation: int = bits(1, 1, 2)
    """0 allowed, 1 restricted."""


class Notification(IntEnum):
    """Notification indicator, Q.763 3.25."""

    USER_SUSPENDED = 0
    USER_RESUMED = 1
    BEARER_SERVICE_CHANGE = 2
    CALL_COMPLETION_DELAY = 4
    CONFERENCE_ESTABLISHED = 66
    CONFERENCE_DISCONNECTED = 67
    OTHER_PARTY_ADDED = 68
    ISOLATED = 69
    REATTACHED = 70
    CALL_IS_A_WAITING_CALL = 96
    DIVERSION_ACTIVATED = 104
    CALL_TRANSFER_ALERTING = 105
    CALL_TRANSFER_ACTIVE = 106
    REMOTE_HOLD = 121
    REMOTE_RETRIEVAL = 122
    CALL_IS_DIVERTING = 123


@dataclass(frozen=True, slots=True)
class GenericNotificationIndicator(Indicators):
    """Generic notification indicator, Q.763 3.25; may come more than once."""

    code: ClassVar[ParameterCode] = ParameterCode.GENERIC_NOTIFICATION_INDICATOR

    notification: int = bits(1, 1, 7, meaning=Notification)
    last: bool = bits(1, 8, default=True)
    """Extension bit: no further octet of this parameter follows."""


@dataclass(frozen=True, slots=True)
class AccessDeliveryInformation(Indicators):
    """Whether a SETUP message went to the access, Q.763 3.2."""

    code: ClassVar[ParameterCode] = ParameterCode.ACCESS_DELIVERY_INFORMATION

    no_setup_generated: bool = bits(1, 1)


@dataclass(frozen=True, slots=True)
class AutomaticCongestionLevel(Indicators):
    """Automatic congestion level, Q.763 3.4."""

    code: ClassVar[ParameterCode] = ParameterCode.AUTOMATIC_CONGESTION_LEVEL

    level: int = bits(1, 1, 8)
    """1: congestion level 1 exceeded, 2: level 2 exceeded."""


class EchoDevice(IntEnum):
    """Echo control device information, Q.763 3.19."""

    NO_INFORMATION = 0
    NOT_INCLUDED_NOT_AVAILABLE = 1
    INCLUDED = 2
    NOT_INCLUDED_AVAILABLE = 3


class EchoRequest(IntEnum):
    """Echo control device request, Q.763 3.19."""

    NO_INFORMATION = 0
    ACTIVATION = 1
    DEACTIVATION = 2


@dataclass(frozen=True, slots=True)
class EchoControlInformation(Indicators):
    """Echo control information, Q.763 3.19."""

    code: ClassVar[ParameterCode] = ParameterCode.ECHO_CONTROL_INFORMATION

    outgoing_device: int = bits(1, 1, 2, meaning=EchoDevice)
    incoming_device: int = bits(1, 3, 2, meaning=EchoDevice)
    outgoing_request: int = bits(1, 5, 2, meaning=EchoRequest)
    incoming_request: int = bits(1, 7, 2, meaning=EchoRequest)


@dataclass(frozen=True, slots=True)
class InformationRequestIndicators(Indicators):
    """What an INR asks for, Q.763 3.29."""

    code: ClassVar[ParameterCode] = ParameterCode.INFORMATION_REQUEST_INDICATORS
    SIZE: ClassVar[int] = 2

    calling_party_address: bool = bits(1, 1)
    holding: bool = bits(1, 2)
    calling_partys_category: bool = bits(1, 4)
    charge_information: bool = bits(1, 5)
    malicious_call_identification: bool = bits(1, 8)


class AddressResponse(IntEnum):
    """Calling party address response indicator, Q.763 3.28."""

    NOT_INCLUDED = 0
    NOT_AVAILABLE = 1
    INCLUDED = 3


@dataclass(frozen=True, slots=True)
class InformationIndicators(Indicators):
    """What an INF brings, Q.763 3.28."""

    code: ClassVar[ParameterCode] = ParameterCode.INFORMATION_INDICATORS
    SIZE: ClassVar[int] = 2

    calling_party_address: int = bits(1, 1, 2, meaning=AddressResponse)
    hold_provided: bool = bits(1, 3)
    calling_partys_category: bool = bits(1, 6)
    charge_information: bool = bits(1, 7)
    unsolicited: bool = bits(1, 8)


@dataclass(frozen=True, slots=True)
class PropagationDelayCounter(Parameter):
    """Propagation delay of the call so far, Q.763 3.42."""

    code: ClassVar[ParameterCode] = ParameterCode.PROPAGATION_DELAY_COUNTER

    milliseconds: int

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read two octets, the most significant first."""
        if len(octets) < 2:
            raise DecodeError(f"{parameter_name(cls.code)} needs 2 octets, has {len(octets)}", len(octets))
        return cls(int.from_bytes(octets[:2], "big"))

    def _encode(self) -> bytes:
        """Content octets."""
        if not 0 <= self.milliseconds <= 0xFFFF:
            raise EncodeError(f"propagation delay {self.milliseconds} ms does not fit two octets")
        return self.milliseconds.to_bytes(2, "big")

    def __str__(self) -> str:
        return f"{self.milliseconds} ms"


def network_octets(network: str) -> bytes:
    """The two octets of a network identity of four digits, Q.763 3.15; EncodeError when it is none."""
    try:
        octets = bytes.fromhex(network)
    except ValueError:
        octets = b""
    if len(octets) != 2:
        raise EncodeError(f"network identity {network!r} is not four digits")
    return octets


@dataclass(frozen=True, slots=True)
class ClosedUserGroupInterlockCode(Parameter):
    """Closed user group interlock code, Q.763 3.15."""

    code: ClassVar[ParameterCode] = ParameterCode.CLOSED_USER_GROUP_INTERLOCK_CODE

    network: str
    """Network identity: four digits, the first in the high half of its octet."""
    interlock: int
    """Binary code, 0 to 65535."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read four octets."""
        if len(octets) < 4:
            raise DecodeError(f"Closed user group interlock code needs 4 octets, has {len(octets)}", len(octets))
        return cls(octets[:2].hex().upper(), int.from_bytes(octets[2:4], "big"))

    def _encode(self) -> bytes:
        """Content octets."""
        if not 0 <= self.interlock <= 0xFFFF:
            raise EncodeError(f"interlock code {self.interlock} is too large")
        return network_octets(self.network) + self.interlock.to_bytes(2, "big")

    def __str__(self) -> str:
        return f"network {self.network}, code {self.interlock}"


@dataclass(frozen=True, slots=True)
class OriginatingLineInformation(Indicators):
    """Originating line information of ANSI T1.113: 0 POTS, 1 multiparty, 2 ANI failure, 27 coin and so on."""

    code: ClassVar[ParameterCode] = ParameterCode.ORIGINATING_LINE_INFORMATION

    line: int = bits(1, 1, 8)


@dataclass(frozen=True, slots=True)
class CircuitGroupCharacteristicIndicator(Indicators):
    """Circuit group characteristics in a CVR of ANSI T1.113."""

    code: ClassVar[ParameterCode] = ParameterCode.CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR

    carrier: int = bits(1, 1, 2)
    """0 unknown, 1 analogue, 2 digital, 3 both."""
    double_seizing_control: int = bits(1, 3, 2)
    """Circuits the sender controls: 0 none, 1 odd, 2 even, 3 all CICs."""
    alarm_carrier: int = bits(1, 5, 2)
    """0 unknown, 1 software, 2 hardware."""
    continuity_check: int = bits(1, 7, 2)
    """0 unknown, 1 none, 2 statistical, 3 per call."""


@dataclass(frozen=True, slots=True)
class CircuitValidationResponseIndicator(Indicators):
    """Result of a circuit validation test, ANSI T1.113."""

    code: ClassVar[ParameterCode] = ParameterCode.CIRCUIT_VALIDATION_RESPONSE_INDICATOR

    successful: bool = bits(1, 1)
