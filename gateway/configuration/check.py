"""What a configuration must satisfy beyond the types of its keys."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tandem.codecs.tones import tone_plan
from tandem.core.cause import Cause
from tandem.core.errors import TandemError
from tandem.gateway.calls.did import DidTable
from tandem.gateway.calls.interworking import parse_override
from tandem.gateway.calls.schedule import Schedule
from tandem.gateway.configuration.ranges import parse_address, parse_ranges
from tandem.gateway.configuration.schema import Configuration, IsupTrunk, Linkset, SipTrunk, Span
from tandem.hardware.registry import check_spec
from tandem.ss7.mtp3.label import Variant, parse_point_code


class Problem(NamedTuple):
    """One mistake: the path of the key, and what would be right."""

    path: str
    text: str


SS7_TIMERS = (
    *(f"q703_{name}" for name in ("t1", "t2", "t3", "t4n", "t4e", "t5", "t6", "t7")),
    *(f"q704_{name}" for name in ("t2", "t10", "t17", "t19", "t23")),
    "q707_t1",
    "q707_t2",
)


def problems(configuration: Configuration) -> list[Problem]:
    """Every mistake that can be found without opening anything but the files the configuration names."""
    usage: dict[tuple[str, int], str] = {}
    found = [
        *_duplicates("span", (span.name for span in configuration.span)),
        *_duplicates("ss7.linkset", (linkset.name for linkset in configuration.ss7.linkset)),
        *_duplicates("trunk", (trunk.name for trunk in configuration.trunk)),
        *_node(configuration),
        *_spans(configuration),
    ]
    for index, linkset in enumerate(configuration.ss7.linkset):
        found += _linkset(f"ss7.linkset[{index}]", linkset, configuration, usage)
    for index, trunk in enumerate(configuration.trunk):
        path = f"trunk[{index}]"
        if isinstance(trunk, IsupTrunk):
            found += _isup_trunk(path, trunk, configuration, usage)
        else:
            found += _sip_trunk(path, trunk, configuration)
    found += _routes(configuration)
    return found


def _duplicates(path: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name:
            yield Problem(f"{path}[{index}].name", "is empty")
        elif name in seen:
            yield Problem(f"{path}[{index}].name", f"{name!r} is already the name of {path}[{seen[name]}]")
        seen.setdefault(name, index)


def _known(path: str, name: str, names: Iterable[str], table: str) -> Iterator[Problem]:
    known = list(names)
    if name in known:
        return
    close = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known) or 'none'}"
    yield Problem(path, f"no [[{table}]] is named {name!r}; {hint}")


def _node(configuration: Configuration) -> Iterator[Problem]:
    node, media, sip = configuration.node, configuration.media, configuration.sip
    if node.country_code and not re.fullmatch(r"[1-9]\d{0,2}", node.country_code):
        yield Problem("node.country_code", f"{node.country_code!r} is not a country code of 1 to 3 digits, without +")
    for path, name in (("node.records", node.records), ("node.capture_file", node.capture_file)):
        if not Path(name).parent.is_dir():
            yield Problem(path, f"the folder {Path(name).parent} does not exist; create it")
    low, high = media.ports
    if not (1024 <= low < high <= 65535):
        yield Problem("media.ports", f"[{low}, {high}] is not a rising pair of ports within 1024-65535")
    try:
        parse_address(media.address, 0)
    except ValueError as error:
        yield Problem("media.address", str(error))
    try:
        tone_plan(media.tones)
    except (ValueError, KeyError) as error:
        yield Problem("media.tones", str(error).strip("'\""))
    if sip is not None:
        try:
            parse_address(sip.listen)
        except ValueError as error:
            yield Problem("sip.listen", str(error))
        if not 10 <= sip.t1_ms <= 10000:
            yield Problem("sip.t1_ms", "must lie between 10 and 10000 milliseconds")
    for row in configuration.cause_map:
        try:
            parse_override(row, configuration.cause_map[row])
        except ValueError as error:
            yield Problem(f"cause_map.{row}", str(error))


def _spans(configuration: Configuration) -> Iterator[Problem]:
    for index, span in enumerate(configuration.span):
        try:
            check_spec(span.device)
        except TandemError as error:
            yield Problem(f"span[{index}].device", str(error))


def _claim(
    path: str, span: str, slots: Iterable[int], what: str, usage: dict[tuple[str, int], str]
) -> Iterator[Problem]:
    for slot in slots:
        owner = usage.setdefault((span, slot), what)
        if owner != what:
            yield Problem(path, f"timeslot {slot} of span {span!r} is already used by {owner}")


def _names(spans: Iterable[Span]) -> list[str]:
    return [span.name for span in spans]


def _linkset(
    path: str, linkset: Linkset, configuration: Configuration, usage: dict[tuple[str, int], str]
) -> Iterator[Problem]:
    codes = {"point_code": linkset.point_code, "adjacent_point_code": linkset.adjacent_point_code}
    codes |= {f"reaches[{index}]": code for index, code in enumerate(linkset.reaches)}
    for key, code in codes.items():
        yield from _point_code(f"{path}.{key}", code, linkset.variant)
    if linkset.point_code == linkset.adjacent_point_code:
        yield Problem(f"{path}.adjacent_point_code", "is the same as point_code; a linkset joins two points")
    if not 1 <= len(linkset.link) <= 16:
        yield Problem(f"{path}.link", f"has {len(linkset.link)} links; a linkset has 1 to 16")
    for name, value in linkset.timers.items():
        if name not in SS7_TIMERS:
            yield Problem(f"{path}.timers.{name}", f"unknown timer; there are {', '.join(SS7_TIMERS)}")
        elif value <= 0:
            yield Problem(f"{path}.timers.{name}", "must be more than 0 seconds")
    codes_used: dict[int, int] = {}
    for index, link in enumerate(linkset.link):
        here = f"{path}.link[{index}]"
        yield from _known(f"{here}.span", link.span, _names(configuration.span), "span")
        slc = index if link.slc is None else link.slc
        if not 0 <= slc <= 15:
            yield Problem(f"{here}.slc", "must lie between 0 and 15")
        if slc in codes_used:
            yield Problem(f"{here}.slc", f"{slc} is already the SLC of link[{codes_used[slc]}]")
        codes_used.setdefault(slc, index)
        if (link.timeslot is None) == (not link.timeslots):
            yield Problem(here, "give either timeslot (one, 1-31) or timeslots (several)")
            continue
        key = "timeslots" if link.timeslots else "timeslot"
        try:
            slots = parse_ranges(link.timeslots or str(link.timeslot), 1, 31)
        except ValueError as error:
            yield Problem(f"{here}.{key}", str(error))
            continue
        yield from _claim(f"{here}.{key}", link.span, slots, f"link {slc} of linkset {linkset.name!r}", usage)


def _point_code(path: str, text: str, variant: str) -> Iterator[Problem]:
    try:
        parse_point_code(text, Variant(variant))
    except TandemError as error:
        yield Problem(path, str(error))


def _isup_trunk(
    path: str, trunk: IsupTrunk, configuration: Configuration, usage: dict[tuple[str, int], str]
) -> Iterator[Problem]:
    linksets = {linkset.name: linkset for linkset in configuration.ss7.linkset}
    yield from _known(f"{path}.linkset", trunk.linkset, linksets, "ss7.linkset")
    linkset = linksets.get(trunk.linkset)
    if trunk.peer_point_code and linkset:
        yield from _point_code(f"{path}.peer_point_code", trunk.peer_point_code, linkset.variant)
        if trunk.peer_point_code not in (linkset.adjacent_point_code, *linkset.reaches):
            yield Problem(
                f"{path}.peer_point_code",
                f"linkset {linkset.name!r} does not lead to {trunk.peer_point_code}; add it to the linkset's `reaches`",
            )
    if not trunk.circuits:
        yield Problem(f"{path}.circuits", "has no circuits; add a [[trunk.circuits]] table")
    for name, value in trunk.timers.items():
        if not re.fullmatch(r"t([1-9]|[12]\d|3\d)", name):
            yield Problem(f"{path}.timers.{name}", "unknown timer; ISUP's are t1 to t39")
        elif value <= 0:
            yield Problem(f"{path}.timers.{name}", "must be more than 0 seconds")
    highest = 4095
    seen: set[int] = set()
    for index, circuits in enumerate(trunk.circuits):
        here = f"{path}.circuits[{index}]"
        yield from _known(f"{here}.span", circuits.span, _names(configuration.span), "span")
        try:
            cics = parse_ranges(circuits.cic, 0, highest)
        except ValueError as error:
            yield Problem(f"{here}.cic", str(error))
            continue
        try:
            slots = parse_ranges(circuits.timeslots, 1, 31) if circuits.timeslots else [cic % 32 for cic in cics]
        except ValueError as error:
            yield Problem(f"{here}.timeslots", str(error))
            continue
        if len(slots) != len(cics):
            yield Problem(f"{here}.timeslots", f"names {len(slots)} timeslots for {len(cics)} circuits")
        if 0 in slots:
            yield Problem(f"{here}.cic", "a CIC that is a multiple of 32 falls on timeslot 0; give `timeslots`")
        if again := seen.intersection(cics):
            yield Problem(f"{here}.cic", f"CIC {min(again)} is already in another run of this trunk")
        seen.update(cics)
        yield from _claim(f"{here}.cic", circuits.span, slots, f"trunk {trunk.name!r} ({here})", usage)


def _sip_trunk(path: str, trunk: SipTrunk, configuration: Configuration) -> Iterator[Problem]:
    if configuration.sip is None:
        yield Problem(path, "a SIP trunk needs a [sip] table with `listen`")
    try:
        parse_address(trunk.peer, 5060)
    except ValueError as error:
        yield Problem(f"{path}.peer", str(error))
    for index, source in enumerate(trunk.accept_from):
        try:
            parse_address(source, 0)
        except ValueError as error:
            yield Problem(f"{path}.accept_from[{index}]", str(error))
    if not trunk.codecs:
        yield Problem(f"{path}.codecs", "is empty; give PCMA, PCMU or both")
    if trunk.user and not trunk.password:
        yield Problem(f"{path}.password", "is empty although `user` is set")


def _routes(configuration: Configuration) -> Iterator[Problem]:
    trunks = [trunk.name for trunk in configuration.trunk]
    for index, route in enumerate(configuration.route):
        path = f"route[{index}]"
        for key, names in (("trunk", route.trunk), ("to", route.to)):
            for position, name in enumerate(names):
                yield from _known(f"{path}.{key}[{position}]", name, trunks, "trunk")
        for key, pattern, template in (
            ("called", route.called, route.set_called),
            ("calling", route.calling, route.set_calling),
        ):
            try:
                expression = re.compile(pattern)
            except re.error as error:
                yield Problem(f"{path}.{key}", f"{pattern!r} is not a regular expression: {error}")
                continue
            if any(int(group) > expression.groups for group in re.findall(r"\\(\d)", template)):
                yield Problem(
                    f"{path}.set_{key}", f"{template!r} names a group that `{key} = {pattern!r}` does not have"
                )
        try:
            Schedule.parse(route.times)
        except ValueError as error:
            yield Problem(f"{path}.times", str(error))
        if route.did_table:
            try:
                table = DidTable.load(route.did_table)
            except (OSError, ValueError) as error:
                yield Problem(f"{path}.did_table", str(error))
            else:
                for name in sorted(table.trunks() - set(trunks)):
                    yield from _known(f"{path}.did_table", name, trunks, "trunk")
        for cause in route.fallback_causes:
            if not 1 <= cause <= 127:
                yield Problem(f"{path}.fallback_causes", f"{cause} is not a Q.850 cause value (1-127)")
        if route.refuse_cause not in list(Cause):
            yield Problem(f"{path}.refuse_cause", f"{route.refuse_cause} is not a Q.850 cause value")
