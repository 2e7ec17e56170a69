"""Circuit supervision: reset, query and unequipped circuits; Q.764 (12/1999) 2.8.3, 2.9.3, 2.12 and SDL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.isup.blocking import reconcile
from tandem.ss7.isup.circuits import STATUS, Blocking, Call, Circuit, CircuitStatus, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.kernel import OWN_LOCATION, Kernel, MessageAction
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import GroupQueried
from tandem.ss7.isup.requests import (
    MAXIMUM_RANGE,
    begin,
    finish,
    is_repeated,
    prompt,
    range_and_status,
    runs,
    selected,
    withdraw,
)
from tandem.ss7.isup.timers import Timer

M = MessageType

_LOCAL: Final = Blocking.LOCAL_MAINTENANCE | Blocking.LOCAL_HARDWARE
_REMOTE: Final = Blocking.REMOTE_MAINTENANCE | Blocking.REMOTE_HARDWARE


def start_reset(kernel: Kernel, circuits: Iterable[Circuit], now: float, after_t5: bool = False) -> None:
    """Reset circuits: RSC for one, GRS for a run; Q.764 2.9.3.1 and 2.9.3.2. Calls on them must have been ended.

    The peer forgets what either side had blocked; we forget its blocking now and state ours again afterwards.
    Circuits whose reset is under way already are left to it. After T5 only T17 runs.
    """
    for run in runs(circuit for circuit in circuits if circuit.reset is None):
        for circuit in run:
            withdraw(kernel, circuit, circuit.maintenance_procedure)
            withdraw(kernel, circuit, circuit.hardware_procedure)
            kernel.leave_check(circuit)
            kernel.stop_all(circuit)
            circuit.release = None
            kernel.set_state(circuit, State.RESETTING)
            kernel.set_blocking(circuit, circuit.blocking & ~_REMOTE)
        request = M.RSC if len(run) == 1 else M.GRS
        procedure = begin(kernel, request, run, len(run) - 1, False, now)
        if after_t5:
            kernel.timers.stop((procedure, Timer.T16))


def reset_answered(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """RLC in answer to RSC."""
    if circuit.reset is not None and circuit.reset.request is M.RSC:
        finish(kernel, circuit.reset)
        _reset_done(kernel, [circuit], now)


def _group_reset_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GRA: status 1 says that the peer has the circuit blocked for maintenance."""
    octets = message.raw(ParameterCode.RANGE_AND_STATUS) or b"\0"
    procedure = circuit.peer.procedures.get((M.GRA, circuit.cic, octets[0], False))
    if procedure is None:
        return
    blocked = set(selected(circuit.cic, octets) or ())
    circuits = list(procedure.circuits.values())
    finish(kernel, procedure)
    for item in circuits:
        if item.cic in blocked:
            kernel.set_blocking(item, item.blocking | Blocking.REMOTE_MAINTENANCE)
    _reset_done(kernel, circuits, now)


def _reset_done(kernel: Kernel, circuits: Sequence[Circuit], now: float) -> None:
    for circuit in circuits:
        # Not seizable for a moment although blocking is cleared: it is wanted again below, before anything else.
        kernel.set_blocking(circuit, circuit.blocking & ~_LOCAL)
        kernel.vacate(circuit)
    reconcile(kernel, circuits, now)


def _reset_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """RSC, Q.764 2.9.3.1: the call ends, blocking by us is stated again before RLC."""
    call = _forget(kernel, circuit)
    if circuit.state is not State.RESETTING:
        if circuit.maintenance_procedure is None:
            kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_MAINTENANCE)
        if circuit.hardware_procedure is None:
            kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_HARDWARE)
        reconcile(kernel, [circuit], now)
    kernel.reply(circuit, M.RLC)
    _prompt_resets(kernel, [circuit], now)
    if call is not None:
        kernel.attempt_again(call, now, "circuit reset by the peer")


