"""Where in a TOML text each key stands; the standard library's reader does not tell."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\-\"]+)\s*\]")
_KEY = re.compile(r"\s*([\w.\-]+|\"[^\"]*\"|'[^']*')\s*=")
_LAST_PART = re.compile(r"(\.[^.\[\]]*|\[[^\]]*\]|^[^.\[]+|.)$")


class KeyLines:
    """Line numbers of the keys of a TOML text, by path such as `trunk[1].circuits[0].span`."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self.count = text.count("\n") + 1
        table, quotes = "", ""
        for number, line in enumerate(text.splitlines(), 1):
            if quotes:
                quotes = "" if quotes in line else quotes
                continue
            if header := _HEADER.match(line):
                table = self._open(header[2].replace('"', "").split("."), header[1] == "[[", number)
            elif key := _KEY.match(line):
                name = key[1].strip("\"'")
                self._lines.setdefault(f"{table}.{name}" if table else name, number)
            quotes = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")

    def _open(self, parts: list[str], array: bool, number: int) -> str:
        """Enter the table of a header; its path, each array on the way at its newest element."""
        path = ""
        for index, part in enumerate(parts):
            path = f"{path}.{part}" if path else part
            self._lines.setdefault(path, number)
            if array and index == len(parts) - 1:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = f"{path}[{self._counts[path]}]"
                self._lines.setdefault(path, number)
        return path

    def find(self, path: str) -> int:
        """The line of `path`, or of the nearest table around it; 1 when there is none."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = _LAST_PART.sub("", path)
        return 1
