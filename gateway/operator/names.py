"""Names that commands take, found or refused with a hint; lists of them for completion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tandem.gateway.configuration.problem import suggestion
from tandem.gateway.configuration.ranges import parse_ranges
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.operator.command import CommandError, Context
from tandem.isdn.q931.channels import ChannelId

if TYPE_CHECKING:
    from tandem.gateway.signalling import LinkPort
    from tandem.gateway.trunks.pri_port import PriTrunkPort


def trunk_names(context: Context) -> list[str]:
    """Every trunk."""
    return [trunk.name for trunk in context.node.configuration.trunk]


def circuit_trunk_names(context: Context) -> list[str]:
    """Trunks on circuits of SS7 and on B-channels."""
    return [trunk.name for trunk in context.node.configuration.trunk if not isinstance(trunk, SipTrunk)]


def sip_trunk_names(context: Context) -> list[str]:
    """SIP trunks."""
    return list(context.node.sip.trunks)


def link_names(context: Context) -> list[str]:
    """Signalling links of SS7."""
    return [port.name for port in context.node.signalling.links.values()]


def linkset_names(context: Context) -> list[str]:
    """Linksets."""
    return [linkset.name for linkset in context.node.configuration.ss7.linkset]


def known(name: str, names: Iterable[str], what: str) -> str:
    """`name` when it is one of `names`; CommandError with a hint when not."""
    names = list(names)
    if name not in names:
        raise CommandError(f"no {what} is named {name!r}; {suggestion(name, names, 'there are:')}")
    return name


def link(context: Context, name: str) -> LinkPort:
    """The link of that name."""
    known(name, link_names(context), "link")
    return next(port for port in context.node.signalling.links.values() if port.name == name)


def part_of(context: Context, trunk: str) -> Any:
    """The user part that signals for a trunk on circuits of SS7, None for a PRI; CommandError for others."""
    node = context.node
    known(trunk, circuit_trunk_names(context), "trunk on circuits")
    return next((part for part in (node.isup, node.tup) if trunk in part.trunks), None)


def circuits(text: str, existing: Iterable[int]) -> list[int] | None:
    """The CICs in `text` such as `1-15,17`, None for `all` or nothing; CommandError for those that are not there."""
    if text in ("", "all"):
        return None
    there = set(existing)
    try:
        wanted = parse_ranges(text, 0, 0x3FFF)
    except ValueError as error:
        raise CommandError(f"{text!r} are no circuits: {error}") from None
    missing = [cic for cic in wanted if cic not in there]
    if missing:
        raise CommandError(f"there is no circuit {missing[0]}; there are {_ranges(sorted(there))}")
    return list(wanted)


def channels(text: str, port: PriTrunkPort) -> list[ChannelId] | None:
    """The B-channels in `text`, such as `1-15` or `0/1,1/3` where a trunk has several lines; None for all."""
    if text in ("", "all"):
        return None
    found: list[ChannelId] = []
    for part in text.split(","):
        line, slash, numbers = part.rpartition("/")
        try:
            slots = parse_ranges(numbers, 1, 31)
            interfaces = {int(line)} if slash else {channel.interface for channel in port.endpoints}
        except ValueError as error:
            raise CommandError(f"{part!r} are no channels: {error}") from None
        wanted = [ChannelId(interface, slot) for interface in sorted(interfaces) for slot in slots]
        missing = [channel for channel in wanted if channel not in port.endpoints]
        if missing and (slash or len(interfaces) == 1):
            raise CommandError(f"{port.name} has no B-channel {missing[0]}")
        found += [channel for channel in wanted if channel in port.endpoints]
    return found


def _ranges(numbers: list[int]) -> str:
    """Sorted numbers as ranges."""
    parts: list[str] = []
    start = previous = None
    for number in [*numbers, None]:
        if start is None or previous is None:
            start = previous = number
            continue
        if number is not None and number == previous + 1:
            previous = number
            continue
        parts.append(str(start) if start == previous else f"{start}-{previous}")
        start = previous = number
    return ",".join(parts)
