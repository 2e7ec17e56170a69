"""Which peer a packet of SCTP in user space belongs to: by where it came from, or by its verification tag."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp import chunks
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters
from tandem.gateway.sctp.paths import Paths, Route

#: Peers known at once; with more, one without an association is forgotten.
MAX_PEERS: Final = 256
#: Tags kept of one peer: associations that are up, and those that were a moment ago.
_TAGS: Final = 64


@dataclass(eq=False)
class Peer:
    """One end that associations go to, whatever paths lead there."""

    token: int
    """What the library knows it by."""
    addresses: frozenset[str]
    """Where its packets may come from."""
    names: frozenset[str]
    """Addresses of ours that it is told of when an association begins."""
    paths: Paths
    tags: deque[int] = field(default_factory=lambda: deque(maxlen=_TAGS))
    """Ours, that it is to send with."""


class Peers:
    """Every peer, by route and by tag."""

    def __init__(self, addresses: Sequence[str], parameters: SctpParameters, secret: bytes) -> None:
        """`addresses` are those of our sockets, in the order of `Route.local`; `secret` as of Paths."""
        self._addresses = list(addresses)
        self._parameters = parameters
        self._secret = secret
        self._routes: dict[Route, Peer] = {}
        self._tags: dict[int, Peer] = {}
        self.all: dict[int, Peer] = {}
        """By token."""

    def routes(self, settings: AssociationSettings, port: int) -> list[Route]:
        """Every path of an association, its addresses in order: first to first, second to second and so on.

        The end with fewer addresses uses its last one for the rest. ConfigurationError where the versions of IP differ.
        """
        locals_ = [0, *(self._addresses.index(address) for address in settings.local_addresses[1:])]
        routes = []
        for number in range(max(len(locals_), len(settings.remote_addresses))):
            local = locals_[min(number, len(locals_) - 1)]
            remote = settings.remote_addresses[min(number, len(settings.remote_addresses) - 1)]
            ours = self._addresses[local]
            if (":" in ours) != (":" in remote):
                raise ConfigurationError(
                    f"association {settings.name}: {remote} cannot be reached from {ours}: one is IPv4, one IPv6"
                )
            routes.append(Route(local, remote, port))
        return routes

    def peer(
        self, settings: AssociationSettings, routes: Sequence[Route], open_token: Callable[[Peer], int], now: float
    ) -> Peer:
        """The peer that these routes lead to, new or known; `open_token` makes the token of a new one."""
        found = next((self._routes[route] for route in routes if route in self._routes), None)
        names = frozenset(self._addresses) if len(settings.local_addresses) > 1 else frozenset[str]()
        if found is None:
            paths = Paths(routes, self._parameters, self._secret, now)
            found = Peer(0, frozenset(settings.remote_addresses), names, paths)
            found.token = open_token(found)
            self.all[found.token] = found
        else:
            found.addresses |= frozenset(settings.remote_addresses)
            found.names |= names
        for route in routes:
            if route not in self._routes:
                found.paths.add(route, now)
                self._routes[route] = found
        return found

    def of_packet(self, route: Route, packet: bytes, now: float) -> Peer | None:
        """Whose packet this is; a path that it shows for the first time is added. None of a stranger."""
        head = chunks.head(packet)
        if head is None:
            return None
        tagged = self._tags.get(head.tag)
        if tagged is None or route.address not in tagged.addresses:
            return self._routes.get(route)
        if route not in self._routes and tagged.paths.add(route, now):
            self._routes[route] = tagged
        return tagged

    def outgoing(self, peer: Peer, packet: bytes) -> bytes:
        """A packet of the library as it is to leave; tags that it tells the peer are noted."""
        tag = chunks.initiate_tag(packet)
        if tag is None:
            return packet
        if tag not in peer.tags:
            if len(peer.tags) == peer.tags.maxlen:
                self._tags.pop(peer.tags[0], None)
            peer.tags.append(tag)
        self._tags[tag] = peer
        return chunks.with_addresses(packet, sorted(filter(_specific, peer.names)))

    def forget(self, peer: Peer) -> None:
        """The peer is not wanted any more."""
        self.all.pop(peer.token, None)
        for tag in peer.tags:
            self._tags.pop(tag, None)
        for route in [route for route, owner in self._routes.items() if owner is peer]:
            del self._routes[route]


def _specific(address: str) -> bool:
    return not ipaddress.ip_address(address.split("%")[0]).is_unspecified
