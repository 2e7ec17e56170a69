"""What is: circuits, spans, links, routes and registrations as rows of names and values, for whoever shows them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntFlag
from typing import TYPE_CHECKING, Any

from tandem.gateway.configuration.schema import IsupTrunk, SipTrunk
from tandem.gateway.sip.endpoint import show, transport_of
from tandem.ss7.mtp3.label import Variant, format_point_code, parse_point_code

if TYPE_CHECKING:
    from tandem.gateway.calls.half_call import HalfCall
    from tandem.gateway.node import Node

Row = dict[str, Any]

SPAN_COLUMNS = ("name", "device", "framing", "law", "state", "alarms", "tests", "circuits", "busy")
CIRCUIT_COLUMNS = ("trunk", "protocol", "circuit", "span", "timeslot", "state", "blocking", "usable", "call")
LINK_COLUMNS = ("name", "linkset", "number", "slc", "carrier", "state", "inhibited")
LINKSET_COLUMNS = ("name", "point_code", "adjacent", "variant", "state", "links", "in_service")
DESTINATION_COLUMNS = ("point_code", "own", "linkset", "priority", "reachable")
ROUTE_COLUMNS = ("position", "name", "trunk", "called", "calling", "times", "to", "refuse_cause")
TRUNK_COLUMNS = ("name", "type", "circuits", "idle", "busy", "blocked", "calls", "state")
REGISTRATION_COLUMNS = (
    "reg_user",
    "realm",
    "token",
    "url",
    "expires",
    "network_ip",
    "network_port",
    "network_proto",
    "hostname",
    "metadata",
)
GATEWAY_COLUMNS = ("name", "peer", "transport", "state", "registration", "calls", "max_calls")


def circuits(node: Node, trunk: str = "") -> Iterator[Row]:
    """Every circuit of SS7 and every B-channel, or those of one trunk; as the protocol machines see them now."""
    for protocol, part in (("isup", node.isup), ("tup", node.tup)):
        for name, port in part.trunks.items():
            if trunk and name != trunk:
                continue
            for cic, view in part.exchange.circuit_states(name).items():
                place = port.endpoints[cic]
                half = None if view.call is None else part.half_of(view.call)
                yield _circuit(name, protocol, str(cic), place, view.status.value, view.blocking, half)
    for name, pri in node.pri.trunks.items():
        if trunk and name != trunk:
            continue
        available = pri.interface.available
        for channel, (status, service, call) in pri.interface.channel_states().items():
            half = None if call is None else pri.halves.get(call)
            word = str(channel) if pri.several else str(channel.number)
            row = _circuit(name, "pri", word, pri.endpoints[channel], status.value, service, half)
            if not available:
                row |= {"usable": False, "state": f"{row['state']}, no data link"}
            yield row


def _circuit(
    trunk: str, protocol: str, circuit: str, place: Any, state: str, blocking: IntFlag, half: HalfCall | None
) -> Row:
    return {
        "trunk": trunk,
        "protocol": protocol,
        "circuit": circuit,
        "span": place.span,
        "timeslot": place.timeslot,
        "state": state,
        "blocking": flags(blocking),
        "usable": state == "idle" and not blocking,
        "call": "" if half is None or half.call is None else half.call.identity,
    }


def flags(value: IntFlag) -> str:
    """The names of the members in a flag, in words: `local maintenance + remote hardware`."""
    return " + ".join(str(member.name).lower().replace("_", " ") for member in value)


def spans(node: Node) -> Iterator[Row]:
    """Every line with its alarms."""
    uses: dict[str, list[Row]] = {span.name: [] for span in node.configuration.span}
    for row in circuits(node):
        uses.setdefault(row["span"], []).append(row)
    for span in node.configuration.span:
        alarms = node.span_alarms.get(span.name)
        rows = uses[span.name]
        yield {
            "name": span.name,
            "device": span.device,
            "framing": span.framing,
            "law": span.law or ("u" if span.framing in ("esf", "sf") else "A"),
            "state": "unknown" if alarms is None else "alarm" if alarms else "up",
            "alarms": " ".join(alarms or ()),
            "tests": _tests(node, span.name),
            "circuits": len(rows),
            "busy": sum(bool(row["call"]) for row in rows),
        }


def _tests(node: Node, span: str) -> str:
    """What is tested on a span: `loopback`, `remote alarm`."""
    test = node.span_tests.get(span)
    if test is None:
        return ""
    return " + ".join([*["loopback"] * test.loopback, *["remote alarm"] * test.remote_alarm])


def links(node: Node) -> Iterator[Row]:
    """Every signalling link of SS7 and every D-channel."""
    for port in node.signalling.links.values():
        point = port.point
        linkset, _, slc = port.name.partition("/")
        state = "level 2 only" if point is None else point.link_states()[port.number].name.lower()
        yield {
            "name": port.name,
            "linkset": linkset,
            "number": port.number,
            "slc": slc,
            "carrier": type(port.level2).__name__.removesuffix("Link").replace("Signalling", "mtp2").lower(),
            "state": state,
            "inhibited": point is not None and port.number in point.inhibited_links(),
        }
    for name, pri in node.pri.trunks.items():
        yield {
            "name": f"{name}/d",
            "linkset": name,
            "number": "",
            "slc": "",
            "carrier": "q921",
            "state": "available" if pri.interface.available else "out of service",
            "inhibited": False,
        }


def linksets(node: Node) -> Iterator[Row]:
    """Every linkset, and every application server of M3UA in its place."""
    for point in node.signalling.points.values():
        variant = point.configuration.variant
        states, link_states = point.linkset_states(), point.link_states()
        for linkset in point.configuration.linksets:
            numbers = [link.id for link in linkset.links]
            yield {
                "name": linkset.name,
                "point_code": format_point_code(point.configuration.point_code, variant),
                "adjacent": format_point_code(linkset.adjacent_point_code, variant),
                "variant": variant.value,
                "state": states[linkset.name].name.lower(),
                "links": len(numbers),
                "in_service": sum(link_states[number].name == "AVAILABLE" for number in numbers),
            }
    m3ua = node.signalling.m3ua
    for server in node.configuration.ss7.m3ua:
        codes = [parse_point_code(text, Variant(server.variant)) for text in server.destinations]
        reachable = m3ua is not None and any(m3ua.available(code) for code in codes)
        yield {
            "name": server.name,
            "point_code": server.point_code,
            "adjacent": " ".join(server.destinations),
            "variant": server.variant,
            "state": "running" if reachable else "down",
            "links": len(server.associations),
            "in_service": "",
        }


def destinations(node: Node) -> Iterator[Row]:
    """Every signalling route: which linkset leads where, and whether the point can be reached now."""
    for point in node.signalling.points.values():
        variant = point.configuration.variant
        for route in point.configuration.routes:
            yield {
                "point_code": format_point_code(route.dpc, variant),
                "own": format_point_code(point.configuration.point_code, variant),
                "linkset": route.linkset,
                "priority": route.priority,
                "reachable": point.available(route.dpc),
            }


def routes(node: Node) -> Iterator[Row]:
    """The rules by which calls are routed, in their order."""
    for position, rule in enumerate(node.control.routing.rules, 1):
        route = rule.route
        yield {
            "position": position,
            "name": rule.name,
            "trunk": " ".join(route.trunk),
            "called": route.called,
            "calling": route.calling,
            "times": route.times,
            "to": " ".join(route.to) or "; ".join(route.actions) or (route.did_table and f"by {route.did_table}"),
            "refuse_cause": "" if route.to or route.actions or route.did_table else route.refuse_cause,
        }


def trunks(node: Node) -> Iterator[Row]:
    """Every trunk with how many circuits it has and how they are."""
    for trunk in node.configuration.trunk:
        if isinstance(trunk, SipTrunk):
            port = node.sip.trunks[trunk.name]
            yield {
                "name": trunk.name,
                "type": "sip",
                "calls": port.calls,
                "state": "registrar" if trunk.registrar else "up" if _any_up(node, trunk.name) else "down",
            }
            continue
        rows = list(circuits(node, trunk.name))
        usable = sum(row["usable"] for row in rows)
        busy = sum(bool(row["call"]) for row in rows)
        yield {
            "name": trunk.name,
            "type": "isup" if isinstance(trunk, IsupTrunk) else rows[0]["protocol"] if rows else "",
            "circuits": len(rows),
            "idle": usable,
            "busy": busy,
            "blocked": sum(bool(row["blocking"]) for row in rows),
            "calls": busy,
            "state": "up" if usable or busy else "down",
        }


def _any_up(node: Node, trunk: str) -> bool:
    peers = node.sip.trunks[trunk].peers
    return any(peers.is_up(endpoint) for endpoint in peers.endpoints)


def registrations(node: Node, now: float, wall: float) -> Iterator[Row]:
    """Every contact of every user that is registered here."""
    admission = node.sip.users
    for name in admission.users:
        for binding in admission.contacts(name):
            source = binding.source
            yield {
                "reg_user": name,
                "realm": node.configuration.sip.domain if node.configuration.sip else "",
                "token": binding.call_id,
                "url": binding.uri,
                "expires": int(wall + binding.expires - now),
                "network_ip": source[0],
                "network_port": source[1],
                "network_proto": transport_of(source),
                "hostname": node.configuration.node.name,
                "metadata": "",
            }


def gateways(node: Node) -> Iterator[Row]:
    """Every SIP trunk as `sofia status gateway` sees it: its peer, whether that lives, and our registration there."""
    registered = node.sip.registration_states()
    for name, port in node.sip.trunks.items():
        trunk = port.configuration
        peers = port.peers
        yield {
            "name": name,
            "peer": "registered users" if trunk.registrar else ", ".join(map(show, peers.endpoints)) or trunk.peer,
            "transport": trunk.transport,
            "state": "UP" if trunk.registrar or _any_up(node, name) else "DOWN",
            "registration": registered.get(name, "NOREG"),
            "calls": port.calls,
            "max_calls": trunk.max_calls,
        }
