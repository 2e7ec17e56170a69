"""All findings of an analysis in the order of time: those of which there are many are made when they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, overload

import numpy as np
import numpy.typing as npt

from .model import Finding

OF_MARKS: Final = {2: ("release-before-acm",), 3: ("release-before-acm", "congestion"), 4: ("congestion",)}
"""What is found with a call of a block that has such a mark, and neither legs nor speech; 1 is for all other rules."""
_KINDS: Final = ("release-before-acm", "congestion")
Ints = npt.NDArray[np.int64]


class Findings(Sequence[Finding]):
    """Findings, the same each time they are read."""

    def __init__(
        self,
        of_calls: list[tuple[int, Finding]],
        marked: npt.NDArray[np.void],
        places: Ints,
        others: list[Finding],
        read: Callable[[int], list[Finding]],
        most: int,
    ) -> None:
        """`of_calls`: with the place of their calls in the order of all calls.

        `marked`: calls with marks of `OF_MARKS`, columns `number`, `mark` and `last`, the time of the last message;
        `places` are theirs in that order. `read` gives the findings of one by its number. At most `most` are kept.
        """
        self._few = [finding for _, finding in of_calls] + others
        self._read = read
        numbers, marks, time = marked["number"], marked["mark"], marked["last"]
        ranks, turns, times, where = [np.array([rank for rank, _ in of_calls], np.int64)], [], [], []
        turns.append(np.arange(len(of_calls)))
        times.append(np.array([finding.time or 0.0 for _, finding in of_calls], np.float64))
        where.append(np.arange(len(of_calls)))
        for turn, kind in enumerate(_KINDS):
            which = np.isin(marks, [mark for mark, kinds in OF_MARKS.items() if kind in kinds])
            ranks.append(places[which])
            turns.append(np.full(len(ranks[-1]), turn))
            times.append(time[which])
            where.append(-1 - (numbers[which] * len(_KINDS) + turn))
        order = np.lexsort((np.concatenate(turns), np.concatenate(ranks)))
        self.left_out = max(0, len(order) - most)
        """How many were not kept."""
        order = order[:most]
        kept = np.concatenate((np.concatenate(where)[order], len(of_calls) + np.arange(len(others))))
        moments = np.concatenate(
            (np.concatenate(times)[order], np.array([finding.time or 0.0 for finding in others], np.float64))
        )
        self._where: Ints = kept[np.argsort(moments, kind="stable")]
        """Places in `_few`, or -1 less the number of the call times that of kinds, plus that of the kind."""

    def __len__(self) -> int:
        return len(self._where)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> list[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | list[Finding]:
        if isinstance(index, slice):
            return [self._one(where) for where in self._where[index].tolist()]
        return self._one(int(self._where[index]))

    def __iter__(self) -> Iterator[Finding]:
        return map(self._one, self._where.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def kinds(self) -> Counter[str]:
        """How many there are of each kind, in the order in which they come first."""
        return Counter({kind: len(places) for kind, places in self._places().items()})

    def first(self, most: int) -> Iterator[Finding]:
        """The first so many of each kind, in order."""
        places = [place for several in self._places().values() for place in several[:most].tolist()]
        return (self._one(int(self._where[place])) for place in sorted(places))

    def _places(self) -> dict[str, Ints]:
        """Where those of each kind are, the kind that comes first before the others."""
        where = self._where
        of_calls = (-1 - where) % len(_KINDS)
        found = {kind: [np.flatnonzero((where < 0) & (of_calls == turn))] for turn, kind in enumerate(_KINDS)}
        few: dict[str, list[int]] = {}
        for place in np.flatnonzero(where >= 0).tolist():
            few.setdefault(self._few[where[place]].kind, []).append(place)
        for kind, places in few.items():
            found.setdefault(kind, []).append(np.array(places, np.int64))
        joined = {kind: np.sort(np.concatenate(places)) for kind, places in found.items()}
        return dict(sorted(((kind, one) for kind, one in joined.items() if len(one)), key=lambda item: int(item[1][0])))

    def _one(self, where: int) -> Finding:
        if where >= 0:
            return self._few[where]
        number, turn = divmod(-1 - where, len(_KINDS))
        (found,) = (finding for finding in self._read(number) if finding.kind == _KINDS[turn])
        return found
