"""What a command answers: text, rows that are text, JSON or XML as wanted, or something that comes later."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.sax.saxutils import escape

Form = Literal["text", "json", "xml"]


@dataclass(frozen=True)
class Rows:
    """A table: as text the names and values of each row with commas between, and how many rows there are."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    delimiter: str = ","

    def text(self) -> str:
        """As `show` of FreeSWITCH prints a table."""
        total = f"\n{len(self.rows)} total.\n"
        if not self.rows:
            return total
        lines = [self.delimiter.join(self.columns)]
        lines += [self.delimiter.join(_plain(row.get(column, "")) for column in self.columns) for row in self.rows]
        return "\n".join(lines) + "\n" + total

    def json(self) -> str:
        """`row_count`, and `rows` where there are any."""
        answer: dict[str, Any] = {"row_count": len(self.rows)}
        if self.rows:
            answer["rows"] = [{column: row.get(column, "") for column in self.columns} for row in self.rows]
        return json.dumps(answer, ensure_ascii=False)

    def xml(self) -> str:
        """Elements `row` in a `result`."""
        lines = [f'<result row_count="{len(self.rows)}">']
        for number, row in enumerate(self.rows, 1):
            lines.append(f'  <row row_id="{number}">')
            lines += [f"    <{column}>{escape(_plain(row.get(column, '')))}</{column}>" for column in self.columns]
            lines.append("  </row>")
        return "\n".join([*lines, "</result>\n"])

    def format(self, form: Form) -> str:
        """As `form` wants it."""
        return self.json() if form == "json" else self.xml() if form == "xml" else self.text()


@dataclass(frozen=True)
class Facts:
    """Names and values: as text a line each, or lines of its own; as JSON one object."""

    facts: Mapping[str, Any]
    lines: str = ""
    """The text, where it is another than `name: value` lines."""

    def format(self, form: Form) -> str:
        """As `form` wants it."""
        if form == "json":
            return json.dumps(self.facts, ensure_ascii=False)
        if form == "xml":
            inner = "\n".join(f"  <{name}>{escape(_plain(value))}</{name}>" for name, value in self.facts.items())
            return f"<result>\n{inner}\n</result>\n"
        return self.lines or "".join(f"{name}: {_plain(value)}\n" for name, value in self.facts.items())


class Later:
    """An answer that is not there yet: somebody calls `finish` once, `then` gets the text, now or when it comes."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._waiting: list[Callable[[str], None]] = []

    @property
    def done(self) -> bool:
        """Whether `finish` was called."""
        return self._text is not None

    def finish(self, text: str) -> None:
        """Give the answer; a second one is dropped."""
        if self._text is not None:
            return
        self._text = text
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback(text)

    def then(self, callback: Callable[[str], None]) -> None:
        """Have `callback` called with the answer."""
        if self._text is not None:
            callback(self._text)
        else:
            self._waiting.append(callback)


Answer = str | Rows | Facts | Later


def _plain(value: Any) -> str:
    """A value in one line of text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\r", " ").replace("\n", " ")
