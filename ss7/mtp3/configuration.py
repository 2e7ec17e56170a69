"""What the operator decides about a signalling point, its linksets and its routes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from tandem.core.errors import ConfigurationError
from tandem.ss7.mtp3.label import LAYOUTS, Service, Variant, format_point_code


class Proving(Enum):
    """Which proving period initial alignment uses."""

    AUTOMATIC = "automatic"
    """Emergency while no other link of the linkset carries traffic, otherwise normal."""
    NORMAL = "normal"
    EMERGENCY = "emergency"


class RestartProcedure(Enum):
    """How the traffic of a linkset begins."""

    TRA = "tra"
    """TRA from both ends (Q.704 (07/96) 9)."""
    TRW = "trw"
    """A restarting point says TRW until its TRA (ANSI T1.111.4 9)."""
    NONE = "none"
    """At once, with the first usable link."""


#: What each variant has. That JT-Q704 has neither restart nor link test is what public dissectors and manuals say.
RESTARTS: Final = {
    Variant.ITU: RestartProcedure.TRA,
    Variant.CHINA: RestartProcedure.TRA,
    Variant.ANSI: RestartProcedure.TRW,
    Variant.JAPAN: RestartProcedure.NONE,
}


@dataclass(frozen=True, slots=True)
class LinkConfiguration:
    """One signalling link."""

    id: int
    """Number that the gateway knows the link by, unique in the signalling point."""
    slc: int
    """Signalling link code, agreed with the neighbour, unique in the linkset."""
    extended_sequence: bool = False
    """Level 2 numbers with more than 7 bits (Q.703 Annex A, M2PA): changeover by XCO and XCA."""


@dataclass(frozen=True, slots=True)
class LinksetConfiguration:
    """The links to one adjacent signalling point."""

    name: str
    adjacent_point_code: int
    links: tuple[LinkConfiguration, ...]
    proving: Proving = Proving.AUTOMATIC
    restart_wait: float = 10.0
    """Seconds to wait for the neighbour's TRA before traffic starts without it.

    T21 of Q.704 is 63 to 65 s; shorter here because a neighbour that knows no restart would hold up all traffic.
    In ANSI networks it is T28, 3 to 35 s.
    """
    restart: RestartProcedure | None = None
    """None: what the variant has (`RESTARTS`)."""
    link_test: bool = True
    """Whether a link carries traffic only after the test of Q.707, which is repeated then; those of the neighbour are
    answered anyhow."""

    def __post_init__(self) -> None:
        """Take any sequence of links."""
        object.__setattr__(self, "links", tuple(self.links))


@dataclass(frozen=True, slots=True)
class Route:
    """A way to `dpc`: over the links of linkset `linkset`. Routes of equal priority share the load."""

    dpc: int
    linkset: str
    priority: int = 0
    """Lower is preferred."""


@dataclass(frozen=True, slots=True)
class Timers:
    """Durations in seconds; ranges are those of Q.704 (07/96) 16.8 and Q.707."""

    t1: float = 0.8
    """Delay against mis-sequencing on time-controlled changeover, 0.5 to 1.2 s."""
    t2: float = 1.4
    """Waiting for changeover acknowledgement, 0.7 to 2 s."""
    t3: float = 0.8
    """Time-controlled diversion against mis-sequencing on changeback, 0.5 to 1.2 s."""
    t4: float = 0.8
    """Waiting for changeback acknowledgement, first attempt, 0.5 to 1.2 s."""
    t5: float = 0.8
    """Waiting for changeback acknowledgement, second attempt, 0.5 to 1.2 s."""
    t6: float = 0.8
    """Delay against mis-sequencing on controlled rerouting, 0.5 to 1.2 s."""
    t8: float = 1.0
    """Least interval of TFP in answer to misdirected messages, 0.8 to 1.2 s."""
    t10: float = 45.0
    """Repeat of the signalling route set test, 30 to 60 s."""
    t11: float = 60.0
    """A transfer point that has only a route of second choice waits before it tells TFR, 30 to 90 s."""
    t12: float = 1.2
    """Waiting for uninhibit acknowledgement, 0.8 to 1.5 s."""
    t13: float = 1.2
    """Waiting for forced uninhibit, 0.8 to 1.5 s."""
    t14: float = 2.5
    """Waiting for inhibition acknowledgement, 2 to 3 s."""
    t15: float = 2.5
    """Waiting to start the route set congestion test, 2 to 3 s."""
    t16: float = 1.75
    """Waiting for route set congestion status update, 1.4 to 2 s."""
    t17: float = 1.2
    """Delay between a failed initial alignment and the next, 0.8 to 1.5 s."""
    t18: float = 25.0
    """A restarting transfer point waits for its neighbours' links and routes; depends on the network."""
    t19: float = 68.0
    """No second TRA in answer to TRA before this, 67 to 69 s."""
    t20: float = 60.0
    """Longest restart of the signalling point, 59 to 61 s."""
    t22: float = 270.0
    """Local inhibit test, 3 to 6 min."""
    t23: float = 270.0
    """Remote inhibit test, 3 to 6 min."""
    t25: float = 32.0
    """ANSI: waiting for TRA of a neighbour that sent TRW, 30 to 35 s."""
    t26: float = 13.5
    """ANSI: repeat of TRW, 12 to 15 s."""
    t27: float = 3.0
    """ANSI: shortest isolation that a restart of the point follows, 2 to 5 s."""
    t29: float = 62.0
    """ANSI: no second TRA in answer to TRA or TRW before this, 60 to 65 s. It outlasts T30, which would limit TFP and
    TFR in such answers."""
    t32: float = 0.0
    """ANSI: a link that fails twice within this is not restored before its end, 5 to 120 s; 0: always at once."""
    test_t1: float = 6.0
    """Q.707 T1: waiting for SLTA, 4 to 12 s."""
    test_t2: float = 60.0
    """Q.707 T2: interval between link tests, 30 to 90 s."""

    @classmethod
    def usual(cls, variant: Variant) -> Self:
        """The durations usual with `variant`: ANSI tests inhibited links every 90 to 120 s (T20, T21 of T1.111.4)."""
        return cls(t22=100.0, t23=100.0) if variant is Variant.ANSI else cls()


