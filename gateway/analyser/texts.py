"""Many short texts as columns: where each stands in a few buffers, without an object for any of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from . import speed

_SPARE = 8 << 20
"""Octets of buffers that are kept whatever little of them is used."""
_MOST = 64
"""Buffers that texts which are kept may be in."""
Ints = npt.NDArray[np.int64]


class Texts:
    """n texts; immutable."""

    __slots__ = ("begin", "buffers", "end", "of")

    def __init__(self, buffers: list[bytes], of: npt.NDArray[np.int32], begin: Ints, end: Ints) -> None:
        """Text i is `buffers[of[i]][begin[i] : end[i]]`."""
        self.buffers = buffers
        self.of = of
        self.begin = begin
        self.end = end

    @classmethod
    def within(cls, buffer: bytes, begin: Ints, end: Ints) -> Self:
        """Those that stand in one buffer."""
        return cls([buffer], np.zeros(len(begin), np.int32), begin, end)

    @classmethod
    def made_of(cls, texts: Iterable[bytes]) -> Self:
        """Copies of these."""
        parts = list(texts)
        end = np.cumsum(np.array([len(part) for part in parts], np.int64))
        return cls.within(b"".join(parts), np.concatenate((np.zeros(1, np.int64), end))[: len(parts)], end)

    @classmethod
    def joined(cls, parts: list[Texts]) -> Texts:
        """All of them, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        buffers: list[bytes] = []
        of = []
        for part in parts:
            of.append(part.of + np.int32(len(buffers)))
            buffers += part.buffers
        if not parts:
            return cls.made_of(())
        return cls(
            buffers,
            np.concatenate(of),
            np.concatenate([part.begin for part in parts]),
            np.concatenate([part.end for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.of)

    def __getitem__(self, index: int) -> bytes:
        begin, end = int(self.begin[index]), int(self.end[index])
        return self.buffers[int(self.of[index])][begin:end]

    @property
    def size(self) -> Ints:
        """(n,) octets of each."""
        found: Ints = self.end - self.begin
        return found

    def some(self, which: Any) -> Texts:
        """Those at these places."""
        return Texts(self.buffers, self.of[which], self.begin[which], self.end[which])

    def tolist(self) -> list[bytes]:
        """All of them as objects."""
        buffers = self.buffers
        return [
            buffers[of][begin:end]
            for of, begin, end in zip(self.of.tolist(), self.begin.tolist(), self.end.tolist(), strict=True)
        ]

    def compact(self) -> Texts:
        """The same in one buffer of its own."""
        if len(self.buffers) == 1 and len(self.buffers[0]) <= int(self.size.sum()):
            return self
        size = self.size
        end = np.cumsum(size)
        return Texts.within(self.together(), end - size, end)

    def together(self) -> bytes:
        """The octets of all, one behind the other."""
        if speed.speedups is None:
            return b"".join(self.tolist())
        found: bytes = speed.speedups.gathered(self.buffers, self.of, self.begin, self.end)
        return found

    def lean(self) -> Texts:
        """The same, without the buffers that are mostly of other use: what is in these goes to one of their own."""
        if len(self.buffers) > _MOST:
            return self.compact()
        size = self.size
        if sum(map(len, self.buffers)) <= _SPARE + 2 * int(size.sum()):
            return self
        used = np.bincount(self.of, size, len(self.buffers)).tolist()
        poor = np.array([len(buffer) > 2 * octets for buffer, octets in zip(self.buffers, used, strict=True)])
        buffers = [buffer for buffer, spare in zip(self.buffers, poor.tolist(), strict=True) if not spare]
        moved = np.flatnonzero(poor[self.of])
        of = np.where(poor, len(buffers), np.cumsum(~poor) - 1).astype(np.int32)[self.of]
        begin, end = self.begin.copy(), self.end.copy()
        end[moved] = np.cumsum(size[moved])
        begin[moved] = end[moved] - size[moved]
        return Texts([*buffers, self.some(moved).together()], of, begin, end)

    def __getstate__(self) -> tuple[Any, ...]:
        small = self.compact()
        buffer, begin, end = small.buffers[0], small.begin, small.end
        if len(begin) and begin[0] == 0 and len(buffer) < 1 << 32 and (begin[1:] == end[:-1]).all():
            # One behind the other: their sizes tell the places.
            return buffer, (end - begin).astype(np.uint32)
        return buffer, begin, end

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        buffer, *places = state
        if len(places) == 1:
            self.end = np.cumsum(places[0].astype(np.int64))
            self.begin = self.end - places[0]
        else:
            self.begin, self.end = places
        self.buffers, self.of = [buffer], np.zeros(len(self.begin), np.int32)
