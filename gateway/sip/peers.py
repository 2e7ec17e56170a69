"""The servers of one SIP peer: which of them live, which want to be left alone, and in what order calls try them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tandem.gateway.sip.endpoint import Endpoint, show
from tandem.gateway.sip.location import Server, in_order

#: So many OPTIONS in a row without an answer mark a server down.
FAILURES: Final = 2
#: The longest that Retry-After is obeyed: a server that asks for hours would be forgotten for hours.
LONGEST_RETRY_AFTER: Final = 300.0


@dataclass(slots=True)
class _State:
    up: bool = True
    failures: int = 0
    waiting: bool = False
    """An OPTIONS is on its way."""
    avoid_until: float = 0.0


class Peers:
    """All servers of a peer. Without OPTIONS each counts as up."""

    def __init__(self, servers: Iterable[Server] = ()) -> None:
        self._servers: list[Server] = []
        self._states: dict[Endpoint, _State] = {}
        self.replace(servers)

    def replace(self, servers: Iterable[Server]) -> bool:
        """Take other servers, as the DNS says; what is known of those that stay is kept. False when all stay."""
        servers = list(servers)
        if servers == self._servers:
            return False
        self._servers = servers
        self._states = {server.endpoint: self._states.get(server.endpoint, _State()) for server in servers}
        return True

    @property
    def endpoints(self) -> list[Endpoint]:
        """Every server, by priority."""
        return [server.endpoint for server in sorted(self._servers, key=lambda server: server.priority)]

    def __contains__(self, endpoint: Endpoint) -> bool:
        return endpoint in self._states

    def choose(self, now: float, random: Callable[[], float]) -> list[Endpoint]:
        """Servers that a call may try, in order; none when all are down or want to be left alone."""
        usable = []
        for server in self._servers:
            state = self._states[server.endpoint]
            if state.up and state.avoid_until <= now:
                usable.append(server)
        return [usable[0].endpoint] if len(usable) == 1 else in_order(usable, random)

    def why_none(self, now: float) -> str:
        """Why `choose` gives nothing, for the operator."""
        if not self._servers:
            return "no address is known: the name is not resolved"
        if any(state.up for state in self._states.values()):
            return "the peer asked not to be called for a while (503, Retry-After)"
        return "the peer is down: OPTIONS are not answered"

    def leave_alone(self, endpoint: Endpoint, seconds: float, now: float) -> None:
        """A 503 said Retry-After (RFC 3261 21.5.4)."""
        state = self._states.get(endpoint)
        if state is not None and seconds > 0:
            state.avoid_until = now + min(seconds, LONGEST_RETRY_AFTER)

    def pinging(self, endpoint: Endpoint) -> str | None:
        """An OPTIONS goes out. The text for the log when the last one was the last straw, else None."""
        state = self._states[endpoint]
        change = self._failed(endpoint, "OPTIONS are not answered") if state.waiting else None
        state.waiting = True
        return change

    def pinged(self, endpoint: Endpoint, status: int | None) -> str | None:
        """What became of an OPTIONS: any answer but 503 shows that the server lives. The text when that is news."""
        state = self._states.get(endpoint)
        if state is None:
            return None
        waiting, state.waiting = state.waiting, False
        if status is None or status == 503:
            why = "OPTIONS are not answered" if status is None else "it answers OPTIONS with 503"
            return self._failed(endpoint, why) if waiting else None
        # Also where an older OPTIONS has run out while this one was on its way.
        state.failures = 0
        if state.up:
            return None
        state.up = True
        return f"{show(endpoint)} is up again"

    def is_up(self, endpoint: Endpoint) -> bool:
        """Whether a server counts as up."""
        return self._states[endpoint].up

    def _failed(self, endpoint: Endpoint, why: str) -> str | None:
        state = self._states[endpoint]
        state.failures += 1
        if not state.up or state.failures < FAILURES:
            return None
        state.up = False
        return f"{show(endpoint)} is down: {why}"
