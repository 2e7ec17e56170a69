"""What a PRI hands out: to the data links (Q.921 DL primitives), to call control, to maintenance.

Names are those of the primitives of Q.931 annex A and its SDL. Every primitive of a call carries its number `call`,
which is ours alone and not the call reference; `message` is the message that came, with all its elements.

The life of a call number, whatever happens on the line: it begins with `SetupIndication` or with the number that
`Interface.setup` returns; `ReleaseIndication` comes at most once, and not when call control has released the call
itself; nothing but `CallCleared` follows either; `CallCleared` comes exactly once and last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tandem.core.errors import TandemError
from tandem.isdn.q931.channels import ChannelId, ChannelStatus, Service

if TYPE_CHECKING:
    from tandem.isdn.q931.messages import Message


class CallStateError(TandemError):
    """Call control asked for something that the state of the call does not allow: our own side is at fault."""


# To the data links


@dataclass(frozen=True, slots=True)
class DataRequest:
    """DL-DATA request: send a message, acknowledged."""

    link: int
    """Which D-channel: 0, or 1 for the back-up."""
    octets: bytes


@dataclass(frozen=True, slots=True)
class EstablishRequest:
    """DL-ESTABLISH request."""

    link: int


# To call control


@dataclass(frozen=True, slots=True)
class SetupIndication:
    """A SETUP was accepted: answer with `proceeding`, `alerting`, `connect`, `progress` or `release`.

    In time: the peer waits T303 (4 s) for the first of them. When not `complete` SETUP ACKNOWLEDGE has been sent,
    digits follow in InformationIndication, and NumberComplete tells when the number is whole.
    """

    call: int
    channel: ChannelId
    message: Message
    complete: bool


@dataclass(frozen=True, slots=True)
class InformationIndication:
    """INFORMATION came: more digits, a keypad, a display text."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class NumberComplete:
    """The called number of an overlap call is whole: sending complete, as long as can be, or T302 expired."""

    call: int


@dataclass(frozen=True, slots=True)
class MoreInfoIndication:
    """SETUP ACKNOWLEDGE came: the peer wants more digits, send them with `information`."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class ProceedingIndication:
    """CALL PROCEEDING came: the number was complete."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class ProgressIndication:
    """PROGRESS came."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class AlertingIndication:
    """ALERTING came."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class SetupConfirm:
    """CONNECT came: the call is answered. Where calls are awarded by call control, `connect_acknowledge` is due."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class SetupCompleteIndication:
    """CONNECT ACKNOWLEDGE came for the CONNECT that we sent: the call is ours."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class DisconnectIndication:
    """DISCONNECT with tones in the channel came (progress indicator 8): listen as long as you like, then `release`.

    A DISCONNECT without tones is answered here, and heard of as ReleaseIndication.
    """

    call: int
    cause: int
    """Q.850 cause value."""
    location: int
    """Q.850 location."""
    message: Message


@dataclass(frozen=True, slots=True)
class ReleaseIndication:
    """The call was ended by the peer, a timer, a restart or a failure; only CallCleared follows."""

    call: int
    cause: int
    """Q.850 cause value."""
    location: int
    """Q.850 location."""
    message: Message | None
    """DISCONNECT, RELEASE or RELEASE COMPLETE, when the peer ended the call."""
    reason: str
    """For people: what ended the call."""


@dataclass(frozen=True, slots=True)
class CallCleared:
    """Call reference and B-channel no longer belong to the call; the last thing heard of this number, once."""

    call: int
    channel: ChannelId | None
    """The channel that it had last."""


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """The call is on another channel: the peer's choice in its first answer, or tried again after a collision.

    First with `new` None when a call of the peer has just taken the channel: where to go is not known yet.
    """

    call: int
    old: ChannelId | None
    new: ChannelId | None


