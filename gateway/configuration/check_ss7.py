"""What linksets and trunks on circuits of SS7 must satisfy beyond the types of their keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields

from tandem.core.errors import ConfigurationError, TandemError
from tandem.core.sigtran.configuration import Timers as SigtranTimers
from tandem.gateway.configuration.level2 import M2PA_NAMES, MTP2_NAMES, with_m2pa, with_mtp2
from tandem.gateway.configuration.problem import Problem, suggestion, unknown_name
from tandem.gateway.configuration.ranges import parse_address, parse_ranges
from tandem.gateway.configuration.schema import (
    ApplicationServer,
    Backhaul,
    Circuits,
    CircuitTrunk,
    Configuration,
    IsupTrunk,
    Link,
    Linkset,
    TupTrunk,
)
from tandem.ss7.isup.timers import Timer
from tandem.ss7.isup.variants import CODINGS
from tandem.ss7.isup.variants import Variant as IsupVariant
from tandem.ss7.mtp2.configuration import LinkConfiguration as Mtp2Configuration
from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.label import Variant, parse_point_code
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration
from tandem.ss7.tup.label import CIC_BITS as TUP_CIC_BITS
from tandem.ss7.tup.timers import Timer as TupTimer
from tandem.ss7.tup.variants import Variant as TupVariant

SS7_TIMERS = (
    *(f"q703_{name}" for name in ("t1", "t2", "t3", "t4n", "t4e", "t5", "t6", "t7", "t8")),
    *(f"q704_{field.name}" for field in fields(Timers) if not field.name.startswith("test_")),
    "q707_t1",
    "q707_t2",
    "m2pa_repeat",
    "m2pa_ack_delay",
)
SIGTRAN_TIMERS = (*(field.name for field in fields(SigtranTimers)), "establish")
ISUP_TIMERS = tuple(timer.name.lower() for timer in Timer)
TUP_TIMERS = tuple(timer.name.lower() for timer in TupTimer)
TUP_VARIANTS = tuple(variant.value for variant in TupVariant)
#: Of an E1.
LAST_TIMESLOT = 31


class Usage:
    """Who uses what: timeslots of spans, circuits between two exchanges, linksets between two points."""

    def __init__(
        self, last_timeslots: Mapping[str, int] | None = None, speechless: Collection[str] = frozenset()
    ) -> None:
        """`last_timeslots`: of every span by name, where it is not 31; `speechless`: spans without speech."""
        self._last_timeslots = last_timeslots or {}
        self._speechless = speechless
        self._timeslots: dict[tuple[str, int], str] = {}
        self._circuits: dict[tuple[object, ...], str] = {}
        self._linksets: dict[tuple[object, ...], str] = {}
        self._associations: dict[str, tuple[str, str]] = {}
        self._interfaces: dict[int, str] = {}
        self._iua_interfaces: dict[int | str, str] = {}
        self._own_codes: dict[int, str] = {}

    def timeslots(self, path: str, span: str, slots: Collection[int], what: str) -> Iterator[Problem]:
        """Claim timeslots for `what`; a problem for the first that the span has not, or that something else has."""
        last = self._last_timeslots.get(span, LAST_TIMESLOT)
        if beyond := [slot for slot in slots if slot > last]:
            text = f"span {span!r} is a T1 and has no timeslot {beyond[0]}"
            yield Problem(path, f"{text}; its timeslots are 1-{last}")
            return
        taken = [slot for slot in slots if self._timeslots.setdefault((span, slot), what) != what]
        if taken:
            owner = self._timeslots[span, taken[0]]
            yield Problem(path, f"timeslot {taken[0]} of span {span!r} is already used by {owner}")

    def speech(self, path: str, span: str, slots: Collection[int], what: str) -> Iterator[Problem]:
        """Claim timeslots for speech; a problem where the span carries none, or as `timeslots` has it."""
        if span in self._speechless:
            text = (
                f"span {span!r} is a serial line: one signalling channel, no speech; name the span with the speech here"
            )
            yield Problem(
                path, f"{text}, and the serial line for the signalling (d_channel_span, [[ss7.linkset.link]])"
            )
        else:
            yield from self.timeslots(path, span, slots, what)

    def circuits(self, path: str, relation: tuple[object, ...], cics: Iterable[int], what: str) -> Iterator[Problem]:
        """Claim the CICs between two point codes; a problem for the first that something else has."""
        taken = [cic for cic in cics if self._circuits.setdefault((*relation, cic), what) != what]
        if taken:
            owner = self._circuits[(*relation, taken[0])]
            yield Problem(path, f"CIC {taken[0]} to this exchange is already used by {owner}")

    def association(self, path: str, name: str, kind: str, configuration: Configuration) -> Iterator[Problem]:
        """Claim an association for one kind of use; only M2PA keeps it to one link."""
        yield from unknown_name(path, name, [one.name for one in configuration.association], "association")
        owner, place = self._associations.setdefault(name, (kind, path))
        if place != path and (owner != kind or kind == "M2PA"):
            yield Problem(path, f"association {name!r} is already used by {owner} ({place}); {kind} needs its own")

    def interface(self, path: str, interface: int) -> Iterator[Problem]:
        """Claim an M2UA interface identifier."""
        owner = self._interfaces.setdefault(interface, path)
        if owner != path:
            yield Problem(path, f"interface {interface} is already used at {owner}")

    def iua_interface(self, path: str, interface: int | str) -> Iterator[Problem]:
        """Claim an IUA interface identifier."""
        owner = self._iua_interfaces.setdefault(interface, path)
        if owner != path:
            yield Problem(path, f"interface {interface!r} is already used at {owner}")

    def own_code(self, path: str, code: int, network: str) -> Iterator[Problem]:
        """Claim a point code of ours for one network: user parts tell our points apart by the code alone."""
        owner = self._own_codes.setdefault(code, network)
        if owner != network:
            yield Problem(path, f"is our code in the {owner} network already; use another code in the {network} one")

    def linkset(self, path: str, relation: tuple[object, ...], name: str) -> Iterator[Problem]:
        """Claim the one linkset between two adjacent points."""
        owner = self._linksets.setdefault(relation, name)
        if owner != name:
            yield Problem(path, f"linkset {owner!r} already leads there; put all the links into one linkset")


def check_linksets(configuration: Configuration, usage: Usage) -> Iterator[Problem]:
    """Problems of `[[ss7.linkset]]`."""
    spans = [span.name for span in configuration.span]
    for index, linkset in enumerate(configuration.ss7.linkset):
        path = f"ss7.linkset[{index}]"
        yield from _point_codes(path, linkset, usage)
        yield from _timers(f"{path}.timers", linkset.timers, SS7_TIMERS)
        if linkset.restart == "trw" and linkset.variant != "ansi":
            yield Problem(f"{path}.restart", "TRW is of ANSI networks; use tra or none, or leave it out")
        slcs: dict[int, int] = {}
        for position, link in enumerate(linkset.link):
            here = f"{path}.link[{position}]"
            if bool(link.span) == bool(link.association):
                yield Problem(here, "give either span (a link on timeslots) or association (a link by M2PA or M2UA)")
            elif link.span:
                yield from unknown_name(f"{here}.span", link.span, spans, "span")
            else:
                kind = "M2PA" if link.interface is None else "M2UA"
                yield from usage.association(f"{here}.association", link.association, kind, configuration)
                if link.interface is not None:
                    yield from usage.interface(f"{here}.interface", link.interface)
            if link.span and link.interface is not None:
                yield Problem(f"{here}.interface", "is M2UA's and goes with `association`; leave it out")
            slc = position if link.slc is None else link.slc
            if slc in slcs:
                yield Problem(f"{here}.slc", f"{slc} is already the SLC of link[{slcs[slc]}]")
            slcs.setdefault(slc, position)
            yield from _level2(here, link, linkset.timers)
            if link.span:
                yield from _link_timeslots(here, link, f"link {slc} of linkset {linkset.name!r}", usage)
            elif link.timeslot is not None or link.timeslots:
                yield Problem(here, "a link on an association has no timeslots; leave them out")


def check_points(configuration: Configuration) -> Iterator[Problem]:
    """Problems of `[ss7]` itself."""
    ss7 = configuration.ss7
    variants = {linkset.variant for linkset in ss7.linkset}
    if ss7.sls_rotation and "ansi" not in variants:
        yield Problem("ss7.sls_rotation", "is for ANSI networks, and no linkset has that variant; leave it out")
    if ss7.route_test and "japan" not in variants:
        yield Problem("ss7.route_test", "is for Japanese networks, and no linkset has that variant; leave it out")
    if ss7.restricted and not ss7.transfer:
        yield Problem("ss7.restricted", "is what a transfer point says; set `transfer` too, or leave it out")


def check_associations(configuration: Configuration) -> Iterator[Problem]:
    """Problems of `[[association]]` and `[sigtran]`."""
    yield from _timers("sigtran.timers", configuration.sigtran.timers, SIGTRAN_TIMERS)
    for index, association in enumerate(configuration.association):
        path = f"association[{index}]"
        for key, text, needs_port in (
            ("local", association.local, association.wait),
            ("peer", association.peer, not association.wait),
        ):
            try:
                port = parse_address(text)[1]
            except ValueError as error:
                yield Problem(f"{path}.{key}", str(error))
                continue
            if needs_port and not port:
                yield Problem(f"{path}.{key}", "port 0 is any port; give the one to use, 2905 for M3UA, 3565 for M2PA")
        if not association.wait and not association.peer_udp_port:
            yield Problem(f"{path}.peer_udp_port", "0 is any port; to call the peer give its UDP port, by custom 9899")


def check_backhauls(configuration: Configuration, usage: Usage) -> Iterator[Problem]:
    """Problems of `[[ss7.backhaul]]`."""
    spans = [span.name for span in configuration.span]
    for index, backhaul in enumerate(configuration.ss7.backhaul):
        path = f"ss7.backhaul[{index}]"
        yield from unknown_name(f"{path}.span", backhaul.span, spans, "span")
        yield from usage.association(f"{path}.association", backhaul.association, "M2UA gateway", configuration)
        yield from usage.interface(f"{path}.interface", backhaul.interface)
        yield from _timers(f"{path}.timers", backhaul.timers, [name for name in SS7_TIMERS if name.startswith("q703")])
        yield from _level2(path, backhaul, backhaul.timers)
        yield from _link_timeslots(path, backhaul, f"backhaul {backhaul.interface}", usage)


def check_routes(configuration: Configuration) -> Iterator[Problem]:
    """Problems of `[[ss7.route]]` and `[[ss7.screen]]`."""
    linksets = {linkset.name: linkset for linkset in configuration.ss7.linkset}
    for index, route in enumerate(configuration.ss7.route):
        path = f"ss7.route[{index}]"
        yield from unknown_name(f"{path}.linkset", route.linkset, linksets, "ss7.linkset")
        linkset = linksets.get(route.linkset)
        if linkset is None:
            continue
        code = _code(route.point_code, linkset)
        if isinstance(code, str):
            text = f"{route.point_code!r} is not a point code of variant {linkset.variant}"
            yield Problem(f"{path}.point_code", f"{text}; write it as in the linkset")
        elif code == _code(linkset.point_code, linkset):
            yield Problem(f"{path}.point_code", f"{route.point_code} is our own point code")
    for index, screen in enumerate(configuration.ss7.screen):
        path = f"ss7.screen[{index}]"
        if not configuration.ss7.transfer:
            yield Problem(path, "screens nothing while `transfer` of [ss7] is off; set it, or leave the rule out")
        if screen.linkset:
            yield from unknown_name(f"{path}.linkset", screen.linkset, linksets, "ss7.linkset")
        for key, text in (("opc", screen.opc), ("dpc", screen.dpc)):
            if text and all(isinstance(_code(text, linkset), str) for linkset in linksets.values()):
                yield Problem(f"{path}.{key}", f"{text!r} is not a point code of any linkset's variant")


def check_servers(configuration: Configuration, usage: Usage) -> Iterator[Problem]:
    """Problems of `[[ss7.m3ua]]`."""
    for index, server in enumerate(configuration.ss7.m3ua):
        path = f"ss7.m3ua[{index}]"
        for position, name in enumerate(server.associations):
            here = f"{path}.associations[{position}]"
            yield from usage.association(here, name, "M3UA", configuration)
        codes = {"point_code": server.point_code}
        codes |= {f"destinations[{position}]": code for position, code in enumerate(server.destinations)}
        for key, text in codes.items():
            try:
                code = parse_point_code(text, Variant(server.variant))
            except TandemError as error:
                yield Problem(f"{path}.{key}", str(error))
                continue
            if key != "point_code" and code == _code(server.point_code, server):
                yield Problem(f"{path}.{key}", f"{text} is our own point code; give the one at the other end")


def _level2(path: str, link: Link | Backhaul, timers: Mapping[str, float]) -> Iterator[Problem]:
    """Parameters of level 2 that the link does not have, or that contradict each other."""
    known = MTP2_NAMES if link.span else M2PA_NAMES if link.interface is None else ()
    unknown = [name for name in link.level2 if name not in known]
    if unknown and not known:
        yield Problem(f"{path}.level2", "level 2 of this link is at the signalling gateway; leave it out")
    elif unknown:
        text = f"not of this kind of link; {suggestion(unknown[0], known, 'there are')}"
        yield Problem(f"{path}.level2.{unknown[0]}", text)
    else:
        try:
            if link.span:
                base = Mtp2Configuration.high_speed() if link.format == "extended" else Mtp2Configuration()
                with_mtp2(base, link.level2, timers)
            elif known:
                with_m2pa(M2paConfiguration(link.association), link.level2, timers)
        except ConfigurationError as error:
            yield Problem(f"{path}.level2", str(error))


def _link_timeslots(path: str, link: Link | Backhaul, what: str, usage: Usage) -> Iterator[Problem]:
    if (link.timeslot is None) == (not link.timeslots):
        yield Problem(path, "give either timeslot (one, 1-31) or timeslots (several)")
        return
    key = "timeslots" if link.timeslots else "timeslot"
    try:
        slots = parse_ranges(link.timeslots or str(link.timeslot), 1, 31)
    except ValueError as error:
        yield Problem(f"{path}.{key}", str(error))
    else:
        yield from usage.timeslots(f"{path}.{key}", link.span, slots, what)


def _point_codes(path: str, linkset: Linkset, usage: Usage) -> Iterator[Problem]:
    """Point codes that are none, lead to ourselves, or to where another linkset leads."""
    codes = {"point_code": linkset.point_code, "adjacent_point_code": linkset.adjacent_point_code}
    codes |= {f"reaches[{index}]": code for index, code in enumerate(linkset.reaches)}
    own: int | None = None
    for key, text in codes.items():
        try:
            code = parse_point_code(text, Variant(linkset.variant))
        except TandemError as error:
            yield Problem(f"{path}.{key}", str(error))
            continue
        if key == "point_code":
            own = code
            yield from usage.own_code(f"{path}.{key}", code, f"{linkset.variant} {linkset.network}")
        elif code == own:
            yield Problem(f"{path}.{key}", f"{text} is our own point code; give the one at the other end")
        elif key == "adjacent_point_code":
            relation = (linkset.variant, linkset.network, own, code)
            yield from usage.linkset(f"{path}.{key}", relation, linkset.name)


def _timers(path: str, timers: Mapping[str, float], known: Iterable[str]) -> Iterator[Problem]:
    for name in timers:
        if name not in known:
            yield Problem(f"{path}.{name}", f"unknown timer; {suggestion(name, known, 'there are')}")


def check_circuit_trunk(
    path: str, trunk: IsupTrunk | TupTrunk, configuration: Configuration, usage: Usage
) -> Iterator[Problem]:
    """Problems of a `[[trunk]]` on circuits of SS7."""
    linksets: dict[str, Linkset | ApplicationServer] = {linkset.name: linkset for linkset in configuration.ss7.linkset}
    linksets |= {server.name: server for server in configuration.ss7.m3ua}
    yield from unknown_name(f"{path}.linkset", trunk.linkset, linksets, "ss7.linkset")
    tup = isinstance(trunk, TupTrunk)
    yield from _timers(f"{path}.timers", trunk.timers, TUP_TIMERS if tup else ISUP_TIMERS)
    if trunk.pass_digits and not trunk.overlap:
        yield Problem(f"{path}.pass_digits", "is for `overlap`; set that too, or leave this out")
    if trunk.maximum_digits and trunk.maximum_digits < trunk.minimum_digits:
        yield Problem(f"{path}.maximum_digits", f"is less than minimum_digits ({trunk.minimum_digits}); 0 is no limit")
    relation: tuple[object, ...] | None = None
    linkset = linksets.get(trunk.linkset)
    if tup and linkset and linkset.variant not in TUP_VARIANTS:
        text = f"{linkset.name!r} has the variant {linkset.variant}, which TUP does not have"
        yield Problem(f"{path}.linkset", f"{text}; TUP is of linksets with the variant {' or '.join(TUP_VARIANTS)}")
    elif linkset:
        relation = _relation(trunk, linkset, configuration)
        if isinstance(_code(trunk.peer_point_code or "0", linkset), str):
            text = f"{trunk.peer_point_code!r} is not a point code of variant {linkset.variant}"
            yield Problem(f"{path}.peer_point_code", f"{text}; write it as in the linkset")
        elif trunk.peer_point_code and relation is None:
            kind, key = ("linkset", "reaches") if isinstance(linkset, Linkset) else ("m3ua", "destinations")
            text = f"{kind} {linkset.name!r} does not lead to {trunk.peer_point_code}"
            yield Problem(f"{path}.peer_point_code", f"{text}; add it to the {kind}'s `{key}`")
    if isinstance(trunk, IsupTrunk) and trunk.release_control == "called" and linkset and linkset.variant != "china":
        text = f'"called" needs CCL, which the variant {linkset.variant} of {linkset.name!r} does not have'
        yield Problem(f"{path}.release_control", f"{text}; leave it out, or use the variant china")
    seen: set[int] = set()
    for index, circuits in enumerate(trunk.circuits):
        here = f"{path}.circuits[{index}]"
        yield from unknown_name(f"{here}.span", circuits.span, [span.name for span in configuration.span], "span")
        cics, slots, problem = _laid_out(here, circuits, highest_cic(linkset.variant if linkset else "itu", tup))
        if problem:
            yield problem
            continue
        if again := seen.intersection(cics):
            yield Problem(f"{here}.cic", f"CIC {min(again)} is already in another run of this trunk")
        elif relation:
            yield from usage.circuits(f"{here}.cic", relation, cics, f"trunk {trunk.name!r}")
        seen.update(cics)
        key = "timeslots" if circuits.timeslots else "cic"
        yield from usage.speech(f"{here}.{key}", circuits.span, slots, f"trunk {trunk.name!r} ({here})")


def _relation(
    trunk: CircuitTrunk, linkset: Linkset | ApplicationServer, configuration: Configuration
) -> tuple[object, ...] | None:
    """The two exchanges whose circuits the trunk has; None when the linkset does not lead to the other one."""
    routes = [route.point_code for route in configuration.ss7.route if route.linkset == linkset.name]
    reached = (*reached_point_codes(linkset), *routes)
    peer = _code(trunk.peer_point_code or reached[0], linkset)
    if peer not in [_code(text, linkset) for text in reached]:
        return None
    return (type(trunk), linkset.variant, linkset.network, _code(linkset.point_code, linkset), peer)


def reached_point_codes(linkset: Linkset | ApplicationServer) -> tuple[str, ...]:
    """Where a linkset or an application server leads; first the exchange meant by a trunk that names none."""
    if isinstance(linkset, Linkset):
        return linkset.adjacent_point_code, *linkset.reaches
    return tuple(linkset.destinations)


def _code(text: str, linkset: Linkset | ApplicationServer) -> int | str:
    """A point code as a number, so that both ways of writing it compare equal; the text where it is none."""
    try:
        return parse_point_code(text, Variant(linkset.variant))
    except TandemError:
        return text


def highest_cic(variant: str, tup: bool = False) -> int:
    """The largest circuit identification code: 12 bits (Q.763 1.2, Q.723 2), in ANSI networks 14 (T1.113)."""
    return (1 << (TUP_CIC_BITS if tup else CODINGS[IsupVariant(variant)].cic_bits)) - 1


def _laid_out(path: str, circuits: Circuits, highest: int) -> tuple[tuple[int, ...], tuple[int, ...], Problem | None]:
    """The CICs and timeslots of a run of circuits, or what is wrong with it."""
    key = "cic"
    try:
        cics = parse_ranges(circuits.cic, 0, highest)
        key = "timeslots"
        slots = parse_ranges(circuits.timeslots, 1, 31) if circuits.timeslots else tuple(cic % 32 for cic in cics)
    except ValueError as error:
        return (), (), Problem(f"{path}.{key}", str(error))
    problem = None
    if len(slots) != len(cics):
        problem = Problem(f"{path}.timeslots", f"names {len(slots)} timeslots for {len(cics)} circuits")
    elif 0 in slots:
        cic = cics[slots.index(0)]
        problem = Problem(f"{path}.cic", f"CIC {cic} falls on timeslot 0 (framing); leave it out or give `timeslots`")
    elif len(set(slots)) < len(slots):
        text = f"two of the CICs fall on timeslot {next(slot for slot in slots if slots.count(slot) > 1)}"
        problem = Problem(f"{path}.cic", f"{text}; an E1 has 31, give each span its own [[trunk.circuits]]")
    return cics, slots, problem
