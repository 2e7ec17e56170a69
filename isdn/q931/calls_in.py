"""Calls that we receive: SETUP and what we answer; Q.931 5.2 (user side), 5.1 (network side)."""

from __future__ import annotations

from tandem.core.cause import Cause
from tandem.isdn.q931 import calls_clear
from tandem.isdn.q931.call import Call, Request, Roles, State
from tandem.isdn.q931.calls_channels import answer, choose, give
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.indications import SendingComplete
from tandem.isdn.q931.kernel import Elements, Kernel, MessageAction, RequestAction, TimerAction, discard
from tandem.isdn.q931.messages import Message
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.primitives import (
    InformationIndication,
    NumberComplete,
    SetupCompleteIndication,
    SetupIndication,
)
from tandem.isdn.q931.texts import KeypadFacility
from tandem.isdn.q931.timers import Timer

M = MessageType


def setup(kernel: Kernel, message: Message, now: float) -> None:
    """SETUP: a new call on the channel that it names, or that we choose (5.2.3)."""
    call = kernel.new_call(message.call_reference.value, outgoing=False)
    kernel.set_state(call, kernel.roles.got)
    channel = choose(kernel, message)
    if isinstance(channel, Cause):
        calls_clear.reject(kernel, call, (kernel.cause(channel),), now)
        return
    give(kernel, call, channel)
    call.offered = True
    _count(kernel, call, message)
    waits = not call.complete and kernel.configuration.overlap and kernel.configuration.switch_type.overlap
    call.complete = not waits
    kernel.produced.append(SetupIndication(call.number, channel.id, message, call.complete))
    if waits:
        more_info(kernel, call, (), now)


def _count(kernel: Kernel, call: Call, message: Message) -> None:
    """Count digits; the number is whole when it says so or can be no longer (5.2.4)."""
    number, keypad = message.get(CalledPartyNumber), message.get(KeypadFacility)
    digits = number.digits if number is not None else keypad.digits if keypad is not None else ""
    call.digits += len(digits)
    most = kernel.configuration.maximum_digits
    ended = digits.endswith("#") and number is None
    call.complete = ended or message.get(SendingComplete) is not None or bool(most and call.digits >= most)


# Messages


def digits(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """INFORMATION while digits are awaited (5.2.4): T302 starts anew unless the number is whole now."""
    if call.complete:
        kernel.deliver(call, InformationIndication(call.number, message))
        return
    _count(kernel, call, message)
    kernel.deliver(call, InformationIndication(call.number, message))
    if call.complete:
        kernel.stop(call, Timer.T302)
        kernel.deliver(call, NumberComplete(call.number))
    else:
        kernel.start(call, Timer.T302, now)


def awarded(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """CONNECT ACKNOWLEDGE: the call is active (5.2.8)."""
    kernel.stop(call, Timer.T313)
    kernel.set_state(call, State.ACTIVE)
    kernel.deliver(call, SetupCompleteIndication(call.number, message))


# Requests


def more_info(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """SETUP ACKNOWLEDGE: digits are awaited (5.1.3, 5.2.4)."""
    kernel.send(call, M.SETUP_ACKNOWLEDGE, (*elements, *answer(kernel, call)))
    kernel.set_state(call, kernel.roles.got_overlap)
    if not call.complete:
        kernel.start(call, Timer.T302, now)


def proceeding(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """CALL PROCEEDING (5.1.5.2, 5.2.5.1)."""
    kernel.send(call, M.CALL_PROCEEDING, (*elements, *answer(kernel, call)))
    kernel.stop(call, Timer.T302)
    call.complete = True
    kernel.set_state(call, kernel.roles.got_proceeding)


def progress(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """PROGRESS (5.1.6, 5.2.6); the peer expects CALL PROCEEDING before."""
    if call.state is kernel.roles.got:
        proceeding(kernel, call, (), now)
    kernel.send(call, M.PROGRESS, elements)


def alerting(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """ALERTING (5.1.7, 5.2.5.2)."""
    kernel.send(call, M.ALERTING, (*elements, *answer(kernel, call)))
    kernel.stop(call, Timer.T302)
    call.complete = True
    kernel.set_state(call, kernel.roles.got_alerting)


def connect(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """CONNECT (5.1.8, 5.2.7): the user side waits for its acknowledgement."""
    kernel.send(call, M.CONNECT, (*elements, *answer(kernel, call)))
    kernel.stop(call, Timer.T302)
    call.complete = True
    if kernel.roles.network:
        kernel.set_state(call, State.ACTIVE)
        return
    kernel.start(call, Timer.T313, now)
    kernel.set_state(call, State.CONNECT_REQUEST)


def disconnect(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """DISCONNECT with tones to a SETUP not yet answered: the peer has to learn the channel first."""
    proceeding(kernel, call, (), now)
    calls_clear.disconnect(kernel, call, elements, now)


# Timers


def no_more_digits(kernel: Kernel, call: Call, now: float) -> None:
    """T302: the number is taken as whole, or the call is cleared with cause 28 (5.1.3, 5.2.4)."""
    if call.digits < kernel.configuration.minimum_digits:
        calls_clear.expired(kernel, call, Timer.T302, Cause.INVALID_NUMBER_FORMAT, now)
        return
    call.complete = True
    kernel.deliver(call, NumberComplete(call.number))


def not_awarded(kernel: Kernel, call: Call, now: float) -> None:
    """T313: CONNECT was not acknowledged (5.2.8)."""
    calls_clear.expired(kernel, call, Timer.T313, Cause.RECOVERY_ON_TIMER_EXPIRY, now)


# Tables


def messages(roles: Roles) -> dict[tuple[State, MessageType], MessageAction]:
    """What messages in calls that we receive do."""
    # A SETUP once more (T303) for a call that is there already is ignored (5.8.3.2 e).
    table: dict[tuple[State, MessageType], MessageAction] = {(state, M.SETUP): discard for state in State if state}
    table[roles.got_overlap, M.INFORMATION] = digits
    if not roles.network:
        table[State.CONNECT_REQUEST, M.CONNECT_ACKNOWLEDGE] = awarded
    return table


def timers(roles: Roles) -> dict[tuple[State, Timer], TimerAction]:
    """What the timers of calls that we receive do."""
    table: dict[tuple[State, Timer], TimerAction] = {(roles.got_overlap, Timer.T302): no_more_digits}
    if not roles.network:
        table[State.CONNECT_REQUEST, Timer.T313] = not_awarded
    return table


def requests(roles: Roles) -> dict[tuple[State, Request], RequestAction]:
    """What call control may answer."""
    early = (roles.got, roles.got_overlap)
    table: dict[tuple[State, Request], RequestAction] = {(roles.got, Request.MORE_INFO): more_info}
    table |= {(state, Request.PROCEEDING): proceeding for state in early}
    table |= {(state, Request.ALERTING): alerting for state in (*early, roles.got_proceeding)}
    for state in (*early, roles.got_proceeding, roles.got_alerting):
        table[state, Request.PROGRESS] = progress
        table[state, Request.CONNECT] = connect
    table[roles.got, Request.DISCONNECT] = disconnect
    return table
