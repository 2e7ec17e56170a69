"""What MTP3 says to its users, to MTP2 and to the operator, and what users say to it (Q.701 8, Q.704)."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class TransferRequest(Struct, frozen=True):
    """MTP-TRANSFER request of a user part."""

    service: int
    """Service indicator: 5 for ISUP."""
    dpc: int
    sls: int
    """Messages with the same DPC and SLS stay in order."""
    data: bytes
    """What follows the routing label: for ISUP from the CIC on; at most 268 octets in all with SIO and label."""
    opc: int | None = None
    """None: this signalling point's own code."""
    priority: int = 0


class TransferIndication(Struct, frozen=True):
    """MTP-TRANSFER indication to the user part `service`."""

    service: int
    opc: int
    dpc: int
    sls: int
    data: bytes


class PauseIndication(Struct, frozen=True):
    """MTP-PAUSE: signalling point `pc` cannot be reached. Given for every known destination by `start`."""

    pc: int


class ResumeIndication(Struct, frozen=True):
    """MTP-RESUME: signalling point `pc` can be reached."""

    pc: int


class StatusCause(Enum):
    """Why MTP-STATUS is given, Q.701 8.4."""

    CONGESTION = "signalling network congestion"
    USER_PART_UNKNOWN = "user part unavailable: unknown"
    USER_PART_UNEQUIPPED = "user part unavailable: unequipped remote user"
    USER_PART_INACCESSIBLE = "user part unavailable: inaccessible remote user"


class StatusIndication(Struct, frozen=True):
    """MTP-STATUS about destination `pc`."""

    pc: int
    cause: StatusCause
    service: int | None = None
    """The user part that is unavailable there; None for congestion."""
    level: int = 0
    """Congestion status 0 to 3 (national option), 0 where the network has none."""


class StartLink(Struct, frozen=True):
    """To MTP2 of `link`: begin initial alignment."""

    link: int
    emergency: bool = False
    """Whether to prove in the emergency period (Q.703 7.3)."""


class StopLink(Struct, frozen=True):
    """To MTP2 of `link`: go out of service."""

    link: int


class RetrieveBsnt(Struct, frozen=True):
    """To MTP2 of `link`: say which message was accepted last (`retrieve_bsnt`, Q.704 5.4).

    Answered with `RetrievedBsnt` through `link_event`. Asked only with `Configuration.retrieval`.
    """

    link: int


class RetrieveMessages(Struct, frozen=True):
    """To MTP2 of `link`: give back what the neighbour has not got (`retrieval_request`, Q.704 5.5).

    Answered with `RetrievedMessages` through `link_event`. Asked only with `Configuration.retrieval`.
    """

    link: int
    fsnc: int | None
    """Number of the last message that the neighbour accepted, None when it could not say."""


class FlushBuffers(Struct, frozen=True):
    """To MTP2 of `link`: discard what waits (`flush_buffers`, Q.703 8); the traffic went on over other links.

    Sent only with `Configuration.retrieval`.
    """

    link: int


class SendMessage(Struct, frozen=True):
    """To MTP2 of `link`: transmit `msu`, from the SIO on."""

    link: int
    msu: bytes


class LinkRestored(Struct, frozen=True):
    """For the operator: `link` carries traffic."""

    link: int


class LinkFailed(Struct, frozen=True):
    """For the operator: `link` does not carry traffic any more, or did not come up."""

    link: int
    reason: str


class Notice(Struct, frozen=True):
    """For the operator's log: something out of the ordinary in the signalling network."""

    text: str
    link: int | None = None


UserIndication = TransferIndication | PauseIndication | ResumeIndication | StatusIndication
LinkCommand = StartLink | StopLink | SendMessage | RetrieveBsnt | RetrieveMessages | FlushBuffers
OperatorNotice = LinkRestored | LinkFailed | Notice
Output = UserIndication | LinkCommand | OperatorNotice
