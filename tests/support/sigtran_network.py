"""SIGTRAN machines joined by associations under a virtual clock.

An association has one name, known at both ends. It carries messages in order with `delay`; those of different streams
may overtake each other by `skew`. `fail` and `repair` cut and restore it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from tandem.core.sigtran.common import Message
from tandem.core.sigtran.primitives import CloseAssociation, SendMessage

STREAMS = 4


class SigtranNetwork:
    """Machines by name; `said` is what each said to its user and operator, `sent` every message on the wire."""

    def __init__(self, delay: float = 0.01, skew: float = 0.0) -> None:
        self.now = 0.0
        self.delay = delay
        self.skew = skew
        self.machines: dict[str, Any] = {}
        self.said: dict[str, list[Any]] = {}
        self.sent: list[tuple[str, SendMessage]] = []
        self.ends: dict[str, tuple[str, str]] = {}
        self.up: set[str] = set()
        self.drop: Callable[[str, SendMessage], bool] = lambda sender, message: False
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._generation: dict[str, int] = {}

    def add(self, name: str, machine: Any) -> Any:
        self.machines[name] = machine
        self.said[name] = []
        return machine

    def join(self, association: str, one: str, other: str, connect: bool = True) -> None:
        self.ends[association] = (one, other)
        if connect:
            self.repair(association)

    def repair(self, association: str) -> None:
        self.up.add(association)
        self._generation[association] = self._generation.get(association, 0) + 1
        for name in self.ends[association]:
            self.machines[name].connected(association, self.now, STREAMS)
        self.drain()

    def fail(self, association: str) -> None:
        self.up.discard(association)
        self._generation[association] += 1
        for name in self.ends[association]:
            self.machines[name].disconnected(association, self.now)
        self.drain()

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while (deadline := self._next()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            while self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
                self.drain()
            for machine in self.machines.values():
                machine.handle_timers(self.now)
            self.drain()
        self.now = until

    def take(self, name: str, *kinds: type) -> list[Any]:
        """What `name` said of `kinds` since it was last asked; the rest is forgotten."""
        said = [item for item in self.said[name] if not kinds or isinstance(item, kinds)]
        self.said[name].clear()
        return said

    def names(self, since: int = 0) -> list[str]:
        """Sender and type of the messages sent."""
        return [f"{sender}: {Message.parse(message.octets).name}" for sender, message in self.sent[since:]]

    def drain(self) -> None:
        busy = True
        while busy:
            busy = False
            for name, machine in self.machines.items():
                for output in machine.outputs():
                    busy = True
                    self._act(name, output)

    def _act(self, name: str, output: Any) -> None:
        if isinstance(output, SendMessage):
            self.sent.append((name, output))
            if output.association in self.up and not self.drop(name, output):
                self._carry(name, output)
        elif isinstance(output, CloseAssociation):
            self.said[name].append(output)
            if output.association in self.up:
                self.fail(output.association)
        else:
            self.said[name].append(output)

    def _carry(self, sender: str, message: SendMessage) -> None:
        one, other = self.ends[message.association]
        receiver = self.machines[other if sender == one else one]
        generation = self._generation[message.association]

        def deliver() -> None:
            if self._generation[message.association] == generation:
                receiver.receive(message.association, message.octets, message.stream, self.now)

        self._count += 1
        late = self.skew if message.stream == 0 else 0.0
        heapq.heappush(self._queue, (self.now + self.delay + late, self._count, deliver))

    def _next(self) -> float | None:
        deadlines = [machine.next_deadline() for machine in self.machines.values()]
        deadlines.append(self._queue[0][0] if self._queue else None)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)
