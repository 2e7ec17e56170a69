"""What differs between two configurations, and whether a running gateway can take it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tandem.gateway.configuration.schema import Configuration

#: What a running gateway takes without touching calls: whole tables, or keys of tables whose others need a restart.
LIVE_TABLES: Final = frozenset({"route", "cause_map"})
LIVE_KEYS: Final[dict[str, frozenset[str]]] = {
    "node": frozenset({"log_level", "shutdown_seconds"}),
    "event_socket": frozenset(
        {
            "password",
            "read_only_password",
            "allow",
            "connections",
            "wrong_passwords",
            "ban_seconds",
            "login_seconds",
            "buffer_kilobytes",
            "heartbeat_seconds",
        }
    ),
    "sip.user": frozenset({"password", "ha1", "number"}),
    "trunk sip": frozenset(
        {
            "max_calls",
            "calls_per_second",
            "failure_tone_seconds",
            "user",
            "password",
            "codecs",
            "telephone_event",
            "delayed_offer",
            "reliable_responses",
            "session_seconds",
            "minimum_session_seconds",
            "refresher",
            "early_media",
            "hold",
            "redirects",
            "trusted",
            "calling_from",
            "identity",
            "diversion",
            "uri",
            "phone_context",
            "number_parameters",
            "obey_reason",
            "send_reason",
            "pass_headers",
            "hop_factor",
        }
    ),
    "trunk sip pjsua2": frozenset({"max_calls", "calls_per_second", "failure_tone_seconds"}),
    "trunk isup": frozenset({"failure_tone_seconds"}),
    "trunk tup": frozenset({"failure_tone_seconds"}),
    "trunk pri": frozenset({"failure_tone_seconds"}),
}
#: Keys whose values are not shown.
_SECRET: Final = ("password", "ha1", "read_only_password")


@dataclass(frozen=True, slots=True)
class Change:
    """One key, or one table of an array, that differs."""

    path: str
    """Such as `trunk pbx.max_calls`."""
    before: str
    after: str
    live: bool
    """Whether a running gateway takes it."""

    def __str__(self) -> str:
        what = f"{self.path}: {self.before} -> {self.after}"
        return what if self.live else f"{what} (needs a restart)"


def differences(running: Configuration, wanted: Configuration) -> list[Change]:
    """Every key that differs, in the order of the schema."""
    found: list[Change] = []
    for field in msgspec.structs.fields(Configuration):
        before, after = getattr(running, field.name), getattr(wanted, field.name)
        if before != after:
            found += _table(field.encode_name, before, after)
    return found


def refusal(changes: list[Change]) -> str:
    """Why a running gateway cannot take these changes, empty when it can."""
    stuck = [change.path for change in changes if not change.live]
    if not stuck:
        return ""
    return f"{', '.join(stuck)} can only be changed by a restart (undo that, or restart the gateway)"


def _table(path: str, before: Any, after: Any) -> Iterator[Change]:
    """Changes of what stands at `path`: a table, an array of tables, or a plain value."""
    if path in LIVE_TABLES:
        yield from _live(path, before, after)
    elif isinstance(before, msgspec.Struct) and isinstance(after, msgspec.Struct) and type(before) is type(after):
        yield from _keys(path, path, before, after)
    elif isinstance(before, list) and isinstance(after, list) and _named(before) and _named(after):
        yield from _array(path, before, after)
    else:
        yield Change(path, _show(path, before), _show(path, after), False)


def _keys(path: str, kind: str, before: msgspec.Struct, after: msgspec.Struct) -> Iterator[Change]:
    live = LIVE_KEYS.get(kind, frozenset())
    for field in msgspec.structs.fields(type(before)):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old == new:
            continue
        inner = f"{path}.{field.name}"
        if isinstance(old, msgspec.Struct | list) and not field.name.isupper() and _holds_tables(old, new):
            yield from _table(inner, old, new)
        else:
            yield Change(inner, _show(field.name, old), _show(field.name, new), field.name in live)


def _holds_tables(old: Any, new: Any) -> bool:
    items = [*(old if isinstance(old, list) else [old]), *(new if isinstance(new, list) else [new])]
    return any(isinstance(item, msgspec.Struct) for item in items)


def _named(items: list[Any]) -> bool:
    return all(isinstance(item, msgspec.Struct) and getattr(item, "name", "") for item in items)


def _array(path: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    """Changes of an array of tables with names."""
    old, new = {item.name: item for item in before}, {item.name: item for item in after}
    # Users may come and go; what calls and circuits hang on may not.
    live = path == "sip.user"
    for name, item in old.items():
        if name not in new:
            yield Change(f"{path} {name}", "there", "removed", live)
        elif item != new[name]:
            if type(item) is not type(new[name]):
                yield Change(f"{path} {name}.type", _kind(item), _kind(new[name]), False)
                continue
            yield from _keys(f"{path} {name}", f"{path} {_kind(item)}".strip(), item, new[name])
    for name in new:
        if name not in old:
            yield Change(f"{path} {name}", "not there", "added", live)
    if not live and [name for name in old if name in new] != [name for name in new if name in old]:
        yield Change(path, "one order", "another order", False)


def _kind(item: msgspec.Struct) -> str:
    """The type of a trunk; one of another SIP engine has a type of its own, as that engine keeps what it was given."""
    kind = str(item.__struct_config__.tag or "")
    return f"{kind} pjsua2" if getattr(item, "engine", "") == "pjsua2" else kind


def _live(path: str, before: Any, after: Any) -> Iterator[Change]:
    """Changes of a table that is taken whole; rows by their name or position."""
    if isinstance(before, dict):
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                yield Change(f"{path}.{key}", str(before.get(key, "not there")), str(after.get(key, "removed")), True)
        return
    old = {item.name or f"{position}": item for position, item in enumerate(before, 1)}
    new = {item.name or f"{position}": item for position, item in enumerate(after, 1)}
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield Change(f"{path} {name}", "there", "removed", True)
        elif name not in old:
            yield Change(f"{path} {name}", "not there", "added", True)
        elif old[name] != new[name]:
            for field in msgspec.structs.fields(type(old[name])):
                was, will = getattr(old[name], field.name), getattr(new[name], field.name)
                if was != will:
                    yield Change(f"{path} {name}.{field.name}", _show(field.name, was), _show(field.name, will), True)
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Change(path, " ".join(old), " ".join(new), True)


def _show(name: str, value: Any) -> str:
    """A value for people; secrets are not shown."""
    if name in _SECRET:
        return "(secret)"
    if value is None:
        return "none"
    return json.dumps(_builtin(value), ensure_ascii=False)


def _builtin(value: Any) -> Any:
    """A value as JSON has it, without secrets in tables."""
    plain = msgspec.to_builtins(value)
    if isinstance(plain, dict):
        return {key: "(secret)" if key in _SECRET else inner for key, inner in plain.items()}
    return plain
