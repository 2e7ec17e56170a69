"""STATUS, STATUS ENQUIRY, and answers to what should not have come; Q.931 5.8.3 to 5.8.11."""

from __future__ import annotations

from tandem.core.cause import Cause
from tandem.isdn.q931 import calls_clear
from tandem.isdn.q931.call import BEFORE_ANSWER, Call, Roles, State
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.indications import CallState
from tandem.isdn.q931.kernel import Elements, Kernel, MessageAction, TimerAction, cause_of
from tandem.isdn.q931.messages import CallReference, Message, build
from tandem.isdn.q931.primitives import StatusIndication
from tandem.isdn.q931.timers import N322, Timer
from tandem.isdn.q931.validation import Verdict

M = MessageType


def report(kernel: Kernel, call: Call, cause: CauseElement) -> None:
    """Send STATUS with our state."""
    kernel.send(call, M.STATUS, (cause, CallState(call.state)))


def unexpected(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """A known message that the state has no use for: STATUS with cause 101 (5.8.4)."""
    diagnostics = bytes((int(message.type) & 0xFF,))
    report(kernel, call, kernel.cause(Cause.MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE, diagnostics))


def enquire(kernel: Kernel, call: Call, now: float) -> None:
    """Send STATUS ENQUIRY, unless one is unanswered (5.8.10)."""
    if call.enquired_in is None and call.state is not State.NULL:
        call.enquiries = 0
        _ask(kernel, call, now)


def _ask(kernel: Kernel, call: Call, now: float) -> None:
    call.enquired_in = call.state
    kernel.send(call, M.STATUS_ENQUIRY)
    kernel.start(call, Timer.T322, now)


def unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """T322: ask again; in the end the call is cleared with cause 41 (5.8.10)."""
    if call.enquiries < N322:
        call.enquiries += 1
        _ask(kernel, call, now)
        return
    call.enquired_in = None
    calls_clear.expired(kernel, call, Timer.T322, Cause.TEMPORARY_FAILURE, now)


# Messages


def enquired(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """STATUS ENQUIRY: STATUS with cause 30 (5.8.10)."""
    report(kernel, call, kernel.cause(Cause.RESPONSE_TO_STATUS_ENQUIRY))


def status(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """STATUS: whether the peer is of one mind with us about the call (5.8.11).

    A peer in the null state ends the call. Where the states do not go together the peer is asked, and only if it
    then says so of a state that we have not left meanwhile is the call cleared with cause 101: STATUS may have
    crossed the message that makes them one again.
    """
    element = message.get(CallState)
    peer = None if element is None or element.coding_standard else element.state
    cause, location = cause_of(message)
    answer = cause == Cause.RESPONSE_TO_STATUS_ENQUIRY and call.enquired_in is not None
    asked_in = call.enquired_in
    if answer:
        kernel.stop(call, Timer.T322)
        call.enquired_in = None
    if peer == State.NULL:
        kernel.end(call, cause if not answer else Cause.TEMPORARY_FAILURE, location, "the peer knows of no call")
        kernel.clear(call)
        return
    if peer is not None and not compatible(call.state, peer):
        if answer and asked_in is call.state:
            reason = f"the peer is in state {peer}"
            calls_clear.down(kernel, call, Cause.MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE, reason, now)
        else:
            enquire(kernel, call, now)
    elif not answer:
        kernel.deliver(call, StatusIndication(call.number, cause, -1 if peer is None else peer, message))


def compatible(own: State, peer: int) -> bool:
    """Whether a call that is in state `own` here may be in state `peer` there.

    Clearing goes with everything, for it ends by itself; active does not go with a call not yet answered.
    """
    if own is State.ACTIVE:
        return peer not in BEFORE_ANSWER
    return not (peer == State.ACTIVE and own in BEFORE_ANSWER)


# What comes for no call, and what cannot be acted on


def no_call(kernel: Kernel, message: Message, now: float) -> None:
    """A message that begins no call, with a call reference that nobody has (5.8.3.2)."""
    reference, kind = message.call_reference, message.type
    if kind == M.RELEASE_COMPLETE:
        return
    if kind in (M.SETUP, M.RESUME) and reference.flag:
        return  # 5.8.3.2 d: nobody can begin a call with a reference that we would have chosen
    if kind == M.STATUS_ENQUIRY:
        elements: Elements = (kernel.cause(Cause.RESPONSE_TO_STATUS_ENQUIRY), CallState(State.NULL))
        kernel.transmit(build(reference.reply(), M.STATUS, *elements))
        return
    if kind == M.STATUS:
        element = message.get(CallState)
        if element is None or element.state != State.NULL:
            _complete(kernel, reference, Cause.MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE)
        return
    _complete(kernel, reference, Cause.INVALID_CALL_REFERENCE_VALUE)


def _complete(kernel: Kernel, reference: CallReference, cause: Cause) -> None:
    kernel.transmit(build(reference.reply(), M.RELEASE_COMPLETE, kernel.cause(cause)))


def wrong(kernel: Kernel, call: Call | None, message: Message, verdict: Verdict, now: float) -> bool:
    """Answer what `check` found (5.8.4 to 5.8.7); True when the message may be acted on all the same."""
    cause = verdict.cause_element(kernel.location)
    if cause is None:
        return True
    if not verdict.fatal:
        # 5.8.7: elements that nobody had to understand are ignored, and reported where a call stays to report on.
        if call is not None and message.type not in _CLEARING:
            report(kernel, call, cause)
        return True
    if verdict.unknown_type:
        if call is not None:
            report(kernel, call, cause)
        else:
            no_call(kernel, message, now)
        return False
    if message.type == M.RELEASE_COMPLETE:
        return True  # taken as cause 31
    if call is None:
        kernel.transmit(build(message.call_reference.reply(), M.RELEASE_COMPLETE, cause))
    elif message.type == M.DISCONNECT:
        kernel.end(call, *cause_of(message), "DISCONNECT", message)
        calls_clear.release(kernel, call, (cause,), now)
    elif message.type == M.RELEASE:
        kernel.end(call, *cause_of(message), "RELEASE", message)
        kernel.send(call, M.RELEASE_COMPLETE, (cause,))
        kernel.clear(call)
    else:
        report(kernel, call, cause)
    return False


_CLEARING = frozenset({M.DISCONNECT, M.RELEASE, M.RELEASE_COMPLETE, M.STATUS})


# Tables


def messages(roles: Roles) -> dict[tuple[State, MessageType], MessageAction]:
    """STATUS and STATUS ENQUIRY do the same in every state of a call."""
    table: dict[tuple[State, MessageType], MessageAction] = {}
    for state in State:
        if state is not State.NULL:
            table[state, M.STATUS] = status
            table[state, M.STATUS_ENQUIRY] = enquired
    return table


def timers(roles: Roles) -> dict[tuple[State, Timer], TimerAction]:
    """T322 runs in every state of a call."""
    return {(state, Timer.T322): unanswered for state in State if state is not State.NULL}