@dataclass(frozen=True, slots=True)
class ScreeningRule:
    """Messages that match every given field are let through or not."""

    allow: bool
    linkset: str | None = None
    """The one that the message came over."""
    opc: int | None = None
    dpc: int | None = None
    services: frozenset[int] | None = None
    """Service indicators."""


@dataclass(frozen=True, slots=True)
class TransferConfiguration:
    """The point is a signalling transfer point: it carries messages between others."""

    rules: tuple[ScreeningRule, ...] = ()
    """The first that matches decides."""
    otherwise: bool = True
    """What happens to messages that no rule matches: let through, or dropped."""
    restricted: bool = False
    """Whether neighbours are told TFR (national option)."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """A signalling point. `ConfigurationError` when the parts contradict each other."""

    point_code: int
    linksets: tuple[LinksetConfiguration, ...]
    variant: Variant = Variant.ITU
    network_indicator: int = 2
    routes: tuple[Route, ...] = ()
    """Beyond the adjacent points: each of those has a route over its own linkset, unless listed here."""
    users: frozenset[int] = frozenset({int(Service.ISUP)})
    """Service indicators with a user part; messages of others are answered with UPU."""
    timers: Timers = Timers()
    retrieval: bool = False
    """Whether the owner carries RetrieveBsnt and RetrieveMessages to level 2 and its answers back.

    Without them every changeover is an emergency changeover: what was sent and not acknowledged is lost.
    """
    transfer: TransferConfiguration | None = None
    """Given, messages for other points are transferred; otherwise they are dropped."""
    congestion_levels: bool = False
    """The network has congestion levels and message priorities (ANSI; national option elsewhere)."""
    sls_rotation: int = 0
    """ANSI: turn so many bits of the SLS, 5 or 8, by one in every user message sent (recalled; T1.111.4); 0: none."""
    route_test: bool = False
    """Japan: test the route to a destination when it becomes available and every Q.707 T2 after (JT-Q707); the outcome
    is only reported."""
    full_restart: bool = False
    """Hold back TRA and traffic after isolation until the neighbours sent TRA, or T20 (Q.704 9.2).

    Off, every linkset begins on its own, as the point adjacent to a restarting one does (9.3).
    """
    test_pattern: bytes = b"TANDEM"
    """Pattern of the link test, 1 to 15 octets."""

    def __post_init__(self) -> None:
        """Take any iterable, routes as tuples too, and check."""
        object.__setattr__(self, "linksets", tuple(self.linksets))
        object.__setattr__(self, "users", frozenset(self.users))
        object.__setattr__(self, "routes", _with_adjacent(self.linksets, self.routes))
        _check(self)


def _with_adjacent(linksets: tuple[LinksetConfiguration, ...], routes: Iterable[object]) -> tuple[Route, ...]:
    listed = [route if isinstance(route, Route) else Route(*route) for route in routes]  # type: ignore[misc]
    known = {(route.dpc, route.linkset) for route in listed}
    own = [Route(linkset.adjacent_point_code, linkset.name) for linkset in linksets]
    return tuple(route for route in own if (route.dpc, route.linkset) not in known) + tuple(listed)


def _check(configuration: Configuration) -> None:
    layout = LAYOUTS[configuration.variant]
    names = [linkset.name for linkset in configuration.linksets]
    links = [link for linkset in configuration.linksets for link in linkset.links]
    codes = [configuration.point_code, *(linkset.adjacent_point_code for linkset in configuration.linksets)]
    codes += [route.dpc for route in configuration.routes]
    _unique("linkset name", names)
    _unique("link", [link.id for link in links])
    _unique("adjacent point code", [linkset.adjacent_point_code for linkset in configuration.linksets])
    for linkset in configuration.linksets:
        if linkset.restart is RestartProcedure.TRW and configuration.variant is not Variant.ANSI:
            raise ConfigurationError(f"linkset {linkset.name}: restart with TRW is for ANSI networks")
        _unique(f"SLC in linkset {linkset.name}", [link.slc for link in linkset.links])
        if linkset.adjacent_point_code == configuration.point_code:
            raise ConfigurationError(f"linkset {linkset.name} leads to this signalling point's own point code")
    for code in codes:
        if not 0 <= code < layout.point_code_limit:
            raise ConfigurationError(f"point code {code} is not within 0 to {layout.point_code_limit - 1}")
    for link in links:
        if not 0 <= link.slc <= 15:
            raise ConfigurationError(f"SLC {link.slc} of link {link.id} is not within 0 to 15")
    for route in configuration.routes:
        text = format_point_code(route.dpc, configuration.variant)
        if route.linkset not in names:
            raise ConfigurationError(f"route to {text} uses linkset {route.linkset!r}; linksets are {sorted(names)}")
        if route.dpc == configuration.point_code:
            raise ConfigurationError(f"route to {text} leads to this signalling point itself")
    if not 0 <= configuration.network_indicator <= 3:
        raise ConfigurationError(f"network indicator {configuration.network_indicator} is not within 0 to 3")
    if configuration.sls_rotation not in (0, 5, 8):
        raise ConfigurationError(f"sls_rotation {configuration.sls_rotation}: must be 0, 5 or 8")
    if configuration.sls_rotation and configuration.variant is not Variant.ANSI:
        raise ConfigurationError("sls_rotation is for ANSI networks")
    if configuration.route_test and configuration.variant is not Variant.JAPAN:
        raise ConfigurationError("route_test is for Japanese networks")
    if not 1 <= len(configuration.test_pattern) <= 15:
        raise ConfigurationError("the link test pattern must have 1 to 15 octets")


def _unique(what: str, values: list[int] | list[str]) -> None:
    seen: set[int | str] = set()
    for value in values:
        if value in seen:
            raise ConfigurationError(f"{what} {value} is used twice")
        seen.add(value)
