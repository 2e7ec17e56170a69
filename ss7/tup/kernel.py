"""What all TUP procedures share: output, timers, the one state setter, clearing a call, trying it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from tandem.core.cause import Cause, Location
from tandem.core.errors import ConfigurationError
from tandem.core.timers import TimerTable
from tandem.ss7.circuits.selection import circuit_pool
from tandem.ss7.tup.circuits import OUT_EARLY, STATUS, UNUSABLE, Blocking, Call, Circuit, Group, Peer, Procedure, State
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.configuration import GroupConfiguration
from tandem.ss7.tup.fields import Circuit as NatureOfCircuit
from tandem.ss7.tup.fields import ContinuityCheck
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import GeneralForwardSetup, InitialAddress, Message, Signal
from tandem.ss7.tup.primitives import (
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
from tandem.ss7.tup.timers import Timer, timer_values
from tandem.ss7.tup.variants import Variant

TimerOwner = Circuit | Procedure | Peer

#: Circuits tried for one outgoing call. Q.724 3 speaks of one repeat attempt; a second covers an attempt that meets
#: dual seizure in turn. More would only delay the caller.
MAXIMUM_ATTEMPTS: Final = 3

#: Location of causes that this exchange makes itself.
OWN_LOCATION: Final = Location.TRANSIT_NETWORK

#: Location of causes that the peer sends: TUP does not tell where a failure arose.
PEER_LOCATION: Final = Location.PUBLIC_NETWORK_REMOTE


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
        """Congestion level that we tell the peers with ACC: 0 none, 1 or 2."""
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
        elif peer.groups[0].variant is not configuration.variant:
            raise ConfigurationError(f"circuit groups to point code {pair[0]} have different variants of TUP")
        timers = timer_values(configuration.timers, china=configuration.variant is Variant.CHINA)
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
        """Send a message of a circuit."""
        peer = circuit.peer
        sls, octets = CircuitMessage(circuit.cic, message).encode(circuit.group.variant)
        self.produced.append(Transfer(peer.own_point_code, peer.point_code, sls, octets))

    def reply(self, circuit: Circuit, message_type: MessageType) -> None:
        """Send a message that is its heading alone."""
        self.transmit(circuit, Signal(message_type))

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
        """Stop every call timer of a circuit."""
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
        if state is State.IDLE:
            circuit.checks_failed = 0
            if not circuit.blocking:
                circuit.group.pool.add(circuit)
        elif old is State.IDLE:
            circuit.group.pool.discard(circuit)
        status, former = STATUS[state], STATUS[old]
        if status is not former and (self.tells_calls or status in UNUSABLE or former in UNUSABLE):
            self._report(circuit)

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
        self.produced.append(
            CircuitState(circuit.group.name, circuit.cic, STATUS[circuit.state], Blocking(circuit.blocking))
        )

    # Calls

    def new_call(
        self, circuit: Circuit, initial: InitialAddress, outgoing: bool, identity: GeneralForwardSetup | None = None
    ) -> Call:
        """A call on a circuit."""
        self._last_call += 1
        call = Call(self._last_call, circuit, initial, outgoing, identity)
        circuit.call = self.calls[call.number] = call
        return call

    def end_call(
        self, circuit: Circuit, cause: int, reason: str, message: Message | None = None, location: int = OWN_LOCATION
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
        circuit.held.clear()
        self.drop_call(circuit)
        self.set_state(circuit, state)

    def clear_forward(self, circuit: Circuit, now: float) -> None:
        """Send CLF and wait for RLG, Q.724 1 and 6."""
        self.leave_check(circuit)
        self.stop_all(circuit)
        self.reply(circuit, MessageType.CLF)
        self.set_state(circuit, State.WAIT_RLG)
        self.start(circuit, Timer.T6, now)
        self.start(circuit, Timer.T7, now)

    def fail_forward(self, circuit: Circuit, cause: int, reason: str, now: float) -> None:
        """End an outgoing call in both directions for a reason of our own."""
        self.end_call(circuit, cause, reason)
        self.clear_forward(circuit, now)

    def send_failure(self, circuit: Circuit, message: Message, now: float) -> None:
        """Send a message of failure backwards and wait for CLF: T3, after CFL T4 and T5."""
        self.leave_check(circuit)
        self.stop_all(circuit)
        self.transmit(circuit, message)
        self.set_state(circuit, State.IN_FAILED)
        if message.type is MessageType.CFL:
            self.start(circuit, Timer.T4, now)
            self.start(circuit, Timer.T5, now)
        else:
            self.start(circuit, Timer.T3, now)

    def detach(self, circuit: Circuit) -> Call | None:
        """Take an outgoing call off its circuit for a repeat attempt, Q.724 3.

        None when a backward message has come already, or call control has released the call.
        """
        if circuit.state not in OUT_EARLY:
            return None
        call = circuit.call
        if call is None or call.released:
            return None
        circuit.call = None
        return call

    def select(self, group: Group) -> Circuit | None:
        """An idle circuit that may be seized now; it is out of the pool."""
        peer = group.peer
        return group.pool.take() if peer.accessible and peer.user_part_available else None

    def _select_other(self, circuit: Circuit) -> Circuit | None:
        """An idle circuit of the same group that is not the given one."""
        pool = circuit.group.pool
        was_idle = circuit in pool
        pool.discard(circuit)
        other = self.select(circuit.group)
        if was_idle:
            pool.add(circuit)
        return other

    def attempt_again(self, call: Call | None, now: float, reason: str) -> None:
        """Automatic repeat attempt of a detached call, Q.724 3: on another circuit, or the call fails."""
        if call is None:
            return
        old = call.circuit
        circuit = self._select_other(old) if call.attempts < MAXIMUM_ATTEMPTS else None
        if circuit is None:
            del self.calls[call.number]
            text = f"{reason}; no other circuit"
            self.produced.append(
                CallReleased(call.number, Cause.NO_CIRCUIT_CHANNEL_AVAILABLE, OWN_LOCATION, None, text)
            )
            self.produced.append(CallCleared(call.number, old.cic))
            return
        call.attempts += 1
        call.circuit = circuit
        circuit.call = call
        self.produced.append(CircuitChanged(call.number, old.cic, circuit.cic))
        self.seize(circuit, call.initial, now)
        for message in call.later or ():
            self.transmit(circuit, message)

    def seize(self, circuit: Circuit, initial: InitialAddress, now: float) -> None:
        """Send the IAM or IAI of an outgoing call, Q.724 1.1, and begin the continuity check that it asks for."""
        self.transmit(circuit, initial)
        if initial.indicators.continuity_check == ContinuityCheck.REQUIRED:
            self.set_state(circuit, State.OUT_CHECK)
            self.produced.append(ContinuityTone(circuit.group.name, circuit.cic, True))
            self.start(circuit, Timer.T8, now)
        else:
            self.set_state(circuit, State.OUT_WAIT_ACM)
        self.start(circuit, Timer.T2, now)


def along_circuit(group: Group, message: InitialAddress) -> InitialAddress:
    """An IAM with what circuits of `group` add: continuity check, satellite."""
    configuration = group.configuration
    group.seized += 1
    indicators = message.indicators
    if configuration.continuity_check and group.seized % configuration.continuity_check == 0:
        indicators = replace(indicators, continuity_check=ContinuityCheck.REQUIRED)
    if configuration.satellite:
        indicators = replace(indicators, circuit=NatureOfCircuit.ONE_SATELLITE)
    return message if indicators is message.indicators else replace(message, indicators=indicators)


_LOOPED: Final = frozenset({State.IN_WAIT_COT, State.IN_CHECK})
_TONED: Final = frozenset({State.OUT_CHECK, State.RECHECK})

MessageAction = Callable[[Kernel, Circuit, Message, float], None]
TimerAction = Callable[[Kernel, Circuit, float], None]
SendAction = Callable[[Kernel, Circuit, Message, float], None]


def discard(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """The message says nothing in this state."""


def deliver(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """The message is for call control and changes nothing here."""
    kernel.deliver(circuit, message)


def clear_on_expiry(cause: Cause, reason: str) -> TimerAction:
    """An action that ends an outgoing call in both directions with a cause."""

    def clear(kernel: Kernel, circuit: Circuit, now: float) -> None:
        kernel.fail_forward(circuit, cause, reason, now)

    return clear
