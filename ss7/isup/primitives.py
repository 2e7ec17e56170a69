"""What the ISUP exchange hands out: to MTP (Q.704 MTP-TRANSFER), to call control, to maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tandem.core.errors import TandemError
from tandem.ss7.isup.circuits import Blocking, CircuitStatus

if TYPE_CHECKING:
    from tandem.ss7.isup.messages import Message


class CallStateError(TandemError):
    """Call control asked for something that the state of the call does not allow: our own side is at fault."""


class Transfer(Struct, frozen=True):
    """MTP-TRANSFER request; `octets` run from the CIC on."""

    opc: int
    dpc: int
    sls: int
    """Signalling link selection: the low bits of the CIC, so that all messages of a circuit keep their order."""
    octets: bytes


class IncomingCall(Struct, frozen=True):
    """An IAM was accepted (and the continuity check succeeded, where one was asked for)."""

    call: int
    group: str
    cic: int
    message: Message
    complete: bool
    """Whether the called number is known to be whole; otherwise digits may follow and AddressComplete tells when."""
    circuits: tuple[int, ...] = ()
    """CICs of an N x 64 kbit/s connection in order, `cic` the first; empty for a call on one circuit."""
    pending: bool = False
    """A previous circuit is still being checked: ContinuityComplete follows, and nothing may be sent before it."""


class ContinuityComplete(Struct, frozen=True):
    """COT came for a call that was told of before: every previous circuit is continuous."""

    call: int


class AddressComplete(Struct, frozen=True):
    """The called number of an incoming overlap call is whole: ST came, it is as long as can be, or T10 expired."""

    call: int


class AddressCompleteDue(Struct, frozen=True):
    """T11 expired: the called side is silent, the peer's T7 will soon expire; an early ACM holds the call."""

    call: int


class CallMessage(Struct, frozen=True):
    """A message of the call for call control: ACM, CPG, CON, ANM, SAM, SUS, RES, INF and the like."""

    call: int
    message: Message


class CallReleased(Struct, frozen=True):
    """The call was ended by the peer, a timer, a reset, a blocking or a failure; no further CallMessage follows."""

    call: int
    cause: int
    """Q.850 cause value."""
    location: int
    """Q.850 location."""
    message: Message | None
    """The REL, when the peer released."""
    reason: str
    """For people: what ended the call."""


class CallCleared(Struct, frozen=True):
    """The circuit no longer belongs to the call; the last thing heard of this call number, exactly once."""

    call: int
    cic: int


class CircuitChanged(Struct, frozen=True):
    """The outgoing call was tried again on another circuit (dual seizure, blocking, reset, unequipped)."""

    call: int
    old_cic: int
    new_cic: int
    circuits: tuple[int, ...] = ()
    """CICs of an N x 64 kbit/s connection in order, `new_cic` the first; empty for a call on one circuit."""


class ContinuityLoop(Struct, frozen=True):
    """Connect (or remove) the check loop on a circuit: continuity check Q.724 7, at the incoming end."""

    group: str
    cic: int
    connected: bool


class ContinuityTone(Struct, frozen=True):
    """Send the check tone (Q.724 7, 2000 Hz) on a circuit and listen for it, or end that.

    When the tone comes back, `IsupExchange.continuity_heard` says so; T24 expires otherwise.
    """

    group: str
    cic: int
    connected: bool


class CircuitState(Struct, frozen=True):
    """The coarse state or the blocking of a circuit changed."""

    group: str
    cic: int
    status: CircuitStatus
    blocking: Blocking


class Alert(Struct, frozen=True):
    """Something maintenance staff should know."""

    group: str
    cic: int | None
    text: str


class GroupQueried(Struct, frozen=True):
    """CQR came: the peer's view of circuits, as the octets of Q.763 3.14 by CIC."""

    group: str
    states: tuple[tuple[int, int], ...]


class CircuitValidated(Struct, frozen=True):
    """CVR came in answer to `IsupExchange.validate` (ANSI)."""

    group: str
    cic: int
    successful: bool
    message: Message


class Congested(Struct, frozen=True):
    """The peer said in a REL how congested it is (automatic congestion level, Q.764 2.11); traffic is reduced."""

    group: str
    level: int
    """1 or 2."""


Output = (
    Transfer
    | IncomingCall
    | ContinuityComplete
    | AddressComplete
    | AddressCompleteDue
    | CallMessage
    | CallReleased
    | CallCleared
    | CircuitChanged
    | ContinuityLoop
    | ContinuityTone
    | CircuitState
    | Alert
    | GroupQueried
    | CircuitValidated
    | Congested
)
