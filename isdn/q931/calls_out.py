"""Calls that we make: SETUP sent and what the peer answers; Q.931 5.1 (user side), 5.2 (network side)."""

from __future__ import annotations

from tandem.core.cause import Cause
from tandem.isdn.q931 import calls_clear
from tandem.isdn.q931.call import Call, Request, Roles, State
from tandem.isdn.q931.calls_channels import give, settle
from tandem.isdn.q931.channels import Channel, ChannelId
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.kernel import (
    Elements,
    Kernel,
    MessageAction,
    RequestAction,
    TimerAction,
    cause_of,
    discard,
)
from tandem.isdn.q931.messages import CallReference, Message, build
from tandem.isdn.q931.primitives import (
    AlertingIndication,
    ChannelChanged,
    InformationIndication,
    MoreInfoIndication,
    ProceedingIndication,
    ProgressIndication,
    SetupConfirm,
)
from tandem.isdn.q931.timers import N303, Timer

M = MessageType

#: Refusals that blame the channel: worth another attempt on another one.
ABOUT_CHANNEL = frozenset(
    {
        Cause.CHANNEL_UNACCEPTABLE,
        Cause.REQUESTED_CIRCUIT_CHANNEL_NOT_AVAILABLE,
        Cause.IDENTIFIED_CHANNEL_DOES_NOT_EXIST,
    }
)


def setup(kernel: Kernel, elements: Elements, channel_id: ChannelId | None, now: float) -> Call | None:
    """Take a channel and send SETUP (5.1.1); None when none is to be had."""
    if not kernel.links.available:
        return None
    channel = kernel.channels.hunt() if channel_id is None else kernel.channels.get(channel_id)
    if channel is None or not channel.free:
        return None
    reference = kernel.free_reference()
    message, parts = _message(kernel, reference, elements, channel)
    call = kernel.new_call(reference, outgoing=True)
    call.setup = message
    _place(kernel, call, channel, parts, now)
    return call


def _message(kernel: Kernel, reference: int, elements: Elements, channel: Channel) -> tuple[Message, list[bytes]]:
    exclusive = kernel.configuration.channel_choice == "exclusive"
    identification = kernel.identification(channel, exclusive=exclusive)
    length = kernel.configuration.switch_type.call_reference_length
    message = build(CallReference(reference, length=length), M.SETUP, *elements, identification)
    return message, kernel.encode(message)


def _place(kernel: Kernel, call: Call, channel: Channel, parts: list[bytes], now: float) -> None:
    give(kernel, call, channel)
    kernel.set_state(call, kernel.roles.sent)
    call.repeats = 0
    kernel.transmit_octets(parts)
    kernel.start(call, Timer.T303, now)


def _try_again(kernel: Kernel, call: Call, cause: int, now: float) -> bool:
    """Another attempt on another channel with a new call reference; False when there is to be none."""
    message = call.setup
    if (
        cause not in ABOUT_CHANNEL
        or call.released
        or call.agreed
        or message is None
        or call.attempts >= kernel.configuration.attempts
    ):
        return False
    old = call.channel
    if old is not None:
        call.refused.add(old.id)
    channel = kernel.channels.hunt(call.refused)
    if channel is None:
        return False
    kernel.stop_all(call)
    if old is not None:
        call.channel = None
        kernel.channels.leave(old)
    call.attempts += 1
    del kernel.references[True, call.reference]
    call.reference = kernel.free_reference()
    kernel.references[True, call.reference] = call
    elements = [item for item in message.elements if item.code != kernel.identification(channel, exclusive=True).code]
    call.setup, parts = _message(kernel, call.reference, elements, channel)  # type: ignore[arg-type]
    _place(kernel, call, channel, parts, now)
    kernel.deliver(call, ChannelChanged(call.number, None if old is None else old.id, channel.id))
    return True


def _answered(kernel: Kernel, call: Call, message: Message, now: float) -> bool:
    """The first answer settles the channel; one that will not do ends the call with cause 6 (5.1.2)."""
    kernel.stop(call, Timer.T303, Timer.T304)
    if settle(kernel, call, message):
        call.setup = None
        return True
    kernel.end(call, Cause.CHANNEL_UNACCEPTABLE, kernel.location, "the peer's channel cannot be had")
    calls_clear.release(kernel, call, (kernel.cause(Cause.CHANNEL_UNACCEPTABLE),), now)
    return False


# Messages


