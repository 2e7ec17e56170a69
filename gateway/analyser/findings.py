"""What went wrong and whose fault it was: rules over call records and over what belongs to no call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tandem.core.cause import cause_name

from .circuits import point_code
from .expiry import expiries
from .model import CallMessage, CallRecord, Finding, Message, Outcome, Severity
from .rules import standard_causes

T7: Final = 30.0
"""Longest wait for the address complete message, 20 to 30 s (Q.764 Annex A)."""
T1: Final = 60.0
"""Longest T1, 15 to 60 s: REL repeated when no RLC came (Q.764 Annex A)."""
T303: Final = 4.0
"""Q.931 table 9-1; SETUP is sent once more when it runs out."""
TIMER_B: Final = 32.0
SHORT_TALK: Final = 3.0
"""Calls shorter than this may well have no speech in one direction."""
SURE: Final = 0.9
"""How sure two legs must be one call for their causes to be compared."""
BAD_LOSS: Final = 2.0
"""Percent of packets lost from which G.711 is heard to suffer (G.113 appendix I)."""
STORM: Final = 10
"""Resets of one exchange within STORM_SECONDS that are a storm."""
STORM_SECONDS: Final = 10.0
CONGESTION: Final = frozenset({34, 38, 41, 42, 44, 47})
_LINK_KINDS: Final = {
    **dict.fromkeys(("SIOS", "SIPO"), ("link-failure", "Q.703 11")),
    **dict.fromkeys(("COO", "XCO", "ECO"), ("changeover", "Q.704 5")),
    **dict.fromkeys(("ASPDN", "ASPIA"), ("link-failure", "RFC 4666 3.5, 3.7")),
    "TFP": ("destination-unavailable", "Q.704 13.2"),
    "DUNA": ("destination-unavailable", "RFC 4666 3.4.1"),
    "TFC": ("congestion", "Q.704 13.7"),
    "SIB": ("congestion", "Q.703 9"),
    "SCON": ("congestion", "RFC 4666 3.4.4"),
}
"""Finding and clause by the message that tells of it."""
LINK_TYPES: Final = frozenset(_LINK_KINDS)


Find = Callable[[str], CallRecord | None]


def of_calls(records: Iterable[CallRecord], end: float, find: Find) -> Iterator[Finding]:
    """Findings of single calls and of their legs, which `find` gives by identity; `end` is the last packet's time."""
    for record in records:
        if record.protocol in ("isup", "tup"):
            yield from _circuit_call(record, end)
        elif record.protocol == "q931":
            yield from _q931_call(record, end)
        elif record.protocol == "sip":
            yield from _sip_call(record, end)
        yield from _timers(record)
        if record.cause in CONGESTION and record.answered is None:
            yield _finding(
                "congestion",
                Severity.WARNING,
                record,
                f"{record.id}: released with {record.cause} {cause_name(record.cause or 0)}",
                fault=_side(record, record.released_by),
                clause="Q.850 table 1, class 2",
                last=True,
            )
        for leg in record.legs:
            if leg.sure < SURE or not leg.id.startswith("sip-"):
                continue
            if record.protocol == "isup" and (other := find(leg.id)) is not None:
                yield from _mapping(record, other)
            elif record.media and (other := find(leg.id)) is not None and other.start > record.start:
                yield from _lost_digits(record, other)


def of_collisions(collisions: Iterable[tuple[Message, int, int]]) -> Iterator[Finding]:
    """Circuits that both ends seized at once."""
    for message, cic, first in collisions:
        where = message.where
        ends = [point_code(code or 0, where.variant) for code in (where.opc, where.dpc)]
        yield Finding(
            kind="dual-seizure",
            severity=Severity.WARNING.value,
            text=f"circuit {cic} was seized by {ends[0]} and {ends[1]} at once: both select circuits in the same order",
            clause="Q.764 2.9.1",
            packets=[first, message.packet],
            time=message.time,
        )


