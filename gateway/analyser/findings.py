"""What went wrong with calls and whose fault it was: rules over call records and their legs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tandem.core.cause import cause_name

from . import findings_sip
from .circuits import SUPERVISION
from .evidence import about, of_type, other, side_of
from .expiry import expiries
from .model import CallMessage, CallRecord, Finding, Outcome, Severity
from .rules import standard_causes

T7: Final = 30.0
"""Longest wait for the address complete message, 20 to 30 s (Q.764 Annex A)."""
T1: Final = 60.0
"""Longest T1, 15 to 60 s: REL repeated when no RLC came (Q.764 Annex A)."""
T303: Final = 4.0
"""Q.931 table 9-1; SETUP is sent once more when it runs out."""
SURE: Final = 0.9
"""How sure two legs must be one call for their causes to be compared."""
CONGESTION: Final = frozenset({34, 38, 41, 42, 44, 47})
_CAUSES: Final = frozenset({"isup", "q931"})
"""Protocols whose causes are those of Q.850; of TUP and H.225 they are ours."""

Find = Callable[[str], CallRecord | None]


def of_calls(records: Iterable[CallRecord], end: float, find: Find) -> Iterator[Finding]:
    """Findings of single calls and of their legs, which `find` gives by identity; `end` is the last packet's time."""
    for record in records:
        if record.protocol in ("isup", "tup"):
            yield from _circuit_call(record, end)
        elif record.protocol == "q931":
            yield from _q931_call(record, end)
        elif record.protocol == "sip":
            yield from findings_sip.of_call(record, end)
        yield from _timers(record)
        if record.cause in CONGESTION and record.answered is None:
            yield about(
                "congestion",
                Severity.WARNING,
                record,
                f"released with {record.cause} {cause_name(record.cause or 0)}",
                proof=_release(record),
                fault=side_of(record, record.released_by),
                clause="Q.850 table 1, class 2",
                last=True,
            )
        yield from _legs(record, find)


def _legs(record: CallRecord, find: Find) -> Iterator[Finding]:
    for leg in record.legs:
        if leg.sure < SURE:
            continue
        to_sip = leg.id.startswith("sip-")
        if record.protocol in _CAUSES and to_sip and (joined := find(leg.id)) is not None:
            yield from _mapping(record, joined)
        elif record.protocol in _CAUSES and not to_sip and (joined := find(leg.id)) is not None:
            yield from _passed_on(record, joined)
        elif record.media and to_sip and (joined := find(leg.id)) is not None and joined.start > record.start:
            yield from findings_sip.lost_digits(record, joined)


def _release(record: CallRecord) -> list[CallMessage]:
    """The message by which a call was released."""
    return [message for message in record.messages if message.time == record.released][:1] or record.messages[-1:]


def _circuit_call(record: CallRecord, end: float) -> Iterator[Finding]:
    tup = record.protocol == "tup"
    backward = [message for message in record.messages if not message.forward and message.type not in SUPERVISION]
    begin = record.messages[:1]
    complete, release = ("RLG", "CLF") if tup else ("RLC", "REL")
    unequipped = of_type(record, "UCIC") if record.outcome == Outcome.FAILED.value else []
    ends = side_of(record, "calling"), side_of(record, "called")
    if unequipped:
        yield about(
            "circuit-unequipped",
            Severity.ERROR,
            record,
            f"{ends[1]} does not have circuit {record.cic}, which {ends[0]} seized",
            proof=[*begin, *unequipped],
            fault=f"what {ends[0]} and {ends[1]} have as circuits",
            clause="Q.764 2.12",
        )
    elif not backward and record.released is None and end - record.start > T7:
        yield about(
            "unanswered-iam",
            Severity.ERROR,
            record,
            f"{record.destination} never answered the IAM for {record.called} on circuit {record.cic}",
            proof=[*begin, *of_type(record, "SAM", "SAO")],
            fault=side_of(record, "called"),
            clause="Q.724 1" if tup else "Q.764 2.1.4.2, T7",
        )
    releases = of_type(record, release)
    if releases and record.completed is None and end - releases[-1].time > T1:
        often = "once" if len(releases) == 1 else f"{len(releases)} times"
        yield about(
            f"missing-{complete.lower()}",
            Severity.ERROR,
            record,
            f"no {complete} after {release} on circuit {record.cic}, sent {often}",
            proof=releases,
            fault=side_of(record, "called" if releases[0].forward else "calling"),
            clause="Q.724 6" if tup else "Q.764 2.3.1, T1 and T5",
            last=True,
        )
    if record.outcome == Outcome.FAILED.value and record.messages and record.messages[-1].summary == "reset":
        yield about(
            "reset-in-call",
            Severity.ERROR,
            record,
            f"circuit {record.cic} was reset during the call by the {record.released_by} side",
            proof=[*begin, record.messages[-1]],
            fault=side_of(record, record.released_by),
            clause="Q.724 6" if tup else "Q.764 2.9.3.1",
            last=True,
        )
    if not tup and backward and backward[0].type == "REL":
        yield about(
            "release-before-acm",
            Severity.NOTE,
            record,
            f"released before address complete, cause {record.cause} {cause_name(record.cause or 0)}",
            proof=[*begin, backward[0]],
            fault=side_of(record, "called"),
            clause="Q.764 2.2",
            last=True,
        )


