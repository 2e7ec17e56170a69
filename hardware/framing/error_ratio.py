"""Excessive bit errors of a line, told from its frame alignment signals (ITU-T G.732 4.1 and 4.2, recalled).

A bit error ratio of 1e-3 is to be told within 4 to 5 seconds, and one of 1e-4 or less is to clear it in as many, each
with a probability of 0.95 or so (recalled; makers' manuals give the same ratios and times, RAD FCD-E1 appendix C).
The seven bits of a frame alignment signal come 4000 times a second: at 1e-3 there are 112 +- 10.5 errored ones in 4
seconds, at 1e-4 11.2 +- 3.3.
"""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW: Final = 32_000
"""Aligned frames that are looked at together, 4 s."""
STEPS: Final = 8
"""Looks in the time of a window."""
RAISE: Final = 94
"""Errored frame alignment signals in a window that are too many: 1e-3 makes as many with a probability of 0.96."""
CLEAR: Final = 17
"""At most so many, and there are no longer too many: 1e-4 makes as few with a probability of 0.96."""
SHORT: Final = 160
"""Frames of an alignment that was false if it was lost by then, 20 ms: in noise they come and go in a millisecond."""


class ErrorRatioMonitor:
    """Watches the counters of a deframer."""

    def __init__(self) -> None:
        self.excessive = False
        """The ratio of bit errors is too high."""
        self._looked = (0, 0)  # frames and errors at the last look, those of false alignments added
        self._aligned = (0, 0)  # the same when alignment was found
        self._losses = 0
        self._steps: deque[int] = deque(maxlen=STEPS)

    @property
    def due(self) -> int:
        """Frames received in alignment at which the next look is due."""
        return self._looked[0] + WINDOW // STEPS

    def update(self, frames: int, errors: int, losses: int) -> None:
        """Take the counts until now: frames received in alignment, errored signals in them, losses of alignment."""
        if losses != self._losses:
            self._end_alignment(frames, errors, losses)
        since_errors = self._looked[1]
        if frames < self.due:
            return
        self._looked = frames, errors
        self._steps.append(errors - since_errors)
        counted = sum(self._steps)
        if counted >= RAISE:
            self.excessive = True
        elif counted <= CLEAR and len(self._steps) == STEPS:
            self.excessive = False

    def restart(self) -> None:
        """Forget what was: there is no signal, or another one."""
        self.excessive = False
        self._steps.clear()

    def _end_alignment(self, frames: int, errors: int, losses: int) -> None:
        frames_before, errors_before = self._aligned
        if (short := frames - frames_before) < SHORT:
            looked_frames, looked_errors = self._looked
            self._looked = looked_frames + short, looked_errors + errors - errors_before
        self._aligned, self._losses = (frames, errors), losses
