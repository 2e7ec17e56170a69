"""What the operator is told of a media process that does not keep time, and of speech that suffered for it."""

from __future__ import annotations

from typing import Final

from tandem.gateway.log import Line
from tandem.gateway.media.protocol import MediaReport

#: Milliseconds that a tick may be late before it is worth a word: jitter buffers of 20 ms packets bear less than two.
WORTH_TELLING_MS: Final = 10.0
#: Seconds between two warnings, however many ticks are late.
PAUSE: Final = 60.0
#: Counters of a span that tell of speech in the wrong place, in frames of 125 us, and in words.
_SPOILT: Final = {
    "speech_underruns": "sent idle, their speech was not there in time",
    "frames_repeated": "repeated, the next had not come in time",
    "frames_deleted": "left out, too many had come",
    "frames_idle": "idle, none came",
}


class Lateness:
    """Turns the reports of the media process into lines: each late one for who looks closely, a warning a minute."""

    def __init__(self) -> None:
        self._worst = 0.0
        self._next = 0.0
        self._counters: dict[str, dict[str, int]] = {}

    def report(self, report: MediaReport, now: float) -> list[Line]:
        """The lines for a report: how late its latest tick was, and what each span lost of speech since the last."""
        return self._late(report.worst_late_ms, now) + self._spoilt(report.spans)

    def _late(self, worst_late_ms: float, now: float) -> list[Line]:
        if worst_late_ms < WORTH_TELLING_MS:
            return []
        self._worst = max(self._worst, worst_late_ms)
        lines = [Line("debug", "=", "media", f"a tick was {worst_late_ms:.0f} ms late")]
        if now >= self._next:
            text = f"a tick was {self._worst:.0f} ms late: this machine is too busy for even speech"
            lines.append(Line("warning", "!", "media", text))
            self._next, self._worst = now + PAUSE, 0.0
        return lines

    def _spoilt(self, spans: dict[str, dict[str, int]]) -> list[Line]:
        lines = []
        for name, counters in spans.items():
            former = self._counters.get(name, {})
            for counter, words in _SPOILT.items():
                if frames := counters.get(counter, 0) - former.get(counter, 0):
                    lines.append(Line("debug", "=", f"span {name}", f"{frames} frames of speech {words}"))
        self._counters = spans
        return lines
