"""Alarms: what is wrong now, since when, how grave, and when it was over. Severities are those of X.733 8.1.2.3."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from tandem.gateway.log import Line
from tandem.gateway.operator import state

if TYPE_CHECKING:
    from tandem.gateway.node import Node

Severity = Literal["critical", "major", "minor", "warning"]
CLEARED_KEPT: Final = 200
"""Alarms remembered after they were cleared."""
START_SECONDS: Final = 15.0
"""After the start nothing is wrong yet: links have to be aligned, peers to be asked."""
LATE_MS: Final = 10.0
#: Alarms of a span by how grave they are for what runs on it: nothing comes through, or nothing of use, or our side is
#: not heard.
_SPAN: Final[dict[str, Severity]] = {
    "LOS": "critical",
    "AIS": "critical",
    "LFA": "critical",
    "EBER": "critical",
    "RAI": "major",
    "LMFA": "minor",
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is, or was, wrong."""

    source: str
    """Such as `span E1`, `link carrier/0`."""
    severity: Severity
    text: str
    raised: float
    """Seconds since 1970."""
    cleared: float | None = None


class AlarmList:
    """Compares what is with what was."""

    def __init__(self, node: Node, started: float) -> None:
        """`started` in seconds since 1970."""
        self.active: dict[str, Alarm] = {}
        """By source."""
        self.cleared: deque[Alarm] = deque(maxlen=CLEARED_KEPT)
        self.records_error: str | None = None
        """Why call records cannot be written or delivered."""
        self.lag = 0.0
        """Seconds that the event loop was late at worst."""
        self._node = node
        self._started = started

    def look(self, wall: float) -> list[Line]:
        """See what is wrong at `wall`, seconds since 1970; lines for alarms raised and cleared."""
        found = {source: (severity, text) for source, severity, text in self._conditions(wall)}
        lines = []
        for source, alarm in list(self.active.items()):
            if source not in found or found[source] != (alarm.severity, alarm.text):
                del self.active[source]
                self.cleared.append(Alarm(source, alarm.severity, alarm.text, alarm.raised, wall))
                if source not in found:
                    lines.append(Line("info", "=", f"alarm {source}", f"cleared: {alarm.text}"))
        for source, (severity, text) in found.items():
            if source not in self.active:
                self.active[source] = Alarm(source, severity, text, wall)
                level = "error" if severity in ("critical", "major") else "warning"
                lines.append(Line(level, "!", f"alarm {source}", f"{severity}: {text}"))  # type: ignore[arg-type]
        return lines

    def _conditions(self, wall: float) -> Iterator[tuple[str, Severity, str]]:
        """What is wrong: source, severity, text; one for each source."""
        node = self._node
        if self.records_error is not None:
            yield "records", "critical", self.records_error
        for name, alarms in node.span_alarms.items():
            gravest = next((alarm for alarm in _SPAN if alarm in alarms), None)
            if gravest is not None:
                yield f"span {name}", _SPAN[gravest], " ".join(alarms)
        report = node.media_report
        if report is not None and report.worst_late_ms >= LATE_MS:
            yield "media", "warning", "speech is late: this machine is too busy"
        if node.sip.overload.refusing:
            yield "sip", "major", "overload: part of the new SIP calls are refused"
        if wall - self._started < START_SECONDS:
            return
        down = {row["name"] for row in state.linksets(node) if row["state"] != "running"}
        for name in sorted(down):
            yield f"linkset {name}", "critical", "no link carries traffic"
        for row in state.links(node):
            d_channel = row["carrier"] == "q921"
            if row["state"] != "available" and row["linkset"] not in down:
                severity: Severity = "critical" if d_channel else "major"
                yield f"link {row['name']}", severity, f"is {row['state'].replace('_', ' ')}"
        for row in state.destinations(node):
            if not row["reachable"] and row["linkset"] not in down:
                yield f"destination {row['point_code']}", "critical", f"cannot be reached by {row['linkset']}"
        for row in state.gateways(node):
            if row["state"] == "DOWN":
                yield f"trunk {row['name']}", "major", f"{row['peer']} does not answer"
