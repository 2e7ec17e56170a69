"""The report as one HTML file that needs nothing else: calls, ladders, message details, statistics, findings.

The page gets everything as JSON inside a script element that is no script, and puts it on the screen as text. So what a
hostile capture holds can be neither markup nor code; a content security policy forbids the page to load anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tandem.core.cause import cause_name

from .dissect import Options
from .filters import is_failure
from .model import Analysis, CallRecord, Message, Protocol
from .revisit import details, messages
from .sipscan import scan
from .statistics import reckon

MOST_CALLS: Final = 2000
"""Calls that the page lists, those that failed or have findings first: a browser must hold them."""
MOST_FINDINGS: Final = 2000
_TEMPLATE: Final = Path(__file__).with_name("page.html")
_MARK: Final = "@DATA@"
_ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_CIRCUITS: Final = frozenset({Protocol.ISUP, Protocol.TUP})


def render(
    analysis: Analysis,
    wanted: Callable[[CallRecord], bool],
    paths: list[str],
    options: Options,
    most: int = MOST_CALLS,
) -> Iterator[str]:
    """The page in pieces. The captures are read once more for the details of the messages that it shows."""
    shown = _chosen(analysis, wanted, most)
    written = _details(shown, paths, options)
    calls = []
    for record in shown:
        call = msgspec.to_builtins(record)
        call["details"] = [written.get(key, "") for key in _keys(record)]
        calls.append(call)
    statistics = reckon(record for record in analysis.calls if wanted(record))
    known = {record.id for record in shown}
    # Findings of calls that are listed, and those of no call, before the others.
    findings = sorted(analysis.findings, key=lambda finding: bool(finding.calls) and known.isdisjoint(finding.calls))
    data = {
        "packets": analysis.packets,
        "messages": analysis.messages,
        "calls": calls,
        "all_calls": len(analysis.calls),
        "findings": findings[:MOST_FINDINGS],
        "more_findings": len(findings) > MOST_FINDINGS,
        "skipped": analysis.skipped,
        "statistics": statistics,
        "cause_names": {str(one.cause): one.name for one in statistics.causes}
        | {str(record.cause): cause_name(record.cause) for record in shown if record.cause is not None},
    }
    before, _, after = _TEMPLATE.read_text(encoding="utf-8").partition(_MARK)
    yield before
    yield embedded(data)
    yield after


def embedded(data: object) -> str:
    """JSON that can stand inside a script element, whatever strings it holds."""
    text = msgspec.json.encode(data).decode()
    for sign, escape in _ESCAPES.items():
        text = text.replace(sign, escape)
    return text


def _chosen(analysis: Analysis, wanted: Callable[[CallRecord], bool], most: int) -> list[CallRecord]:
    """At most `most` calls in the order of time: with findings, then failures, with their other legs, then the rest."""
    troubled = {call for finding in analysis.findings for call in finding.calls if finding.severity != "note"}
    if len(analysis.calls) <= most:
        return [record for record in analysis.calls if wanted(record)]
    kept: dict[str, CallRecord] = {}
    for choose in (lambda one: one.id in troubled, is_failure, lambda one: True):
        for record in analysis.calls:
            if len(kept) >= most:
                break
            if record.id not in kept and wanted(record) and choose(record):
                kept[record.id] = record
    return sorted(kept.values(), key=lambda record: record.start)


_Key = tuple[int, str, Any]


def _details(shown: list[CallRecord], paths: list[str], options: Options) -> dict[_Key, str]:
    wanted = {key for record in shown for key in _keys(record)}
    found: defaultdict[_Key, str] = defaultdict(str)
    if wanted:
        for message in messages(paths, options, {key[0] for key in wanted}):
            key = (message.packet, message.type, _mark(message))
            if key in wanted and key not in found:
                found[key] = details(message)
    return dict(found)


def _keys(record: CallRecord) -> list[_Key]:
    """What tells each message of a record from others in its packet."""
    mark: Any = None
    if record.protocol in ("isup", "tup"):
        mark = record.cic
    elif record.protocol == "sip":
        mark = record.call_id
    # A group reset is on the first circuit of its range.
    return [
        (message.packet, message.type, None if message.type in ("GRS", "GRA") else mark) for message in record.messages
    ]


def _mark(message: Message) -> Any:
    octets = message.octets
    if message.type in ("GRS", "GRA"):
        return None
    if message.protocol is Protocol.ISUP:
        return (octets[0] | octets[1] << 8) & (0x3FFF if message.where.variant == "ansi" else 0xFFF)
    if message.protocol is Protocol.TUP:
        low = 8 if message.where.variant == "china" else 4
        return (octets[1] << low | octets[0] & (1 << low) - 1) & 0xFFF
    if message.protocol is Protocol.SIP:
        scanned = scan(octets)
        return scanned.call_id if scanned is not None else None
    return None
