"""Outgoing calls: call processing control outgoing (CPCO) of Q.764 (12/1999) 2.1 to 2.5 and 2.9.1."""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.isup import calls_in
from tandem.ss7.isup.circuits import Circuit, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.kernel import Kernel, MessageAction, SendAction, TimerAction, deliver, discard
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.multirate import circuits_needed
from tandem.ss7.isup.release import (
    TRANSPARENT,
    release_on_expiry,
    release_received,
    send_transparent,
    transparent_received,
    unexpected_release_complete,
)
from tandem.ss7.isup.timers import Timer

M = MessageType


def _address_complete(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """ACM: the number is whole at the far end, Q.764 2.1.4; now the answer is awaited."""
    kernel.stop(circuit, Timer.T7)
    kernel.set_state(circuit, State.OUT_WAIT_ANM)
    if circuit.group.configuration.supervises:
        kernel.start(circuit, Timer.T9, now)
    kernel.deliver(circuit, message)


def _answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """ANM or CON, Q.764 2.1.7."""
    kernel.stop_all(circuit)
    kernel.set_state(circuit, State.OUT_ANSWERED)
    kernel.deliver(circuit, message)


def _suspended(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """SUS: the controlling exchange times the resumption, Q.764 2.5.1.3 and 2.5.2.3."""
    if circuit.group.configuration.supervises:
        kernel.start(circuit, _suspension_timer(message), now)
    kernel.deliver(circuit, message)


def _resumed(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.stop(circuit, _suspension_timer(message))
    kernel.deliver(circuit, message)


def _suspension_timer(message: Message) -> Timer:
    """T6 for a network initiated suspension, T2 for one by the user (Q.763 3.52 bit A)."""
    indicators = message.raw(ParameterCode.SUSPEND_RESUME_INDICATORS)
    return Timer.T6 if indicators and indicators[0] & 1 else Timer.T2


def _overloaded(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """OLM: hold the circuit for T3, then release the attempt, Q.764 2.11 (national use)."""
    kernel.stop(circuit, Timer.T7)
    kernel.start(circuit, Timer.T3, now)


def _dual_seizure(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """IAM where we sent one and no backward message came, Q.764 2.9.1.4.

    The call that takes more circuits goes on. Of two alike it is that of the exchange that controls the circuit;
    the other exchange takes the incoming call and tries its own on another circuit.
    """
    ours = 1 + len(circuit.members or ())
    theirs = circuits_needed(message)
    if theirs < ours or (theirs == ours and circuit.controlled):
        return
    call = kernel.detach(circuit)
    kernel.leave_check(circuit)
    kernel.stop_all(circuit)
    kernel.drop_call(circuit)
    kernel.disband(circuit)
    if call is not None and theirs == 1:
        kernel.attempt_again(call, now, "dual seizure")
    calls_in.initial_address(kernel, circuit, message, now)
    if call is not None and theirs > 1:  # not before it is known which circuits are left
        kernel.attempt_again(call, now, "dual seizure")


_CALL_STATES: Final = (State.OUT_CHECK, State.OUT_WAIT_ACM, State.OUT_WAIT_ANM, State.OUT_ANSWERED)

#: What a message does in the outgoing states; what is absent is in `exchange.UNEXPECTED`.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    # IAM with continuity check sent
    (State.OUT_CHECK, M.IAM): _dual_seizure,
    (State.OUT_CHECK, M.REL): release_received,
    (State.OUT_CHECK, M.RLC): unexpected_release_complete,
    (State.OUT_CHECK, M.LPA): discard,
    (State.OUT_CHECK, M.SAM): discard,
    (State.OUT_CHECK, M.COT): discard,
    # IAM sent
    (State.OUT_WAIT_ACM, M.IAM): _dual_seizure,
    (State.OUT_WAIT_ACM, M.ACM): _address_complete,
    (State.OUT_WAIT_ACM, M.CON): _answered,
    (State.OUT_WAIT_ACM, M.REL): release_received,
    (State.OUT_WAIT_ACM, M.RLC): unexpected_release_complete,
    (State.OUT_WAIT_ACM, M.OLM): _overloaded,
    (State.OUT_WAIT_ACM, M.LPA): discard,
    (State.OUT_WAIT_ACM, M.SAM): discard,  # these follow an IAM that lost dual seizure to ours
    (State.OUT_WAIT_ACM, M.COT): discard,
    # ACM received
    (State.OUT_WAIT_ANM, M.ANM): _answered,
    (State.OUT_WAIT_ANM, M.CPG): deliver,
    (State.OUT_WAIT_ANM, M.REL): release_received,
    (State.OUT_WAIT_ANM, M.RLC): unexpected_release_complete,
    # ANM or CON received
    (State.OUT_ANSWERED, M.CPG): deliver,
    (State.OUT_ANSWERED, M.SUS): _suspended,
    (State.OUT_ANSWERED, M.RES): _resumed,
    (State.OUT_ANSWERED, M.REL): release_received,
    (State.OUT_ANSWERED, M.RLC): unexpected_release_complete,
}
MESSAGES.update({(state, message): transparent_received for state in _CALL_STATES for message in TRANSPARENT})


#: What the expiry of a call timer does; timers are stopped when their state is left.
TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.OUT_CHECK, Timer.T7): release_on_expiry(Cause.RECOVERY_ON_TIMER_EXPIRY, "T7 expired: no ACM"),
    (State.OUT_WAIT_ACM, Timer.T7): release_on_expiry(Cause.RECOVERY_ON_TIMER_EXPIRY, "T7 expired: no ACM"),
    (State.OUT_WAIT_ACM, Timer.T3): release_on_expiry(Cause.SWITCHING_EQUIPMENT_CONGESTION, "the peer is overloaded"),
    (State.OUT_WAIT_ANM, Timer.T9): release_on_expiry(Cause.NO_ANSWER_FROM_USER, "T9 expired: no answer"),
    (State.OUT_ANSWERED, Timer.T2): release_on_expiry(
        Cause.NORMAL_CALL_CLEARING, "T2 expired: not resumed by the user"
    ),
    (State.OUT_ANSWERED, Timer.T6): release_on_expiry(Cause.NORMAL_CALL_CLEARING, "T6 expired: not resumed"),
}


def _send(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)


def _send_digits(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """SAM: kept as well, in case the call is tried on another circuit."""
    kernel.transmit(circuit, message)
    kernel.start(circuit, Timer.T7, now)
    call = circuit.call
    if call is not None:
        call.later = [*(call.later or ()), message]


def _send_continuity(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """COT of a previous circuit, Q.764 2.1.8: kept as well, in case the call is tried on another circuit."""
    kernel.transmit(circuit, message)
    call = circuit.call
    if call is not None:
        call.later = [*(call.later or ()), message]


#: What call control may send on an outgoing call.
SENDS: Final[dict[tuple[State, MessageType], SendAction]] = {
    (State.OUT_CHECK, M.SAM): _send_digits,
    (State.OUT_WAIT_ACM, M.SAM): _send_digits,
    (State.OUT_WAIT_ACM, M.COT): _send_continuity,
    (State.OUT_ANSWERED, M.SUS): _send,
    (State.OUT_ANSWERED, M.RES): _send,
    (State.OUT_ANSWERED, M.CPG): _send,
}
SENDS.update({(state, message): send_transparent for state in _CALL_STATES for message in TRANSPARENT})
