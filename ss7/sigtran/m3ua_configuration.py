"""What M3UA needs to know of an application server beyond what every layer does."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.configuration import ServerConfiguration
from tandem.ss7.sigtran.parameters import RoutingKey


@dataclass(frozen=True, kw_only=True)
class M3uaServer(ServerConfiguration):
    """One application server and the signalling relation that it serves.

    As ASP the server is ours: `point_code` is in its routing key, `destinations` are reached through the gateway.
    As SGP it is the peer's: `destinations` are the point codes in its routing key. Between IPSPs it is both.
    """

    destinations: tuple[int, ...] = ()
    """Point codes that messages can be sent to; each is paused until it is known to be reachable."""
    point_code: int | None = None
    """Our own: origin of what we send, and the only destination taken. None: every request gives its OPC."""
    services: tuple[int, ...] = ()
    """Service indicators of messages that belong here; none: all."""
    network_indicator: int = 2
    network_appearance: int | None = None
    """Sent with every message; a peer that sends another is answered with an error."""
    routing_context: int | None = None
    """None: not sent, which only one server of an association can do; or learnt by registration."""
    register: bool = False
    """As ASP: register the routing key and use the context that the gateway gives it. As SGP: the ASP has to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "destinations", tuple(self.destinations))
        object.__setattr__(self, "services", tuple(self.services))
        codes = (*self.destinations, *(() if self.point_code is None else (self.point_code,)))
        for code in codes:
            if not 0 <= code < 1 << 24:
                raise ConfigurationError(f"application server {self.name}: {code} is no point code")
        if not 0 <= self.network_indicator <= 3:
            raise ConfigurationError(f"application server {self.name}: network indicator must be 0 to 3")
        if any(not 0 <= service <= 15 for service in self.services):
            raise ConfigurationError(f"application server {self.name}: service indicators are 0 to 15")

    @property
    def own_key(self) -> RoutingKey:
        """The routing key to register as ASP; ConfigurationError without a point code of our own."""
        if self.point_code is None:
            raise ConfigurationError(f"application server {self.name} cannot register without a point code")
        return RoutingKey((self.point_code,), self.services, (), self.network_appearance, self.mode)

    @property
    def peer_key(self) -> RoutingKey:
        """The routing key that an ASP of the peer would register."""
        return RoutingKey(self.destinations, self.services, (), self.network_appearance, self.mode)

    def serves(self, opc: int | None, dpc: int, service: int) -> bool:
        """Whether a message of ours from `opc` (None: whichever) belongs to this server."""
        return (
            dpc in self.destinations
            and (not self.services or service in self.services)
            and (opc is None or self.point_code is None or opc == self.point_code)
        )
