"""The analysis for people: a table of calls, the findings, and one call's ladder, as lines of text."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tandem.core.cause import cause_name

from .model import Analysis, CallRecord, Outcome

_FAILED: Final = frozenset(
    outcome.value for outcome in (Outcome.FAILED, Outcome.REJECTED, Outcome.BUSY, Outcome.NO_ANSWER)
)
_WIDTH: Final = 44
_COLUMNS: Final = ("id", "start", "calling", "called", "circuit", "outcome", "cause", "pdd s", "talk s", "from", "to")
_LEG: Final = {"isup": "CIC", "tup": "CIC", "q931": "B"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are shown; what is None does not matter."""

    failed: bool = False
    called: str | None = None
    calling: str | None = None
    cause: int | None = None
    cic: int | None = None

    def __call__(self, record: CallRecord) -> bool:
        """Whether `record` is wanted; numbers are regular expressions that must be found."""
        if self.failed and record.outcome not in _FAILED:
            return False
        if self.called is not None and not re.search(self.called, record.called):
            return False
        if self.calling is not None and not re.search(self.calling, record.calling):
            return False
        return self.cause in (None, record.cause) and self.cic in (None, record.cic)


def summary(analysis: Analysis, wanted: Callable[[CallRecord], bool]) -> Iterator[str]:
    """The table of calls, the findings and what was skipped."""
    calls = [record for record in analysis.calls if wanted(record)]
    rows = [_COLUMNS, *(_row(record) for record in calls)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    answered = sum(record.answered is not None for record in calls)
    share = f", {100 * answered / len(calls):.1f} % answered" if calls else ""
    yield ""
    yield f"{analysis.packets} packets, {len(calls)} of {len(analysis.calls)} call attempts{share}"
    shown = {record.id for record in calls}
    for finding in analysis.findings:
        if finding.calls and shown.isdisjoint(finding.calls):
            continue
        blame = f" Fault: {finding.fault}." if finding.fault else ""
        packets = ", ".join(map(str, finding.packets))
        yield f"{finding.severity}: {finding.text} ({finding.clause}).{blame} Packets {packets}"
    for skipped in analysis.skipped:
        where = f"{skipped.file}: " if skipped.file else ""
        amount = f" ({skipped.octets} octets)" if skipped.octets else ""
        yield f"not used: {where}{skipped.reason}{amount}"


def ladder(record: CallRecord) -> Iterator[str]:
    """One call, message by message."""
    yield f"{record.id}: {record.calling or '-'} to {record.called or '-'}, {record.outcome}"
    yield f"{'':10}{'packet':>8}  {record.source:<{_WIDTH - 10}}{record.destination:>{_WIDTH - 10}}"
    width = 2 * (_WIDTH - 10) - 2
    for message in record.messages:
        text = f" {message.type} {message.summary}".rstrip() + (" (again) " if message.duplicate else " ")
        line = f"─{text[: width - 2]}".ljust(width, "─")
        arrow = f"{line}▶" if message.forward else f"◀{line}"
        yield f"{message.time - record.start:10.3f}{message.packet:>8}  {arrow}"
    if record.cause is not None:
        yield f"cause {record.cause} {cause_name(record.cause)}, released by the {record.released_by or 'unknown'} side"
    for stream in record.media:
        quality = "" if stream.mos is None else f", MOS {stream.mos:.2f}"
        yield (
            f"speech {stream.source} to {stream.destination}: {stream.codec}, {stream.packets} packets, "
            f"{stream.lost} lost, jitter {stream.jitter_ms:.1f} ms{quality}"
        )
    for leg in record.legs:
        yield f"same call: {leg.id} ({leg.why}, {100 * leg.sure:.0f} % sure)"


def table(calls: list[CallRecord]) -> str:
    """The calls as CSV with a heading line (RFC 4180)."""
    names = [name for name in CallRecord.__struct_fields__ if name not in ("messages", "legs", "media")]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows(
        [["" if (value := getattr(record, name)) is None else value for name in names] for record in calls]
    )
    return out.getvalue()


def _row(record: CallRecord) -> tuple[str, ...]:
    began = datetime.datetime.fromtimestamp(record.start, datetime.UTC)
    circuit = f"{_LEG.get(record.protocol, '')} {record.cic}".strip() if record.cic is not None else record.protocol
    cause = "" if record.cause is None else str(record.cause)
    if record.status is not None:
        cause = f"{record.status}/{cause}"
    return (
        record.id,
        began.strftime("%H:%M:%S.%f")[:-3],
        record.calling or "-",
        record.called or "-",
        circuit,
        record.outcome,
        cause,
        _seconds(record.post_dial_delay),
        _seconds(record.duration),
        record.source,
        record.destination,
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
