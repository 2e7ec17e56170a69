"""The TUP exchange: calls and circuit supervision of ITU-T Q.724 (1988) and China GF 001-9001, one machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tandem.core.cause import Cause
from tandem.core.errors import ConfigurationError, DecodeError, EncodeError
from tandem.core.timers import Agenda
from tandem.ss7.circuits.reduction import refused_by_congestion
from tandem.ss7.mtp3.primitives import StatusCause
from tandem.ss7.tup import blocking, calls_in, calls_out, clearing, congestion, continuity, groups, reset
from tandem.ss7.tup.cause import FAILURES, cause_of
from tandem.ss7.tup.circuits import (
    OUTGOING,
    STATUS,
    Blocking,
    Circuit,
    CircuitView,
    Group,
    Peer,
    Procedure,
    State,
)
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.fields import MOST_SIGNALS
from tandem.ss7.tup.kernel import Kernel, MessageAction, SendAction, TimerAction, along_circuit, discard
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import GeneralForwardSetup, InitialAddress, Message, SubsequentAddress
from tandem.ss7.tup.primitives import Alert, CallStateError, Output
from tandem.ss7.tup.requests import procedure_expired, prompt
from tandem.ss7.tup.timers import Timer

M = MessageType

#: What becomes of a message that a state does not expect, Q.724 6.
UNEXPECTED: Final[dict[State, MessageAction]] = {
    State.IDLE: clearing.unexpected_idle,
    State.OUT_CHECK: clearing.unexpected_early,
    State.OUT_WAIT_ACM: clearing.unexpected_early,
    State.OUT_WAIT_ANSWER: discard,
    State.OUT_ANSWERED: discard,
    State.OUT_CLEARED_BACK: discard,
    State.OUT_HELD: discard,
    State.IN_WAIT_COT: clearing.unexpected_early,
    State.IN_WAIT_GSM: clearing.unexpected_early,
    State.IN_ADDRESS: clearing.unexpected_early,
    State.IN_WAIT_ANSWER: discard,
    State.IN_ANSWERED: discard,
    State.IN_CLEARED_BACK: discard,
    State.IN_FAILED: discard,
    State.IN_CHECK: discard,
    State.RECHECK_WAIT: discard,
    State.RECHECK: discard,
    State.WAIT_RLG: discard,
    State.RESETTING: discard,
}

#: Supervision messages do the same in every call processing state.
SUPERVISION: Final[dict[MessageType, MessageAction]] = (
    blocking.MESSAGES | groups.MESSAGES | reset.MESSAGES | congestion.MESSAGES
)


def _message_table() -> dict[tuple[State, MessageType], MessageAction]:
    """Every state with every message type of a circuit."""
    table: dict[tuple[State, MessageType], MessageAction] = {
        (state, message): SUPERVISION.get(message, UNEXPECTED[state]) for state in State for message in MessageType
    }
    for part in (calls_out, calls_in, clearing, continuity):
        table |= part.MESSAGES
    return table


#: What each message does in each state.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = _message_table()

#: What the expiry of a circuit's timer does in each state.
TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = (
    calls_out.TIMERS | calls_in.TIMERS | clearing.TIMERS | continuity.TIMERS
)

#: What call control may send in each state; messages of failure, CLF and CCL are for `TupExchange.release`.
SENDS: Final[dict[tuple[State, MessageType], SendAction]] = calls_out.SENDS | calls_in.SENDS


class TupExchange:
    """All circuits of this node towards all its peers.

    Feed it MTP indications, what call control and maintenance ask for, and the time; drain `outputs()` after each
    and arm one timer for `next_deadline()`. Times are seconds on one monotonic scale.
    """

    def __init__(self, groups: Iterable[GroupConfiguration]) -> None:
        """Circuits are out of service until MTP-RESUME for their peer; ConfigurationError when groups conflict."""
        self._kernel = Kernel(groups)
        self.waiting: Final[list[Output]] = self._kernel.produced
        """What `outputs` is going to return: the same list every time, for those who look often."""

    @property
    def groups(self) -> dict[str, GroupConfiguration]:
        """Configuration of every circuit group, by name."""
        return {name: group.configuration for name, group in self._kernel.groups.items()}

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way: no call, and every supervision request to a reachable peer is answered."""
        kernel = self._kernel
        return not kernel.calls and not any(peer.accessible and peer.procedures for peer in kernel.peers.values())

    # The contract of a machine

    def outputs(self) -> list[Output]:
        """What was produced since the last call, in order."""
        produced = self.waiting[:]
        self.waiting.clear()
        return produced

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._kernel.timers.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self._kernel.timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on every timer that expired."""
        kernel = self._kernel
        for owner, timer in kernel.timers.expired(now):
            if isinstance(owner, Circuit):
                if timer in owner.running:
                    owner.running.remove(timer)
                action = TIMERS.get((owner.state, timer))
                if action is not None:
                    action(kernel, owner, now)
            elif isinstance(owner, Procedure):
                procedure_expired(kernel, owner, timer, now)
            else:
                congestion.TIMERS[timer](kernel, owner, now)

    # From MTP

    def receive(self, opc: int, dpc: int, sls: int, octets: bytes, now: float) -> None:
        """MTP-TRANSFER indication: `octets` behind the routing label, sent by `opc` to us, `dpc`. Never raises."""
        kernel = self._kernel
        peer = kernel.peers.get((opc, dpc))
        if peer is None:
            kernel.produced.append(Alert("", None, f"message from {opc} to {dpc} discarded: no circuit group"))
            return
        group = peer.groups[0]
        try:
            received = CircuitMessage.parse(sls, octets, group.variant)
        except DecodeError as error:
            # Q.724 6: a message that cannot be read is discarded; timers recover what it was for.
            kernel.produced.append(Alert(group.name, None, f"malformed message discarded: {error}"))
            return
        if not peer.user_part_available:
            congestion.available_again(kernel, peer)
            prompt(kernel, peer.procedures.values(), now)
        message = received.message
        circuit = peer.circuits.get(received.cic)
        if circuit is None:
            kernel.produced.append(Alert(group.name, received.cic, f"{message.name} for an unknown circuit discarded"))
        elif isinstance(message.type, MessageType):
            MESSAGES[circuit.state, message.type](kernel, circuit, message, now)
        # TUP has no message that says "not understood": a heading that the variant does not have is passed over.

    def pause(self, dpc: int, now: float) -> None:
        """MTP-PAUSE: no new calls to `dpc`; calls stay, and what is being repeated goes on."""
        for peer in self._peers(dpc):
            peer.accessible = False

    def resume(self, dpc: int, now: float) -> None:
        """MTP-RESUME: calls to `dpc` may be set up; the first time its circuits are reset and put in service."""
        for peer in self._peers(dpc):
            if not peer.accessible:
                peer.accessible = True
                congestion.available_again(self._kernel, peer)
                prompt(self._kernel, peer.procedures.values(), now)
            if not peer.started:
                peer.started = True
                for group in peer.groups:
                    self._put_in_service(group, now)

    def _put_in_service(self, group: Group, now: float) -> None:
        kernel = self._kernel
        circuits = [item for item in group.circuits.values() if item.state is State.RESETTING and item.reset is None]
        if group.configuration.reset_at_start:
            reset.start_reset(kernel, circuits, now)
            return
        for circuit in circuits:
            kernel.set_state(circuit, State.IDLE)
        blocking.reconcile(kernel, circuits, now)

    def status(self, dpc: int, cause: StatusCause, now: float) -> None:
        """MTP-STATUS: the network towards `dpc` is congested, or its TUP does not answer."""
        for peer in self._peers(dpc):
            congestion.status(self._kernel, peer, cause, now)

    def _peers(self, dpc: int) -> list[Peer]:
        return [peer for peer in self._kernel.peers.values() if peer.point_code == dpc]

    # From call control

    def setup(
        self, group: str, message: InitialAddress, now: float, identity: GeneralForwardSetup | None = None
    ) -> int | None:
        """Seize a circuit and send `message`, an IAM or IAI.

        Digits beyond the 15 address signals that it holds follow in SAM. `identity` is what GRQ may be answered with,
        besides category, calling line and original called address of the message itself.

        Returns the number of the call, or None when there is no circuit to be had: all busy or blocked, the peer
        out of reach, or traffic to it reduced (cause 34 or 42 for the caller). EncodeError when the message cannot
        be sent; no circuit is seized then.
        """
        kernel = self._kernel
        target = kernel.groups[group]
        if not len(target.pool) or refused_by_congestion(target.peer):
            return None
        first, rest = _split(message)
        first = along_circuit(target, first)
        circuit = kernel.select(target)
        if circuit is None:
            return None
        try:
            call = kernel.new_call(circuit, first, outgoing=True, identity=identity)
            for more in rest:
                CircuitMessage(circuit.cic, more).encode(target.variant)
            kernel.seize(circuit, first, now)
        except EncodeError:
            # A caller's mistake must not cost a circuit.
            kernel.forget_call(circuit)
            target.pool.add(circuit)
            raise
        for more in rest:
            self.send(call.number, more, now)
        return call.number

    def send(self, call: int, message: Message, now: float) -> None:
        """Send a message of a call.

        Outgoing: SAM, SAO, COT and CCF (continuity of a previous circuit), GSM, FOT, OPR. Incoming: ACM, CHG, ANC,
        ANN, ANU, CBK, RAN, GRQ, MPM, MAL. What ends a call is sent by `release`.
        CallStateError when the call is over or the message may not be sent in its state; EncodeError.
        """
        kernel = self._kernel
        known = kernel.calls.get(call)
        if known is None or known.released:
            raise CallStateError(f"call {call} is over, {message.name} cannot be sent")
        circuit = known.circuit
        kind = message.type
        action = SENDS.get((circuit.state, kind)) if isinstance(kind, MessageType) else None
        if action is None:
            raise CallStateError(f"call {call}: {message.name} cannot be sent in state {circuit.state.value}")
        action(kernel, circuit, message, now)

    def release(self, call: int, cause: int | Message, now: float) -> None:
        """End a call for a cause value; or, an incoming one before ACM, with a message of failure.

        Outgoing: CLF, or CCL where the called party controls the call. Incoming: a message of failure before ACM, CFL
        after it, CBK after answer. CallCleared follows when the peer has done its part. Nothing happens when the call
        is over already: a release by call control may cross one by the peer.
        """
        kernel = self._kernel
        known = kernel.calls.get(call)
        if known is None or known.released:
            return
        circuit = known.circuit
        message: Message | None = None
        if isinstance(cause, Message):
            if cause.type not in FAILURES:
                raise CallStateError(f"call {call}: {cause.name} is no message of failure")
            message, cause = cause, cause_of(MessageType(cause.type))
            CircuitMessage(circuit.cic, message).encode(circuit.group.variant)  # EncodeError before anything changes
        if circuit.state in OUTGOING:
            calls_out.release(kernel, circuit, now)
        else:
            calls_in.release(kernel, circuit, cause, now, message)
        known.released = True

    def circuit_of(self, call: int) -> int:
        """CIC of the circuit that a call is on; CallStateError when the call is cleared."""
        known = self._kernel.calls.get(call)
        if known is None:
            raise CallStateError(f"call {call} is over")
        return known.circuit.cic

    def calls(self) -> list[int]:
        """Numbers of all calls that are not cleared."""
        return list(self._kernel.calls)

    def idle_circuits(self, group: str) -> int:
        """How many circuits could be seized now."""
        target = self._kernel.groups[group]
        return len(target.pool) if target.peer.accessible and target.peer.user_part_available else 0

    # From the media plane

    def continuity_heard(self, group: str, cic: int, now: float) -> None:
        """The check tone that ContinuityTone asked for came back."""
        circuit = self._kernel.groups[group].circuits.get(cic)
        if circuit is not None:
            continuity.tone_returned(self._kernel, circuit, now)

    # From maintenance

    @property
    def tells_calls(self) -> bool:
        """Whether CircuitState tells too that a call takes a circuit or gives it back, not only what calls can use."""
        return self._kernel.tells_calls

    @tells_calls.setter
    def tells_calls(self, tells: bool) -> None:
        self._kernel.tells_calls = tells

    def check_continuity(self, group: str, cics: Iterable[int] | None, now: float) -> None:
        """Check idle circuits with CCR (Q.724 7); busy ones are passed over."""
        for circuit in self._circuits(group, cics):
            continuity.check(self._kernel, circuit, now)

    @property
    def congestion_level(self) -> int:
        """Congestion level that peers are told with ACC after RLG: 0 none, 1 or 2."""
        return self._kernel.congestion_level

    @congestion_level.setter
    def congestion_level(self, level: int) -> None:
        if level not in (0, 1, 2):
            raise ConfigurationError(f"congestion level {level} is not 0, 1 or 2")
        self._kernel.congestion_level = level

    def block(
        self, group: str, cics: Iterable[int] | None, now: float, *, hardware: bool = False, software: bool = False
    ) -> None:
        """Block circuits (None: all of the group) for maintenance, or for hardware or software failure.

        Calls on them go on when it is for maintenance, and end otherwise.
        """
        circuits = self._circuits(group, cics)
        for circuit in circuits:
            circuit.wanted |= _flags(hardware, software)
        blocking.reconcile(self._kernel, circuits, now)

    def unblock(
        self, group: str, cics: Iterable[int] | None, now: float, *, hardware: bool = False, software: bool = False
    ) -> None:
        """Take back `block`; circuits may be seized when the peer has acknowledged."""
        circuits = self._circuits(group, cics)
        for circuit in circuits:
            circuit.wanted &= ~_flags(hardware, software)
        blocking.reconcile(self._kernel, circuits, now)

    def reset(self, group: str, cics: Iterable[int] | None, now: float) -> None:
        """Reset circuits (RSC, GRS); calls on them end."""
        kernel = self._kernel
        circuits = self._circuits(group, cics)
        for circuit in circuits:
            if circuit.state is not State.RESETTING:
                kernel.end_call(circuit, Cause.NORMAL_UNSPECIFIED, "reset by maintenance")
        reset.start_reset(kernel, circuits, now)

    def shutdown(self, now: float) -> None:
        """Block every circuit (maintenance), so that no new call comes; calls in progress go on."""
        for name in self._kernel.groups:
            self.block(name, None, now)

    def circuit_states(self, group: str) -> dict[int, CircuitView]:
        """Every circuit of a group, by CIC."""
        return {
            cic: CircuitView(
                STATUS[circuit.state],
                circuit.state,
                Blocking(circuit.blocking),
                circuit.call.number if circuit.call is not None and circuit.call.offered else None,
            )
            for cic, circuit in self._kernel.groups[group].circuits.items()
        }

    def _circuits(self, group: str, cics: Iterable[int] | None) -> list[Circuit]:
        circuits = self._kernel.groups[group].circuits
        return list(circuits.values()) if cics is None else [circuits[cic] for cic in cics]


def _flags(hardware: bool, software: bool) -> Blocking:
    """The kinds of local blocking asked for."""
    flags = Blocking.LOCAL_HARDWARE if hardware else Blocking.NONE
    if software:
        flags |= Blocking.LOCAL_SOFTWARE
    return flags or Blocking.LOCAL_MAINTENANCE


def _split(message: InitialAddress) -> tuple[InitialAddress, list[SubsequentAddress]]:
    """An IAM with as many address signals as it holds, and SAMs with the rest."""
    if len(message.digits) + message.st <= MOST_SIGNALS:
        return message, []
    digits, rest = message.digits[:MOST_SIGNALS], message.digits[MOST_SIGNALS:]
    parts = [rest[start : start + MOST_SIGNALS - 1] for start in range(0, max(1, len(rest)), MOST_SIGNALS - 1)]
    later = [SubsequentAddress(part) for part in parts]
    later[-1] = replace(later[-1], st=message.st)
    return replace(message, digits=digits, st=False), later