def of_supervision(messages: Iterable[tuple[Message, int]]) -> Iterator[Finding]:
    """Findings of circuit supervision: storms of resets, circuits blocked and not unblocked."""
    resets: dict[tuple[int | None, str], list[Message]] = defaultdict(list)
    blocked: dict[tuple[int | None, int | None, int], Message] = {}
    for message, cic in messages:
        where = message.where
        key = (where.opc, where.dpc, cic)
        if message.type in ("RSC", "GRS"):
            resets[where.opc, where.variant].append(message)
        elif message.type == "BLO":
            blocked[key] = message
        elif message.type == "UBL":
            blocked.pop(key, None)
    for (opc, variant), found in resets.items():
        worst = _densest([message.time for message in found])
        if worst >= STORM:
            yield Finding(
                kind="reset-storm",
                severity=Severity.ERROR.value,
                text=f"{worst} resets within {STORM_SECONDS:.0f} s from {point_code(opc or 0, variant)}",
                fault=point_code(opc or 0, variant),
                clause="Q.764 2.9.3",
                packets=[message.packet for message in found[:20]],
                time=found[0].time,
            )
    for (opc, _, cic), message in blocked.items():
        yield Finding(
            kind="circuit-blocked",
            severity=Severity.NOTE.value,
            text=f"circuit {cic} blocked by {point_code(opc or 0, message.where.variant)} and not unblocked",
            clause="Q.764 2.9.2",
            packets=[message.packet],
            time=message.time,
        )


def of_links(messages: Iterable[Message]) -> Iterator[Finding]:
    """Findings of signalling links: taken out of service, or changed over from; one for each link and kind."""
    found: dict[tuple[str, str, int | None, int | None], list[Message]] = defaultdict(list)
    for message in messages:
        if message.type in LINK_TYPES:
            where = message.where
            found[message.type, where.link, where.opc, where.dpc].append(message)
    for (kind, link, _, _), group in found.items():
        first = group[0]
        yield Finding(
            kind=_LINK_KINDS[kind][0],
            severity=Severity.WARNING.value,
            text=f"{kind} {len(group)} times{f' on link {link}' if link else ''}",
            fault=point_code(first.where.opc, first.where.variant) if first.where.opc is not None else "",
            clause=_LINK_KINDS[kind][1],
            packets=[message.packet for message in group[:20]],
            time=first.time,
        )


def of_registrations(messages: Iterable[Message]) -> Iterator[Finding]:
    """Findings of SIP outside calls: registrations that are refused or not answered."""
    waiting: dict[tuple[str, str], Message] = {}
    refused: Counter[tuple[str, str, str]] = Counter()
    example: dict[tuple[str, str, str], Message] = {}
    for message in messages:
        where = message.where
        if message.type == "REGISTER":
            waiting[where.source, where.destination] = message
        elif message.type.isdigit() and (where.destination, where.source) in waiting:
            del waiting[where.destination, where.source]
            if int(message.type) >= 400 and message.type not in ("401", "407", "423"):
                key = (where.destination, where.source, message.type)
                refused[key] += 1
                example.setdefault(key, message)
    for key, times in refused.items():
        yield Finding(
            kind="registration-failed",
            severity=Severity.ERROR.value,
            text=f"{key[1]} refused the registration of {key[0]} with {key[2]}, {times} times",
            clause="RFC 3261 10.3",
            packets=[example[key].packet],
            time=example[key].time,
        )
    for (source, destination), message in waiting.items():
        yield Finding(
            kind="registration-unanswered",
            severity=Severity.ERROR.value,
            text=f"{destination} did not answer the registration of {source}",
            fault=destination,
            clause="RFC 3261 17.1.2",
            packets=[message.packet],
            time=message.time,
        )


def _circuit_call(record: CallRecord, end: float) -> Iterator[Finding]:
    tup = record.protocol == "tup"
    backward = [message for message in record.messages if not message.forward]
    complete, release = ("RLG", "CLF") if tup else ("RLC", "REL")
    if not backward and record.released is None and end - record.start > T7:
        yield _finding(
            "unanswered-iam",
            Severity.ERROR,
            record,
            f"{record.id}: {record.destination} never answered the IAM for {record.called} on circuit {record.cic}",
            fault=_side(record, "called"),
            clause="Q.724 1" if tup else "Q.764 2.1.4.2, T7",
        )
    releases = [message for message in record.messages if message.type == release]
    if releases and record.completed is None and end - releases[-1].time > T1:
        by_calling = releases[0].forward
        yield _finding(
            f"missing-{complete.lower()}",
            Severity.ERROR,
            record,
            f"{record.id}: no {complete} after {release} on circuit {record.cic}, sent {len(releases)} times",
            fault=_side(record, "called" if by_calling else "calling"),
            clause="Q.724 1.13" if tup else "Q.764 2.3.1, T1 and T5",
            last=True,
        )
    if record.outcome == Outcome.FAILED.value and record.messages and record.messages[-1].summary == "reset":
        yield _finding(
            "reset-in-call",
            Severity.ERROR,
            record,
            f"{record.id}: circuit {record.cic} was reset during the call",
            fault=_side(record, record.released_by),
            clause="Q.764 2.9.3",
            last=True,
        )
    released_first = next((m for m in record.messages if not m.forward), None)
    if not tup and released_first is not None and released_first.type == "REL":
        yield _finding(
            "release-before-acm",
            Severity.NOTE,
            record,
            f"{record.id}: released before address complete, cause {record.cause}",
            fault=_side(record, "called"),
            clause="Q.764 2.2",
            last=True,
        )


