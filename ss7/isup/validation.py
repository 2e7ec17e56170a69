"""Procedures that only ANSI T1.113 has: circuit reservation (CRM, CRA) and circuit validation (CVT, CVR).

The text of T1.113.4 was not at hand: the order of messages is that of public implementations, the rest is recalled.
"""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.isup.calls_in import initial_address
from tandem.ss7.isup.circuits import Circuit, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.initial import asks_for_check
from tandem.ss7.isup.kernel import Kernel, MessageAction, TimerAction
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import CircuitValidated, ContinuityLoop
from tandem.ss7.isup.release import release_on_expiry, release_received, unexpected_release_complete
from tandem.ss7.isup.timers import Timer

M = MessageType
P = ParameterCode

#: Double seizing control of a CVR, bits DC: what the sender controls.
_CONTROL: Final = {"none": 0, "odd": 1, "even": 2, "all": 3}
_DIGITAL: Final = 2


def validate(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """Ask the peer whether it knows a circuit as we do: CVT."""
    kernel.reply(circuit, M.CVT)
    kernel.start(circuit, Timer.TCVT, now)


def _test_received(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CVT for a circuit that we have: say so, with the characteristics of its group."""
    configuration = circuit.group.configuration
    control = configuration.control
    if control == "auto":
        control = "even" if configuration.own_point_code > configuration.peer_point_code else "odd"
    characteristics = _DIGITAL | _CONTROL[control] << 2
    kernel.reply(
        circuit,
        M.CVR,
        [
            RawParameter(P.CIRCUIT_VALIDATION_RESPONSE_INDICATOR, b"\x01"),
            RawParameter(P.CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR, bytes([characteristics])),
        ],
    )


def _test_answered(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    if Timer.TCVT not in circuit.running:
        return
    kernel.stop(circuit, Timer.TCVT)
    octets = message.raw(P.CIRCUIT_VALIDATION_RESPONSE_INDICATOR)
    successful = bool(octets and octets[0] & 1)
    if not successful:
        kernel.alert(circuit, "the peer does not know this circuit as we do (CVR)")
    kernel.produced.append(CircuitValidated(circuit.group.name, circuit.cic, successful, message))


def _reserve(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """CRM: keep the circuit for the IAM that will follow, and loop it when a continuity check is asked for."""
    kernel.set_state(circuit, State.IN_RESERVED)
    if asks_for_check(message):
        kernel.produced.append(ContinuityLoop(circuit.group.name, circuit.cic, True))
    kernel.reply(circuit, M.CRA)
    kernel.start(circuit, Timer.TCRA, now)


def _reserved_call(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """IAM on the reserved circuit."""
    kernel.leave_check(circuit)
    kernel.stop_all(circuit)
    initial_address(kernel, circuit, message, now)


def _checked(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """COT while reserved: after a failure the peer takes another circuit and checks this one again."""
    octets = message.raw(P.CONTINUITY_INDICATORS)
    kernel.leave_check(circuit)
    if not (octets and octets[0] & 1):
        kernel.stop_all(circuit)
        kernel.set_state(circuit, State.IN_WAIT_CCR)
        kernel.start(circuit, Timer.T27, now)


def _not_validated(kernel: Kernel, circuit: Circuit, now: float) -> None:
    kernel.alert(circuit, "no CVR in answer to CVT within TCVT")


#: Messages that do the same in every state.
SUPERVISION: Final[dict[MessageType, MessageAction]] = {M.CVT: _test_received, M.CVR: _test_answered}

#: What a message does to the reservation of a circuit.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    (State.IDLE, M.CRM): _reserve,
    (State.IN_RESERVED, M.IAM): _reserved_call,
    (State.IN_RESERVED, M.COT): _checked,
    (State.IN_RESERVED, M.REL): release_received,
    (State.IN_RESERVED, M.RLC): unexpected_release_complete,
}

TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.IN_RESERVED, Timer.TCRA): release_on_expiry(Cause.RECOVERY_ON_TIMER_EXPIRY, "TCRA expired: no IAM"),
    **{(state, Timer.TCVT): _not_validated for state in State},
}
