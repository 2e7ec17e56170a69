"""How many places a missing packet of a pseudowire is waited for: as many as late packets have needed of late."""

from __future__ import annotations

from typing import Final

WINDOW: Final = 10.0
"""Seconds; what was seen in this window and in the one before it counts."""


class ReorderDepth:
    """A depth from `least` to `most` packets that follows the network.

    A packet that comes n places behind the newest needs a depth of n + 1. The depth grows as soon as one was needed,
    and is that of the worst packet of the last one to two windows. It costs no delay while nothing is missing.
    """

    def __init__(self, least: int, most: int) -> None:
        self.depth = least
        self._least = least
        self._most = most
        self._begun = 0.0
        self._before = self._present = least

    def late(self, behind: int, now: float) -> None:
        """A packet came so many places behind the newest, in time or too late; it was no repetition."""
        self.passed(now)
        self._present = max(self._present, min(behind + 1, self._most))
        self.depth = max(self.depth, self._present)

    def passed(self, now: float) -> None:
        """Time has passed: call it when the depth is to be used."""
        if now - self._begun < WINDOW:
            return
        self._before = self._present if now - self._begun < 2 * WINDOW else self._least
        self._present, self._begun = self._least, now
        self.depth = max(self._before, self._present)
