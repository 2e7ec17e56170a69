"""Continuity check of outgoing circuits: Q.724 (1988) 7.

The media plane sends the check tone and says when it comes back; the incoming end is in `calls_in`. After a failure
the peer hears CCF and CLF, the call is tried on another circuit, and this one is checked again after T9 and then
every T10 (CCR, then CLF; CCF before it when the check failed again).
"""

from __future__ import annotations

from typing import Final

from tandem.ss7.tup.circuits import Circuit, State
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.kernel import Kernel, MessageAction, TimerAction, discard
from tandem.ss7.tup.messages import Message
from tandem.ss7.tup.primitives import ContinuityTone
from tandem.ss7.tup.timers import Timer

M = MessageType


def check(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """Maintenance asks for a check of an idle circuit: CCR. Nothing happens on a busy one."""
    if circuit.state is State.IDLE:
        _check_again(kernel, circuit, now)


def tone_returned(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """The tone came back in time: the circuit is continuous."""
    if circuit.state is State.OUT_CHECK:
        kernel.leave_check(circuit)
        kernel.stop(circuit, Timer.T8)
        kernel.reply(circuit, M.COT)
        kernel.set_state(circuit, State.OUT_WAIT_ACM)
    elif circuit.state is State.RECHECK:
        if circuit.checks_failed:
            kernel.alert(circuit, "continuity restored")
        circuit.checks_failed = 0
        kernel.clear_forward(circuit, now)


def _check_again(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T9 or T10: check the circuit again with CCR."""
    kernel.reply(circuit, M.CCR)
    kernel.set_state(circuit, State.RECHECK)
    kernel.produced.append(ContinuityTone(circuit.group.name, circuit.cic, True))
    kernel.start(circuit, Timer.T8, now)


def _call_failed(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T8 in a call: say so, try the call on another circuit, check this one again; Q.724 3 and 7."""
    call = kernel.detach(circuit)
    _failed(kernel, circuit, now)
    kernel.attempt_again(call, now, "continuity check failed")


def _failed(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """Maintenance hears of the first failure and of the first recheck that fails, not of every one after."""
    circuit.checks_failed += 1
    if circuit.checks_failed == 1:
        kernel.alert(circuit, "continuity check failed, out of service until a recheck succeeds")
    elif circuit.checks_failed == 2:
        kernel.alert(circuit, "continuity recheck failed, the circuit is checked again from time to time")
    kernel.reply(circuit, M.CCF)
    kernel.clear_forward(circuit, now)


def _released(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CLF while a circuit is to be checked again: answered as on an idle one."""
    kernel.reply(circuit, M.RLG)


#: What a message does while a circuit is to be checked again; what is absent is in `exchange.UNEXPECTED`.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    (State.RECHECK_WAIT, M.CLF): _released,
    (State.RECHECK_WAIT, M.RLG): discard,
    (State.RECHECK, M.CLF): _released,
    (State.RECHECK, M.RLG): discard,
}

TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.OUT_CHECK, Timer.T8): _call_failed,
    (State.RECHECK_WAIT, Timer.T9): _check_again,
    (State.RECHECK_WAIT, Timer.T10): _check_again,
    (State.RECHECK, Timer.T8): _failed,
}
