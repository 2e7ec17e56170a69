"""From the configuration to the machines of SS7 below the user parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from tandem.core.sigtran.codes import Ppid, TrafficMode
from tandem.core.sigtran.configuration import AssociationConfiguration, Role, Timers
from tandem.gateway.configuration.level2 import with_m2pa, with_mtp2
from tandem.gateway.configuration.ranges import parse_ranges
from tandem.gateway.configuration.schema import (
    ApplicationServer,
    Backhaul,
    CircuitTrunk,
    Configuration,
    IsupTrunk,
    Link,
    Linkset,
    PriTrunk,
    Ss7,
    TupTrunk,
)
from tandem.gateway.dchannels import channels as d_channels
from tandem.gateway.media.protocol import Channel
from tandem.ss7.mtp2.configuration import LinkConfiguration as Mtp2Configuration
from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.mtp3 import configuration as mtp3
from tandem.ss7.mtp3.label import Service, Variant, parse_point_code
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration
from tandem.ss7.sigtran.m2ua import M2ua
from tandem.ss7.sigtran.m2ua_configuration import M2uaServer
from tandem.ss7.sigtran.m2ua_links import M2uaLink
from tandem.ss7.sigtran.m3ua import M3ua
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer

#: Network indicators of the SIO by their names in the configuration (Q.704 14.2.2).
NETWORKS = {"international": 0, "national": 2, "national spare": 3}

#: Whose messages signal for the circuits of a trunk (Q.704 14.2.1).
SERVICES: dict[type, Service] = {IsupTrunk: Service.ISUP, TupTrunk: Service.TUP}


def channels(configuration: Configuration) -> list[Channel]:
    """The signalling channels that the media process frames, numbered as the links here."""
    linksets = {linkset.name: linkset for linkset in configuration.ss7.linkset}
    found = []
    for number, (name, position) in enumerate(link_keys(configuration)):
        link = linksets[name].link[position]
        if link.span:
            found.append(Channel(number, link.span, _timeslots(link), link.format == "extended"))
    for number, backhaul in numbered_backhauls(configuration):
        found.append(Channel(number, backhaul.span, _timeslots(backhaul), backhaul.format == "extended"))
    return found + d_channels(configuration, first_d_channel(configuration))


def first_d_channel(configuration: Configuration) -> int:
    """The number of the first D-channel: they follow the links."""
    return len(link_keys(configuration)) + len(configuration.ss7.backhaul)


def numbered_backhauls(configuration: Configuration) -> list[tuple[int, Backhaul]]:
    """Links handed on by M2UA with their numbers, which follow those of the linksets' links."""
    return list(enumerate(configuration.ss7.backhaul, len(link_keys(configuration))))


def link_keys(configuration: Configuration) -> list[tuple[str, int]]:
    """Every link as (linkset, position), in the order of the file; the position here is the link's number."""
    return [(linkset.name, position) for linkset in configuration.ss7.linkset for position in range(len(linkset.link))]


def _timeslots(link: Link | Backhaul) -> tuple[int, ...]:
    return parse_ranges(link.timeslots or str(link.timeslot), 1, 31)


def slc_of(link: Link, position: int) -> int:
    """The signalling link code: its own, or its position."""
    return position if link.slc is None else link.slc


def by_point(configuration: Configuration) -> dict[tuple[int, Variant, int], list[Linkset]]:
    """Linksets by the signalling point they belong to: (own point code, variant, network indicator)."""
    points: dict[tuple[int, Variant, int], list[Linkset]] = {}
    for linkset in configuration.ss7.linkset:
        variant = Variant(linkset.variant)
        identity = (parse_point_code(linkset.point_code, variant), variant, NETWORKS[linkset.network])
        points.setdefault(identity, []).append(linkset)
    return points


def user_parts(configuration: Configuration, carriers: Collection[str]) -> frozenset[int]:
    """The user parts whose trunks are signalled over `carriers`, names of linksets or application servers.

    ISUP where there is no trunk: a signalling relation is made ready before its circuits.
    """
    services = {
        int(SERVICES[type(trunk)])
        for trunk in configuration.trunk
        if isinstance(trunk, CircuitTrunk) and trunk.linkset in carriers
    }
    return frozenset(services or {int(Service.ISUP)})


