"""Several INVITEs of one call, which share Call-ID and the tag of From (RFC 3578), with PJSIP, which shares neither.

Each is a call of its own to PJSIP, with a Call-ID and a tag that nobody else sees: what PJSIP sends gets those of the
one call, and numbers in CSeq that go on from the INVITE before; what comes gets PJSIP's again. Nothing here needs
PJSIP: it is octets and names in, and out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from .fields import ACKNOWLEDGED, BRANCH, CALL_ID, FROM_TAG, RESPONSE, SEQUENCE, TO_TAG, head_of

LINGER: Final = 40.0
"""Seconds that the names of a call are kept behind its end: more than 64 times T1, 32 s."""


@dataclass(frozen=True)
class Names:
    """What PJSIP is to see in a message that came, in the place of what is there."""

    call_id: bytes
    tag: bytes
    """Ours: of From in a response, of To in a request."""
    sequence: int | None
    """In CSeq of a response; None: as it is."""


@dataclass
class Alias:
    """One INVITE, and the dialogs that it makes."""

    inside: bytes
    """Call-ID as PJSIP has it."""
    call_id: bytes
    tag: bytes
    """Of From, as the peer sees it."""
    sequence: int
    """In CSeq of the INVITE, as the peer sees it."""
    own_tag: bytes = b""
    """PJSIP's; known once the INVITE is sent."""
    ahead: int = 0
    """The peer sees numbers in CSeq that are so much higher than PJSIP's."""
    branches: set[bytes] = field(default_factory=set)
    """Of its requests."""
    peer_tags: set[bytes] = field(default_factory=set)
    until: float = math.inf
    """When it is no longer needed."""

    def outwards(self, message: bytes) -> bytes:
        """A message of PJSIP as the peer is to see it."""
        head, end, body = message.partition(b"\r\n\r\n")
        request = not head.startswith(RESPONSE)
        if not self.own_tag:
            if (tag := FROM_TAG.search(head)) is None or (number := SEQUENCE.search(head)) is None:
                return message
            self.own_tag, self.ahead = tag[1], self.sequence - int(number[2])
        if request:
            if (branch := BRANCH.search(head)) is not None:
                self.branches.add(branch[1])
            for pattern in (SEQUENCE, ACKNOWLEDGED):
                head = pattern.sub(lambda found: b"%b%d" % (found[1], int(found[2]) + self.ahead), head, count=1)
        head = head.replace(self.inside, self.call_id).replace(self.own_tag, self.tag)
        return head + end + body


class Aliases:
    """Those that there are, by the Call-ID that PJSIP has."""

    def __init__(self) -> None:
        self._by_inside: dict[bytes, Alias] = {}
        self._by_call_id: dict[bytes, list[Alias]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_inside)

    def add(self, alias: Alias) -> None:
        """An INVITE is about to be sent."""
        self._by_inside[alias.inside] = alias
        self._by_call_id.setdefault(alias.call_id, []).append(alias)

    def ended(self, inside: bytes, now: float) -> None:
        """The call is over for PJSIP; its last request and what answers that may still be on their way."""
        if (alias := self._by_inside.get(inside)) is not None:
            alias.until = now + LINGER

    def expire(self, now: float) -> None:
        """Forget what is over."""
        for alias in [alias for alias in self._by_inside.values() if alias.until <= now]:
            del self._by_inside[alias.inside]
            alike = self._by_call_id[alias.call_id]
            alike.remove(alias)
            if not alike:
                del self._by_call_id[alias.call_id]

    def outwards(self, message: bytes) -> bytes:
        """A message that PJSIP sends as the peer is to see it."""
        found = CALL_ID.search(message)
        alias = None if found is None else self._by_inside.get(found[1])
        return message if alias is None else alias.outwards(message)

    def inwards(self, message: bytes) -> Names | None:
        """What PJSIP is to see of a message that came; None: what is there."""
        head = head_of(message)
        call_id = CALL_ID.search(head)
        alike = [] if call_id is None else self._by_call_id.get(call_id[1], [])
        if not alike:
            return None
        if head.startswith(RESPONSE):
            return self._of_response(head, alike)
        tag, peer = TO_TAG.search(head), FROM_TAG.search(head)
        if tag is None or tag[1] != alike[0].tag:
            return None
        found = [one for one in alike if peer is not None and peer[1] in one.peer_tags] or alike
        last = next((one for one in reversed(found) if one.until == math.inf), found[-1])
        return Names(last.inside, last.own_tag, None)

    @staticmethod
    def _of_response(head: bytes, alike: list[Alias]) -> Names | None:
        branch, number, peer = BRANCH.search(head), SEQUENCE.search(head), TO_TAG.search(head)
        alias = next((one for one in alike if branch is not None and branch[1] in one.branches), None)
        if alias is None or number is None:
            return None
        if peer is not None:
            alias.peer_tags.add(peer[1])
        return Names(alias.inside, alias.own_tag, int(number[2]) - alias.ahead)
