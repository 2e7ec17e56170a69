"""Reset of circuits (RSC) and circuit groups (GRS, GRA): Q.724 (1988) 9.

RSC is answered by what the circuit needs: RLG when the receiver is idle or on the incoming side, CLF when it is on
the outgoing side (and RLG answers that). GRA answers GRS for all circuits at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.tup.blocking import reconcile
from tandem.ss7.tup.circuits import LOCAL, OUTGOING, REMOTE, Blocking, Call, Circuit, State
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.groups import counts
from tandem.ss7.tup.kernel import Kernel, MessageAction
from tandem.ss7.tup.messages import GroupSupervision, Message
from tandem.ss7.tup.requests import begin, chosen, finish, is_repeated, prompt, runs, with_status, withdraw

M = MessageType


def start_reset(kernel: Kernel, circuits: Iterable[Circuit], now: float) -> None:
    """Reset circuits: RSC for one, GRS for a run. Calls on them must have been ended.

    The peer forgets what either side had blocked; we forget its blocking now and state ours again afterwards.
    Circuits whose reset is under way already are left to it.
    """
    for run in runs(circuit for circuit in circuits if circuit.reset is None):
        for circuit in run:
            for procedure in list(circuit.procedures.values()):
                withdraw(kernel, circuit, procedure)
            kernel.leave_check(circuit)
            kernel.stop_all(circuit)
            circuit.held.clear()
            kernel.set_state(circuit, State.RESETTING)
            kernel.set_blocking(circuit, circuit.blocking & ~REMOTE)
        begin(kernel, M.RSC if len(run) == 1 else M.GRS, run, len(run) - 1, Blocking.NONE, now)


def reset_answered(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """RLG or CLF in answer to RSC."""
    if circuit.reset is not None and circuit.reset.request is M.RSC:
        finish(kernel, circuit.reset)
        _reset_done(kernel, [circuit], now)


def _group_reset_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GRA: status 1 says that the peer has the circuit blocked for maintenance."""
    assert isinstance(message, GroupSupervision)  # the decoder makes nothing else of this type
    procedure = circuit.peer.procedures.get((M.GRA, circuit.cic, message.range))
    if procedure is None:
        return
    blocked = set(chosen(circuit.cic, message)) if message.status is not None else set()
    circuits = list(procedure.circuits.values())
    finish(kernel, procedure)
    for item in circuits:
        if item.cic in blocked:
            kernel.set_blocking(item, item.blocking | Blocking.REMOTE_MAINTENANCE)
    _reset_done(kernel, circuits, now)


def _reset_done(kernel: Kernel, circuits: Sequence[Circuit], now: float) -> None:
    for circuit in circuits:
        # Not seizable for a moment although blocking is cleared: it is wanted again below, before anything else.
        kernel.set_blocking(circuit, circuit.blocking & ~LOCAL)
        kernel.vacate(circuit)
    reconcile(kernel, circuits, now)


def _reset_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """RSC: the call ends, the peer's blocking is removed, blocking by us is stated again."""
    kernel.set_blocking(circuit, circuit.blocking & ~REMOTE)
    if circuit.state is State.RESETTING:
        kernel.reply(circuit, M.RLG)
        _prompt_resets(kernel, [circuit], now)
        return
    call = kernel.detach(circuit)
    kernel.end_call(circuit, Cause.NORMAL_UNSPECIFIED, "circuit reset by the peer")
    for flag in (Blocking.LOCAL_MAINTENANCE, Blocking.LOCAL_HARDWARE, Blocking.LOCAL_SOFTWARE):
        if flag not in circuit.procedures:
            kernel.set_blocking(circuit, circuit.blocking & ~flag)
    if circuit.state in OUTGOING:
        circuit.held.clear()
        kernel.clear_forward(circuit, now)
    else:
        if circuit.state is not State.RECHECK_WAIT:
            kernel.vacate(circuit)
        kernel.reply(circuit, M.RLG)
    reconcile(kernel, [circuit], now)
    kernel.attempt_again(call, now, "circuit reset by the peer")


def _group_reset_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GRS: all calls end without clearing; status 1 in GRA where we block for maintenance."""
    assert isinstance(message, GroupSupervision)  # the decoder makes nothing else of this type
    if not counts(circuit, message, now):
        return
    peer = circuit.peer
    circuits = [peer.circuits[cic] for cic in chosen(circuit.cic, message) if cic in peer.circuits]
    calls = [_forget(kernel, item) for item in circuits]
    for item in circuits:
        if item.state is not State.RESETTING:
            for flag in (Blocking.LOCAL_HARDWARE, Blocking.LOCAL_SOFTWARE):
                if flag not in item.procedures:
                    kernel.set_blocking(item, item.blocking & ~flag)
    reconcile(kernel, circuits, now)
    blocked = [item.cic for item in circuits if item.wanted & Blocking.LOCAL_MAINTENANCE]
    kernel.transmit(circuit, with_status(M.GRA, circuit.cic, message.range, blocked))
    _prompt_resets(kernel, circuits, now)
    for call in calls:
        kernel.attempt_again(call, now, "circuit reset by the peer")


def _prompt_resets(kernel: Kernel, circuits: Iterable[Circuit], now: float) -> None:
    """A peer that resets circuits has just started: a reset of ours that it long left unanswered is worth repeating."""
    waiting = {item.reset for item in circuits if item.reset is not None}
    prompt(kernel, [item for item in waiting if not is_repeated(kernel, item)], now)


def _forget(kernel: Kernel, circuit: Circuit) -> Call | None:
    """The peer resets a circuit: end its call and forget the peer's blocking.

    Returns an outgoing call that may be tried again because no backward message had come.
    """
    kernel.set_blocking(circuit, circuit.blocking & ~REMOTE)
    call = kernel.detach(circuit)
    if circuit.state is not State.RESETTING:
        kernel.end_call(circuit, Cause.NORMAL_UNSPECIFIED, "circuit reset by the peer")
        kernel.vacate(circuit)
    return call


#: What a reset message does, whatever the call processing state of the circuit.
MESSAGES: Final[dict[MessageType, MessageAction]] = {
    M.RSC: _reset_received,
    M.GRS: _group_reset_received,
    M.GRA: _group_reset_answered,
}
