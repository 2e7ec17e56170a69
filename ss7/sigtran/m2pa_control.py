"""Link state control of M2PA, RFC 4165 4.1: what a link does when something happens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.primitives import (
    LinkInService,
    LinkOutOfService,
    MessageReceived,
    RemoteProcessorOutage,
    RemoteProcessorRecovered,
)
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration, M2paCounters, Timer
from tandem.ss7.sigtran.m2pa_messages import SEQUENCE_MASK, LinkStatus, StatusMessage
from tandem.ss7.sigtran.m2pa_states import Input, State
from tandem.ss7.sigtran.m2pa_transmit import DATA_STREAM, Transmitter

Event = Input | LinkStatus
Action = Callable[["LinkControl", float], State]


class LinkControl:
    """State of a link and the actions that lead from one to the next; `m2pa.M2paLink` is what to use."""

    def __init__(self, configuration: M2paConfiguration) -> None:
        self.configuration = configuration
        self.counters = M2paCounters()
        self.local_outage = False
        """Level 3 of ours cannot take messages; holds until it says otherwise."""
        self.remote_outage = False
        """The peer's level 3 cannot take messages."""
        self.connected_now = False
        """Whether there is an association."""
        self._outputs: list[object] = []
        self._timers: TimerTable[Timer] = TimerTable()
        self._transmitter = Transmitter(configuration, self._timers, self.counters, self._outputs)
        self._state = State.OUT_OF_SERVICE
        self._emergency = False
        self._peer_emergency = False
        self._peer_ready = False
        """The peer has said Ready, or Processor Outage, after proving."""
        self._awaiting_ready = False
        """Our outage is over, and the peer has not said Ready to that yet."""
        self._busy = False
        self._remote_busy = False
        self._held: list[bytes] = []
        """Messages that came during an outage of ours: neither handed up nor acknowledged."""
        self._reason = ""
        self._message = StatusMessage(0, 0, LinkStatus.OUT_OF_SERVICE)

    def _handle(self, event: Event, now: float) -> None:
        action = TRANSITIONS.get((self._state, event))
        if action is not None:
            self._state = action(self, now)
        elif isinstance(event, LinkStatus):
            self.counters.unexpected += 1

    def _fail(self, reason: str, now: float) -> None:
        self._reason = reason
        self._handle(Input.FAILURE, now)

    def _say_again(self, status: LinkStatus, now: float) -> None:
        self._transmitter.status(status)
        self._timers.start(Timer.REPEAT, now + self.configuration.repeat)

    @property
    def _proving(self) -> LinkStatus:
        return LinkStatus.PROVING_EMERGENCY if self._emergency else LinkStatus.PROVING_NORMAL

    def _say_busy(self) -> None:
        self._transmitter.holds_acknowledgements = self._busy
        self._transmitter.status(LinkStatus.BUSY if self._busy else LinkStatus.BUSY_ENDED)
        self._transmitter.acknowledge()

    # Actions; each returns the next state

    def _ignore(self, now: float) -> State:
        return self._state

    def _start(self, now: float) -> State:
        self._transmitter.start()
        self._held.clear()
        self.remote_outage = self._peer_ready = self._peer_emergency = self._awaiting_ready = self._remote_busy = False
        self._timers.start(Timer.T2, now + self.configuration.t2)
        if self.connected_now:
            self._say_again(LinkStatus.ALIGNMENT, now)
        return State.NOT_ALIGNED

    def _connected_out_of_service(self, now: float) -> State:
        self._transmitter.status(LinkStatus.OUT_OF_SERVICE)
        return State.OUT_OF_SERVICE

    def _connected_not_aligned(self, now: float) -> State:
        self._timers.start(Timer.T2, now + self.configuration.t2)
        self._say_again(LinkStatus.ALIGNMENT, now)
        return State.NOT_ALIGNED

    def _stop(self, now: float) -> State:
        self._timers.clear()
        self._transmitter.close()
        if self.connected_now:
            self._transmitter.status(LinkStatus.OUT_OF_SERVICE)
        return State.OUT_OF_SERVICE

    def _alignment_failed(self, now: float) -> State:
        self.counters.alignments_failed += 1
        self._outputs.append(LinkOutOfService(self._reason))
        return self._stop(now)

    def _failed(self, now: float) -> State:
        self.counters.failures += 1
        self._outputs.append(LinkOutOfService(self._reason))
        return self._stop(now)

    def _lost_while_waiting(self, now: float) -> State:
        """Without an association there is still time (T2) for another."""
        self._timers.stop(Timer.REPEAT)
        return State.NOT_ALIGNED

    def _align(self, now: float) -> State:
        # The peer may have begun after our last Alignment: it hears another before Proving.
        self._transmitter.status(LinkStatus.ALIGNMENT)
        self._timers.stop(Timer.T2)
        return self._await_proving(now)

    def _await_proving(self, now: float) -> State:
        self._timers.stop(Timer.T4)
        self._timers.start(Timer.T3, now + self.configuration.t3)
        self._say_again(self._proving, now)
        return State.ALIGNED

    def _prove_at_once(self, now: float) -> State:
        self._align(now)
        return self._prove(now)

    def _prove(self, now: float) -> State:
        self._peer_emergency = self._message.status is LinkStatus.PROVING_EMERGENCY
        self._timers.stop(Timer.T3)
        self._timers.start(Timer.T4, now + self._proving_period)
        return State.PROVING

    def _prove_on(self, now: float) -> State:
        """Proving goes on; when the peer is in a hurry now, the period begins anew and is the short one (7.3)."""
        if self._message.status is LinkStatus.PROVING_EMERGENCY and not self._peer_emergency:
            return self._shorten(now, peer=True)
        return State.PROVING

    def _hurry(self, now: float) -> State:
        self._say_again(self._proving, now)
        return State.ALIGNED if self._state is State.ALIGNED else self._shorten(now, peer=False)

    def _shorten(self, now: float, peer: bool) -> State:
        self._peer_emergency = self._peer_emergency or peer
        self._timers.start(Timer.T4, now + self._proving_period)
        return State.PROVING

    @property
    def _proving_period(self) -> float:
        emergency = self._emergency or self._peer_emergency
        return self.configuration.t4_emergency if emergency else self.configuration.t4_normal

    def _note_ready(self, now: float) -> State:
        """The peer finished proving before us; it does not say so twice."""
        self._peer_ready = True
        self.remote_outage = False
        return self._state

    def _note_outage(self, now: float) -> State:
        self._peer_ready = True
        self.remote_outage = True
        return self._state

    def _proved(self, now: float) -> State:
        self._timers.stop(Timer.REPEAT)
        self._transmitter.status(LinkStatus.PROCESSOR_OUTAGE if self.local_outage else LinkStatus.READY)
        if self._peer_ready:
            return self._enter_service(now)
        self._timers.start(Timer.T1, now + self.configuration.t1)
        return State.ALIGNED_NOT_READY if self.local_outage else State.ALIGNED_READY

    def _not_ready(self, now: float) -> State:
        self._transmitter.status(LinkStatus.PROCESSOR_OUTAGE)
        return State.ALIGNED_NOT_READY

    def _ready_after_all(self, now: float) -> State:
        self._transmitter.status(LinkStatus.READY)
        return State.ALIGNED_READY

    def _enter_service(self, now: float) -> State:
        self._timers.stop(Timer.T1)
        self.counters.alignments += 1
        self._outputs.append(LinkInService())
        if self._busy:
            self._say_busy()
        if self.remote_outage:
            self._outputs.append(RemoteProcessorOutage())
        return self._operate(now)

    def _enter_service_ready(self, now: float) -> State:
        self._peer_ready = True
        return self._enter_service(now)

    def _enter_service_with_remote_outage(self, now: float) -> State:
        self._peer_ready = True
        self.remote_outage = True
        return self._enter_service(now)

    def _proving_in_service(self, now: float) -> State:
        """The peer begins anew; or messages overtook its Ready, and what it said before that comes only now."""
        return self._failed(now) if self._peer_ready else self._state

    def _ready_in_service(self, now: float) -> State:
        self._peer_ready = True
        return self._state

    def _operate(self, now: float) -> State:
        """In service, or in processor outage as long as there is one."""
        if self.local_outage or self.remote_outage or self._awaiting_ready:
            self._transmitter.suspend()
            self._timers.stop(Timer.T6)
            return State.PROCESSOR_OUTAGE
        if self._remote_busy:
            self._transmitter.suspend()
            if not self._timers.is_running(Timer.T6):
                self._timers.start(Timer.T6, now + self.configuration.t6)
            return State.IN_SERVICE
        self._transmitter.resume(now)
        return State.IN_SERVICE

    def _local_outage_begins(self, now: float) -> State:
        self._transmitter.acknowledge()
        self._transmitter.status(LinkStatus.PROCESSOR_OUTAGE, DATA_STREAM)
        self._awaiting_ready = False
        self._timers.stop(Timer.T1)
        return self._operate(now)

    def _local_outage_ends(self, now: float) -> State:
        # What is held does not count as accepted: a peer that gave up waiting sends it again.
        bsn = self._transmitter.bsn
        self._transmitter.bsn = (bsn - len(self._held)) & SEQUENCE_MASK
        self._transmitter.status(LinkStatus.PROCESSOR_RECOVERED, DATA_STREAM)
        self._transmitter.bsn = bsn
        self._awaiting_ready = True
        self._timers.start(Timer.T1, now + self.configuration.t1)
        return self._operate(now)

    def _ready_in_outage(self, now: float) -> State:
        """The peer answers our recovery, and says with its FSN whether it will send again what we hold (4.1.4)."""
        message = self._message
        self._peer_ready = True
        if self._awaiting_ready:
            self._awaiting_ready = False
            self._timers.stop(Timer.T1)
            if message.fsn == self._transmitter.bsn:
                for msu in self._held:
                    self._outputs.append(MessageReceived(msu))
                    self._transmitter.accepted(now)
            else:
                self._transmitter.bsn = (self._transmitter.bsn - len(self._held)) & SEQUENCE_MASK
            self._held.clear()
        else:
            self._remote_over()  # of a peer that was in outage when it finished proving
        if self._transmitter.is_expected(message.bsn):
            self._transmitter.acknowledged(message.bsn, now)
        return self._operate(now)

    def _remote_outage_begins(self, now: float) -> State:
        if not self.remote_outage:
            self.remote_outage = True
            self._outputs.append(RemoteProcessorOutage())
        return self._operate(now)

    def _remote_outage_ends(self, now: float) -> State:
        """Send again from where the peer says it stands; Ready goes before that on the same stream (4.1.4)."""
        if self._transmitter.is_expected(self._message.bsn):
            self._transmitter.rewind(self._message.bsn)
        self._transmitter.status(LinkStatus.READY, DATA_STREAM)
        self._remote_over()
        return self._operate(now)

    def _remote_over(self) -> None:
        if self.remote_outage:
            self.remote_outage = False
            self._outputs.append(RemoteProcessorRecovered())

    def _remote_busy_begins(self, now: float) -> State:
        if not self._remote_busy:
            self._remote_busy = True
            self.counters.remote_congestions += 1
        return self._operate(now)

    def _remote_busy_ends(self, now: float) -> State:
        self._remote_busy = False
        self._timers.stop(Timer.T6)
        return self._operate(now)


