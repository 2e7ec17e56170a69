"""Blocking and unblocking of circuits and groups, by us and by the peer: Q.764 (12/1999) 2.8.2 and SDL.

What maintenance wants of a circuit is in `Circuit.wanted`. One request at a time is under way on a circuit for
each kind of blocking; whatever happens meanwhile (another wish, a reset) is made good by `reconcile` when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.isup.circuits import Blocking, Call, Circuit, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.kernel import OWN_LOCATION, Kernel, MessageAction, cause_indicators
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.requests import (
    MAXIMUM_RANGE,
    begin,
    finish,
    is_hardware,
    range_and_status,
    runs,
    selected,
    supervision_type,
)

M = MessageType


# Blocking by us


def reconcile(kernel: Kernel, circuits: Iterable[Circuit], now: float) -> None:
    """Block and unblock what is not yet as maintenance wants it and has no request under way."""
    ready = [item for item in circuits if item.state is not State.RESETTING and item.state is not State.UNEQUIPPED]
    hardware, maintenance = Blocking.LOCAL_HARDWARE, Blocking.LOCAL_MAINTENANCE
    for flag in (hardware, maintenance):
        free = [
            item
            for item in ready
            if (item.wanted ^ item.blocking) & flag
            and (item.hardware_procedure if flag is hardware else item.maintenance_procedure) is None
        ]
        if free:
            _request(kernel, [item for item in free if item.wanted & flag], flag, True, now)
            _request(kernel, [item for item in free if not item.wanted & flag], flag, False, now)


def _request(kernel: Kernel, circuits: list[Circuit], flag: Blocking, block: bool, now: float) -> None:
    hardware = flag is Blocking.LOCAL_HARDWARE
    calls: list[Call] = []
    for run in runs(circuits):
        if len(run) == 1 and not hardware:
            begin(kernel, M.BLO if block else M.UBL, run, 0, False, now)
        else:
            # The range of CGB and CGU is at least 1 (Q.763 3.43); status says which circuits are meant.
            begin(kernel, M.CGB if block else M.CGU, run, max(1, len(run) - 1), hardware, now)
        for circuit in run:
            if block:
                kernel.set_blocking(circuit, circuit.blocking | flag)
            if block and hardware:
                call = kernel.detach(circuit)
                _fail_hardware(kernel, circuit, "circuit blocked for hardware failure")
                if call is not None:
                    calls.append(call)
    for call in calls:
        kernel.attempt_again(call, now, "circuit blocked for hardware failure")


def _fail_hardware(kernel: Kernel, circuit: Circuit, reason: str) -> None:
    """Hardware blocking ends the call at both ends without release messages on the circuit, Q.764 2.8.2.2."""
    if circuit.state in (State.RESETTING, State.UNEQUIPPED, State.IDLE):
        return
    kernel.end_call(circuit, Cause.NORMAL_UNSPECIFIED, OWN_LOCATION, reason)
    kernel.vacate(circuit)


def block_again(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """The peer seized a circuit that we have blocked: it has lost our blocking, state it again, Q.764 2.8.2.3."""
    if circuit.maintenance_procedure is None:
        kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_MAINTENANCE)
    if circuit.hardware_procedure is None:
        kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_HARDWARE)
    reconcile(kernel, [circuit], now)


def _blocking_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """BLA: expected, or undo a blocking that the peer wrongly believes in, Q.764 2.8.2.1."""
    procedure = circuit.peer.procedures.get((M.BLA, circuit.cic, 0, False))
    if procedure is not None:
        finish(kernel, procedure)
    elif circuit.maintenance_procedure is None and not circuit.wanted & Blocking.LOCAL_MAINTENANCE:
        kernel.set_blocking(circuit, circuit.blocking | Blocking.LOCAL_MAINTENANCE)
    reconcile(kernel, [circuit], now)


def _unblocking_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """UBA: expected, or the peer wrongly believes the circuit unblocked."""
    procedure = circuit.peer.procedures.get((M.UBA, circuit.cic, 0, False))
    if procedure is not None:
        finish(kernel, procedure)
        kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_MAINTENANCE)
    elif circuit.maintenance_procedure is None:
        kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_MAINTENANCE)
    reconcile(kernel, [circuit], now)


def _group_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CGBA or CGUA: must confirm every circuit asked for, else maintenance is told, Q.764 2.8.2.2."""
    octets = message.raw(ParameterCode.RANGE_AND_STATUS) or b"\0"
    hardware = is_hardware(message)
    answer = M(message.type)
    procedure = circuit.peer.procedures.get((answer, circuit.cic, octets[0], hardware))
    if procedure is None:
        return
    confirmed = set(selected(circuit.cic, octets) or ())
    circuits = list(procedure.circuits.values())
    finish(kernel, procedure)
    for item in circuits:
        if item.cic not in confirmed:
            kernel.alert(item, f"{procedure.request.name} was not confirmed for this circuit")
        elif answer is M.CGUA:
            flag = Blocking.LOCAL_HARDWARE if hardware else Blocking.LOCAL_MAINTENANCE
            kernel.set_blocking(item, item.blocking & ~flag)
    # A circuit that was not confirmed is left as it is; asking again at once would only repeat the refusal.
    reconcile(kernel, [item for item in circuits if item.cic in confirmed], now)