def level3(
    identity: tuple[int, Variant, int],
    linksets: list[Linkset],
    numbers: dict[tuple[str, int], int],
    ss7: Ss7,
    users: frozenset[int] = frozenset({int(Service.ISUP)}),
) -> mtp3.Configuration:
    """MTP level 3 of one signalling point; `numbers` gives each link its number, `users` are its user parts."""
    code, variant, network = identity
    timers = {
        name: value
        for linkset in linksets
        for key, value in linkset.timers.items()
        if not key.startswith(("q703", "m2pa"))
        for name in [key.removeprefix("q704_").replace("q707_", "test_")]
    }
    return mtp3.Configuration(
        point_code=code,
        variant=variant,
        network_indicator=network,
        users=users,
        retrieval=True,
        linksets=tuple(
            mtp3.LinksetConfiguration(
                name=linkset.name,
                adjacent_point_code=parse_point_code(linkset.adjacent_point_code, variant),
                links=tuple(
                    mtp3.LinkConfiguration(
                        numbers[linkset.name, position],
                        slc_of(link, position),
                        extended_sequence=_extended_sequence(link),
                    )
                    for position, link in enumerate(linkset.link)
                ),
                proving=mtp3.Proving(linkset.proving),
                restart_wait=linkset.restart_wait,
                restart=mtp3.RestartProcedure(linkset.restart) if linkset.restart else None,
                link_test=variant is not Variant.JAPAN if linkset.link_test is None else linkset.link_test,
            )
            for linkset in linksets
        ),
        routes=tuple(
            mtp3.Route(parse_point_code(reached, variant), linkset.name)
            for linkset in linksets
            for reached in linkset.reaches
        )
        + tuple(
            mtp3.Route(parse_point_code(route.point_code, variant), route.linkset, route.priority)
            for route in ss7.route
            if route.linkset in {linkset.name for linkset in linksets}
        ),
        transfer=_transfer(ss7, variant),
        congestion_levels=variant is Variant.ANSI if ss7.congestion_levels is None else ss7.congestion_levels,
        sls_rotation=ss7.sls_rotation if variant is Variant.ANSI else 0,
        route_test=ss7.route_test and variant is Variant.JAPAN,
        full_restart=ss7.full_restart,
        test_pattern=ss7.link_test_pattern.encode(),
        timers=replace(mtp3.Timers.usual(variant), **timers),
    )


def _extended_sequence(link: Link) -> bool:
    """Whether changeover carries more than 7 bits of sequence number: Annex A has 12, M2PA 24."""
    return link.format == "extended" or (bool(link.association) and link.interface is None)


def level2(linkset: Linkset, link: Link, m2ua: M2ua | None = None) -> SignallingLink | M2paLink | M2uaLink:
    """Level 2 of a link: MTP2 on timeslots, M2PA on an association, or M2UA to a gateway that has it."""
    if not link.association:
        return mtp2(link, linkset.timers)
    if link.interface is not None and m2ua is not None:
        return m2ua.link(link.interface)
    return M2paLink(with_m2pa(M2paConfiguration(link.association), link.level2, linkset.timers))


def mtp2(link: Link | Backhaul, timers: Mapping[str, float]) -> SignallingLink:
    """MTP level 2 on timeslots."""
    rate = 64_000.0 * len(_timeslots(link))
    extended = link.format == "extended"
    base = Mtp2Configuration.high_speed(rate) if extended else Mtp2Configuration(bit_rate=rate)
    return SignallingLink(with_mtp2(base, link.level2, timers, error_correction=link.error_correction))


