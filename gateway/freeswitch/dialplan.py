"""Extensions of FreeSWITCH's dial plan as routes.

An extension is a tree of decisions: each of its conditions holds or not, which adds `action`s or `anti-action`s, and
`break` tells where that ends. Each way through the tree that does anything is one route, those with more conditions
that hold first; so the first route that matches is what FreeSWITCH would have done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tandem.gateway.freeswitch.actions import QUIET, Carried, carry
from tandem.gateway.freeswitch.sip import Sip
from tandem.gateway.freeswitch.toml import Block, Value
from tandem.gateway.freeswitch.tree import Element, Left, Tree

#: Most conditions of an extension that is carried over: each doubles the routes at worst.
MOST_CONDITIONS: Final = 8
_FIELDS: Final = {"destination_number": "called", "caller_id_number": "calling", "ani": "calling"}
_FIELD: Final = re.compile(r"\$\{([a-z_]+)\}")
_TIMES: Final = ("wday", "hour", "time-of-day", "minute-of-day")
_OTHER_TIMES: Final = ("mday", "mon", "yday", "year", "week", "mweek", "minute", "date-time", "dst", "tz-offset")
_DAYS: Final = ("Su", "Mo", "Tu", "We", "Th", "Fr", "Sa")
_DAY_NAMES: Final = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), 1)}


class NotCarried(Exception):
    """An extension, or a part of one, that has no counterpart."""

    def __init__(self, element: Element, text: str) -> None:
        super().__init__(text)
        self.element = element


@dataclass(frozen=True)
class Test:
    """One condition."""

    element: Element
    called: str = ""
    calling: str = ""
    times: str = ""
    stops: str = "on-false"

    @property
    def always(self) -> bool:
        """Whether it holds for every call."""
        return not (self.called or self.calling or self.times)


@dataclass
class Way:
    """A way through an extension: the conditions that hold on it, and what is done."""

    holds: list[Test]
    done: list[tuple[Test, Element]]


def read(tree: Tree, sip: Sip) -> tuple[list[Block], list[Left]]:
    """Routes of every context that calls come into, and what is not carried over."""
    blocks: list[Block] = []
    left: list[Left] = []
    for context in tree.root.all("context"):
        name = context.get("name")
        trunks = sip.contexts.get(name, [])
        if not trunks:
            if any(context.all("extension")):
                left.append(Left(context.place, f"context {name}: no calls of a gateway or user come into it"))
            continue
        before: list[str] = []
        for extension in context.all("extension"):
            try:
                blocks += _extension(extension, trunks, sip, before, left)
            except NotCarried as error:
                text = f"extension {extension.get('name')!r}: {error}"
                left.append(Left(error.element.place, text))
                blocks.append(Block("", {}, [f"Not carried over, {error.element.place}: {text}"]))
    return blocks, left


def _extension(extension: Element, trunks: list[str], sip: Sip, before: list[str], left: list[Left]) -> Iterator[Block]:
    """The routes of an extension; what one with `continue` does in passing is put `before` those that come later."""
    tests = [_test(condition) for condition in extension.children if condition.name == "condition"]
    if not tests:
        raise NotCarried(extension, "it has no condition")
    if len(tests) > MOST_CONDITIONS:
        raise NotCarried(extension, f"it has more than {MOST_CONDITIONS} conditions")
    ways = list(_ways(tests, 0, [], []))
    if all(not way.done for way in ways):
        return
    _check_order(extension, ways)
    if extension.get("continue").lower() == "true":
        _in_passing(extension, ways, sip, before, left)
        return
    name = extension.get("name")
    for number, way in enumerate(ways):
        route = _route(name if number == 0 else f"{name}, else {number}", way, trunks, sip, before, left)
        if route is not None:
            yield route


def _ways(tests: list[Test], position: int, holds: list[Test], done: list[tuple[Test, Element]]) -> Iterator[Way]:
    """Every way from the condition at `position` on, those where it holds first."""
    if position == len(tests):
        yield Way(holds, done)
        return
    test = tests[position]
    for held in (True, False):
        if not held and test.always:
            continue
        wanted = "action" if held else "anti-action"
        more = done + [(test, child) for child in test.element.children if child.name == wanted]
        kept = [*holds, test] if held else holds
        if test.stops == "always" or test.stops == ("on-true" if held else "on-false"):
            yield Way(kept, more)
        else:
            yield from _ways(tests, position + 1, kept, more)


def _check_order(extension: Element, ways: list[Way]) -> None:
    """A way that does nothing must not be taken for a later one with fewer conditions, which does something."""
    for number, way in enumerate(ways):
        if not way.done:
            wide = [later for later in ways[number + 1 :] if later.done and set(map(id, later.holds)) <= _ids(way)]
            if wide:
                raise NotCarried(
                    extension, "what is done when a condition does not hold needs a route that excludes it"
                )


def _ids(way: Way) -> set[int]:
    return set(map(id, way.holds))


def _in_passing(extension: Element, ways: list[Way], sip: Sip, before: list[str], left: list[Left]) -> None:
    """`continue="true"`: variables that every call gets; anything else cannot be done in passing."""
    if len(ways) > 1 or any(not test.always for test in ways[0].holds):
        raise NotCarried(extension, 'continue="true" under a condition: a call takes one route')
    for carried in _carried(ways[0], sip, left):
        if carried.text.startswith(("set ", "export ")):
            before.append(carried.text)
        elif carried.text:
            left.append(Left(extension.place, f'continue="true": {carried.text} is not done in passing'))


def _route(name: str, way: Way, trunks: list[str], sip: Sip, before: list[str], left: list[Left]) -> Block | None:
    """The route of one way; None when nothing of what it does is more than a line in a log."""
    values: dict[str, Value] = {"name": name, "trunk": trunks}
    for key in ("called", "calling", "times"):
        found = list(dict.fromkeys(text for test in way.holds if (text := getattr(test, key))))
        if len(found) > 1:
            raise NotCarried(way.holds[-1].element, f"two different conditions on {key} at once")
        if found:
            values[key] = found[0]
    actions = list(before)
    remarks: list[str] = []
    for carried in _carried(way, sip, left, remarks):
        if carried.text:
            actions.append(carried.text)
        if carried.last:
            break
    if len(actions) == len(before):
        if any(child.get("application") not in QUIET.split() for _, child in way.done):
            raise NotCarried(way.done[0][1], "nothing of what it does is there")
        return None
    values["actions"] = actions
    return Block("[[route]]", values, [f"{way.done[0][1].place}", *remarks])


def _carried(way: Way, sip: Sip, left: list[Left], remarks: list[str] | None = None) -> Iterator[Carried]:
    for test, action in way.done:
        groups = "called" if test.called else "calling" if test.calling else ""
        for carried in carry(action, sip, groups):
            if carried.left:
                left.append(Left(action.place, carried.left))
                if remarks is not None:
                    remarks.append(f"Not carried over, {action.place}: {carried.left}")
            yield carried


# --- conditions


def _test(condition: Element) -> Test:
    if condition.get("regex") or any(child.name in ("regex", "condition") for child in condition.children):
        raise NotCarried(condition, "conditions in conditions, or with several expressions, are not known here")
    if found := [name for name in _OTHER_TIMES if name in condition.attributes]:
        raise NotCarried(condition, f"a condition on {found[0]}: routes hold by days of the week and hours")
    stops = condition.get("break") or "on-false"
    times = _times(condition)
    field, expression = condition.get("field"), condition.get("expression")
    if not field:
        return Test(condition, times=times, stops=stops)
    name = found_field[1] if (found_field := _FIELD.fullmatch(field)) else field
    key = _FIELDS.get(name)
    if key is None:
        raise NotCarried(condition, f"a condition on {field}: routes see the called and the calling number")
    try:
        if re.compile(expression).groups > 9:
            raise NotCarried(condition, "an expression with more than nine groups")
    except re.error as error:
        raise NotCarried(condition, f"the expression {expression!r} is none of Python's: {error}") from None
    if expression in ("", ".*", "^.*$", "^(.*)$", "(.*)") and key == "calling":
        return Test(condition, times=times, stops=stops)
    return Test(condition, **{key: expression}, times=times, stops=stops)


def _times(condition: Element) -> str:
    """`wday`, `hour`, `time-of-day` and `minute-of-day` as `times` of a route."""
    days = [_day_span(condition, text) for text in _parts(condition, "wday")]
    hours: list[str] = []
    for text in _parts(condition, "hour"):
        first, last = _numbers(condition, text)
        hours.append(f"{first:02}:00-{last + 1:02}:00")
    for text in _parts(condition, "minute-of-day"):
        first, last = _numbers(condition, text)
        hours.append(f"{(first - 1) // 60:02}:{(first - 1) % 60:02}-{last // 60:02}:{last % 60:02}")
    for text in _parts(condition, "time-of-day"):
        found = re.fullmatch(r"(\d\d?):(\d\d)(?::\d\d)?-(\d\d?):(\d\d)(?::\d\d)?", text)
        if found is None:
            raise NotCarried(condition, f"time-of-day {text!r} is not HH:MM-HH:MM")
        hours.append(f"{int(found[1]):02}:{found[2]}-{int(found[3]):02}:{found[4]}")
    return ", ".join(" ".join(filter(None, (day, hour))) for day in days or [""] for hour in hours or [""])


def _parts(condition: Element, name: str) -> list[str]:
    return [part.strip() for part in condition.get(name).split(",") if part.strip()]


def _day_span(condition: Element, text: str) -> str:
    ends = [_DAY_NAMES.get(end.strip().lower()[:3], end.strip()) for end in text.split("-")]
    if not all(str(end).isdecimal() and 1 <= int(end) <= 7 for end in ends):
        raise NotCarried(condition, f"wday {text!r} is not days 1 (Sunday) to 7")
    return "-".join(_DAYS[int(end) - 1] for end in ends)


def _numbers(condition: Element, text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise NotCarried(condition, f"{text!r} is no number or span of numbers")
    return int(first), int(last or first)
