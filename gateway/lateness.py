"""What the operator is told of a media process that does not keep time."""

from __future__ import annotations

from typing import Final

from tandem.gateway.log import Line

#: Milliseconds that a tick may be late before it is worth a word: jitter buffers of 20 ms packets bear less than two.
WORTH_TELLING_MS: Final = 10.0
#: Seconds between two warnings, however many ticks are late.
PAUSE: Final = 60.0


class Lateness:
    """Turns the reports of the media process into lines: each late one for who looks closely, a warning a minute."""

    def __init__(self) -> None:
        self._worst = 0.0
        self._next = 0.0

    def report(self, worst_late_ms: float, now: float) -> list[Line]:
        """The lines for a report whose latest tick was that late."""
        if worst_late_ms < WORTH_TELLING_MS:
            return []
        self._worst = max(self._worst, worst_late_ms)
        lines = [Line("debug", "=", "media", f"a tick was {worst_late_ms:.0f} ms late")]
        if now >= self._next:
            text = f"a tick was {self._worst:.0f} ms late: this machine is too busy for even speech"
            lines.append(Line("warning", "!", "media", text))
            self._next, self._worst = now + PAUSE, 0.0
        return lines
