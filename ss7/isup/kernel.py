"""What all ISUP procedures share: output, timers, the one state setter, ending a call, trying it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tandem.core.cause import Cause, Location
from tandem.core.errors import ConfigurationError
from tandem.core.timers import TimerTable
from tandem.ss7.circuits.selection import circuit_pool
from tandem.ss7.isup import initial, multirate, segmentation
from tandem.ss7.isup.circuits import OUT_EARLY, STATUS, UNUSABLE, Blocking, Call, Circuit, Group, Peer, Procedure, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import Parameter, RawParameter
from tandem.ss7.isup.primitives import (
    Alert,
    CallCleared,
    CallMessage,
    CallReleased,
    CircuitChanged,
    CircuitState,
    ContinuityLoop,
    ContinuityTone,
    Output,
    Transfer,
)
from tandem.ss7.isup.timers import Timer, timer_values
from tandem.ss7.isup.variants import Variant

Parameters = Sequence[Parameter | RawParameter]
TimerOwner = Circuit | Procedure | Peer

#: Circuits tried for one outgoing call. Q.764 2.8.1 speaks of one repeat attempt; a second covers an attempt that
#: meets dual seizure in turn. More would only delay the caller.
MAXIMUM_ATTEMPTS: Final = 3

#: Location of causes that this exchange makes itself.
OWN_LOCATION: Final = Location.TRANSIT_NETWORK

_BLOCKINGS: Final = tuple(Blocking(bits) for bits in range(max(Blocking) << 1))


class Kernel:
    """State of the exchange and the steps that every procedure is made of."""

    def __init__(self, groups: Iterable[GroupConfiguration]) -> None:
        self.groups: dict[str, Group] = {}
        self.peers: dict[tuple[int, int], Peer] = {}
        """By (point code of the peer, own point code)."""
        self.calls: dict[int, Call] = {}
        self.timers: TimerTable[tuple[TimerOwner, Timer]] = TimerTable()
        self.produced: list[Output] = []
        self.congestion_level = 0
        """Automatic congestion level that our REL messages tell the peers, Q.764 2.11: 0 none, 1 or 2."""
        self.broken: list[Circuit] = []
        """Leads of connections that lost one of their circuits: their calls are to be released."""
        self._last_call = 0
        self.tells_calls = True
        """Whether it is told of a circuit too that a call takes it, or gives it back."""
        for configuration in groups:
            self._add_group(configuration)

    def _add_group(self, configuration: GroupConfiguration) -> None:
        if configuration.name in self.groups:
            raise ConfigurationError(f"circuit group {configuration.name} is defined twice")
        pair = (configuration.peer_point_code, configuration.own_point_code)
        peer = self.peers.get(pair)
        if peer is None:
            peer = self.peers[pair] = Peer(configuration.own_point_code, configuration.peer_point_code)
        timers = timer_values(configuration.timers, ansi=configuration.variant is Variant.ANSI)
        group = Group(configuration, peer, circuit_pool(configuration.selection), timers)
        for cic in sorted(configuration.cics):
            if cic in peer.circuits:
                other = peer.circuits[cic].group.name
                raise ConfigurationError(f"circuit groups {other} and {group.name} both have CIC {cic} to one peer")
            group.circuits[cic] = peer.circuits[cic] = Circuit(cic, group, configuration.controls(cic))
        peer.groups.append(group)
        self.groups[group.name] = group

    # Output

    def alert(self, circuit: Circuit, text: str) -> None:
        """Tell maintenance about a circuit."""
        self.produced.append(Alert(circuit.group.name, circuit.cic, text))

    def transmit(self, circuit: Circuit, message: Message) -> None:
        """Send a message of a circuit, in two segments when it is too long for one signal unit."""
        peer = circuit.peer
        octets = message.encode()
        limit = circuit.group.limit
        for part in (octets,) if len(octets) <= limit else segmentation.split(message, limit):
            self.produced.append(Transfer(peer.own_point_code, peer.point_code, circuit.sls, part))

    def reply(self, circuit: Circuit, message_type: MessageType, parameters: Parameters = ()) -> Message:
        """Build and send a message of a circuit."""
        message = Message.build(message_type, circuit.cic, parameters, variant=circuit.group.variant)
        self.transmit(circuit, message)
        return message

    def deliver(self, circuit: Circuit, message: Message) -> None:
        """Hand a message to call control, unless it has done with the call."""
        call = circuit.call
        if call is not None and call.offered and not call.released:
            self.produced.append(CallMessage(call.number, message))

    # Timers of circuits

    def start(self, circuit: Circuit, timer: Timer, now: float) -> None:
        """Start or restart a call timer."""
        self.timers.start((circuit, timer), now + circuit.group.timers[timer])
        if timer not in circuit.running:
            circuit.running.append(timer)

    def stop(self, circuit: Circuit, *timers: Timer) -> None:
        """Stop call timers, running or not."""
        for timer in timers:
            if timer in circuit.running:
                circuit.running.remove(timer)
                self.timers.stop((circuit, timer))

    def stop_all(self, circuit: Circuit) -> None:
        """Stop every call timer of a circuit; a segment is no longer awaited."""
        circuit.held = None
        for timer in circuit.running:
            self.timers.stop((circuit, timer))
        circuit.running.clear()

    # State of circuits

    def set_state(self, circuit: Circuit, state: State) -> None:
        """The one place where the state of a circuit changes."""
        old = circuit.state
        if state is old:
            return
        circuit.state = state
        if old is State.MEMBER or circuit.members is not None:
            self._part(circuit, state)
        if state is State.IDLE:
            if not circuit.blocking:
                circuit.group.pool.add(circuit)
        elif old is State.IDLE:
            circuit.group.pool.discard(circuit)
        status, former = STATUS[state], STATUS[old]
        if status is not former and (self.tells_calls or status in UNUSABLE or former in UNUSABLE):
            self._report(circuit)

    def _part(self, circuit: Circuit, state: State) -> None:
        """A connection of several circuits ends with its lead; it breaks when another of its circuits leaves."""
        if state in _WITHOUT_CALL:
            self.disband(circuit)
        if circuit.lead is not None and state is not State.MEMBER:
            self.broken.append(circuit.lead)
            circuit.lead = None

    def disband(self, lead: Circuit) -> None:
        """The connection of several circuits that a circuit led, if any, is no more: the others are free."""
        members, lead.members = lead.members or (), None
        for member in members:
            member.lead = None
            if member.state is State.MEMBER:
                self.set_state(member, State.IDLE)

    def connect(self, lead: Circuit, members: list[Circuit]) -> None:
        """Make one connection of several circuits, led by the first."""
        lead.members = members
        for member in members:
            self.set_state(member, State.MEMBER)
            member.lead = lead

    def mend(self, now: float) -> None:
        """Release the calls of connections that lost a circuit."""
        broken, self.broken = self.broken, []
        for lead in broken:
            if lead.members is not None and lead.state is not State.WAIT_RLC:
                self.fail(lead, Cause.TEMPORARY_FAILURE, "a circuit of the connection was taken away", now)

    def set_blocking(self, circuit: Circuit, blocking: int) -> None:
        """The one place where the blocking of a circuit changes."""
        if blocking == circuit.blocking:
            return
        circuit.blocking = blocking
        if circuit.state is State.IDLE:
            if blocking:
                circuit.group.pool.discard(circuit)
            else:
                circuit.group.pool.add(circuit)
        self._report(circuit)

    def _report(self, circuit: Circuit) -> None:
        blocking = _BLOCKINGS[circuit.blocking]
        self.produced.append(CircuitState(circuit.group.name, circuit.cic, STATUS[circuit.state], blocking))

    # Calls

    def new_call(self, circuit: Circuit, initial: Message, outgoing: bool) -> Call:
        """A call on a circuit."""
        self._last_call += 1
        call = circuit.call = self.calls[self._last_call] = Call(self._last_call, circuit, initial, outgoing)
        return call

    def end_call(
        self, circuit: Circuit, cause: int, location: int, reason: str, message: Message | None = None
    ) -> None:
        """Tell call control that the call is over, unless it knows; the circuit is not touched."""
        call = circuit.call
        if call is not None and not call.released:
            call.released = True
            if call.offered:
                self.produced.append(CallReleased(call.number, cause, location, message, reason))

    def drop_call(self, circuit: Circuit) -> None:
        """The circuit is free of its call: the call number ends here."""
        call = circuit.call
        if call is not None:
            circuit.call = None
            del self.calls[call.number]
            if call.offered:
                self.produced.append(CallCleared(call.number, circuit.cic))

    def forget_call(self, circuit: Circuit) -> None:
        """A call that never was: call control has not been given its number."""
        call = circuit.call
        if call is not None:
            circuit.call = None
            del self.calls[call.number]

    def leave_check(self, circuit: Circuit) -> None:
        """Ask for check loop or tone to be taken off, where a continuity check may have put it on."""
        if circuit.state in _LOOPED:
            self.produced.append(ContinuityLoop(circuit.group.name, circuit.cic, False))
        elif circuit.state in _TONED:
            self.produced.append(ContinuityTone(circuit.group.name, circuit.cic, False))

    def vacate(self, circuit: Circuit, state: State = State.IDLE) -> None:
        """Nothing of a call is left on the circuit: timers stopped, call dropped, state changed."""
        self.leave_check(circuit)
        self.stop_all(circuit)
        circuit.release = None
        self.drop_call(circuit)
        self.set_state(circuit, state)

    def start_release(self, circuit: Circuit, parameters: Parameters, now: float) -> None:
        """Send REL and wait for RLC, Q.764 2.3.1."""
        self.leave_check(circuit)
        self.stop_all(circuit)
        if self.congestion_level and ParameterCode.AUTOMATIC_CONGESTION_LEVEL not in {p.code for p in parameters}:
            level = RawParameter(ParameterCode.AUTOMATIC_CONGESTION_LEVEL, bytes([self.congestion_level]))
            parameters = [*parameters, level]
        circuit.release = self.reply(circuit, MessageType.REL, parameters)
        self.set_state(circuit, State.WAIT_RLC)
        self.start(circuit, Timer.T1, now)
        self.start(circuit, Timer.T5, now)

    def fail(self, circuit: Circuit, cause: int, reason: str, now: float, diagnostics: bytes = b"") -> None:
        """Release the call in both directions for a reason of our own."""
        self.end_call(circuit, cause, OWN_LOCATION, reason)
        self.start_release(circuit, [cause_indicators(cause, diagnostics=diagnostics)], now)

    def detach(self, circuit: Circuit) -> Call | None:
        """Take an outgoing call off its circuit for a repeat attempt, Q.764 2.8.1.

        None when a backward message has come already, or call control has released the call.
        """
        if circuit.state not in OUT_EARLY:
            return None
        call = circuit.call
        if call is None or call.released:
            return None
        circuit.call = None
        return call

    def select(self, group: Group, count: int = 1) -> list[Circuit] | None:
        """`count` idle circuits that may be seized now together; the first is out of the pool."""
        peer = group.peer
        if not peer.accessible or not peer.user_part_available:
            return None
        if count == 1:
            circuit = group.pool.take()
            return None if circuit is None else [circuit]
        run = multirate.find_run(group, count, group.pool.__contains__)
        if run is not None:
            group.pool.discard(run[0])
        return run

    def _select_other(self, circuit: Circuit, count: int) -> list[Circuit] | None:
        """As many idle circuits of the same group as are needed, not the given one among them."""
        pool = circuit.group.pool
        was_idle = circuit in pool
        pool.discard(circuit)
        other = self.select(circuit.group, count)
        if was_idle:
            pool.add(circuit)
        return other

    def attempt_again(self, call: Call, now: float, reason: str) -> None:
        """Automatic repeat attempt of a detached call, Q.764 2.8.1: on another circuit, or the call fails."""
        old = call.circuit
        count = multirate.circuits_needed(call.initial)
        run = self._select_other(old, count) if call.attempts < MAXIMUM_ATTEMPTS else None
        if run is None:
            del self.calls[call.number]
            text = f"{reason}; no other circuit"
            self.produced.append(
                CallReleased(call.number, Cause.NO_CIRCUIT_CHANNEL_AVAILABLE, OWN_LOCATION, None, text)
            )
            self.produced.append(CallCleared(call.number, old.cic))
            return
        call.attempts += 1
        circuit = call.circuit = run[0]
        circuit.call = call
        cics = tuple(member.cic for member in run) if count > 1 else ()
        self.produced.append(CircuitChanged(call.number, old.cic, circuit.cic, cics))
        self.seize(run, call.initial, now)
        for message in call.later or ():
            self.transmit(circuit, message.with_cic(circuit.cic))

    def seize(self, run: list[Circuit], initial_message: Message, now: float) -> None:
        """Send the IAM of an outgoing call, Q.764 2.1.1, and begin the continuity check that it asks for."""
        circuit = run[0]
        self.transmit(circuit, multirate.assigned(initial_message, run))
        if len(run) > 1:
            self.connect(circuit, run[1:])
        if initial.asks_for_check(initial_message):
            self.set_state(circuit, State.OUT_CHECK)
            self.produced.append(ContinuityTone(circuit.group.name, circuit.cic, True))
            self.start(circuit, Timer.T24, now)
        else:
            self.set_state(circuit, State.OUT_WAIT_ACM)
        self.start(circuit, Timer.T7, now)


_LOOPED: Final = frozenset({State.IN_WAIT_COT, State.IN_WAIT_CCR, State.IN_CHECK, State.IN_RESERVED})
_TONED: Final = frozenset({State.OUT_CHECK, State.RECHECK})

#: States in which a circuit is no longer part of a connection of several circuits.
_WITHOUT_CALL: Final = frozenset({State.IDLE, State.RESETTING, State.UNEQUIPPED, State.IN_WAIT_CCR, State.RECHECK_WAIT})

MessageAction = Callable[[Kernel, Circuit, Message, float], None]
TimerAction = Callable[[Kernel, Circuit, float], None]
SendAction = Callable[[Kernel, Circuit, Message, float], None]


def cause_indicators(cause: int, location: int = OWN_LOCATION, diagnostics: bytes = b"") -> RawParameter:
    """Cause indicators of Q.763 3.12, coded once and for all as ITU-T standard without recommendation."""
    return RawParameter(ParameterCode.CAUSE_INDICATORS, bytes((0x80 | location, 0x80 | cause)) + diagnostics)


def cause_of(message: Message) -> tuple[int, int]:
    """Cause value and location of a message; cause 31 where they are absent or unreadable (Q.850)."""
    octets = message.firsts.get(ParameterCode.CAUSE_INDICATORS)
    if octets:
        value = 1 if octets[0] & 0x80 else 2
        if len(octets) > value:
            return octets[value] & 0x7F, octets[0] & 0x0F
    return Cause.NORMAL_UNSPECIFIED, Location.TRANSIT_NETWORK


def discard(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """The message says nothing in this state."""


def deliver(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """The message is for call control and changes nothing here."""
    kernel.deliver(circuit, message)
