"""Signalling points joined by links whose level 2 is a stand-in, under a virtual clock.

A link aligns `ALIGNMENT` seconds after both ends were told to start, carries messages in order with `DELAY`, and is
down while it is in `cut`; its ends report that.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import (
    Output,
    SendMessage,
    StartLink,
    StopLink,
)

ALIGNMENT = 1.0
DELAY = 0.01
PATIENCE = 5.0
"""How long an end that aligns alone waits before it reports failure."""


@dataclass
class _End:
    point: str
    link: int
    started: bool = False
    in_service: bool = False
    generation: int = 0


@dataclass
class Network:
    """Points by name, and links between two of them."""

    points: dict[str, SignallingPoint]
    now: float = 0.0
    cut: set[int] = field(default_factory=set)
    drop: Callable[[str, int, bytes], bool] = lambda point, link, msu: False
    """Whether a message that `point` sends on `link` is lost."""
    outputs: dict[str, list[Output]] = field(default_factory=dict)
    """What each point said to its users and operator, and sent (SendMessage)."""

    def __post_init__(self) -> None:
        self._ends: dict[tuple[str, int], tuple[_End, _End]] = {}
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.outputs = {name: [] for name in self.points}

    def join(self, one: str, other: str, link: int) -> None:
        """Connect link `link` of one point with the same number of another."""
        ends = (_End(one, link), _End(other, link))
        self._ends[one, link] = ends
        self._ends[other, link] = ends[::-1]

    def start(self) -> None:
        for point in self.points.values():
            point.start(self.now)
        self.drain()

    def run(self, until: float) -> None:
        """Let time pass, from one deadline to the next."""
        while (deadline := self._next()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            while self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
                self.drain()
            for point in self.points.values():
                point.handle_timers(self.now)
            self.drain()
        self.now = until

    def fail(self, link: int) -> None:
        """Cut link `link`: both ends report failure."""
        self.cut.add(link)
        for (point, number), (end, _) in list(self._ends.items()):
            if number == link and end.in_service:
                end.in_service = end.started = False
                self.event(point, link, mtp2.LinkOutOfService("cut by the test"))

    def repair(self, link: int) -> None:
        self.cut.discard(link)
        self._consider(*next(ends for (_, number), ends in self._ends.items() if number == link))

    def event(self, point: str, link: int, primitive: mtp2.Indication) -> None:
        self.points[point].link_event(link, primitive, self.now)
        self.drain()

    def take(self, point: str) -> list[Output]:
        """What `point` has said since it was last asked."""
        taken = self.outputs[point][:]
        self.outputs[point].clear()
        return taken

    def drain(self) -> None:
        busy = True
        while busy:
            busy = False
            for name, point in self.points.items():
                for output in point.outputs():
                    busy = True
                    self._act(name, output)

    def _act(self, name: str, output: Output) -> None:
        match output:
            case StartLink(link):
                end, peer = self._ends[name, link]
                end.started, end.in_service = True, False
                end.generation += 1
                self._later(PATIENCE, lambda generation=end.generation: self._give_up(end, generation))
                self._consider(end, peer)
            case StopLink(link):
                end, peer = self._ends[name, link]
                end.started = end.in_service = False
                if peer.in_service:
                    peer.started = peer.in_service = False
                    gone = mtp2.LinkOutOfService("SIOS received")
                    self._later(DELAY, lambda: self.event(peer.point, link, gone))
            case SendMessage(link, msu):
                self.outputs[name].append(output)
                end, peer = self._ends[name, link]
                if end.in_service and not self.drop(name, link, msu):
                    self._later(DELAY, lambda: self._deliver(peer, msu))
            case _:
                self.outputs[name].append(output)

    def _deliver(self, end: _End, msu: bytes) -> None:
        if end.in_service:
            self.event(end.point, end.link, mtp2.MessageReceived(msu))

    def _consider(self, end: _End, peer: _End) -> None:
        if end.started and peer.started and end.link not in self.cut:
            self._later(ALIGNMENT, lambda: self._align(end, peer))

    def _align(self, end: _End, peer: _End) -> None:
        if end.started and peer.started and end.link not in self.cut:
            for side in (end, peer):
                if not side.in_service:
                    side.in_service = True
                    self.event(side.point, side.link, mtp2.LinkInService())

    def _give_up(self, end: _End, generation: int) -> None:
        if end.started and not end.in_service and end.generation == generation:
            end.started = False
            self.event(end.point, end.link, mtp2.LinkOutOfService("T2 expired"))

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay, self._count, action))

    def _next(self) -> float | None:
        deadlines = [point.next_deadline() for point in self.points.values()]
        deadlines += [self._queue[0][0] if self._queue else None]
        known = [deadline for deadline in deadlines if deadline is not None]
        return min(known) if known else None
