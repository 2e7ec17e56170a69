"""How many sessions (half-calls) there are and were: what `status` tells."""

from __future__ import annotations

from collections import deque

#: The span that is called recent, in seconds.
RECENT = 300


class Meter:
    """Counts sessions; memory is one entry a second of the last five minutes."""

    def __init__(self) -> None:
        self.sessions = 0
        self.total = 0
        self.peak = 0
        self.peak_rate = 0
        self._seconds: deque[tuple[int, int, int]] = deque(maxlen=RECENT)
        """Of each second in which something began: when, how many began, and most at once."""

    def began(self, now: float) -> None:
        """A session begins."""
        self.sessions += 1
        self.total += 1
        sessions, whole = self.sessions, int(now)
        if sessions > self.peak:
            self.peak = sessions
        second, began, most = self._seconds[-1] if self._seconds else (-1, 0, 0)
        began = began + 1 if second == whole else 1
        if second != whole:
            self._seconds.append((whole, 1, sessions))
        else:
            self._seconds[-1] = (second, began, sessions if sessions > most else most)
        if began > self.peak_rate:
            self.peak_rate = began

    def ended(self) -> None:
        """A session is over."""
        self.sessions -= 1

    def rate(self, now: float) -> int:
        """Sessions that began in the last second."""
        return sum(began for second, began, _ in self._seconds if second >= int(now) - 1 and second < int(now) + 1)

    def recent_peak(self, now: float) -> int:
        """Most sessions at once in the last five minutes."""
        return max([self.sessions, *(most for second, _, most in self._seconds if second > now - RECENT)])

    def recent_peak_rate(self, now: float) -> int:
        """Most sessions that began in one of the last 300 seconds."""
        return max([0, *(began for second, began, _ in self._seconds if second > now - RECENT)])
