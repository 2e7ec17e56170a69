"""Link state control, Q.703 (07/96) figure 8: the signalling link as level 3 sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import auto
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.core.timers import Agenda, TimerTable
from tandem.ss7 import speed
from tandem.ss7.mtp2.alignment import Alignment, AlignmentControl, AlignmentInput, AlignmentState
from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.ss7.mtp2.cyclic import CyclicTransmitter
from tandem.ss7.mtp2.monitors import ErroredIntervalMonitor, SignalUnitErrorRateMonitor
from tandem.ss7.mtp2.primitives import (
    LinkInService,
    LinkOutOfService,
    LinkState,
    Output,
    RemoteProcessorOutage,
    RemoteProcessorRecovered,
    RetrievedBsnt,
    RetrievedMessages,
)
from tandem.ss7.mtp2.receive import Receiver
from tandem.ss7.mtp2.transmit import Transmitter
from tandem.ss7.mtp2.units import MIN_MSU, Status, check_msu_length, status_name


class LinkInput(Symbol):
    """Inputs of figure 8."""

    START = auto()
    STOP = auto()
    EMERGENCY = auto()
    LOCAL_PROCESSOR_OUTAGE = auto()
    LOCAL_PROCESSOR_RECOVERED = auto()
    ALIGNMENT_COMPLETE = auto()
    ALIGNMENT_NOT_POSSIBLE = auto()
    LINK_FAILURE = auto()
    """From reception control, a monitor, T6 or T7; `_reason` says which."""
    T1_EXPIRY = auto()
    SIO = auto()
    SIN = auto()
    SIE = auto()
    SIOS = auto()
    SIPO = auto()
    SIB = auto()
    FISU_MSU = auto()
    """A FISU or MSU with normal BSN and FIB."""


Action = Callable[["SignallingLink", float], LinkState]


class SignallingLink:
    """One signalling link, an MTP level 2 in full; level 3 is the caller.

    It begins out of service and sends SIOS. Feed it what comes from below with `receive` and `monitor`, hand
    SendUnits from `outputs` down, the rest up. The framing below drops repeats of the last FISU or LSSU: the link
    remembers that unit, and looks at it again whenever its own state changes.
    """

    def __init__(self, configuration: LinkConfiguration) -> None:
        self.configuration = configuration
        self.counters = LinkCounters()
        self.state = LinkState.OUT_OF_SERVICE
        self.local_outage = False
        """Level 3 of ours cannot take messages. Holds until it says otherwise, also across a restart of the link."""
        self.remote_outage = False
        """The peer sends SIPO."""
        self._outputs: list[Output] = []
        self._timers: TimerTable[Timer] = TimerTable()
        transmitter, receiver = blocks(configuration)
        self._transmitter = transmitter(configuration, self._timers, self.counters, self._outputs)
        self._receiver = receiver(configuration, self._transmitter, self.counters, self._outputs, self._fail)
        self._alignment = AlignmentControl(configuration, self._timers, self._transmitter, self.counters)
        self._suerm = SignalUnitErrorRateMonitor(configuration.suerm)
        self._eim = ErroredIntervalMonitor(configuration.eim) if configuration.eim else None
        self._busy = False
        self._reason = ""
        self._held: bytes | None = None
        self._settled = (self.state, self._alignment.state)
        self._repeats = 0

        form = configuration.unit_format
        self._header_octets = form.header_octets
        self._field_bits = form.field_bits
        self._sequence_mask = form.modulus - 1
        self._length_mask = form.max_length_indicator
        self._max_body = configuration.max_sif + 1

        self._transmitter.send_status(Status.SIOS)
        self._finish(0.0)

    # Requests of level 3

    def start(self, now: float) -> None:
        """Align the link; LinkInService or LinkOutOfService will tell how it went. Messages kept are forgotten."""
        self._handle(LinkInput.START, now)
        self._finish(now)

    def stop(self, now: float) -> None:
        """Take the link out of service, at once and without a report."""
        self._handle(LinkInput.STOP, now)
        self._finish(now)

    def set_emergency(self, emergency: bool, now: float) -> None:
        """Ask for short proving, of an alignment under way as well; holds until set to False."""
        self._alignment.emergency = emergency
        if emergency:
            self._handle(LinkInput.EMERGENCY, now)
            self._finish(now)

    def send(self, msu: bytes, now: float) -> None:
        """Send a message, SIO and SIF. When the link cannot, it waits and can be retrieved; `start` forgets it.

        Raises EncodeError when it is too short or too long for an MSU.
        """
        if not MIN_MSU <= len(msu) <= self._max_body:
            check_msu_length(msu, self.configuration.max_sif)  # to say what is wrong
        self._transmitter.send(msu)
        self._transmitter.flush(now)

    def local_processor_outage(self, now: float) -> None:
        """Level 3 cannot take messages: the peer is told with SIPO (8.2)."""
        self.local_outage = True
        self._handle(LinkInput.LOCAL_PROCESSOR_OUTAGE, now)
        self._finish(now)

    def local_processor_recovered(self, now: float) -> None:
        """Level 3 takes messages again."""
        self.local_outage = False
        self._handle(LinkInput.LOCAL_PROCESSOR_RECOVERED, now)
        self._finish(now)

    def set_busy(self, busy: bool, now: float) -> None:
        """Level 3 is congested in receiving: hold the peer back with SIB and without acknowledgements (9.2)."""
        if busy is not self._busy:
            self._busy = busy
            if self.state is LinkState.IN_SERVICE or self.state is LinkState.PROCESSOR_OUTAGE:
                self._control_congestion(now)
            self._finish(now)

    def retrieve_bsnt(self, now: float) -> None:
        """Ask for the number of the last message accepted; answered by RetrievedBsnt (Q.704 5.4)."""
        self._outputs.append(RetrievedBsnt(self._receiver.last_accepted))

    def retrieval_request(self, fsnc: int | None, now: float) -> None:
        """Ask for the messages that the peer has not accepted; answered by RetrievedMessages (Q.704 5.5).

        `fsnc` is the number that the peer reported; None, when it could not, leaves out those already sent.
        A link in service gives nothing away.
        """
        in_service = self.state is LinkState.IN_SERVICE
        self._outputs.append(RetrievedMessages(() if in_service else self._transmitter.retrieve(fsnc)))

    def flush_buffers(self, now: float) -> None:
        """Discard what the peer has not acknowledged: after a processor outage it is too old (8.3).

        To be asked for when the outage has ended; without it the link goes on with the old messages ("continue").
        """
        if self.state in (LinkState.IN_SERVICE, LinkState.PROCESSOR_OUTAGE):
            self._transmitter.flush_messages()
            self._finish(now)

    # From below

    def receive(self, units: Sequence[bytes], now: float) -> None:
        """Take signal units, BSN first, check bits good and removed, in the order they came."""
        for unit in units:
            self._repeats = 0
            if self.state is LinkState.IN_SERVICE and self._receiver.plain(unit, now):
                self._held = unit if len(unit) == self._header_octets else None
            else:
                self._receive(unit, now)
                self._settle(now)
        self._transmitter.flush(now)

    def monitor(self, good: int, errored: int, octets_counted: int, now: float) -> None:
        """Take counts of all units since the last call, those filtered out included, for the error rate monitors.

        `octets_counted` are octets received in octet counting mode (Q.703 4.1.4).
        """
        self.counters.units_good += good
        self.counters.units_errored += errored
        if self._repeats and self._held is not None and self._receiver.is_suspicious:
            # 5.3 speaks of consecutive units: an abnormal FISU that the peer goes on repeating is another abnormal one.
            self._receive(self._held, now)
        self._repeats = good
        if self.state is LinkState.INITIAL_ALIGNMENT:
            self._alignment_event(self._alignment.monitor(good, errored, octets_counted, now), now)
        elif self._eim is not None:
            self._eim.count(errored, octets_counted)
        elif self._suerm.count(good, errored, octets_counted):
            self._fail("too many errored signal units (SUERM, Q.703 10.2)", now)
        state, alignment = self._settled  # as `_finish`: this comes with every portion of a line
        if state is not self.state or alignment is not self._alignment.state:
            self._settle(now)
        self._transmitter.flush(now)

    # The machine's clockwork

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

    def next_deadline(self) -> float | None:
        """Time at which `handle_timers` is due, or None when no timer runs."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired at `now`."""
        for timer in self._timers.expired(now):
            if (alignment := _ALIGNMENT_TIMERS.get(timer)) is not None:
                self._alignment_event(self._alignment.handle(alignment, now), now)
            elif timer is Timer.T1:
                self._reason = "peer did not finish proving (T1)"
                self._handle(LinkInput.T1_EXPIRY, now)
            elif timer is Timer.T5:
                self._control_congestion(now)
            elif timer is Timer.T6:
                self._fail("peer was congested too long (T6)", now)
            elif timer is Timer.T7:
                self._fail("peer acknowledges too late (T7)", now)
            elif timer is Timer.T8 and self._eim is not None:
                self._timers.start(Timer.T8, now + self.configuration.t8)
                if self._eim.interval():
                    self._fail("too many errored intervals (EIM, Q.703 Annex A)", now)
        self._finish(now)

    @property
    def waiting(self) -> list[Output]:
        """What `outputs` is going to return: the same list every time, for those who look often."""
        return self._outputs

    def outputs(self) -> list[Output]:
        """Return what has been produced since the last call, in order, and forget it."""
        outputs = self._outputs[:]
        self._outputs.clear()
        return outputs

    @property
    def alignment_state(self) -> AlignmentState:
        """Where initial alignment is."""
        return self._alignment.state

    @property
    def pending_messages(self) -> int:
        """Messages waiting or unacknowledged."""
        return self._transmitter.pending

    def _finish(self, now: float) -> None:
        state, alignment = self._settled
        if state is not self.state or alignment is not self._alignment.state:
            self._settle(now)
        self._transmitter.flush(now)

    def _settle(self, now: float) -> None:
        # After a change of state the peer's next unit would be looked at afresh; a repeat never reaches us.
        for _ in LinkState:
            settled = (self.state, self._alignment.state)
            if settled == self._settled:
                return
            self._settled = settled
            if self._held is not None:
                self._receive(self._held, now)

    def _receive(self, octets: bytes, now: float) -> None:
        size, bits, mask = self._header_octets, self._field_bits, self._sequence_mask
        length = len(octets) - size
        value = int.from_bytes(octets[:size], "little")
        if not 0 <= length <= self._max_body or value >> 2 * bits & self._length_mask != min(length, self._length_mask):
            self.counters.units_discarded += 1
            return
        self._held = octets if length < MIN_MSU else None
        if 0 < length < MIN_MSU:
            self._receive_status(octets[size] & 7, now)
        elif self.state not in _UNALIGNED:
            fib = value >> 2 * bits - 1 & 1
            if self._receiver.check(value & mask, value >> bits - 1 & 1, fib, now):
                if self.state is not LinkState.IN_SERVICE:
                    self._handle(LinkInput.FISU_MSU, now)
                self._receiver.accept(value >> bits & mask, fib, octets[size:] if length else None)

    def _receive_status(self, status: int, now: float) -> None:
        if status in _LINK_INPUTS:
            self._reason = f"peer sends {status_name(status)}"
            self._handle(_LINK_INPUTS[status], now)

    def _handle(self, event: LinkInput, now: float) -> None:
        if (action := TRANSITIONS.get((self.state, event))) is not None:
            self.state = action(self, now)
        elif self.state is LinkState.INITIAL_ALIGNMENT and event in _ALIGNMENT_INPUTS:
            self._alignment_event(self._alignment.handle(_ALIGNMENT_INPUTS[event], now), now)

    def _alignment_event(self, end: Alignment | None, now: float) -> None:
        if end is not None:
            self._reason = end.reason
            complete = end.complete
            self._handle(LinkInput.ALIGNMENT_COMPLETE if complete else LinkInput.ALIGNMENT_NOT_POSSIBLE, now)

    def _fail(self, reason: str, now: float) -> None:
        self._reason = reason
        self._handle(LinkInput.LINK_FAILURE, now)

    # Actions of figure 8; each returns the next state

    def _start(self, now: float) -> LinkState:
        self._receiver.start()
        self._transmitter.start()
        self.remote_outage = False
        self._alignment.handle(AlignmentInput.START, now)
        return LinkState.INITIAL_ALIGNMENT

    def _stop(self, now: float) -> LinkState:
        self._alignment.handle(AlignmentInput.STOP, now)
        self._suerm.stop()
        for timer in (Timer.T1, Timer.T5, Timer.T8):
            self._timers.stop(timer)
        self._transmitter.send_status(Status.SIOS)
        return LinkState.OUT_OF_SERVICE

    def _alignment_failed(self, now: float) -> LinkState:
        self.counters.alignments_failed += 1
        return self._out_of_service(now)

    def _failed(self, now: float) -> LinkState:
        self.counters.failures += 1
        return self._out_of_service(now)

    def _out_of_service(self, now: float) -> LinkState:
        self._outputs.append(LinkOutOfService(self._reason))
        return self._stop(now)

    def _aligned(self, now: float) -> LinkState:
        self._timers.start(Timer.T1, now + self.configuration.t1)
        if self._eim is not None:
            self._eim.start()
            self._timers.start(Timer.T8, now + self.configuration.t8)
        else:
            self._suerm.start()
        return self._aligned_not_ready(now) if self.local_outage else self._aligned_ready(now)

    def _aligned_not_ready(self, now: float) -> LinkState:
        self._transmitter.send_status(Status.SIPO)
        self._receiver.refuse()
        return LinkState.ALIGNED_NOT_READY

    def _aligned_ready(self, now: float) -> LinkState:
        self._transmitter.send_fisu()
        self._receiver.resume()
        return LinkState.ALIGNED_READY

    def _enter_service(self, now: float) -> None:
        self._timers.stop(Timer.T1)
        self.counters.alignments += 1
        self._outputs.append(LinkInService())
        if self._busy:
            self._control_congestion(now)

    def _in_service(self, now: float) -> LinkState:
        self._enter_service(now)
        self._transmitter.send_msu(now)
        return LinkState.IN_SERVICE

    def _in_service_with_local_outage(self, now: float) -> LinkState:
        self._enter_service(now)
        return LinkState.PROCESSOR_OUTAGE

    def _in_service_with_remote_outage(self, now: float) -> LinkState:
        self._enter_service(now)
        return self._remote_outage(now)

    def _local_outage(self, now: float) -> LinkState:
        self._transmitter.send_status(Status.SIPO)
        self._receiver.refuse()
        return LinkState.PROCESSOR_OUTAGE

    def _local_recovered(self, now: float) -> LinkState:
        self._receiver.resume()
        return self._end_of_outage(now)

    def _remote_outage(self, now: float) -> LinkState:
        if not self.remote_outage:
            self.remote_outage = True
            self._outputs.append(RemoteProcessorOutage())
            if not self.local_outage:
                self._transmitter.send_fisu()
        return LinkState.PROCESSOR_OUTAGE

    def _remote_recovered(self, now: float) -> LinkState:
        if self.remote_outage:
            self.remote_outage = False
            self._outputs.append(RemoteProcessorRecovered())
        return self._end_of_outage(now)

    def _end_of_outage(self, now: float) -> LinkState:
        if self.local_outage:
            return LinkState.PROCESSOR_OUTAGE
        if self.remote_outage:
            self._transmitter.send_fisu()
            return LinkState.PROCESSOR_OUTAGE
        self._transmitter.send_msu(now)
        return LinkState.IN_SERVICE

    def _remote_busy(self, now: float) -> LinkState:
        self._transmitter.remote_busy(now)
        return self.state

    def _control_congestion(self, now: float) -> None:
        """Congestion control, Q.703 9 and figure 19."""
        if self._busy:
            self._receiver.hold_acknowledgements()
            self._transmitter.send_busy()
            self._timers.start(Timer.T5, now + self.configuration.t5)
        else:
            self._timers.stop(Timer.T5)
            self._receiver.release_acknowledgements()


