"""The ISUP exchange: calls and circuit supervision of ITU-T Q.764 (12/1999) for all circuits, one machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tandem.core.cause import Cause
from tandem.core.errors import ConfigurationError, DecodeError, EncodeError
from tandem.core.timers import Agenda
from tandem.ss7.circuits.reduction import refused_by_congestion
from tandem.ss7.isup import (
    blocking,
    calls_in,
    calls_out,
    confusion,
    continuity,
    initial,
    multirate,
    peers,
    release,
    segmentation,
    supervision,
    validation,
)
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.circuits import OUT_EARLY, STATUS, Blocking, Circuit, CircuitView, Group, Peer, Procedure, State
from tandem.ss7.isup.codes import MessageType, message_name
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.kernel import (
    OWN_LOCATION,
    Kernel,
    MessageAction,
    Parameters,
    SendAction,
    TimerAction,
    cause_indicators,
    discard,
)
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import Parameter, RawParameter
from tandem.ss7.isup.primitives import Alert, CallStateError, Output, Transfer
from tandem.ss7.isup.requests import procedure_expired, prompt
from tandem.ss7.isup.timers import Timer
from tandem.ss7.isup.variants import Variant
from tandem.ss7.mtp3.primitives import StatusCause

M = MessageType

#: Messages that only an earlier edition or another network defines: not recognised here.
UNRECOGNISED: Final = frozenset({M.CMR, M.CMC, M.CMRJ, M.FAD, M.FAI, M.CSVR, M.CSVS, M.DRS})

#: What becomes of a message that a state does not expect, Q.764 2.9.5.1 d).
UNEXPECTED: Final[dict[State, MessageAction]] = {
    State.IDLE: release.unexpected_idle,
    State.OUT_CHECK: release.unexpected_early,
    State.OUT_WAIT_ACM: release.unexpected_early,
    State.OUT_WAIT_ANM: discard,
    State.OUT_ANSWERED: discard,
    State.IN_RESERVED: discard,
    State.IN_WAIT_SGM: discard,
    State.IN_WAIT_COT: release.unexpected_early,
    State.IN_WAIT_CCR: discard,
    State.IN_CHECK: discard,
    State.IN_ADDRESS: release.unexpected_early,
    State.IN_WAIT_ANM: discard,
    State.IN_ANSWERED: discard,
    State.RECHECK_WAIT: discard,
    State.RECHECK: discard,
    State.MEMBER: discard,
    State.WAIT_RLC: discard,
    State.RESETTING: discard,
    State.UNEQUIPPED: discard,
}


#: Supervision messages do the same in every call processing state.
SUPERVISION: Final[dict[MessageType, MessageAction]] = supervision.MESSAGES | blocking.MESSAGES | validation.SUPERVISION


def _message_table() -> dict[tuple[State, MessageType], MessageAction]:
    """Every state with every message type of a circuit."""
    table: dict[tuple[State, MessageType], MessageAction] = {}
    for state in State:
        for message in MessageType:
            table[state, message] = UNEXPECTED[state]
            if message in UNRECOGNISED:
                table[state, message] = confusion.unrecognised
            if message in SUPERVISION:
                table[state, message] = SUPERVISION[message]
    parts = (calls_out, calls_in, release, continuity, validation)
    for part in parts:
        table |= part.MESSAGES
    return table


#: What each message does in each state.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = _message_table()

#: What the expiry of a circuit's timer does in each state.
TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = (
    calls_out.TIMERS | calls_in.TIMERS | release.TIMERS | continuity.TIMERS | validation.TIMERS
)

#: What call control may send in each state, REL apart.
SENDS: Final[dict[tuple[State, MessageType], SendAction]] = calls_out.SENDS | calls_in.SENDS


class IsupExchange:
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
                if timer is Timer.T34:
                    self._go_on(owner, None, now)
                    continue
                action = TIMERS.get((owner.state, timer))
                if action is not None:
                    action(kernel, owner, now)
            elif isinstance(owner, Procedure):
                procedure_expired(kernel, owner, timer, now)
            else:
                peers.TIMERS[timer](kernel, owner, now)

    # From MTP

    def receive(self, opc: int, dpc: int, sls: int, octets: bytes, now: float) -> None:
        """MTP-TRANSFER indication: `octets` from the CIC on, sent by `opc` to us, `dpc`. Never raises."""
        kernel = self._kernel
        peer = kernel.peers.get((opc, dpc))
        if peer is None:
            kernel.produced.append(Alert("", None, f"message from {opc} to {dpc} discarded: no circuit group"))
            return
        try:
            message = Message.parse(octets, peer.groups[0].variant)
        except DecodeError as error:
            # Q.764 2.9.5.2: a message without its mandatory parts is discarded; timers recover what it was for.
            name = message_name(octets[2]) if len(octets) > 2 else "message"
            kernel.produced.append(Alert(peer.groups[0].name, None, f"malformed {name} discarded: {error}"))
            return
        if not peer.user_part_available:
            peers.available_again(kernel, peer)
            prompt(kernel, peer.procedures.values(), now)
        message_type = message.type
        if message_type == M.UPT or message_type == M.UPA:
            peers.user_part_test(kernel, peer, message, sls)
            return
        circuit = peer.circuits.get(message.cic)
        if circuit is None:
            self._unknown_circuit(peer, message, sls)
            return
        if circuit.held is None and message_type != M.SGM and not segmentation.announces_segment(message):
            self._act(circuit, message, now)  # as nearly always
        else:
            self._segment(circuit, message, now)
        if kernel.broken:
            kernel.mend(now)

    def _segment(self, circuit: Circuit, message: Message, now: float) -> None:
        """Put segments together, Q.764 2.1.12: a message that announces one waits for T34 or what comes first."""
        held = circuit.held
        if message.type == M.SGM:
            if held is not None:
                self._go_on(circuit, message, now)
            return  # late, or unasked for: discarded
        if held is not None and message.type not in SUPERVISION:
            self._go_on(circuit, None, now)
        if segmentation.announces_segment(message) and self._may_wait(circuit, message):
            if circuit.state is State.IDLE:
                self._kernel.set_state(circuit, State.IN_WAIT_SGM)
            circuit.held = message
            self._kernel.start(circuit, Timer.T34, now)
        else:
            self._act(circuit, message, now)

    @staticmethod
    def _may_wait(circuit: Circuit, message: Message) -> bool:
        """Whether a message has a state to wait in: an IAM before its call, others in theirs."""
        if message.type == M.IAM:
            return circuit.state is State.IDLE or circuit.state in OUT_EARLY
        return circuit.call is not None

    def _go_on(self, circuit: Circuit, segment: Message | None, now: float) -> None:
        held, circuit.held = circuit.held, None
        self._kernel.stop(circuit, Timer.T34)
        if held is not None:
            self._act(circuit, segmentation.join(held, segment), now)

    def _act(self, circuit: Circuit, message: Message, now: float) -> None:
        kernel = self._kernel
        if not isinstance(message.type, MessageType):
            confusion.unrecognised(kernel, circuit, message, now)
            return
        rest: Message | None = message
        if not confusion.KNOWN.issuperset(message.firsts):
            rest = confusion.examine(kernel, circuit, message, now)
        if rest is not None:
            MESSAGES[circuit.state, message.type](kernel, circuit, rest, now)

    def _unknown_circuit(self, peer: Peer, message: Message, sls: int) -> None:
        """UCIC for a circuit that we do not have, Q.764 2.12; never in answer to an answer."""
        if message.type in _NOT_ANSWERED:
            return
        group = peer.groups[0]
        kernel = self._kernel
        kernel.produced.append(Alert(group.name, message.cic, f"{message_name(message.type)} for an unknown circuit"))
        reply = Message.build(M.UCIC, message.cic, variant=group.variant)
        kernel.produced.append(Transfer(peer.own_point_code, peer.point_code, sls, reply.encode()))

    def pause(self, dpc: int, now: float) -> None:
        """MTP-PAUSE: no new calls to `dpc`; calls stay, and what is being repeated goes on, Q.764 2.13."""
        for peer in self._peers(dpc):
            peer.accessible = False

    def resume(self, dpc: int, now: float) -> None:
        """MTP-RESUME: calls to `dpc` may be set up; the first time its circuits are reset and put in service."""
        for peer in self._peers(dpc):
            if not peer.accessible:
                peer.accessible = True
                peers.available_again(self._kernel, peer)
                prompt(self._kernel, peer.procedures.values(), now)
            if not peer.started:
                peer.started = True
                for group in peer.groups:
                    self._put_in_service(group, now)

    def _put_in_service(self, group: Group, now: float) -> None:
        kernel = self._kernel
        circuits = [item for item in group.circuits.values() if item.state is State.RESETTING and item.reset is None]
        if group.configuration.reset_at_start:
            supervision.start_reset(kernel, circuits, now)
            return
        for circuit in circuits:
            kernel.set_state(circuit, State.IDLE)
        blocking.reconcile(kernel, circuits, now)

    def status(self, dpc: int, cause: StatusCause, now: float) -> None:
        """MTP-STATUS: the network towards `dpc` is congested, or its ISUP does not answer; Q.764 2.10, 2.14."""
        for peer in self._peers(dpc):
            peers.status(self._kernel, peer, cause, now)

    def _peers(self, dpc: int) -> list[Peer]:
        return [peer for peer in self._kernel.peers.values() if peer.point_code == dpc]

    # From call control

    def setup(self, group: str, parameters: Parameters, now: float) -> int | None:
        """Seize a circuit and send an IAM with `parameters`.

        Returns the number of the call, or None when there is no circuit to be had: all busy or blocked, the peer
        out of reach, or traffic to it reduced (cause 34 or 42 for the caller). EncodeError when the parameters do
        not make an IAM; no circuit is seized then.
        """
        kernel = self._kernel
        target = kernel.groups[group]
        if not len(target.pool) or refused_by_congestion(target.peer):
            return None
        message = initial.along_circuit(target, Message.build(M.IAM, 0, parameters, variant=target.variant))
        run = kernel.select(target, multirate.circuits_needed(message))
        if run is None:
            return None
        try:
            call = kernel.new_call(run[0], message, outgoing=True)
            kernel.seize(run, message, now)
        except EncodeError:
            # A caller's mistake must not cost a circuit.
            kernel.forget_call(run[0])
            target.pool.add(run[0])
            raise
        return call.number

    def send(self, call: int, message_type: MessageType, parameters: Parameters, now: float) -> None:
        """Send a message of a call: ACM, CPG, CON, ANM, SAM, SUS, RES, INF …; `release` sends REL.

        CallStateError when the call is over or the message may not be sent in its state.
        """
        kernel = self._kernel
        known = kernel.calls.get(call)
        if known is None or known.released:
            raise CallStateError(f"call {call} is over, {message_type.name} cannot be sent")
        circuit = known.circuit
        action = SENDS.get((circuit.state, message_type))
        if action is None:
            raise CallStateError(f"call {call}: {message_type.name} cannot be sent in state {circuit.state.value}")
        message = Message.build(message_type, circuit.cic, parameters, variant=circuit.group.variant)
        action(kernel, circuit, message, now)

    def release(self, call: int, cause: int | Parameter | RawParameter | Parameters, now: float) -> None:
        """Send REL with a cause value, cause indicators, or all parameters of the REL.

        CallCleared follows when the peer has answered. Nothing happens when the call is over already: a release
        by call control may cross one by the peer.
        """
        known = self._kernel.calls.get(call)
        if known is None or known.released:
            return
        if isinstance(cause, int):
            parameters: Parameters = [cause_indicators(cause)]
        elif isinstance(cause, Parameter | RawParameter):
            parameters = [cause]
        else:
            parameters = cause or [CauseIndicators(Cause.NORMAL_CALL_CLEARING)]
        self._kernel.start_release(known.circuit, parameters, now)
        known.released = True

    def circuit_of(self, call: int) -> int:
        """CIC of the circuit that a call is on; CallStateError when the call is cleared."""
        return self.circuits_of(call)[0]

    def circuits_of(self, call: int) -> tuple[int, ...]:
        """CICs of all circuits that a call is on, N of them for N x 64 kbit/s; CallStateError when it is cleared."""
        known = self._kernel.calls.get(call)
        if known is None:
            raise CallStateError(f"call {call} is over")
        circuit = known.circuit
        return (circuit.cic, *[member.cic for member in circuit.members or ()])

    def pass_on(self, call: int, message: Message, now: float) -> None:
        """Send on a message of a type that is not known here, as it came on another call (Q.764 2.9.5).

        CallStateError when the call is over.
        """
        known = self._kernel.calls.get(call)
        if known is None or known.released:
            raise CallStateError(f"call {call} is over, {message_name(message.type)} cannot be passed on")
        circuit = known.circuit
        copy = Message(message.type, circuit.cic, variant=circuit.group.variant, body=message.body)
        self._kernel.transmit(circuit, copy)

    def not_passed_on(self, call: int, message: Message, now: float) -> None:
        """Call control cannot pass on an unrecognised message, or the unrecognised parameters of a known one.

        It is discarded, notified with CFN or the call released, as its instructions say; Q.764 2.9.5.
        """
        known = self._kernel.calls.get(call)
        if known is not None and not known.released:
            confusion.not_passed_on(self._kernel, known.circuit, message, now)

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

    def check_continuity(self, group: str, cics: Iterable[int] | None, now: float) -> None:
        """Check idle circuits with CCR (Q.764 2.1.9); busy ones are passed over."""
        for circuit in self._circuits(group, cics):
            continuity.check(self._kernel, circuit, now)

    def validate(self, group: str, cics: Iterable[int] | None, now: float) -> None:
        """Ask the peer whether it has circuits as we do (CVT, ANSI only); CircuitValidated follows for each."""
        target = self._kernel.groups[group]
        if target.variant is not Variant.ANSI:
            raise ConfigurationError(f"circuit group {group}: CVT exists in the ansi variant only")
        for circuit in self._circuits(group, cics):
            validation.validate(self._kernel, circuit, now)

    @property
    def tells_calls(self) -> bool:
        """Whether CircuitState tells too that a call takes a circuit or gives it back, not only what calls can use."""
        return self._kernel.tells_calls

    @tells_calls.setter
    def tells_calls(self, tells: bool) -> None:
        self._kernel.tells_calls = tells

    @property
    def congestion_level(self) -> int:
        """Automatic congestion level that peers are told in REL: 0 none, 1 or 2 (Q.764 2.11)."""
        return self._kernel.congestion_level

    @congestion_level.setter
    def congestion_level(self, level: int) -> None:
        self._kernel.congestion_level = level

    def block(self, group: str, cics: Iterable[int] | None, now: float, *, hardware: bool = False) -> None:
        """Block circuits (None: all of the group). Calls on them go on, unless for hardware failure."""
        flag = Blocking.LOCAL_HARDWARE if hardware else Blocking.LOCAL_MAINTENANCE
        circuits = self._circuits(group, cics)
        for circuit in circuits:
            circuit.wanted |= flag
        blocking.reconcile(self._kernel, circuits, now)
        self._kernel.mend(now)

    def unblock(self, group: str, cics: Iterable[int] | None, now: float, *, hardware: bool = False) -> None:
        """Take back `block`; circuits may be seized when the peer has acknowledged."""
        flag = Blocking.LOCAL_HARDWARE if hardware else Blocking.LOCAL_MAINTENANCE
        circuits = self._circuits(group, cics)
        for circuit in circuits:
            circuit.wanted &= ~flag
        blocking.reconcile(self._kernel, circuits, now)

    def reset(self, group: str, cics: Iterable[int] | None, now: float) -> None:
        """Reset circuits; calls on them end. Also brings circuits back that the peer called unequipped."""
        kernel = self._kernel
        circuits = self._circuits(group, cics)
        for circuit in circuits:
            if circuit.state is not State.RESETTING:
                kernel.end_call(circuit, Cause.NORMAL_UNSPECIFIED, OWN_LOCATION, "reset by maintenance")
        supervision.start_reset(kernel, circuits, now)
        kernel.mend(now)

    def query(self, group: str, cics: Iterable[int] | None, now: float) -> None:
        """Ask the peer for its view of circuits (CQM, national use); GroupQueried follows."""
        supervision.query(self._kernel, self._circuits(group, cics), now)

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


#: Messages about an unknown circuit that are not answered with UCIC: answers, and reports.
_NOT_ANSWERED: Final = frozenset(
    {M.UCIC, M.CFN, M.RLC, M.BLA, M.UBA, M.CGBA, M.CGUA, M.GRA, M.CQR, M.LPA, M.UPA, M.UPT, M.CRA, M.CVR}
)
