"""What a configuration must satisfy beyond the types of its keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_network
from pathlib import Path

from tandem.codecs.tones import tone_plan
from tandem.core.cause import Cause
from tandem.core.errors import TandemError
from tandem.gateway.calls.cause_changes import CauseChanges, is_change
from tandem.gateway.calls.did import DidTable
from tandem.gateway.calls.interworking import parse_override
from tandem.gateway.calls.schedule import Schedule
from tandem.gateway.configuration.check_actions import check_actions
from tandem.gateway.configuration.check_pjsua2 import check_pjsua2, check_pjsua2_trunk
from tandem.gateway.configuration.check_ports import check_ports
from tandem.gateway.configuration.check_sip import check_sip, check_sip_trunk, user_names
from tandem.gateway.configuration.check_sip_features import check_sip_features
from tandem.gateway.configuration.check_ss7 import (
    Usage,
    check_associations,
    check_backhauls,
    check_circuit_trunk,
    check_linksets,
    check_points,
    check_routes,
    check_servers,
)
from tandem.gateway.configuration.pri import check_d_channel_backhauls, check_pri_trunk
from tandem.gateway.configuration.problem import Problem, duplicates, unknown_name
from tandem.gateway.configuration.ranges import LINK_LOCAL, is_link_local, parse_address, parse_endpoint
from tandem.gateway.configuration.records import check_records
from tandem.gateway.configuration.schema import Configuration, PriTrunk, Route, SipTrunk
from tandem.gateway.configuration.spans import last_timeslots, line_format, speechless_spans
from tandem.gateway.configuration.web import check_web
from tandem.gateway.trunks.rules import parse_row
from tandem.hardware.registry import check_spec

#: A template for a new number: digits as they go on the wire, `+` in front, groups of the expression.
_TEMPLATE = re.compile(r"\+?([0-9A-F*#]|\\[0-9])*")


def problems(configuration: Configuration) -> list[Problem]:
    """Every mistake that can be found without opening anything but the files the configuration names."""
    usage = Usage(last_timeslots(configuration.span), speechless_spans(configuration.span))
    found = [
        *duplicates("span", (span.name for span in configuration.span)),
        *duplicates("ss7.linkset", (linkset.name for linkset in configuration.ss7.linkset)),
        *duplicates("association", (association.name for association in configuration.association)),
        *duplicates("ss7.m3ua", (server.name for server in configuration.ss7.m3ua)),
        *duplicates("trunk", (trunk.name for trunk in configuration.trunk)),
        *_node(configuration),
        *check_records(configuration),
        *check_web(configuration),
        *_media(configuration),
        *_event_socket(configuration),
        *check_sip(configuration),
        *check_pjsua2(configuration),
        *_rows(configuration),
        *_spans(configuration),
        *check_ports(configuration),
        *check_associations(configuration),
        *check_points(configuration),
        *check_linksets(configuration, usage),
        *check_servers(configuration, usage),
        *check_backhauls(configuration, usage),
        *check_d_channel_backhauls(configuration, usage),
        *check_routes(configuration),
    ]
    for index, trunk in enumerate(configuration.trunk):
        path = f"trunk[{index}]"
        if isinstance(trunk, SipTrunk):
            found += check_sip_trunk(path, trunk, configuration)
            found += check_sip_features(path, trunk)
            found += check_pjsua2_trunk(path, trunk, configuration)
        elif isinstance(trunk, PriTrunk):
            found += check_pri_trunk(path, trunk, configuration, usage)
        else:
            found += check_circuit_trunk(path, trunk, configuration, usage)
    trunks = [trunk.name for trunk in configuration.trunk]
    targets = [*trunks, *user_names(configuration)]
    for index, route in enumerate(configuration.route):
        found += _route(f"route[{index}]", route, trunks, targets)
        found += check_actions(f"route[{index}]", route, configuration)
    return found


def _node(configuration: Configuration) -> Iterator[Problem]:
    node = configuration.node
    if node.country_code and not re.fullmatch(r"[1-9][0-9]{0,2}", node.country_code):
        yield Problem("node.country_code", f"{node.country_code!r} is not a country code of 1 to 3 digits, without +")
    files = {
        "node.records": node.records,
        "node.capture_file": node.capture_file,
        "node.audit_file": node.audit_file,
    }
    for path, name in files.items():
        if Path(name).is_dir():
            yield Problem(path, f"{name} is a folder; give the name of a file")
        elif not Path(name).parent.is_dir():
            yield Problem(path, f"the folder {Path(name).parent} does not exist; create it")
    if node.records == node.capture_file:
        yield Problem("node.capture_file", "is the same file as records; give each its own")
    if node.audit_file in (node.records, node.capture_file):
        yield Problem("node.audit_file", "is the same file as records or capture_file; give each its own")


def _event_socket(configuration: Configuration) -> Iterator[Problem]:
    socket = configuration.event_socket
    if socket is None:
        return
    try:
        _, port = parse_endpoint(socket.listen, 8021)
    except ValueError as error:
        yield Problem("event_socket.listen", str(error))
    else:
        if port == 0:
            yield Problem("event_socket.listen", "port 0 is no port; give the one to use (8021 by custom)")
    for index, text in enumerate(socket.allow):
        try:
            ip_network(text)
        except ValueError as error:
            yield Problem(f"event_socket.allow[{index}]", f"{error}; write an address or a network as 192.0.2.0/24")
    if socket.password == socket.read_only_password:
        yield Problem("event_socket.read_only_password", "is the same as password; give each its own")
    for key in ("password", "read_only_password"):
        if set(getattr(socket, key)) & set("\r\n"):
            yield Problem(f"event_socket.{key}", "has a line end in it, which no client could send")


def _media(configuration: Configuration) -> Iterator[Problem]:
    media = configuration.media
    low, high = media.ports
    if low >= high:
        yield Problem("media.ports", f"[{low}, {high}] does not rise; write the first port, then the last")
    if media.jitter_max_ms < media.jitter_min_ms + 20:
        text = f"{media.jitter_max_ms} ms must be at least 20 ms more than `jitter_min_ms`, {media.jitter_min_ms}"
        yield Problem("media.jitter_max_ms", text)
    if media.elastic_store_max < media.elastic_store:
        text = (
            f"{media.elastic_store_max} ms is less than `elastic_store`, {media.elastic_store}; equal, it never grows"
        )
        yield Problem("media.elastic_store_max", text)
    if ":" in media.address and not _is_ipv6(media.address):
        yield Problem("media.address", f"{media.address!r} has a port; the ports are `media.ports`")
    elif ":" in media.address and media.address_v6:
        yield Problem(
            "media.address", f"{media.address!r} is of IPv6 as `address_v6` is; write an IPv4 address, or one"
        )
    elif ":" not in media.address:
        yield from _address("media.address", media.address, 1, announced=True)
    for key in ("address", "address_v6"):
        if getattr(media, key) == "::":
            yield Problem(f"media.{key}", "'::' cannot be announced to peers; give the address they reach us at")
    if media.address_v6 and not _is_ipv6(media.address_v6):
        text = f"{media.address_v6!r} is no IPv6 address such as 2001:db8::1; the ports are `media.ports`"
        yield Problem("media.address_v6", text)
    for key in ("address", "address_v6"):
        if _is_ipv6(host := getattr(media, key)) and is_link_local(host):
            yield Problem(f"media.{key}", f"{host} {LINK_LOCAL}")
    try:
        tone_plan(media.tones)
    except TandemError as error:
        yield Problem("media.tones", str(error))
    known = {"system", *(span.name for span in configuration.span)}
    for index, name in enumerate(media.clock):
        if name not in known:
            yield Problem(f"media.clock[{index}]", f"there is no span {name!r}; known are {', '.join(sorted(known))}")
        elif name in media.clock[:index]:
            yield Problem(f"media.clock[{index}]", f"{name!r} is in the list twice")


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _address(path: str, text: str, default_port: int | None, announced: bool = False) -> Iterator[Problem]:
    """Problems of an address and port; one that we announce must be an address that a peer can send to."""
    try:
        address, port = parse_address(text, default_port)
    except ValueError as error:
        yield Problem(path, str(error))
        return
    if port == 0:
        yield Problem(path, "port 0 is no port; give the one to use (1-65535)")
    if announced and address == "0.0.0.0":
        yield Problem(path, "0.0.0.0 cannot be announced to peers; give the address they reach us at")


def _rows(configuration: Configuration) -> Iterator[Problem]:
    for row, value in configuration.cause_map.items():
        try:
            if is_change(row):
                CauseChanges.of({row: value})
            else:
                parse_override(row, value)
        except ValueError as error:
            yield Problem(f"cause_map.{row}", str(error))
    for row, value in configuration.mapping.items():
        try:
            parse_row(row, value)
        except ValueError as error:
            yield Problem(f"mapping.{row}", str(error))


def _spans(configuration: Configuration) -> Iterator[Problem]:
    uses = Counter(span.device for span in configuration.span)
    for index, span in enumerate(configuration.span):
        try:
            check_spec(span.device, line_format(span))
        except TandemError as error:
            yield Problem(f"span[{index}].device", str(error))
        if span.device.startswith("virtual:") and uses[span.device] > 2:
            yield Problem(
                f"span[{index}].device", f"{span.device} is used {uses[span.device]} times; a line has 2 ends"
            )


def _route(path: str, route: Route, trunks: list[str], targets: list[str]) -> Iterator[Problem]:
    """Problems of a route; calls come from `trunks`, and go to `targets`, users among them."""
    for key, names, known in (("trunk", route.trunk, trunks), ("to", route.to, targets)):
        for position, name in enumerate(names):
            yield from unknown_name(f"{path}.{key}[{position}]", name, known, "trunk")
    yield from _numbers(path, "called", route.called, route.set_called)
    yield from _numbers(path, "calling", route.calling, route.set_calling)
    try:
        Schedule.parse(route.times)
    except ValueError as error:
        yield Problem(f"{path}.times", str(error))
    yield from _did_table(f"{path}.did_table", route.did_table, targets)
    if route.refuse_cause not in list(Cause):
        yield Problem(f"{path}.refuse_cause", f"{route.refuse_cause} is not a Q.850 cause value; 21 is call rejected")


def _numbers(path: str, key: str, pattern: str, template: str) -> Iterator[Problem]:
    """Problems of a regular expression and of the new number made from its groups."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        yield Problem(f"{path}.{key}", f"{pattern!r} is not a regular expression: {error}")
        return
    if not _TEMPLATE.fullmatch(template):
        right = r"digits, a leading + and groups such as \1"
        yield Problem(f"{path}.set_{key}", f"{template!r} is not a number; write {right}")
    elif missing := [group for group in re.findall(r"\\(\d)", template) if int(group) > groups]:
        has = f"has {groups}" if pattern else "is empty"
        yield Problem(f"{path}.set_{key}", f"{template!r} names group {missing[0]}, but `{key}` {has}")


def _did_table(path: str, file: str, trunks: list[str]) -> Iterator[Problem]:
    if not file:
        return
    try:
        table = DidTable.load(file)
    except OSError as error:
        yield Problem(path, f"{file} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        yield Problem(path, f"{file} is not UTF-8 text")
    except ValueError as error:
        yield Problem(path, str(error))
    else:
        for name in sorted(table.trunks() - set(trunks)):
            yield from unknown_name(path, name, trunks, "trunk")
