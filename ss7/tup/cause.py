"""Messages of failure and Q.850 causes: which cause a message stands for, and which message tells a cause.

ITU-T has no such table for TUP by itself; it follows the interworking of Q.764 and Q.699 with Q.724, and for China
common practice after GF 001-9001. An engineering table: a network may want other rows.
"""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.variants import Variant

M = MessageType

#: Message of failure (UBM of Q.722 3.3, NUB of China) -> cause. The order is that of the heading codes.
CAUSE_OF: Final[dict[MessageType, Cause]] = {
    M.SEC: Cause.SWITCHING_EQUIPMENT_CONGESTION,  # Q.722: congestion of switching equipment
    M.CGC: Cause.NO_CIRCUIT_CHANNEL_AVAILABLE,  # Q.722: no idle circuit in the group
    M.NNC: Cause.SWITCHING_EQUIPMENT_CONGESTION,  # Q.722: congestion in the national network of destination
    M.ADI: Cause.INVALID_NUMBER_FORMAT,  # Q.722: not enough address signals
    M.CFL: Cause.NORMAL_UNSPECIFIED,  # Q.722: failure for which no other signal is there
    M.SSB: Cause.USER_BUSY,
    M.UNN: Cause.UNALLOCATED_NUMBER,
    M.LOS: Cause.DESTINATION_OUT_OF_ORDER,  # Q.722: line out of service or faulty
    M.SST: Cause.SEND_SPECIAL_INFORMATION_TONE,
    M.ACB: Cause.CALL_REJECTED,  # Q.722: access barred
    M.DPN: Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED,  # Q.722: no digital path
    M.MPR: Cause.MISDIALLED_TRUNK_PREFIX,
    M.EUM: Cause.USER_BUSY,  # indicator 1; others are spare
    M.SLB: Cause.USER_BUSY,  # GF 001-9001: busy with a local call
    M.STB: Cause.USER_BUSY,  # GF 001-9001: busy with a toll call
}

#: Every message of failure.
FAILURES: Final = frozenset(CAUSE_OF)

_DEFAULT: Final = M.CFL

#: Cause -> message; a cause that is absent is told with CFL.
_ITU: Final[dict[int, MessageType]] = {
    Cause.UNALLOCATED_NUMBER: M.UNN,
    Cause.NO_ROUTE_TO_DESTINATION: M.UNN,
    Cause.SEND_SPECIAL_INFORMATION_TONE: M.SST,
    Cause.MISDIALLED_TRUNK_PREFIX: M.MPR,
    Cause.USER_BUSY: M.SSB,
    Cause.NO_USER_RESPONDING: M.LOS,
    Cause.NO_ANSWER_FROM_USER: M.SST,
    Cause.SUBSCRIBER_ABSENT: M.SST,
    Cause.CALL_REJECTED: M.ACB,
    Cause.NUMBER_CHANGED: M.UNN,
    Cause.DESTINATION_OUT_OF_ORDER: M.LOS,
    Cause.INVALID_NUMBER_FORMAT: M.ADI,
    Cause.NO_CIRCUIT_CHANNEL_AVAILABLE: M.CGC,
    Cause.SWITCHING_EQUIPMENT_CONGESTION: M.SEC,
    Cause.REQUESTED_CIRCUIT_CHANNEL_NOT_AVAILABLE: M.CGC,
    Cause.RESOURCES_UNAVAILABLE_UNSPECIFIED: M.SEC,
    Cause.REQUESTED_FACILITY_NOT_SUBSCRIBED: M.ACB,
    Cause.INCOMING_CALLS_BARRED_WITHIN_CUG: M.ACB,
    Cause.BEARER_CAPABILITY_NOT_AUTHORIZED: M.ACB,
    Cause.BEARER_CAPABILITY_NOT_PRESENTLY_AVAILABLE: M.DPN,
    Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED: M.DPN,
    Cause.USER_NOT_MEMBER_OF_CUG: M.ACB,
    Cause.INCOMPATIBLE_DESTINATION: M.ACB,
}

#: What China does otherwise: no MPR, and busy tells whether with a local or a toll call; SLB for want of knowing.
_CHINA: Final[dict[int, MessageType]] = _ITU | {
    Cause.NO_ROUTE_TO_SPECIFIED_TRANSIT_NETWORK: M.UNN,
    Cause.MISDIALLED_TRUNK_PREFIX: M.UNN,
    Cause.USER_BUSY: M.SLB,
    Cause.NO_USER_RESPONDING: M.SST,
}

#: Cause -> message by variant.
MESSAGE_OF: Final[dict[Variant, dict[int, MessageType]]] = {Variant.ITU: _ITU, Variant.CHINA: _CHINA}


def cause_of(message_type: MessageType) -> Cause:
    """The cause that a message of failure stands for."""
    return CAUSE_OF[message_type]


def failure_message(cause: int, variant: Variant) -> MessageType:
    """The message of failure that tells a cause before ACM; after it there is only CFL (Q.724 1)."""
    return MESSAGE_OF[variant].get(cause, _DEFAULT)
