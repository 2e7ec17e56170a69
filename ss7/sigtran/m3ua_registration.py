"""Registration of routing keys by ASPs, the gateway's side (RFC 4666 3.6 and 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tandem.core.sigtran.codes import DeregistrationStatus, RegistrationStatus
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer
from tandem.ss7.sigtran.parameters import RoutingKey


class Registrations:
    """Which ASP (by association) has registered for which of the servers that ask for it."""

    def __init__(self) -> None:
        self._registered: set[tuple[str, str]] = set()

    def is_registered(self, association: str, server: str) -> bool:
        """Whether the ASP has registered for `server`."""
        return (association, server) in self._registered

    def forget(self, association: str) -> None:
        """The ASP is down: it is registered for nothing any more."""
        self._registered = {key for key in self._registered if key[0] != association}

    def register(
        self, association: str, context: int | None, key: RoutingKey, servers: Iterable[M3uaServer]
    ) -> tuple[RegistrationStatus, int]:
        """Register an ASP: status and routing context (0 unless registered) of the server that has this key.

        `servers` are those that the association may serve.
        """
        if not key.dpcs:
            return RegistrationStatus.INVALID_DPC, 0
        for server in servers:
            if not server.peer_key.same_traffic(key):
                continue
            if context is not None and context != server.routing_context:
                return RegistrationStatus.CHANGE_REFUSED, 0
            if key.traffic_mode is not None and key.traffic_mode != server.mode:
                return RegistrationStatus.UNSUPPORTED_TRAFFIC_MODE, 0
            given = server.routing_context or 0
            if (association, server.name) in self._registered:
                return RegistrationStatus.ALREADY_REGISTERED, given
            self._registered.add((association, server.name))
            return RegistrationStatus.REGISTERED, given
        return RegistrationStatus.NOT_PROVISIONED, 0

    def deregister(
        self, association: str, context: int, servers: Mapping[int, M3uaServer], active: Iterable[str]
    ) -> DeregistrationStatus:
        """Deregister an ASP for a routing context of `servers`; `active` are those it is active for."""
        server = servers.get(context)
        if server is None:
            return DeregistrationStatus.INVALID_ROUTING_CONTEXT
        if (association, server.name) not in self._registered:
            return DeregistrationStatus.NOT_REGISTERED
        if server.name in active:
            return DeregistrationStatus.ASP_ACTIVE
        self._registered.discard((association, server.name))
        return DeregistrationStatus.DEREGISTERED
