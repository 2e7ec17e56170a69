"""The sending side's queue and sequence numbers: V(S), V(A), k (Q.921 (09/97) 3.5.2)."""

from __future__ import annotations

from collections import deque

from tandem.isdn.q921.configuration import LinkCounters
from tandem.isdn.q921.frames import MODULUS


class SendWindow:
    """Messages not acknowledged, in order: those sent since V(A), then those that wait.

    V(S) and V(A) wind back and on over one queue; a message leaves it when the peer acknowledges it.
    """

    def __init__(self, window: int, limit: int, counters: LinkCounters) -> None:
        self.va = 0
        """V(A): the oldest message not acknowledged."""
        self._window = window
        self._limit = limit
        self._counters = counters
        self._messages: deque[bytes] = deque()
        self._outstanding = 0
        self._ever_sent = 0

    @property
    def vs(self) -> int:
        """V(S): the next message to send."""
        return (self.va + self._outstanding) % MODULUS

    @property
    def all_acknowledged(self) -> bool:
        """V(S) = V(A)."""
        return self._outstanding == 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, octets: bytes) -> bool:
        """Queue a message; False when there is no room."""
        if len(self._messages) >= self._limit:
            return False
        self._messages.append(octets)
        return True

    def next(self) -> tuple[int, bytes] | None:
        """The N(S) and octets of the next I frame, and count it as sent; None when none waits or k are outstanding."""
        index = self._outstanding
        if index >= self._window or index >= len(self._messages):
            return None
        number = self.vs
        self._outstanding += 1
        if index < self._ever_sent:
            self._counters.messages_retransmitted += 1
        else:
            self._ever_sent += 1
            self._counters.messages_sent += 1
        return number, self._messages[index]

    def is_valid(self, nr: int) -> bool:
        """Whether V(A) <= N(R) <= V(S)."""
        return (nr - self.va) % MODULUS <= self._outstanding

    def acknowledge(self, nr: int) -> bool:
        """Take a valid N(R), V(A) = N(R); whether it acknowledges anything new."""
        count = (nr - self.va) % MODULUS
        for _ in range(count):
            self._messages.popleft()
        self._outstanding -= count
        self._ever_sent -= count
        self.va = nr
        return count > 0

    def go_back(self) -> None:
        """Send from V(A) on anew: V(S) = V(A) (5.6.4)."""
        self._outstanding = 0

    def restart(self) -> None:
        """V(S) = V(A) = 0; messages that wait are kept."""
        self.va = self._outstanding = self._ever_sent = 0

    def discard(self) -> None:
        """Discard the I queue, with what was sent and not acknowledged; V(S) and V(A) stay as they were."""
        self._counters.messages_discarded += len(self._messages)
        self.va = self.vs
        self._messages.clear()
        self._outstanding = self._ever_sent = 0
