"""Associations and their parameters, whatever carries them."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.core.errors import ConfigurationError

#: UDP port of SCTP in UDP, RFC 6951 6.1.
ENCAPSULATION_PORT = 9899


@dataclass(frozen=True)
class SctpParameters:
    """Protocol parameters; times in seconds. Far shorter than those of RFC 9260 16, as signalling wants them."""

    streams: int = 17
    """Asked for in each direction: one for management and sixteen for the values of an SLS."""
    heartbeat: float = 5.0
    """Between heartbeats on an idle path; 0: none."""
    rto_initial: float = 0.5
    rto_min: float = 0.2
    rto_max: float = 1.0
    max_retransmissions: int = 5
    """Without answer, the association is given up."""
    path_retransmissions: int = 2
    """Probes of a path without answer, after which another is taken; as many answers and one more bring it back."""
    reconnect: float = 2.0
    """Wait before an association of ours that is down is tried again."""
    send_queue: int = 20_000
    """Messages that wait for a peer that takes none; with more the association is aborted."""

    def __post_init__(self) -> None:
        if not 1 <= self.streams <= 2048:
            raise ConfigurationError(f"streams {self.streams}: must be 1 to 2048")
        if not 0 < self.rto_min <= self.rto_initial <= self.rto_max:
            raise ConfigurationError("rto_min <= rto_initial <= rto_max must hold, all above 0")
        if self.max_retransmissions < 1 or self.path_retransmissions < 1 or self.send_queue < 1:
            raise ConfigurationError("max_retransmissions, path_retransmissions and send_queue must be at least 1")


@dataclass(frozen=True)
class AssociationSettings:
    """One association. Either this end begins it, or it listens for the peer."""

    name: str
    remote_addresses: tuple[str, ...]
    """IP addresses of the peer. SCTP uses all of them; TCP calls the first, and accepts any of them."""
    remote_port: int
    """SCTP (or TCP) port of the peer; when listening 0: any."""
    local_port: int = 0
    """Our SCTP (or TCP) port; 0, unless listening: any."""
    local_addresses: tuple[str, ...] = ("0.0.0.0",)
    """Ours; kernel SCTP binds all of them, TCP the first. In user space the first is that of the transport, whatever
    is said here, and a socket is opened on each of the others."""
    listen: bool = False
    udp_port: int = ENCAPSULATION_PORT
    """UDP port of the peer; when listening 0: any, as behind a translator of addresses."""
    ppid: int = 3
    """Payload protocol identifier; over TCP it is only told to the user."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "remote_addresses", tuple(self.remote_addresses))
        object.__setattr__(self, "local_addresses", tuple(self.local_addresses))
        if not self.remote_addresses or not self.local_addresses:
            raise ConfigurationError(f"association {self.name}: addresses of both ends are needed")
        for port in (self.remote_port, self.local_port, self.udp_port):
            if not 0 <= port <= 0xFFFF:
                raise ConfigurationError(f"association {self.name}: {port} is no port")
        if self.listen and not self.local_port:
            raise ConfigurationError(f"association {self.name} listens and needs a port")
        if not self.listen and not (self.remote_port and self.udp_port):
            raise ConfigurationError(f"association {self.name} needs the port of the peer")

    def accepts(self, address: str, port: int) -> bool:
        """Whether a peer at this address and SCTP or TCP port may be the other end of this listening association."""
        return self.listen and address in self.remote_addresses and self.remote_port in (0, port)
