"""`show`: what there is, as rows; with `as json` or `as xml` behind it in that form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tandem.gateway.operator import state
from tandem.gateway.operator.answer import Answer, Rows
from tandem.gateway.operator.channels import CALL_COLUMNS, CHANNEL_COLUMNS, calls, channels
from tandem.gateway.operator.command import Command, CommandError, Context
from tandem.gateway.operator.names import trunk_names

Source = Callable[[Context], Iterable[Mapping[str, Any]]]

_TABLES: Final[Mapping[str, tuple[Sequence[str], Source, str]]] = {
    "channels": (CHANNEL_COLUMNS, channels, "every half-call"),
    "calls": (CALL_COLUMNS, calls, "every call, with both its halves"),
    "registrations": (
        state.REGISTRATION_COLUMNS,
        lambda context: state.registrations(context.node, context.now, context.wall),
        "who is registered here",
    ),
    "spans": (state.SPAN_COLUMNS, lambda context: state.spans(context.node), "lines and their alarms"),
    "links": (state.LINK_COLUMNS, lambda context: state.links(context.node), "signalling links and D-channels"),
    "linksets": (state.LINKSET_COLUMNS, lambda context: state.linksets(context.node), "linksets"),
    "destinations": (
        state.DESTINATION_COLUMNS,
        lambda context: state.destinations(context.node),
        "signalling routes, and what can be reached",
    ),
    "routes": (state.ROUTE_COLUMNS, lambda context: state.routes(context.node), "rules of call routing, in order"),
    "trunks": (state.TRUNK_COLUMNS, lambda context: state.trunks(context.node), "trunks and how busy they are"),
    "gateways": (state.GATEWAY_COLUMNS, lambda context: state.gateways(context.node), "SIP trunks"),
}


def show() -> Iterable[Command]:
    """One command for each table; `show circuits` may be narrowed to one trunk."""
    for name, (columns, source, what) in _TABLES.items():
        yield Command(
            f"show {name}",
            "[count]",
            f"Show {what}.",
            _shower(name, columns, source),
            complete=lambda _, words: () if words else ("count", "as"),
            example=f"show {name} as json",
        )
    yield Command(
        "show circuits",
        "[TRUNK] [count]",
        "Show every circuit and B-channel, or those of one trunk.",
        _circuits,
        complete=lambda context, words: () if words else (*trunk_names(context), "count", "as"),
        example="show circuits pstn",
    )


def _shower(name: str, columns: Sequence[str], source: Source) -> Callable[[Context, list[str]], Answer]:
    def run(context: Context, words: list[str]) -> Answer:
        if words not in ([], ["count"]):
            raise CommandError(f"usage: show {name} [count] [as json|xml]")
        return _rows(columns, list(source(context)), bool(words))

    return run


def _circuits(context: Context, words: list[str]) -> Answer:
    count = words[-1:] == ["count"]
    names = words[:-1] if count else words
    if len(names) > 1 or (names and names[0] not in context.node.control.trunks):
        raise CommandError("usage: show circuits [TRUNK] [count] [as json|xml], with the name of a [[trunk]]")
    return _rows(state.CIRCUIT_COLUMNS, list(state.circuits(context.node, *names)), count)


def _rows(columns: Sequence[str], rows: list[Mapping[str, Any]], count: bool) -> Answer:
    return f"\n{len(rows)} total.\n" if count else Rows(columns, rows)
