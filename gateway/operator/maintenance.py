"""Commands about links, circuits and PRIs, and about where a call would go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, get_args

from tandem.gateway import mappings
from tandem.gateway.calls.model import Nature, Number, Setup
from tandem.gateway.operator import names, state
from tandem.gateway.operator.answer import Answer, Facts, Later, Rows
from tandem.gateway.operator.command import Command, CommandError, Context, expect
from tandem.gateway.signalling import LinkOrder

_LINK_HELP: Final[Mapping[str, str]] = {
    "activate": "Bring a link up and keep it up.",
    "deactivate": "Take a link out of service until it is activated again.",
    "inhibit": "Keep user traffic off a link that stays in service; answers when the neighbour has (Q.704 10).",
    "uninhibit": "Let user traffic onto an inhibited link again; answers when the neighbour has agreed.",
}
_CIRCUIT_HELP: Final[Mapping[str, str]] = {
    "block": "Block circuits for maintenance: no new calls, those in progress go on (BLO, CGB; SERVICE on a PRI).",
    "unblock": "Take back a blocking of ours.",
    "reset": "Reset circuits towards the peer (RSC, GRS; RESTART on a PRI); calls on them end.",
}


def maintenance() -> Iterable[Command]:
    """These commands."""
    for order in get_args(LinkOrder):
        yield Command(
            f"link {order}",
            "NAME",
            _LINK_HELP[order],
            _link_order(order),
            changes=True,
            complete=_first(names.link_names),
            example=f"link {order} to-b/0",
        )
        if order in ("activate", "deactivate"):
            yield Command(
                f"linkset {order}",
                "NAME",
                f"{order.capitalize()} every link of a linkset.",
                _linkset_order(order),
                changes=True,
                complete=_first(names.linkset_names),
            )
    for order, text in _CIRCUIT_HELP.items():
        yield Command(
            f"circuit {order}",
            "TRUNK [CIRCUITS|all]",
            text,
            _circuit_order(order),
            changes=True,
            complete=_first(names.circuit_trunk_names),
            example=f"circuit {order} pstn 1-15",
        )
    yield from (
        Command("link", "[NAME]", "Signalling links and D-channels.", _links, complete=_first(names.link_names)),
        Command("linkset", "[NAME]", "Linksets.", _linksets, complete=_first(names.linkset_names)),
        Command("ss7", "", "Signalling points: linksets, links and destinations.", _ss7),
        Command(
            "circuit show",
            "TRUNK [CIRCUITS|all]",
            "State of circuits, and the calls on them.",
            _circuit_show,
            complete=_first(names.circuit_trunk_names),
            example="circuit show pstn 1-3",
        ),
        Command("pri", "[TRUNK]", "PRIs: data link and channels.", _pri, complete=_first(_pri_names)),
        Command(
            "route test",
            "NUMBER [from TRUNK] [calling NUMBER]",
            "Where a call to NUMBER would go now, in the order of the attempts.",
            _route_test,
            complete=lambda context, words: (
                names.trunk_names(context) if words[-1:] == ["from"] else ("from", "calling") if words else ()
            ),
            example="route test 0301234 from pbx",
        ),
        Command(
            "mappings",
            "[FROM TO]",
            "The rules by which one protocol becomes another, with the operator's own.",
            _mappings,
            complete=lambda _, words: mappings.protocols() if len(words) < 2 else (),
            example="mappings isup sip",
        ),
    )


def _first(source: Callable[[Context], Iterable[str]]) -> Callable[[Context, list[str]], Iterable[str]]:
    """Completion of the first argument alone."""
    return lambda context, words: () if words else source(context)


def _pri_names(context: Context) -> list[str]:
    return list(context.node.pri.trunks)


# --- links


def _link_order(order: LinkOrder) -> Callable[[Context, list[str]], Answer]:
    def run(context: Context, words: list[str]) -> Answer:
        (name,) = expect(words, 1, 1, f"link {order} NAME")
        port = names.link(context, name)
        if port.point is None:
            raise CommandError(f"level 3 of {name} is elsewhere (M2UA); give the order there")
        if order not in ("inhibit", "uninhibit"):
            _order(context, port.number, order)
            return f"+OK {order} {name}\n"
        later = Later()

        def told(text: str) -> None:
            done = text == f"{order}ed"
            later.finish(f"+OK {order} {name}\n" if done else f"-ERR {text}\n")

        context.node.signalling.await_inhibition(port.number, told)
        _order(context, port.number, order)
        return later

    return run


def _order(context: Context, number: int, order: LinkOrder) -> None:
    """Give an order to a link; the log tells what comes of it."""
    context.node.signalling.order(number, order, context.now)
    context.node.settle(context.now)


def _linkset_order(order: LinkOrder) -> Callable[[Context, list[str]], Answer]:
    def run(context: Context, words: list[str]) -> Answer:
        (name,) = expect(words, 1, 1, f"linkset {order} NAME")
        names.known(name, names.linkset_names(context), "linkset")
        ports = [port for port in context.node.signalling.links.values() if port.name.rpartition("/")[0] == name]
        for port in ports:
            _order(context, port.number, order)
        return f"+OK {order} {len(ports)} link(s) of {name}\n"

    return run


def _links(context: Context, words: list[str]) -> Answer:
    return _some(state.LINK_COLUMNS, state.links(context.node), words, "link")


def _linksets(context: Context, words: list[str]) -> Answer:
    return _some(state.LINKSET_COLUMNS, state.linksets(context.node), words, "linkset")


def _some(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]], words: list[str], what: str) -> Answer:
    """All rows, or the one that is named."""
    (name,) = expect(words, 0, 1, f"{what} [NAME]")
    rows = list(rows)
    if name:
        names.known(name, [row["name"] for row in rows], what)
    return Rows(columns, [row for row in rows if name in ("", row["name"])])


def _ss7(context: Context, words: list[str]) -> Answer:
    expect(words, 0, 0, "ss7")
    node = context.node
    linksets, links = list(state.linksets(node)), [row for row in state.links(node) if row["carrier"] != "q921"]
    destinations = list(state.destinations(node))
    lines = []
    for linkset in linksets:
        lines.append(
            f"linkset {linkset['name']}: {linkset['point_code']} to {linkset['adjacent']} ({linkset['variant']}), "
            f"{linkset['state']}, {linkset['in_service']} of {linkset['links']} links in service"
        )
        lines += [
            f"  link {link['name']}: {link['carrier']}, {link['state']}{', inhibited' if link['inhibited'] else ''}"
            for link in links
            if link["linkset"] == linkset["name"]
        ]
        lines += [
            f"  reaches {route['point_code']}, priority {route['priority']}: "
            f"{'reachable' if route['reachable'] else 'not reachable'}"
            for route in destinations
            if route["linkset"] == linkset["name"]
        ]
    text = "\n".join(lines or ["there is no signalling by SS7"]) + "\n"
    return Facts({"linksets": linksets, "links": links, "destinations": destinations}, text)


# --- circuits


def _circuit_order(order: str) -> Callable[[Context, list[str]], Answer]:
    def run(context: Context, words: list[str]) -> Answer:
        trunk, which = expect(words, 1, 2, f"circuit {order} TRUNK [CIRCUITS|all]")
        part = names.part_of(context, trunk)
        if part is not None:
            cics = names.circuits(which, part.trunks[trunk].endpoints)
            getattr(part.exchange, order)(trunk, cics, context.now)
            count = len(part.trunks[trunk].endpoints) if cics is None else len(cics)
            return f"+OK {order} {count} circuit(s) of {trunk}\n"
        port = context.node.pri.trunks[trunk]
        channels = names.channels(which, port)
        action = "restart" if order == "reset" else order
        getattr(port.interface, action)(channels, context.now)
        return f"+OK {action} {len(port.endpoints) if channels is None else len(channels)} B-channel(s) of {trunk}\n"

    return run


def _circuit_show(context: Context, words: list[str]) -> Answer:
    trunk, which = expect(words, 1, 2, "circuit show TRUNK [CIRCUITS|all]")
    part = names.part_of(context, trunk)
    rows = list(state.circuits(context.node, trunk))
    if part is not None:
        cics = names.circuits(which, part.trunks[trunk].endpoints)
        wanted = None if cics is None else {str(cic) for cic in cics}
    else:
        port = context.node.pri.trunks[trunk]
        channels = names.channels(which, port)
        wanted = None if channels is None else {str(one) if port.several else str(one.number) for one in channels}
    return Rows(state.CIRCUIT_COLUMNS, [row for row in rows if wanted is None or row["circuit"] in wanted])


def _pri(context: Context, words: list[str]) -> Answer:
    (name,) = expect(words, 0, 1, "pri [TRUNK]")
    if name:
        names.known(name, _pri_names(context), "PRI trunk")
    rows = []
    for trunk, port in context.node.pri.trunks.items():
        if name in ("", trunk):
            configuration = port.configuration
            rows.append(
                {
                    "name": trunk,
                    "side": configuration.side,
                    "switch": configuration.switch,
                    "data_link": "up" if port.interface.available else "down",
                    "channels": len(port.endpoints),
                    "idle": port.interface.idle_channels,
                    "calls": len(port.interface.calls()),
                    "restarting": port.interface.restarting,
                }
            )
    columns = ("name", "side", "switch", "data_link", "channels", "idle", "calls", "restarting")
    return Rows(columns, rows)


# --- calls that are not made


def _route_test(context: Context, words: list[str]) -> Answer:
    usage = "route test NUMBER [from TRUNK] [calling NUMBER]"
    options = dict(zip(words[1::2], words[2::2], strict=False))
    if not words or len(words) % 2 == 0 or not set(options) <= {"from", "calling"}:
        raise CommandError(f"usage: {usage}")
    trunk, calling = options.get("from", ""), options.get("calling", "")
    sources = [names.known(trunk, names.trunk_names(context), "trunk")] if trunk else names.trunk_names(context)
    setup = Setup(called=_number(words[0]), calling=_number(calling) if calling else None)
    when = datetime.fromtimestamp(context.wall)
    rows = [
        {
            "from": source,
            "attempt": position,
            "route": attempt.route,
            "to": "; ".join(f"{a.application} {a.data}".strip() for a in attempt.actions) or attempt.trunk or "",
            "called": str(attempt.setup.called),
            "calling": str(attempt.setup.calling or ""),
            "cause": "" if attempt.trunk else attempt.refuse_cause,
        }
        for source in sources
        for position, attempt in enumerate(context.node.control.routing.attempts(source, setup, when), 1)
    ]
    return Rows(("from", "attempt", "route", "to", "called", "calling", "cause"), rows)


def _number(text: str) -> Number:
    digits = text.removeprefix("+")
    if not digits or not set(digits.upper()) <= set("0123456789ABCDEF*#"):
        raise CommandError(f"{text!r} is no number; write digits, with + in front when it is international")
    return Number(digits.upper(), nature=Nature.INTERNATIONAL if text.startswith("+") else Nature.UNKNOWN)


def _mappings(context: Context, words: list[str]) -> Answer:
    source, target = expect(words, 0, 2, "mappings [FROM TO]")
    for name in (source, target):
        if name:
            names.known(name, mappings.protocols(), "protocol")
    found = mappings.rows(source or None, target or None, context.node.configuration.cause_map)
    return Rows(
        ("direction", "from", "to", "clause"),
        [{"direction": r.direction, "from": r.source, "to": r.target, "clause": r.clause} for r in found],
        delimiter="\t",
    )