def _group_reset_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GRS, Q.764 2.9.3.2: status 1 in GRA where we block for maintenance; hardware blocking is stated before."""
    octets = message.raw(ParameterCode.RANGE_AND_STATUS) or b"\0"
    span = octets[0]
    if span >= MAXIMUM_RANGE:
        kernel.alert(circuit, f"GRS for {span + 1} circuits discarded, at most {MAXIMUM_RANGE} are allowed")
        return
    peer = circuit.peer
    circuits = [peer.circuits[cic] for cic in range(circuit.cic, circuit.cic + span + 1) if cic in peer.circuits]
    calls = [call for item in circuits if (call := _forget(kernel, item)) is not None]
    for item in circuits:
        if item.hardware_procedure is None and item.state is not State.RESETTING:
            kernel.set_blocking(item, item.blocking & ~Blocking.LOCAL_HARDWARE)
    reconcile(kernel, circuits, now)
    blocked = [item.cic for item in circuits if item.wanted & Blocking.LOCAL_MAINTENANCE]
    kernel.reply(circuit, M.GRA, [range_and_status(circuit.cic, span, blocked)])
    _prompt_resets(kernel, circuits, now)
    for call in calls:
        kernel.attempt_again(call, now, "circuit reset by the peer")


def _prompt_resets(kernel: Kernel, circuits: Iterable[Circuit], now: float) -> None:
    """A peer that resets circuits has just started: a reset of ours that it long left unanswered is worth repeating."""
    waiting = {item.reset for item in circuits if item.reset is not None}
    prompt(kernel, [item for item in waiting if not is_repeated(kernel, item)], now)


def _forget(kernel: Kernel, circuit: Circuit) -> Call | None:
    """The peer resets a circuit: end its call and forget the peer's blocking.

    Returns an outgoing call that may be tried again because no backward message had come, Q.764 2.9.3.1 e).
    """
    call = kernel.detach(circuit)
    if circuit.state is not State.RESETTING:
        kernel.end_call(circuit, Cause.NORMAL_UNSPECIFIED, OWN_LOCATION, "circuit reset by the peer")
        kernel.set_blocking(circuit, circuit.blocking & ~_REMOTE)
        kernel.vacate(circuit)
    else:
        kernel.set_blocking(circuit, circuit.blocking & ~_REMOTE)
    return call


# Query, unequipped circuits


def query(kernel: Kernel, circuits: Iterable[Circuit], now: float) -> None:
    """Ask the peer for its view of circuits with CQM, Q.764 2.8.3."""
    for run in runs(circuits):
        begin(kernel, M.CQM, run, len(run) - 1, False, now)


def _query_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    octets = message.raw(ParameterCode.RANGE_AND_STATUS) or b"\0"
    span = min(octets[0], MAXIMUM_RANGE - 1)
    cics = range(circuit.cic, circuit.cic + span + 1)
    states = bytes(_state_octet(circuit.peer.circuits.get(cic)) for cic in cics)
    kernel.reply(
        circuit,
        M.CQR,
        [
            RawParameter(ParameterCode.RANGE_AND_STATUS, bytes((span,))),
            RawParameter(ParameterCode.CIRCUIT_STATE_INDICATOR, states),
        ],
    )


_CALL_PROCESSING: Final = {CircuitStatus.INCOMING: 1, CircuitStatus.OUTGOING: 2, CircuitStatus.IDLE: 3}


def _state_octet(circuit: Circuit | None) -> int:
    """One octet of the circuit state indicator, Q.763 3.14."""
    if circuit is None or circuit.state is State.UNEQUIPPED:
        return 0b0011
    processing = _CALL_PROCESSING.get(STATUS[circuit.state], 0)
    if processing == 0:
        return 0  # transient
    maintenance = circuit.blocking & 3
    hardware = circuit.blocking >> 2 & 3
    return maintenance | processing << 2 | hardware << 4


def _query_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    octets = message.raw(ParameterCode.RANGE_AND_STATUS) or b"\0"
    procedure = circuit.peer.procedures.get((M.CQR, circuit.cic, octets[0], False))
    if procedure is None:
        return
    finish(kernel, procedure)
    states = message.raw(ParameterCode.CIRCUIT_STATE_INDICATOR) or b""
    kernel.produced.append(GroupQueried(circuit.group.name, tuple(enumerate(states, circuit.cic))))


def _unequipped(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """UCIC: the peer has no such circuit; take it out of service, try its call elsewhere, Q.764 2.12."""
    if circuit.state is State.UNEQUIPPED:
        return
    kernel.alert(circuit, "the peer has no such circuit (UCIC), taken out of service until it is reset")
    for procedure in (circuit.reset, circuit.maintenance_procedure, circuit.hardware_procedure):
        withdraw(kernel, circuit, procedure)
    call = kernel.detach(circuit)
    kernel.end_call(circuit, Cause.IDENTIFIED_CHANNEL_DOES_NOT_EXIST, OWN_LOCATION, "circuit unequipped at the peer")
    kernel.vacate(circuit, State.UNEQUIPPED)
    if call is not None:
        kernel.attempt_again(call, now, "circuit unequipped at the peer")


#: What a supervision message does, whatever the call processing state of the circuit.
MESSAGES: Final[dict[MessageType, MessageAction]] = {
    M.RSC: _reset_received,
    M.GRS: _group_reset_received,
    M.GRA: _group_reset_answered,
    M.CQM: _query_received,
    M.CQR: _query_answered,
    M.UCIC: _unequipped,
}
