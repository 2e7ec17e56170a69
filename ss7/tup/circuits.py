"""Circuits of TUP: their states, what blocks them, and the procedures under way on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Final

from tandem.core.enumeration import Symbol

if TYPE_CHECKING:
    from tandem.ss7.circuits.selection import CircuitPool
    from tandem.ss7.tup.codes import MessageType
    from tandem.ss7.tup.configuration import GroupConfiguration
    from tandem.ss7.tup.messages import GeneralForwardSetup, GroupSupervision, InitialAddress, Message
    from tandem.ss7.tup.timers import Timer


class State(Symbol):
    """State of a circuit in the processing of calls, Q.724 (1988); OUT: we sent the IAM, IN: the peer did."""

    IDLE = "idle"
    OUT_CHECK = "outgoing: IAM with continuity check sent, wait for the tone to come back (T8)"
    OUT_WAIT_ACM = "outgoing: IAM sent, wait for ACM (T2)"
    OUT_WAIT_ANSWER = "outgoing: ACM received, wait for answer (ANSWER)"
    OUT_ANSWERED = "outgoing: answered"
    OUT_CLEARED_BACK = "outgoing: the called party cleared, wait for reanswer (CLEAR_BACK)"
    OUT_HELD = "outgoing: the caller cleared and CCL was sent, the called party holds the call (HOLD)"
    IN_WAIT_COT = "incoming: IAM received, wait for continuity (T1)"
    IN_WAIT_GSM = "incoming: IAM received, wait for the calling line identity asked for (INFORMATION)"
    IN_ADDRESS = "incoming: wait for more digits (DIGITS, COMPLETE) or for ACM to be sent (ACM_DUE)"
    IN_WAIT_ANSWER = "incoming: ACM sent, wait for answer"
    IN_ANSWERED = "incoming: answered"
    IN_CLEARED_BACK = "incoming: CBK sent, wait for CLF (CLEAR_FORWARD) or for reanswer"
    IN_FAILED = "incoming: message of failure sent, wait for CLF (T3, T4, T5)"
    IN_CHECK = "incoming: continuity check failed or asked for by CCR, wait for CLF (CHECK)"
    RECHECK_WAIT = "continuity check failed: wait to check again (T9, T10)"
    RECHECK = "CCR sent, wait for the tone to come back (T8)"
    WAIT_RLG = "CLF sent, wait for RLG (T6, T7)"
    RESETTING = "RSC or GRS sent or to be sent, wait for RLG, CLF or GRA"


class CircuitStatus(Symbol):
    """Coarse state of a circuit, for people."""

    IDLE = "idle"
    OUTGOING = "outgoing busy"
    INCOMING = "incoming busy"
    CHECKING = "continuity check"
    RELEASING = "releasing"
    RESETTING = "resetting"


#: Where a circuit is that cannot carry calls, whatever its blocking.
UNUSABLE: Final = frozenset({CircuitStatus.CHECKING, CircuitStatus.RESETTING})

STATUS: Final[dict[State, CircuitStatus]] = {
    State.IDLE: CircuitStatus.IDLE,
    State.OUT_CHECK: CircuitStatus.OUTGOING,
    State.OUT_WAIT_ACM: CircuitStatus.OUTGOING,
    State.OUT_WAIT_ANSWER: CircuitStatus.OUTGOING,
    State.OUT_ANSWERED: CircuitStatus.OUTGOING,
    State.OUT_CLEARED_BACK: CircuitStatus.OUTGOING,
    State.OUT_HELD: CircuitStatus.OUTGOING,
    State.IN_WAIT_COT: CircuitStatus.INCOMING,
    State.IN_WAIT_GSM: CircuitStatus.INCOMING,
    State.IN_ADDRESS: CircuitStatus.INCOMING,
    State.IN_WAIT_ANSWER: CircuitStatus.INCOMING,
    State.IN_ANSWERED: CircuitStatus.INCOMING,
    State.IN_CLEARED_BACK: CircuitStatus.INCOMING,
    State.IN_FAILED: CircuitStatus.INCOMING,
    State.IN_CHECK: CircuitStatus.INCOMING,
    State.RECHECK_WAIT: CircuitStatus.CHECKING,
    State.RECHECK: CircuitStatus.CHECKING,
    State.WAIT_RLG: CircuitStatus.RELEASING,
    State.RESETTING: CircuitStatus.RESETTING,
}

#: States of an outgoing call before any backward message: it may be tried on another circuit, Q.724 3.
OUT_EARLY: Final = frozenset({State.OUT_CHECK, State.OUT_WAIT_ACM})

#: States of a circuit that we seized, its release included.
OUTGOING: Final = frozenset(
    {
        State.OUT_CHECK,
        State.OUT_WAIT_ACM,
        State.OUT_WAIT_ANSWER,
        State.OUT_ANSWERED,
        State.OUT_CLEARED_BACK,
        State.OUT_HELD,
        State.RECHECK,
        State.WAIT_RLG,
    }
)


class Blocking(IntFlag):
    """Why a circuit may not be used for new outgoing calls, Q.724 5 and 9."""

    NONE = 0
    LOCAL_MAINTENANCE = 1
    """Blocked by us with BLO or MGB."""
    REMOTE_MAINTENANCE = 2
    """Blocked by the peer with BLO or MGB."""
    LOCAL_HARDWARE = 4
    """Blocked by us with HGB."""
    REMOTE_HARDWARE = 8
    """Blocked by the peer with HGB."""
    LOCAL_SOFTWARE = 16
    """Blocked by us with SGB."""
    REMOTE_SOFTWARE = 32
    """Blocked by the peer with SGB."""


LOCAL: Final = Blocking.LOCAL_MAINTENANCE | Blocking.LOCAL_HARDWARE | Blocking.LOCAL_SOFTWARE
REMOTE: Final = Blocking.REMOTE_MAINTENANCE | Blocking.REMOTE_HARDWARE | Blocking.REMOTE_SOFTWARE


class Group:
    """A circuit group at run time."""

    __slots__ = ("circuits", "configuration", "name", "peer", "pool", "seized", "timers", "variant")

    def __init__(
        self, configuration: GroupConfiguration, peer: Peer, pool: CircuitPool[Circuit], timers: dict[Timer, float]
    ) -> None:
        self.configuration = configuration
        self.name = configuration.name
        self.variant = configuration.variant
        self.peer = peer
        self.pool = pool
        self.timers = timers
        self.seized = 0
        """Outgoing calls so far; every so-manieth may be checked for continuity."""
        self.circuits: dict[int, Circuit] = {}


class Peer:
    """The exchange at the other end, as seen from one of our point codes: all circuits of one pair of point codes."""

    __slots__ = (
        "accessible",
        "circuits",
        "congestion",
        "groups",
        "offered",
        "once",
        "own_point_code",
        "point_code",
        "procedures",
        "started",
        "user_part_available",
    )

    def __init__(self, own_point_code: int, point_code: int) -> None:
        self.own_point_code = own_point_code
        self.point_code = point_code
        self.circuits: dict[int, Circuit] = {}
        self.groups: list[Group] = []
        self.accessible = False
        """MTP can reach it (MTP-RESUME came, no MTP-PAUSE since)."""
        self.user_part_available = True
        """Its TUP answers (no MTP-STATUS to the contrary, or a message since)."""
        self.started = False
        """Whether the circuits were put in service: after the first MTP-RESUME."""
        self.congestion = 0
        """Steps by which outgoing traffic is reduced."""
        self.offered = 0
        """Outgoing calls offered while congested: every so-manieth is refused."""
        self.procedures: dict[tuple[MessageType, int, int], Procedure] = {}
        """Requests not yet acknowledged, by (acknowledgement, CIC, range)."""
        self.once: list[tuple[float, int, GroupSupervision]] = []
        """Group messages that came once, where they must come twice: until when, CIC, message."""


class Circuit:
    """One circuit; its call processing state and its supervision live side by side."""

    __slots__ = (
        "blocking",
        "call",
        "checks_failed",
        "cic",
        "controlled",
        "group",
        "held",
        "peer",
        "procedures",
        "reset",
        "running",
        "state",
        "wanted",
    )

    def __init__(self, cic: int, group: Group, controlled: bool) -> None:
        self.cic = cic
        self.group = group
        self.peer = group.peer
        self.controlled = controlled
        self.state = State.RESETTING
        self.call: Call | None = None
        self.running: list[Timer] = []
        """Call timers started since the circuit was last idle."""
        self.blocking = 0
        """Bits of Blocking, as far as the peer knows of them."""
        self.wanted = 0
        """Bits of LOCAL, as maintenance wants them; the procedures bring `blocking` there."""
        self.procedures: dict[Blocking, Procedure] = {}
        """The blocking or unblocking request under way for each kind of local blocking."""
        self.reset: Procedure | None = None
        self.held: list[Message] = []
        """IAM and what followed from a peer that won dual seizure while we wait for RLG."""
        self.checks_failed = 0
        """Continuity checks failed one after another."""

    def __repr__(self) -> str:
        return f"<Circuit {self.group.name}/{self.cic} {self.state.name} {Blocking(self.blocking)!r}>"


class Call:
    """A call on a circuit; `number` is what call control knows it by."""

    __slots__ = (
        "attempts",
        "circuit",
        "complete",
        "digits",
        "group",
        "hold",
        "identity",
        "initial",
        "later",
        "number",
        "offered",
        "outgoing",
        "released",
    )

    def __init__(
        self,
        number: int,
        circuit: Circuit,
        initial: InitialAddress,
        outgoing: bool,
        identity: GeneralForwardSetup | None = None,
    ) -> None:
        self.number = number
        self.circuit = circuit
        self.group = circuit.group
        self.initial = initial
        """The IAM or IAI."""
        self.identity = identity
        """Outgoing: what GRQ may be answered with."""
        self.later: list[Message] | None = None
        """SAM, SAO: sent (outgoing, for a repeat attempt) or received before the call was offered (incoming)."""
        self.outgoing = outgoing
        self.attempts = 1
        """Circuits tried."""
        self.offered = outgoing
        """Whether call control knows of the call."""
        self.released = False
        """Whether call control released it, or was told that it is released."""
        self.digits = 0
        """Address digits received so far (incoming overlap)."""
        self.complete = True
        """Whether the called number is whole (incoming)."""
        self.hold = False
        """Outgoing: the called side asked to hold the connection (GRQ) and was granted it (GSM)."""


class Procedure:
    """A supervision request that is repeated until the peer acknowledges it."""

    __slots__ = ("circuits", "first", "flag", "peer", "range", "request")

    def __init__(self, request: MessageType, circuits: list[Circuit], flag: Blocking, span: int) -> None:
        self.request = request
        self.flag = flag
        """The kind of local blocking concerned; NONE for a reset."""
        self.first = circuits[0].cic
        self.range = span
        """Number of circuits less one; 0 for messages of a single circuit."""
        self.peer = circuits[0].peer
        self.circuits = {circuit.cic: circuit for circuit in circuits}
        """The circuits still concerned, by CIC."""


@dataclass(frozen=True, slots=True)
class CircuitView:
    """What `circuit_states` tells of a circuit."""

    status: CircuitStatus
    state: State
    blocking: Blocking
    call: int | None
