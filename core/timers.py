"""Named deadlines without a clock."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from heapq import heapify, heappop, heappush
from math import inf
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from tandem.core.compiled import compiled

Key = TypeVar("Key", bound=Hashable)
_Entry = list[Any]


def earliest(*deadlines: float | None) -> float | None:
    """The first of several deadlines, None being none."""
    first = None
    for deadline in deadlines:
        if deadline is not None and (first is None or deadline < first):
            first = deadline
    return first


class Agenda:
    """How soon a timer of any of several tables may be due, so that their owner need not ask each of them.

    It is a bound: a timer that starts moves it forward, one that is stopped leaves it. The owner, who comes too early
    now and then, sets it anew from the tables.
    """

    __slots__ = ("due",)

    def __init__(self, due: float = inf) -> None:
        self.due = due
        """No timer is due before this time, in seconds."""


_NOBODY: Final = Agenda(-inf)


class TimerTable(Generic[Key]):
    """Timers by key; starting one that runs restarts it.

    Every operation is O(log n) or better, so that one table can hold the timers of thousands of calls.
    A stopped timer stays in the heap until it surfaces (lazy deletion), marked by its last item and without its key,
    which may hold all of a call.
    """

    __slots__ = ("_agenda", "_heap", "_live", "_number")

    def __init__(self) -> None:
        self._live: dict[Key, _Entry] = {}
        self._heap: list[_Entry] = []
        """[deadline, number, key (None once stopped), whether it runs]; numbers differ, so keys are never compared."""
        self._number = 0
        self._agenda = _NOBODY

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of every timer that is started, and of those that run."""
        self._agenda = agenda
        if (deadline := self.next_deadline()) is not None:
            agenda.due = min(agenda.due, deadline)

    def start(self, key: Key, deadline: float) -> None:
        """Start or restart `key` to expire at the absolute time `deadline` (seconds)."""
        self._number += 1
        live, heap = self._live, self._heap
        former = live.get(key)
        if former is not None:
            former[2:] = None, False
        entry = [deadline, self._number, key, True]
        live[key] = entry
        heappush(heap, entry)
        if deadline < self._agenda.due:
            self._agenda.due = deadline
        if len(heap) > 64 and len(heap) > 4 * len(live):
            self._compact()

    def stop(self, key: Key) -> bool:
        """Stop `key`; True when it was running."""
        entry = self._live.pop(key, None)
        if entry is None:
            return False
        entry[2:] = None, False
        return True

    def is_running(self, key: Key) -> bool:
        """Whether `key` was started and has neither expired nor been stopped."""
        return key in self._live

    def deadline(self, key: Key) -> float | None:
        """When `key` expires, or None when it does not run."""
        entry = self._live.get(key)
        return None if entry is None else entry[0]

    def next_deadline(self) -> float | None:
        """The earliest deadline, or None when no timer runs."""
        heap = self._heap
        while heap:
            entry = heap[0]
            if entry[3]:
                return entry[0]  # type: ignore[no-any-return]
            heappop(heap)
        return None

    def expired(self, now: float) -> Iterator[Key]:
        """Yield each key due at `now`, earliest first, stopping it before it is yielded.

        Timers may be started and stopped while iterating; one started with a deadline not after `now` is yielded too.
        """
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            key = heappop(self._heap)[2]
            del self._live[key]
            yield key

    def clear(self) -> None:
        """Stop every timer."""
        self._live.clear()
        self._heap.clear()

    def __len__(self) -> int:
        return len(self._live)

    def _compact(self) -> None:
        self._heap = [*self._live.values()]
        heapify(self._heap)


#: Both as they stand here, which is what runs where nothing was compiled.
IN_PYTHON: Final = (Agenda, TimerTable)

_speedups: Final = compiled("tandem.core")
if not TYPE_CHECKING and _speedups is not None:
    Agenda, TimerTable = _speedups.Agenda, _speedups.TimerTable
