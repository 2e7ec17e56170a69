"""How many calls a second may begin: a bucket that fills at a steady rate."""

from __future__ import annotations


class CallRate:
    """At most `rate` calls a second on average; as many as come in one second may come at once."""

    def __init__(self, rate: float) -> None:
        """0 is no limit."""
        self._rate = rate
        self._size = max(rate, 1.0)
        self._tokens = self._size
        self._last: float | None = None

    def take(self, now: float) -> bool:
        """Whether a call may begin now; it is then counted."""
        if not self._rate:
            return True
        if self._last is not None:
            self._tokens = min(self._size, self._tokens + (now - self._last) * self._rate)
        self._last = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def wait(self) -> int:
        """Whole seconds after which the next call may begin: what Retry-After says."""
        return max(1, int((1.0 - self._tokens) / self._rate + 1)) if self._rate else 0