# Blocking by the peer


def _blocking_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.set_blocking(circuit, circuit.blocking | Blocking.REMOTE_MAINTENANCE)
    kernel.reply(circuit, M.BLA)
    _leave_blocked(kernel, circuit, now)


def _leave_blocked(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """An outgoing call without backward message goes to another circuit, the attempt here is released, 2.8.2.1."""
    call = kernel.detach(circuit)
    if call is not None:
        kernel.start_release(circuit, [cause_indicators(Cause.NORMAL_UNSPECIFIED)], now)
        kernel.attempt_again(call, now, "circuit blocked by the peer")


def _unblocking_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.set_blocking(circuit, circuit.blocking & ~Blocking.REMOTE_MAINTENANCE)
    kernel.reply(circuit, M.UBA)


def _group_blocking_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CGB or CGU of either type, Q.764 2.8.2.2."""
    octets = message.raw(ParameterCode.RANGE_AND_STATUS) or b"\0"
    chosen = selected(circuit.cic, octets)
    if chosen is None or len(chosen) > MAXIMUM_RANGE:
        kernel.alert(circuit, f"{M(message.type).name} with an invalid range and status discarded")
        return
    block, hardware = message.type == M.CGB, is_hardware(message)
    flag = Blocking.REMOTE_HARDWARE if hardware else Blocking.REMOTE_MAINTENANCE
    circuits = [circuit.peer.circuits[cic] for cic in chosen if cic in circuit.peer.circuits]
    calls: list[Call] = []
    for item in circuits:
        kernel.set_blocking(item, item.blocking | flag if block else item.blocking & ~flag)
        if block and hardware:
            call = kernel.detach(item)
            _fail_hardware(kernel, item, "circuit blocked for hardware failure by the peer")
            if call is not None:
                calls.append(call)
    status = range_and_status(circuit.cic, octets[0], [item.cic for item in circuits])
    kernel.reply(circuit, M.CGBA if block else M.CGUA, [supervision_type(hardware), status])
    if block and not hardware:
        for item in circuits:
            _leave_blocked(kernel, item, now)
    for call in calls:
        kernel.attempt_again(call, now, "circuit blocked for hardware failure by the peer")


#: What a blocking message does, whatever the call processing state of the circuit.
MESSAGES: Final[dict[MessageType, MessageAction]] = {
    M.BLO: _blocking_received,
    M.BLA: _blocking_answered,
    M.UBL: _unblocking_received,
    M.UBA: _unblocking_answered,
    M.CGB: _group_blocking_received,
    M.CGU: _group_blocking_received,
    M.CGBA: _group_answered,
    M.CGUA: _group_answered,
}