def blocks(configuration: LinkConfiguration) -> tuple[type[Transmitter], type[Receiver]]:
    """The classes for transmission and reception control of a link: compiled ones where there are any."""
    if configuration.error_correction == "cyclic":
        return CyclicTransmitter, Receiver
    if speed.speedups is not None:
        return speed.speedups.Transmitter, speed.speedups.Receiver
    return Transmitter, Receiver


_UNALIGNED: Final = frozenset({LinkState.OUT_OF_SERVICE, LinkState.INITIAL_ALIGNMENT})
_ALIGNMENT_TIMERS: Final = {
    Timer.T2: AlignmentInput.T2_EXPIRY,
    Timer.T3: AlignmentInput.T3_EXPIRY,
    Timer.T4: AlignmentInput.T4_EXPIRY,
}
#: What link state control passes on to initial alignment control, from level 3 and from the peer.
_ALIGNMENT_INPUTS: Final = {
    LinkInput.EMERGENCY: AlignmentInput.EMERGENCY,
    LinkInput.SIO: AlignmentInput.SIO,
    LinkInput.SIN: AlignmentInput.SIN,
    LinkInput.SIE: AlignmentInput.SIE,
    LinkInput.SIOS: AlignmentInput.SIOS,
}
_LINK_INPUTS: Final = {int(status): LinkInput[status.name] for status in Status}

