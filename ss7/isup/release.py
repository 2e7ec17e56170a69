"""Release of calls and unexpected messages, the same for both directions: Q.764 (12/1999) 2.3, 2.9.5.1, 2.9.6."""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.isup.circuits import Blocking, Circuit, State
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.confusion import release_complete
from tandem.ss7.isup.kernel import OWN_LOCATION, Kernel, MessageAction, TimerAction, cause_of, discard
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.peers import congested
from tandem.ss7.isup.supervision import reset_answered, start_reset
from tandem.ss7.isup.timers import Timer

M = MessageType


def release_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """REL: the circuit is given back at once with RLC, Q.764 2.3.1 and 2.3.2."""
    cause, location = cause_of(message)
    kernel.end_call(circuit, cause, location, "released by the peer", message)
    congested(kernel, circuit.peer, message, now)
    kernel.reply(circuit, M.RLC, release_complete(circuit, message))
    kernel.vacate(circuit)


def unexpected_release_complete(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """RLC on a busy circuit without REL from us: release the circuit, Q.764 2.9.5.1 c)."""
    kernel.fail(circuit, Cause.MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE, "unexpected RLC from the peer", now)


def unexpected_early(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """Another unexpected message before the backward message of the call set-up, Q.764 2.9.5.1 d) 3).

    The circuit is reset; an incoming call is released, an outgoing one tried on another circuit.
    """
    call = kernel.detach(circuit)
    kernel.end_call(
        circuit, Cause.MESSAGE_NOT_COMPATIBLE_WITH_CALL_STATE, OWN_LOCATION, f"unexpected {_acronym(message)}"
    )
    start_reset(kernel, [circuit], now)
    if call is not None:
        kernel.attempt_again(call, now, f"unexpected {_acronym(message)}")


def unexpected_idle(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """A message of a call on an idle circuit: the ends disagree, reset it, Q.764 2.9.5.1 d) 1).

    On a circuit blocked for hardware failure both ends drop calls without release messages, so leftovers are normal.
    """
    if not circuit.blocking & (Blocking.LOCAL_HARDWARE | Blocking.REMOTE_HARDWARE):
        start_reset(kernel, [circuit], now)


def _acronym(message: Message) -> str:
    return message.type.name if isinstance(message.type, MessageType) else f"message {message.type}"


def _idle_release(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """REL on an idle circuit is answered, Q.764 2.9.5.1 a); so is one that meets our own, 2.3.1 e)."""
    kernel.reply(circuit, M.RLC)


def _release_complete(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.vacate(circuit)


def _reset_complete(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    reset_answered(kernel, circuit, now)


def _equipped_again(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """The peer said that it has no such circuit and now speaks on it: agree on its state first."""
    start_reset(kernel, [circuit], now)


def _release_again(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T1: repeat REL, Q.764 2.9.6."""
    if circuit.release is not None:
        kernel.transmit(circuit, circuit.release)
    kernel.start(circuit, Timer.T1, now)


def _release_unanswered(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T5: reset the circuit, alert maintenance, T17 goes on from there, Q.764 2.9.6."""
    kernel.alert(circuit, "no RLC in answer to REL within T5, the circuit is reset")
    start_reset(kernel, [circuit], now, after_t5=True)


def release_on_expiry(cause: Cause, reason: str) -> TimerAction:
    """An action that releases the call in both directions with a cause."""

    def release(kernel: Kernel, circuit: Circuit, now: float) -> None:
        kernel.fail(circuit, cause, reason, now)

    return release


#: Messages that may come at any time of a call and are for call control alone.
TRANSPARENT: Final = frozenset(
    {
        M.USR,
        M.FAC,
        M.FAR,
        M.FAA,
        M.FRJ,
        M.PAM,
        M.SGM,
        M.NRM,
        M.APM,
        M.IDR,
        M.IRS,
        M.LOP,
        M.PRI,
        M.SDN,
        M.CRG,
        M.FOT,
        M.INR,
        M.INF,
        M.CFN,
        M.EXM,
        M.OPR,
        M.MPM,
        M.CCL,
    }
)

#: What asks for an answer: the answer, and the timer that waits for it (table A.1); the call goes on without.
_ASKED: Final[dict[int, Timer]] = {M.IDR: Timer.T39, M.NRM: Timer.T37}
_ANSWERS: Final[dict[int, Timer]] = {M.IRS: Timer.T39, M.NRM: Timer.T37}


def transparent_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """A message for call control alone."""
    timer = _ANSWERS.get(message.type)
    if timer is not None:
        kernel.stop(circuit, timer)
    kernel.deliver(circuit, message)


def send_transparent(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """Call control sends such a message."""
    timer = _ASKED.get(message.type)
    answers_ours = message.type == M.NRM and Timer.T37 in circuit.running
    kernel.transmit(circuit, message)
    if timer is not None and not answers_ours:
        kernel.start(circuit, timer, now)


def _no_identification(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T39: the identity asked for with IDR did not come."""
    kernel.alert(circuit, "no IRS in answer to IDR within T39, the call goes on")


def _no_echo_answer(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T37: nothing is lost but an echo control device (meaning of the timer recalled)."""


_IN_CALL: Final = (
    State.OUT_CHECK,
    State.OUT_WAIT_ACM,
    State.OUT_WAIT_ANM,
    State.OUT_ANSWERED,
    State.IN_ADDRESS,
    State.IN_WAIT_ANM,
    State.IN_ANSWERED,
)

#: What a message does in the states without a call that goes on.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    # no call
    (State.IDLE, M.REL): _idle_release,
    (State.IDLE, M.RLC): discard,  # 2.9.5.1 b)
    (State.IDLE, M.CFN): discard,  # the answer to something late; a reset would serve nobody
    (State.IDLE, M.LPA): discard,
    (State.IDLE, M.CRA): discard,
    # REL sent
    (State.WAIT_RLC, M.RLC): _release_complete,
    (State.WAIT_RLC, M.REL): _idle_release,  # 2.3.1 e): both ends released; our own RLC is still to come
    # RSC or GRS sent
    (State.RESETTING, M.RLC): _reset_complete,
    (State.RESETTING, M.REL): _idle_release,
    # UCIC received before
    (State.UNEQUIPPED, M.IAM): _equipped_again,
    (State.UNEQUIPPED, M.REL): _idle_release,
}

#: What the expiry of a call timer does in those states.
TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.WAIT_RLC, Timer.T1): _release_again,
    (State.WAIT_RLC, Timer.T5): _release_unanswered,
    **{(state, Timer.T39): _no_identification for state in _IN_CALL},
    **{(state, Timer.T37): _no_echo_answer for state in _IN_CALL},
}
