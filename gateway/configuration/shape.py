"""Compare the tables of a TOML file with the schema: unknown and missing keys, values of the wrong kind.

Finds every mistake at once and names each by its path, where a deserialiser stops at the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

from tandem.gateway.configuration.problem import Problem, suggestion
from tandem.gateway.configuration.schema import Configuration

#: What each trunk type is, for the operator who wrote another.
TRUNK_TYPES: Final = {
    "isup": "SS7 ISUP circuits",
    "tup": "SS7 TUP circuits",
    "pri": "ISDN primary rate",
    "sip": "a SIP peer",
}

_KINDS: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a string in quotes"}

_SCALARS: Final[dict[type, type]] = {
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
}


def shape_problems(tables: dict[str, Any]) -> list[Problem]:
    """Every place where `tables` (of tomllib) does not fit `Configuration`."""
    return list(_table(inspect.type_info(Configuration), tables, ""))


def _table(info: Any, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, f"must be a table, not {_kind(value)}")
        return
    fields = {field.encode_name: field for field in info.fields}
    tag = info.tag_field
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        if key in fields:
            yield from _value(fields[key].type, item, here)
        elif key != tag:
            names = sorted([*fields, *([tag] if tag else [])])
            yield Problem(here, f"unknown key; {suggestion(key, names, 'the keys here are')}")
    for name, field in fields.items():
        if field.required and name not in value:
            yield Problem(path, f"the key {name!r} is missing")


def _value(info: Any, value: Any, path: str) -> Iterator[Problem]:
    match info:
        case inspect.UnionType(types=types):
            yield from _union([kind for kind in types if not isinstance(kind, inspect.NoneType)], value, path)
        case inspect.StructType():
            yield from _table(info, value, path)
        case inspect.DictType(value_type=inner):
            if not isinstance(value, dict):
                yield Problem(path, f"must be a table, not {_kind(value)}")
                return
            for key, item in value.items():
                yield from _value(inner, item, f"{path}.{key}")
        case inspect.ListType() | inspect.VarTupleType():
            yield from _list(info, value, path)
        case inspect.TupleType(item_types=inners):
            if not isinstance(value, list) or len(value) != len(inners):
                yield Problem(path, f"must be a list of {len(inners)} values in [ ], not {_kind(value)}")
                return
            for index, (inner, item) in enumerate(zip(inners, value, strict=True)):
                yield from _value(inner, item, f"{path}[{index}]")
        case inspect.LiteralType(values=choices):
            if type(value) is not type(choices[0]):
                yield Problem(path, f"must be {_KINDS[type(choices[0])]}, not {_kind(value)}")
            elif value not in choices:
                words = [choice or '""' for choice in map(str, choices)]
                yield Problem(path, f"{value!r} is not known here; {suggestion(str(value), words, 'write one of')}")
        case _:
            yield from _scalar(info, value, path)


def _union(types: list[Any], value: Any, path: str) -> Iterator[Problem]:
    """One type that may be left out, one of several simple ones, or tables told apart by their `type` key."""
    if len(types) == 1:
        yield from _value(types[0], value, path)
        return
    if all(type(kind) in _SCALARS for kind in types):
        if all(list(_scalar(kind, value, path)) for kind in types):
            kinds = " or ".join(_KINDS[_SCALARS[type(kind)]] for kind in types)
            yield Problem(path, f"must be {kinds}, not {_kind(value)}")
        return
    if not isinstance(value, dict):
        yield Problem(path, f"must be a table, not {_kind(value)}")
        return
    by_tag = {kind.tag: kind for kind in types}
    tag = value.get("type")
    if isinstance(tag, str) and tag in by_tag:
        yield from _table(by_tag[tag], value, path)
        return
    said = f"{tag!r} is not a trunk type" if "type" in value else "is missing"
    choice = ", ".join(f'"{key}" ({TRUNK_TYPES[key]})' for key in by_tag)
    yield Problem(f"{path}.type", f"{said}; write one of {choice}")


def _list(info: Any, value: Any, path: str) -> Iterator[Problem]:
    inner = info.item_type
    holds_tables = isinstance(inner, inspect.StructType | inspect.UnionType)
    if not isinstance(value, list):
        right = f"[[{_header(path)}]] tables" if holds_tables else "a list in [ ]"
        yield Problem(path, f"must be {right}, not {_kind(value)}")
        return
    low, high = info.min_length or 0, info.max_length
    if len(value) < low or (high is not None and len(value) > high):
        right = f"{low} or more" if high is None else f"{low} to {high}"
        yield Problem(path, f"has {len(value)} entries; {right} are right")
    for index, item in enumerate(value):
        yield from _value(inner, item, f"{path}[{index}]")


def _scalar(info: Any, value: Any, path: str) -> Iterator[Problem]:
    kind = _SCALARS[type(info)]
    fits = type(value) is kind or (kind is float and type(value) is int)
    if not fits or (isinstance(value, float) and not math.isfinite(value)):
        yield Problem(path, f"must be {_KINDS[kind]}, not {_kind(value)}")
    elif kind in (int, float) and not _inside(info, value):
        yield Problem(path, f"{value} is not allowed; {limits(info)} is right")


def _inside(info: Any, value: float) -> bool:
    """Whether a number keeps the limits of its key."""
    return (
        (info.ge is None or value >= info.ge)
        and (info.gt is None or value > info.gt)
        and (info.le is None or value <= info.le)
    )


def limits(info: Any) -> str:
    """The limits of a number in words; empty when it has none."""
    if info.ge is not None:
        return f"{info.ge} to {info.le}" if info.le is not None else f"{info.ge} or more"
    return "" if info.gt is None else f"more than {info.gt}"


def _kind(value: Any) -> str:
    """What was written, in the operator's words."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the string {value[:40]!r}"
        case list():
            return "an empty list" if not value else f"a list of {len(value)}"
        case dict():
            return "a table"
        case _:
            return f"the date {value}"


def _header(path: str) -> str:
    """`ss7.linkset[0].link` as the header `ss7.linkset.link`."""
    return "".join(part.partition("]")[2] if index else part for index, part in enumerate(path.split("[")))


def convert(tables: dict[str, Any]) -> Configuration:
    """The configuration in tables that have no shape problems."""
    return msgspec.convert(tables, Configuration)
