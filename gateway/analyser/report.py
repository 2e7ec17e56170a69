"""The analysis for people: a table of calls, the findings, and one call's ladder, as lines of text."""

from __future__ import annotations

import datetime
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import click
import msgspec

from . import ladder as ladders
from . import speed
from .cells import COLUMNS, OUTCOME, Row, Table, row_of
from .filters import Filter
from .found import Findings
from .model import Analysis, CallRecord, Finding, Outcome
from .records import Records

if TYPE_CHECKING:
    from .statistics import Group, Statistics

SHOWN: Final = 10
"""Findings of one kind that the table shows."""
_MEASURED: Final = 2000
"""Rows by which the widths of the columns are found."""
_COLOURS: Final = {
    "failed": "red",
    "error": "red",
    "rejected": "red",
    "warning": "yellow",
    "busy": "yellow",
    "no answer": "yellow",
    "abandoned": "yellow",
    "answered": "green",
    "note": "cyan",
}


def summary(analysis: Analysis, wanted: Callable[[CallRecord], bool], colour: bool = True) -> Iterator[str]:
    """The table of calls, the findings and what was skipped, with terminal colours where `colour` says so."""
    calls, everything = analysis.calls, isinstance(wanted, Filter) and not wanted.chooses()
    concerned = set() if everything else {call for finding in analysis.findings for call in finding.calls}
    shown: set[str] = set()
    answered = count = 0

    def rows() -> Iterator[Row]:
        nonlocal answered, count
        for row, talked in _rows(analysis, wanted):
            count += 1
            answered += talked
            if row[0] in concerned:
                shown.add(row[0])
            yield row

    if speed.speedups is not None and everything and isinstance(calls, Records):
        answered, count = calls.answered(), len(calls)
        table = _table(calls.widest(_MEASURED), calls.are_of_days(), colour)
        yield table.line(COLUMNS)
        yield from calls.lines(table)
    else:
        cells = rows()
        measured = list(islice(cells, _MEASURED))
        table = _table(
            [max((len(row[column]) for row in measured), default=0) for column in range(len(COLUMNS))], colour=colour
        )
        yield from map(table.line, chain((COLUMNS,), measured, cells))
    share = f", {100 * answered / count:.1f} % answered" if count else ""
    yield ""
    yield f"{analysis.packets} packets, {count} of {len(analysis.calls)} call attempts{share}"
    if not len(analysis.calls):
        yield f"messages: {_messages(analysis) or 'none of those that are looked at'}"
    findings = analysis.findings
    if everything and isinstance(findings, Findings):
        seen, examples = findings.kinds(), findings.first(SHOWN)
    else:
        told = [one for one in findings if everything or not one.calls or not shown.isdisjoint(one.calls)]
        seen, examples = Counter(one.kind for one in told), _first(told)
    for finding in examples:
        yield ladders.told(finding, colour)
    for kind, times in seen.items():
        if times > SHOWN:
            yield f"… and {times - SHOWN} more of {kind}; --json has all of them"
    for skipped in analysis.skipped:
        where = f"{skipped.file}: " if skipped.file else ""
        amount = f" ({skipped.octets} octets)" if skipped.octets else ""
        yield f"not used: {where}{skipped.reason}{amount}"


def _messages(analysis: Analysis) -> str:
    """What there is, where there are no calls: messages by protocol and type."""
    return "; ".join(
        f"{protocol.upper()} "
        + ", ".join(str(count) if kind == protocol.upper() else f"{count} {kind}" for kind, count in counts.items())
        for protocol, counts in analysis.messages.items()
    )


def _first(findings: list[Finding]) -> Iterator[Finding]:
    """So many of each kind as the table shows."""
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.kind] += 1
        if seen[finding.kind] <= SHOWN:
            yield finding


def _rows(analysis: Analysis, wanted: Callable[[CallRecord], bool]) -> Iterator[tuple[Row, bool]]:
    """The cells of every call that is wanted, and whether it was answered; those of blocks are made block by block."""
    calls = analysis.calls
    if isinstance(calls, Records) and isinstance(wanted, Filter) and not wanted.chooses():
        return calls.rows()
    dated = isinstance(calls, Records) and calls.are_of_days()
    return ((row_of(record, dated), record.answered is not None) for record in brief(analysis) if wanted(record))


def brief(analysis: Analysis) -> Iterable[CallRecord]:
    """The calls for whoever needs neither their messages nor legs and speech."""
    calls = analysis.calls
    return calls.brief() if isinstance(calls, Records) else calls


