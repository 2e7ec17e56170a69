"""Named deadlines without a clock."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


def earliest(*deadlines: float | None) -> float | None:
    """The first of several deadlines, None being none."""
    return min((deadline for deadline in deadlines if deadline is not None), default=None)


class TimerTable(Generic[Key]):
    """Timers by key; starting one that runs restarts it.

    Every operation is O(log n) or better, so that one table can hold the timers of thousands of calls.
    A stopped timer stays in the heap until it surfaces (lazy deletion); `_generation` tells stale entries apart.
    """

    __slots__ = ("_generation", "_heap", "_live")

    def __init__(self) -> None:
        self._live: dict[Key, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._generation = 0

    def start(self, key: Key, deadline: float) -> None:
        """Start or restart `key` to expire at the absolute time `deadline` (seconds)."""
        self._generation += 1
        self._live[key] = (deadline, self._generation)
        heapq.heappush(self._heap, (deadline, self._generation, key))
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._live):
            self._compact()

    def stop(self, key: Key) -> bool:
        """Stop `key`; True when it was running."""
        return self._live.pop(key, None) is not None

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
            deadline, generation, key = heap[0]
            if self._live.get(key) == (deadline, generation):
                return deadline
            heapq.heappop(heap)
        return None

    def expired(self, now: float) -> Iterator[Key]:
        """Yield each key due at `now`, earliest first, stopping it before it is yielded.

        Timers may be started and stopped while iterating; one started with a deadline not after `now` is yielded too.
        """
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            key = heapq.heappop(self._heap)[2]
            del self._live[key]
            yield key

    def clear(self) -> None:
        """Stop every timer."""
        self._live.clear()
        self._heap.clear()

    def __len__(self) -> int:
        return len(self._live)

    def _compact(self) -> None:
        self._heap = [(deadline, generation, key) for key, (deadline, generation) in self._live.items()]
        heapq.heapify(self._heap)
