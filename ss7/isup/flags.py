"""Small indicators of supplementary services and the intelligent network, Q.763 (12/1999) clause 3 (recalled)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tandem.core.bits import bits
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import Indicators

P = ParameterCode


@dataclass(frozen=True, slots=True)
class FacilityIndicator(Indicators):
    """Which facility FAR, FAA and FRJ are about, Q.763 3.22."""

    code: ClassVar[ParameterCode] = P.FACILITY_INDICATOR

    facility: int = bits(1, 1, 8, default=2)
    """2 user-to-user service."""


@dataclass(frozen=True, slots=True)
class FreephoneIndicators(Indicators):
    """Freephone indicators, Q.763 3.66 (recalled)."""

    code: ClassVar[ParameterCode] = P.FREEPHONE_INDICATORS

    freephone: bool = bits(1, 1)


@dataclass(frozen=True, slots=True)
class LoopPreventionIndicators(Indicators):
    """Loop prevention indicators, Q.763 3.67 (recalled)."""

    code: ClassVar[ParameterCode] = P.LOOP_PREVENTION_INDICATORS

    response: bool = bits(1, 1)
    """Whether this answers a request."""
    result: int = bits(1, 2, 2)
    """In a response: 0 insufficient information, 1 no loop, 2 simultaneous transfer."""


@dataclass(frozen=True, slots=True)
class Ccss(Indicators):
    """Whether the call completes an earlier one to a busy subscriber, Q.763 3.63 (recalled)."""

    code: ClassVar[ParameterCode] = P.CCSS

    ccss_call: bool = bits(1, 1)


@dataclass(frozen=True, slots=True)
class BackwardGvns(Indicators):
    """Global virtual network service, backward, Q.763 3.62 (recalled)."""

    code: ClassVar[ParameterCode] = P.BACKWARD_GVNS

    terminating_access: int = bits(1, 1, 2)
    """0 no information, 1 dedicated, 2 switched."""
    last: bool = bits(1, 8, default=True)


@dataclass(frozen=True, slots=True)
class NetworkManagementControls(Indicators):
    """Network management controls, Q.763 3.68 (recalled)."""

    code: ClassVar[ParameterCode] = P.NETWORK_MANAGEMENT_CONTROLS

    temporary_alternative_routing: bool = bits(1, 1)
    last: bool = bits(1, 8, default=True)


@dataclass(frozen=True, slots=True)
class CallDiversionTreatment(Indicators):
    """Whether the call may be diverted, Q.763 3.72 (recalled)."""

    code: ClassVar[ParameterCode] = P.CALL_DIVERSION_TREATMENT_INDICATORS

    diversion: int = bits(1, 1, 2)
    """0 no indication, 1 allowed, 2 not allowed."""
    last: bool = bits(1, 8, default=True)


@dataclass(frozen=True, slots=True)
class CallOfferingTreatment(Indicators):
    """Whether the call may be offered to a busy subscriber, Q.763 3.74 (recalled)."""

    code: ClassVar[ParameterCode] = P.CALL_OFFERING_TREATMENT_INDICATORS

    offering: int = bits(1, 1, 2)
    """0 no indication, 1 not allowed, 2 allowed."""
    last: bool = bits(1, 8, default=True)


@dataclass(frozen=True, slots=True)
class ConferenceTreatment(Indicators):
    """Whether the call may join a conference, Q.763 3.76 (recalled)."""

    code: ClassVar[ParameterCode] = P.CONFERENCE_TREATMENT_INDICATORS

    acceptance: int = bits(1, 1, 2)
    """0 no indication, 1 accept, 2 reject."""
    last: bool = bits(1, 8, default=True)


@dataclass(frozen=True, slots=True)
class UidActionIndicators(Indicators):
    """User interaction during call set-up: what the exchange does, Q.763 3.78 (recalled)."""

    code: ClassVar[ParameterCode] = P.UID_ACTION_INDICATORS

    through_connect: bool = bits(1, 1)
    """Connect the speech path in both directions."""
    stop_t9: bool = bits(1, 2)
    last: bool = bits(1, 8, default=True)


@dataclass(frozen=True, slots=True)
class UidCapabilityIndicators(Indicators):
    """User interaction during call set-up: what the exchange could do, Q.763 3.79 (recalled)."""

    code: ClassVar[ParameterCode] = P.UID_CAPABILITY_INDICATORS

    through_connection: bool = bits(1, 1)
    stopping_t9: bool = bits(1, 2)
    last: bool = bits(1, 8, default=True)


@dataclass(frozen=True, slots=True)
class CollectCallRequest(Indicators):
    """Whether the called side is asked to pay, Q.763 3.81 (recalled)."""

    code: ClassVar[ParameterCode] = P.COLLECT_CALL_REQUEST

    requested: bool = bits(1, 1)


@dataclass(frozen=True, slots=True)
class CcnrPossibleIndicator(Indicators):
    """Whether the call can be completed on no reply, Q.763 3.83 (recalled)."""

    code: ClassVar[ParameterCode] = P.CCNR_POSSIBLE_INDICATOR

    possible: bool = bits(1, 1)


@dataclass(frozen=True, slots=True)
class QueryOnReleaseCapability(Indicators):
    """Whether an earlier exchange can route again after a release, Q.763 3.91 (recalled)."""

    code: ClassVar[ParameterCode] = P.QUERY_ON_RELEASE_CAPABILITY

    supported: bool = bits(1, 1)
    last: bool = bits(1, 8, default=True)


@dataclass(frozen=True, slots=True)
class PivotCounter(Indicators):
    """How often the call was pivoted, Q.763 3.93 (recalled)."""

    code: ClassVar[ParameterCode] = P.PIVOT_COUNTER

    count: int = bits(1, 1, 5)


@dataclass(frozen=True, slots=True)
class ServiceCode(Indicators):
    """Service code of ANSI T1.113 (recalled)."""

    code: ClassVar[ParameterCode] = P.SERVICE_CODE

    service: int = bits(1, 1, 8)


@dataclass(frozen=True, slots=True)
class SpecialProcessingRequest(Indicators):
    """Special processing request of ANSI T1.113 (recalled)."""

    code: ClassVar[ParameterCode] = P.SPECIAL_PROCESSING_REQUEST

    request: int = bits(1, 1, 8)


@dataclass(frozen=True, slots=True)
class CarrierSelectionInformation(Indicators):
    """How the caller chose the carrier, ANSI T1.113 (recalled)."""

    code: ClassVar[ParameterCode] = P.CARRIER_SELECTION_INFORMATION

    selection: int = bits(1, 1, 8)
    """0 no indication, 1 presubscribed, not dialled, 2 presubscribed and dialled, 4 not presubscribed, dialled."""
