"""Call clearing: DISCONNECT, RELEASE, RELEASE COMPLETE, and their collisions; Q.931 5.3."""

from __future__ import annotations

from collections.abc import Iterable

from tandem.core.cause import Cause
from tandem.isdn.q931.call import NETWORK, USER, Call, Request, Roles, State
from tandem.isdn.q931.cause import ProgressDescription, ProgressIndicator
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.kernel import Elements, Kernel, MessageAction, RequestAction, TimerAction, cause_of, own_cause
from tandem.isdn.q931.messages import Message, build
from tandem.isdn.q931.primitives import DisconnectIndication
from tandem.isdn.q931.timers import N308, Timer

M = MessageType


def announces_tones(elements: Iterable[object]) -> bool:
    """Whether a DISCONNECT announces tones: progress indicator 8 (Q.931 5.3.4.1)."""
    return any(
        isinstance(element, ProgressIndicator) and element.description == ProgressDescription.INBAND_INFORMATION
        for element in elements
    )


# What we start


def disconnect(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """Send DISCONNECT (5.3.3, 5.3.4): T306 while tones are sent, T305 otherwise."""
    message = build(kernel.reference(call), M.DISCONNECT, *elements)
    parts = kernel.encode(message)
    call.cause = own_cause(elements)
    if not kernel.links.available:
        kernel.end(call, *call.cause, "the data link is lost")
        kernel.clear(call)  # nobody to be told; the peer will ask, or is told, when the link is back (5.8.10)
        return
    kernel.stop_all(call)
    kernel.transmit_octets(parts)
    kernel.start(call, Timer.T306 if announces_tones(elements) else Timer.T305, now)
    kernel.set_state(call, kernel.roles.disconnect_sent)


def release(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """Send RELEASE and wait for RELEASE COMPLETE (5.3.3, 5.3.4)."""
    message = build(kernel.reference(call), M.RELEASE, *elements)
    parts = kernel.encode(message)
    call.cause = own_cause(elements)
    if not kernel.links.available:
        kernel.clear(call)  # nobody to be told; the peer will ask, or is told, when the link is back (5.8.10)
        return
    kernel.stop_all(call)
    kernel.transmit_octets(parts)
    call.repeats = 0
    kernel.start(call, Timer.T308, now)
    kernel.set_state(call, State.RELEASE_REQUEST)


def reject(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """Refuse a SETUP with RELEASE COMPLETE: nothing was answered yet (5.3.2)."""
    kernel.send(call, M.RELEASE_COMPLETE, elements)
    kernel.clear(call)


def forget(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """RELEASE is under way already."""


def unpark(kernel: Kernel, call: Call, elements: Elements, now: float) -> None:
    """End a suspended call: there is no call reference to say so with."""
    kernel.clear(call)


def down(kernel: Kernel, call: Call, cause: int, reason: str, now: float, diagnostics: bytes = b"") -> None:
    """End a call of our own accord: tell call control and the peer, in the message that its state asks for."""
    kernel.end(call, cause, kernel.location, reason)
    releases(kernel.roles)[call.state](kernel, call, (kernel.cause(cause, diagnostics),), now)


def expired(kernel: Kernel, call: Call, timer: Timer, cause: Cause, now: float) -> None:
    """End a call because a timer expired; the diagnostics name it (Q.850, cause 102)."""
    digits = timer.name[1:].encode() if cause is Cause.RECOVERY_ON_TIMER_EXPIRY else b""
    down(kernel, call, cause, f"{timer.name} expired", now, digits)


# What the peer starts


def disconnected(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """DISCONNECT: answered with RELEASE at once, or by call control when there are tones to listen to."""
    cause, location = cause_of(message)
    kernel.stop_all(call)
    if announces_tones(message.elements) and call.offered and not call.released:
        kernel.deliver(call, DisconnectIndication(call.number, cause, location, message))
        kernel.set_state(call, kernel.roles.disconnect_received)
        return
    kernel.end(call, cause, location, "DISCONNECT", message)
    release(kernel, call, (kernel.cause(cause),), now)


def disconnect_collision(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """Both sides sent DISCONNECT (5.3.5): RELEASE."""
    cause, location = cause_of(message)
    kernel.end(call, cause, location, "DISCONNECT", message)  # where call control was sending tones
    release(kernel, call, (kernel.cause(call.cause[0]),), now)


def released(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """RELEASE, expected or not (5.3.3, 5.8.4): RELEASE COMPLETE, and the call is over."""
    kernel.end(call, *cause_of(message), "RELEASE", message)
    kernel.send(call, M.RELEASE_COMPLETE)
    kernel.clear(call)


def release_collision(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """Both sides sent RELEASE (5.3.5): the call is over without RELEASE COMPLETE."""
    kernel.clear(call)


def release_completed(kernel: Kernel, call: Call, message: Message, now: float) -> None:
    """RELEASE COMPLETE, expected or not (5.3.3, 5.8.4): the call is over."""
    kernel.end(call, *cause_of(message), "RELEASE COMPLETE", message)
    kernel.clear(call)


# Timers


def disconnect_unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """T305: RELEASE with the cause of the DISCONNECT (5.3.3)."""
    release(kernel, call, (kernel.cause(call.cause[0]),), now)


def tones_ended(kernel: Kernel, call: Call, now: float) -> None:
    """T306: RELEASE with the cause of the DISCONNECT (5.3.4.1); call control stops its tones."""
    kernel.end(call, *call.cause, "T306 expired")
    release(kernel, call, (kernel.cause(call.cause[0]),), now)


def release_unanswered(kernel: Kernel, call: Call, now: float) -> None:
    """T308: RELEASE once more; then the call is over, and its channel restarted (5.3.3)."""
    if call.repeats < N308:
        call.repeats += 1
        kernel.send(call, M.RELEASE, (kernel.cause(call.cause[0]),))
        kernel.start(call, Timer.T308, now)
        return
    kernel.alert("RELEASE was not answered (T308)", call.channel.id if call.channel else None)
    call.released_badly = True
    kernel.clear(call)


# Tables


def releases(roles: Roles) -> dict[State, RequestAction]:
    """How a call is ended in each state."""
    return _RELEASES[roles.network]


def _release_table(roles: Roles) -> dict[State, RequestAction]:
    table: dict[State, RequestAction] = dict.fromkeys(State, disconnect)
    table[State.NULL] = unpark
    table[State.RELEASE_REQUEST] = forget
    table[roles.got] = reject
    table[roles.disconnect_sent] = release
    table[roles.disconnect_received] = release
    table[State.CALL_ABORT] = release
    # A RESUME that is not acknowledged is not yet a call that could be disconnected (5.6.4, 5.6.5).
    table[State.RESUME_REQUEST] = reject if roles.network else release
    return table


def messages(roles: Roles) -> dict[tuple[State, MessageType], MessageAction]:
    """What the clearing messages do; RELEASE and RELEASE COMPLETE are never unexpected (5.8.4)."""
    table: dict[tuple[State, MessageType], MessageAction] = {}
    for state in State:
        if state is State.NULL:
            continue
        table[state, M.DISCONNECT] = disconnected
        table[state, M.RELEASE] = released
        table[state, M.RELEASE_COMPLETE] = release_completed
    table[roles.disconnect_sent, M.DISCONNECT] = disconnect_collision
    del table[roles.disconnect_received, M.DISCONNECT]
    del table[State.RELEASE_REQUEST, M.DISCONNECT]
    table[State.RELEASE_REQUEST, M.RELEASE] = release_collision
    return table


def timers(roles: Roles) -> dict[tuple[State, Timer], TimerAction]:
    """What the clearing timers do."""
    return {
        (roles.disconnect_sent, Timer.T305): disconnect_unanswered,
        (roles.disconnect_sent, Timer.T306): tones_ended,
        (State.RELEASE_REQUEST, Timer.T308): release_unanswered,
    }


def requests(roles: Roles) -> dict[tuple[State, Request], RequestAction]:
    """When call control may disconnect with tones; it may release at any time."""
    before = (State.NULL, State.RELEASE_REQUEST, roles.disconnect_sent, roles.disconnect_received, roles.got)
    never = {*before, State.RESUME_REQUEST, State.CALL_ABORT}
    return {(state, Request.DISCONNECT): disconnect for state in State if state not in never}


_RELEASES = {roles.network: _release_table(roles) for roles in (USER, NETWORK)}
