"""Blocking and unblocking of single circuits (BLO, UBL) by us and by the peer: Q.724 (1988) 5; groups: `groups.py`.

What maintenance wants of a circuit is in `Circuit.wanted`. One request at a time is under way on a circuit for
each kind of blocking; whatever happens meanwhile (another wish, a reset) is made good by `reconcile` when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.tup.circuits import Blocking, Call, Circuit, State
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.kernel import Kernel, MessageAction
from tandem.ss7.tup.messages import Message
from tandem.ss7.tup.requests import begin, finish, runs

M = MessageType

#: Kind of local blocking -> group blocking, group unblocking.
GROUP_REQUESTS: Final[dict[Blocking, tuple[MessageType, MessageType]]] = {
    Blocking.LOCAL_HARDWARE: (M.HGB, M.HGU),
    Blocking.LOCAL_SOFTWARE: (M.SGB, M.SGU),
    Blocking.LOCAL_MAINTENANCE: (M.MGB, M.MGU),
}


def reconcile(kernel: Kernel, circuits: Iterable[Circuit], now: float) -> None:
    """Block and unblock what is not yet as maintenance wants it and has no request under way."""
    ready = [item for item in circuits if item.state is not State.RESETTING]
    for flag in GROUP_REQUESTS:
        free = [item for item in ready if (item.wanted ^ item.blocking) & flag and flag not in item.procedures]
        if free:
            _request(kernel, [item for item in free if item.wanted & flag], flag, True, now)
            _request(kernel, [item for item in free if not item.wanted & flag], flag, False, now)


def _request(kernel: Kernel, circuits: list[Circuit], flag: Blocking, block: bool, now: float) -> None:
    maintenance = flag is Blocking.LOCAL_MAINTENANCE
    calls: list[Call | None] = []
    for run in runs(circuits):
        if len(run) == 1 and maintenance:
            begin(kernel, M.BLO if block else M.UBL, run, 0, flag, now)
        else:
            # A range of 0 has no status; status says which circuits are meant.
            request = GROUP_REQUESTS[flag][0 if block else 1]
            begin(kernel, request, run, max(1, len(run) - 1), flag, now)
        for circuit in run:
            if block:
                kernel.set_blocking(circuit, circuit.blocking | flag)
            if block and not maintenance:
                calls.append(interrupt(kernel, circuit, "circuit blocked for a failure"))
    for call in calls:
        kernel.attempt_again(call, now, "circuit blocked for a failure")


def interrupt(kernel: Kernel, circuit: Circuit, reason: str) -> Call | None:
    """Hardware and software blocking end the call at both ends without clearing messages on the circuit, Q.724 9.

    Returns an outgoing call that may be tried again.
    """
    call = kernel.detach(circuit)
    if circuit.state not in (State.RESETTING, State.IDLE):
        kernel.end_call(circuit, Cause.NORMAL_UNSPECIFIED, reason)
        kernel.vacate(circuit)
    return call


def leave_blocked(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """The peer blocked a circuit: an outgoing call without backward message goes to another, Q.724 3 and 5."""
    call = kernel.detach(circuit)
    if call is not None:
        kernel.clear_forward(circuit, now)
        kernel.attempt_again(call, now, "circuit blocked by the peer")


def block_again(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """The peer seized a circuit that we have blocked: it has lost our blocking, state it again."""
    for flag in GROUP_REQUESTS:
        if flag not in circuit.procedures:
            kernel.set_blocking(circuit, circuit.blocking & ~flag)
    reconcile(kernel, [circuit], now)


def _blocking_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """BLA: expected, or undo a blocking that the peer wrongly believes in (Q.724 6)."""
    procedure = circuit.peer.procedures.get((M.BLA, circuit.cic, 0))
    if procedure is not None:
        finish(kernel, procedure)
    elif Blocking.LOCAL_MAINTENANCE not in circuit.procedures and not circuit.wanted & Blocking.LOCAL_MAINTENANCE:
        kernel.set_blocking(circuit, circuit.blocking | Blocking.LOCAL_MAINTENANCE)
    reconcile(kernel, [circuit], now)


def _unblocking_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """UBA: expected, or the peer wrongly believes the circuit unblocked (Q.724 6)."""
    procedure = circuit.peer.procedures.get((M.UBA, circuit.cic, 0))
    if procedure is not None:
        finish(kernel, procedure)
    if procedure is not None or Blocking.LOCAL_MAINTENANCE not in circuit.procedures:
        kernel.set_blocking(circuit, circuit.blocking & ~Blocking.LOCAL_MAINTENANCE)
    reconcile(kernel, [circuit], now)


def _blocking_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.set_blocking(circuit, circuit.blocking | Blocking.REMOTE_MAINTENANCE)
    kernel.reply(circuit, M.BLA)
    leave_blocked(kernel, circuit, now)


def _unblocking_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.set_blocking(circuit, circuit.blocking & ~Blocking.REMOTE_MAINTENANCE)
    kernel.reply(circuit, M.UBA)


#: What a blocking message does, whatever the call processing state of the circuit.
MESSAGES: Final[dict[MessageType, MessageAction]] = {
    M.BLO: _blocking_received,
    M.BLA: _blocking_answered,
    M.UBL: _unblocking_received,
    M.UBA: _unblocking_answered,
}
