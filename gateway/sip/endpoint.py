"""Where a message comes from or goes to, whatever carries it: UDP, TCP or TLS over IPv4 or IPv6."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

TransportName = Literal["udp", "tcp", "tls"]
#: Ports where none is written (RFC 3261 18.2.1, 19.1.2).
DEFAULT_PORTS: Final[dict[str, int]] = {"udp": 5060, "tcp": 5060, "tls": 5061}


class Stream(NamedTuple):
    """A peer reached over a connection."""

    host: str
    """IP address, IPv6 without brackets."""
    port: int
    """Where a connection is opened to when there is none."""
    transport: TransportName
    """`tcp` or `tls`."""
    connection: int = 0
    """The connection that a message came on, preferred for what answers it; 0: any to this peer."""
    name: str = ""
    """Host name that the peer's certificate must bear (RFC 5922 7.2); empty: its address."""


Endpoint = tuple[str, int] | Stream
"""A pair of IP address and port is a peer on UDP: the case that must stay cheap."""


class Listener(NamedTuple):
    """One of our own addresses, as Via and Contact name it."""

    transport: TransportName
    host: str
    port: int

    @property
    def sent_by(self) -> str:
        """`host:port` with brackets around IPv6."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.transport}:{self.sent_by}"


def transport_of(endpoint: Endpoint) -> TransportName:
    """What carries messages to `endpoint`."""
    return endpoint[2] if len(endpoint) == 5 else "udp"


def is_reliable(endpoint: Endpoint) -> bool:
    """Whether the transport repeats what is lost, so that transactions need not (RFC 3261 17)."""
    return len(endpoint) != 2


def endpoint_of(transport: str, host: str, port: int | None = None, name: str = "") -> Endpoint:
    """The endpoint of an address; the port is that of the transport where none is given."""
    if transport == "udp":
        return host, port or 5060
    if transport == "tls":
        return Stream(host, port or 5061, "tls", 0, name)
    return Stream(host, port or 5060, "tcp")


def show(endpoint: Endpoint) -> str:
    """`ADDRESS:PORT` for logs, with the transport in front unless it is UDP."""
    where = f"[{endpoint[0]}]:{endpoint[1]}" if ":" in endpoint[0] else f"{endpoint[0]}:{endpoint[1]}"
    return where if len(endpoint) == 2 else f"{endpoint[2]}:{where}"