@dataclass(frozen=True, slots=True)
class CallMessage:
    """A message that changes no state: NOTIFY, FACILITY, USER INFORMATION, CONGESTION CONTROL, REGISTER."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class StatusIndication:
    """STATUS came that tells of something wrong with what we sent; the call goes on."""

    call: int
    cause: int
    peer_state: int
    """Call state that the peer is in, by Q.931's number."""
    message: Message


@dataclass(frozen=True, slots=True)
class HoldIndication:
    """HOLD came: answer with `hold_response`."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class HoldConfirm:
    """HOLD was acknowledged (`cause` None), rejected, or not answered (cause 102)."""

    call: int
    cause: int | None
    message: Message | None


@dataclass(frozen=True, slots=True)
class RetrieveIndication:
    """RETRIEVE came: answer with `retrieve_response`."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class RetrieveConfirm:
    """RETRIEVE was acknowledged (`cause` None), rejected, or not answered (cause 102)."""

    call: int
    cause: int | None
    message: Message | None


@dataclass(frozen=True, slots=True)
class SuspendIndication:
    """SUSPEND came from the user: answer with `suspend_response`."""

    call: int
    identity: bytes
    """Call identity; empty when the user gave none."""
    message: Message


@dataclass(frozen=True, slots=True)
class SuspendConfirm:
    """SUSPEND was rejected or not answered: the call goes on. One that is acknowledged ends with CallCleared."""

    call: int
    cause: int
    message: Message | None


@dataclass(frozen=True, slots=True)
class SuspendedIndication:
    """The call number is parked at the network: `suspend_response` was positive; T307 runs."""

    call: int


@dataclass(frozen=True, slots=True)
class ResumeIndication:
    """RESUME came for a call that is parked here, on a channel anew: answer with `resume_response`."""

    call: int
    channel: ChannelId
    message: Message


@dataclass(frozen=True, slots=True)
class ResumeConfirm:
    """The call that `resume` asked for is active on a channel."""

    call: int
    channel: ChannelId
    message: Message


@dataclass(frozen=True, slots=True)
class DataLinkLost:
    """The D-channel is gone: T309 runs for this active call, which goes on meanwhile."""

    call: int


@dataclass(frozen=True, slots=True)
class DataLinkRestored:
    """The D-channel is back in time: the call goes on as before."""

    call: int


# To maintenance


@dataclass(frozen=True, slots=True)
class InterfaceState:
    """The PRI can carry signalling, or no longer."""

    available: bool
    link: int
    """The D-channel in use."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """What blocks a channel changed, or it is being restarted, or no longer."""

    channel: ChannelId
    status: ChannelStatus
    service: Service


@dataclass(frozen=True, slots=True)
class RestartConfirm:
    """RESTART for these channels was acknowledged, or (not `done`) given up: they are out of service."""

    channels: tuple[ChannelId, ...]
    done: bool


@dataclass(frozen=True, slots=True)
class RestartIndication:
    """RESTART came: these channels are idle now, their calls were cleared, and it is acknowledged."""

    channels: tuple[ChannelId, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something maintenance staff should know."""

    channel: ChannelId | None
    text: str


Output = (
    DataRequest
    | EstablishRequest
    | SetupIndication
    | InformationIndication
    | NumberComplete
    | MoreInfoIndication
    | ProceedingIndication
    | ProgressIndication
    | AlertingIndication
    | SetupConfirm
    | SetupCompleteIndication
    | DisconnectIndication
    | ReleaseIndication
    | CallCleared
    | ChannelChanged
    | CallMessage
    | StatusIndication
    | HoldIndication
    | HoldConfirm
    | RetrieveIndication
    | RetrieveConfirm
    | SuspendIndication
    | SuspendConfirm
    | SuspendedIndication
    | ResumeIndication
    | ResumeConfirm
    | DataLinkLost
    | DataLinkRestored
    | InterfaceState
    | ChannelState
    | RestartConfirm
    | RestartIndication
    | Alert
)
