"""Indicators of the basic call: nature of connection, forward and backward call indicators, event, category, medium.

Every class is nothing but bit fields (Q.763 (12/1999) clause 3); a field of one bit is a bool, True meaning the
value 1 of the Recommendation as its name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from tandem.core.bits import bits
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import Indicators


class Satellite(IntEnum):
    """Satellite indicator, Q.763 3.35 a)."""

    NONE = 0
    ONE = 1
    TWO = 2


class ContinuityCheck(IntEnum):
    """Continuity check indicator, Q.763 3.35 b)."""

    NOT_REQUIRED = 0
    REQUIRED_ON_THIS_CIRCUIT = 1
    PERFORMED_ON_A_PREVIOUS_CIRCUIT = 2


class EndToEndMethod(IntEnum):
    """End-to-end method indicator, Q.763 3.5 and 3.23."""

    LINK_BY_LINK = 0
    PASS_ALONG = 1
    SCCP = 2
    PASS_ALONG_AND_SCCP = 3


class SccpMethod(IntEnum):
    """SCCP method indicator, Q.763 3.5 and 3.23."""

    NO_INDICATION = 0
    CONNECTIONLESS = 1
    CONNECTION_ORIENTED = 2
    BOTH = 3


class IsupPreference(IntEnum):
    """ISDN user part preference indicator, Q.763 3.23."""

    PREFERRED = 0
    NOT_REQUIRED = 1
    REQUIRED = 2


class Charge(IntEnum):
    """Charge indicator, Q.763 3.5."""

    NO_INDICATION = 0
    NO_CHARGE = 1
    CHARGE = 2


class CalledPartyStatus(IntEnum):
    """Called party's status indicator, Q.763 3.5."""

    NO_INDICATION = 0
    SUBSCRIBER_FREE = 1
    CONNECT_WHEN_FREE = 2


class CalledPartyCategory(IntEnum):
    """Called party's category indicator, Q.763 3.5."""

    NO_INDICATION = 0
    ORDINARY_SUBSCRIBER = 1
    PAYPHONE = 2


class Event(IntEnum):
    """Event indicator, Q.763 3.21."""

    ALERTING = 1
    PROGRESS = 2
    IN_BAND_INFORMATION = 3
    CALL_FORWARDED_ON_BUSY = 4
    CALL_FORWARDED_ON_NO_REPLY = 5
    CALL_FORWARDED_UNCONDITIONAL = 6


class Category(IntEnum):
    """Calling party's category, Q.763 3.11; 224 is ANSI T1.113."""

    UNKNOWN = 0
    OPERATOR_FRENCH = 1
    OPERATOR_ENGLISH = 2
    OPERATOR_GERMAN = 3
    OPERATOR_RUSSIAN = 4
    OPERATOR_SPANISH = 5
    NATIONAL_OPERATOR = 9
    ORDINARY_SUBSCRIBER = 10
    SUBSCRIBER_WITH_PRIORITY = 11
    DATA_CALL = 12
    TEST_CALL = 13
    PAYPHONE = 15
    MOBILE_TERMINAL_IN_HOME_PLMN = 16
    MOBILE_TERMINAL_IN_VISITED_PLMN = 17
    EMERGENCY_SERVICE_CALL = 224


class Medium(IntEnum):
    """Transmission medium requirement, Q.763 3.54."""

    SPEECH = 0
    UNRESTRICTED_64K = 2
    AUDIO_3K1 = 3
    ALTERNATE_SPEECH_64K = 4
    ALTERNATE_64K_SPEECH = 5
    PREFERRED_64K = 6
    UNRESTRICTED_2X64K = 7
    UNRESTRICTED_384K = 8
    UNRESTRICTED_1536K = 9
    UNRESTRICTED_1920K = 10


class CugCall(IntEnum):
    """Closed user group call indicator, Q.763 3.38 a)."""

    NON_CUG = 0
    CUG_OUTGOING_ACCESS_ALLOWED = 2
    CUG_OUTGOING_ACCESS_NOT_ALLOWED = 3


@dataclass(frozen=True, slots=True)
class NatureOfConnectionIndicators(Indicators):
    """Nature of connection indicators, Q.763 3.35."""

    code: ClassVar[ParameterCode] = ParameterCode.NATURE_OF_CONNECTION_INDICATORS

    satellite: int = bits(1, 1, 2, meaning=Satellite)
    continuity_check: int = bits(1, 3, 2, meaning=ContinuityCheck)
    outgoing_echo_control: bool = bits(1, 5)
    """Whether an outgoing echo control device is included."""


@dataclass(frozen=True, slots=True)
class ForwardCallIndicators(Indicators):
    """Forward call indicators, Q.763 3.23."""

    code: ClassVar[ParameterCode] = ParameterCode.FORWARD_CALL_INDICATORS
    SIZE: ClassVar[int] = 2

    international: bool = bits(1, 1)
    """Whether the call is to be treated as international."""
    end_to_end_method: int = bits(1, 2, 2, meaning=EndToEndMethod)
    interworking: bool = bits(1, 4)
    """Whether interworking was encountered (not SS7 all the way)."""
    end_to_end_information: bool = bits(1, 5)
    isup_all_the_way: bool = bits(1, 6)
    isup_preference: int = bits(1, 7, 2, meaning=IsupPreference)
    isdn_access: bool = bits(2, 1)
    """Whether the originating access is ISDN."""
    sccp_method: int = bits(2, 2, 2, meaning=SccpMethod)
    ported_number_translated: bool = bits(2, 5)
    qor_attempt: bool = bits(2, 6)
    """Whether a query on release routing attempt is in progress."""


