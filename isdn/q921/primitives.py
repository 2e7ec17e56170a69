"""What a data link connection says to layer 3 and management above, and to the framing below (Q.921 (09/97) 4, B.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


class State(IntEnum):
    """States of a point-to-point data link connection, numbered as in Q.921 Annex B.

    States 1 to 3 do not appear: on a primary-rate line the TEI is fixed, there is none to be assigned.
    """

    TEI_ASSIGNED = 4
    """Not established."""
    AWAITING_ESTABLISHMENT = 5
    """SABME sent."""
    AWAITING_RELEASE = 6
    """DISC sent."""
    MULTIPLE_FRAME_ESTABLISHED = 7
    """Data is acknowledged and in sequence."""
    TIMER_RECOVERY = 8
    """As 7, but the peer was asked what it has received, and has not answered yet."""


class ErrorCode(Enum):
    """Codes of MDL-ERROR indication, Q.921 Appendix II table II.1 (recalled); the letter is the value."""

    UNSOLICITED_SUPERVISORY = "A"
    """Supervisory response with F = 1 that nothing asked for."""
    UNSOLICITED_DM_FINAL = "B"
    UNSOLICITED_UA_FINAL = "C"
    UNSOLICITED_UA = "D"
    UNSOLICITED_DM = "E"
    """DM with F = 0: the peer has lost the connection."""
    PEER_REESTABLISHED = "F"
    """SABME on a connection that is up."""
    NO_ANSWER_TO_SABME = "G"
    NO_ANSWER_TO_DISC = "H"
    NO_ANSWER_TO_ENQUIRY = "I"
    INVALID_NR = "J"
    """N(R) of a frame that was never sent."""
    FRAME_REJECT = "K"
    """FRMR received."""
    UNDEFINED_FRAME = "L"
    """Control field not known, or a command where only a response may be, or the other way round.

    Comes steadily when both ends are configured as the same side, or the line is looped.
    """
    INFORMATION_NOT_PERMITTED = "M"
    WRONG_SIZE = "N"
    INFORMATION_TOO_LONG = "O"
    """I or UI frame with an information field above N201."""


@dataclass(frozen=True, slots=True)
class Established:
    """DL-ESTABLISH: the connection is up. On one that was up before, what was under way is lost."""

    confirm: bool
    """True answers `establish` (confirm), False is the peer's doing or a recovery (indication)."""


@dataclass(frozen=True, slots=True)
class Released:
    """DL-RELEASE: the connection is down, and messages not acknowledged are lost."""

    confirm: bool
    """True answers `release` (confirm), False is a failure or the peer's doing (indication)."""


@dataclass(frozen=True, slots=True)
class DataIndication:
    """DL-DATA indication: a message from the peer, in sequence and once."""

    octets: bytes
    """Information field of an I frame: one layer 3 message."""


@dataclass(frozen=True, slots=True)
class UnitDataIndication:
    """DL-UNIT DATA indication: a message that came unacknowledged, in a UI frame."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class ErrorIndication:
    """MDL-ERROR indication, for the log and the counters: the connection has acted on it already."""

    code: ErrorCode


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Downwards: send a frame, from the address field to the last octet of information; no FCS, no flags."""

    octets: bytes


#: What goes up.
Indication = Established | Released | DataIndication | UnitDataIndication | ErrorIndication
Output = Indication | SendFrame