def setup_acknowledged(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """SETUP ACKNOWLEDGE: the peer wants more digits, overlap sending (5.1.3)."""
    if _answered(kernel, call, message, now):
        kernel.start(call, Timer.T304, now)
        kernel.set_state(call, kernel.roles.sent_overlap)
        kernel.deliver(call, MoreInfoIndication(call.number, message))


def proceeding(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """CALL PROCEEDING (5.1.5)."""
    if _answered(kernel, call, message, now):
        kernel.start(call, Timer.T310, now)
        kernel.set_state(call, kernel.roles.sent_proceeding)
        kernel.deliver(call, ProceedingIndication(call.number, message))


def progress(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """PROGRESS (5.1.6); on the user side it ends the waiting that T304 and T310 limit (table 9-2)."""
    if not kernel.roles.network:
        kernel.stop(call, Timer.T304, Timer.T310)
    kernel.deliver(call, ProgressIndication(call.number, message))


def alerting(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """ALERTING (5.1.7)."""
    if _answered(kernel, call, message, now):
        kernel.stop(call, Timer.T310)
        kernel.start(call, Timer.T301, now)
        kernel.set_state(call, kernel.roles.sent_alerting)
        kernel.deliver(call, AlertingIndication(call.number, message))


def connected(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """CONNECT (5.1.8, 5.2.7, 5.2.8): acknowledged at once, unless call control awards calls (state N8)."""
    if not _answered(kernel, call, message, now):
        return
    kernel.stop(call, Timer.T310, Timer.T301)
    kernel.set_state(call, State.CONNECT_REQUEST if kernel.roles.network else State.ACTIVE)
    if not (kernel.roles.network and kernel.configuration.awards_calls):
        award(kernel, call, (), now)
    kernel.deliver(call, SetupConfirm(call.number, message))


def award(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """CONNECT ACKNOWLEDGE: the call is active."""
    kernel.send(call, M.CONNECT_ACKNOWLEDGE, elements)
    kernel.set_state(call, State.ACTIVE)


def refused(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """RELEASE COMPLETE in answer to SETUP (5.1.1, 5.2.5.3)."""
    if not _try_again(kernel, call, cause_of(message)[0], now):
        calls_clear.release_completed(kernel, call, message, now)


def refused_by_release(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """RELEASE in answer to SETUP: acknowledged under its own call reference beside another attempt."""
    complete = build(kernel.reference(call), M.RELEASE_COMPLETE)
    if _try_again(kernel, call, cause_of(message)[0], now):
        kernel.transmit(complete)
    else:
        calls_clear.released(kernel, call, message, now)


def information(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """INFORMATION outside overlap receiving: for call control."""
    kernel.deliver(call, InformationIndication(call.number, message))


# Requests


def send_information(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """INFORMATION with more digits restarts T304 (5.1.3)."""
    kernel.send(call, M.INFORMATION, elements)
    kernel.start(call, Timer.T304, now)


# Timers


def setup_unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """T303: SETUP once more; then RELEASE COMPLETE with cause 102 (5.1.1, 5.2.5.4)."""
    if call.repeats < N303 and call.setup is not None:
        call.repeats += 1
        kernel.transmit(call.setup)
        kernel.start(call, Timer.T303, now)
        return
    cause = Cause.RECOVERY_ON_TIMER_EXPIRY
    kernel.end(call, Cause.NO_USER_RESPONDING if kernel.roles.network else cause, kernel.location, "T303 expired")
    calls_clear.reject(kernel, call, (kernel.cause(cause, b"303"),), now)


def overlap_unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """T304: no answer to the last digits (table 9-1, 9-2)."""
    calls_clear.expired(kernel, call, Timer.T304, Cause.RECOVERY_ON_TIMER_EXPIRY, now)


def not_alerting(kernel: Kernel, call: Call, now: float) -> None:
    """T310: nothing after CALL PROCEEDING (5.2.5.4: cause 18 on the network side)."""
    network = kernel.roles.network
    cause = Cause.NO_USER_RESPONDING if network else Cause.RECOVERY_ON_TIMER_EXPIRY
    calls_clear.expired(kernel, call, Timer.T310, cause, now)


def not_answered(kernel: Kernel, call: Call, now: float) -> None:
    """T301: alerting for long (5.2.5.4: cause 19)."""
    calls_clear.expired(kernel, call, Timer.T301, Cause.NO_ANSWER_FROM_USER, now)


# Tables


def messages(roles: Roles) -> dict[tuple[State, MessageType], MessageAction]:
    """What the peer's answers do."""
    table: dict[tuple[State, MessageType], MessageAction] = {}
    for state in (roles.sent, roles.sent_overlap, roles.sent_proceeding, roles.sent_alerting):
        table[state, M.CONNECT] = connected
        if state is not roles.sent_alerting:
            table[state, M.ALERTING] = alerting
        if state is not roles.sent:
            table[state, M.PROGRESS] = progress
            table[state, M.INFORMATION] = information
    table[roles.sent, M.SETUP_ACKNOWLEDGE] = setup_acknowledged
    table[roles.sent, M.CALL_PROCEEDING] = table[roles.sent_overlap, M.CALL_PROCEEDING] = proceeding
    table[roles.sent, M.RELEASE_COMPLETE] = refused
    table[roles.sent, M.RELEASE] = refused_by_release
    # A second CONNECT ACKNOWLEDGE, or one from a user side that sends it although the network needs none (5.2.8).
    table[State.ACTIVE, M.CONNECT_ACKNOWLEDGE] = discard
    return table


def timers(roles: Roles) -> dict[tuple[State, Timer], TimerAction]:
    """What the timers of calls that we make do."""
    return {
        (roles.sent, Timer.T303): setup_unanswered,
        (roles.sent_overlap, Timer.T304): overlap_unanswered,
        (roles.sent_proceeding, Timer.T310): not_alerting,
        (roles.sent_alerting, Timer.T301): not_answered,
    }


def requests(roles: Roles) -> dict[tuple[State, Request], RequestAction]:
    """What call control may ask for in a call that we make."""
    table: dict[tuple[State, Request], RequestAction] = {(roles.sent_overlap, Request.INFORMATION): send_information}
    if roles.network:
        table[State.CONNECT_REQUEST, Request.CONNECT_ACKNOWLEDGE] = award
    return table
