"""Questions of `location` put to the DNS, with dnspython on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rdata
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from tandem.gateway.sip.location import SHORTEST_TTL, Answer, Naptr, Query, Srv

#: How long an answer may take, all name servers and repetitions included, in seconds.
_LIFETIME: Final = 6.0


class Resolver:
    """Asks, and hands each answer over; a failure is an answer without records."""

    def __init__(self, servers: Sequence[tuple[str, int]], answered: Callable[[Answer], None]) -> None:
        """`servers` are name servers with their ports; none: those of the system."""
        self._answered = answered
        self._servers = list(servers)
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, queries: Iterable[Query]) -> None:
        """Put questions to the DNS."""
        for query in queries:
            task = asyncio.get_running_loop().create_task(self._ask(query))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for no more answers."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, query: Query) -> None:
        try:
            resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = [dns.nameserver.Do53Nameserver(*server) for server in self._servers]
            resolver.lifetime = _LIFETIME
            found = await resolver.resolve(query.name, query.kind, search=False)
        except (dns.exception.DNSException, OSError):
            self._answered(Answer(query, ()))
            return
        records = tuple(record for data in found if (record := _record(data)) is not None)
        ttl = float(found.rrset.ttl) if found.rrset is not None else SHORTEST_TTL
        self._answered(Answer(query, records, ttl))


def _record(data: dns.rdata.Rdata) -> Naptr | Srv | str | None:
    """A record as a value; None for a NAPTR that is not of the kind that RFC 3263 uses."""
    match data:
        case NAPTR():
            if data.flags.lower() != b"s":
                return None
            service = data.service.decode("ascii", "replace")
            return Naptr(data.order, data.preference, service, data.replacement.to_text())
        case SRV():
            return Srv(data.priority, data.weight, data.port, data.target.to_text())
        case A() | AAAA():
            return str(data.address)
    return None
