"""Incoming calls: call processing control incoming (CPCI) of Q.764 (12/1999) 2.1 to 2.5, continuity check included."""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.isup.blocking import block_again
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.circuits import OUT_EARLY, Blocking, Call, Circuit, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.initial import CHECK_PREVIOUS_CIRCUIT, CHECK_THIS_CIRCUIT, check_indicator
from tandem.ss7.isup.kernel import (
    Kernel,
    MessageAction,
    SendAction,
    TimerAction,
    cause_indicators,
    deliver,
    discard,
)
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.multirate import circuits_needed, run_of
from tandem.ss7.isup.primitives import (
    AddressComplete,
    AddressCompleteDue,
    ContinuityComplete,
    ContinuityLoop,
    IncomingCall,
)
from tandem.ss7.isup.release import (
    TRANSPARENT,
    release_on_expiry,
    release_received,
    send_transparent,
    transparent_received,
    unexpected_release_complete,
)
from tandem.ss7.isup.supervision import start_reset
from tandem.ss7.isup.timers import Timer

M = MessageType

#: Calling party's category "test call", Q.763 3.11.
TEST_CALL: Final = 13
_TEST_CALL: Final = bytes((TEST_CALL,))

_NO_SUCH_MESSAGE: Final = Cause.MESSAGE_TYPE_NON_EXISTENT_OR_NOT_IMPLEMENTED
_ST: Final = 0xF


