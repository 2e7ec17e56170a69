"""Write what the reference takes from the code: `python -m tandem.gateway.reference DIR`.

`configuration.md` is made from the schema: types, limits and defaults are read from the classes, meanings from the
docstring below each field. In `mappings.md` the tables of causes and statuses are put in their places. In `examples/`,
beside the documents, the configuration of a tandem exchange between each two protocols is written.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from inspect import getdoc, getsource
from itertools import product
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from tandem.codecs.tone_countries import PLANS
from tandem.codecs.tone_plans import cadence_text
from tandem.core.cause import cause_name
from tandem.gateway.calls.interworking import CAUSE_TO_STATUS, STATUS_TO_CAUSE, CauseRow, MappingRow
from tandem.gateway.configuration import schema
from tandem.gateway.configuration.shape import limits
from tandem.gateway.demo.nodes import PROTOCOLS, tandem_text
from tandem.gateway.operator.table import command_table
from tandem.gateway.sip.status import PHRASES
from tandem.gateway.trunks import pri_mapping, tup_mapping
from tandem.gateway.trunks.rules import shown

PREFACE: Final = """\
# The configuration file

One TOML file holds the whole configuration. `tandem check FILE` says whether it is right, and if not, what is wrong,
on which line, and what would be right. `tandem run` makes the same check before it starts anything.
Keys that are not listed here are errors. File names are relative to the configuration file.
Examples to start from: `examples/gateway-a.toml`, `examples/gateway-b.toml`.

This page is generated from `gateway/configuration/schema.py` by `make docs`.

How values are written:

| kind | written as |
|---|---|
| string | `"text"`, or `'text'` where backslashes are meant as they stand (regular expressions) |
| number | `5` or `0.5` |
| point code | `"2-10-5"`, in parts (3-8-3 bits for ITU, 8-8-8 ANSI and China, 7-4-5 Japan), or one number `"4181"` |
| list of numbers | `"1-15,17-31"` |
| times | `"Mo-Fr 08:00-18:00, Sa 09:00-12:00"`; `22:00-06:00` goes on after midnight |
| address | `"192.0.2.1:5060"`, IPv4; in `[sip]` and SIP trunks also `"[2001:db8::1]:5060"`, IPv6, not link-local |
"""


#: Tables of the file whose keys are rows of the mappings.
ROWS: Final = ("cause_map", "mapping")


def configuration_page() -> str:
    """The whole page, in Markdown."""
    parts = [PREFACE]
    for header, kind in _tables(schema.Configuration, "", array=False):
        parts += [f"## `{header}`\n", *_section(kind, header)]
    return "\n".join(parts)


def _tables(kind: type, path: str, array: bool) -> Iterator[tuple[str, type]]:
    """Every table with its header, in the order of the schema; the file itself is left out."""
    if path:
        tag = kind.__struct_config__.tag  # type: ignore[attr-defined]
        header = f"[[{path}]]" if array else f"[{path}]"
        yield f'{header} type = "{tag}"' if tag else header, kind
    for field in msgspec.structs.fields(kind):
        inner, many = _struct_types(inspect.type_info(field.type))
        for table in inner:
            yield from _tables(table, f"{path}.{field.name}".lstrip("."), many)
    if not path:
        yield from ((f"[{name}]", dict) for name in ROWS)


def _struct_types(info: Any) -> tuple[list[type], bool]:
    """The tables that a field may hold, and whether it holds many."""
    match info:
        case inspect.StructType(cls=cls):
            return [cls], False
        case inspect.UnionType(types=types):
            return [table for kind in types for table in _struct_types(kind)[0]], False
        case inspect.ListType(item_type=inner):
            return _struct_types(inner)[0], True
    return [], False


def _section(kind: type, header: str) -> Iterator[str]:
    """What a table is for, and its keys."""
    if kind is dict:
        text = _meanings(schema.Configuration)[header.strip("[]")].removeprefix(f"`{header}`: ")
        yield text[0].upper() + text[1:] + "\n"
        return
    yield f"{getdoc(kind)}\n"
    meanings = _meanings(kind)
    own = vars(kind).get("__annotations__", {})
    rows = [
        f"| `{field.name}` | {_type(inspect.type_info(field.type))} | {_default(field)} | {meanings[field.name]} |"
        for field in sorted(
            msgspec.structs.fields(kind),
            key=lambda field: (not field.required, not field.required and field.name not in own),
        )
        if not _struct_types(inspect.type_info(field.type))[0]
    ]
    if kind.__struct_config__.tag:  # type: ignore[attr-defined]
        rows.insert(1, f'| `type` | string | needed | `"{kind.__struct_config__.tag}"` |')  # type: ignore[attr-defined]
    if rows:
        yield "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows]) + "\n"
    for field in msgspec.structs.fields(kind):
        info = inspect.type_info(field.type)
        if _struct_types(info)[0]:
            yield f"Below it: {meanings[field.name][0].lower()}{meanings[field.name][1:-1]}{_count(info)}.\n"


def _count(info: Any) -> str:
    """How many tables an array must have, where that is limited."""
    if not getattr(info, "min_length", None):
        return ""
    return f" ({info.min_length} to {info.max_length})" if info.max_length else f" ({info.min_length} or more)"


def _meanings(kind: type) -> dict[str, str]:
    """Field -> the docstring below it, as one line fit for a table; those of the bases too."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each is not msgspec.Struct and issubclass(each, msgspec.Struct):
            found |= _own_meanings(each)
    return found


