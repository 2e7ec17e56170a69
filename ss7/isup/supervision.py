"""Circuit supervision: reset, blocking, query, unequipped circuits; Q.764 (12/1999) 2.8.2, 2.9.3, 2.12 and SDL.

Every request of ours (BLO, UBL, CGB, CGU, RSC, GRS, CQM) is one `Procedure`: repeated by one timer, escalated to
maintenance by another, ended by its acknowledgement; REQUESTS says which. What maintenance wants of a circuit is
in `Circuit.wanted`; one request at a time is under way on a circuit for each kind of blocking, and whatever
happens meanwhile (another wish, a reset) is made good when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tandem.core.cause import Cause
from tandem.ss7.isup.circuits import STATUS, Blocking, Call, Circuit, CircuitStatus, Procedure, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.kernel import OWN_LOCATION, Kernel, MessageAction, cause_indicators
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import GroupQueried
from tandem.ss7.isup.timers import Timer

M = MessageType

#: Circuits in one GRS or CGB at most, Q.763 3.43.
MAXIMUM_RANGE: Final = 32

_LOCAL: Final = Blocking.LOCAL_MAINTENANCE | Blocking.LOCAL_HARDWARE
_REMOTE: Final = Blocking.REMOTE_MAINTENANCE | Blocking.REMOTE_HARDWARE


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


# Requests of ours


def _begin(
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
        _finish(kernel, earlier)
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
            status = _status(procedure.first, procedure.range, procedure.circuits)
            kernel.reply(circuit, procedure.request, [_supervision_type(procedure.hardware), status])
        case M.GRS | M.CQM:
            kernel.reply(
                circuit, procedure.request, [RawParameter(ParameterCode.RANGE_AND_STATUS, bytes((procedure.range,)))]
            )
        case _:
            kernel.reply(circuit, procedure.request)


def _finish(kernel: Kernel, procedure: Procedure) -> None:
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


def _withdraw(kernel: Kernel, circuit: Circuit, procedure: Procedure | None) -> None:
    """The circuit is no longer part of a request; the request ends when no circuit is left."""
    if procedure is None:
        return
    if len(procedure.circuits) == 1:
        _finish(kernel, procedure)
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
            _finish(kernel, procedure)
            return
        kernel.timers.stop((procedure, kind.repeat))
    _transmit(kernel, procedure)
    kernel.timers.start((procedure, timer), now + circuit.group.timers[timer])


def _runs(circuits: Iterable[Circuit]) -> list[list[Circuit]]:
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


# Reset


def start_reset(kernel: Kernel, circuits: Iterable[Circuit], now: float, after_t5: bool = False) -> None:
    """Reset circuits: RSC for one, GRS for a run; Q.764 2.9.3.1 and 2.9.3.2. Calls on them must have been ended.

    The peer forgets what either side had blocked; we forget its blocking now and state ours again afterwards.
    Circuits whose reset is under way already are left to it. After T5 only T17 runs.
    """
    for run in _runs(circuit for circuit in circuits if circuit.reset is None):
        for circuit in run:
            _withdraw(kernel, circuit, circuit.maintenance_procedure)
            _withdraw(kernel, circuit, circuit.hardware_procedure)
            kernel.leave_check(circuit)
            kernel.stop_all(circuit)
            circuit.release = None
            kernel.set_state(circuit, State.RESETTING)
            kernel.set_blocking(circuit, circuit.blocking & ~_REMOTE)
        request = M.RSC if len(run) == 1 else M.GRS
        procedure = _begin(kernel, request, run, len(run) - 1, False, now)
        if after_t5:
            kernel.timers.stop((procedure, Timer.T16))


def reset_answered(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """RLC in answer to RSC."""
    if circuit.reset is not None and circuit.reset.request is M.RSC:
        _finish(kernel, circuit.reset)
        _reset_done(kernel, [circuit], now)


def _group_reset_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GRA: status 1 says that the peer has the circuit blocked for maintenance."""
    octets = message.raw(ParameterCode.RANGE_AND_STATUS) or b"\0"
    procedure = circuit.peer.procedures.get((M.GRA, circuit.cic, octets[0], False))
    if procedure is None:
        return
    blocked = set(_selected(circuit.cic, octets) or ())
    circuits = list(procedure.circuits.values())
    _finish(kernel, procedure)
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
    kernel.reply(circuit, M.GRA, [_status(circuit.cic, span, blocked)])
    for call in calls:
        kernel.attempt_again(call, now, "circuit reset by the peer")


