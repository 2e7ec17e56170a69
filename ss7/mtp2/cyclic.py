"""Transmission control with preventive cyclic retransmission, Q.703 (07/96) 6, for links with a long delay.

Nothing is asked for again: whenever there is nothing new to send, the messages not acknowledged are sent over and
over, oldest first. When too many are unacknowledged (N1 messages or N2 octets), new ones wait while all are repeated.
"""

from __future__ import annotations

from tandem.core.timers import TimerTable
from tandem.ss7.mtp2.configuration import LinkConfiguration, LinkCounters, Timer
from tandem.ss7.mtp2.primitives import Output
from tandem.ss7.mtp2.transmit import Transmitter


class CyclicTransmitter(Transmitter):
    """As Transmitter, for the preventive cyclic method."""

    def __init__(
        self, configuration: LinkConfiguration, timers: TimerTable[Timer], counters: LinkCounters, outputs: list[Output]
    ) -> None:
        self._next = 0
        """FSN of the next message to repeat."""
        self._forced = 0
        """Messages still to be repeated before new ones."""
        self._octets = 0
        """Of the messages not acknowledged."""
        super().__init__(configuration, timers, counters, outputs)

    def _reset_numbers(self) -> None:
        super()._reset_numbers()
        self._next = self._forced = self._octets = 0

    def acknowledged(self, bsn: int, bib: int, now: float) -> None:
        """Act on a BSN; the BIB means nothing here (6.2)."""
        fsn = self._acknowledged
        while fsn != bsn:
            fsn = (fsn + 1) & self._mask
            self._octets -= len(self._retransmission[fsn])
        super().acknowledged(bsn, self._fib, now)
        if self._last == bsn:
            self._forced = 0
        if not self._is_waiting(self._next):
            self._next = (bsn + 1) & self._mask

    def retrieve(self, fsnc: int | None) -> tuple[bytes, ...]:
        """As in basic error correction; nothing is left to repeat."""
        messages = super().retrieve(fsnc)
        self._octets = self._forced = 0
        return messages

    def flush_messages(self) -> None:
        """As in basic error correction; nothing is left to repeat."""
        super().flush_messages()
        self._octets = self._forced = 0
        self._next = (self._acknowledged + 1) & self._mask

    def _has_work(self) -> bool:
        return bool(self._transmission) or self._last != self._acknowledged

    def _is_waiting(self, fsn: int) -> bool:
        """Whether the message with this number is not acknowledged."""
        return 0 < (fsn - self._acknowledged) & self._mask <= (self._last - self._acknowledged) & self._mask

    def _release(self, now: float) -> None:
        free, limit = max(self._line_free, now), now + self._ahead
        while self._has_work():
            if free >= limit:  # the line has its share
                self._timers.start(Timer.PACE, free - self._ahead / 2)
                break
            fsn = self._choose()
            msu = self._retransmission[fsn]
            self._units.append(self._header(fsn, len(msu)) + msu)
            free += (len(msu) + self._overhead) * self._seconds_per_octet
        self._line_free = free
        self._await_acknowledgement(now)

    def _choose(self) -> int:
        """FSN of what is sent next: forced repetitions, new messages, other repetitions, in this order (6.3, 6.4)."""
        unacknowledged = (self._last - self._acknowledged) & self._mask
        if not self._forced and (unacknowledged >= self._configuration.n1 or self._octets >= self._configuration.n2):
            self._forced = unacknowledged
            self._next = (self._acknowledged + 1) & self._mask
            self._counters.forced_retransmissions += 1
        if not self._forced and self._transmission and unacknowledged < self._window:
            self._sent = (self._last + 1) & self._mask
            self._octets += len(self._number(self._sent))
            return self._sent
        self._forced = max(0, self._forced - 1)
        fsn = self._next if self._is_waiting(self._next) else (self._acknowledged + 1) & self._mask
        self._next = (fsn + 1) & self._mask
        self._counters.messages_retransmitted += 1
        return fsn
