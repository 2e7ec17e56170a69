"""A table of rows by number that does not stay in memory: pages of it, of which the last used ones are kept."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

PAGE: Final = 4096
"""Rows of a page."""
IN_MEMORY: Final = 40
"""Pages in memory; what is used together has neighbouring numbers."""
_SHIFT: Final = PAGE.bit_length() - 1

Ints = npt.NDArray[np.int64]
Entries = npt.NDArray[np.void]


class Pages:
    """Rows of zeros until they are written to; numbers are at least 0."""

    def __init__(self, columns: list[tuple[str, str]]) -> None:
        self._kind = np.dtype(columns)
        self._cached: OrderedDict[int, Entries] = OrderedDict()
        self._changed: set[int] = set()
        self._places: dict[int, int] = {}
        """Where in the file each page is."""
        self._file: IO[bytes] | None = None

    def put(self, numbers: Ints, **columns: Any) -> None:
        """Write to some columns of the rows with these numbers."""
        for page, at, which in _by_page(numbers):
            rows = self._page(page, True)
            for name, column in columns.items():
                rows[name][at] = column[which] if isinstance(column, np.ndarray) else column

    def get(self, numbers: Ints) -> Entries:
        """Copies of the rows with these numbers."""
        found: Entries = np.empty(len(numbers), self._kind)
        for page, at, which in _by_page(numbers):
            found[which] = self._page(page)[at]
        return found

    def row(self, number: int, change: bool = False) -> np.void:
        """The row with a number, to be read or, with `change`, written to at once."""
        found: np.void = self._page(number >> _SHIFT, change)[number & PAGE - 1]
        return found

    def __contains__(self, number: int) -> bool:
        return number >> _SHIFT in self._places

    def __iter__(self) -> Iterator[tuple[int, Entries]]:
        """The number of the first row of each page, and the page, which is to be read at once and not changed."""
        for page in sorted(self._places):
            yield page << _SHIFT, self._page(page)

    def close(self) -> None:
        """Give the temporary file back."""
        if self._file is not None:
            self._file.close()

    def _page(self, page: int, change: bool = False) -> Entries:
        found = self._cached.get(page)
        if found is None:
            found = self._cached[page] = self._read(page)
            if len(self._cached) > IN_MEMORY:
                self._let_go()
        else:
            self._cached.move_to_end(page)
        if change:
            self._changed.add(page)
        return found

    def _read(self, page: int) -> Entries:
        place = self._places.setdefault(page, len(self._places))
        size = PAGE * self._kind.itemsize
        octets = b"" if self._file is None else os.pread(self._file.fileno(), size, place * size)
        # A page that was never written out lies behind the end of the file, or in a hole of it.
        found: Entries = np.frombuffer(bytearray(octets.ljust(size, b"\0")), self._kind)
        return found

    def _let_go(self) -> None:
        page, rows = self._cached.popitem(last=False)
        if page in self._changed:
            self._changed.discard(page)
            if self._file is None:
                from tempfile import TemporaryFile

                self._file = TemporaryFile()  # noqa: SIM115 - lives as long as this
            octets = rows.tobytes()
            os.pwrite(self._file.fileno(), octets, self._places[page] * len(octets))


def _by_page(numbers: Ints) -> Iterator[tuple[int, Ints, Ints | slice]]:
    """Of each page: which, places in it, and the places in `numbers` of these."""
    if not len(numbers):
        return
    pages = numbers >> _SHIFT
    if pages[0] == pages[-1] and (pages == pages[0]).all():
        yield int(pages[0]), numbers & PAGE - 1, slice(None)
        return
    order = np.argsort(pages, kind="stable")
    for which in np.split(order, np.flatnonzero(np.diff(pages[order])) + 1):
        yield int(pages[which[0]]), numbers[which] & PAGE - 1, which
