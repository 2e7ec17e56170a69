"""What the operator decides about associations and application servers, common to M3UA and M2UA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import auto

from tandem.core.enumeration import Symbol
from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.codes import TrafficMode


class Role(Symbol):
    """What this end of an association is."""

    ASP = "asp"
    """Application server process: user of a signalling gateway."""
    SGP = "sgp"
    """Signalling gateway process."""
    IPSP = "ipsp"
    """One of two peers without a gateway between them; one exchange of ASP Up and Active counts for both directions."""
    IPSP_DOUBLE = "ipsp-double"
    """As IPSP, but each direction has an exchange of its own (RFC 4666 1.4.3.1)."""

    @property
    def is_client(self) -> bool:
        """Whether this end may have an ASP of its own at the other."""
        return self is not Role.SGP

    @property
    def is_server(self) -> bool:
        """Whether this end may keep the state of an ASP at the other."""
        return self is not Role.ASP


class Timer(Symbol):
    """Timers of RFC 4666 4, and some of our own; all but RECOVERY are kept per association."""

    ACK = auto()
    """T(ack): an ASPSM, ASPTM or RKM message waits for its answer."""
    RECOVERY = auto()
    """T(r): an application server is pending."""
    BEAT = auto()
    """T(beat): between two heartbeats."""
    AUDIT = auto()
    """Between two DAUD about destinations that the peer said are not available (ours)."""
    ESTABLISH = auto()
    """A gateway is to establish a link (M2UA, ours)."""


TimerKey = tuple[Timer, str, object]


@dataclass(frozen=True, slots=True)
class Timers:
    """Durations in seconds; T(ack), T(r) and T(beat) as RFC 4666 gives their defaults."""

    ack: float = 2.0
    recovery: float = 2.0
    beat: float = 30.0
    """0: no heartbeats of ours; those of the peer are answered all the same."""
    refused: float = 20.0
    """Before what the peer refused is tried again."""
    audit: float = 30.0
    """0: destinations are not audited."""


@dataclass(frozen=True, slots=True)
class AssociationConfiguration:
    """One association, known to the transport by the same name."""

    name: str
    role: Role = Role.ASP
    initiate: bool = True
    """IPSP: send ASP Up when the association comes up. One of the two ends must, both may."""
    standby: bool = False
    """Ours is activated here only while no association without this is up."""
    asp_identifier: int | None = None
    """Said in our ASP Up."""
    peer_identifier: int | None = None
    """What the peer must say in its ASP Up; None: whatever it says."""

    @property
    def is_client(self) -> bool:
        """Whether this end sends ASP Up."""
        return self.role.is_client and (self.initiate or self.role is not Role.IPSP)


@dataclass(frozen=True, kw_only=True)
class ServerConfiguration:
    """One application server: our own where we are its ASP, the peer's where we are the gateway."""

    name: str
    associations: tuple[str, ...]
    """In order of preference."""
    mode: TrafficMode = TrafficMode.LOADSHARE
    announce_mode: bool = True
    """Whether our ASP Active says the mode."""
    required_active: int = 1
    """ASPs that make the server active; with fewer, messages flow, and those inactive are asked for help."""
    pending_messages: int = 1000
    """Messages kept while the server is pending; the oldest goes when there are more."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "associations", tuple(self.associations))
        if not self.associations:
            raise ConfigurationError(f"application server {self.name} has no association")
        if self.required_active < 1:
            raise ConfigurationError(f"application server {self.name}: required_active must be at least 1")


def check_names(associations: Sequence[AssociationConfiguration], servers: Sequence[ServerConfiguration]) -> None:
    """Raise ConfigurationError for names used twice, and for associations that are not there."""
    known = [association.name for association in associations]
    for what, names in (("association", known), ("application server", [server.name for server in servers])):
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ConfigurationError(f"{what} {min(twice)} is there twice")
    for server in servers:
        for name in server.associations:
            if name not in known:
                raise ConfigurationError(f"application server {server.name} uses association {name!r}: none of {known}")