def _table(measured: list[int], dated: bool = False, colour: bool = True) -> Table:
    """A table with columns as wide as the first rows ask for, and their names."""
    widths = [max(width, len(name)) for width, name in zip(measured, COLUMNS, strict=True)]
    coloured = {
        name: click.style(name.ljust(widths[OUTCOME]), fg=paint)
        for outcome in Outcome
        if colour and (paint := _COLOURS.get(name := outcome.value)) is not None
    }
    return Table(widths, coloured, dated)


def figures(found: Statistics) -> Iterator[str]:
    """Statistics as tables: all, by protocol, route and hour; causes, outcomes."""
    groups = [
        ("all", [found.total]),
        ("protocol", found.protocols),
        ("route", found.routes),
        ("hour (UTC)", found.hours),
    ]
    for title, rows in groups:
        named = [
            (_hour(group.name) if title.startswith("hour") else group.name, *map(_figure, _figures(group)))
            for group in rows
        ]
        yield from _aligned([(title, *_FIGURES), *named])
        yield ""
    total = max(1, found.total.attempts)
    rows_of = [(str(one.cause), one.name, str(one.count), f"{100 * one.count / total:.1f} %") for one in found.causes]
    yield from _aligned([("cause", "name", "calls", "share"), *rows_of])
    yield ""
    ended = [(name, str(count), f"{100 * count / total:.1f} %") for name, count in found.outcomes.items()]
    yield from _aligned([("outcome", "calls", "share"), *ended])


_FIGURES: Final = (
    *("attempts", "answered", "ASR %", "NER %", "ABR %", "ACD s", "PDD 50 %", "90 %", "95 %", "99 %"),
    *("erlang", "peak", "circuits"),
)


def _figures(group: Group) -> tuple[float | None, ...]:
    return (
        *(group.attempts, group.answered, group.asr, group.ner, group.abr, group.acd),
        *(group.pdd_50, group.pdd_90, group.pdd_95, group.pdd_99, group.erlang, group.peak, group.circuits),
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else str(value) if isinstance(value, int) else f"{value:.2f}"


def _hour(name: str) -> str:
    return datetime.datetime.fromtimestamp(int(name), datetime.UTC).strftime("%Y-%m-%d %H:00")


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as their widest cell, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    numeric = [
        all(not row[column] or row[column][0] in "-0123456789" for row in rows[1:]) for column in range(len(widths))
    ]
    for row in rows:
        cells = zip(row, widths, numeric, strict=True)
        yield "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells).rstrip()


def as_json(analysis: Analysis) -> Iterator[str]:
    """The whole analysis as one JSON object, in pieces: the calls are never all in memory."""
    yield f'{{"packets":{analysis.packets},"messages":{json_of(analysis.messages)},"calls":['
    for number, record in enumerate(analysis.calls):
        yield ("," if number else "") + json_of(record)
    yield '],"findings":['
    for number, finding in enumerate(analysis.findings):
        yield ("," if number else "") + json_of(finding)
    yield f'],"skipped":{json_of(analysis.skipped)}}}\n'


def as_lines(calls: Iterable[CallRecord]) -> Iterator[str]:
    """One JSON object a call, a line each."""
    for record in calls:
        yield json_of(record) + "\n"


def line(record: CallRecord) -> str:
    """A call on one line, with terminal colours, for those that come one by one."""
    widths = (10, 12, 15, 15, 9, 9, 7, 6, 8, 0, 0)
    cells = [cell.ljust(width) for cell, width in zip(row_of(record), widths, strict=True)]
    cells[OUTCOME] = click.style(cells[OUTCOME], fg=_COLOURS.get(record.outcome))
    return "  ".join(cells).rstrip()


def find(analysis: Analysis, record_id: str) -> CallRecord | None:
    """The record with an identity."""
    if isinstance(analysis.calls, Records):
        return analysis.calls.find(record_id)
    return next((record for record in analysis.calls if record.id == record_id), None)


def json_of(value: object) -> str:
    """JSON on one line."""
    return msgspec.json.encode(value).decode()


def ladder(analysis: Analysis, record: CallRecord, colour: bool = True) -> Iterator[str]:
    """One call, message by message, with its legs and what was found."""
    legs = [found for leg in record.legs if (found := find(analysis, leg.id)) is not None]
    names = {record.id, *(leg.id for leg in legs)}
    findings = (one for one in analysis.findings if not names.isdisjoint(one.calls))
    return ladders.ladder(record, legs, findings, colour)


def table(calls: Iterable[CallRecord]) -> Iterator[str]:
    """The calls as CSV with a heading line (RFC 4180), a line at a time."""
    import csv

    names = [name for name in CallRecord.__struct_fields__ if name not in ("messages", "legs", "media", "formats")]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for record in calls:
        writer.writerow(["" if (value := getattr(record, name)) is None else value for name in names])
        yield out.getvalue()
        out.seek(out.truncate(0))
    yield out.getvalue()
