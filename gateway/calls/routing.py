"""Which trunks a call goes to, and with which numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from tandem.gateway.calls.actions import APPLICATIONS, Action
from tandem.gateway.calls.did import DidTable
from tandem.gateway.calls.model import Nature, Number, Setup
from tandem.gateway.calls.schedule import Schedule
from tandem.gateway.configuration.schema import Route

_NATURES = {
    "subscriber": Nature.SUBSCRIBER,
    "unknown": Nature.UNKNOWN,
    "national": Nature.NATIONAL,
    "international": Nature.INTERNATIONAL,
    "network specific": Nature.NETWORK_SPECIFIC,
}


class Attempt(Struct, frozen=True):
    """One thing to try: offer `setup` to `trunk`, or refuse with `refuse_cause` when there is no trunk."""

    route: str
    trunk: str | None
    setup: Setup
    refuse_cause: int
    fallback_causes: frozenset[int]
    actions: tuple[Action, ...] = ()
    """What an application is to do, where `trunk` is that of applications."""


#: What of a `[[route]]` looks at the numbers of a call or changes them, and actions, whose words may have them.
_LOOKS: Final = (
    "called",
    "calling",
    "did_table",
    "set_called",
    "set_calling",
    "called_nature",
    "calling_nature",
    "actions",
)


class Rule(Struct, frozen=True):
    """A `[[route]]` made ready to match."""

    name: str
    trunks: frozenset[str]
    called: re.Pattern[str] | None
    calling: re.Pattern[str] | None
    schedule: Schedule
    did: DidTable | None
    route: Route
    fallback_causes: frozenset[int]
    plain: bool
    """Whether it looks at the trunk and the time alone, and only says where calls go."""

    @classmethod
    def compile(cls, route: Route, position: int) -> Self:
        """Make ready the route at `position` (from 1) of the file."""
        return cls(
            name=route.name or f"route {position}",
            trunks=frozenset(route.trunk),
            called=re.compile(route.called) if route.called else None,
            calling=re.compile(route.calling) if route.calling else None,
            schedule=Schedule.parse(route.times),
            did=DidTable.load(route.did_table) if route.did_table else None,
            route=route,
            fallback_causes=frozenset(route.fallback_causes),
            plain=not any(getattr(route, name) for name in _LOOKS),
        )

    def match(self, trunk: str, setup: Setup, when: datetime) -> list[Attempt]:
        """The attempts this rule makes of a call, none when it does not match."""
        if self.trunks and trunk not in self.trunks:
            return []
        if self.schedule.parts and not self.schedule.holds(when):
            return []
        route = self.route
        if self.plain:
            to: list[str | None] = [*route.to] or [None]
            return [Attempt(self.name, name, setup, route.refuse_cause, self.fallback_causes) for name in to]
        called = str(setup.called)
        calling = str(setup.calling) if setup.calling else ""
        called_match = self.called.search(called) if self.called else None
        calling_match = self.calling.search(calling) if self.calling else None
        if (self.called and not called_match) or (self.calling and not calling_match):
            return []
        did_trunk = ""
        new_called, new_calling = setup.called, setup.calling
        if self.did:
            row = self.did.rows.get(called) or self.did.rows.get(setup.called.digits)
            if row is None:
                return []
            new_called, did_trunk = _renumber(new_called, row[0]), row[1]
        if route.set_called:
            new_called = _renumber(new_called, _expand(route.set_called, called_match, str(new_called)))
        if route.set_calling:
            new_calling = _renumber(new_calling or Number(""), _expand(route.set_calling, calling_match, calling))
        if route.called_nature:
            new_called = replace(new_called, nature=_NATURES[route.called_nature])
        if route.calling_nature and new_calling:
            new_calling = replace(new_calling, nature=_NATURES[route.calling_nature])
        if new_called is not setup.called or new_calling is not setup.calling:
            setup = replace(setup, called=new_called, calling=new_calling)
        if route.actions:
            actions = tuple(Action.parse(_expand(action, called_match, called)) for action in route.actions)
            return [Attempt(self.name, APPLICATIONS, setup, route.refuse_cause, self.fallback_causes, actions)]
        trunks: list[str | None] = [did_trunk] if did_trunk else [*route.to]
        return [Attempt(self.name, name, setup, route.refuse_cause, self.fallback_causes) for name in trunks or [None]]


class RoutingTable:
    """The rules in the order of the file."""

    def __init__(self, routes: list[Route]) -> None:
        self.rules = [Rule.compile(route, position) for position, route in enumerate(routes, 1)]
        self.timed = any(rule.schedule.parts for rule in self.rules)
        """Whether any rule holds at some times only: else it does not matter when a call comes."""

    def attempts(self, trunk: str, setup: Setup, when: datetime) -> Iterator[Attempt]:
        """What to try for a call that came in on `trunk` at local time `when`, in order; may be nothing at all."""
        for rule in self.rules:
            yield from rule.match(trunk, setup, when)


def _expand(template: str, found: re.Match[str] | None, whole: str) -> str:
    r"""Put the groups of `found` into `template`; `\0` is the whole number."""

    def group(reference: re.Match[str]) -> str:
        index = int(reference[1])
        if index == 0:
            return whole
        return (found[index] or "") if found else ""

    return re.sub(r"\\(\d)", group, template)


def _renumber(number: Number, text: str) -> Number:
    """`number` with the digits of `text`; a leading `+` makes it international, its loss national or unknown."""
    if text.startswith("+"):
        return replace(number, digits=text[1:], nature=Nature.INTERNATIONAL)
    nature = Nature.UNKNOWN if number.nature is Nature.INTERNATIONAL else number.nature
    return replace(number, digits=text, nature=nature)
