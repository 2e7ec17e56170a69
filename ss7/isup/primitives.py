"""What the ISUP exchange hands out: to MTP (Q.704 MTP-TRANSFER), to call control, to maintenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tandem.core.errors import TandemError
from tandem.ss7.isup.circuits import Blocking, CircuitStatus

if TYPE_CHECKING:
    from tandem.ss7.isup.messages import Message


class CallStateError(TandemError):
    """Call control asked for something that the state of the call does not allow: our own side is at fault."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """MTP-TRANSFER request; `octets` run from the CIC on."""

    opc: int
    dpc: int
    sls: int
    """Signalling link selection: the low bits of the CIC, so that all messages of a circuit keep their order."""
    octets: bytes


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """An IAM was accepted (and the continuity check succeeded, where one was asked for)."""

    call: int
    group: str
    cic: int
    message: Message
    complete: bool
    """Whether the called number is known to be whole; otherwise digits may follow and AddressComplete tells when."""
    circuits: tuple[int, ...] = ()
    """CICs of an N x 64 kbit/s connection in order, `cic` the first; empty for a call on one circuit."""


@dataclass(frozen=True, slots=True)
class AddressComplete:
    """The called number of an incoming overlap call is whole: ST came, it is as long as can be, or T10 expired."""

    call: int


@dataclass(frozen=True, slots=True)
class AddressCompleteDue:
    """T11 expired: the called side is silent, the peer's T7 will soon expire; an early ACM holds the call."""

    call: int


@dataclass(frozen=True, slots=True)
class CallMessage:
    """A message of the call for call control: ACM, CPG, CON, ANM, SAM, SUS, RES, INF and the like."""

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class CallReleased:
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


@dataclass(frozen=True, slots=True)
class CallCleared:
    """The circuit no longer belongs to the call; the last thing heard of this call number, exactly once."""

    call: int
    cic: int


@dataclass(frozen=True, slots=True)
class CircuitChanged:
    """The outgoing call was tried again on another circuit (dual seizure, blocking, reset, unequipped)."""

    call: int
    old_cic: int
    new_cic: int
    circuits: tuple[int, ...] = ()
    """CICs of an N x 64 kbit/s connection in order, `new_cic` the first; empty for a call on one circuit."""


@dataclass(frozen=True, slots=True)
class ContinuityLoop:
    """Connect (or remove) the check loop on a circuit: continuity check Q.724 7, at the incoming end."""

    group: str
    cic: int
    connected: bool


@dataclass(frozen=True, slots=True)
class ContinuityTone:
    """Send the check tone (Q.724 7, 2000 Hz) on a circuit and listen for it, or end that.

    When the tone comes back, `IsupExchange.continuity_heard` says so; T24 expires otherwise.
    """

    group: str
    cic: int
    connected: bool


@dataclass(frozen=True, slots=True)
class CircuitState:
    """The coarse state or the blocking of a circuit changed."""

    group: str
    cic: int
    status: CircuitStatus
    blocking: Blocking


@dataclass(frozen=True, slots=True)
class Alert:
    """Something maintenance staff should know."""

    group: str
    cic: int | None
    text: str


@dataclass(frozen=True, slots=True)
class GroupQueried:
    """CQR came: the peer's view of circuits, as the octets of Q.763 3.14 by CIC."""

    group: str
    states: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CircuitValidated:
    """CVR came in answer to `IsupExchange.validate` (ANSI)."""

    group: str
    cic: int
    successful: bool
    message: Message


@dataclass(frozen=True, slots=True)
class Congested:
    """The peer said in a REL how congested it is (automatic congestion level, Q.764 2.11); traffic is reduced."""

    group: str
    level: int
    """1 or 2."""


Output = (
    Transfer
    | IncomingCall
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