def _timers(record: CallRecord) -> Iterator[Finding]:
    for expiry in expiries(record):
        other = "called" if expiry.side == "calling" else "calling"
        often = f" {expiry.times} times" if expiry.times > 1 else ""
        yield Finding(
            kind="timer-expiry",
            severity=Severity.ERROR.value if expiry.timer in ("T7", "T5") else Severity.WARNING.value,
            text=f"{record.id}: {expiry.timer} of the {expiry.side} side ran out{often}, no {expiry.waited_for} came",
            fault=_side(record, other),
            clause=expiry.clause,
            calls=[record.id],
            packets=[expiry.at.packet],
            time=expiry.at.time,
        )


def _q931_call(record: CallRecord, end: float) -> Iterator[Finding]:
    backward = any(not message.forward for message in record.messages)
    if not backward and record.released is None and end - record.start > 2 * T303 + 1:
        yield _finding(
            "unanswered-setup",
            Severity.ERROR,
            record,
            f"{record.id}: the {record.destination} side never answered the SETUP for {record.called}",
            fault=record.destination,
            clause="Q.931 5.1.1, T303",
        )


def _sip_call(record: CallRecord, end: float) -> Iterator[Finding]:
    messages = record.messages
    if not any(not message.forward for message in messages) and end - record.start > TIMER_B:
        yield _finding(
            "unanswered-invite",
            Severity.ERROR,
            record,
            f"{record.id}: {record.destination} never answered the INVITE for {record.called}",
            fault=record.destination,
            clause="RFC 3261 17.1.1.2, timer B",
        )
    repeated = sum(message.duplicate for message in messages)
    if repeated >= 3:
        yield _finding(
            "retransmissions",
            Severity.WARNING,
            record,
            f"{record.id}: {repeated} messages were sent again: packets are lost, or a peer does not answer",
            clause="RFC 3261 17",
        )
    if record.answered is not None and end - record.answered > TIMER_B and not _acknowledged(messages):
        yield _finding(
            "missing-ack",
            Severity.ERROR,
            record,
            f"{record.id}: no ACK for the 200 of the INVITE",
            fault=record.source,
            clause="RFC 3261 13.2.2.4",
        )
    yield from _speech(record)
    bye = next((message for message in messages if message.type == "BYE"), None)
    if bye is not None and record.completed is None and end - bye.time > TIMER_B:
        yield _finding(
            "unanswered-bye",
            Severity.WARNING,
            record,
            f"{record.id}: the BYE was never answered",
            fault=record.destination if bye.forward else record.source,
            clause="RFC 3261 15.1.2",
            last=True,
        )


def _speech(record: CallRecord) -> Iterator[Finding]:
    """Speech of an answered call: one way only, or spoilt by loss."""
    if record.answered is None or (record.duration or 0.0) < SHORT_TALK:
        return
    ends = {stream.source.rpartition(":")[0] for stream in record.media}
    silent = {stream.destination.rpartition(":")[0] for stream in record.media} - ends
    if record.media and silent:
        yield _finding(
            "one-way-speech",
            Severity.ERROR,
            record,
            f"{record.id}: speech in one direction only, nothing from {', '.join(sorted(silent))}",
            fault=", ".join(sorted(silent)),
            clause="RFC 3264 5.1",
        )
    yield from _formats(record)
    for stream in record.media:
        if stream.digits_cut:
            yield _finding(
                "dtmf-lost",
                Severity.WARNING,
                record,
                f"{record.id}: {stream.digits_cut} of the digits {stream.digits} from {stream.source} never ended",
                fault=f"the path from {stream.source}",
                clause="RFC 4733 2.5.1.4",
            )
        # A sender that goes on elsewhere for a while, as in a hold, counts on: what it sent there is not missing here.
        elsewhere = sum(
            other.packets
            for other in record.media
            if (other.source, other.ssrc) == (stream.source, stream.ssrc) and other.destination != stream.destination
        )
        lost = max(0, stream.lost - elsewhere)
        share = 100 * lost / (lost + stream.packets)
        if share >= BAD_LOSS:
            yield _finding(
                "speech-loss",
                Severity.WARNING,
                record,
                f"{record.id}: {share:.1f} % of the speech from {stream.source} is missing",
                fault=f"the path from {stream.source}",
                clause="G.107",
            )


