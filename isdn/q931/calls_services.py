"""What a call may do beside being set up and cleared: information, notification, facility, hold (Q.932), suspension."""

from __future__ import annotations

from collections.abc import Callable

from tandem.core.cause import Cause
from tandem.isdn.q931 import calls_clear
from tandem.isdn.q931.call import Call, Hold, Request, Roles, State
from tandem.isdn.q931.calls_channels import choose, give, named
from tandem.isdn.q931.calls_out import information
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import Channel
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.kernel import Elements, Kernel, MessageAction, RequestAction, TimerAction, cause_of
from tandem.isdn.q931.messages import Message
from tandem.isdn.q931.primitives import (
    HoldConfirm,
    HoldIndication,
    ResumeConfirm,
    ResumeIndication,
    RetrieveConfirm,
    RetrieveIndication,
    SuspendConfirm,
    SuspendedIndication,
    SuspendIndication,
)
from tandem.isdn.q931.texts import CallIdentity
from tandem.isdn.q931.timers import Timer

M = MessageType


# Messages that change nothing


def deliver(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """NOTIFY, FACILITY, USER INFORMATION, CONGESTION CONTROL: for call control (5.9, 7.1; Q.932 6.1)."""
    kernel.deliver_message(call, message)


def sender(kind: MessageType) -> RequestAction:
    """An action that sends a message of one type and nothing else."""

    def send(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
        kernel.send(call, kind, elements)

    return send


# Hold and retrieve, Q.932 6.2


def hold(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """HOLD: for call control to answer; refused when the call is not free for it."""
    if call.hold is not Hold.IDLE:
        return _refuse(kernel, call, M.HOLD_REJECT)
    call.hold = Hold.INDICATED
    kernel.deliver(call, HoldIndication(call.number, message))
    return None


def retrieve(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """RETRIEVE of a call that the peer holds: for call control to answer."""
    if call.hold is not Hold.HELD_BY_PEER:
        return _refuse(kernel, call, M.RETRIEVE_REJECT)
    call.hold = Hold.RETRIEVE_INDICATED
    kernel.deliver(call, RetrieveIndication(call.number, message))
    return None


def hold_refused(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """HOLD or RETRIEVE in a state that does not allow it."""
    _refuse(kernel, call, M.HOLD_REJECT if message.type == M.HOLD else M.RETRIEVE_REJECT)


def _refuse(kernel: Kernel, call: Call, kind: MessageType) -> None:
    kernel.send(call, kind, (kernel.cause(Cause.MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE),))


Confirm = Callable[[int, int | None, Message | None], HoldConfirm | RetrieveConfirm]


def _answered(expected: Hold, timer: Timer, then: Hold, confirm: Confirm) -> MessageAction:
    """The action for the answer to HOLD or RETRIEVE; one that nobody waits for is dropped."""

    def act(kernel: Kernel, call: Call, message: Message, now: float) -> None:
        if call.hold is not expected:
            return
        kernel.stop(call, timer)
        call.hold = then
        refused = message.type in (M.HOLD_REJECT, M.RETRIEVE_REJECT)
        kernel.deliver(call, confirm(call.number, cause_of(message)[0] if refused else None, message))

    return act


def hold_unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """T-HOLD: not held."""
    call.hold = Hold.IDLE
    kernel.deliver(call, HoldConfirm(call.number, Cause.RECOVERY_ON_TIMER_EXPIRY, None))


def retrieve_unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """T-RETRIEVE: still held."""
    call.hold = Hold.HELD
    kernel.deliver(call, RetrieveConfirm(call.number, Cause.RECOVERY_ON_TIMER_EXPIRY, None))


def send_hold(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """HOLD."""
    kernel.send(call, M.HOLD, elements)
    call.hold = Hold.REQUESTED
    kernel.start(call, Timer.THOLD, now)


def send_retrieve(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """RETRIEVE."""
    kernel.send(call, M.RETRIEVE, elements)
    call.hold = Hold.RETRIEVE_REQUESTED
    kernel.start(call, Timer.TRETRIEVE, now)


def answer_hold(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """HOLD ACKNOWLEDGE, or HOLD REJECT when there is a cause."""
    kernel.send(call, M.HOLD_REJECT if elements else M.HOLD_ACKNOWLEDGE, elements)
    call.hold = Hold.IDLE if elements else Hold.HELD_BY_PEER


def answer_retrieve(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """RETRIEVE ACKNOWLEDGE with the channel, or RETRIEVE REJECT when there is a cause."""
    if elements:
        kernel.send(call, M.RETRIEVE_REJECT, elements)
        call.hold = Hold.HELD_BY_PEER
        return
    channel = call.channel
    more = () if channel is None else (kernel.identification(channel, exclusive=True),)
    kernel.send(call, M.RETRIEVE_ACKNOWLEDGE, more)
    call.hold = Hold.IDLE


#: Auxiliary state that a request of call control needs, beside ACTIVE.
HOLD_REQUESTS = {
    Request.HOLD: Hold.IDLE,
    Request.HOLD_RESPONSE: Hold.INDICATED,
    Request.RETRIEVE: Hold.HELD,
    Request.RETRIEVE_RESPONSE: Hold.RETRIEVE_INDICATED,
    Request.SUSPEND: Hold.IDLE,
}


# Suspension, Q.931 5.6


def suspend(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """Network side, SUSPEND (5.6.1): for call control; refused when the identity is in use (5.6.3)."""
    element = message.get(CallIdentity)
    identity = b"" if element is None else element.content
    if identity in kernel.parked or call.hold is not Hold.IDLE:
        cause = Cause.CALL_IDENTITY_IN_USE if identity in kernel.parked else Cause.FACILITY_REJECTED
        kernel.send(call, M.SUSPEND_REJECT, (kernel.cause(cause),))
        return
    call.identity = identity
    kernel.set_state(call, State.SUSPEND_REQUEST)
    kernel.deliver(call, SuspendIndication(call.number, identity, message))


def answer_suspend(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """SUSPEND ACKNOWLEDGE: call reference and channel are free, the call is parked for T307 (5.6.2)."""
    if not elements and (call.identity is None or call.identity in kernel.parked):
        elements = (kernel.cause(Cause.CALL_IDENTITY_IN_USE),)
    if elements:
        kernel.send(call, M.SUSPEND_REJECT, elements)
        kernel.set_state(call, State.ACTIVE)
        return
    kernel.send(call, M.SUSPEND_ACKNOWLEDGE)
    kernel.stop_all(call)
    assert call.identity is not None
    kernel.parked[call.identity] = call
    del kernel.references[call.outgoing, call.reference]
    if call.channel is not None:
        channel, call.channel = call.channel, None
        kernel.channels.leave(channel)
    call.hold = Hold.IDLE
    kernel.set_state(call, State.NULL)
    kernel.start(call, Timer.T307, now)
    kernel.deliver(call, SuspendedIndication(call.number))


def parked_too_long(kernel: Kernel, call: Call, now: float) -> None:
    """T307: the suspended call is over (5.6.5)."""
    kernel.drop(call, Cause.RECOVERY_ON_TIMER_EXPIRY, "T307 expired")


def resume(kernel: Kernel, message: Message, now: float) -> None:
    """Network side, RESUME with a new call reference (5.6.4): the parked call gets it, and a channel."""
    element = message.get(CallIdentity)
    call = kernel.parked.get(b"" if element is None else element.content)
    reference = message.call_reference.value
    cause: Cause | None = None
    channel: Channel | Cause = Cause.CALL_IDENTITY_DOES_NOT_EXIST_FOR_SUSPENDED_CALL
    if call is not None:
        channel = choose(kernel, message)
    elif not kernel.parked:
        channel = Cause.NO_CALL_SUSPENDED
    if isinstance(channel, Cause):
        cause = channel
    if call is None or cause is not None or not isinstance(channel, Channel):
        refused = kernel.new_call(reference, outgoing=False)
        kernel.send(refused, M.RESUME_REJECT, (kernel.cause(cause or Cause.CALL_REJECTED),))
        kernel.clear(refused)
        return
    assert call.identity is not None
    del kernel.parked[call.identity]
    kernel.stop(call, Timer.T307)
    call.outgoing, call.reference = False, reference
    kernel.references[False, reference] = call
    call.agreed = True
    give(kernel, call, channel)
    kernel.set_state(call, State.RESUME_REQUEST)
    kernel.deliver(call, ResumeIndication(call.number, channel.id, message))


def answer_resume(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """RESUME ACKNOWLEDGE with the channel; or RESUME REJECT, and the call is over (5.6.4, 5.6.5)."""
    channel = call.channel
    if elements or channel is None:
        kernel.send(call, M.RESUME_REJECT, elements or (kernel.cause(Cause.NO_CIRCUIT_CHANNEL_AVAILABLE),))
        call.released = True
        kernel.clear(call)
        return
    call.identity = None
    kernel.send(call, M.RESUME_ACKNOWLEDGE, (kernel.identification(channel, exclusive=True),))
    kernel.set_state(call, State.ACTIVE)


def send_suspend(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """User side, SUSPEND (5.6.1)."""
    kernel.send(call, M.SUSPEND, elements)
    kernel.set_state(call, State.SUSPEND_REQUEST)
    kernel.start(call, Timer.T319, now)


def suspended(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """User side, SUSPEND ACKNOWLEDGE: the call is gone from here (5.6.2)."""
    call.released = True
    kernel.clear(call)


def not_suspended(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """User side, SUSPEND REJECT: the call goes on (5.6.3)."""
    kernel.stop(call, Timer.T319)
    kernel.set_state(call, State.ACTIVE)
    kernel.deliver(call, SuspendConfirm(call.number, cause_of(message)[0], message))


def suspend_unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """User side, T319: the call goes on as far as we know (table 9-2); the peer is asked by call control."""
    kernel.set_state(call, State.ACTIVE)
    kernel.deliver(call, SuspendConfirm(call.number, Cause.RECOVERY_ON_TIMER_EXPIRY, None))


def start_resume(kernel: Kernel, identity: bytes, now: float) -> Call | None:
    """User side, RESUME under a new call reference (5.6.4)."""
    if not kernel.links.available:
        return None
    call = kernel.new_call(kernel.free_reference(), outgoing=True)
    kernel.send(call, M.RESUME, (CallIdentity(identity),) if identity else ())
    kernel.set_state(call, State.RESUME_REQUEST)
    kernel.start(call, Timer.T318, now)
    return call


def resumed(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """User side, RESUME ACKNOWLEDGE: active on the channel that it names (5.6.4)."""
    kernel.stop(call, Timer.T318)
    element = message.get(ChannelIdentification)
    wanted = [] if element is None else named(kernel, element)
    channel = kernel.channels.get(wanted[0]) if len(wanted) == 1 else None
    if channel is None or not (channel.acceptable or (channel.call is not None and not channel.call.agreed)):
        kernel.end(call, Cause.CHANNEL_UNACCEPTABLE, kernel.location, "the peer's channel cannot be had")
        calls_clear.release(kernel, call, (kernel.cause(Cause.CHANNEL_UNACCEPTABLE),), now)
        return
    give(kernel, call, channel)
    call.agreed = True
    kernel.set_state(call, State.ACTIVE)
    kernel.deliver(call, ResumeConfirm(call.number, channel.id, message))


def not_resumed(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """User side, RESUME REJECT: there is no call (5.6.5)."""
    kernel.end(call, *cause_of(message), "RESUME REJECT", message)
    kernel.clear(call)


def resume_unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """User side, T318: RELEASE with cause 102 (table 9-2)."""
    calls_clear.expired(kernel, call, Timer.T318, Cause.RECOVERY_ON_TIMER_EXPIRY, now)


# Tables


def messages(roles: Roles) -> dict[tuple[State, MessageType], MessageAction]:
    """What these messages do."""
    table: dict[tuple[State, MessageType], MessageAction] = {}
    ended = (State.NULL, State.RELEASE_REQUEST, State.CALL_ABORT)
    for state in State:
        if state not in ended:
            table[state, M.FACILITY] = deliver
            table[state, M.HOLD] = table[state, M.RETRIEVE] = hold_refused
            if state not in (roles.sent, roles.got):
                table[state, M.NOTIFY] = deliver
    established = (roles.got_proceeding, roles.got_alerting, State.CONNECT_REQUEST, State.ACTIVE)
    for state in (*established, State.SUSPEND_REQUEST, roles.disconnect_sent, roles.disconnect_received):
        table[state, M.INFORMATION] = information
    for state in (roles.sent_alerting, roles.got_alerting, State.CONNECT_REQUEST, State.ACTIVE):
        table[state, M.USER_INFORMATION] = table[state, M.CONGESTION_CONTROL] = deliver
    active = State.ACTIVE
    table[active, M.HOLD], table[active, M.RETRIEVE] = hold, retrieve
    table[active, M.HOLD_ACKNOWLEDGE] = _answered(Hold.REQUESTED, Timer.THOLD, Hold.HELD, HoldConfirm)
    table[active, M.HOLD_REJECT] = _answered(Hold.REQUESTED, Timer.THOLD, Hold.IDLE, HoldConfirm)
    table[active, M.RETRIEVE_ACKNOWLEDGE] = _answered(
        Hold.RETRIEVE_REQUESTED, Timer.TRETRIEVE, Hold.IDLE, RetrieveConfirm
    )
    table[active, M.RETRIEVE_REJECT] = _answered(Hold.RETRIEVE_REQUESTED, Timer.TRETRIEVE, Hold.HELD, RetrieveConfirm)
    if roles.network:
        table[active, M.SUSPEND] = suspend
    else:
        table[State.SUSPEND_REQUEST, M.SUSPEND_ACKNOWLEDGE] = suspended
        table[State.SUSPEND_REQUEST, M.SUSPEND_REJECT] = not_suspended
        table[State.RESUME_REQUEST, M.RESUME_ACKNOWLEDGE] = resumed
        table[State.RESUME_REQUEST, M.RESUME_REJECT] = not_resumed
    return table


def timers(roles: Roles) -> dict[tuple[State, Timer], TimerAction]:
    """What the timers of these procedures do."""
    table: dict[tuple[State, Timer], TimerAction] = {
        (State.ACTIVE, Timer.THOLD): hold_unanswered,
        (State.ACTIVE, Timer.TRETRIEVE): retrieve_unanswered,
    }
    if roles.network:
        table[State.NULL, Timer.T307] = parked_too_long
    else:
        table[State.SUSPEND_REQUEST, Timer.T319] = suspend_unanswered
        table[State.RESUME_REQUEST, Timer.T318] = resume_unanswered
    return table


def requests(roles: Roles) -> dict[tuple[State, Request], RequestAction]:
    """What call control may ask for."""
    table: dict[tuple[State, Request], RequestAction] = {}
    answered = (
        *(roles.sent_overlap, roles.sent_proceeding, roles.sent_alerting),
        *(roles.got_overlap, roles.got_proceeding, roles.got_alerting),
        *(State.CONNECT_REQUEST, State.ACTIVE),
    )
    for state in (*answered, roles.sent, roles.got, roles.disconnect_sent, roles.disconnect_received):
        table[state, Request.FACILITY] = sender(M.FACILITY)
    for state in answered:
        table[state, Request.NOTIFY] = sender(M.NOTIFY)
        table[state, Request.INFORMATION] = sender(M.INFORMATION)
    for state in (roles.sent_alerting, roles.got_alerting, State.CONNECT_REQUEST, State.ACTIVE):
        table[state, Request.USER_INFORMATION] = sender(M.USER_INFORMATION)
        table[state, Request.CONGESTION_CONTROL] = sender(M.CONGESTION_CONTROL)
    table[State.ACTIVE, Request.HOLD] = send_hold
    table[State.ACTIVE, Request.HOLD_RESPONSE] = answer_hold
    table[State.ACTIVE, Request.RETRIEVE] = send_retrieve
    table[State.ACTIVE, Request.RETRIEVE_RESPONSE] = answer_retrieve
    if roles.network:
        table[State.SUSPEND_REQUEST, Request.SUSPEND_RESPONSE] = answer_suspend
        table[State.RESUME_REQUEST, Request.RESUME_RESPONSE] = answer_resume
    else:
        table[State.ACTIVE, Request.SUSPEND] = send_suspend
    return table
