"""Message formats: what each ISUP message carries, ITU-T Q.763 (12/1999) tables 21 to 53 and amendments.

Order matters in the mandatory parts; in the optional part parameters may come in any order (Q.763 1.6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tandem.ss7.isup.codes import MessageType, ParameterCode

P = ParameterCode


@dataclass(frozen=True, slots=True)
class MessageFormat:
    """The parts of one message type."""

    fixed: tuple[tuple[ParameterCode, int], ...] = ()
    """Mandatory fixed part: parameter and its length in octets."""
    variable: tuple[ParameterCode, ...] = ()
    """Mandatory variable part, in the order of the pointers."""
    optional: tuple[ParameterCode, ...] | None = None
    """Parameters the optional part may hold; None for a message without optional part (and so without its pointer)."""
    pointer_may_lack: bool = False
    """Whether a message that ends before the pointer to the optional part is accepted as one without it."""
    mandatory: tuple[ParameterCode, ...] = field(init=False)
    """Codes of the mandatory parameters in order."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mandatory", (*(code for code, _ in self.fixed), *self.variable))


#: Formats of ITU-T by message type. A type without an entry has no defined format: its body is kept whole.
ITU_FORMATS: Final[dict[MessageType, MessageFormat]] = {
    MessageType.IAM: MessageFormat(
        fixed=(
            (P.NATURE_OF_CONNECTION_INDICATORS, 1),
            (P.FORWARD_CALL_INDICATORS, 2),
            (P.CALLING_PARTYS_CATEGORY, 1),
            (P.TRANSMISSION_MEDIUM_REQUIREMENT, 1),
        ),
        variable=(P.CALLED_PARTY_NUMBER,),
        optional=(
            P.TRANSIT_NETWORK_SELECTION,
            P.CALL_REFERENCE,
            P.CALLING_PARTY_NUMBER,
            P.OPTIONAL_FORWARD_CALL_INDICATORS,
            P.REDIRECTING_NUMBER,
            P.REDIRECTION_INFORMATION,
            P.CLOSED_USER_GROUP_INTERLOCK_CODE,
            P.CONNECTION_REQUEST,
            P.ORIGINAL_CALLED_NUMBER,
            P.USER_TO_USER_INFORMATION,
            P.ACCESS_TRANSPORT,
            P.USER_SERVICE_INFORMATION,
            P.USER_TO_USER_INDICATORS,
            P.GENERIC_NUMBER,
            P.PROPAGATION_DELAY_COUNTER,
            P.USER_SERVICE_INFORMATION_PRIME,
            P.NETWORK_SPECIFIC_FACILITY,
            P.GENERIC_DIGITS,
            P.ORIGINATION_ISC_POINT_CODE,
            P.USER_TELESERVICE_INFORMATION,
            P.REMOTE_OPERATIONS,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.GENERIC_NOTIFICATION_INDICATOR,
            P.SERVICE_ACTIVATION,
            P.GENERIC_REFERENCE,
            P.MLPP_PRECEDENCE,
            P.TRANSMISSION_MEDIUM_REQUIREMENT_PRIME,
            P.LOCATION_NUMBER,
            P.FORWARD_GVNS,
            P.CCSS,
            P.NETWORK_MANAGEMENT_CONTROLS,
            P.CIRCUIT_ASSIGNMENT_MAP,
            P.CORRELATION_ID,
            P.CALL_DIVERSION_TREATMENT_INDICATORS,
            P.CALLED_IN_NUMBER,
            P.CALL_OFFERING_TREATMENT_INDICATORS,
            P.CONFERENCE_TREATMENT_INDICATORS,
            P.SCF_ID,
            P.UID_CAPABILITY_INDICATORS,
            P.ECHO_CONTROL_INFORMATION,
            P.HOP_COUNTER,
            P.COLLECT_CALL_REQUEST,
            P.APPLICATION_TRANSPORT,
            P.PIVOT_CAPABILITY,
            P.CALLED_DIRECTORY_NUMBER,
            P.ORIGINAL_CALLED_IN_NUMBER,
            P.CALLING_GEODETIC_LOCATION,
            P.NETWORK_ROUTING_NUMBER,
            P.QUERY_ON_RELEASE_CAPABILITY,
            P.PIVOT_COUNTER,
            P.PIVOT_ROUTING_FORWARD_INFORMATION,
            P.REDIRECT_CAPABILITY,
            P.REDIRECT_COUNTER,
            P.REDIRECT_STATUS,
            P.REDIRECT_FORWARD_INFORMATION,
            P.NUMBER_PORTABILITY_FORWARD_INFORMATION,
        ),
    ),
    MessageType.SAM: MessageFormat(variable=(P.SUBSEQUENT_NUMBER,), optional=()),
    MessageType.INR: MessageFormat(
        fixed=((P.INFORMATION_REQUEST_INDICATORS, 2),),
        optional=(
            P.CALL_REFERENCE,
            P.NETWORK_SPECIFIC_FACILITY,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
        ),
    ),
    MessageType.INF: MessageFormat(
        fixed=((P.INFORMATION_INDICATORS, 2),),
        optional=(
            P.CALLING_PARTYS_CATEGORY,
            P.CALLING_PARTY_NUMBER,
            P.CALL_REFERENCE,
            P.CONNECTION_REQUEST,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.NETWORK_SPECIFIC_FACILITY,
        ),
    ),
    MessageType.COT: MessageFormat(fixed=((P.CONTINUITY_INDICATORS, 1),)),
    MessageType.ACM: MessageFormat(
        fixed=((P.BACKWARD_CALL_INDICATORS, 2),),
        optional=(
            P.OPTIONAL_BACKWARD_CALL_INDICATORS,
            P.CALL_REFERENCE,
            P.CAUSE_INDICATORS,
            P.USER_TO_USER_INDICATORS,
            P.USER_TO_USER_INFORMATION,
            P.ACCESS_TRANSPORT,
            P.GENERIC_NOTIFICATION_INDICATOR,
            P.TRANSMISSION_MEDIUM_USED,
            P.ECHO_CONTROL_INFORMATION,
            P.ACCESS_DELIVERY_INFORMATION,
            P.REDIRECTION_NUMBER,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.CALL_DIVERSION_INFORMATION,
            P.NETWORK_SPECIFIC_FACILITY,
            P.REMOTE_OPERATIONS,
            P.SERVICE_ACTIVATION,
            P.REDIRECTION_NUMBER_RESTRICTION,
            P.CONFERENCE_TREATMENT_INDICATORS,
            P.UID_ACTION_INDICATORS,
            P.APPLICATION_TRANSPORT,
            P.CCNR_POSSIBLE_INDICATOR,
            P.HTR_INFORMATION,
            P.PIVOT_ROUTING_BACKWARD_INFORMATION,
            P.REDIRECT_STATUS,
        ),
    ),
    MessageType.CON: MessageFormat(
        fixed=((P.BACKWARD_CALL_INDICATORS, 2),),
        optional=(
            P.OPTIONAL_BACKWARD_CALL_INDICATORS,
            P.BACKWARD_GVNS,
            P.CONNECTED_NUMBER,
            P.CALL_REFERENCE,
            P.USER_TO_USER_INDICATORS,
            P.USER_TO_USER_INFORMATION,
            P.ACCESS_TRANSPORT,
            P.NETWORK_SPECIFIC_FACILITY,
            P.GENERIC_NOTIFICATION_INDICATOR,
            P.REMOTE_OPERATIONS,
            P.TRANSMISSION_MEDIUM_USED,
            P.ECHO_CONTROL_INFORMATION,
            P.ACCESS_DELIVERY_INFORMATION,
            P.CALL_HISTORY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.SERVICE_ACTIVATION,
            P.GENERIC_NUMBER,
            P.REDIRECTION_NUMBER_RESTRICTION,
            P.CONFERENCE_TREATMENT_INDICATORS,
            P.APPLICATION_TRANSPORT,
            P.HTR_INFORMATION,
            P.PIVOT_ROUTING_BACKWARD_INFORMATION,
            P.REDIRECT_STATUS,
        ),
    ),
    MessageType.FOT: MessageFormat(optional=(P.CALL_REFERENCE,)),
    MessageType.ANM: MessageFormat(
        optional=(
            P.BACKWARD_CALL_INDICATORS,
            P.OPTIONAL_BACKWARD_CALL_INDICATORS,
            P.CALL_REFERENCE,
            P.USER_TO_USER_INDICATORS,
            P.USER_TO_USER_INFORMATION,
            P.CONNECTED_NUMBER,
            P.ACCESS_TRANSPORT,
            P.ACCESS_DELIVERY_INFORMATION,
            P.GENERIC_NOTIFICATION_INDICATOR,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.BACKWARD_GVNS,
            P.CALL_HISTORY_INFORMATION,
            P.GENERIC_NUMBER,
            P.TRANSMISSION_MEDIUM_USED,
            P.NETWORK_SPECIFIC_FACILITY,
            P.REMOTE_OPERATIONS,
            P.REDIRECTION_NUMBER,
            P.SERVICE_ACTIVATION,
            P.ECHO_CONTROL_INFORMATION,
            P.REDIRECTION_NUMBER_RESTRICTION,
            P.DISPLAY_INFORMATION,
            P.CONFERENCE_TREATMENT_INDICATORS,
            P.APPLICATION_TRANSPORT,
            P.PIVOT_ROUTING_BACKWARD_INFORMATION,
            P.REDIRECT_STATUS,
        )
    ),
    MessageType.REL: MessageFormat(
        variable=(P.CAUSE_INDICATORS,),
        optional=(
            P.REDIRECTION_INFORMATION,
            P.REDIRECTION_NUMBER,
            P.ACCESS_TRANSPORT,
            P.SIGNALLING_POINT_CODE,
            P.USER_TO_USER_INFORMATION,
            P.AUTOMATIC_CONGESTION_LEVEL,
            P.NETWORK_SPECIFIC_FACILITY,
            P.ACCESS_DELIVERY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.USER_TO_USER_INDICATORS,
            P.DISPLAY_INFORMATION,
            P.REMOTE_OPERATIONS,
            P.HTR_INFORMATION,
            P.REDIRECT_COUNTER,
            P.REDIRECT_BACKWARD_INFORMATION,
        ),
    ),
    MessageType.SUS: MessageFormat(fixed=((P.SUSPEND_RESUME_INDICATORS, 1),), optional=(P.CALL_REFERENCE,)),
    MessageType.RES: MessageFormat(fixed=((P.SUSPEND_RESUME_INDICATORS, 1),), optional=(P.CALL_REFERENCE,)),
    MessageType.RLC: MessageFormat(optional=(P.CAUSE_INDICATORS,), pointer_may_lack=True),
    MessageType.CCR: MessageFormat(),
    MessageType.RSC: MessageFormat(),
    MessageType.BLO: MessageFormat(),
    MessageType.UBL: MessageFormat(),
    MessageType.BLA: MessageFormat(),
    MessageType.UBA: MessageFormat(),
    MessageType.GRS: MessageFormat(variable=(P.RANGE_AND_STATUS,)),
    MessageType.CGB: MessageFormat(
        fixed=((P.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, 1),), variable=(P.RANGE_AND_STATUS,)
    ),
    MessageType.CGU: MessageFormat(
        fixed=((P.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, 1),), variable=(P.RANGE_AND_STATUS,)
    ),
    MessageType.CGBA: MessageFormat(
        fixed=((P.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, 1),), variable=(P.RANGE_AND_STATUS,)
    ),
    MessageType.CGUA: MessageFormat(
        fixed=((P.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, 1),), variable=(P.RANGE_AND_STATUS,)
    ),
    MessageType.FAR: MessageFormat(
        fixed=((P.FACILITY_INDICATOR, 1),),
        optional=(
            P.USER_TO_USER_INDICATORS,
            P.CALL_REFERENCE,
            P.CONNECTION_REQUEST,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
        ),
    ),
    MessageType.FAA: MessageFormat(
        fixed=((P.FACILITY_INDICATOR, 1),),
        optional=(
            P.USER_TO_USER_INDICATORS,
            P.CALL_REFERENCE,
            P.CONNECTION_REQUEST,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
        ),
    ),
    MessageType.FRJ: MessageFormat(
        fixed=((P.FACILITY_INDICATOR, 1),),
        variable=(P.CAUSE_INDICATORS,),
        optional=(
            P.USER_TO_USER_INDICATORS,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
        ),
    ),
    MessageType.LPA: MessageFormat(),
    MessageType.GRA: MessageFormat(variable=(P.RANGE_AND_STATUS,)),
    MessageType.CQM: MessageFormat(variable=(P.RANGE_AND_STATUS,)),
    MessageType.CQR: MessageFormat(
        variable=(
            P.RANGE_AND_STATUS,
            P.CIRCUIT_STATE_INDICATOR,
        )
    ),
    MessageType.CPG: MessageFormat(
        fixed=((P.EVENT_INFORMATION, 1),),
        optional=(
            P.CAUSE_INDICATORS,
            P.CALL_REFERENCE,
            P.BACKWARD_CALL_INDICATORS,
            P.OPTIONAL_BACKWARD_CALL_INDICATORS,
            P.ACCESS_TRANSPORT,
            P.USER_TO_USER_INDICATORS,
            P.REDIRECTION_NUMBER,
            P.USER_TO_USER_INFORMATION,
            P.GENERIC_NOTIFICATION_INDICATOR,
            P.NETWORK_SPECIFIC_FACILITY,
            P.REMOTE_OPERATIONS,
            P.TRANSMISSION_MEDIUM_USED,
            P.ACCESS_DELIVERY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.CALL_DIVERSION_INFORMATION,
            P.SERVICE_ACTIVATION,
            P.REDIRECTION_NUMBER_RESTRICTION,
            P.CALL_TRANSFER_NUMBER,
            P.ECHO_CONTROL_INFORMATION,
            P.CONNECTED_NUMBER,
            P.BACKWARD_GVNS,
            P.GENERIC_NUMBER,
            P.CALL_HISTORY_INFORMATION,
            P.CONFERENCE_TREATMENT_INDICATORS,
            P.UID_ACTION_INDICATORS,
            P.APPLICATION_TRANSPORT,
            P.CCNR_POSSIBLE_INDICATOR,
            P.PIVOT_ROUTING_BACKWARD_INFORMATION,
            P.REDIRECT_STATUS,
        ),
    ),
    MessageType.USR: MessageFormat(variable=(P.USER_TO_USER_INFORMATION,), optional=(P.ACCESS_TRANSPORT,)),
    MessageType.UCIC: MessageFormat(),
    MessageType.CFN: MessageFormat(variable=(P.CAUSE_INDICATORS,), optional=()),
    MessageType.OLM: MessageFormat(),
    MessageType.NRM: MessageFormat(
        optional=(
            P.MESSAGE_COMPATIBILITY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.ECHO_CONTROL_INFORMATION,
        )
    ),
    MessageType.FAC: MessageFormat(
        optional=(
            P.MESSAGE_COMPATIBILITY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.REMOTE_OPERATIONS,
            P.SERVICE_ACTIVATION,
            P.CALL_TRANSFER_NUMBER,
            P.ACCESS_TRANSPORT,
            P.GENERIC_NOTIFICATION_INDICATOR,
            P.REDIRECTION_NUMBER,
            P.PIVOT_ROUTING_INDICATORS,
            P.PIVOT_STATUS,
            P.PIVOT_COUNTER,
            P.PIVOT_ROUTING_BACKWARD_INFORMATION,
            P.REDIRECT_STATUS,
        )
    ),
    MessageType.UPT: MessageFormat(optional=(P.PARAMETER_COMPATIBILITY_INFORMATION,)),
    MessageType.UPA: MessageFormat(optional=(P.PARAMETER_COMPATIBILITY_INFORMATION,)),
    MessageType.IDR: MessageFormat(
        optional=(
            P.MCID_REQUEST_INDICATORS,
            P.MESSAGE_COMPATIBILITY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
        )
    ),
    MessageType.IRS: MessageFormat(
        optional=(
            P.MCID_RESPONSE_INDICATORS,
            P.MESSAGE_COMPATIBILITY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.CALLING_PARTY_NUMBER,
            P.ACCESS_TRANSPORT,
            P.GENERIC_NUMBER,
            P.CHARGED_PARTY_IDENTIFICATION,
        )
    ),
    MessageType.SGM: MessageFormat(
        optional=(
            P.ACCESS_TRANSPORT,
            P.USER_TO_USER_INFORMATION,
            P.MESSAGE_COMPATIBILITY_INFORMATION,
            P.GENERIC_DIGITS,
            P.GENERIC_NOTIFICATION_INDICATOR,
            P.GENERIC_NUMBER,
        )
    ),
    MessageType.LOP: MessageFormat(
        optional=(
            P.MESSAGE_COMPATIBILITY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.CALL_TRANSFER_REFERENCE,
            P.LOOP_PREVENTION_INDICATORS,
        )
    ),
    MessageType.APM: MessageFormat(
        optional=(
            P.MESSAGE_COMPATIBILITY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.APPLICATION_TRANSPORT,
        )
    ),
    MessageType.PRI: MessageFormat(
        optional=(
            P.MESSAGE_COMPATIBILITY_INFORMATION,
            P.PARAMETER_COMPATIBILITY_INFORMATION,
            P.OPTIONAL_FORWARD_CALL_INDICATORS,
            P.OPTIONAL_BACKWARD_CALL_INDICATORS,
            P.APPLICATION_TRANSPORT,
        )
    ),
    MessageType.SDN: MessageFormat(
        optional=(
            P.SUBSEQUENT_NUMBER,
            P.MESSAGE_COMPATIBILITY_INFORMATION,
        )
    ),
}