def m2ua(configuration: Configuration) -> M2ua | None:
    """The M2UA machine: ASP for links of linksets, gateway for `[[ss7.backhaul]]`; None when there is neither."""
    interfaces: dict[tuple[str, Role], list[int]] = {}
    japanese = {backhaul.association for backhaul in configuration.ss7.backhaul if backhaul.length_indicator}
    for linkset in configuration.ss7.linkset:
        for link in linkset.link:
            if link.association and link.interface is not None:
                interfaces.setdefault((link.association, Role.ASP), []).append(link.interface)
                if linkset.variant == "japan":
                    japanese.add(link.association)
    for backhaul in configuration.ss7.backhaul:
        interfaces.setdefault((backhaul.association, Role.SGP), []).append(backhaul.interface)
    if not interfaces:
        return None
    return M2ua(
        [AssociationConfiguration(name, role) for name, role in interfaces],
        [
            M2uaServer(
                name=name,
                associations=(name,),
                interfaces=tuple(numbers),
                length_indicator=name in japanese,
                establish=configuration.sigtran.timers.get("establish", M2uaServer.establish),
            )
            for (name, _), numbers in interfaces.items()
        ],
        _sigtran_timers(configuration),
    )


def ppids(configuration: Configuration) -> dict[str, Ppid]:
    """The payload protocol of each association, by what it is used for."""
    found: dict[str, Ppid] = {}
    for server in configuration.ss7.m3ua:
        found.update(dict.fromkeys(server.associations, Ppid.M3UA))
    for linkset in configuration.ss7.linkset:
        for link in linkset.link:
            found[link.association] = Ppid.M2PA if link.interface is None else Ppid.M2UA
    found.update((backhaul.association, Ppid.M2UA) for backhaul in configuration.ss7.backhaul)
    for d_channel in configuration.isdn.backhaul:
        found.update(dict.fromkeys(d_channel.associations, Ppid.IUA))
    for trunk in configuration.trunk:
        for line in trunk.spans if isinstance(trunk, PriTrunk) else ():
            found.update(dict.fromkeys(line.associations, Ppid.IUA))
    return found


def _transfer(ss7: Ss7, variant: Variant) -> mtp3.TransferConfiguration | None:
    """The transfer function, where it is wanted."""
    if not ss7.transfer:
        return None
    rules = tuple(
        mtp3.ScreeningRule(
            allow=screen.allow,
            linkset=screen.linkset or None,
            services=None if screen.service is None else frozenset({screen.service}),
            opc=parse_point_code(screen.opc, variant) if screen.opc else None,
            dpc=parse_point_code(screen.dpc, variant) if screen.dpc else None,
        )
        for screen in ss7.screen
    )
    return mtp3.TransferConfiguration(rules=rules, otherwise=True, restricted=ss7.restricted)


def m3ua(configuration: Configuration) -> M3ua | None:
    """The M3UA machine of `[[association]]` and `[[ss7.m3ua]]`; None when there is no application server."""
    servers = configuration.ss7.m3ua
    if not servers:
        return None
    used = {name for server in servers for name in server.associations}
    associations = [
        AssociationConfiguration(
            association.name,
            Role(association.role),
            initiate=not association.wait,
            standby=association.standby,
            asp_identifier=association.asp_identifier,
            peer_identifier=association.peer_identifier,
        )
        for association in configuration.association
        if association.name in used
    ]
    return M3ua(associations, [_server(server, configuration) for server in servers], _sigtran_timers(configuration))


def _sigtran_timers(configuration: Configuration) -> Timers:
    return replace(Timers(), **{name: v for name, v in configuration.sigtran.timers.items() if name != "establish"})


def m3ua_relations(configuration: Configuration) -> set[tuple[int | None, int]]:
    """The (own, other) point codes between which messages go by M3UA."""
    relations: set[tuple[int | None, int]] = set()
    for server in configuration.ss7.m3ua:
        variant = Variant(server.variant)
        own = parse_point_code(server.point_code, variant)
        relations.update((own, parse_point_code(code, variant)) for code in server.destinations)
    return relations


def _server(server: ApplicationServer, configuration: Configuration) -> M3uaServer:
    variant = Variant(server.variant)
    return M3uaServer(
        name=server.name,
        associations=tuple(server.associations),
        mode=TrafficMode[server.mode.upper()],
        point_code=parse_point_code(server.point_code, variant),
        destinations=tuple(parse_point_code(code, variant) for code in server.destinations),
        services=tuple(sorted(user_parts(configuration, [server.name]))),
        network_indicator=NETWORKS[server.network],
        network_appearance=server.network_appearance,
        routing_context=server.routing_context,
        register=server.register,
        announce_mode=server.announce_mode,
        required_active=server.required_active,
        pending_messages=server.pending_messages,
    )
