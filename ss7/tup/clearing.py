"""Release guard, and what messages mean on a circuit without a call in progress: Q.724 (1988) 1 and 6."""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.tup import calls_in
from tandem.ss7.tup.circuits import Blocking, Circuit, State
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.kernel import Kernel, MessageAction, TimerAction, discard
from tandem.ss7.tup.messages import Message
from tandem.ss7.tup.reset import reset_answered, start_reset
from tandem.ss7.tup.timers import Timer

M = MessageType

#: Blocking that drops calls at both ends without clearing messages, so that leftovers of them are normal.
_INTERRUPTING: Final = (
    Blocking.LOCAL_HARDWARE | Blocking.REMOTE_HARDWARE | Blocking.LOCAL_SOFTWARE | Blocking.REMOTE_SOFTWARE
)


def unexpected_early(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """An unreasonable message before the backward message of the call set-up, Q.724 6.

    The circuit is reset; an incoming call is given up, an outgoing one tried on another circuit (Q.724 3).
    """
    call = kernel.detach(circuit)
    kernel.end_call(circuit, Cause.MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE, f"unexpected {message.name}")
    start_reset(kernel, [circuit], now)
    kernel.attempt_again(call, now, f"unexpected {message.name}")


def unexpected_idle(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """A message of a call on an idle circuit: the ends disagree, reset it, Q.724 6."""
    if not circuit.blocking & _INTERRUPTING:
        start_reset(kernel, [circuit], now)


def _release_guard_due(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CLF is always answered with RLG, Q.724 6; one in WAIT_RLG ends what the peer had begun on its side."""
    circuit.held.clear()
    kernel.reply(circuit, M.RLG)


def _release_guard(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """RLG: the circuit is free, to be checked again after a failed continuity check, or taken by the peer already."""
    held, circuit.held = circuit.held, []
    if circuit.checks_failed and not held:
        kernel.vacate(circuit, State.RECHECK_WAIT)
        kernel.start(circuit, Timer.T9 if circuit.checks_failed == 1 else Timer.T10, now)
        return
    kernel.vacate(circuit)
    for waiting in held:
        action = calls_in.MESSAGES.get((circuit.state, M(waiting.type)), discard)
        action(kernel, circuit, waiting, now)


def _hold(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """IAM while we wait for RLG: dual seizure with a call that we have given up since.

    Where the peer controls the circuit it goes on with its call, which begins here with its RLG. Otherwise it has
    taken our IAM and left its own, as Q.724 2 says.
    """
    if not circuit.controlled:
        circuit.held[:] = [message]


def _hold_digits(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """Digits of such a call; a number has no more than a few dozen."""
    if circuit.held and len(circuit.held) < _MOST_HELD:
        circuit.held.append(message)


_MOST_HELD: Final = 32


def _reset_complete(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    reset_answered(kernel, circuit, now)


def _reset_complete_forward(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CLF in answer to RSC, from a peer on the outgoing side; it waits for RLG."""
    kernel.reply(circuit, M.RLG)
    reset_answered(kernel, circuit, now)


def _clear_again(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T6: repeat CLF, Q.724 6."""
    kernel.reply(circuit, M.CLF)
    kernel.start(circuit, Timer.T6, now)


def _never_guarded(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T7: alert maintenance, repeat CLF every T7 from now on, Q.724 6."""
    kernel.alert(circuit, "no RLG in answer to CLF within T7")
    kernel.stop(circuit, Timer.T6)
    kernel.reply(circuit, M.CLF)
    kernel.start(circuit, Timer.T7, now)


#: What a message does in the states without a call that goes on.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    # no call
    (State.IDLE, M.CLF): _release_guard_due,
    (State.IDLE, M.RLG): discard,
    # CLF sent
    (State.WAIT_RLG, M.RLG): _release_guard,
    (State.WAIT_RLG, M.CLF): _release_guard_due,
    (State.WAIT_RLG, M.IAM): _hold,
    (State.WAIT_RLG, M.IAI): _hold,
    (State.WAIT_RLG, M.SAM): _hold_digits,
    (State.WAIT_RLG, M.SAO): _hold_digits,
    # RSC or GRS sent
    (State.RESETTING, M.RLG): _reset_complete,
    (State.RESETTING, M.CLF): _reset_complete_forward,
}

#: What the expiry of a call timer does in those states.
TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.WAIT_RLG, Timer.T6): _clear_again,
    (State.WAIT_RLG, Timer.T7): _never_guarded,
}
