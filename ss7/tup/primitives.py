"""What the TUP exchange hands out: to MTP (Q.704 MTP-TRANSFER), to call control, to maintenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tandem.core.errors import TandemError
from tandem.ss7.tup.circuits import Blocking, CircuitStatus

if TYPE_CHECKING:
    from tandem.ss7.tup.messages import GeneralForwardSetup, GeneralRequest, InitialAddress, Message


class CallStateError(TandemError):
    """Call control asked for something that the state of the call does not allow: our own side is at fault."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """MTP-TRANSFER request."""

    opc: int
    dpc: int
    sls: int
    """The SLS field as sent: the low bits of the CIC (4 in ITU-T labels, 8 in Chinese ones)."""
    octets: bytes
    """What follows the routing label: the upper bits of the CIC, then the message from its heading on."""


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """An IAM or IAI was accepted, the continuity check and the request for identity it took being over."""

    call: int
    group: str
    cic: int
    message: InitialAddress
    complete: bool
    """Whether the called number is known to be whole; otherwise digits may follow and NumberComplete tells when."""
    information: GeneralForwardSetup | None = None
    """GSM in answer to the GRQ that `request_identity` sent; None when there was none."""


@dataclass(frozen=True, slots=True)
class NumberComplete:
    """The called number of an incoming overlap call is whole: ST came, it is as long as can be, or no more came."""

    call: int


@dataclass(frozen=True, slots=True)
class AddressCompleteDue:
    """ACM_DUE expired: the called side is silent, the peer's T2 will soon expire; an early ACM holds the call."""

    call: int


@dataclass(frozen=True, slots=True)
class InformationRequested:
    """GRQ came for what the call was not set up with, or the group leaves the answer to call control: GSM is due."""

    call: int
    request: GeneralRequest


@dataclass(frozen=True, slots=True)
class InformationMissing:
    """GSM did not come in answer to the GRQ that call control sent; the call goes on without."""

    call: int


@dataclass(frozen=True, slots=True)
class CallMessage:
    """A message of the call for call control.

    Outgoing call: ACM, CHG, ANC, ANN, ANU, CBK, RAN, GRQ that is left to call control, MAL. Incoming call: SAM, SAO,
    GSM, FOT, OPR, CCL (the caller has cleared, the called party holds the call). What ends a call is CallReleased.
    """

    call: int
    message: Message


@dataclass(frozen=True, slots=True)
class MeteringPulse:
    """MPM (China): the called side's tariff, as pulses for a unit of charging time."""

    call: int
    pulses: int


@dataclass(frozen=True, slots=True)
class CallReleased:
    """The call was ended by the peer, a timer, a reset, a blocking or a failure; no further CallMessage follows."""

    call: int
    cause: int
    """Q.850 cause value."""
    location: int
    """Q.850 location."""
    message: Message | None
    """The message of failure, CLF or CBK, when the peer ended it."""
    reason: str
    """For people: what ended the call."""


@dataclass(frozen=True, slots=True)
class CallCleared:
    """The circuit no longer belongs to the call; the last thing heard of this call number, exactly once."""

    call: int
    cic: int


@dataclass(frozen=True, slots=True)
class CircuitChanged:
    """The outgoing call was tried again on another circuit: continuity, dual seizure, blocking, reset (Q.724 3)."""

    call: int
    old_cic: int
    new_cic: int


@dataclass(frozen=True, slots=True)
class ContinuityLoop:
    """Connect (or remove) the check loop on a circuit: continuity check Q.724 7, at the incoming end."""

    group: str
    cic: int
    connected: bool


@dataclass(frozen=True, slots=True)
class ContinuityTone:
    """Send the check tone (Q.724 7, 2000 Hz) on a circuit and listen for it, or end that.

    When the tone comes back, `TupExchange.continuity_heard` says so; T8 expires otherwise.
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
class Congested:
    """The peer said with ACC how congested it is; traffic is reduced for a while."""

    group: str
    level: int
    """1 or 2."""


Output = (
    Transfer
    | IncomingCall
    | NumberComplete
    | AddressCompleteDue
    | InformationMissing
    | InformationRequested
    | CallMessage
    | MeteringPulse
    | CallReleased
    | CallCleared
    | CircuitChanged
    | ContinuityLoop
    | ContinuityTone
    | CircuitState
    | Alert
    | Congested
)
