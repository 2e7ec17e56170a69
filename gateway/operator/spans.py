"""Commands about lines: their alarms, a loopback, the remote alarm sent for a test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tandem.gateway.operator import names, state
from tandem.gateway.operator.answer import Answer, Rows
from tandem.gateway.operator.command import Command, CommandError, Context, expect

#: Devices whose framing, and so the remote alarm, is not made here but by the card or its daemon.
_FRAMED_ELSEWHERE: Final = ("dahdi:", "e1d:", "serial:", "file:")


def spans() -> Iterable[Command]:
    """These commands."""
    yield Command("span", "[NAME]", "Lines, their alarms, and what is tested on them.", _span, complete=_span_names)
    yield Command(
        "span loopback",
        "NAME on|off",
        "Send back what comes on every bearer timeslot of a line, for a test from the far end; block circuits first.",
        _loopback,
        changes=True,
        complete=_span_names,
        example="span loopback e1 on",
    )
    yield Command(
        "span alarm",
        "NAME on|off",
        "Send the remote alarm (RAI, yellow) on a line, to see it arrive: the far end takes it out of service.",
        _alarm,
        changes=True,
        complete=_span_names,
        example="span alarm e1 on",
    )


def _span_names(context: Context, words: list[str]) -> Iterable[str]:
    if len(words) == 1:
        return ("on", "off")
    return [span.name for span in context.node.configuration.span] if not words else ()


def _span(context: Context, words: list[str]) -> Answer:
    (name,) = expect(words, 0, 1, "span [NAME]")
    rows = list(state.spans(context.node))
    if name:
        names.known(name, [row["name"] for row in rows], "span")
    return Rows(state.SPAN_COLUMNS, [row for row in rows if name in ("", row["name"])])


def _order(context: Context, words: list[str], what: str) -> tuple[str, bool]:
    """The span and whether it is `on`."""
    name, how = expect(words, 2, 2, f"span {what} NAME on|off")
    names.known(name, [span.name for span in context.node.configuration.span], "span")
    if how not in ("on", "off"):
        raise CommandError(f"usage: span {what} NAME on|off")
    return name, how == "on"


def _loopback(context: Context, words: list[str]) -> Answer:
    name, on = _order(context, words, "loopback")
    if on:
        rows = [row for row in state.circuits(context.node) if row["span"] == name]
        if busy := sum(bool(row["call"]) for row in rows):
            raise CommandError(f"{busy} call(s) are on {name}; block its circuits and let the calls end first")
        if free := [row for row in rows if row["usable"]]:
            trunks = ", ".join(dict.fromkeys(row["trunk"] for row in free))
            raise CommandError(f"{len(free)} circuit(s) of {name} could get a call; first: circuit block {trunks}")
    context.node.test_span(name, loopback=on)
    return f"+OK loopback of {name} {'on' if on else 'off'}\n"


def _alarm(context: Context, words: list[str]) -> Answer:
    name, on = _order(context, words, "alarm")
    device = next(span.device for span in context.node.configuration.span if span.name == name)
    if device.startswith(_FRAMED_ELSEWHERE):
        raise CommandError(f"the framing of {name} is not made here ({device}): have its card send the alarm")
    context.node.test_span(name, remote_alarm=on)
    return f"+OK remote alarm on {name} {'on' if on else 'off'}\n"