def initial_address(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """IAM on a free circuit, Q.764 2.1.2; blocked circuits 2.8.2.1 and 2.8.2.3."""
    if message.firsts.get(ParameterCode.CALLING_PARTYS_CATEGORY) != _TEST_CALL:
        if circuit.wanted:
            # The peer does not know that we blocked the circuit: tell it again. Its call is tried elsewhere.
            kernel.set_state(circuit, State.IDLE)
            block_again(kernel, circuit, now)
            return
        # A peer that seizes a circuit has unblocked it, whatever became of its UBL.
        if circuit.blocking:
            kernel.set_blocking(circuit, circuit.blocking & ~(Blocking.REMOTE_MAINTENANCE | Blocking.REMOTE_HARDWARE))
    moved = [] if circuits_needed(message) == 1 else _take_members(kernel, circuit, message, now)
    if moved is None:
        kernel.start_release(circuit, [cause_indicators(Cause.REQUESTED_CIRCUIT_CHANNEL_NOT_AVAILABLE)], now)
        return
    call = kernel.new_call(circuit, message, outgoing=False)
    check = check_indicator(message)
    if check in (CHECK_THIS_CIRCUIT, CHECK_PREVIOUS_CIRCUIT):
        kernel.set_state(circuit, State.IN_WAIT_COT)
        kernel.start(circuit, Timer.T8, now)
        if check == CHECK_THIS_CIRCUIT:
            kernel.produced.append(ContinuityLoop(circuit.group.name, circuit.cic, True))
        elif circuit.group.configuration.relay_continuity:
            _tell(kernel, circuit, call, pending=True)
    else:
        _offer(kernel, circuit, call, now)
    for other in moved:
        kernel.attempt_again(other, now, "dual seizure with a call of several circuits")


def _take_members(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> list[Call] | None:
    """Take the other circuits of an N x 64 kbit/s call; None when they cannot be had.

    Outgoing calls that hold one of them and have no backward message yet give way, as they take fewer circuits:
    they are returned, for another attempt.
    """
    count = circuits_needed(message)
    run = run_of(circuit.group, circuit.cic, message)
    if run is None or not all(_may_join(item, count) for item in run[1:]):
        return None
    members = run[1:]
    moved = []
    for lead in dict.fromkeys(item.lead or item for item in members):
        call = kernel.detach(lead)
        if call is not None:
            kernel.leave_check(lead)
            kernel.stop_all(lead)
            kernel.disband(lead)
            if lead not in members:
                kernel.start_release(lead, [cause_indicators(Cause.NORMAL_UNSPECIFIED)], now)
            moved.append(call)
    kernel.connect(circuit, members)
    return moved


def _may_join(circuit: Circuit, count: int) -> bool:
    lead = circuit.lead or circuit
    if lead.state in OUT_EARLY:
        return 1 + len(lead.members or ()) < count
    return circuit.state is State.IDLE and not circuit.wanted


def _tell(kernel: Kernel, circuit: Circuit, call: Call, pending: bool = False) -> None:
    """Tell call control of the call."""
    call.offered = True
    call.complete = not circuit.group.configuration.overlap
    _count_digits(circuit, call, call.initial.firsts.get(ParameterCode.CALLED_PARTY_NUMBER), header=2)
    members = circuit.members
    circuits = (circuit.cic, *[member.cic for member in members]) if members else ()
    kernel.produced.append(
        IncomingCall(call.number, circuit.group.name, circuit.cic, call.initial, call.complete, circuits, pending)
    )


def _offer(kernel: Kernel, circuit: Circuit, call: Call, now: float) -> None:
    """Offer the call to call control, with what has come since the IAM."""
    kernel.set_state(circuit, State.IN_ADDRESS)
    if call.offered:
        kernel.produced.append(ContinuityComplete(call.number))
    else:
        _tell(kernel, circuit, call)
    _await_digits(kernel, circuit, call, now)
    waiting, call.later = call.later, None
    for message in waiting or ():
        if message.type == M.SAM:
            _more_digits(kernel, circuit, message, now)
        else:
            kernel.deliver(circuit, message)


def _count_digits(circuit: Circuit, call: Call, octets: bytes | None, header: int) -> None:
    """Count the address signals of a number (Q.763 3.9, 3.51) and notice ST and the maximum."""
    if not octets or len(octets) <= header:
        return
    count = 2 * (len(octets) - header)
    odd = octets[0] & 0x80
    last = octets[-1] & 0x0F if odd else octets[-1] >> 4
    call.digits += count - (1 if odd else 0)
    if last == _ST:
        call.digits -= 1
        call.complete = True
    maximum = circuit.group.configuration.maximum_digits
    if maximum and call.digits >= maximum:
        call.complete = True


def _await_digits(kernel: Kernel, circuit: Circuit, call: Call, now: float) -> None:
    """T35 while the number is too short, T10 once it may be whole, T11 until ACM is sent; table A.1."""
    kernel.stop(circuit, Timer.T35, Timer.T10)
    kernel.start(circuit, Timer.T11, now)
    if not call.complete:
        enough = call.digits >= circuit.group.configuration.minimum_digits
        kernel.start(circuit, Timer.T10 if enough else Timer.T35, now)


def _more_digits(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """SAM, Q.764 2.1.2.1."""
    call = circuit.call
    assert call is not None  # the state has a call
    was_complete = call.complete
    kernel.deliver(circuit, message)
    if was_complete:
        return
    _count_digits(circuit, call, message.raw(ParameterCode.SUBSEQUENT_NUMBER), header=1)
    _await_digits(kernel, circuit, call, now)
    if call.complete:
        kernel.produced.append(AddressComplete(call.number))


def _keep(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """The check is not over yet: what belongs to the call waits."""
    if circuit.call is not None:
        circuit.call.later = [*(circuit.call.later or ()), message]


def _continuity(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """COT after an IAM that asked for it, Q.764 2.1.8 and 2.1.9."""
    kernel.stop(circuit, Timer.T8)
    if _successful(message):
        if circuit.call is None or not circuit.call.offered:
            kernel.leave_check(circuit)  # a call that goes on already has its speech path here
        if circuit.call is not None:
            _offer(kernel, circuit, circuit.call, now)
        return
    if circuit.call is not None and check_indicator(circuit.call.initial) == CHECK_PREVIOUS_CIRCUIT:
        # This circuit is sound; the call behind it has failed.
        kernel.fail(circuit, Cause.TEMPORARY_FAILURE, "continuity check failed on a previous circuit", now)
        return
    kernel.leave_check(circuit)
    # The peer tries the call elsewhere and checks this circuit again (CCR) within T27.
    kernel.drop_call(circuit)
    kernel.set_state(circuit, State.IN_WAIT_CCR)
    kernel.start(circuit, Timer.T27, now)


def _check_asked(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CCR: connect the loop and say so, Q.764 2.1.8 (LPA is national use)."""
    kernel.stop(circuit, Timer.T27)
    kernel.set_state(circuit, State.IN_CHECK)
    kernel.produced.append(ContinuityLoop(circuit.group.name, circuit.cic, True))
    kernel.reply(circuit, M.LPA)
    kernel.start(circuit, Timer.T36, now)


def _checked(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """COT after CCR: the circuit is sound and idle (a REL that follows is answered), or CCR comes once more."""
    if _successful(message):
        kernel.vacate(circuit)
        return
    kernel.stop(circuit, Timer.T36)
    kernel.leave_check(circuit)
    kernel.set_state(circuit, State.IN_WAIT_CCR)
    kernel.start(circuit, Timer.T27, now)


def _successful(message: Message) -> bool:
    indicators = message.raw(ParameterCode.CONTINUITY_INDICATORS)
    return bool(indicators and indicators[0] & 1)


def _after_failure(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """IAM on a circuit that we are to check again: the peer knows nothing of the failure (any more)."""
    kernel.leave_check(circuit)
    kernel.stop_all(circuit)
    initial_address(kernel, circuit, message, now)


def _information(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """INF in answer to our INR, Q.764 2.1.6."""
    kernel.stop(circuit, Timer.T33)
    kernel.deliver(circuit, message)


def _confusion(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CFN: an INR that the peer does not understand is answered with it; waiting for INF would cost the call."""
    cause = message.find(CauseIndicators)
    if cause is not None and (cause.value, cause.diagnostics[:1]) == (_NO_SUCH_MESSAGE, bytes([M.INR])):
        kernel.stop(circuit, Timer.T33)
    kernel.deliver(circuit, message)


#: What a message does in the incoming states; what is absent is in `exchange.UNEXPECTED`.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    (State.IDLE, M.IAM): initial_address,
    (State.IN_WAIT_SGM, M.IAM): initial_address,
    (State.RECHECK_WAIT, M.IAM): _after_failure,
    (State.RECHECK, M.IAM): _after_failure,
    (State.IDLE, M.CCR): _check_asked,
    # IAM received, continuity awaited
    (State.IN_WAIT_COT, M.COT): _continuity,
    (State.IN_WAIT_COT, M.SAM): _keep,
    (State.IN_WAIT_COT, M.REL): release_received,
    (State.IN_WAIT_COT, M.RLC): unexpected_release_complete,
    # continuity failed
    (State.IN_WAIT_CCR, M.CCR): _check_asked,
    (State.IN_WAIT_CCR, M.REL): release_received,
    (State.IN_WAIT_CCR, M.RLC): unexpected_release_complete,
    # check asked for
    (State.IN_CHECK, M.CCR): _check_asked,
    (State.IN_CHECK, M.COT): _checked,
    (State.IN_CHECK, M.REL): release_received,
    (State.IN_CHECK, M.RLC): unexpected_release_complete,
    # offered, ACM or CON not sent
    (State.IN_ADDRESS, M.SAM): _more_digits,
    (State.IN_ADDRESS, M.COT): discard,
    (State.IN_ADDRESS, M.REL): release_received,
    (State.IN_ADDRESS, M.RLC): unexpected_release_complete,
    # ACM sent
    (State.IN_WAIT_ANM, M.REL): release_received,
    (State.IN_WAIT_ANM, M.RLC): unexpected_release_complete,
    # answered
    (State.IN_ANSWERED, M.CPG): deliver,
    (State.IN_ANSWERED, M.SUS): deliver,
    (State.IN_ANSWERED, M.RES): deliver,
    (State.IN_ANSWERED, M.REL): release_received,
    (State.IN_ANSWERED, M.RLC): unexpected_release_complete,
}
MESSAGES.update({(State.IN_WAIT_COT, message): _keep for message in TRANSPARENT})
MESSAGES.update(
    {
        (state, message): {M.INF: _information, M.CFN: _confusion}.get(message, transparent_received)
        for state in (State.IN_ADDRESS, State.IN_WAIT_ANM, State.IN_ANSWERED)
        for message in TRANSPARENT
    }
)


def _number_taken_as_complete(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T10: no more digits came."""
    call = circuit.call
    if call is not None:
        call.complete = True
        kernel.produced.append(AddressComplete(call.number))


def _address_complete_due(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T11: which ACM to send is for call control to say."""
    call = circuit.call
    if call is not None and not call.released:
        kernel.produced.append(AddressCompleteDue(call.number))


def _no_check(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T27: the failed circuit was not checked again, Q.764 2.1.8."""
    kernel.alert(circuit, "no CCR after a failed continuity check within T27, the circuit is reset")
    start_reset(kernel, [circuit], now)


def _no_information(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T33: no INF in answer to INR, Q.764 2.1.6."""
    kernel.alert(circuit, "no INF in answer to INR within T33, the call is released")
    kernel.fail(circuit, Cause.RECOVERY_ON_TIMER_EXPIRY, "T33 expired: no INF", now)


#: What the expiry of a call timer does; timers are stopped when their state is left.
TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.IN_WAIT_COT, Timer.T8): release_on_expiry(Cause.TEMPORARY_FAILURE, "T8 expired: no COT"),
    (State.IN_WAIT_CCR, Timer.T27): _no_check,
    (State.IN_CHECK, Timer.T36): release_on_expiry(Cause.RECOVERY_ON_TIMER_EXPIRY, "T36 expired: no COT or REL"),
    (State.IN_ADDRESS, Timer.T10): _number_taken_as_complete,
    (State.IN_ADDRESS, Timer.T11): _address_complete_due,
    (State.IN_ADDRESS, Timer.T35): release_on_expiry(Cause.INVALID_NUMBER_FORMAT, "T35 expired: number too short"),
    (State.IN_ADDRESS, Timer.T33): _no_information,
    (State.IN_WAIT_ANM, Timer.T33): _no_information,
    (State.IN_ANSWERED, Timer.T38): release_on_expiry(Cause.NORMAL_CALL_CLEARING, "T38 expired: not resumed"),
}


def _send(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)


def _send_address_complete(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)
    kernel.stop(circuit, Timer.T10, Timer.T11, Timer.T35)
    kernel.set_state(circuit, State.IN_WAIT_ANM)


def _send_answer(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)
    kernel.stop_all(circuit)
    kernel.set_state(circuit, State.IN_ANSWERED)


def _suspend(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """SUS (network) sent backwards: the incoming international exchange times it with T38, Q.764 2.5.2."""
    kernel.transmit(circuit, message)
    if circuit.group.configuration.times_suspension and _by_network(message):
        kernel.start(circuit, Timer.T38, now)


def _resume(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)
    if _by_network(message):
        kernel.stop(circuit, Timer.T38)


def _by_network(message: Message) -> bool:
    indicators = message.raw(ParameterCode.SUSPEND_RESUME_INDICATORS)
    return bool(indicators and indicators[0] & 1)


def _ask_information(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)
    kernel.start(circuit, Timer.T33, now)


#: What call control may send on an incoming call.
SENDS: Final[dict[tuple[State, MessageType], SendAction]] = {
    (State.IN_ADDRESS, M.ACM): _send_address_complete,
    (State.IN_ADDRESS, M.CON): _send_answer,
    (State.IN_ADDRESS, M.OLM): _send,
    (State.IN_WAIT_ANM, M.CPG): _send,
    (State.IN_WAIT_ANM, M.ANM): _send_answer,
    (State.IN_ANSWERED, M.CPG): _send,
    (State.IN_ANSWERED, M.SUS): _suspend,
    (State.IN_ANSWERED, M.RES): _resume,
}
SENDS.update(
    {
        (state, message): _ask_information if message is M.INR and state is not State.IN_ANSWERED else send_transparent
        for state in (State.IN_ADDRESS, State.IN_WAIT_ANM, State.IN_ANSWERED)
        for message in TRANSPARENT
    }
)
