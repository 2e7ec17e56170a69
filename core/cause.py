"""Cause values and locations of ITU-T Q.850 (05/1998 with later additions)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Cause(IntEnum):
    """Cause value, Q.850 table 1; members carry the Recommendation's names."""

    UNALLOCATED_NUMBER = 1
    NO_ROUTE_TO_SPECIFIED_TRANSIT_NETWORK = 2
    NO_ROUTE_TO_DESTINATION = 3
    SEND_SPECIAL_INFORMATION_TONE = 4
    MISDIALLED_TRUNK_PREFIX = 5
    CHANNEL_UNACCEPTABLE = 6
    CALL_AWARDED_AND_BEING_DELIVERED_IN_AN_ESTABLISHED_CHANNEL = 7
    PREEMPTION = 8
    PREEMPTION_CIRCUIT_RESERVED_FOR_REUSE = 9
    QOR_PORTED_NUMBER = 14
    NORMAL_CALL_CLEARING = 16
    USER_BUSY = 17
    NO_USER_RESPONDING = 18
    NO_ANSWER_FROM_USER = 19
    SUBSCRIBER_ABSENT = 20
    CALL_REJECTED = 21
    NUMBER_CHANGED = 22
    REDIRECTION_TO_NEW_DESTINATION = 23
    CALL_REJECTED_DUE_TO_FEATURE_AT_THE_DESTINATION = 24
    EXCHANGE_ROUTING_ERROR = 25
    NON_SELECTED_USER_CLEARING = 26
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER_FORMAT = 28
    FACILITY_REJECTED = 29
    RESPONSE_TO_STATUS_ENQUIRY = 30
    NORMAL_UNSPECIFIED = 31
    NO_CIRCUIT_CHANNEL_AVAILABLE = 34
    NETWORK_OUT_OF_ORDER = 38
    PERMANENT_FRAME_MODE_CONNECTION_OUT_OF_SERVICE = 39
    PERMANENT_FRAME_MODE_CONNECTION_OPERATIONAL = 40
    TEMPORARY_FAILURE = 41
    SWITCHING_EQUIPMENT_CONGESTION = 42
    ACCESS_INFORMATION_DISCARDED = 43
    REQUESTED_CIRCUIT_CHANNEL_NOT_AVAILABLE = 44
    PRECEDENCE_CALL_BLOCKED = 46
    RESOURCES_UNAVAILABLE_UNSPECIFIED = 47
    QUALITY_OF_SERVICE_UNAVAILABLE = 49
    REQUESTED_FACILITY_NOT_SUBSCRIBED = 50
    OUTGOING_CALLS_BARRED_WITHIN_CUG = 53
    INCOMING_CALLS_BARRED_WITHIN_CUG = 55
    BEARER_CAPABILITY_NOT_AUTHORIZED = 57
    BEARER_CAPABILITY_NOT_PRESENTLY_AVAILABLE = 58
    INCONSISTENCY_IN_DESIGNATED_OUTGOING_ACCESS_INFORMATION_AND_SUBSCRIBER_CLASS = 62
    SERVICE_OR_OPTION_NOT_AVAILABLE_UNSPECIFIED = 63
    BEARER_CAPABILITY_NOT_IMPLEMENTED = 65
    CHANNEL_TYPE_NOT_IMPLEMENTED = 66
    REQUESTED_FACILITY_NOT_IMPLEMENTED = 69
    ONLY_RESTRICTED_DIGITAL_INFORMATION_BEARER_CAPABILITY_IS_AVAILABLE = 70
    SERVICE_OR_OPTION_NOT_IMPLEMENTED_UNSPECIFIED = 79
    INVALID_CALL_REFERENCE_VALUE = 81
    IDENTIFIED_CHANNEL_DOES_NOT_EXIST = 82
    CALL_IDENTITY_DOES_NOT_EXIST_FOR_SUSPENDED_CALL = 83
    CALL_IDENTITY_IN_USE = 84
    NO_CALL_SUSPENDED = 85
    CALL_HAVING_THE_REQUESTED_CALL_IDENTITY_HAS_BEEN_CLEARED = 86
    USER_NOT_MEMBER_OF_CUG = 87
    INCOMPATIBLE_DESTINATION = 88
    NON_EXISTENT_CUG = 90
    INVALID_TRANSIT_NETWORK_SELECTION = 91
    INVALID_MESSAGE_UNSPECIFIED = 95
    MANDATORY_INFORMATION_ELEMENT_IS_MISSING = 96
    MESSAGE_TYPE_NON_EXISTENT_OR_NOT_IMPLEMENTED = 97
    MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE_OR_MESSAGE_TYPE_NON_EXISTENT_OR_NOT_IMPLEMENTED = 98
    INFORMATION_ELEMENT_PARAMETER_NON_EXISTENT_OR_NOT_IMPLEMENTED = 99
    INVALID_INFORMATION_ELEMENT_CONTENTS = 100
    MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE = 101
    RECOVERY_ON_TIMER_EXPIRY = 102
    PARAMETER_NON_EXISTENT_OR_NOT_IMPLEMENTED_PASSED_ON = 103
    MESSAGE_WITH_UNRECOGNIZED_PARAMETER_DISCARDED = 110
    PROTOCOL_ERROR_UNSPECIFIED = 111
    INTERWORKING_UNSPECIFIED = 127


