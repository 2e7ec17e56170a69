"""A call of a PRI and its states, by the numbers of Q.931 2.1, with what the same procedure calls them on each side."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tandem.isdn.q931.channels import Channel, ChannelId
    from tandem.isdn.q931.messages import Message
    from tandem.isdn.q931.timers import Timer


class State(IntEnum):
    """Call state, Q.931 2.1.1 (user side, U0 to U25) and 2.1.2 (network side, N0 to N25); STATUS carries the number.

    One number is not the same to both sides: state 1 is a SETUP sent to the user side, and one received to the
    network side. See `Roles`.
    """

    NULL = 0
    CALL_INITIATED = 1
    OVERLAP_SENDING = 2
    OUTGOING_CALL_PROCEEDING = 3
    CALL_DELIVERED = 4
    CALL_PRESENT = 6
    CALL_RECEIVED = 7
    CONNECT_REQUEST = 8
    INCOMING_CALL_PROCEEDING = 9
    ACTIVE = 10
    DISCONNECT_REQUEST = 11
    DISCONNECT_INDICATION = 12
    SUSPEND_REQUEST = 15
    RESUME_REQUEST = 17
    RELEASE_REQUEST = 19
    CALL_ABORT = 22
    OVERLAP_RECEIVING = 25


class GlobalState(IntEnum):
    """State of the global call reference, Q.931 2.4."""

    NULL = 0
    RESTART_REQUEST = 61
    RESTART = 62


class Hold(Enum):
    """Auxiliary state of a call for hold, Q.932 6.2."""

    IDLE = "idle"
    REQUESTED = "hold requested by us"
    INDICATED = "hold requested by the peer"
    HELD = "held by us"
    HELD_BY_PEER = "held by the peer"
    RETRIEVE_REQUESTED = "retrieve requested by us"
    RETRIEVE_INDICATED = "retrieve requested by the peer"


@dataclass(frozen=True)
class Roles:
    """What the steps of a call are called on one side of the interface."""

    network: bool
    """Whether this is the network side, where it is not symmetric."""
    sent: State
    """SETUP sent."""
    sent_overlap: State
    """SETUP ACKNOWLEDGE received."""
    sent_proceeding: State
    """CALL PROCEEDING received."""
    sent_alerting: State
    """ALERTING received."""
    got: State
    """SETUP received."""
    got_overlap: State
    """SETUP ACKNOWLEDGE sent."""
    got_proceeding: State
    """CALL PROCEEDING sent."""
    got_alerting: State
    """ALERTING sent."""
    disconnect_sent: State
    disconnect_received: State


_S = State

#: The user side, and both sides of a symmetric interface (Q.931 annex D, Q.SIG).
USER: Final = Roles(
    network=False,
    sent=_S.CALL_INITIATED,
    sent_overlap=_S.OVERLAP_SENDING,
    sent_proceeding=_S.OUTGOING_CALL_PROCEEDING,
    sent_alerting=_S.CALL_DELIVERED,
    got=_S.CALL_PRESENT,
    got_overlap=_S.OVERLAP_RECEIVING,
    got_proceeding=_S.INCOMING_CALL_PROCEEDING,
    got_alerting=_S.CALL_RECEIVED,
    disconnect_sent=_S.DISCONNECT_REQUEST,
    disconnect_received=_S.DISCONNECT_INDICATION,
)

NETWORK: Final = Roles(
    network=True,
    sent=_S.CALL_PRESENT,
    sent_overlap=_S.OVERLAP_RECEIVING,
    sent_proceeding=_S.INCOMING_CALL_PROCEEDING,
    sent_alerting=_S.CALL_RECEIVED,
    got=_S.CALL_INITIATED,
    got_overlap=_S.OVERLAP_SENDING,
    got_proceeding=_S.OUTGOING_CALL_PROCEEDING,
    got_alerting=_S.CALL_DELIVERED,
    disconnect_sent=_S.DISCONNECT_INDICATION,
    disconnect_received=_S.DISCONNECT_REQUEST,
)

#: States of a call that is not yet answered; against ACTIVE at the other end they do not go together (5.8.11).
BEFORE_ANSWER: Final = frozenset(
    {
        State.CALL_INITIATED,
        State.OVERLAP_SENDING,
        State.OUTGOING_CALL_PROCEEDING,
        State.CALL_DELIVERED,
        State.CALL_PRESENT,
        State.CALL_RECEIVED,
        State.INCOMING_CALL_PROCEEDING,
        State.OVERLAP_RECEIVING,
    }
)


class Call:
    """One call: a call reference, a channel, and where it stands."""

    __slots__ = (
        "agreed",
        "attempts",
        "cause",
        "channel",
        "complete",
        "digits",
        "enquired_in",
        "enquiries",
        "hold",
        "identity",
        "link_lost",
        "number",
        "offered",
        "outgoing",
        "reference",
        "refused",
        "released",
        "released_badly",
        "repeats",
        "running",
        "setup",
        "state",
    )

    def __init__(self, number: int, reference: int, *, outgoing: bool) -> None:
        self.number = number
        self.reference = reference
        """Call reference value."""
        self.outgoing = outgoing
        """Whether we chose the call reference: the flag is 0 in what we send, 1 in what we receive."""
        self.state = State.NULL
        self.channel: Channel | None = None
        self.agreed = False
        """Whether the channel is settled: the first answer to SETUP was sent or received."""
        self.setup: Message | None = None
        """The SETUP of an outgoing call, for T303 and for another attempt."""
        self.attempts = 1
        self.refused: set[ChannelId] = set()
        """Channels that the peer would not have for this call."""
        self.digits = 0
        """Overlap receiving: digits so far."""
        self.complete = False
        """Whether the called number is known to be whole."""
        self.offered = outgoing
        """Whether call control knows the call."""
        self.released = False
        """Whether call control has released the call or was told of its end."""
        self.cause: tuple[int, int] = (16, 0)
        """Cause value and location of the clearing under way, for the RELEASE after T305."""
        self.released_badly = False
        """RELEASE was never answered: the channel is to be restarted (T308)."""
        self.repeats = 0
        """Repetitions of SETUP or RELEASE so far."""
        self.enquired_in: State | None = None
        """State in which STATUS ENQUIRY was sent; None when no answer is awaited."""
        self.hold = Hold.IDLE
        self.enquiries = 0
        """STATUS ENQUIRY repeated so far."""
        self.identity: bytes | None = None
        """Call identity of a suspended call, or of one that is being suspended or resumed."""
        self.link_lost = False
        """T309 runs."""
        self.running: list[Timer] = []
        """Timers started and not stopped."""

    def __repr__(self) -> str:
        return f"<call {self.number} reference {self.reference} {self.state.name}>"


class Request(Enum):
    """What call control asks for, by the names of Q.931's primitives."""

    MORE_INFO = "SETUP ACKNOWLEDGE"
    PROCEEDING = "CALL PROCEEDING"
    PROGRESS = "PROGRESS"
    ALERTING = "ALERTING"
    CONNECT = "CONNECT"
    CONNECT_ACKNOWLEDGE = "CONNECT ACKNOWLEDGE"
    INFORMATION = "INFORMATION"
    NOTIFY = "NOTIFY"
    FACILITY = "FACILITY"
    USER_INFORMATION = "USER INFORMATION"
    CONGESTION_CONTROL = "CONGESTION CONTROL"
    DISCONNECT = "DISCONNECT"
    RELEASE = "RELEASE"
    HOLD = "HOLD"
    HOLD_RESPONSE = "HOLD ACKNOWLEDGE or HOLD REJECT"
    RETRIEVE = "RETRIEVE"
    RETRIEVE_RESPONSE = "RETRIEVE ACKNOWLEDGE or RETRIEVE REJECT"
    SUSPEND = "SUSPEND"
    SUSPEND_RESPONSE = "SUSPEND ACKNOWLEDGE or SUSPEND REJECT"
    RESUME_RESPONSE = "RESUME ACKNOWLEDGE or RESUME REJECT"
