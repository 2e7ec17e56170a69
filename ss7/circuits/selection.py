"""Selection of an idle circuit for an outgoing call: Q.764 2.9.1.4, Q.724 2. Every operation is O(log n) or better."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import Generic, Literal, Protocol, TypeVar

Selection = Literal["oldest-idle", "lowest", "highest"]


class Selectable(Protocol):
    """What selection needs to know of a circuit."""

    @property
    def cic(self) -> int:
        """Circuit identification code."""
        ...

    @property
    def controlled(self) -> bool:
        """Whether we win dual seizure of it."""
        ...


CircuitT = TypeVar("CircuitT", bound=Selectable)


class CircuitPool(Protocol[CircuitT]):
    """The circuits of a group that may be seized now: idle, reset, not blocked."""

    def add(self, circuit: CircuitT) -> None:
        """The circuit may be seized from now on."""
        ...

    def discard(self, circuit: CircuitT) -> None:
        """The circuit may not be seized; nothing happens when it was not in the pool."""
        ...

    def take(self) -> CircuitT | None:
        """Choose a circuit and remove it from the pool; None when there is none."""
        ...

    def __contains__(self, circuit: CircuitT) -> bool: ...

    def __len__(self) -> int: ...


class OldestIdlePool(Generic[CircuitT]):
    """Method 2 of Q.764 2.9.1.4.

    Of the circuits that we control the one idle for longest, else of those that the peer controls the one released
    last: so both ends avoid each other's next choice.
    """

    __slots__ = ("_controlled", "_others")

    def __init__(self) -> None:
        self._controlled: OrderedDict[CircuitT, None] = OrderedDict()
        self._others: OrderedDict[CircuitT, None] = OrderedDict()

    def add(self, circuit: CircuitT) -> None:
        """See CircuitPool; a circuit already in the pool keeps its place."""
        (self._controlled if circuit.controlled else self._others)[circuit] = None

    def discard(self, circuit: CircuitT) -> None:
        """See CircuitPool."""
        (self._controlled if circuit.controlled else self._others).pop(circuit, None)

    def take(self) -> CircuitT | None:
        """See CircuitPool."""
        if self._controlled:
            return self._controlled.popitem(last=False)[0]
        return self._others.popitem(last=True)[0] if self._others else None

    def __contains__(self, circuit: CircuitT) -> bool:
        return circuit in self._controlled or circuit in self._others

    def __len__(self) -> int:
        return len(self._controlled) + len(self._others)


class SequentialPool(Generic[CircuitT]):
    """Method 1 of Q.764 2.9.1.4: always from one end of the group; the peer must start from the other."""

    __slots__ = ("_heap", "_idle", "_queued", "_sign")

    def __init__(self, highest_first: bool) -> None:
        self._sign = -1 if highest_first else 1
        self._idle: dict[int, CircuitT] = {}
        self._heap: list[int] = []
        self._queued: set[int] = set()  # what the heap holds; a circuit taken out stays there until it surfaces

    def add(self, circuit: CircuitT) -> None:
        """See CircuitPool."""
        self._idle[circuit.cic] = circuit
        if circuit.cic not in self._queued:
            self._queued.add(circuit.cic)
            heapq.heappush(self._heap, self._sign * circuit.cic)

    def discard(self, circuit: CircuitT) -> None:
        """See CircuitPool."""
        self._idle.pop(circuit.cic, None)

    def take(self) -> CircuitT | None:
        """See CircuitPool."""
        while self._heap:
            cic = self._sign * heapq.heappop(self._heap)
            self._queued.discard(cic)
            if circuit := self._idle.pop(cic, None):
                return circuit
        return None

    def __contains__(self, circuit: CircuitT) -> bool:
        return circuit.cic in self._idle

    def __len__(self) -> int:
        return len(self._idle)


def circuit_pool(selection: Selection) -> CircuitPool[CircuitT]:
    """The pool for a configured way of selection."""
    return OldestIdlePool() if selection == "oldest-idle" else SequentialPool(selection == "highest")
