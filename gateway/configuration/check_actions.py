"""What the actions of a route must satisfy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tandem.gateway.applications.dial_strings import DialString
from tandem.gateway.applications.programs import PROGRAMS
from tandem.gateway.calls.actions import APPLICATIONS, Action
from tandem.gateway.configuration.check_sip import user_names
from tandem.gateway.configuration.problem import Problem, suggestion, unknown_name
from tandem.gateway.configuration.schema import Configuration, Route

_GROUP = re.compile(r"\\(\d)")
#: Something that is known only when there is a call.
_LATER = re.compile(r"\$\{|\\\d")


def check_actions(path: str, route: Route, configuration: Configuration) -> Iterator[Problem]:
    """Problems of the actions of the route at `path`."""
    if route.actions and (route.to or route.did_table):
        other = "to" if route.to else "did_table"
        yield Problem(f"{path}.actions", f"does not go with `{other}`; leave one of them out")
    for position, text in enumerate(route.actions):
        place = f"{path}.actions[{position}]"
        try:
            action = Action.parse(text)
        except ValueError as error:
            yield Problem(place, str(error))
            continue
        if action.application not in PROGRAMS:
            known = suggestion(action.application, sorted(PROGRAMS), "there are:")
            yield Problem(place, f"there is no application {action.application!r}; {known}")
        yield from _groups(place, text, route.called)
        if action.application == "transfer":
            yield from _transfer(place, action.data.split(), configuration)
        if action.application == "bridge":
            yield from _bridge(place, action.data, configuration)
    yield from (
        Problem(f"trunk[{index}].name", f"{APPLICATIONS!r} is the name of the gateway's own applications; take another")
        for index, trunk in enumerate(configuration.trunk)
        if trunk.name == APPLICATIONS and path == "route[0]"
    )


def _groups(path: str, text: str, called: str) -> Iterator[Problem]:
    try:
        groups = re.compile(called).groups
    except re.error:
        return  # told of where it is
    if missing := [group for group in _GROUP.findall(text) if int(group) > groups]:
        has = f"has {groups}" if called else "is empty"
        yield Problem(path, f"{text!r} names group {missing[0]}, but `called` {has}")


def _transfer(path: str, words: list[str], configuration: Configuration) -> Iterator[Problem]:
    """Problems of `transfer NUMBER [[XML] TRUNK]`."""
    if len(words) > 1 and not _LATER.search(words[-1]):
        yield from unknown_name(path, words[-1], [trunk.name for trunk in configuration.trunk], "trunk")


def _bridge(path: str, text: str, configuration: Configuration) -> Iterator[Problem]:
    """Problems of a dial string; what variables and groups stand for is known only when there is a call."""
    trunks = {trunk.name: str(trunk.__struct_config__.tag) for trunk in configuration.trunk}
    trunks |= dict.fromkeys(user_names(configuration), "sip")
    plain = _LATER.sub("0", re.sub(r"\$\{[^}]*\}", "0", text))
    try:
        dial = DialString.parse(plain)
    except ValueError as error:
        yield Problem(path, str(error))
        return
    for group in dial.groups:
        for target in group:
            if trunks.get(target.trunk) != target.protocol and not (
                _LATER.search(text) and target.trunk in ("0", "user:0")
            ):
                known = ", ".join(sorted(name for name, kind in trunks.items() if kind == target.protocol)) or "none"
                yield Problem(path, f"there is no {target.protocol} trunk {target.trunk!r}; there are: {known}")
