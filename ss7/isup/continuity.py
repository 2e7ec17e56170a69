"""Continuity check of outgoing circuits: Q.764 (12/1999) 2.1.8 and 2.1.9, Q.724 7; CPCO, CCO and CRCS of the SDL.

The media plane sends the check tone and says when it comes back; the incoming end is in `calls_in`.
"""

from __future__ import annotations

from typing import Final

from tandem.core.cause import Cause
from tandem.ss7.isup.circuits import Circuit, State
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.kernel import Kernel, MessageAction, TimerAction, cause_indicators, discard
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import ContinuityTone
from tandem.ss7.isup.release import release_received, unexpected_release_complete
from tandem.ss7.isup.timers import Timer

M = MessageType

_SUCCESS: Final = RawParameter(ParameterCode.CONTINUITY_INDICATORS, b"\x01")
_FAILURE: Final = RawParameter(ParameterCode.CONTINUITY_INDICATORS, b"\x00")


def check(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """Maintenance asks for a check of an idle circuit: CCR, Q.764 2.1.9. Nothing happens on a busy one."""
    if circuit.state is State.IDLE:
        _check_again(kernel, circuit, now)


def tone_returned(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """The tone came back in time: the circuit is continuous."""
    if circuit.state is State.OUT_CHECK:
        kernel.leave_check(circuit)
        kernel.stop(circuit, Timer.T24)
        circuit.checks_failed = 0
        kernel.reply(circuit, M.COT, [_SUCCESS])
        kernel.set_state(circuit, State.OUT_WAIT_ACM)
    elif circuit.state is State.RECHECK:
        if circuit.checks_failed:
            # Failures were told by COT, so their end is as well.
            kernel.alert(circuit, "continuity restored")
            kernel.reply(circuit, M.COT, [_SUCCESS])
        circuit.checks_failed = 0
        kernel.start_release(circuit, [cause_indicators(Cause.NORMAL_CALL_CLEARING)], now)


def _check_again(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T25 or T26: check the circuit again with CCR."""
    kernel.reply(circuit, M.CCR)
    kernel.set_state(circuit, State.RECHECK)
    kernel.produced.append(ContinuityTone(circuit.group.name, circuit.cic, True))
    kernel.start(circuit, Timer.T24, now)


def _call_failed(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """T24 in a call: say so, try the call on another circuit, check this one again; Q.764 2.1.8, 2.8.1 a)."""
    call = kernel.detach(circuit)
    _failed(kernel, circuit, now)
    if call is not None:
        kernel.attempt_again(call, now, "continuity check failed")


def _failed(kernel: Kernel, circuit: Circuit, now: float) -> None:
    """Maintenance hears of the first failure and of the first recheck that fails, not of every one after."""
    kernel.leave_check(circuit)
    kernel.stop_all(circuit)
    kernel.reply(circuit, M.COT, [_FAILURE])
    circuit.checks_failed += 1
    if circuit.checks_failed == 1:
        kernel.alert(circuit, "continuity check failed, out of service until a recheck succeeds")
    elif circuit.checks_failed == 2:
        kernel.alert(circuit, "continuity recheck failed, the circuit is checked again from time to time")
    kernel.set_state(circuit, State.RECHECK_WAIT)
    kernel.start(circuit, Timer.T25 if circuit.checks_failed == 1 else Timer.T26, now)


#: What a message does while a circuit is to be checked again; what is absent is in `exchange.UNEXPECTED`.
MESSAGES: Final[dict[tuple[State, MessageType], MessageAction]] = {
    (State.RECHECK_WAIT, M.REL): release_received,
    (State.RECHECK_WAIT, M.RLC): discard,
    (State.RECHECK, M.LPA): discard,  # the loop is on; the tone itself will tell
    (State.RECHECK, M.REL): release_received,
    (State.RECHECK, M.RLC): unexpected_release_complete,
}

TIMERS: Final[dict[tuple[State, Timer], TimerAction]] = {
    (State.OUT_CHECK, Timer.T24): _call_failed,
    (State.RECHECK_WAIT, Timer.T25): _check_again,
    (State.RECHECK_WAIT, Timer.T26): _check_again,
    (State.RECHECK, Timer.T24): _failed,
}