_S, _I, _L = LinkState, LinkInput, SignallingLink

#: Figure 8/Q.703; what it does not show for a state is ignored.
TRANSITIONS: Final[dict[tuple[LinkState, LinkInput], Action]] = {
    # Sheet 2: out of service
    (_S.OUT_OF_SERVICE, _I.START): _L._start,
    # Sheets 3 and 4: initial alignment
    (_S.INITIAL_ALIGNMENT, _I.ALIGNMENT_COMPLETE): _L._aligned,
    (_S.INITIAL_ALIGNMENT, _I.ALIGNMENT_NOT_POSSIBLE): _L._alignment_failed,
    (_S.INITIAL_ALIGNMENT, _I.LINK_FAILURE): _L._alignment_failed,
    (_S.INITIAL_ALIGNMENT, _I.STOP): _L._stop,
    # Sheets 5 and 6: aligned ready
    (_S.ALIGNED_READY, _I.FISU_MSU): _L._in_service,
    (_S.ALIGNED_READY, _I.SIPO): _L._in_service_with_remote_outage,
    (_S.ALIGNED_READY, _I.LOCAL_PROCESSOR_OUTAGE): _L._aligned_not_ready,
    (_S.ALIGNED_READY, _I.SIO): _L._failed,
    (_S.ALIGNED_READY, _I.SIOS): _L._failed,
    (_S.ALIGNED_READY, _I.LINK_FAILURE): _L._failed,
    (_S.ALIGNED_READY, _I.T1_EXPIRY): _L._failed,
    (_S.ALIGNED_READY, _I.STOP): _L._stop,
    # Sheets 7 and 8: aligned not ready
    (_S.ALIGNED_NOT_READY, _I.FISU_MSU): _L._in_service_with_local_outage,
    (_S.ALIGNED_NOT_READY, _I.SIPO): _L._in_service_with_remote_outage,
    (_S.ALIGNED_NOT_READY, _I.LOCAL_PROCESSOR_RECOVERED): _L._aligned_ready,
    (_S.ALIGNED_NOT_READY, _I.SIO): _L._failed,
    (_S.ALIGNED_NOT_READY, _I.SIOS): _L._failed,
    (_S.ALIGNED_NOT_READY, _I.LINK_FAILURE): _L._failed,
    (_S.ALIGNED_NOT_READY, _I.T1_EXPIRY): _L._failed,
    (_S.ALIGNED_NOT_READY, _I.STOP): _L._stop,
    # Sheets 9 and 10: in service
    (_S.IN_SERVICE, _I.SIPO): _L._remote_outage,
    (_S.IN_SERVICE, _I.LOCAL_PROCESSOR_OUTAGE): _L._local_outage,
    (_S.IN_SERVICE, _I.SIB): _L._remote_busy,
    (_S.IN_SERVICE, _I.SIO): _L._failed,
    (_S.IN_SERVICE, _I.SIN): _L._failed,
    (_S.IN_SERVICE, _I.SIE): _L._failed,
    (_S.IN_SERVICE, _I.SIOS): _L._failed,
    (_S.IN_SERVICE, _I.LINK_FAILURE): _L._failed,
    (_S.IN_SERVICE, _I.STOP): _L._stop,
    # Sheets 11 to 14: processor outage
    (_S.PROCESSOR_OUTAGE, _I.FISU_MSU): _L._remote_recovered,
    (_S.PROCESSOR_OUTAGE, _I.SIPO): _L._remote_outage,
    (_S.PROCESSOR_OUTAGE, _I.LOCAL_PROCESSOR_OUTAGE): _L._local_outage,
    (_S.PROCESSOR_OUTAGE, _I.LOCAL_PROCESSOR_RECOVERED): _L._local_recovered,
    (_S.PROCESSOR_OUTAGE, _I.SIB): _L._remote_busy,
    (_S.PROCESSOR_OUTAGE, _I.SIO): _L._failed,
    (_S.PROCESSOR_OUTAGE, _I.SIN): _L._failed,
    (_S.PROCESSOR_OUTAGE, _I.SIE): _L._failed,
    (_S.PROCESSOR_OUTAGE, _I.SIOS): _L._failed,
    (_S.PROCESSOR_OUTAGE, _I.LINK_FAILURE): _L._failed,
    (_S.PROCESSOR_OUTAGE, _I.STOP): _L._stop,
}