def _forget(kernel: Kernel, circuit: Circuit) -> Call | None:
    """The peer resets a circuit: end its call and forget the peer's blocking.

    Returns an outgoing call that may be tried again because no backward message had come, Q.764 2.9.3.1 e).
    """
    call = kernel.detach(circuit) if circuit.state is State.OUT_WAIT_ACM else None
    if circuit.state is not State.RESETTING:
        kernel.end_call(circuit, Cause.NORMAL_UNSPECIFIED, OWN_LOCATION, "circuit reset by the peer")
        kernel.set_blocking(circuit, circuit.blocking & ~_REMOTE)
        kernel.vacate(circuit)
    else:
        kernel.set_blocking(circuit, circuit.blocking & ~_REMOTE)
    return call


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
    for run in _runs(circuits):
        if len(run) == 1 and not hardware:
            _begin(kernel, M.BLO if block else M.UBL, run, 0, False, now)
        else:
            # The range of CGB and CGU is at least 1 (Q.763 3.43); status says which circuits are meant.
            _begin(kernel, M.CGB if block else M.CGU, run, max(1, len(run) - 1), hardware, now)
        for circuit in run:
            if block:
                kernel.set_blocking(circuit, circuit.blocking | flag)
            if block and hardware:
                _fail_hardware(kernel, circuit, "circuit blocked for hardware failure")


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
        _finish(kernel, procedure)
    elif circuit.maintenance_procedure is None and not circuit.wanted & Blocking.LOCAL_MAINTENANCE:
        kernel.set_blocking(circuit, circuit.blocking | Blocking.LOCAL_MAINTENANCE)
    reconcile(kernel, [circuit], now)


def _unblocking_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """UBA: expected, or the peer wrongly believes the circuit unblocked."""
    procedure = circuit.peer.procedures.get((M.UBA, circuit.cic, 0, False))
    if procedure is not None:
        _finish(kernel, procedure)
        kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_MAINTENANCE)
    elif circuit.maintenance_procedure is None:
        kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_MAINTENANCE)
    reconcile(kernel, [circuit], now)


