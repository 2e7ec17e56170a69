"""What goes wrong below calls: signalling links, associations, application servers, destinations, congestion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from tandem.ss7.mtp3.label import LAYOUTS, Variant

from .circuits import point_code
from .evidence import packets_of, receiver, sender
from .layers_ss7 import parameter
from .model import Finding, Message, Protocol, Severity

_AFFECTED_POINT_CODE: Final = 0x0012
_STATUS: Final = {5: "SIPO", 7: "SIB", 9: "SIOS"}
"""States of M2PA's link status messages (RFC 4165 2.3.2), by the status signal units that mean the same."""
_KINDS: Final = {
    # Message: kind of finding, clause, what its sender did.
    "SIOS": ("link-failure", "Q.703 11", "took {link} out of service"),
    "SIPO": ("link-failure", "Q.703 11", "has a processor outage on {link}"),
    "SIB": ("congestion", "Q.703 9", "cannot take more on {link}: it is busy"),
    "COO": ("changeover", "Q.704 5", "changed traffic over from a link to {other}"),
    "XCO": ("changeover", "Q.704 5", "changed traffic over from a link to {other}"),
    "ECO": ("changeover", "Q.704 5.6", "changed traffic over from a link to {other} in an emergency"),
    "ASPDN": ("link-failure", "RFC 4666 3.5.3", "took itself out of service at {other}"),
    "ASPIA": ("link-failure", "RFC 4666 3.7.3", "takes no more traffic of {other}"),
    "RELEASE_INDICATION": ("link-failure", "RFC 3331 3.3.1.6", "lost the link of {other}"),
    "TFP": ("destination-unavailable", "Q.704 13.2", "cannot reach {destination}"),
    "DUNA": ("destination-unavailable", "RFC 4666 3.4.1", "cannot reach {destination}"),
    "TFC": ("congestion", "Q.704 13.7", "says that the way to {destination} is congested"),
    "SCON": ("congestion", "RFC 4666 3.4.4", "says that the way to {destination} is congested"),
    "CONGESTION_INDICATION": ("congestion", "RFC 3331 3.3.1.7", "says that a link of {other} is congested"),
    "ABORT": ("link-failure", "RFC 9260 9.1", "aborted the association with {other}"),
}
LINK_TYPES: Final = frozenset(_KINDS) | {"LINK_STATUS", "INIT", "INIT_ACK"}
"""Messages that say something about links."""
PATIENCE: Final = 3.0
"""Seconds that an association request has to be answered: RTO.Initial is 1 s, doubled each time (RFC 9260 16)."""


def of_links(messages: Iterable[Message]) -> Iterator[Finding]:
    """Links taken out of service, changed over from and so on: one finding for each kind, link and pair of ends."""
    found: dict[tuple[object, ...], list[Message]] = defaultdict(list)
    asked: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in messages:
        where, kind = message.where, word(message)
        if kind == "INIT":
            asked[where.source, where.destination].append(message)
        elif kind in ("INIT_ACK", "ABORT"):
            asked.pop((where.destination, where.source), None)
        if kind in _KINDS:
            key = (kind, where.link, where.sent, where.opc, where.dpc, where.source, where.destination, _far(message))
            found[key].append(message)
    for group in found.values():
        yield _finding(group)
    for (source, destination), group in asked.items():
        if group[-1].time - group[0].time >= PATIENCE:
            yield Finding(
                kind="link-failure",
                severity=Severity.WARNING.value,
                text=f"{destination} did not answer the association that {source} asked for {len(group)} times",
                fault=destination,
                clause="RFC 9260 5.1",
                packets=list(packets_of(group)),
                time=group[0].time,
            )


def word(message: Message) -> str:
    """The type of a message; of M2PA's link status what it says of the link, if that is trouble."""
    if message.protocol is Protocol.M2PA:
        return _STATUS.get(int.from_bytes(message.octets[16:20], "big"), "")
    return message.type


def _finding(group: list[Message]) -> Finding:
    first = group[0]
    kind, clause, words = _KINDS[word(first)]
    link = f"link {first.where.link}" if first.where.link else f"the link to {receiver(first)}".removesuffix(" to ")
    said = words.format(link=link, other=receiver(first) or "the other end", destination=_far(first))
    who = sender(first)
    often = "" if len(group) == 1 else f", {len(group)} times"
    if first.protocol is Protocol.M2PA:
        clause = "RFC 4165 2.3.2"
    return Finding(
        kind=kind,
        severity=Severity.WARNING.value,
        text=f"{who or 'one end'} {said} ({word(first)}{often})",
        # Who tells of a destination is not who broke the way there.
        fault=f"the way from {who} to {_far(first)}" if _far(first) else who,
        clause=clause,
        packets=list(packets_of(group)),
        time=first.time,
    )


def _far(message: Message) -> str:
    """The destination that a message of management is about (Q.704 15.7, RFC 4666 3.4.1)."""
    octets, variant = message.octets, message.where.variant
    if message.type in ("TFP", "TFC"):
        bits = LAYOUTS[Variant(variant or "itu")].point_code_bits
        code = int.from_bytes(octets[1 : 1 + (bits + 7) // 8], "little") & (1 << bits) - 1
        return point_code(code, variant or "itu") if len(octets) > 2 else "a destination"
    if message.type in ("DUNA", "SCON"):
        affected = parameter(octets, _AFFECTED_POINT_CODE)[1:4]
        code = int.from_bytes(affected, "big")
        return point_code(code, variant or ("itu" if code < 1 << 14 else "ansi")) if affected else "a destination"
    return ""
