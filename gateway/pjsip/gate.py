"""Requests of those who must prove who they are: kept from PJSIP until the signalling process has decided.

REGISTER, which PJSIP would throw away, is answered here alone. Anything else goes on to PJSIP once it is admitted, so
that nobody has one of its few places for calls before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tandem.gateway.sip.endpoint import TransportName
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import parse_message

from . import library, requests
from .protocol import AdmitRequest, AnswerRequest, DropRequest, Event, KeepConnections, RequestArrived, TurnAway

_MOST: Final = 200
"""Requests that wait for a decision at once; what comes beyond is not heard, and comes again."""
_PATIENCE: Final = 32.0
"""Seconds that one waits: who sent it has given up by then (64 times T1, RFC 3261 17.1.2.2)."""
_TERMINATED: Final = 487
_MOST_UNPROVED: Final = 16
"""Connections of those who have proved nothing that a build with room for few calls, and so for few sockets, takes."""
_FAR_MORE: Final = 256
"""How many another build takes at most."""
_UNPROVED: Final = 30.0
"""Seconds that one of them stays, as with Tandem's own engine without a message."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A request that waits."""

    address: int
    """As `library.keep` gives it."""
    message: bytes
    source: tuple[str, int]
    transport: TransportName
    until: float


class Gate:
    """The requests that wait, the connections that phones have registered over, and who is turned away."""

    def __init__(self, tell: Callable[[Event], None], connection: Callable[[tuple[str, int]], int]) -> None:
        """`connection`: the number of the connection over TLS that somebody has."""
        self.calls_allowed = 0
        """At once, by the build: where there is room for many calls there is for sockets."""
        self._unproved: dict[int, float] = {}
        """Connections of those who have proved nothing, until when, the oldest first: these give way to others."""
        self._tell = tell
        self._connection = connection
        self._waiting: dict[int, _Kept] = {}
        self._known: set[tuple[tuple[str, int], bytes]] = set()
        self._last = 0
        self._open: dict[tuple[str, int], int] = {}
        """Connections that requests have come over, by the peer's address: where PJSIP has them."""
        self._wanted: set[tuple[str, int]] = set()
        """Where phones have registered from."""
        self._held: dict[tuple[str, int], int] = {}
        """Those of them whose connections are held."""
        self._loose: list[int] = []
        """Connections that are gone, and still held by us."""
        self._turned_away: dict[str, float] = {}
        self.admitted: AdmitRequest | None = None
        """What PJSIP is seeing at this moment, for whom."""

    # --- requests

    def ask(self, received: int, message: bytes, now: float) -> bool:
        """Have the signalling process decide about a request; always True: PJSIP is to see nothing of it for now."""
        source = requests.origin_of(received)
        if (source, message) in self._known or len(self._waiting) >= _MOST:
            return True
        kept = library.keep(received)
        if not kept:
            return True
        transport = requests.transport_of(received)
        if transport != "udp":
            self._open[source] = requests.connection_of(received)
            self._hold()
        self._last += 1
        self._waiting[self._last] = _Kept(kept, message, source, transport, now + _PATIENCE)
        self._known.add((source, message))
        self._tell(RequestArrived(self._last, message, source, transport, self._connection(source)))
        return True

    def cancel(self, received: int, message: bytes) -> bool:
        """A CANCEL came: whether it is of an INVITE that waits, and both are answered (RFC 3261 9.2)."""
        if not self._waiting:
            return False
        try:
            key = _transaction(message)
            found = next(
                number
                for number, kept in self._waiting.items()
                if kept.message.startswith(b"INVITE ") and _transaction(kept.message) == key
            )
        except (SipDecodeError, StopIteration):
            return False
        library.refuse(received, 200)
        library.refuse(self._waiting[found].address, _TERMINATED)
        self._forget(found)
        return True

    def command(self, command: AnswerRequest | AdmitRequest | DropRequest | KeepConnections) -> None:
        """What the signalling process has decided; nothing for a request that waits no longer."""
        if isinstance(command, KeepConnections):
            self._keep(set(command.places))
            return
        kept = self._waiting.get(command.number)
        if kept is None:
            return
        if isinstance(command, AnswerRequest):
            requests.answer(kept.address, command.status, command.headers, lasting=command.lasting)
            if command.status < 300:
                self.proved(requests.connection_of(kept.address))
        elif isinstance(command, AdmitRequest):
            self.proved(requests.connection_of(kept.address))
            del self._waiting[command.number]
            self._known.discard((kept.source, kept.message))
            if command.pinned and kept.message.startswith(b"INVITE "):
                requests.route_back(kept.address, command.pinned.encode())
            self.admitted = command
            try:
                library.go_on(kept.address)
            finally:
                self.admitted = None
            return
        self._forget(command.number)

    def look(self, now: float) -> bool:
        """At intervals: forget what waits too long; whether somebody is to be heard again."""
        for number in [number for number, kept in self._waiting.items() if kept.until < now]:
            self._forget(number)
        for connection in self._loose:
            requests.let_go(connection)
        self._loose.clear()
        most = max(_MOST_UNPROVED, min(_FAR_MORE, self.calls_allowed))
        for connection, until in list(self._unproved.items()):
            if until >= now and len(self._unproved) <= most:
                break
            del self._unproved[connection]
            requests.close(connection)
        over = [host for host, until in self._turned_away.items() if until < now]
        for host in over:
            del self._turned_away[host]
        return bool(over)

    def _forget(self, number: int) -> None:
        kept = self._waiting.pop(number)
        self._known.discard((kept.source, kept.message))
        library.forget(kept.address)

    # --- connections

    def has_connection(self, place: tuple[str, int]) -> bool:
        """Whether there is a connection to somebody who has sent a request over it."""
        return place in self._open

    def connected(self, connection: int, now: float) -> None:
        """Somebody has opened one."""
        self._unproved[connection] = now + _UNPROVED

    def proved(self, connection: int) -> None:
        """One is of a phone, or of the peer of a trunk."""
        self._unproved.pop(connection, None)

    def connection_gone(self, connection: int) -> None:
        """PJSIP closes one."""
        self._unproved.pop(connection, None)
        for place in [place for place, one in self._open.items() if one == connection]:
            del self._open[place]
        for place in [place for place, one in self._held.items() if one == connection]:
            self._loose.append(self._held.pop(place))

    def _keep(self, places: set[tuple[str, int]]) -> None:
        """These connections are of phones that have registered, and stay open."""
        for place in self._held.keys() - places:
            self._loose.append(self._held.pop(place))
        self._wanted = places
        self._hold()

    def _hold(self) -> None:
        for place in (self._wanted - self._held.keys()) & self._open.keys():
            self._held[place] = self._open[place]
            requests.hold(self._open[place])

    # --- who is not heard

    def turn_away(self, command: TurnAway, now: float) -> None:
        """Somebody is not to be heard for a while."""
        self._turned_away[command.host] = now + command.seconds

    @property
    def turned_away(self) -> list[str]:
        """Addresses that are not heard, the latest last."""
        return list(self._turned_away)


def _transaction(message: bytes) -> tuple[str, str | None, tuple[str, int]]:
    """What an INVITE and its CANCEL have in common (RFC 3261 9.1)."""
    parsed = parse_message(message)
    return parsed.call_id, parsed.via.branch, parsed.via.sent_by
