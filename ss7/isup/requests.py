"""Supervision requests of ours: repeated by one timer, escalated by another, ended by their answer; Q.764 table A.1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from tandem.ss7.isup.circuits import Circuit, Procedure
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.kernel import Kernel
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.timers import Timer

M = MessageType

#: Circuits in one GRS or CGB at most, Q.763 3.43.
MAXIMUM_RANGE: Final = 32


class Request(NamedTuple):
    """How a supervision request is acknowledged, repeated and escalated."""

    answer: MessageType
    repeat: Timer | None
    alert: Timer


#: Table A.1 of Q.764.
REQUESTS: Final[dict[MessageType, Request]] = {
    M.BLO: Request(M.BLA, Timer.T12, Timer.T13),
    M.UBL: Request(M.UBA, Timer.T14, Timer.T15),
    M.RSC: Request(M.RLC, Timer.T16, Timer.T17),
    M.CGB: Request(M.CGBA, Timer.T18, Timer.T19),
    M.CGU: Request(M.CGUA, Timer.T20, Timer.T21),
    M.GRS: Request(M.GRA, Timer.T22, Timer.T23),
    M.CQM: Request(M.CQR, None, Timer.T28),
}


def begin(
    kernel: Kernel, request: MessageType, circuits: list[Circuit], span: int, hardware: bool, now: float
) -> Procedure:
    """Send a request, start its timers and note it at its circuits.

    A request of the same kind and range still under way is taken over: both would have the same acknowledgement.
    """
    peer = circuits[0].peer
    kind = REQUESTS[request]
    key = (kind.answer, circuits[0].cic, span, hardware)
    earlier = peer.procedures.get(key)
    if earlier is not None:
        finish(kernel, earlier)
        circuits = [*circuits, *(item for item in earlier.circuits.values() if item not in circuits)]
    procedure = Procedure(request, circuits, hardware, span)
    peer.procedures[key] = procedure
    for circuit in circuits:
        if request in (M.RSC, M.GRS):
            circuit.reset = procedure
        elif hardware:
            circuit.hardware_procedure = procedure
        elif request is not M.CQM:
            circuit.maintenance_procedure = procedure
    _transmit(kernel, procedure)
    values = circuits[0].group.timers
    if kind.repeat is not None:
        kernel.timers.start((procedure, kind.repeat), now + values[kind.repeat])
    kernel.timers.start((procedure, kind.alert), now + values[kind.alert])
    return procedure


def _transmit(kernel: Kernel, procedure: Procedure) -> None:
    circuit = procedure.peer.circuits[procedure.first]
    match procedure.request:
        case M.CGB | M.CGU:
            status = range_and_status(procedure.first, procedure.range, procedure.circuits)
            kernel.reply(circuit, procedure.request, [supervision_type(procedure.hardware), status])
        case M.GRS | M.CQM:
            kernel.reply(
                circuit, procedure.request, [RawParameter(ParameterCode.RANGE_AND_STATUS, bytes((procedure.range,)))]
            )
        case _:
            kernel.reply(circuit, procedure.request)


def finish(kernel: Kernel, procedure: Procedure) -> None:
    """The request is answered or no longer wanted."""
    kind = REQUESTS[procedure.request]
    key = (kind.answer, procedure.first, procedure.range, procedure.hardware)
    if procedure.peer.procedures.get(key) is procedure:
        del procedure.peer.procedures[key]
    if kind.repeat is not None:
        kernel.timers.stop((procedure, kind.repeat))
    kernel.timers.stop((procedure, kind.alert))
    for circuit in procedure.circuits.values():
        _unlink(circuit, procedure)


def _unlink(circuit: Circuit, procedure: Procedure) -> None:
    if circuit.reset is procedure:
        circuit.reset = None
    elif circuit.maintenance_procedure is procedure:
        circuit.maintenance_procedure = None
    elif circuit.hardware_procedure is procedure:
        circuit.hardware_procedure = None


def withdraw(kernel: Kernel, circuit: Circuit, procedure: Procedure | None) -> None:
    """The circuit is no longer part of a request; the request ends when no circuit is left."""
    if procedure is None:
        return
    if len(procedure.circuits) == 1:
        finish(kernel, procedure)
        return
    del procedure.circuits[circuit.cic]
    _unlink(circuit, procedure)


def procedure_expired(kernel: Kernel, procedure: Procedure, timer: Timer, now: float) -> None:
    """The repeat or alert timer of a request: T12 to T23, T28."""
    kind = REQUESTS[procedure.request]
    circuit = procedure.peer.circuits[procedure.first]
    if timer is kind.alert:
        kernel.alert(circuit, f"no {kind.answer.name} in answer to {procedure.request.name} within {timer.name}")
        if kind.repeat is None:
            finish(kernel, procedure)
            return
        kernel.timers.stop((procedure, kind.repeat))
    _transmit(kernel, procedure)
    kernel.timers.start((procedure, timer), now + circuit.group.timers[timer])


def is_repeated(kernel: Kernel, procedure: Procedure) -> bool:
    """Whether the short timer of a request runs: not after escalation, nor for RSC after T5."""
    repeat = REQUESTS[procedure.request].repeat
    return repeat is not None and kernel.timers.is_running((procedure, repeat))


def prompt(kernel: Kernel, procedures: Iterable[Procedure], now: float) -> None:
    """The peer can hear us (again): repeat what it has not answered, and go on repeating it at the short interval.

    Otherwise circuits whose requests were escalated while the peer was away would wait minutes for their next chance.
    """
    for procedure in list(procedures):
        repeat = REQUESTS[procedure.request].repeat
        if repeat is not None:
            circuit = procedure.peer.circuits[procedure.first]
            _transmit(kernel, procedure)
            kernel.timers.start((procedure, repeat), now + circuit.group.timers[repeat])


def runs(circuits: Iterable[Circuit]) -> list[list[Circuit]]:
    """Circuits in runs of consecutive CICs of at most 32, each of one group."""
    runs: list[list[Circuit]] = []
    for circuit in sorted(circuits, key=lambda item: item.cic):
        last = runs[-1] if runs else None
        if (
            last is not None
            and circuit.cic == last[-1].cic + 1
            and len(last) < MAXIMUM_RANGE
            and circuit.group is last[0].group
        ):
            last.append(circuit)
        else:
            runs.append([circuit])
    return runs


# Coding of what supervision messages carry


def is_hardware(message: Message) -> bool:
    """Whether CGB, CGU or an answer is hardware failure oriented, Q.763 3.13."""
    octets = message.raw(ParameterCode.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE)
    return octets is not None and octets[:1] != b"" and octets[0] & 3 == 1


def supervision_type(hardware: bool) -> RawParameter:
    """Circuit group supervision message type, Q.763 3.13."""
    return RawParameter(ParameterCode.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, bytes((int(hardware),)))


def range_and_status(first: int, span: int, chosen: Iterable[int]) -> RawParameter:
    """Range and status with bit 1 for each chosen CIC, Q.763 3.43."""
    number = 0
    for cic in chosen:
        number |= 1 << (cic - first)
    return RawParameter(ParameterCode.RANGE_AND_STATUS, bytes((span,)) + number.to_bytes((span + 8) // 8, "little"))


def selected(first: int, octets: bytes) -> list[int] | None:
    """CICs whose status bit is 1; None when the status is too short for its range."""
    span = octets[0]
    if len(octets) - 1 < (span + 8) // 8:
        return None
    number = int.from_bytes(octets[1:], "little") & ((1 << (span + 1)) - 1)
    return [first + index for index in range(span + 1) if number >> index & 1]