def _own_meanings(kind: type) -> dict[str, str]:
    (definition,) = ast.parse(getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for statement, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            assert isinstance(below, ast.Expr), f"{kind.__name__}.{statement.target.id} has no docstring"
            text = ast.literal_eval(below.value)
            found[statement.target.id] = " ".join(text.split()).replace("|", "\\|")
    return found


def _type(info: Any) -> str:
    """A type and its limits in the operator's words."""
    match info:
        case inspect.UnionType(types=types):
            return ", ".join(_type(kind) for kind in types if not isinstance(kind, inspect.NoneType))
        case inspect.LiteralType(values=values):
            return ", ".join(f"`{json.dumps(value)}`" for value in values)
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            return f"list of {_plural(inner)}"
        case inspect.TupleType(item_types=inners):
            return f"list of {len(inners)}: {_type(inners[0])}"
        case inspect.DictType(value_type=inner):
            return f"table of {_plural(inner)}"
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            return "string"
    word = "whole number" if isinstance(info, inspect.IntType) else "number"
    return f"{word}, {limits(info)}" if limits(info) else word


def _plural(info: Any) -> str:
    match info:
        case inspect.StrType():
            return "strings"
        case inspect.LiteralType():
            return _type(info)
    return _type(info).replace("number", "numbers", 1)


def _default(field: Any) -> str:
    if field.required:
        return "needed"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "none" if value is None else f"`{json.dumps(value)}`"


#: A table of `mappings.md`, between the comment that names it and the one that ends it.
_PLACE: Final = re.compile(r"(<!-- table: ([a-z-]+), made by `make docs` -->\n).*?(<!-- end -->)", re.DOTALL)


def mappings_page(page: str) -> str:
    """`page` with the tables in it as the code has them now."""
    tables = {
        "cause-to-status": _cause_to_status(),
        "status-to-cause": _status_to_cause(),
        "tup": _rules(tup_mapping.MAPPINGS),
        "pri": _rules(pri_mapping.MAPPINGS),
        "values": _rules(tuple(shown({}, ""))),
    }
    return _PLACE.sub(lambda found: f"{found[1]}{tables[found[2]]}{found[3]}", page)


def _cause_to_status() -> str:
    head = "| cause | | status | | clause |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| {row.cause} | {cause_name(row.cause)} | {row.status} | {PHRASES.get(row.status, '')} | {row.clause} |\n"
        for row in sorted(CAUSE_TO_STATUS)
    )


def _status_to_cause() -> str:
    def by_status(row: CauseRow) -> int:
        return row.status

    head = "| status | | cause | | clause |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| {row.status} | {PHRASES.get(row.status, '')} | {row.cause} | {cause_name(row.cause)} | {row.clause} |\n"
        for row in sorted(STATUS_TO_CAUSE, key=by_status)
    )


def _rules(rows: Iterable[MappingRow]) -> str:
    head = "| direction | from | to | clause |\n|---|---|---|---|\n"
    return head + "".join(f"| {row.direction} | {row.source} | {row.target} | {row.clause} |\n" for row in rows)


def commands_page(page: str) -> str:
    """`page` with the table of commands in it as the code has it now."""
    head = "| command | | changes something |\n|---|---|---|\n"
    rows = "".join(
        f"| `{command.usage.replace('|', chr(92) + '|')}` | {command.help} | {'yes' if command.changes else ''} |\n"
        for command in command_table()
    )
    return _PLACE.sub(lambda found: f"{found[1]}{head}{rows}{found[3]}", page)


def tones_page() -> str:
    """The tone plans, and where each is from."""
    names = ("dial", "ringback", "busy", "congestion", "number_unobtainable", "call_waiting")
    lines = [
        "# Tone plans",
        "",
        "`tones` of `[media]` names one: what callers hear of Tandem itself. Made by `make docs`.",
        "",
        "A cell is hertz, then seconds of tone/silence, repeated; `+`: together, `*`: modulated with; hertz alone: on.",
        "Special information is 950, 1400, 1800 Hz for 0.33 s each and 1 s of silence, unless a country has its own.",
        "",
        f"| | region | {' | '.join(name.replace('_', ' ') for name in names)} | source |",
        f"|---|---|{'---|' * len(names)}---|",
    ]
    for code, plan in sorted(PLANS.items()):
        tones = plan.tones
        cells = [cadence_text(tones[name].bursts) if name in tones else "" for name in names]
        if tones["number_unobtainable"] == tones["special_information"]:
            cells[names.index("number_unobtainable")] = "special information"
        lines.append(f"| `{code}` | {plan.region} | {' | '.join(cells)} | {plan.source} |")
    return "\n".join(lines) + "\n"


def main(folder: str) -> None:
    """Write `configuration.md` into `folder`, the tables into its other pages, and the examples of every pair."""
    Path(folder, "configuration.md").write_text(configuration_page(), encoding="utf-8")
    Path(folder, "tones.md").write_text(tones_page(), encoding="utf-8")
    commands = Path(folder, "commands.md")
    if commands.exists():
        commands.write_text(commands_page(commands.read_text(encoding="utf-8")), encoding="utf-8")
    mappings = Path(folder, "mappings.md")
    if mappings.exists():
        mappings.write_text(mappings_page(mappings.read_text(encoding="utf-8")), encoding="utf-8")
    examples = Path(folder, "../../examples")
    if examples.exists():
        for left, right in product(PROTOCOLS, PROTOCOLS):
            (examples / f"{left}-{right}.toml").write_text(tandem_text(left, right), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tandem.gateway.reference DIR")
    main(sys.argv[1])
