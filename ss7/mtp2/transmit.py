"""Transmission control, Q.703 (07/96) 5 and figure 13: basic error correction, the sending half.

Q.703 has the terminal ask for a unit whenever the last one is out. Here units go into a queue below and one unit is
repeated while that queue is empty, so this block hands down messages at the pace of the line (`queue_ahead` of it at
most: units queued before a retransmission are sent in vain) and names the unit to repeat.

The preventive cyclic method of Q.703 6 is the class in `cyclic`: it differs in what is sent when there is nothing
new, and in what an inverted BIB means.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.ss7.mtp2.monitors import CongestionMonitor
from tandem.ss7.mtp2.primitives import Output, SendUnits
from tandem.ss7.mtp2.units import Status

#: Octets of a unit on the line besides header and body: check bits and one flag.
FRAMING_OCTETS: Final = 3
#: Bits on the line for an octet of a unit: stuffing adds a bit in 62 to random data; twice that is allowed for.
BITS_PER_OCTET: Final = 8.25


class Transmitter:
    """Numbers, keeps and repeats messages until they are acknowledged.

    Call `flush` after one or more of the others: it hands down what they made necessary.
    """

    def __init__(
        self, configuration: LinkConfiguration, timers: TimerTable[Timer], counters: LinkCounters, outputs: list[Output]
    ) -> None:
        self._configuration = configuration
        self._timers = timers
        self._counters = counters
        self._outputs = outputs
        self._format = configuration.unit_format
        self._mask = self._format.modulus - 1
        self._window = configuration.window
        self._ahead = configuration.queue_ahead
        self._t7 = configuration.t7
        self._seconds_per_octet = BITS_PER_OCTET / configuration.bit_rate
        self._overhead = self._format.header_octets + FRAMING_OCTETS
        #: TB: messages without a number yet.
        self._transmission: deque[bytes] = deque()
        #: RTB: numbered messages, by FSN.
        self._retransmission: list[bytes] = [b""] * self._format.modulus
        self._units: list[bytes] = []
        self._repeated: tuple[int, int, int, int, Status | None] | None = None
        """What the unit to be repeated was made of: FSN, BSN, BIB, FIB, status."""
        self._status: Status | None = None
        self._inhibited = True
        self._congestion = CongestionMonitor(
            configuration.congestion_onset, configuration.congestion_abatement, configuration.congestion_levels
        )
        self._line_free = 0.0
        self._reset_numbers()

    def _reset_numbers(self) -> None:
        # 5.1: both ends begin with FSN = BSN = 127 (all ones) and FIB = BIB = 1.
        self._acknowledged = self._mask  # FSNF - 1
        self._last = self._mask  # FSNL, the last number given
        self._sent = self._mask  # FSNT, the last number sent; behind FSNL while retransmitting
        self._fib = 1
        self._bsn = self._mask
        self._bib = 1

    def start(self) -> None:
        """Begin anew: numbers as initially, nothing kept."""
        self._inhibit()
        self._reset_numbers()
        self._transmission.clear()
        self._check_congestion()

    # The unit to repeat

    def send_status(self, status: Status) -> None:
        """Repeat LSSUs with `status`; messages wait.

        One is queued as well: should the next change come before the line took this one, the peer still sees it.
        """
        self._inhibit()
        if self._status is not status:
            self._status = status
            self._units.append(self._status_unit(status))

    def send_fisu(self) -> None:
        """Repeat FISUs; messages wait (aligned ready, remote processor outage)."""
        self._inhibit()
        self._status = None

    def send_msu(self, now: float) -> None:
        """Send messages, and FISUs when there are none."""
        self._status = None
        self._inhibited = False
        if self._last != self._acknowledged:
            self._timers.start(Timer.T7, now + self._t7)

    def send_busy(self) -> None:
        """Send one SIB between whatever else is sent (9.2)."""
        self._units.append(self._status_unit(Status.SIB))

    def _inhibit(self) -> None:
        self._inhibited = True
        for timer in (Timer.T6, Timer.T7, Timer.PACE):
            self._timers.stop(timer)

    # From the receiving half and from level 3

    def set_backward(self, bsn: int, bib: int) -> None:
        """BSN and BIB of units from now on: acknowledges up to `bsn`, asks for the rest when `bib` is inverted."""
        self._bsn = bsn
        self._bib = bib

    def send(self, msu: bytes) -> None:
        """Keep `msu` (SIO and SIF) for sending."""
        if len(self._transmission) >= self._configuration.transmission_buffer:
            self._counters.messages_discarded += 1
            return
        self._transmission.append(msu)
        self._check_congestion()

    def is_expected(self, bsn: int) -> bool:
        """Whether a received BSN is one of the messages not acknowledged, or the last one that was (5.3.1)."""
        before = self._acknowledged
        return (bsn - before) & self._mask <= (self._last - before) & self._mask

    def acknowledged(self, bsn: int, bib: int, now: float) -> None:
        """Act on a BSN and BIB that the peer sent; `bsn` is expected."""
        before = self._acknowledged
        if bsn != before:
            # A peer may acknowledge what was sent before the retransmission it asked for came round.
            if (bsn - before) & self._mask > (self._sent - before) & self._mask:
                self._sent = bsn
            self._acknowledged = bsn
            if bsn == self._last:
                self._line_free = now  # whatever the estimate says, the queue below is empty
            self._restart_t7(now)
            self._timers.stop(Timer.T6)
            if self._congestion.level:
                self._check_congestion()
        if bib != self._fib:
            self._retransmit(bib, now)

    def _retransmit(self, fib: int, now: float) -> None:
        # 5.2.2: the FIB of retransmitted units, and of all after them, equals the BIB that asked for them.
        self._fib = fib
        self._sent = self._acknowledged
        self._counters.negative_acknowledgements_received += 1
        self._counters.messages_retransmitted += (self._last - self._acknowledged) & self._mask
        self._restart_t7(now)
        self._timers.stop(Timer.T6)

    def _restart_t7(self, now: float) -> None:
        if self._inhibited or self._last == self._acknowledged:
            self._timers.stop(Timer.T7)
        else:
            self._timers.start(Timer.T7, now + self._t7)

    def remote_busy(self, now: float) -> None:
        """SIB came: the peer holds back acknowledgements, for a time T6 (9.3)."""
        if self._inhibited:
            return
        if self._timers.is_running(Timer.T7):
            self._timers.start(Timer.T7, now + self._t7)
        if not self._timers.is_running(Timer.T6):
            self._counters.remote_congestions += 1
            self._timers.start(Timer.T6, now + self._configuration.t6)

    def retrieve(self, fsnc: int | None) -> tuple[bytes, ...]:
        """Take all messages after `fsnc`, the last one the peer has accepted; None: only those never numbered."""
        messages: list[bytes] = []
        if fsnc is not None and self.is_expected(fsnc):
            while fsnc != self._last:
                fsnc = (fsnc + 1) & self._mask
                messages.append(self._retransmission[fsnc])
        messages.extend(self._transmission)
        self._transmission.clear()
        self._acknowledged = self._sent = self._last
        self._check_congestion()
        return tuple(messages)

    def flush_messages(self) -> None:
        """Discard every message that the peer has not acknowledged; the next one takes the place of the first."""
        self._counters.messages_flushed += self.pending
        self._transmission.clear()
        self._last = self._sent = self._acknowledged
        self._timers.stop(Timer.T7)
        self._check_congestion()

    @property
    def pending(self) -> int:
        """Messages waiting or unacknowledged."""
        return len(self._transmission) + ((self._last - self._acknowledged) & self._mask)

    def _check_congestion(self) -> None:
        calm = not self._congestion.level
        told = self._congestion.review(self.pending)
        if told is not None:
            self._counters.congestions += calm
            self._outputs.append(told)

    # Downwards

    def flush(self, now: float) -> None:
        """Hand down what is to be sent, and the unit to repeat when it changed."""
        if not self._inhibited and self._has_work():
            self._release(now)
        numbers = (self._sent, self._bsn, self._bib, self._fib, self._status)
        if self._units or numbers != self._repeated:
            self._repeated = numbers
            fill = self._header(self._sent, 0) if self._status is None else self._status_unit(self._status)
            self._outputs.append(SendUnits(tuple(self._units), fill))
            self._units.clear()

    def _has_work(self) -> bool:
        return bool(self._transmission) or self._sent != self._last

    def _release(self, now: float) -> None:
        mask = self._mask
        free, limit = max(self._line_free, now), now + self._ahead
        while True:
            again = self._sent != self._last
            if not again and not (self._transmission and (self._last - self._acknowledged) & mask < self._window):
                break  # all is sent, or as much as may be unacknowledged
            if free >= limit:  # the line has its share
                self._timers.start(Timer.PACE, free - self._ahead / 2)
                break
            self._sent = fsn = (self._sent + 1) & mask
            msu = self._retransmission[fsn] if again else self._number(fsn)
            self._units.append(self._header(fsn, len(msu)) + msu)
            free += (len(msu) + self._overhead) * self._seconds_per_octet
        self._line_free = free
        self._await_acknowledgement(now)

    def _number(self, fsn: int) -> bytes:
        """Give the next message its number and keep it until it is acknowledged."""
        self._last = fsn
        self._retransmission[fsn] = msu = self._transmission.popleft()
        self._counters.messages_sent += 1
        self._counters.octets_sent += len(msu)
        return msu

    def _await_acknowledgement(self, now: float) -> None:
        if self._last != self._acknowledged and not self._timers.is_running(Timer.T7):
            self._timers.start(Timer.T7, now + self._t7)

    def _header(self, fsn: int, length: int) -> bytes:
        return self._format.header(self._bsn, self._bib, fsn, self._fib, length)

    def _status_unit(self, status: Status) -> bytes:
        octets = self._configuration.status_octets
        return self._header(self._sent, octets) + status.to_bytes(octets, "little")