def _group_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CGBA or CGUA: must confirm every circuit asked for, else maintenance is told, Q.764 2.8.2.2."""
    octets = message.raw(ParameterCode.RANGE_AND_STATUS) or b"\0"
    hardware = _is_hardware(message)
    answer = M(message.type)
    procedure = circuit.peer.procedures.get((answer, circuit.cic, octets[0], hardware))
    if procedure is None:
        return
    confirmed = set(_selected(circuit.cic, octets) or ())
    circuits = list(procedure.circuits.values())
    _finish(kernel, procedure)
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
    if circuit.state is not State.OUT_WAIT_ACM:
        return
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
    chosen = _selected(circuit.cic, octets)
    if chosen is None or len(chosen) > MAXIMUM_RANGE:
        kernel.alert(circuit, f"{M(message.type).name} with an invalid range and status discarded")
        return
    block, hardware = message.type == M.CGB, _is_hardware(message)
    flag = Blocking.REMOTE_HARDWARE if hardware else Blocking.REMOTE_MAINTENANCE
    circuits = [circuit.peer.circuits[cic] for cic in chosen if cic in circuit.peer.circuits]
    calls: list[Call] = []
    for item in circuits:
        kernel.set_blocking(item, item.blocking | flag if block else item.blocking & ~flag)
        if block and hardware:
            call = kernel.detach(item) if item.state is State.OUT_WAIT_ACM else None
            _fail_hardware(kernel, item, "circuit blocked for hardware failure by the peer")
            if call is not None:
                calls.append(call)
    status = _status(circuit.cic, octets[0], [item.cic for item in circuits])
    kernel.reply(circuit, M.CGBA if block else M.CGUA, [_supervision_type(hardware), status])
    if block and not hardware:
        for item in circuits:
            _leave_blocked(kernel, item, now)
    for call in calls:
        kernel.attempt_again(call, now, "circuit blocked for hardware failure by the peer")


# Query, unequipped circuits


def query(kernel: Kernel, circuits: Iterable[Circuit], now: float) -> None:
    """Ask the peer for its view of circuits with CQM, Q.764 2.8.3."""
    for run in _runs(circuits):
        _begin(kernel, M.CQM, run, len(run) - 1, False, now)


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
    _finish(kernel, procedure)
    states = message.raw(ParameterCode.CIRCUIT_STATE_INDICATOR) or b""
    kernel.produced.append(GroupQueried(circuit.group.name, tuple(enumerate(states, circuit.cic))))


def _unequipped(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """UCIC: the peer has no such circuit; take it out of service, try its call elsewhere, Q.764 2.12."""
    if circuit.state is State.UNEQUIPPED:
        return
    kernel.alert(circuit, "the peer has no such circuit (UCIC), taken out of service until it is reset")
    for procedure in (circuit.reset, circuit.maintenance_procedure, circuit.hardware_procedure):
        _withdraw(kernel, circuit, procedure)
    call = kernel.detach(circuit) if circuit.state is State.OUT_WAIT_ACM else None
    kernel.end_call(circuit, Cause.IDENTIFIED_CHANNEL_DOES_NOT_EXIST, OWN_LOCATION, "circuit unequipped at the peer")
    kernel.vacate(circuit, State.UNEQUIPPED)
    if call is not None:
        kernel.attempt_again(call, now, "circuit unequipped at the peer")


# Coding


def _is_hardware(message: Message) -> bool:
    octets = message.raw(ParameterCode.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE)
    return bool(octets) and octets is not None and octets[0] & 3 == 1


def _supervision_type(hardware: bool) -> RawParameter:
    return RawParameter(ParameterCode.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, bytes((int(hardware),)))


def _status(first: int, span: int, chosen: Iterable[int]) -> RawParameter:
    """Range and status with bit 1 for each chosen CIC, Q.763 3.43."""
    number = 0
    for cic in chosen:
        number |= 1 << (cic - first)
    return RawParameter(ParameterCode.RANGE_AND_STATUS, bytes((span,)) + number.to_bytes((span + 8) // 8, "little"))


def _selected(first: int, octets: bytes) -> list[int] | None:
    """CICs whose status bit is 1; None when the status is too short for its range."""
    span = octets[0]
    if len(octets) - 1 < (span + 8) // 8:
        return None
    number = int.from_bytes(octets[1:], "little") & ((1 << (span + 1)) - 1)
    return [first + index for index in range(span + 1) if number >> index & 1]


#: What a supervision message does, whatever the call processing state of the circuit.
MESSAGES: Final[dict[MessageType, MessageAction]] = {
    M.RSC: _reset_received,
    M.GRS: _group_reset_received,
    M.GRA: _group_reset_answered,
    M.BLO: _blocking_received,
    M.BLA: _blocking_answered,
    M.UBL: _unblocking_received,
    M.UBA: _unblocking_answered,
    M.CGB: _group_blocking_received,
    M.CGU: _group_blocking_received,
    M.CGBA: _group_answered,
    M.CGUA: _group_answered,
    M.CQM: _query_received,
    M.CQR: _query_answered,
    M.UCIC: _unequipped,
}
