"""One call as text, message by message, its legs side by side: when, between whom, what it led to, what was wrong."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from tandem.core.cause import cause_name

from .circuits import point_code
from .evidence import sent_again
from .model import CallMessage, CallRecord, Finding, MediaStream

NARROWEST: Final = 30
"""Columns between two ends, at least."""
WIDEST: Final = 58
_ALONE: Final = 44
"""Columns between the ends of a call without legs, at least."""
COLOURS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}
"""Of the severities of findings."""
_LEFT: Final = 34
"""Columns of time and packet before the first end."""


def ladder(
    record: CallRecord, legs: Sequence[CallRecord] = (), findings: Iterable[Finding] = (), colour: bool = True
) -> Iterator[str]:
    """The lines of a call, of its `legs` that are shown beside it, and the `findings` that speak of them."""
    calls = sorted((record, *legs), key=lambda one: one.start)
    yield from _heading(record)
    ends = list(dict.fromkeys(end for one in calls for end in ends_of(one)))
    events = sorted(
        ((message, one) for one in calls for message in one.messages),
        key=lambda event: (event[0].time, event[0].packet),
    )
    labels = {
        id(message): _label(message, again) for one in calls for again in [_again(one)] for message in one.messages
    }
    lanes = max(1, len(ends) - 1)
    longest = max([len(label) + 5 for label in labels.values()], default=0)
    width = min(WIDEST, max(NARROWEST if lanes > 1 else _ALONE, longest))
    yield ""
    if legs:
        yield _calls(calls, ends, width)
    yield from _names(ends, width)
    before = None
    for message, one in events:
        near, far = (ends.index(end) for end in ends_of(one))
        arrow = _arrow(labels[id(message)], near, far, message.forward, lanes, width)
        clock = _clock(message.time) if before is None or message.time - before >= 60 else " " * 12
        before = message.time if clock.strip() else before
        note = ", ".join(_reached(message, one))
        yield f"{clock} {message.time - record.start:+10.3f}{message.packet:>9}  {arrow}  {note}".rstrip()
    more = [
        *_figures(record),
        *(_stream(stream) for one in calls for stream in one.media),
        *(f"same call: {leg.id} ({leg.why}, {100 * leg.sure:.0f} % sure)" for leg in record.legs),
        *(told(finding, colour) for finding in findings),
    ]
    yield from ["", *more] if more else []


def told(finding: Finding, colour: bool = True) -> str:
    """A finding on one line, with terminal colours where `colour` says so."""
    blame = f" Fault: {finding.fault}." if finding.fault else ""
    severity = click.style(finding.severity, fg=COLOURS.get(finding.severity)) if colour else finding.severity
    word = "Packet" if len(finding.packets) == 1 else "Packets"
    packets = f" {word} {', '.join(map(str, finding.packets))}" if finding.packets else ""
    return f"{severity}: {finding.text} ({finding.clause}).{blame}{packets}"


def ends_of(record: CallRecord) -> tuple[str, str]:
    """The two ends of a call: where there are point codes and addresses, both."""
    ends = []
    for code, address in ((record.opc, record.source), (record.dpc, record.destination)):
        name = "" if code is None else point_code(code, record.variant)
        ends.append(address if not name or name == address else f"{name} {address}")
    return ends[0] or "?", ends[1] or "??"


def _heading(record: CallRecord) -> Iterator[str]:
    yield f"{record.id}: {record.calling or '-'} to {record.called or '-'}, {record.outcome}"
    day = datetime.datetime.fromtimestamp(record.start, datetime.UTC).strftime("%Y-%m-%d")
    facts = [day, f"{_clock(record.start)} UTC"]
    if record.cic is not None:
        facts.append(f"{'circuit' if record.opc is not None else 'B channel'} {record.cic}")
    if record.variant and record.variant != "itu":
        facts.append(record.variant)
    if record.call_id:
        facts.append(f"{'Call-ID' if record.protocol == 'sip' else 'call reference'} {record.call_id}")
    yield ", ".join(facts)


def _names(ends: Sequence[str], width: int) -> Iterator[str]:
    """The ends above their columns: point codes over addresses, one below the other where they are too long."""
    rows: list[list[str]] = []
    room = _LEFT + width * max(1, len(ends) - 1) + 1
    for level in zip(*(end.rpartition(" ")[::2] for end in ends), strict=True):
        lowest = len(rows)
        for place, name in enumerate(level):
            middle = _LEFT + width * place
            first = middle if place == 0 else middle - len(name) // 2
            first = max(0, min(first, room - len(name)))
            taken = slice(max(0, first - 1), first + len(name) + 1)
            row = next((row for row in rows[lowest:] if name and not "".join(row[taken]).strip()), None)
            if name and row is None:
                rows.append(row := [" "] * max(room, len(name)))
            if row is not None:
                row[first : first + len(name)] = name
    for row in rows:
        yield "".join(row).rstrip()


def _calls(calls: Sequence[CallRecord], ends: Sequence[str], width: int) -> str:
    """The identities of several calls, each above the space between its ends."""
    line = [" "] * (_LEFT + width * max(1, len(ends) - 1) + 1)
    for one in calls:
        near, far = sorted(ends.index(end) for end in ends_of(one))
        first = _LEFT + (near + far) * width // 2 - len(one.id) // 2
        if not "".join(line[first : first + len(one.id)]).strip():
            line[first : first + len(one.id)] = one.id
    return "".join(line).rstrip()


def _arrow(label: str, near: int, far: int, forward: bool, lanes: int, width: int) -> str:
    start, stop = (near, far) if forward else (far, near)
    low, high = min(start, stop), max(start, stop)
    space = width * max(1, high - low) - 1
    text = f" {label} " if len(label) + 4 <= space else f" {label[: space - 5]}… "
    body = f"─{text}".ljust(space - 1, "─")
    body = f"{body}▶" if stop > start else f"◀{body}"
    line = "│".join([" " * (width - 1)] * low)
    line = f"{line}│" if low else line
    line = f"│{line}{body}│"
    rest = max(0, lanes - max(high, low + 1))
    return line + (" " * (width - 1) + "│") * rest


def _label(message: CallMessage, again: set[int]) -> str:
    text = f"{message.type} {message.summary}".rstrip()
    if message.duplicate:
        text += " (again)" if id(message) in again else " (seen twice)"
    return text


def _again(record: CallRecord) -> set[int]:
    """The messages that were sent again, not only captured twice."""
    if record.protocol in ("isup", "tup"):
        return set()
    return {id(message) for message in sent_again(record.messages)}


def _reached(message: CallMessage, record: CallRecord) -> Iterator[str]:
    """What a message led to."""
    if message.duplicate:
        return
    if message.time == record.alerting and not message.forward:
        yield "ringing"
    if message.time == record.answered and not message.forward:
        yield "answered"
    if message.time == record.released and message.type != "ACK":
        yield f"released by the {record.released_by or 'unknown'} side"
    if message.time == record.completed:
        yield "over"


def _figures(record: CallRecord) -> Iterator[str]:
    facts = []
    if record.post_dial_delay is not None:
        facts.append(f"post-dial delay {record.post_dial_delay:.2f} s")
    if record.duration is not None:
        facts.append(f"talk {record.duration:.2f} s")
    if facts:
        yield ", ".join(facts)
    if record.cause is not None:
        status = f"status {record.status}, " if record.status is not None else ""
        where = f", {record.location}" if record.location else ""
        by = f", released by the {record.released_by} side" if record.released_by else ""
        yield f"{status}cause {record.cause} {cause_name(record.cause)}{where}{by}"


def _stream(stream: MediaStream) -> str:
    quality = "" if stream.mos is None else f", MOS {stream.mos:.2f}"
    digits = f", digits {stream.digits}" if stream.digits else ""
    return (
        f"speech {stream.source} to {stream.destination}: {stream.codec}, {stream.packets} packets, "
        f"{stream.lost} lost, jitter {stream.jitter_ms:.1f} ms{quality}{digits}"
    )


def _clock(time: float) -> str:
    return datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%H:%M:%S.%f")[:12]
