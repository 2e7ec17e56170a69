"""Incoming calls: what the exchange that received the IAM does; Q.724 (1988) 1 to 3 and 6, China GF 001-9001."""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.tup.blocking import block_again
from tandem.ss7.tup.cause import failure_message
from tandem.ss7.tup.circuits import REMOTE, Call, Circuit, State
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.fields import MOST_SIGNALS, Category, ContinuityCheck
from tandem.ss7.tup.kernel import Kernel, MessageAction, SendAction, TimerAction, deliver, discard
from tandem.ss7.tup.messages import (
    AutomaticCongestion,
    ExtendedUnsuccessful,
    GeneralForwardSetup,
    GeneralRequest,
    InitialAddress,
    InitialAddressWithInformation,
    Message,
    Signal,
    SubsequentAddress,
    SubsequentAddressOne,
)
from tandem.ss7.tup.primitives import (
    AddressCompleteDue,
    ContinuityLoop,
    IncomingCall,
    InformationMissing,
    NumberComplete,
)
from tandem.ss7.tup.reset import start_reset
from tandem.ss7.tup.timers import Timer

M = MessageType


def initial_address(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """IAM or IAI on a free circuit, Q.724 1.1; blocked circuits, Q.724 5."""
    assert isinstance(message, InitialAddress)  # the decoder makes nothing else of these types
    if message.category != Category.TEST:
        if circuit.wanted:
            # The peer does not know that we blocked the circuit: tell it again. Its call is tried elsewhere.
            kernel.set_state(circuit, State.IDLE)
            block_again(kernel, circuit, now)
            return
        # A peer that seizes a circuit has unblocked it, whatever became of its UBL.
        kernel.set_blocking(circuit, circuit.blocking & ~REMOTE)
    circuit.checks_failed = 0
    call = kernel.new_call(circuit, message, outgoing=False)
    check = message.indicators.continuity_check
    if check in (ContinuityCheck.REQUIRED, ContinuityCheck.ON_PREVIOUS_CIRCUIT):
        kernel.set_state(circuit, State.IN_WAIT_COT)
        kernel.start(circuit, Timer.T1, now)
        if check == ContinuityCheck.REQUIRED:
            kernel.produced.append(ContinuityLoop(circuit.group.name, circuit.cic, True))
    else:
        _accept(kernel, circuit, call, now)


def _accept(kernel: Kernel, circuit: Circuit, call: Call, now: float) -> None:
    """Offer the call, or ask for the calling line identity first."""
    initial = call.initial
    known = isinstance(initial, InitialAddressWithInformation) and initial.calling_line is not None
    if known or not circuit.group.configuration.request_identity:
        _offer(kernel, circuit, call, now)
        return
    kernel.set_state(circuit, State.IN_WAIT_GSM)
    kernel.transmit(circuit, GeneralRequest(category=True, calling_line=True, original_called=True))
    kernel.start(circuit, Timer.INFORMATION, now)


def _offer(
    kernel: Kernel, circuit: Circuit, call: Call, now: float, information: GeneralForwardSetup | None = None
) -> None:
    """Offer the call to call control, with what has come since the IAM."""
    kernel.set_state(circuit, State.IN_ADDRESS)
    call.offered = True
    # An IAM holds 15 address signals: of a longer number the rest follows in SAM, overlap or not.
    call.complete = not circuit.group.configuration.overlap and len(call.initial.digits) < MOST_SIGNALS
    _count_digits(circuit, call, call.initial.digits, call.initial.st)
    kernel.produced.append(
        IncomingCall(call.number, circuit.group.name, circuit.cic, call.initial, call.complete, information)
    )
    _await_digits(kernel, circuit, call, now)
    waiting, call.later = call.later, None
    for message in waiting or ():
        _more_digits(kernel, circuit, message, now)


def _count_digits(circuit: Circuit, call: Call, digits: str, st: bool) -> None:
    """Count address signals and notice ST and the maximum."""
    call.digits += len(digits)
    maximum = circuit.group.configuration.maximum_digits
    if st or (maximum and call.digits >= maximum):
        call.complete = True


def _await_digits(kernel: Kernel, circuit: Circuit, call: Call, now: float) -> None:
    """DIGITS while the number is too short, COMPLETE once it may be whole, ACM_DUE until ACM is sent."""
    kernel.stop(circuit, Timer.DIGITS, Timer.COMPLETE)
    kernel.start(circuit, Timer.ACM_DUE, now)
    if not call.complete:
        enough = call.digits >= circuit.group.configuration.minimum_digits
        kernel.start(circuit, Timer.COMPLETE if enough else Timer.DIGITS, now)


def _more_digits(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """SAM, SAO."""
    call = circuit.call
    assert call is not None  # the state has a call
    assert isinstance(message, SubsequentAddress | SubsequentAddressOne)  # the decoder makes nothing else of these
    was_complete = call.complete
    kernel.deliver(circuit, message)
    if was_complete:
        return
    _count_digits(circuit, call, message.digits, message.st)
    _await_digits(kernel, circuit, call, now)
    if call.complete:
        kernel.produced.append(NumberComplete(call.number))


def _keep(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """The call is not offered yet: its digits wait."""
    if circuit.call is not None:
        circuit.call.later = [*(circuit.call.later or ()), message]


def _continuity(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """COT after an IAM that asked for it, Q.724 1 and 7."""
    kernel.stop(circuit, Timer.T1)
    kernel.leave_check(circuit)
    if circuit.call is not None:
        _accept(kernel, circuit, circuit.call, now)


def _continuity_failed(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CCF: the call is over before it was offered; CLF will follow, and CCR where this circuit is at fault."""
    previous = (
        circuit.call is not None
        and circuit.call.initial.indicators.continuity_check == ContinuityCheck.ON_PREVIOUS_CIRCUIT
    )
    kernel.leave_check(circuit)
    kernel.stop_all(circuit)
    kernel.end_call(circuit, Cause.TEMPORARY_FAILURE, "continuity check failed")
    kernel.drop_call(circuit)
    if previous:
        kernel.set_state(circuit, State.IN_FAILED)
        kernel.start(circuit, Timer.T3, now)
    else:
        kernel.set_state(circuit, State.IN_CHECK)
        kernel.start(circuit, Timer.CHECK, now)


def _check_asked(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CCR: connect the loop, Q.724 7."""
    kernel.set_state(circuit, State.IN_CHECK)
    kernel.produced.append(ContinuityLoop(circuit.group.name, circuit.cic, True))
    kernel.start(circuit, Timer.CHECK, now)


def _check_over(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CCF after CCR: remove the loop, CLF or another CCR will follow."""
    kernel.leave_check(circuit)
    kernel.start(circuit, Timer.CHECK, now)


def _checked(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """COT after CCR: the circuit is sound and idle (a CLF that follows is answered)."""
    kernel.vacate(circuit)


def _after_failure(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """IAM on a circuit that we are to check again: the peer knows nothing of the failure (any more)."""
    kernel.leave_check(circuit)
    kernel.stop_all(circuit)
    initial_address(kernel, circuit, message, now)


def _information(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GSM in answer to the GRQ of call control."""
    kernel.stop(circuit, Timer.INFORMATION)
    kernel.deliver(circuit, message)


def _identity(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GSM in answer to our own GRQ: now the call can be offered."""
    assert isinstance(message, GeneralForwardSetup)  # the decoder makes nothing else of this type
    kernel.stop(circuit, Timer.INFORMATION)
    if circuit.call is not None:
        _offer(kernel, circuit, circuit.call, now, message)


def _clear_forward(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CLF: the circuit is given back at once with RLG, Q.724 1; ACC tells our congestion."""
    kernel.end_call(circuit, Cause.NORMAL_CALL_CLEARING, "cleared by the calling party", message)
    kernel.reply(circuit, M.RLG)
    if kernel.congestion_level:
        kernel.transmit(circuit, AutomaticCongestion(level=kernel.congestion_level))
    kernel.vacate(circuit)


_WITH_CALL: Final = (
    State.IN_WAIT_COT,
    State.IN_WAIT_GSM,
    State.IN_ADDRESS,
    State.IN_WAIT_ANSWER,
    State.IN_ANSWERED,
    State.IN_CLEARED_BACK,
    State.IN_FAILED,
    State.IN_CHECK,
)
_DIGITS: Final = (M.SAM, M.SAO)

#: What a message does in the incoming states; what is absent is in `exchange.UNEXPECTED`.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    **{(state, M.CLF): _clear_forward for state in _WITH_CALL},
    **{(state, M.RLG): discard for state in _WITH_CALL},  # late, in answer to a CLF repeated
    **{(State.IDLE, message): initial_address for message in (M.IAM, M.IAI)},
    **{(State.RECHECK_WAIT, message): _after_failure for message in (M.IAM, M.IAI)},
    (State.IDLE, M.CCR): _check_asked,
    (State.RECHECK_WAIT, M.CCR): _check_asked,
    # IAM received, continuity awaited
    (State.IN_WAIT_COT, M.COT): _continuity,
    (State.IN_WAIT_COT, M.CCF): _continuity_failed,
    **{(State.IN_WAIT_COT, message): _keep for message in _DIGITS},
    # continuity failed, or check asked for
    (State.IN_CHECK, M.CCR): _check_asked,
    (State.IN_CHECK, M.COT): _checked,
    (State.IN_CHECK, M.CCF): _check_over,
    # calling line identity asked for
    (State.IN_WAIT_GSM, M.GSM): _identity,
    **{(State.IN_WAIT_GSM, message): _keep for message in _DIGITS},
    # offered, ACM not sent
    **{(State.IN_ADDRESS, message): _more_digits for message in _DIGITS},
    (State.IN_ADDRESS, M.COT): discard,
    **{(state, M.GSM): _information for state in (State.IN_ADDRESS, State.IN_WAIT_ANSWER, State.IN_ANSWERED)},
    # ACM sent; answered
    **{
        (state, message): deliver
        for state in (State.IN_WAIT_ANSWER, State.IN_ANSWERED, State.IN_CLEARED_BACK)
        for message in (M.FOT, M.OPR, M.CCL)
    },
    (State.IN_ADDRESS, M.OPR): deliver,
    (State.IN_ADDRESS, M.CCL): deliver,
}


def release(kernel: Kernel, circuit: Circuit, cause: int, now: float, message: Message | None = None) -> None:
    """End an incoming call: a message of failure before ACM, CFL after it, CBK after answer; CLF is awaited.

    `message` is a message of failure to send instead of the one that tells `cause`; before ACM only.
    """
    state = circuit.state
    if state is State.IN_ANSWERED:
        _send_clear_back(kernel, circuit, Signal(M.CBK), now)
    elif state is State.IN_WAIT_ANSWER:
        kernel.send_failure(circuit, Signal(M.CFL), now)
    elif state in (State.IN_WAIT_COT, State.IN_WAIT_GSM, State.IN_ADDRESS):
        told = failure_message(cause, circuit.group.variant)
        kernel.send_failure(circuit, message or _failure(told, circuit), now)


def _failure(message_type: MessageType, circuit: Circuit) -> Message:
    if message_type is M.EUM:
        return ExtendedUnsuccessful(point_code=circuit.peer.own_point_code)
    return Signal(message_type)


def _fail(kernel: Kernel, circuit: Circuit, cause: Cause, reason: str, now: float) -> None:
    kernel.end_call(circuit, cause, reason)
    release(kernel, circuit, cause, now)


def _no_continuity(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T1."""
    _fail(kernel, circuit, Cause.TEMPORARY_FAILURE, "T1 expired: no COT", now)


def _no_identity(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """INFORMATION after our own GRQ: the call is offered without."""
    if circuit.call is not None:
        _offer(kernel, circuit, circuit.call, now)


def _no_information(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """INFORMATION after the GRQ of call control."""
    if circuit.call is not None and not circuit.call.released:
        kernel.produced.append(InformationMissing(circuit.call.number))


def _too_short(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """DIGITS: ADI, Q.724 1."""
    _fail(kernel, circuit, Cause.INVALID_NUMBER_FORMAT, "DIGITS expired: number too short", now)


def _number_taken_as_complete(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """COMPLETE: no more digits came."""
    call = circuit.call
    if call is not None:
        call.complete = True
        kernel.produced.append(NumberComplete(call.number))


def _address_complete_due(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """ACM_DUE: which ACM to send is for call control to say."""
    call = circuit.call
    if call is not None and not call.released:
        kernel.produced.append(AddressCompleteDue(call.number))


def _call_failure(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T3 or CLEAR_FORWARD: the calling side does not clear, CFL says it again, Q.724 6."""
    kernel.end_call(circuit, Cause.NORMAL_CALL_CLEARING, "no CLF from the peer")
    kernel.send_failure(circuit, Signal(M.CFL), now)


def _call_failure_again(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T4: repeat CFL."""
    kernel.reply(circuit, M.CFL)
    kernel.start(circuit, Timer.T4, now)


def _never_cleared(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T5: alert maintenance and reset the circuit, or it would never be free again."""
    kernel.alert(circuit, "no CLF in answer to CFL within T5, the circuit is reset")
    start_reset(kernel, [circuit], now)


def _no_check(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """CHECK: nothing came after CCR or CCF."""
    kernel.alert(circuit, "no CLF after a continuity check within CHECK, the circuit is reset")
    start_reset(kernel, [circuit], now)


#: What the expiry of a call timer does; timers are stopped when their state is left.
TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.IN_WAIT_COT, Timer.T1): _no_continuity,
    (State.IN_WAIT_GSM, Timer.INFORMATION): _no_identity,
    (State.IN_ADDRESS, Timer.INFORMATION): _no_information,
    (State.IN_WAIT_ANSWER, Timer.INFORMATION): _no_information,
    (State.IN_ANSWERED, Timer.INFORMATION): _no_information,
    (State.IN_ADDRESS, Timer.DIGITS): _too_short,
    (State.IN_ADDRESS, Timer.COMPLETE): _number_taken_as_complete,
    (State.IN_ADDRESS, Timer.ACM_DUE): _address_complete_due,
    (State.IN_CLEARED_BACK, Timer.CLEAR_FORWARD): _call_failure,
    (State.IN_FAILED, Timer.T3): _call_failure,
    (State.IN_FAILED, Timer.T4): _call_failure_again,
    (State.IN_FAILED, Timer.T5): _never_cleared,
    (State.IN_CHECK, Timer.CHECK): _no_check,
}


def _send(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)


def _send_address_complete(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)
    kernel.stop(circuit, Timer.COMPLETE, Timer.ACM_DUE, Timer.DIGITS)
    kernel.set_state(circuit, State.IN_WAIT_ANSWER)


def _send_answer(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """ANC, ANN, ANU; RAN after CBK."""
    kernel.transmit(circuit, message)
    kernel.stop(circuit, Timer.CLEAR_FORWARD)
    kernel.set_state(circuit, State.IN_ANSWERED)


def _send_clear_back(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)
    kernel.stop_all(circuit)
    kernel.set_state(circuit, State.IN_CLEARED_BACK)
    kernel.start(circuit, Timer.CLEAR_FORWARD, now)


def _ask(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)
    kernel.start(circuit, Timer.INFORMATION, now)


_OFFERED: Final = (State.IN_ADDRESS, State.IN_WAIT_ANSWER, State.IN_ANSWERED)

#: What call control may send on an incoming call.
SENDS: Final[dict[tuple[State, MessageType], SendAction]] = {
    (State.IN_ADDRESS, M.ACM): _send_address_complete,
    **{(State.IN_WAIT_ANSWER, message): _send_answer for message in (M.ANC, M.ANN, M.ANU)},
    (State.IN_ANSWERED, M.CBK): _send_clear_back,
    (State.IN_CLEARED_BACK, M.RAN): _send_answer,
    **{(state, M.GRQ): _ask for state in _OFFERED},
    **{(state, message): _send for state in _OFFERED for message in (M.CHG, M.MPM, M.MAL)},
}