def _timers(record: CallRecord) -> Iterator[Finding]:
    for expiry in expiries(record):
        often = f" {expiry.times} times" if expiry.times > 1 else ""
        yield about(
            "timer-expiry",
            Severity.ERROR if expiry.timer in ("T7", "T5") else Severity.WARNING,
            record,
            f"{expiry.timer} of the {expiry.side} side ran out{often}, no {expiry.waited_for} came",
            proof=[*expiry.since, expiry.at],
            fault=side_of(record, other(expiry.side)),
            clause=expiry.clause,
        )


def _q931_call(record: CallRecord, end: float) -> Iterator[Finding]:
    backward = any(not message.forward for message in record.messages)
    if not backward and record.released is None and end - record.start > 2 * T303 + 1:
        yield about(
            "unanswered-setup",
            Severity.ERROR,
            record,
            f"the {record.destination} side never answered the SETUP for {record.called}",
            proof=[message for message in record.messages if message.type == "SETUP"],
            fault=record.destination,
            clause="Q.931 5.1.1, T303",
        )


def _mapping(one: CallRecord, sip: CallRecord) -> Iterator[Finding]:
    """The failure of one leg as the other tells it: RFC 3398 says which status belongs to which cause."""
    if one.cause is None or sip.status is None or one.answered is not None or sip.status < 300:
        return
    if sip.start >= one.start:  # the SIP leg failed, the other leg was told
        expected, seen, word = standard_causes().cause(sip.status), one.cause, "cause"
        clause, basis = "RFC 3398 8.2.6.1", f"status {sip.status}"
    else:
        expected, seen, word = standard_causes().status(one.cause, -1), sip.status, "status"
        clause, basis = "RFC 3398 7.2.4.1", f"cause {one.cause}"
    if expected == seen or sip.status == 487:
        return
    yield _told_wrongly(one, sip, f"{basis} became {word} {seen}, the standard says {expected}", clause)


def _passed_on(one: CallRecord, then: CallRecord) -> Iterator[Finding]:
    """The cause of a failed leg goes on unchanged to the leg before (Q.764 2.2.2, Q.699)."""
    earlier = (one.start, one.id) < (then.start, then.id)
    if not earlier or then.protocol not in _CAUSES or None in (one.cause, then.cause):
        return
    if one.answered is not None or then.answered is not None or one.cause == then.cause:
        return
    if one.released_by == then.released_by == "called":
        yield _told_wrongly(one, then, f"cause {then.cause} of the second became {one.cause}", "Q.764 2.2.2")


def _told_wrongly(one: CallRecord, then: CallRecord, text: str, clause: str) -> Finding:
    first, second = sorted((one, then), key=lambda record: record.start)
    between = first.destination, second.source
    if first.dpc is not None:
        between = side_of(first, "called"), between[1]
    if second.opc is not None:
        between = between[0], side_of(second, "calling")
    named = " and ".join(dict.fromkeys(end for end in between if end))
    return Finding(
        kind="cause-mapping",
        severity=Severity.WARNING.value,
        text=f"{one.id} and {then.id}: {text}",
        fault=f"the gateway between them ({named})" if named else "the gateway between them",
        clause=clause,
        calls=[one.id, then.id],
        packets=[message.packet for record in (one, then) for message in _release(record)],
        time=one.released,
    )
