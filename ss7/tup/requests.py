"""Supervision requests of ours: repeated by one timer, escalated by another, ended by their answer; Q.724 5, 6, 9."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from tandem.ss7.tup.circuits import Blocking, Circuit, Procedure
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.kernel import Kernel
from tandem.ss7.tup.messages import GroupSupervision, Signal
from tandem.ss7.tup.timers import Timer

M = MessageType

#: Circuits in one group message of ours at most.
MAXIMUM_RANGE: Final = 32


class Request(NamedTuple):
    """How a supervision request is acknowledged, repeated and escalated."""

    answer: MessageType
    repeat: Timer
    alert: Timer
    slow: Timer
    """What repeats it after the alert."""


def _group(answer: MessageType) -> Request:
    return Request(answer, Timer.GROUP, Timer.GROUP_ALERT, Timer.GROUP_ALERT)


REQUESTS: Final[dict[MessageType, Request]] = {
    M.BLO: Request(M.BLA, Timer.T11, Timer.T12, Timer.T13),
    M.UBL: Request(M.UBA, Timer.T14, Timer.T15, Timer.T16),
    M.RSC: Request(M.RLG, Timer.T18, Timer.T19, Timer.T19),
    M.MGB: _group(M.MBA),
    M.MGU: _group(M.MUA),
    M.HGB: _group(M.HBA),
    M.HGU: _group(M.HUA),
    M.SGB: _group(M.SBA),
    M.SGU: _group(M.SUA),
    M.GRS: _group(M.GRA),
}


def begin(
    kernel: Kernel, request: MessageType, circuits: list[Circuit], span: int, flag: Blocking, now: float
) -> Procedure:
    """Send a request, start its timers and note it at its circuits.

    A request of the same kind and range still under way is taken over: both would have the same acknowledgement.
    """
    peer = circuits[0].peer
    kind = REQUESTS[request]
    earlier = peer.procedures.get((kind.answer, circuits[0].cic, span))
    if earlier is not None:
        finish(kernel, earlier)
        circuits = [*circuits, *(item for item in earlier.circuits.values() if item not in circuits)]
    procedure = Procedure(request, circuits, flag, span)
    peer.procedures[kind.answer, procedure.first, span] = procedure
    for circuit in circuits:
        if flag:
            circuit.procedures[flag] = procedure
        else:
            circuit.reset = procedure
    _transmit(kernel, procedure)
    values = circuits[0].group.timers
    kernel.timers.start((procedure, kind.repeat), now + values[kind.repeat])
    kernel.timers.start((procedure, kind.alert), now + values[kind.alert])
    return procedure


def _transmit(kernel: Kernel, procedure: Procedure) -> None:
    circuit = procedure.peer.circuits[procedure.first]
    request = procedure.request
    if request in (M.BLO, M.UBL, M.RSC):
        kernel.transmit(circuit, Signal(request))
        return
    if request is M.GRS:
        message = GroupSupervision(request, procedure.range)
    else:
        message = with_status(request, procedure.first, procedure.range, procedure.circuits)
    for _ in range(2 if circuit.group.configuration.group_messages_twice else 1):
        kernel.transmit(circuit, message)


def with_status(request: MessageType, first: int, span: int, chosen: Iterable[int]) -> GroupSupervision:
    """A group message with status 1 for each chosen CIC; no status when it is about one circuit only."""
    if not span:
        return GroupSupervision(request, 0)
    wanted = set(chosen)
    return GroupSupervision(request, span, tuple([first + index in wanted for index in range(span + 1)]))


def chosen(cic: int, message: GroupSupervision) -> list[int]:
    """CICs that a group message speaks of: those with status 1, all of the range when it has no status."""
    if message.status is None:
        return list(range(cic, cic + message.count))
    return [cic + index for index, flag in enumerate(message.status) if flag]


def finish(kernel: Kernel, procedure: Procedure) -> None:
    """The request is answered or no longer wanted."""
    kind = REQUESTS[procedure.request]
    key = (kind.answer, procedure.first, procedure.range)
    if procedure.peer.procedures.get(key) is procedure:
        del procedure.peer.procedures[key]
    for timer in {kind.repeat, kind.alert, kind.slow}:
        kernel.timers.stop((procedure, timer))
    for circuit in procedure.circuits.values():
        _unlink(circuit, procedure)


def _unlink(circuit: Circuit, procedure: Procedure) -> None:
    if circuit.reset is procedure:
        circuit.reset = None
    elif circuit.procedures.get(procedure.flag) is procedure:
        del circuit.procedures[procedure.flag]


def withdraw(kernel: Kernel, circuit: Circuit, procedure: Procedure) -> None:
    """The circuit is no longer part of a request; the request ends when no circuit is left."""
    if len(procedure.circuits) == 1:
        finish(kernel, procedure)
        return
    del procedure.circuits[circuit.cic]
    _unlink(circuit, procedure)


def procedure_expired(kernel: Kernel, procedure: Procedure, timer: Timer, now: float) -> None:
    """The repeat, alert or slow timer of a request."""
    kind = REQUESTS[procedure.request]
    circuit = procedure.peer.circuits[procedure.first]
    if timer is kind.alert:
        kernel.alert(circuit, f"no {kind.answer.name} in answer to {procedure.request.name} within {timer.name}")
        kernel.timers.stop((procedure, kind.repeat))
        timer = kind.slow
    _transmit(kernel, procedure)
    kernel.timers.start((procedure, timer), now + circuit.group.timers[timer])


def is_repeated(kernel: Kernel, procedure: Procedure) -> bool:
    """Whether the short timer of a request runs: not after escalation."""
    return kernel.timers.is_running((procedure, REQUESTS[procedure.request].repeat))


def prompt(kernel: Kernel, procedures: Iterable[Procedure], now: float) -> None:
    """The peer can hear us (again): repeat what it has not answered, and go on repeating it at the short interval.

    Otherwise circuits whose requests were escalated while the peer was away would wait a minute for their next chance.
    """
    for procedure in list(procedures):
        repeat = REQUESTS[procedure.request].repeat
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
