"""Initial alignment control, Q.703 (07/96) 7 and figure 9."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import auto
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.ss7.mtp2.monitors import AlignmentErrorRateMonitor
from tandem.ss7.mtp2.transmit import Transmitter
from tandem.ss7.mtp2.units import Status


class AlignmentState(Symbol):
    """States of figure 9."""

    IDLE = auto()
    NOT_ALIGNED = auto()
    """SIO is sent; T2 runs."""
    ALIGNED = auto()
    """SIN or SIE is sent; T3 runs."""
    PROVING = auto()
    """SIN or SIE is sent; T4 runs and errors are counted."""


class AlignmentInput(Symbol):
    """Inputs of figure 9; status indications as received."""

    START = auto()
    STOP = auto()
    EMERGENCY = auto()
    SIO = auto()
    SIN = auto()
    SIE = auto()
    SIOS = auto()
    T2_EXPIRY = auto()
    T3_EXPIRY = auto()
    T4_EXPIRY = auto()
    ABORT_PROVING = auto()
    """From the AERM."""
    CORRECT_UNIT = auto()
    """A signal unit without error, of any kind."""


@dataclass(frozen=True)
class Alignment:
    """How alignment ended."""

    complete: bool
    reason: str = ""
    """Why it was not possible."""


Action = Callable[["AlignmentControl", float], AlignmentState | Alignment]


class AlignmentControl:
    """Aligns the link and proves it; `handle` returns the end of it when there is one."""

    def __init__(
        self,
        configuration: LinkConfiguration,
        timers: TimerTable[Timer],
        transmitter: Transmitter,
        counters: LinkCounters,
    ) -> None:
        self._configuration = configuration
        self._timers = timers
        self._transmitter = transmitter
        self._counters = counters
        self._aerm = AlignmentErrorRateMonitor(configuration.suerm.octets)
        self.state = AlignmentState.IDLE
        self.emergency = False
        """Our side wants a short proving (Emergency mark): SIE is sent, not SIN."""
        self._short = False
        """T4 is Pe: one side or both want a short proving."""
        self._aborted = 0
        """Cp."""
        self._prove_again = False
        """Further proving mark: errors were too many, a correct unit is awaited."""

    def handle(self, event: AlignmentInput, now: float) -> Alignment | None:
        """Act on `event`; what figure 9 does not show for a state is ignored."""
        action = TRANSITIONS.get((self.state, event))
        if action is None:
            return None
        result = action(self, now)
        if isinstance(result, Alignment):
            self._stop(now)
            return result
        self.state = result
        return None

    def monitor(self, good: int, errored: int, octets_counted: int, now: float) -> Alignment | None:
        """Count units received; of one sum, the errors are taken to have come first."""
        if self._aerm.count(errored, octets_counted) and (end := self.handle(AlignmentInput.ABORT_PROVING, now)):
            return end
        return self.handle(AlignmentInput.CORRECT_UNIT, now) if good and self._prove_again else None

    def _start(self, now: float) -> AlignmentState:
        self._short = False
        self._transmitter.send_status(Status.SIO)
        self._timers.start(Timer.T2, now + self._configuration.t2)
        return AlignmentState.NOT_ALIGNED

    def _stop(self, now: float) -> AlignmentState:
        for timer in (Timer.T2, Timer.T3, Timer.T4):
            self._timers.stop(timer)
        self._aerm.stop()
        self._prove_again = False
        self.state = AlignmentState.IDLE
        return self.state

    def _stay_with_emergency(self, now: float) -> AlignmentState:
        self.emergency = True
        return self.state

    def _align(self, now: float) -> AlignmentState:
        self._timers.stop(Timer.T2)
        self._short = self.emergency
        self._transmitter.send_status(Status.SIE if self.emergency else Status.SIN)
        return self._await_peer(now)

    def _align_short(self, now: float) -> AlignmentState:
        state = self._align(now)
        self._short = True
        return state

    def _align_again(self, now: float) -> AlignmentState:
        self._timers.stop(Timer.T4)
        self._aerm.stop()
        self._prove_again = False
        return self._await_peer(now)

    def _await_peer(self, now: float) -> AlignmentState:
        self._timers.start(Timer.T3, now + self._configuration.t3)
        return AlignmentState.ALIGNED

    def _become_urgent(self, now: float) -> AlignmentState:
        self.emergency = True
        self._short = True
        self._transmitter.send_status(Status.SIE)
        return self.state

    def _prove(self, now: float) -> AlignmentState:
        self._timers.stop(Timer.T3)
        self._aborted = 0
        return self._start_period(now)

    def _prove_short(self, now: float) -> AlignmentState:
        self._short = True
        return self._prove(now)

    def _start_period(self, now: float) -> AlignmentState:
        configuration = self._configuration
        self._prove_again = False
        self._aerm.start(configuration.aerm_emergency if self._short else configuration.aerm_normal)
        period = configuration.t4_emergency if self._short else configuration.t4_normal
        self._timers.start(Timer.T4, now + period)
        return AlignmentState.PROVING

    def _shorten(self, now: float) -> AlignmentState:
        if self._short:
            return AlignmentState.PROVING
        self._short = True
        return self._start_period(now)

    def _become_urgent_while_proving(self, now: float) -> AlignmentState:
        self._become_urgent(now)
        return self._start_period(now)

    def _abort(self, now: float) -> AlignmentState | Alignment:
        self._aborted += 1
        self._counters.provings_aborted += 1
        if self._aborted >= self._configuration.proving_attempts:
            return Alignment(False, f"proving aborted {self._aborted} times for errors (Q.703 7.3)")
        self._prove_again = True
        return AlignmentState.PROVING

    def _prove_again_if_marked(self, now: float) -> AlignmentState:
        return self._start_period(now) if self._prove_again else AlignmentState.PROVING

    def _period_over(self, now: float) -> AlignmentState | Alignment:
        return self._start_period(now) if self._prove_again else Alignment(True)

    def _peer_is_out(self, now: float) -> Alignment:
        return Alignment(False, "peer sends SIOS")

    def _no_sign(self, now: float) -> Alignment:
        return Alignment(False, "no sign of alignment from the peer (T2)")

    def _peer_not_aligned(self, now: float) -> Alignment:
        return Alignment(False, "peer does not become aligned (T3)")


_S, _I, _A = AlignmentState, AlignmentInput, AlignmentControl

#: Figure 9/Q.703, sheets 1 to 6.
TRANSITIONS: Final[dict[tuple[AlignmentState, AlignmentInput], Action]] = {
    (_S.IDLE, _I.START): _A._start,
    (_S.IDLE, _I.EMERGENCY): _A._stay_with_emergency,
    (_S.NOT_ALIGNED, _I.SIO): _A._align,
    (_S.NOT_ALIGNED, _I.SIN): _A._align,
    (_S.NOT_ALIGNED, _I.SIE): _A._align_short,
    (_S.NOT_ALIGNED, _I.EMERGENCY): _A._stay_with_emergency,
    (_S.NOT_ALIGNED, _I.T2_EXPIRY): _A._no_sign,
    (_S.NOT_ALIGNED, _I.STOP): _A._stop,
    (_S.ALIGNED, _I.SIN): _A._prove,
    (_S.ALIGNED, _I.SIE): _A._prove_short,
    (_S.ALIGNED, _I.SIOS): _A._peer_is_out,
    (_S.ALIGNED, _I.EMERGENCY): _A._become_urgent,
    (_S.ALIGNED, _I.T3_EXPIRY): _A._peer_not_aligned,
    (_S.ALIGNED, _I.STOP): _A._stop,
    (_S.PROVING, _I.SIO): _A._align_again,
    (_S.PROVING, _I.SIE): _A._shorten,
    (_S.PROVING, _I.SIOS): _A._peer_is_out,
    (_S.PROVING, _I.EMERGENCY): _A._become_urgent_while_proving,
    (_S.PROVING, _I.ABORT_PROVING): _A._abort,
    (_S.PROVING, _I.CORRECT_UNIT): _A._prove_again_if_marked,
    (_S.PROVING, _I.T4_EXPIRY): _A._period_over,
    (_S.PROVING, _I.STOP): _A._stop,
}
