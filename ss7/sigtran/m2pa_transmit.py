"""Numbering, keeping and acknowledgement of messages on an M2PA link (RFC 4165 4.2)."""

from __future__ import annotations

from collections import deque

from tandem.core.sigtran.codes import Ppid
from tandem.core.sigtran.primitives import SendMessage
from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.monitors import CongestionMonitor
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration, M2paCounters, Timer
from tandem.ss7.sigtran.m2pa_messages import SEQUENCE_MASK, LinkStatus, StatusMessage, UserData

#: 1.5.2: link status, and user data with those link statuses that must stay in order with it.
STATUS_STREAM = 0
DATA_STREAM = 1


class Transmitter:
    """Messages on their way to the peer, and what is said of those that came from it.

    Nothing is lost on an association, so nothing is repeated, but for an outage of the peer's processor: it says
    then where it stands, and sending goes on from there.
    """

    def __init__(
        self,
        configuration: M2paConfiguration,
        timers: TimerTable[Timer],
        counters: M2paCounters,
        outputs: list[object],
    ) -> None:
        self._configuration = configuration
        self._timers = timers
        self._counters = counters
        self._outputs = outputs
        self._waiting: deque[bytes] = deque()
        self._unacknowledged: deque[bytes] = deque()
        self._acknowledged = SEQUENCE_MASK
        """FSN before the first of `_unacknowledged`."""
        self._sent = 0
        """How many of `_unacknowledged` are sent."""
        self._congestion = CongestionMonitor(
            configuration.congestion_onset, configuration.congestion_abatement, configuration.congestion_levels
        )
        self._unsaid = 0
        """Messages accepted since an acknowledgement was sent."""
        self.bsn = SEQUENCE_MASK
        """FSN of the last message accepted."""
        self.open = False
        """Whether messages may be sent."""
        self.holds_acknowledgements = False

    def start(self) -> None:
        """Begin anew: numbers as initially (all ones), nothing kept."""
        self.close()
        self._waiting.clear()
        self._unacknowledged.clear()
        self._acknowledged = self.bsn = SEQUENCE_MASK
        self._sent = self._unsaid = 0
        self.holds_acknowledgements = False
        self._check_congestion()

    def close(self) -> None:
        """No messages for now; they wait."""
        self.open = False
        for timer in (Timer.T7, Timer.ACK):
            self._timers.stop(timer)

    def resume(self, now: float) -> None:
        """Messages may be sent."""
        self.open = True
        self._restart_t7(now)
        self.flush(now)

    @property
    def fsn(self) -> int:
        """FSN of the last message sent."""
        return (self._acknowledged + self._sent) & SEQUENCE_MASK

    @property
    def pending(self) -> int:
        """Messages waiting or unacknowledged."""
        return len(self._waiting) + len(self._unacknowledged)

    def send(self, msu: bytes, now: float) -> None:
        """Send a message, or keep it until that is possible."""
        if len(self._waiting) >= self._configuration.transmission_buffer:
            self._counters.messages_discarded += 1
            return
        self._waiting.append(msu)
        self.flush(now)
        self._check_congestion()

    def flush(self, now: float) -> None:
        """Send what may be sent."""
        if not self.open:
            return
        unacknowledged, window = self._unacknowledged, self._configuration.window
        while self._sent < len(unacknowledged) or (self._waiting and len(unacknowledged) < window):
            if self._sent < len(unacknowledged):
                msu = unacknowledged[self._sent]
                self._counters.messages_retransmitted += 1
            else:
                msu = self._waiting.popleft()
                unacknowledged.append(msu)
                self._counters.messages_sent += 1
                self._counters.octets_sent += len(msu)
            self._sent += 1
            self._emit(DATA_STREAM, UserData(self.bsn, self.fsn, msu))
            if not self.holds_acknowledgements:
                self._said()
        if self._sent and not self._timers.is_running(Timer.T7):
            self._restart_t7(now)

    def status(self, status: LinkStatus, stream: int = STATUS_STREAM) -> None:
        """Send Link Status."""
        self._emit(stream, StatusMessage(self.bsn, self.fsn, status))

    def is_expected(self, bsn: int) -> bool:
        """Whether a BSN is that of a message sent and not acknowledged, or of the last one that was."""
        return (bsn - self._acknowledged) & SEQUENCE_MASK <= self._sent

    def acknowledged(self, bsn: int, now: float) -> None:
        """The peer has everything up to `bsn`, which is expected."""
        count = (bsn - self._acknowledged) & SEQUENCE_MASK
        if not count:
            return
        for _ in range(count):
            self._unacknowledged.popleft()
        self._sent -= count
        self._acknowledged = bsn
        self._restart_t7(now)
        self._check_congestion()
        self.flush(now)

    def rewind(self, bsn: int) -> None:
        """The peer has nothing after `bsn`, which is expected: send it again."""
        count = (bsn - self._acknowledged) & SEQUENCE_MASK
        for _ in range(count):
            self._unacknowledged.popleft()
        self._acknowledged = bsn
        self._sent = 0
        self._check_congestion()

    def accepted(self, now: float) -> None:
        """A message was accepted: `bsn` has gone up, and is to be said soon."""
        self._unsaid += 1
        if self.holds_acknowledgements:
            return
        if self._unsaid >= self._configuration.ack_messages:
            self.acknowledge()
        elif not self._timers.is_running(Timer.ACK):
            self._timers.start(Timer.ACK, now + self._configuration.ack_delay)

    def acknowledge(self) -> None:
        """Say what was accepted, in a message of its own, unless that was said already."""
        if self._unsaid and not self.holds_acknowledgements:
            self._emit(DATA_STREAM, UserData(self.bsn, self.fsn))
            self._said()

    def retrieve(self, fsnc: int | None) -> tuple[bytes, ...]:
        """Take all messages after `fsnc`, the last one that the peer accepted; None: only those never sent."""
        messages: list[bytes] = []
        if fsnc is not None and self.is_expected(fsnc):
            messages += list(self._unacknowledged)[(fsnc - self._acknowledged) & SEQUENCE_MASK :]
        messages += self._waiting
        self._waiting.clear()
        self._unacknowledged.clear()
        self._acknowledged = self.fsn
        self._sent = 0
        self._check_congestion()
        return tuple(messages)

    def suspend(self) -> None:
        """The peer takes no messages for now, and cannot be expected to acknowledge; ours are acknowledged still."""
        self.open = False
        self._timers.stop(Timer.T7)

    def _said(self) -> None:
        self._unsaid = 0
        self._timers.stop(Timer.ACK)

    def _restart_t7(self, now: float) -> None:
        if self.open and self._sent:
            self._timers.start(Timer.T7, now + self._configuration.t7)
        else:
            self._timers.stop(Timer.T7)

    def _check_congestion(self) -> None:
        calm = not self._congestion.level
        told = self._congestion.review(self.pending)
        if told is not None:
            self._counters.congestions += calm
            self._outputs.append(told)

    def _emit(self, stream: int, message: UserData | StatusMessage) -> None:
        self._outputs.append(SendMessage(self._configuration.association, stream, Ppid.M2PA, message.encode()))
