"""TOML as people would write it: literal strings where they can be, one table a paragraph."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool | list[str] | list[int]


@dataclass
class Block:
    """One table, or element of an array of tables, with remarks before it."""

    header: str
    """`[sip]`, `[[trunk]]`; empty for remarks alone."""
    values: Mapping[str, Value] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"# {_one_line(remark)}" for remark in self.remarks]
        if self.header:
            lines.append(self.header)
        lines += [f"{key} = {value_of(value)}" for key, value in self.values.items()]
        return "\n".join(lines) + "\n"


def document(blocks: Iterable[Block]) -> str:
    """All of them, an empty line between."""
    return "\n".join(map(str, blocks))


def value_of(value: Value) -> str:
    """A value; strings with backslashes as literal ones where that can be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        whole = ", ".join(map(value_of, value))
        if len(whole) < 90:
            return f"[{whole}]"
        return "[\n" + "".join(f"    {value_of(item)},\n" for item in value) + "]"
    if "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return " ".join(word for word in "".join(c if c.isprintable() else " " for c in text).split(" ") if word)
