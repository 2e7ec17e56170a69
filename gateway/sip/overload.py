"""Overload: part of the new calls is refused while the process is late, more of them the later it is (RFC 3261 21.5.4).

How late the process acts on what is due says when it has more work than it can do, whatever the work is. The share that
is refused grows with that from a bound on, so that the load settles at what can be done. Which calls are refused
depends on their Call-ID alone: a repeated INVITE meets the same fate.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

#: Seconds between two samples of the lateness.
SAMPLE_SECONDS: Final = 0.1
#: Weight of a sample in the mean, which follows in half a second.
_WEIGHT: Final = 0.2
#: At this multiple of the bound as many calls are refused as ever are. No sample counts for more, so that one stall
#: alone, however long, is no overload.
_WORST: Final = 4.0
#: Whatever is refused, some calls pass: the load is to be seen.
_MOST: Final = 0.95
_SCALE: Final = 1 << 32
#: Seconds of Retry-After: 1 to this, so that who was refused does not come back all at once.
_LONGEST_WAIT: Final = 5


class Overload:
    """What becomes of new calls."""

    def __init__(self, bound: float) -> None:
        """`bound` in seconds of lateness; 0: nothing is refused."""
        self.bound = bound
        self.lateness = 0.0
        """Mean of the last half second or so, in seconds."""
        self.share = 0.0
        """Part of the new calls that is refused, 0 to 1."""
        self.refusing = False
        """It was late, and is not well below the bound yet."""
        self.refused = 0
        """INVITEs refused so far, repeated ones too."""
        self._told = 0

    def sample(self, lateness: float) -> str | None:
        """How late the process was this time, in seconds; a text when refusing begins or ends."""
        if not self.bound:
            return None
        self.lateness += _WEIGHT * (min(lateness, _WORST * self.bound) - self.lateness)
        self.share = _MOST * max(0.0, self.lateness / self.bound - 1) / (_WORST - 1)
        if self.share and not self.refusing:
            self.refusing = True
            return f"overload: the process is {self.lateness * 1000:.0f} ms late, part of the new SIP calls get 503"
        if not self.refusing or self.lateness > self.bound / 2:
            return None
        self.refusing = False
        before, self._told = self._told, self.refused
        return f"overload is over, {self.refused - before} INVITEs got 503"

    def refusal(self, call_id: str, *, priority: bool = False) -> int | None:
        """Seconds for Retry-After where the new call with this Call-ID is to be refused, else None.

        One with `priority` never is: those are few, and the others make room for them.
        """
        if not self.share or priority:
            return None
        number = crc32(call_id.encode())
        if number >= self.share * _SCALE:
            return None
        self.refused += 1
        return 1 + number % _LONGEST_WAIT
