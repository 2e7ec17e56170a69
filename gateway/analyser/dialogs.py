"""Call attempts of SIP, followed by Call-ID between two addresses (RFC 3261 12)."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import lru_cache
from typing import Final

from .attempts import Attempt, Done, Numbering, Table
from .model import CallRecord, Message
from .network import endpoint
from .quick import carried_numbers
from .rules import standard_causes
from .sipscan import Scanned, scan, uri_of

PATIENCE: Final = 32.0
"""64 * T1: until then a request may be repeated, and a challenge be answered."""
_CHALLENGES: Final = frozenset({401, 407, 422, 423, 491, 494})
"""Failures after which the same call is usually tried again at once."""
_REASON: Final = re.compile(r"Q\.850\s*;.*?cause\s*=\s*\"?(\d{1,3})", re.IGNORECASE)
_REMEMBERED: Final = 4096
MOST_FORMATS: Final = 64
MOST_ADDRESSES: Final = 200_000
_CONNECTION: Final = re.compile(rb"^c=IN IP[46] ([0-9A-Fa-f.:]{2,45})", re.MULTILINE)
_AUDIO: Final = re.compile(rb"^m=audio (\d{1,5})[^ \r\n]* +[^ \r\n]+((?: +\d{1,3})*)", re.MULTILINE)


class DialogTracker:
    """Attempts of SIP. Requests that belong to no call go to `others`."""

    def __init__(self, done: Done, numbering: Numbering) -> None:
        self._table = Table(done, PATIENCE)
        self._numbering = numbering
        self._seen: OrderedDict[tuple[str, str, int, float], None] = OrderedDict()
        self.speech: dict[str, list[CallRecord]] = {}
        """Records by `ADDRESS:PORT` at which a session description asked for their speech."""
        self.others: list[Message] = []
        """REGISTER, OPTIONS and their responses; whoever reads them clears the list."""

    def take(self, message: Message) -> None:
        """A message of SIP, in the order of the capture."""
        self._mark_duplicate(message)
        parsed = scan(message.octets)
        if parsed is None:
            message.error = "no SIP message that can be read"
            return
        where = message.where
        one, other = _host(where.source), _host(where.destination)
        key = (parsed.call_id, one, other) if one < other else (parsed.call_id, other, one)
        attempt = self._table.get(key)
        if not parsed.status:
            self._request(key, attempt, message, parsed)
        else:
            self._response(key, attempt, message, parsed)

    def expire(self, now: float) -> None:
        """Time has gone on to `now`."""
        self._table.expire(now)

    def forget(self, before: float) -> None:
        """No speech is looked for of calls that were over by this time."""
        for address, records in list(self.speech.items()):
            kept = [record for record in records if (record.completed or record.released or before) >= before]
            if kept:
                self.speech[address] = kept
            else:
                del self.speech[address]

    def __len__(self) -> int:
        return len(self._table)

    def earliest(self) -> float:
        """When the first attempt under way began."""
        return self._table.earliest()

    def close(self) -> None:
        """The capture has ended."""
        self._table.close()

    def _mark_duplicate(self, message: Message) -> None:
        mark = (message.where.source, message.where.destination, hash(message.octets), len(message.octets))
        if mark in self._seen:
            message.duplicate = True
        self._seen[mark] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def _request(self, key: tuple[str, ...], attempt: Attempt | None, message: Message, request: Scanned) -> None:
        method = request.method
        if method == "INVITE" and not request.to_tag and not _going_on(attempt):
            attempt = self._begin(key, message, request)
            attempt.caller = request.from_tag
            attempt.note(message, True, f"{attempt.record.calling or '-'} to {attempt.record.called}")
            self._describe(attempt.record, request.body)
            return
        if attempt is None:
            if method not in ("ACK", "BYE", "CANCEL", "PRACK", "INFO", "UPDATE"):
                self.others.append(message)
            return
        record = attempt.record
        self._describe(record, request.body)
        forward = request.from_tag == attempt.caller
        summary = ""
        if method == "INVITE" and not request.to_tag and record.status in _CHALLENGES:
            record.status = record.cause = None
            record.released, record.released_by = None, ""
        elif method in ("BYE", "CANCEL"):
            cause = reason_cause(request)
            attempt.released(message.time, "calling" if forward else "called", 16 if cause is None else cause)
            summary = "" if cause is None else f"cause {cause}"
        attempt.note(message, forward, summary)

    def _response(self, key: tuple[str, ...], attempt: Attempt | None, message: Message, response: Scanned) -> None:
        if attempt is None:
            self.others.append(message)
            return
        record, status, method = attempt.record, response.status, response.method
        forward = response.from_tag != attempt.caller  # From is that of the request
        summary = method
        if method == "INVITE" and not forward:
            if status == 180:
                attempt.alerted(message.time)
            elif 100 < status < 200:
                attempt.progressed(message.time)
            elif 200 <= status < 300:
                attempt.answered(message.time)
            elif status >= 300 and record.answered is None:
                record.status = status
                cause = reason_cause(response)
                cause = standard_causes().cause(status) if cause is None else cause
                attempt.released(message.time, "called", cause)
                summary = response.text
        attempt.note(message, forward, summary)
        self._describe(record, response.body)
        if status >= 200 and method == "BYE":
            record.completed = message.time
            self._table.end(key)

    def _describe(self, record: CallRecord, body: bytes) -> None:
        """Remember where a session description wants its audio (RFC 4566 5.7, 5.14)."""
        if b"m=audio" not in body or len(self.speech) >= MOST_ADDRESSES:
            return
        address = _CONNECTION.search(body)
        port = _AUDIO.search(body)
        if address and port and port[1] != b"0":
            host = address[1].decode("ascii", "replace")
            wanted = endpoint(host, int(port[1]))
            allowed = record.formats.setdefault(wanted, [])
            allowed += [int(kind) for kind in port[2].split()[:MOST_FORMATS] if int(kind) not in allowed]
            del allowed[MOST_FORMATS:]
            known = self.speech.setdefault(wanted, [])
            if not any(one is record for one in known[-4:]):
                known.append(record)

    def _begin(self, key: tuple[str, ...], message: Message, request: Scanned) -> Attempt:
        where = message.where
        record = CallRecord(
            protocol="sip",
            id=self._numbering("sip", message.packet),
            outcome="open",
            source=where.source,
            destination=where.destination,
            call_id=request.call_id,
            calling=_calling(request),
            called=_user(request.text) or _user(uri_of(request.callee)),
            carried=carried_numbers(message.octets),
            start=message.time,
        )
        return self._table.begin(key, record)


def reason_cause(message: Scanned) -> int | None:
    """The Q.850 value of a Reason header (RFC 3326, RFC 6432)."""
    for value in message.reasons:
        if match := _REASON.search(value):
            return int(match[1]) & 127
    return None


def _going_on(attempt: Attempt | None) -> bool:
    """Whether an INVITE without a To tag belongs to the attempt there is: repeated, forked back, or tried again."""
    if attempt is None:
        return False
    record = attempt.record
    return record.released is None or record.status in _CHALLENGES


def _calling(request: Scanned) -> str:
    for value in request.identities:
        if user := _user(uri_of(value)):
            return user
    return _user(uri_of(request.caller))


def _user(uri: str) -> str:
    """The user part of a SIP URI, or the number of a tel URI, without parameters."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() == "tel":
        return rest.partition(";")[0]
    user, at, _ = rest.partition("@")
    return user.partition(";")[0].partition(":")[0] if at else ""


@lru_cache(maxsize=4096)
def _host(endpoint: str) -> str:
    """The address without the port: a response may come from another one."""
    return endpoint.rpartition(":")[0]
