"""Call attempts of SIP, followed by Call-ID between two addresses (RFC 3261 12)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Final, Protocol

from .attempts import Attempt, Done, Numbering, Table
from .model import CallRecord, Message
from .quick import carried_numbers
from .rules import standard_causes
from .sipscan import Scanned, scan
from .sipwords import allow, calling_of, described, reason_cause, uri_of, user_of

PATIENCE: Final = 32.0
"""64 * T1: until then a request may be repeated, and a challenge be answered."""
CHALLENGES: Final = frozenset({401, 407, 422, 423, 491, 494})
"""Failures after which the same call is usually tried again at once."""
REMEMBERED: Final = 4096
"""Messages by which one is known to have come before."""
MOST_ADDRESSES: Final = 200_000


class Wishes(Protocol):
    """Where several calls want their speech."""

    def __len__(self) -> int: ...
    def forget(self, before: float) -> None:
        """Let go of those of calls that were over by this time."""

    def resolve(self) -> Iterator[tuple[str, Spoken]]:
        """Each as an address, and the call."""


class Spoken(Protocol):
    """What speech is looked for: a record, or what stands for it."""

    id: str
    start: float
    released: float | None
    completed: float | None


class DialogTracker:
    """Attempts of SIP. Requests that belong to no call go to `others`."""

    def __init__(self, done: Done, numbering: Numbering) -> None:
        self._table = Table(done, PATIENCE)
        self._numbering = numbering
        self._seen: OrderedDict[tuple[str, str, int, float], None] = OrderedDict()
        self._keys: OrderedDict[int, None] = OrderedDict()
        self._speech: dict[str, list[Spoken]] = {}
        self._wishes: list[tuple[str, Spoken] | Wishes] = []
        """What is not in `_speech` yet: nobody asks for it unless there is speech in the capture."""
        self._waiting = 0
        """How many these are."""
        self.others: list[Message] = []
        """REGISTER, OPTIONS and their responses; whoever reads them clears the list."""

    def take(self, message: Message) -> None:
        """A message of SIP, in the order of the capture."""
        self.saw(message)
        parsed = message.value if isinstance(message.value, Scanned) else scan(message.octets)
        if parsed is None:
            message.error = "no SIP message that can be read"
            return
        if parsed.key:
            self._keys[parsed.key] = None
            self._keys.move_to_end(parsed.key)
            if len(self._keys) > REMEMBERED:
                self._keys.popitem(last=False)
        where = message.where
        one, other = host_of(where.source), host_of(where.destination)
        key = (parsed.call_id, one, other) if one < other else (parsed.call_id, other, one)
        attempt = self._table.get(key)
        if not parsed.status:
            self._request(key, attempt, message, parsed)
        else:
            self._response(key, attempt, message, parsed)

    def followed(self) -> Iterator[int]:
        """The keys of the attempts under way and of the last messages, as far as they are known; see `sipkeys`."""
        return chain(self._table.marks(), self._keys)

    def expire(self, now: float) -> None:
        """Time has gone on to `now`."""
        self._table.expire(now)

    def sort(self) -> None:
        """Messages of long ago were taken: those of calls that were followed in bulk up to now."""
        self._table.sort()

    def forget(self, before: float) -> None:
        """No speech is looked for of calls that were over by this time."""
        for wish in self._wishes:
            if not isinstance(wish, tuple):
                wish.forget(before)
        self._wishes = [
            wish
            for wish in self._wishes
            if (_ended(wish[1], before) >= before if isinstance(wish, tuple) else len(wish))
        ]
        self._waiting = sum(1 if isinstance(wish, tuple) else len(wish) for wish in self._wishes)
        for address, records in list(self._speech.items()):
            kept = [record for record in records if _ended(record, before) >= before]
            if kept:
                self._speech[address] = kept
            else:
                del self._speech[address]

    def __len__(self) -> int:
        return len(self._table)

    def earliest(self) -> float:
        """When the first attempt under way began."""
        return self._table.earliest()

    def close(self) -> None:
        """The capture has ended."""
        self._table.close()

    def saw(self, message: Message) -> None:
        """Mark a message whose octets came before between the same ends, and remember it."""
        mark = (message.where.source, message.where.destination, hash(message.octets), len(message.octets))
        if mark in self._seen:
            message.duplicate = True
        self._seen[mark] = None
        if len(self._seen) > REMEMBERED:
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
        if method == "INVITE" and not request.to_tag and record.status in CHALLENGES:
            record.status = record.cause = None
            record.released, record.released_by = None, ""
        elif method in ("BYE", "CANCEL"):
            cause = reason_cause(request.reasons)
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
                cause = reason_cause(response.reasons)
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
        wish = described(body)
        if wish is not None:
            allow(record.formats, wish)
            self.want(wish[0], record)

    def want(self, wanted: str, record: Spoken) -> None:
        """Speech of `record` is to arrive at `wanted`, an address."""
        self._add((wanted, record), 1)

    def want_all(self, wishes: Wishes) -> None:
        """The same of several calls, to be looked at when there is speech."""
        self._add(wishes, len(wishes))

    def _add(self, wish: tuple[str, Spoken] | Wishes, count: int) -> None:
        if self._waiting + len(self._speech) < MOST_ADDRESSES:
            self._wishes.append(wish)
            self._waiting += count

    def speech(self) -> dict[str, list[Spoken]]:
        """Records by `ADDRESS:PORT` at which a session description asked for their speech."""
        wishes, self._wishes, self._waiting = self._wishes, [], 0
        for wish in wishes:
            for wanted, record in (wish,) if isinstance(wish, tuple) else wish.resolve():
                known = self._speech.setdefault(wanted, [])
                if not any(one is record for one in known[-4:]):
                    known.append(record)
        return self._speech

    def _begin(self, key: tuple[str, ...], message: Message, request: Scanned) -> Attempt:
        where = message.where
        message.number = message.number or self._numbering.number(message.packet)
        record = CallRecord(
            protocol="sip",
            id=f"sip-{message.number}",
            outcome="open",
            source=where.source,
            destination=where.destination,
            call_id=request.call_id,
            calling=calling_of(request.identities, request.caller),
            called=user_of(request.text) or user_of(uri_of(request.callee)),
            carried=carried_numbers(message.octets),
            start=message.time,
        )
        attempt = self._table.begin(key, record)
        attempt.key = request.key
        return attempt


def _ended(record: Spoken, otherwise: float) -> float:
    return record.completed or record.released or otherwise


def _going_on(attempt: Attempt | None) -> bool:
    """Whether an INVITE without a To tag belongs to the attempt there is: repeated, forked back, or tried again."""
    if attempt is None:
        return False
    record = attempt.record
    return record.released is None or record.status in CHALLENGES


@lru_cache(maxsize=4096)
def host_of(endpoint: str) -> str:
    """The address without the port: a response may come from another one."""
    return endpoint.rpartition(":")[0]
