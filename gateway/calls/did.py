"""A table of direct-inward-dialling numbers, read from a CSV file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class DidTable:
    """Rows by called number: the number it stands for, and the trunk it goes to or an empty string."""

    rows: dict[str, tuple[str, str]]

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read `did,number[,trunk]` rows; a first row that says `did` is a heading, `#` begins a comment row.

        Raises OSError when the file cannot be read and ValueError, naming the line, when a row is wrong.
        """
        rows: dict[str, tuple[str, str]] = {}
        with Path(path).open(newline="", encoding="utf-8") as file:
            for line, cells in enumerate(csv.reader(file, skipinitialspace=True), 1):
                if not cells or cells[0].startswith("#") or (line == 1 and cells[0].lower() == "did"):
                    continue
                if len(cells) not in (2, 3):
                    raise ValueError(f"{path}:{line}: expected did,number[,trunk], found {len(cells)} fields")
                did, number, trunk = (*(cell.strip() for cell in cells), "")[:3]
                for value in (did, number):
                    if not value.removeprefix("+").isdecimal():
                        raise ValueError(f"{path}:{line}: {value!r} is not a number")
                if did in rows:
                    raise ValueError(f"{path}:{line}: {did} is listed twice")
                rows[did] = (number, trunk)
        return cls(rows)

    def trunks(self) -> set[str]:
        """Every trunk that a row names."""
        return {trunk for _, trunk in self.rows.values() if trunk}
