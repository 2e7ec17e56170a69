"""Times of the week at which a route holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_PART = re.compile(r"(?:(Mo|Tu|We|Th|Fr|Sa|Su)(?:-(Mo|Tu|We|Th|Fr|Sa|Su))?)?\s*(?:(\d\d):(\d\d)-(\d\d):(\d\d))?")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Stretches of the week, each (days, first minute of the day, minute after the last)."""

    parts: tuple[tuple[frozenset[int], int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `Mo-Fr 08:00-18:00, Sa 09:00-12:00`; days or hours may be left out; empty text is always.

        A stretch such as `22:00-06:00` goes on after midnight into the next day. Raises ValueError for the operator.
        """
        parts: list[tuple[frozenset[int], int, int]] = []
        for piece in filter(None, (piece.strip() for piece in text.split(","))):
            found = _PART.fullmatch(piece)
            if not found:
                raise ValueError(f"{piece!r} is not a time such as 'Mo-Fr 08:00-18:00'")
            start, end = 0, 24 * 60
            if found[3]:
                start, end = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
                if not (start < 24 * 60 and end <= 24 * 60 and int(found[4]) < 60 and int(found[6]) < 60):
                    raise ValueError(f"{piece!r} has an hour past 24:00 or a minute past 59")
            days = _days(found[1], found[2])
            if start < end:
                parts.append((days, start, end))
            else:
                parts.append((days, start, 24 * 60))
                parts.append((frozenset((day + 1) % 7 for day in days), 0, end))
        return cls(tuple(parts))

    def holds(self, when: datetime) -> bool:
        """Whether local time `when` lies in one of the stretches; an empty schedule always holds."""
        if not self.parts:
            return True
        minute, day = when.hour * 60 + when.minute, when.weekday()
        return any(day in days and start <= minute < end for days, start, end in self.parts)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    start = _DAYS.index(first)
    end = _DAYS.index(last) if last else start
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))
