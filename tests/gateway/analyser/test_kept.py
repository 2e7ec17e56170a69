from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tandem.gateway.analyser.kept import Kept


@dataclass(slots=True)
class Columns(Kept):
    LATER: ClassVar[frozenset[str]] = frozenset({"other"})
    one: Any
    other: Any


def test_columns_come_back_and_are_read_when_they_are_needed():
    columns = Columns(np.array([1, 1 << 40]), np.array([0, 7]))
    first, rest = columns.parts()
    calls = []
    found = Columns.made_of(first, lambda: calls.append(1) or rest)
    assert (found.one.tolist(), calls) == ([1, 1 << 40], [])
    found.complete()
    found.complete()
    assert (found.other.tolist(), found.other.dtype, calls) == ([0, 7], np.uint32, [1])


def test_numbers_below_zero_and_none_at_all_stay_as_they_are():
    first, rest = Columns(np.array([-1, 5]), np.zeros(0, np.int64)).parts()
    found = Columns.made_of(first, lambda: rest)
    found.complete()
    assert (found.one.tolist(), found.other.tolist()) == ([-1, 5], [])
