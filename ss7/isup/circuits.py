"""Circuits: their states, what blocks them, and the procedures under way on them."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tandem.core.enumeration import Symbol
from tandem.ss7.isup.variants import MESSAGE_LIMITS, Variant

if TYPE_CHECKING:
    from tandem.ss7.circuits.selection import CircuitPool
    from tandem.ss7.isup.codes import MessageType
    from tandem.ss7.isup.configuration import GroupConfiguration
    from tandem.ss7.isup.messages import Message
    from tandem.ss7.isup.timers import Timer


class State(Symbol):
    """Call processing state of a circuit, after the SDL of Q.764 (CPC outgoing and incoming, CRS, CRCS, CCI)."""

    IDLE = "idle"
    OUT_CHECK = "outgoing: IAM with continuity check sent, wait for the tone to come back (T24)"
    OUT_WAIT_ACM = "outgoing: IAM sent, wait for ACM (T7)"
    OUT_WAIT_ANM = "outgoing: ACM received, wait for ANM (T9)"
    OUT_ANSWERED = "outgoing: answered (suspended while T2 or T6 runs)"
    IN_RESERVED = "incoming: CRM received and CRA sent, wait for IAM (ANSI)"
    IN_WAIT_SGM = "incoming: IAM received, wait for its segment (T34)"
    IN_WAIT_COT = "incoming: IAM received, wait for continuity (T8)"
    IN_WAIT_CCR = "incoming: continuity failed, wait for CCR (T27)"
    IN_CHECK = "incoming: continuity check asked for by CCR, wait for COT or REL (T36)"
    IN_ADDRESS = "incoming: wait for more digits (T35, T10) or for ACM or CON to be sent (T11)"
    IN_WAIT_ANM = "incoming: ACM sent, wait for answer"
    IN_ANSWERED = "incoming: answered"
    RECHECK_WAIT = "continuity check failed: wait to check again (T25, T26)"
    RECHECK = "CCR sent, wait for the tone to come back (T24)"
    MEMBER = "part of an N x 64 kbit/s connection on another circuit"
    WAIT_RLC = "REL sent, wait for RLC (T1, T5)"
    RESETTING = "RSC or GRS sent or to be sent, wait for RLC or GRA"
    UNEQUIPPED = "unequipped: the peer answered UCIC"


class CircuitStatus(Symbol):
    """Coarse state of a circuit for people and for CQR (Q.763 3.14)."""

    IDLE = "idle"
    OUTGOING = "outgoing busy"
    INCOMING = "incoming busy"
    CHECKING = "continuity check"
    CONNECTED = "part of a connection of several circuits"
    RELEASING = "releasing"
    RESETTING = "resetting"
    UNEQUIPPED = "unequipped"


#: Where a circuit is that cannot carry calls, whatever its blocking.
UNUSABLE: Final = frozenset({CircuitStatus.CHECKING, CircuitStatus.RESETTING, CircuitStatus.UNEQUIPPED})

STATUS: dict[State, CircuitStatus] = {
    State.IDLE: CircuitStatus.IDLE,
    State.OUT_CHECK: CircuitStatus.OUTGOING,
    State.OUT_WAIT_ACM: CircuitStatus.OUTGOING,
    State.OUT_WAIT_ANM: CircuitStatus.OUTGOING,
    State.OUT_ANSWERED: CircuitStatus.OUTGOING,
    State.IN_RESERVED: CircuitStatus.INCOMING,
    State.IN_WAIT_SGM: CircuitStatus.INCOMING,
    State.IN_WAIT_COT: CircuitStatus.INCOMING,
    State.IN_WAIT_CCR: CircuitStatus.INCOMING,
    State.IN_CHECK: CircuitStatus.INCOMING,
    State.IN_ADDRESS: CircuitStatus.INCOMING,
    State.IN_WAIT_ANM: CircuitStatus.INCOMING,
    State.IN_ANSWERED: CircuitStatus.INCOMING,
    State.RECHECK_WAIT: CircuitStatus.CHECKING,
    State.RECHECK: CircuitStatus.CHECKING,
    State.MEMBER: CircuitStatus.CONNECTED,
    State.WAIT_RLC: CircuitStatus.RELEASING,
    State.RESETTING: CircuitStatus.RESETTING,
    State.UNEQUIPPED: CircuitStatus.UNEQUIPPED,
}


#: States of an outgoing call before any backward message: it may be tried on another circuit, Q.764 2.8.1.
OUT_EARLY: Final = frozenset({State.OUT_CHECK, State.OUT_WAIT_ACM})


class Blocking(IntFlag):
    """Why a circuit may not be used for new outgoing calls."""

    NONE = 0
    LOCAL_MAINTENANCE = 1
    """Blocking by us with BLO or CGB (maintenance)."""
    REMOTE_MAINTENANCE = 2
    """Blocking by the peer with BLO or CGB (maintenance)."""
    LOCAL_HARDWARE = 4
    """Blocking by us with CGB (hardware failure)."""
    REMOTE_HARDWARE = 8
    """Blocking by the peer with CGB (hardware failure)."""


class Group:
    """A circuit group at run time."""

    __slots__ = ("circuits", "configuration", "limit", "name", "peer", "pool", "seized", "timers", "variant")

    def __init__(
        self, configuration: GroupConfiguration, peer: Peer, pool: CircuitPool[Circuit], timers: dict[Timer, float]
    ) -> None:
        self.configuration = configuration
        self.name = configuration.name
        self.variant = configuration.variant
        self.peer = peer
        self.pool = pool
        self.timers = timers
        self.limit = MESSAGE_LIMITS[self.variant]
        """Most octets of a message from the CIC on."""
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
        """Its ISUP answers (no MTP-STATUS to the contrary, or UPA since)."""
        self.started = False
        """Whether the circuits were put in service: after the first MTP-RESUME."""
        self.congestion = 0
        """Steps by which outgoing traffic is reduced, Q.764 2.10."""
        self.offered = 0
        """Outgoing calls offered while congested: every so-manieth is refused."""
        self.procedures: dict[tuple[MessageType, int, int, bool], Procedure] = {}
        """Requests not yet acknowledged, by (acknowledgement, CIC, range, hardware)."""


class Circuit:
    """One circuit; its call processing state and its supervision live side by side, as in the SDL."""

    __slots__ = (
        "blocking",
        "call",
        "checks_failed",
        "cic",
        "controlled",
        "group",
        "hardware_procedure",
        "held",
        "lead",
        "maintenance_procedure",
        "members",
        "peer",
        "release",
        "reset",
        "running",
        "sls",
        "state",
        "wanted",
    )

    def __init__(self, cic: int, group: Group, controlled: bool) -> None:
        self.cic = cic
        self.group = group
        self.peer = group.peer
        self.controlled = controlled
        self.sls = cic & (0x1F if group.variant is Variant.ANSI else 0x0F)
        self.state = State.RESETTING
        self.call: Call | None = None
        self.release: Message | None = None
        """The REL to repeat while waiting for RLC."""
        self.running: list[Timer] = []
        """Call timers started since the circuit was last idle."""
        self.blocking = 0
        """Bits of Blocking, as far as the peer knows of them."""
        self.wanted = 0
        """LOCAL_MAINTENANCE and LOCAL_HARDWARE, as maintenance wants them; the procedures bring `blocking` there."""
        self.maintenance_procedure: Procedure | None = None
        self.hardware_procedure: Procedure | None = None
        self.reset: Procedure | None = None
        self.held: Message | None = None
        """A message whose segment is awaited."""
        self.checks_failed = 0
        """Continuity checks failed one after another."""
        self.members: list[Circuit] | None = None
        """The other circuits of the N x 64 kbit/s connection that this one leads."""
        self.lead: Circuit | None = None
        """The circuit that leads the connection of which this one is part."""

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
        "initial",
        "later",
        "number",
        "offered",
        "outgoing",
        "released",
    )

    def __init__(self, number: int, circuit: Circuit, initial: Message, outgoing: bool) -> None:
        self.number = number
        self.circuit = circuit
        self.group = circuit.group
        self.initial = initial
        """The IAM."""
        self.later: list[Message] | None = None
        """SAMs: sent (outgoing, for a repeat attempt) or received before the call was offered (incoming)."""
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


class Procedure:
    """A supervision request that is repeated until the peer acknowledges it."""

    __slots__ = ("circuits", "first", "hardware", "peer", "range", "request")

    def __init__(self, request: MessageType, circuits: list[Circuit], hardware: bool, span: int) -> None:
        self.request = request
        self.first = circuits[0].cic
        self.range = span
        """The range field of Q.763 3.43: number of circuits less one; 0 for messages of a single circuit."""
        self.hardware = hardware
        self.peer = circuits[0].peer
        self.circuits = {circuit.cic: circuit for circuit in circuits}
        """The circuits still concerned, by CIC."""


class CircuitView(Struct, frozen=True):
    """What `circuit_states` tells of a circuit."""

    status: CircuitStatus
    state: State
    blocking: Blocking
    call: int | None