@dataclass(frozen=True, slots=True)
class OptionalForwardCallIndicators(Indicators):
    """Optional forward call indicators, Q.763 3.38."""

    code: ClassVar[ParameterCode] = ParameterCode.OPTIONAL_FORWARD_CALL_INDICATORS

    cug_call: int = bits(1, 1, 2, meaning=CugCall)
    simple_segmentation: bool = bits(1, 3)
    """Whether more information comes in a segmentation message."""
    connected_line_identity_request: bool = bits(1, 8)


@dataclass(frozen=True, slots=True)
class BackwardCallIndicators(Indicators):
    """Backward call indicators, Q.763 3.5."""

    code: ClassVar[ParameterCode] = ParameterCode.BACKWARD_CALL_INDICATORS
    SIZE: ClassVar[int] = 2

    charge: int = bits(1, 1, 2, meaning=Charge)
    called_party_status: int = bits(1, 3, 2, meaning=CalledPartyStatus)
    called_party_category: int = bits(1, 5, 2, meaning=CalledPartyCategory)
    end_to_end_method: int = bits(1, 7, 2, meaning=EndToEndMethod)
    interworking: bool = bits(2, 1)
    """Whether interworking was encountered."""
    end_to_end_information: bool = bits(2, 2)
    """End-to-end information available; in ANSI T1.113 the IAM segmentation indicator."""
    isup_all_the_way: bool = bits(2, 3)
    holding: bool = bits(2, 4)
    """Whether holding is requested."""
    isdn_access: bool = bits(2, 5)
    """Whether the terminating access is ISDN."""
    incoming_echo_control: bool = bits(2, 6)
    sccp_method: int = bits(2, 7, 2, meaning=SccpMethod)


@dataclass(frozen=True, slots=True)
class OptionalBackwardCallIndicators(Indicators):
    """Optional backward call indicators, Q.763 3.37."""

    code: ClassVar[ParameterCode] = ParameterCode.OPTIONAL_BACKWARD_CALL_INDICATORS

    in_band_information: bool = bits(1, 1)
    """In-band information or an appropriate pattern is now available."""
    call_diversion_may_occur: bool = bits(1, 2)
    simple_segmentation: bool = bits(1, 3)
    mlpp_user: bool = bits(1, 4)


@dataclass(frozen=True, slots=True)
class CallingPartysCategory(Indicators):
    """Calling party's category, Q.763 3.11."""

    code: ClassVar[ParameterCode] = ParameterCode.CALLING_PARTYS_CATEGORY

    category: int = bits(1, 1, 8, default=Category.ORDINARY_SUBSCRIBER, meaning=Category)


@dataclass(frozen=True, slots=True)
class TransmissionMediumRequirement(Indicators):
    """Transmission medium requirement, Q.763 3.54."""

    code: ClassVar[ParameterCode] = ParameterCode.TRANSMISSION_MEDIUM_REQUIREMENT

    medium: int = bits(1, 1, 8, default=Medium.AUDIO_3K1, meaning=Medium)


@dataclass(frozen=True, slots=True)
class TransmissionMediumRequirementPrime(Indicators):
    """Transmission medium requirement prime, the fall-back medium; Q.763 3.55."""

    code: ClassVar[ParameterCode] = ParameterCode.TRANSMISSION_MEDIUM_REQUIREMENT_PRIME

    medium: int = bits(1, 1, 8, default=Medium.SPEECH, meaning=Medium)


@dataclass(frozen=True, slots=True)
class TransmissionMediumUsed(Indicators):
    """Transmission medium used, Q.763 3.56."""

    code: ClassVar[ParameterCode] = ParameterCode.TRANSMISSION_MEDIUM_USED

    medium: int = bits(1, 1, 8, default=Medium.SPEECH, meaning=Medium)


@dataclass(frozen=True, slots=True)
class EventInformation(Indicators):
    """Event information of a CPG, Q.763 3.21."""

    code: ClassVar[ParameterCode] = ParameterCode.EVENT_INFORMATION

    event: int = bits(1, 1, 7, default=Event.PROGRESS, meaning=Event)
    presentation_restricted: bool = bits(1, 8)


@dataclass(frozen=True, slots=True)
class ContinuityIndicators(Indicators):
    """Continuity indicators of a COT, Q.763 3.18."""

    code: ClassVar[ParameterCode] = ParameterCode.CONTINUITY_INDICATORS

    successful: bool = bits(1, 1)


@dataclass(frozen=True, slots=True)
class SuspendResumeIndicators(Indicators):
    """Suspend/resume indicators, Q.763 3.52."""

    code: ClassVar[ParameterCode] = ParameterCode.SUSPEND_RESUME_INDICATORS

    network_initiated: bool = bits(1, 1)


@dataclass(frozen=True, slots=True)
class HopCounter(Indicators):
    """Hop counter, Q.763 3.80: exchanges the call may still pass."""

    code: ClassVar[ParameterCode] = ParameterCode.HOP_COUNTER

    count: int = bits(1, 1, 5)
