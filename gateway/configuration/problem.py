"""A mistake in the configuration, and how it is worded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Problem(NamedTuple):
    """One mistake: the path of the key such as `trunk[1].circuits[0].span`, and what would be right."""

    path: str
    text: str


def suggestion(word: str, known: Iterable[str], otherwise: str) -> str:
    """`did you mean 'x'?` when something in `known` is close to `word`, else `otherwise` with all of it."""
    known = list(known)
    close = difflib.get_close_matches(word, known, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else f"{otherwise} {', '.join(known) or 'none'}"


def unknown_name(path: str, name: str, names: Iterable[str], table: str) -> Iterator[Problem]:
    """A problem when `name` is not among `names`, the names of the tables [[`table`]]."""
    names = list(names)
    if name not in names:
        yield Problem(path, f"no [[{table}]] is named {name!r}; {suggestion(name, names, 'there are:')}")


def duplicates(path: str, names: Iterable[str]) -> Iterator[Problem]:
    """A problem for each of `names`, those of the tables of the array `path`, that is empty or taken."""
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name:
            yield Problem(f"{path}[{index}].name", "is empty; give it a name")
        elif name in seen:
            yield Problem(f"{path}[{index}].name", f"{name!r} is already the name of {path}[{seen[name]}]")
        seen.setdefault(name, index)