#: States in which messages may come.
OPERATING: Final = frozenset({State.IN_SERVICE, State.PROCESSOR_OUTAGE})
ALIGNED: Final = frozenset({State.ALIGNED_READY, State.ALIGNED_NOT_READY})
_S, _I, _M, _L = State, Input, LinkStatus, LinkControl
_PROVINGS: Final = (_M.PROVING_NORMAL, _M.PROVING_EMERGENCY)

#: RFC 4165 4.1, as states, what happens, action; what is not there is ignored, and counted if the peer sent it.
_ROWS: Final[tuple[tuple[Iterable[State], Iterable[Event], Action], ...]] = (
    (_S, [_I.STOP], _L._stop),
    ([_S.OUT_OF_SERVICE], [_I.START], _L._start),
    ([_S.OUT_OF_SERVICE], [_I.CONNECTED], _L._connected_out_of_service),
    ([_S.OUT_OF_SERVICE], [_M.OUT_OF_SERVICE, _M.ALIGNMENT], _L._ignore),
    # Initial alignment
    ([_S.NOT_ALIGNED], [_I.CONNECTED], _L._connected_not_aligned),
    ([_S.NOT_ALIGNED], [_I.FAILURE], _L._lost_while_waiting),
    ([_S.NOT_ALIGNED], [_I.T2_EXPIRY], _L._alignment_failed),
    ([_S.NOT_ALIGNED], [_M.OUT_OF_SERVICE], _L._ignore),
    ([_S.NOT_ALIGNED], [_M.ALIGNMENT], _L._align),
    ([_S.NOT_ALIGNED], _PROVINGS, _L._prove_at_once),
    ([_S.ALIGNED, _S.PROVING], [_I.FAILURE, _I.T3_EXPIRY, _M.OUT_OF_SERVICE], _L._alignment_failed),
    ([_S.ALIGNED, _S.PROVING], [_I.EMERGENCY], _L._hurry),
    ([_S.ALIGNED], [_M.ALIGNMENT], _L._ignore),
    ([_S.ALIGNED], _PROVINGS, _L._prove),
    ([_S.PROVING], [_I.T4_EXPIRY], _L._proved),
    ([_S.PROVING], [_M.ALIGNMENT], _L._await_proving),
    ([_S.PROVING], [_M.READY], _L._note_ready),
    ([_S.PROVING], [_M.PROCESSOR_OUTAGE], _L._note_outage),
    ([_S.PROVING], _PROVINGS, _L._prove_on),
    # Aligned
    (ALIGNED, [_I.FAILURE, _I.T1_EXPIRY, _M.OUT_OF_SERVICE, _M.ALIGNMENT], _L._failed),
    (ALIGNED, [_I.USER_DATA], _L._enter_service),
    (ALIGNED, [_M.READY], _L._enter_service_ready),
    (ALIGNED, [_M.PROCESSOR_OUTAGE], _L._enter_service_with_remote_outage),
    (ALIGNED, _PROVINGS, _L._ignore),
    ([_S.ALIGNED_READY], [_I.LOCAL_OUTAGE], _L._not_ready),
    ([_S.ALIGNED_NOT_READY], [_I.LOCAL_RECOVERED], _L._ready_after_all),
    # In service
    (OPERATING, [_I.FAILURE, _I.T1_EXPIRY, _M.OUT_OF_SERVICE, _M.ALIGNMENT], _L._failed),
    (OPERATING, _PROVINGS, _L._proving_in_service),
    (OPERATING, [_I.LOCAL_OUTAGE], _L._local_outage_begins),
    (OPERATING, [_M.PROCESSOR_OUTAGE], _L._remote_outage_begins),
    (OPERATING, [_M.PROCESSOR_RECOVERED], _L._remote_outage_ends),
    (OPERATING, [_M.BUSY], _L._remote_busy_begins),
    (OPERATING, [_M.BUSY_ENDED], _L._remote_busy_ends),
    ([_S.IN_SERVICE], [_M.READY], _L._ready_in_service),
    ([_S.PROCESSOR_OUTAGE], [_M.READY], _L._ready_in_outage),
    ([_S.PROCESSOR_OUTAGE], [_I.LOCAL_RECOVERED], _L._local_outage_ends),
)
TRANSITIONS: Final[dict[tuple[State, Event], Action]] = {
    (state, event): action for states, events, action in _ROWS for state in states for event in events
}
