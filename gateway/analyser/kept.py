"""Blocks of calls on their way to a temporary file and back: what the table shows apart from what only records have."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final, Self

import numpy as np

_WIDE: Final = np.iinfo(np.uint32).max


@dataclass(slots=True)
class Kept:
    """A block; its fields are columns."""

    LATER: ClassVar[frozenset[str]]
    """The columns that the table does not show: without value until `complete` was called."""
    rest: Callable[[], bytes] | None = field(default=None, kw_only=True, compare=False, repr=False)
    """Reads the columns of `LATER`, which are not here yet."""

    def parts(self) -> tuple[bytes, bytes]:
        """The columns that the table shows, and the others; counts in 32 bits where they fit."""
        first, rest = (
            pickle.dumps([_narrow(getattr(self, name)) for name in names], 5)
            for names in (self._names(False), self._names(True))
        )
        return first, rest

    @classmethod
    def made_of(cls, first: bytes, rest: Callable[[], bytes]) -> Self:
        """The block of these parts, which this process wrote; `rest` is called when the second one is needed."""
        block = cls.__new__(cls)
        for one in fields(cls):
            if one.kw_only:
                setattr(block, one.name, one.default)
        for name, value in zip(cls._names(False), pickle.loads(first), strict=True):
            setattr(block, name, value)
        block.rest = rest
        return block

    def complete(self) -> None:
        """All columns have their values from here on."""
        if self.rest is not None:
            values = pickle.loads(self.rest())
            self.rest = None
            for name, value in zip(self._names(True), values, strict=True):
                setattr(self, name, value)

    @classmethod
    def _names(cls, later: bool) -> list[str]:
        return [one.name for one in fields(cls) if one.init and not one.kw_only and (one.name in cls.LATER) is later]


def _narrow(column: Any) -> Any:
    if not isinstance(column, np.ndarray) or column.dtype != np.int64 or not len(column):
        return column
    return column.astype(np.uint32) if column.min() >= 0 and column.max() <= _WIDE else column
