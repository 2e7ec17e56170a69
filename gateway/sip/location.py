"""Where the servers of a SIP domain are: RFC 3263 4.1 and 4.2, with the weights of RFC 2782.

A pure machine: it says what to ask the DNS and takes the answers as values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from tandem.gateway.sip.endpoint import DEFAULT_PORTS, Endpoint, endpoint_of
from tandem.gateway.sip.fields import is_ip_address

Kind = Literal["NAPTR", "SRV", "A", "AAAA"]
#: NAPTR services that we can use (RFC 3263 4.1), and the transport of each.
_SERVICES: Final = {"sips+d2t": "tls", "sip+d2t": "tcp", "sip+d2u": "udp"}
#: Prefix of the SRV name of each transport (RFC 3263 4.1).
_PREFIXES: Final = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
#: What is asked for longer than this would go unnoticed when it changes; in seconds.
LONGEST_TTL: Final = 3600.0
#: Nothing is asked more often than this.
SHORTEST_TTL: Final = 30.0


class Query(NamedTuple):
    """A question to the DNS."""

    name: str
    kind: Kind


class Naptr(NamedTuple):
    """A NAPTR record (RFC 3403) whose flags are `s`."""

    order: int
    preference: int
    service: str
    replacement: str


class Srv(NamedTuple):
    """An SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


class Answer(NamedTuple):
    """What the DNS said."""

    query: Query
    records: tuple[Naptr | Srv | str, ...]
    """Addresses for A and AAAA. Empty when there are none, or when nobody answered."""
    ttl: float = SHORTEST_TTL


class Server(NamedTuple):
    """One server of a domain."""

    priority: int
    weight: int
    endpoint: Endpoint


@dataclass
class Location:
    """The search for the servers of one domain; ask `queries`, give back each `answer` until `done`."""

    host: str
    """Host name or address."""
    port: int | None = None
    transport: str = ""
    """Empty: as NAPTR says, else as the SRV records that there are say, else UDP."""
    name: str = ""
    """What the certificates of the servers must say; empty: the host."""
    transports: Sequence[str] = ("udp", "tcp", "tls")
    """What we can speak."""
    versions: Sequence[Kind] = ("A", "AAAA")
    """Versions of IP that we have addresses of, as what to ask for."""
    servers: list[Server] = field(default_factory=list)
    """Found so far."""
    ttl: float = LONGEST_TTL
    """How long what was found is good for."""
    _open: dict[Query, list[tuple[int, int, str, int]]] = field(default_factory=dict)
    """Addresses asked for: priority, weight, transport and port of the server that each is for."""
    _asked: dict[Query, str] = field(default_factory=dict)
    """NAPTR and SRV asked for, with the transport of the latter."""

    def begin(self) -> list[Query]:
        """The first questions; none for an address."""
        if is_ip_address(self.host):
            transport = self.transport or "udp"
            host = self.host.strip("[]")
            self.servers = [Server(0, 0, endpoint_of(transport, host, self.port, self.name or host))]
            return []
        if self.port is not None:
            return self._ask_addresses(self.host, 0, 0, self.transport or "udp", self.port)
        if self.transport:
            return self._ask_srv(self.transport, f"{_PREFIXES[self.transport]}.{self.host}")
        query = Query(self.host, "NAPTR")
        self._asked[query] = ""
        return [query]

    @property
    def done(self) -> bool:
        """Whether every question has been answered."""
        return not self._open and not self._asked

    def answer(self, answer: Answer) -> list[Query]:
        """Take an answer; the questions that follow from it."""
        if answer.records:
            self.ttl = min(self.ttl, max(answer.ttl, SHORTEST_TTL))
        else:
            self.ttl = SHORTEST_TTL
        if answer.query in self._open:
            self._take_addresses(answer)
            return []
        transport = self._asked.pop(answer.query, None)
        if transport is None:
            return []
        if answer.query.kind == "NAPTR":
            return self._take_naptr(answer)
        more: list[Query] = []
        for record in answer.records:
            if isinstance(record, Srv) and record.target.strip("."):
                target = record.target.rstrip(".")
                more += self._ask_addresses(target, record.priority, record.weight, transport, record.port)
        if not more and self.done and not self.servers:
            # 4.2: without SRV records, the addresses of the name itself, at the usual port.
            transport = self.transport or "udp"
            more = self._ask_addresses(self.host, 0, 0, transport, DEFAULT_PORTS[transport])
        return more

    # --- inside

    def _take_naptr(self, answer: Answer) -> list[Query]:
        found = sorted(record for record in answer.records if isinstance(record, Naptr))
        usable = [record for record in found if _SERVICES.get(record.service.lower()) in self.transports]
        if not usable:
            return [
                query
                for transport in self.transports
                for query in self._ask_srv(transport, f"{_PREFIXES[transport]}.{self.host}")
            ]
        best = usable[0]
        return self._ask_srv(_SERVICES[best.service.lower()], best.replacement.rstrip("."))

    def _ask_srv(self, transport: str, name: str) -> list[Query]:
        query = Query(name, "SRV")
        self._asked[query] = transport
        return [query]

    def _ask_addresses(self, name: str, priority: int, weight: int, transport: str, port: int) -> list[Query]:
        queries = []
        for kind in self.versions:
            query = Query(name, kind)
            if query not in self._open:
                queries.append(query)
            self._open.setdefault(query, []).append((priority, weight, transport, port))
        return queries

    def _take_addresses(self, answer: Answer) -> None:
        name = self.name or self.host
        for priority, weight, transport, port in self._open.pop(answer.query):
            for record in answer.records:
                if isinstance(record, str):
                    self.servers.append(Server(priority, weight, endpoint_of(transport, record, port, name)))


def in_order(servers: Iterable[Server], random: Callable[[], float]) -> list[Endpoint]:
    """Servers by priority, those of one priority drawn by their weights (RFC 2782); `random` gives 0 to 1."""
    ordered: list[Endpoint] = []
    groups: dict[int, list[Server]] = {}
    for server in servers:
        groups.setdefault(server.priority, []).append(server)
    for priority in sorted(groups):
        # Weight 0 first, so that it is chosen now and then, as the RFC has it.
        left = sorted(groups[priority], key=lambda server: server.weight > 0)
        while left:
            limit = random() * sum(server.weight for server in left)
            total = 0
            chosen = left[-1]
            for server in left:
                total += server.weight
                if total >= limit:
                    chosen = server
                    break
            left.remove(chosen)
            ordered.append(chosen.endpoint)
    return ordered
