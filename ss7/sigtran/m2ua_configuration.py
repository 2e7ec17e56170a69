"""What M2UA needs to know of an application server: its signalling links by interface identifier."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.configuration import ServerConfiguration


@dataclass(frozen=True, kw_only=True)
class M2uaServer(ServerConfiguration):
    """One application server: the links whose level 3 it is."""

    interfaces: tuple[int | str, ...]
    """Interface identifiers, numbers or texts, as agreed with the peer."""
    establish: float = 60.0
    """As ASP: seconds for the gateway to establish a link, alignment included."""
    length_indicator: bool = False
    """Whether messages go with their length indicator, as in Japan (Protocol Data 2, TTC); either is understood."""
    waiting_messages: int = 4096
    """As ASP: messages kept for a link that is not in service; more are discarded. Not a key of the configuration file:
    it only bounds memory."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "interfaces", tuple(self.interfaces))
        if not self.interfaces or len(set(self.interfaces)) != len(self.interfaces):
            raise ConfigurationError(f"application server {self.name} needs interfaces, each once")
        for interface in self.interfaces:
            if isinstance(interface, int) and not 0 <= interface < 1 << 32:
                raise ConfigurationError(f"interface {interface} has more than 32 bits")
            if isinstance(interface, str) and not 1 <= len(interface.encode()) <= 255:
                raise ConfigurationError(f"interface {interface!r} must have 1 to 255 octets")