class Location(IntEnum):
    """Where the cause arose, Q.850 2.2.3."""

    USER = 0
    PRIVATE_NETWORK_LOCAL = 1
    PUBLIC_NETWORK_LOCAL = 2
    TRANSIT_NETWORK = 3
    PUBLIC_NETWORK_REMOTE = 4
    PRIVATE_NETWORK_REMOTE = 5
    INTERNATIONAL_NETWORK = 7
    BEYOND_INTERWORKING = 10


_NAMES: Final[dict[int, str]] = {
    1: "Unallocated (unassigned) number",
    2: "No route to specified transit network",
    3: "No route to destination",
    4: "Send special information tone",
    5: "Misdialled trunk prefix",
    6: "Channel unacceptable",
    7: "Call awarded and being delivered in an established channel",
    8: "Preemption",
    9: "Preemption - circuit reserved for reuse",
    14: "QoR: ported number",
    16: "Normal call clearing",
    17: "User busy",
    18: "No user responding",
    19: "No answer from user (user alerted)",
    20: "Subscriber absent",
    21: "Call rejected",
    22: "Number changed",
    23: "Redirection to new destination",
    24: "Call rejected due to feature at the destination",
    25: "Exchange routing error",
    26: "Non-selected user clearing",
    27: "Destination out of order",
    28: "Invalid number format (address incomplete)",
    29: "Facility rejected",
    30: "Response to STATUS ENQUIRY",
    31: "Normal unspecified",
    34: "No circuit/channel available",
    38: "Network out of order",
    39: "Permanent frame mode connection out of service",
    40: "Permanent frame mode connection operational",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    43: "Access information discarded",
    44: "Requested circuit/channel not available",
    46: "Precedence call blocked",
    47: "Resources unavailable, unspecified",
    49: "Quality of service unavailable",
    50: "Requested facility not subscribed",
    53: "Outgoing calls barred within CUG",
    55: "Incoming calls barred within CUG",
    57: "Bearer capability not authorized",
    58: "Bearer capability not presently available",
    62: "Inconsistency in designated outgoing access information and subscriber class",
    63: "Service or option not available, unspecified",
    65: "Bearer capability not implemented",
    66: "Channel type not implemented",
    69: "Requested facility not implemented",
    70: "Only restricted digital information bearer capability is available",
    79: "Service or option not implemented, unspecified",
    81: "Invalid call reference value",
    82: "Identified channel does not exist",
    83: "Call identity does not exist for suspended call",
    84: "Call identity in use",
    85: "No call suspended",
    86: "Call having the requested call identity has been cleared",
    87: "User not member of CUG",
    88: "Incompatible destination",
    90: "Non-existent CUG",
    91: "Invalid transit network selection (national use)",
    95: "Invalid message, unspecified",
    96: "Mandatory information element is missing",
    97: "Message type non-existent or not implemented",
    98: "Message not compatible with call state or message type non-existent or not implemented",
    99: "Information element / parameter non-existent or not implemented",
    100: "Invalid information element contents",
    101: "Message not compatible with call state",
    102: "Recovery on timer expiry",
    103: "Parameter non-existent or not implemented - passed on",
    110: "Message with unrecognized parameter discarded",
    111: "Protocol error, unspecified",
    127: "Interworking, unspecified",
}


def cause_name(value: int) -> str:
    """The name of a cause value, or `cause N` for one that Q.850 does not define."""
    return _NAMES.get(value, f"cause {value}")


def location_name(value: int) -> str:
    """The name of a location, or `location N` for one that Q.850 does not define."""
    try:
        return Location(value).name.lower().replace("_", " ")
    except ValueError:
        return f"location {value}"
