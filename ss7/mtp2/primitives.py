"""What a signalling link says to level 3 above (Q.701, Q.704) and to the framing below."""

from __future__ import annotations

from enum import auto

from msgspec import Struct

from tandem.core.enumeration import Symbol


class LinkInService(Struct, frozen=True):
    """The link is aligned and the peer as well: messages can be sent. Comes before any other report on the link."""


class LinkOutOfService(Struct, frozen=True):
    """The link failed or could not be aligned. Not sent in answer to `stop`.

    Messages not acknowledged are kept until the next `start`, for retrieval.
    """

    reason: str
    """For the operator: what happened, with the timer or clause."""


class MessageReceived(Struct, frozen=True):
    """A message from the peer, in sequence and once."""

    msu: bytes
    """SIO followed by SIF."""


class RemoteProcessorOutage(Struct, frozen=True):
    """The peer's level 3 cannot take messages; ours are held."""


class RemoteProcessorRecovered(Struct, frozen=True):
    """The peer's level 3 takes messages again."""


class LinkCongested(Struct, frozen=True):
    """Messages waiting and unacknowledged have reached the congestion onset threshold (Q.704 3.8), or another level."""

    level: int = 1
    """1 to 3: higher where several thresholds are configured (ANSI, national option)."""


class LinkCongestionCeased(Struct, frozen=True):
    """Messages waiting and unacknowledged are down to the abatement threshold."""


class RetrievedBsnt(Struct, frozen=True):
    """Answer to `retrieve_bsnt`, for the changeover message (Q.704 5.4)."""

    bsnt: int
    """FSN of the last message accepted from the peer."""


class RetrievedMessages(Struct, frozen=True):
    """Answer to `retrieval_request`: what the peer has not got, oldest first (Q.704 5.5). Forgotten by the link."""

    msus: tuple[bytes, ...]
    """Each SIO followed by SIF."""


class SendUnits(Struct, frozen=True):
    """Downwards: queue `units` behind what is queued, then repeat `fill` until something else is to be sent."""

    units: tuple[bytes, ...]
    """Signal units from the BSN on, without flags and check bits."""
    fill: bytes | None
    """Repeated when the queue is empty, replacing the former one at once; None: flags only."""


#: What goes up to level 3.
Indication = (
    LinkInService
    | LinkOutOfService
    | MessageReceived
    | RemoteProcessorOutage
    | RemoteProcessorRecovered
    | LinkCongested
    | LinkCongestionCeased
    | RetrievedBsnt
    | RetrievedMessages
)
Output = Indication | SendUnits


class LinkState(Symbol):
    """States of link state control, Q.703 figure 8.

    Power off does not appear: a SignallingLink is powered on by being made.
    """

    OUT_OF_SERVICE = auto()
    """SIOS is sent."""
    INITIAL_ALIGNMENT = auto()
    """SIO, then SIN or SIE are sent, see AlignmentState."""
    ALIGNED_READY = auto()
    """Proving was successful; FISUs are sent and one is awaited (T1)."""
    ALIGNED_NOT_READY = auto()
    """As ALIGNED_READY, but our processor outage makes us send SIPO."""
    IN_SERVICE = auto()
    """Messages flow."""
    PROCESSOR_OUTAGE = auto()
    """In service but for a processor outage at one end or both."""
