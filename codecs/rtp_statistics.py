"""What an RTP receiver counts: sequence numbers (RFC 3550 A.1), loss (A.3) and interarrival jitter (A.8)."""

from __future__ import annotations

from typing import Final

#: A jump ahead of this many packets or more is a new start, not loss (A.1: MAX_DROPOUT).
MAX_DROPOUT: Final = 3000
#: Packets at most this old are late or repeated; older ones may mean a new start (A.1: MAX_MISORDER).
MAX_MISORDER: Final = 100

#: How many of the latest sequence numbers are remembered, one bit each, to tell repeated packets from late ones.
_WINDOW: Final = 128
_WINDOW_MASK: Final = (1 << _WINDOW) - 1


class ReceiveStatistics:
    """Counts the packets of one synchronization source.

    A probation of two packets in sequence, as A.1 has it for unknown senders, is left out: a leg knows its peer.
    """

    __slots__ = (
        "_base",
        "_expected_before",
        "_expected_prior",
        "_highest",
        "_jitter",
        "_received_prior",
        "_restart",
        "_seen",
        "_transit",
        "duplicates",
        "received",
        "reordered",
        "restarts",
    )

    def __init__(self) -> None:
        self.received = 0
        """Packets counted, late ones and duplicates included."""
        self.duplicates = 0
        """Packets that came twice or more (of those still remembered)."""
        self.reordered = 0
        """Packets that came after a later one."""
        self.restarts = 0
        """Jumps of the sequence number so far that the sender must have started anew."""
        self._base = 0
        self._highest = 0
        self._expected_before = 0
        self._seen = 0  # bit n: sequence number `_highest - n` came; 0 before the first packet
        self._restart = -1
        self._transit: int | None = None
        self._jitter = 0.0
        self._expected_prior = 0
        self._received_prior = 0

    def update(self, sequence: int, timestamp: int, arrival: int) -> bool:
        """Count a packet; False when it is to be thrown away: a duplicate, or the first after a large jump.

        `arrival` is the time of arrival in timestamp units (8000 a second for G.711), from any origin.
        """
        ahead = sequence - self._highest & 0xFFFF
        if ahead == 1 and self._seen:
            self._highest += 1
            self._seen = self._seen << 1 & _WINDOW_MASK | 1
        elif not self._place(sequence, ahead):
            return False
        self.received += 1
        transit = arrival - timestamp & 0xFFFFFFFF
        if self._transit is not None:
            # Only the low 32 bits count, so that a wrap of the timestamp is no jump.
            change = transit - self._transit & 0xFFFFFFFF
            self._jitter += ((change if change < 0x80000000 else 0x100000000 - change) - self._jitter) / 16
        self._transit = transit
        return True

    def _place(self, sequence: int, ahead: int) -> bool:
        """Account for the first packet, or one that does not follow on the highest yet; whether it is good."""
        if not self._seen:
            self._start(sequence)
        elif 0 < ahead < MAX_DROPOUT:
            self._highest += ahead
            self._seen = (self._seen << ahead if ahead < _WINDOW else 0) & _WINDOW_MASK | 1
        elif ahead == 0 or ahead >= 0x10000 - MAX_MISORDER:
            return self._place_late(-ahead & 0xFFFF)
        elif sequence == self._restart:
            # Two in a row after a jump: the sender started anew and nobody said so.
            self.restarts += 1
            self._expected_before += self._highest - self._base + 1
            self._start(sequence)
        else:
            self._restart = sequence + 1 & 0xFFFF
            return False
        return True

    def _place_late(self, age: int) -> bool:
        """Account for a packet `age` numbers before the highest; whether it is the first with its number."""
        if self._seen >> age & 1:
            self.duplicates += 1
            self.received += 1
            return False
        self._seen |= 1 << age
        self._base = min(self._base, self._highest - age)
        self.reordered += 1
        return True

    def _start(self, sequence: int) -> None:
        self._base = self._highest = sequence
        self._restart = -1
        self._seen = 1
        self._transit = None

    @property
    def extended_highest(self) -> int:
        """Highest sequence number received, with the count of wraps above the low 16 bits."""
        return self._highest

    @property
    def expected(self) -> int:
        """Packets that the sender must have sent."""
        return self._expected_before + (self._highest - self._base + 1 if self._seen else 0)

    @property
    def lost(self) -> int:
        """Packets expected and never received; duplicates do not make up for any (unlike the figure of A.3)."""
        return self.expected - (self.received - self.duplicates)

    @property
    def cumulative_lost(self) -> int:
        """Cumulative number of packets lost as reported in RTCP (A.3): duplicates count as received, 24 bits signed."""
        return max(-0x800000, min(self.expected - self.received, 0x7FFFFF))

    @property
    def jitter(self) -> float:
        """Interarrival jitter in timestamp units (RFC 3550 6.4.1)."""
        return self._jitter

    def fraction_lost(self) -> int:
        """Loss since the last call in 1/256, for a report block (A.3); 0 when more came than was expected."""
        expected = self.expected - self._expected_prior
        lost = expected - (self.received - self._received_prior)
        self._expected_prior, self._received_prior = self.expected, self.received
        return min(255, (lost << 8) // expected) if expected > 0 and lost > 0 else 0
