"""What goes wrong with SIP: calls, their speech and digits, registrations."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .evidence import about, of_type, packets_of, sent_again
from .model import CallMessage, CallRecord, Finding, Message, Severity
from .sipscan import scan

TIMER_B: Final = 32.0
TIMER_F: Final = 32.0
"""Seconds that a request other than INVITE has to be answered: 64 * T1 (RFC 3261 17.1.2.2)."""
SHORT_TALK: Final = 3.0
"""Calls shorter than this may well have no speech in one direction."""
BAD_LOSS: Final = 2.0
"""Percent of packets lost from which G.711 is heard to suffer (G.113 appendix I)."""
MANY: Final = 3
"""Messages sent again from which that is worth a finding."""
_CREDENTIALS: Final = re.compile(rb"^(?:Proxy-)?Authorization[ \t]*:", re.IGNORECASE | re.MULTILINE)
_STALE: Final = re.compile(rb"^(?:WWW|Proxy)-Authenticate[ \t]*:[^\r\n]*stale[ \t]*=[ \t]*\"?true", re.I | re.M)
_CHALLENGES: Final = frozenset({401, 407})
_TOO_BRIEF: Final = 423
_OWN: Final = frozenset({408, 480})
"""Statuses below 500 that are not of the one who asked."""
_Key = tuple[str, str, str]


def of_call(record: CallRecord, end: float) -> Iterator[Finding]:
    """Findings of a call by itself; `end` is the time of the last packet."""
    messages = record.messages
    if not any(not message.forward for message in messages) and end - record.start > TIMER_B:
        yield about(
            "unanswered-invite",
            Severity.ERROR,
            record,
            f"{record.destination} never answered the INVITE for {record.called}",
            proof=[message for message in messages if message.type == "INVITE"],
            fault=record.destination,
            clause="RFC 3261 17.1.1.2, timer B",
        )
    repeated = sent_again(messages)
    if len(repeated) >= MANY:
        yield about(
            "retransmissions",
            Severity.WARNING,
            record,
            f"{len(repeated)} messages were sent again: packets are lost, or a peer does not answer",
            proof=repeated,
            fault=_deaf(record, [message.forward for message in repeated]),
            clause="RFC 3261 17",
        )
    if record.answered is not None and end - record.answered > TIMER_B and not of_type(record, "ACK"):
        yield about(
            "missing-ack",
            Severity.ERROR,
            record,
            "no ACK for the 200 of the INVITE",
            proof=[one for one in messages if one.type == "200" and not one.forward and one.summary in ("INVITE", "")],
            fault=record.source,
            clause="RFC 3261 13.2.2.4",
        )
    yield from _speech(record, end)
    byes = [message for message in messages if message.type == "BYE"]
    if byes and record.completed is None and end - byes[0].time > TIMER_B:
        yield about(
            "unanswered-bye",
            Severity.WARNING,
            record,
            "the BYE was never answered",
            proof=byes,
            fault=record.destination if byes[0].forward else record.source,
            clause="RFC 3261 15.1.2",
            last=True,
        )


def _deaf(record: CallRecord, forward: list[bool]) -> str:
    """The path on which messages, or their answers, are lost: to the end that nearly all were sent to again."""
    ahead = sum(forward)
    if ahead in (0, len(forward)):
        ends = (record.source, record.destination) if ahead else (record.destination, record.source)
        return f"{ends[1]}, or the path to it from {ends[0]}"
    return f"the path between {record.source} and {record.destination}"


def _speech(record: CallRecord, end: float) -> Iterator[Finding]:
    """Speech of an answered call: one way only, in another codec, or spoilt by loss."""
    if record.answered is None or _talk(record, end) < SHORT_TALK:
        return
    silent = _silent(record)
    if silent:
        yield about(
            "one-way-speech",
            Severity.ERROR,
            record,
            f"speech in one direction only, nothing from {', '.join(silent)}",
            proof=_offer_and_answer(record),
            fault=", ".join(silent),
            clause="RFC 3264 5.1",
        )
    yield from _formats(record)
    for stream in record.media:
        if stream.digits_cut:
            yield about(
                "dtmf-lost",
                Severity.WARNING,
                record,
                f"{stream.digits_cut} of the digits {stream.digits} from {stream.source} never ended",
                proof=_offer_and_answer(record),
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
            yield about(
                "speech-loss",
                Severity.WARNING,
                record,
                f"{share:.1f} % of the speech from {stream.source} is missing",
                proof=_offer_and_answer(record),
                fault=f"the path from {stream.source}",
                clause="G.107",
            )


def _talk(record: CallRecord, end: float) -> float:
    """Seconds of talk, to the end of the capture where nobody released the call."""
    if record.duration is not None:
        return record.duration
    return max(0.0, end - (record.answered or end))


def _offer_and_answer(record: CallRecord) -> list[CallMessage]:
    """The messages that agreed on speech, as far as they are told from others: INVITE and its final response."""
    answers = [one for one in record.messages if one.type == "200" and not one.forward]
    return [*of_type(record, "INVITE")[:1], *answers[:1]]


def _silent(record: CallRecord) -> list[str]:
    """The ends that were sent speech, should have sent some, and sent none to whoever sent it."""
    wanted = {_host(address) for address, kinds in record.formats.items() if kinds}
    ends = {_host(stream.source) for stream in record.media}
    found = set()
    for stream in record.media:
        host, talker = _host(stream.destination), _host(stream.source)
        # An end may send from another address than it listens at: what comes back to the talker counts.
        back = any(_host(other.destination) == talker for other in record.media)
        asked = not record.formats or bool(wanted - {host})
        if host not in ends and not back and asked:
            found.add(host)
    return sorted(found)


def of_silence(record: CallRecord, heard: Mapping[str, tuple[float, float]], end: float) -> Iterator[Finding]:
    """A call without any speech, although the probe sees speech of its ends: `heard` has first and last by address."""
    if record.answered is None or record.media or _talk(record, end) < SHORT_TALK:
        return
    over = record.released if record.released is not None else end
    hosts = sorted({_host(address) for address, kinds in record.formats.items() if kinds})
    seen = [host for host in hosts if host in heard and heard[host][0] < over and heard[host][1] > record.answered]
    if len(hosts) == 2 and len(seen) == 2:
        yield about(
            "missing-speech",
            Severity.ERROR,
            record,
            f"no speech at all between {hosts[0]} and {hosts[1]}, though that of other calls is in the capture",
            proof=_offer_and_answer(record),
            fault=" and ".join(hosts),
            clause="RFC 3264 5.1",
        )


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _formats(record: CallRecord) -> Iterator[Finding]:
    """Speech in a codec that the receiver did not ask for: it hears noise or nothing (RFC 3264 6.1)."""
    for stream in record.media:
        allowed = record.formats.get(stream.destination)
        if not allowed or not stream.payload_types or stream.payload_types[0] in allowed:
            continue
        yield about(
            "codec-mismatch",
            Severity.ERROR,
            record,
            f"{stream.source} sends {stream.codec} (type {stream.payload_types[0]}), "
            f"{stream.destination} asked for {', '.join(map(str, allowed))}",
            proof=_offer_and_answer(record),
            fault=stream.source,
            clause="RFC 3264 6.1",
        )


def lost_digits(one: CallRecord, other: CallRecord) -> Iterator[Finding]:
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
    host = _host(record.source)
    return "".join(stream.digits for stream in record.media if _host(stream.source) == host)


def registration_key(message: Message) -> _Key | None:
    """Who registers where, and the Call-ID; None for what is not about a registration."""
    parsed = scan(message.octets)
    if parsed is not None and parsed.method != "REGISTER":
        return None
    if parsed is None and message.type != "REGISTER" and not message.type.isdigit():
        return None
    where, call_id = message.where, parsed.call_id if parsed is not None else ""
    ends = (where.source, where.destination) if message.type == "REGISTER" else (where.destination, where.source)
    return (*ends, call_id)


def of_registrations(messages: Iterable[Message], end: float = math.inf) -> Iterator[Finding]:
    """Registrations that are refused or not answered; `end` is the time of the last packet."""
    waiting: dict[_Key, list[Message]] = {}
    refused: dict[tuple[str, str, int], list[Message]] = defaultdict(list)
    challenged: dict[_Key, list[Message]] = defaultdict(list)
    for message in messages:
        key = registration_key(message)
        if key is None:
            continue
        if message.type == "REGISTER":
            waiting.setdefault(key, []).append(message)
            continue
        status = int(message.type)
        if status < 200 or key not in waiting:
            continue
        asked = waiting.pop(key)[-1]
        if status in _CHALLENGES:
            if _CREDENTIALS.search(asked.octets) and not _STALE.search(message.octets):
                challenged[key].append(message)
        elif status >= 400 and status != _TOO_BRIEF:
            refused[key[0], key[1], status].append(message)
        else:
            challenged.pop(key, None)
    for (client, server, status), found in refused.items():
        yield _registration(
            "registration-failed",
            f"{server} refused the registration of {client} with {status}, {len(found)} times",
            client if status < 500 and status not in _OWN else server,
            "RFC 3261 10.3",
            found,
        )
    for (client, server, _), found in challenged.items():
        if len(found) > 1 or end - found[-1].time > TIMER_F:
            yield _registration(
                "registration-failed",
                f"{server} did not accept the credentials of {client}, {len(found)} times",
                client,
                "RFC 3261 22.2",
                found,
            )
    for (client, server, _), found in waiting.items():
        if end - found[0].time > TIMER_F:
            often = f", sent {len(found)} times" if len(found) > 1 else ""
            yield _registration(
                "registration-unanswered",
                f"{server} did not answer the registration of {client}{often}",
                server,
                "RFC 3261 17.1.2",
                found,
            )


def _registration(kind: str, text: str, fault: str, clause: str, proof: list[Message]) -> Finding:
    return Finding(
        kind=kind,
        severity=Severity.ERROR.value,
        text=text,
        fault=fault,
        clause=clause,
        packets=list(packets_of(proof)),
        time=proof[0].time,
    )