def _formats(record: CallRecord) -> Iterator[Finding]:
    """Speech in a codec that the receiver did not ask for: it hears noise or nothing (RFC 3264 6.1)."""
    for stream in record.media:
        allowed = record.formats.get(stream.destination)
        if not allowed or not stream.payload_types or stream.payload_types[0] in allowed:
            continue
        yield _finding(
            "codec-mismatch",
            Severity.ERROR,
            record,
            f"{record.id}: {stream.source} sends {stream.codec} (type {stream.payload_types[0]}), "
            f"{stream.destination} asked for {', '.join(map(str, allowed))}",
            fault=stream.source,
            clause="RFC 3264 6.1",
        )


def _lost_digits(one: CallRecord, other: CallRecord) -> Iterator[Finding]:
    """DTMF that arrives on one leg and is not sent on the next, in the direction of the call."""
    before, after = (_digits(record) for record in (one, other))
    if before and other.media and len(after) < len(before):
        yield Finding(
            kind="dtmf-lost",
            severity=Severity.WARNING.value,
            text=f"{one.id} and {other.id}: the digits {before} became {after or 'nothing'}",
            fault=f"what joins {one.destination} and {other.source}",
            clause="RFC 4733 2.1",
            calls=[one.id, other.id],
            packets=[record.messages[0].packet for record in (one, other) if record.messages],
            time=one.answered,
        )


def _digits(record: CallRecord) -> str:
    """What the calling side dialled after answer."""
    host = record.source.rpartition(":")[0]
    return "".join(stream.digits for stream in record.media if stream.source.rpartition(":")[0] == host)


def _acknowledged(messages: list[CallMessage]) -> bool:
    return any(message.type == "ACK" for message in messages)


def _mapping(isup: CallRecord, sip: CallRecord) -> Iterator[Finding]:
    """The failure of one leg as the other tells it: RFC 3398 says which status belongs to which cause."""
    if isup.cause is None or sip.status is None or isup.answered is not None or sip.status < 300:
        return
    if sip.start >= isup.start:  # the SIP leg failed, the ISUP leg was told
        expected, seen, word = standard_causes().cause(sip.status), isup.cause, "cause"
        clause, basis = "RFC 3398 8.2.6.1", f"status {sip.status}"
    else:
        expected, seen, word = standard_causes().status(isup.cause, -1), sip.status, "status"
        clause, basis = "RFC 3398 7.2.4.1", f"cause {isup.cause}"
    if expected == seen or sip.status == 487:
        return
    yield Finding(
        kind="cause-mapping",
        severity=Severity.WARNING.value,
        text=f"{isup.id} and {sip.id}: {basis} became {word} {seen}, the standard says {expected}",
        fault="the gateway between them",
        clause=clause,
        calls=[isup.id, sip.id],
        packets=[record.messages[-1].packet for record in (isup, sip) if record.messages],
        time=isup.released,
    )


def _finding(
    kind: str,
    severity: Severity,
    record: CallRecord,
    text: str,
    fault: str = "",
    clause: str = "",
    last: bool = False,
) -> Finding:
    messages = record.messages
    packets = [messages[-1 if last else 0].packet] if messages else []
    time = messages[-1].time if last and messages else record.start
    return Finding(
        kind=kind,
        severity=severity.value,
        text=text,
        fault=fault,
        clause=clause,
        calls=[record.id],
        packets=packets,
        time=time,
    )


def _side(record: CallRecord, side: str) -> str:
    """The end that is the calling or the called side of a record."""
    if record.opc is not None and record.dpc is not None:
        codes = {"calling": record.opc, "called": record.dpc}
        return point_code(codes[side], record.variant) if side in codes else ""
    return {"calling": record.source, "called": record.destination}.get(side, "")


def _densest(times: list[float]) -> int:
    """Most of `times` within STORM_SECONDS."""
    ordered, first, most = sorted(times), 0, 0
    for last, time in enumerate(ordered):
        while time - ordered[first] > STORM_SECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most
