"""Outgoing calls: what the exchange that sent the IAM does; Q.724 (1988) 1 to 3 and 6, China GF 001-9001."""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.tup import calls_in
from tandem.ss7.tup.cause import FAILURES, cause_of
from tandem.ss7.tup.circuits import Call, Circuit, State
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.fields import CallingLineIdentity, ContinuityCheck, OriginalCalledAddress
from tandem.ss7.tup.kernel import (
    PEER_LOCATION,
    Kernel,
    MessageAction,
    SendAction,
    TimerAction,
    clear_on_expiry,
    deliver,
    discard,
)
from tandem.ss7.tup.messages import (
    GeneralForwardSetup,
    GeneralRequest,
    InitialAddressWithInformation,
    Message,
    MeteringPulses,
)
from tandem.ss7.tup.primitives import CallStateError, InformationRequested, MeteringPulse
from tandem.ss7.tup.timers import Timer

M = MessageType

ANSWERS: Final = (M.ANC, M.ANN, M.ANU)


def _address_complete(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """ACM: the number is whole at the far end, Q.724 1; now the answer is awaited."""
    kernel.stop(circuit, Timer.T2)
    kernel.set_state(circuit, State.OUT_WAIT_ANSWER)
    if circuit.group.configuration.supervises:
        kernel.start(circuit, Timer.ANSWER, now)
    kernel.deliver(circuit, message)


def _answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """ANC, ANN, ANU; RAN after CBK."""
    kernel.stop_all(circuit)
    kernel.set_state(circuit, State.OUT_ANSWERED)
    kernel.deliver(circuit, message)


def _failed(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """A message of failure: the connection is cleared at once, Q.724 1 and 6."""
    cause = cause_of(M(message.type))
    kernel.end_call(circuit, cause, f"{message.name} from the peer", message, PEER_LOCATION)
    kernel.clear_forward(circuit, now)


def _cleared_back(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CBK: the call lasts for a reanswer when the caller controls it, and is cleared otherwise; Q.118."""
    configuration = circuit.group.configuration
    held = circuit.call is not None and circuit.call.hold
    if configuration.release_control != "calling" or held:
        _ended_by_called(kernel, circuit, message, now)
        return
    kernel.set_state(circuit, State.OUT_CLEARED_BACK)
    if configuration.supervises:
        kernel.start(circuit, Timer.CLEAR_BACK, now)
    kernel.deliver(circuit, message)


def _ended_by_called(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CBK that ends the call: there was no answer, or the called party controls it."""
    kernel.end_call(circuit, Cause.NORMAL_CALL_CLEARING, "cleared by the called party", message, PEER_LOCATION)
    kernel.clear_forward(circuit, now)


def _requested(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GRQ: answered from what the call was set up with, or by call control where that does not have the identity."""
    call = circuit.call
    assert call is not None  # the states that expect GRQ have a call
    assert isinstance(message, GeneralRequest)  # the decoder makes nothing else of this type
    if Timer.T2 in circuit.running:
        kernel.start(circuit, Timer.T2, now)
    answer = general_information(call, message)
    lacks_line = answer.calling_line is None and (message.calling_line or message.malicious_call)
    configuration = circuit.group.configuration
    if not configuration.answer_requests or (lacks_line and not configuration.answer_without_line):
        kernel.produced.append(InformationRequested(call.number, message))
        return
    call.hold = call.hold or answer.hold
    kernel.transmit(circuit, answer)
    if message.malicious_call:
        kernel.deliver(circuit, message)


def general_information(call: Call, request: GeneralRequest) -> GeneralForwardSetup:
    """GSM with what GRQ asks for, as far as it is known; hold is granted unless either party may end a call."""
    initial, identity = call.initial, call.identity
    category: int | None = initial.category
    line: CallingLineIdentity | None = None
    original: OriginalCalledAddress | None = None
    if isinstance(initial, InitialAddressWithInformation):
        line, original = initial.calling_line, initial.original_called
    if identity is not None:
        category = identity.category if identity.category is not None else category
        line = identity.calling_line or line
        original = identity.original_called or original
    wants_line = request.calling_line or request.malicious_call
    return GeneralForwardSetup(
        category=category if request.category else None,
        calling_line=line if wants_line else None,
        incoming_trunk=identity.incoming_trunk if identity is not None and request.malicious_call else None,
        original_called=original if request.original_called else None,
        malicious_call=request.malicious_call and line is not None,
        hold=request.hold and call.group.configuration.release_control != "either",
    )


def _metered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """MPM (China)."""
    call = circuit.call
    assert isinstance(message, MeteringPulses)  # the decoder makes nothing else of this type
    if call is not None and not call.released:
        kernel.produced.append(MeteringPulse(call.number, message.pulses))


def _dual_seizure(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """IAM where we sent one and no backward message came, Q.724 2.

    The exchange that controls the circuit goes on with its call; the other takes the incoming call and tries its own
    on another circuit.
    """
    if circuit.controlled:
        return
    call = kernel.detach(circuit)
    kernel.leave_check(circuit)
    kernel.stop_all(circuit)
    kernel.drop_call(circuit)
    kernel.attempt_again(call, now, "dual seizure")
    calls_in.initial_address(kernel, circuit, message, now)


def _unexpected_release_guard(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """RLG without CLF from us: the peer has left the circuit, Q.724 6; an early call is tried elsewhere."""
    call = kernel.detach(circuit)
    kernel.fail_forward(circuit, Cause.TEMPORARY_FAILURE, "unexpected RLG from the peer", now)
    kernel.attempt_again(call, now, "unexpected RLG from the peer")


def _clear_forward_early(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CLF before any backward message: the peer ends a call of its own that lost dual seizure, or repeats itself."""
    kernel.reply(circuit, M.RLG)


def _clear_forward(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CLF on a circuit that we seized and the peer answered on: the ends disagree, both give it up, Q.724 6."""
    kernel.reply(circuit, M.RLG)
    kernel.fail_forward(circuit, Cause.TEMPORARY_FAILURE, "unexpected CLF from the peer", now)


_IN_CALL: Final = (
    State.OUT_CHECK,
    State.OUT_WAIT_ACM,
    State.OUT_WAIT_ANSWER,
    State.OUT_ANSWERED,
    State.OUT_CLEARED_BACK,
    State.OUT_HELD,
)
_LATER: Final = (State.OUT_WAIT_ANSWER, State.OUT_ANSWERED, State.OUT_CLEARED_BACK)

#: What a message does in the outgoing states; what is absent is in `exchange.UNEXPECTED`.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    **{(state, message): _failed for state in _IN_CALL for message in FAILURES},
    **{(state, M.RLG): _unexpected_release_guard for state in _IN_CALL},
    **{(state, M.CLF): _clear_forward for state in _IN_CALL},
    **{(state, M.GRQ): _requested for state in _IN_CALL},
    **{(state, M.MPM): _metered for state in (State.OUT_WAIT_ACM, *_LATER)},
    **{(state, message): deliver for state in (State.OUT_WAIT_ACM, *_LATER) for message in (M.CHG, M.MAL)},
    # IAM sent
    **{
        (state, message): action
        for state in (State.OUT_CHECK, State.OUT_WAIT_ACM)
        for message, action in {
            M.IAM: _dual_seizure,
            M.IAI: _dual_seizure,
            M.CLF: _clear_forward_early,
            # these follow an IAM that lost dual seizure to ours
            M.SAM: discard,
            M.SAO: discard,
            M.COT: discard,
            M.CCF: discard,
            M.GSM: discard,
        }.items()
    },
    (State.OUT_WAIT_ACM, M.ACM): _address_complete,
    **{(state, message): _answered for state in (State.OUT_WAIT_ACM, State.OUT_WAIT_ANSWER) for message in ANSWERS},
    # ACM received
    (State.OUT_WAIT_ANSWER, M.CBK): _ended_by_called,
    # answered
    (State.OUT_ANSWERED, M.CBK): _cleared_back,
    (State.OUT_ANSWERED, M.RAN): discard,
    (State.OUT_CLEARED_BACK, M.RAN): _answered,
    (State.OUT_CLEARED_BACK, M.CBK): discard,
    # the caller has cleared
    (State.OUT_HELD, M.CBK): _ended_by_called,
}

#: What the expiry of a call timer does; timers are stopped when their state is left.
TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.OUT_CHECK, Timer.T2): clear_on_expiry(Cause.RECOVERY_ON_TIMER_EXPIRY, "T2 expired: no ACM"),
    (State.OUT_WAIT_ACM, Timer.T2): clear_on_expiry(Cause.RECOVERY_ON_TIMER_EXPIRY, "T2 expired: no ACM"),
    (State.OUT_WAIT_ANSWER, Timer.ANSWER): clear_on_expiry(Cause.NO_ANSWER_FROM_USER, "ANSWER expired: no answer"),
    (State.OUT_CLEARED_BACK, Timer.CLEAR_BACK): clear_on_expiry(
        Cause.NORMAL_CALL_CLEARING, "CLEAR_BACK expired: no reanswer"
    ),
    (State.OUT_HELD, Timer.HOLD): clear_on_expiry(Cause.NORMAL_CALL_CLEARING, "HOLD expired"),
}


def release(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """The caller clears: CLF, or CCL when the called party controls the call."""
    call = circuit.call
    controlled = circuit.group.configuration.release_control == "called" or (call is not None and call.hold)
    if circuit.state is State.OUT_ANSWERED and controlled:
        kernel.reply(circuit, M.CCL)
        kernel.stop_all(circuit)
        kernel.set_state(circuit, State.OUT_HELD)
        kernel.start(circuit, Timer.HOLD, now)
    else:
        kernel.clear_forward(circuit, now)


def _send(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    kernel.transmit(circuit, message)


def _send_continuity(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """COT, CCF: how the check of a previous circuit ended, where the IAM said that there is one."""
    call = circuit.call
    if call is None or call.initial.indicators.continuity_check != ContinuityCheck.ON_PREVIOUS_CIRCUIT:
        raise CallStateError(f"{message.name} cannot be sent: the IAM announced no check of a previous circuit")
    kernel.transmit(circuit, message)


def _send_digits(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """SAM, SAO: kept as well, in case the call is tried on another circuit."""
    kernel.transmit(circuit, message)
    kernel.start(circuit, Timer.T2, now)
    call = circuit.call
    if call is not None:
        call.later = [*(call.later or ()), message]


def _send_information(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """GSM that call control makes, where it answers GRQ itself."""
    kernel.transmit(circuit, message)
    assert isinstance(message, GeneralForwardSetup)  # looked up by its type
    if circuit.call is not None and message.hold:
        circuit.call.hold = True


#: What call control may send on an outgoing call.
SENDS: Final[dict[tuple[State, MessageType], SendAction]] = {
    **{(state, message): _send_digits for state in (State.OUT_CHECK, State.OUT_WAIT_ACM) for message in (M.SAM, M.SAO)},
    (State.OUT_WAIT_ACM, M.COT): _send_continuity,
    (State.OUT_WAIT_ACM, M.CCF): _send_continuity,
    **{(state, M.GSM): _send_information for state in (State.OUT_CHECK, State.OUT_WAIT_ACM, *_LATER)},
    **{(state, message): _send for state in _LATER for message in (M.FOT, M.OPR)},
}
