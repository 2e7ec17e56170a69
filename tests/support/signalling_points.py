"""Signalling points joined by links whose level 2 is a stand-in, under a virtual clock.

A link aligns `ALIGNMENT` seconds after both ends were told to start, carries messages in order with `DELAY`, and is
down while it is in `cut`; its ends report that. It numbers messages, keeps those sent last, and gives them back.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import (
    FlushBuffers,
    Output,
    RetrieveBsnt,
    RetrieveMessages,
    SendMessage,
    StartLink,
    StopLink,
)

ALIGNMENT = 1.0
DELAY = 0.01
#: Messages under way at most, and messages kept behind them although they have arrived.
WINDOW, DOUBT = 20, 5
PATIENCE = 5.0
"""How long an end that aligns alone waits before it reports failure."""


@dataclass
class _End:
    point: str
    link: int
    started: bool = False
    in_service: bool = False
    generation: int = 0
    accepted: int = -1
    """Number of the last message accepted, counted from 0 and on (on the wire modulo 128)."""
    count: int = 0
    """Messages numbered so far."""
    kept: deque = field(default_factory=deque)
    """(number, message) of those sent last: in doubt, like ones whose acknowledgement has not come."""
    waiting: deque = field(default_factory=deque)
    """Messages without a number, because `WINDOW` of them are under way."""

    def restart(self) -> None:
        self.started, self.in_service = True, False
        self.generation += 1
        self.accepted, self.count = -1, 0
        self.kept.clear()
        self.waiting.clear()

    def retrieve(self, fsnc: int | None) -> tuple[bytes, ...]:
        numbers = [number & 127 for number, _ in self.kept]
        messages = [msu for _, msu in self.kept]
        if fsnc is None:
            messages = []
        elif fsnc in numbers:
            messages = messages[numbers.index(fsnc) + 1 :]
        messages += self.waiting
        self.kept.clear()
        self.waiting.clear()
        return tuple(messages)


@dataclass
class Network:
    """Points by name, and links between two of them."""

    points: dict[str, SignallingPoint]
    now: float = 0.0
    cut: set[int] = field(default_factory=set)
    drop: Callable[[str, int, bytes], bool] = lambda point, link, msu: False
    """Whether a message that `point` sends on `link` is lost."""
    delays: dict[int, float] = field(default_factory=dict)
    """Of links that differ from `DELAY`."""
    outputs: dict[str, list[Output]] = field(default_factory=dict)
    """What each point said to its users and operator, and sent (SendMessage)."""

    commands: dict[str, list[Output]] = field(default_factory=dict)
    """What each point told its links, but for messages."""

    def __post_init__(self) -> None:
        self._ends: dict[tuple[str, int], tuple[_End, _End]] = {}
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.outputs = {name: [] for name in self.points}
        self.commands = {name: [] for name in self.points}

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

    def fade(self, link: int, *notice: float) -> None:
        """Cut link `link`; its ends notice after so many seconds each."""
        self.cut.add(link)
        ends = [end for (_, number), (end, _) in self._ends.items() if number == link]
        for end, delay in zip(ends, notice, strict=True):
            self._later(delay, lambda end=end, at=end.generation: self._notice(end, at))

    def _notice(self, end: _End, generation: int) -> None:
        if end.in_service and end.generation == generation:
            end.in_service = end.started = False
            self.event(end.point, end.link, mtp2.LinkOutOfService("cut by the test"))

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
        if isinstance(output, StartLink | StopLink | RetrieveBsnt | RetrieveMessages | FlushBuffers):
            self.commands[name].append(output)
        match output:
            case StartLink(link):
                end, peer = self._ends[name, link]
                end.restart()
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
                    end.waiting.append(msu)
                    self._transmit(end, peer)
            case FlushBuffers(link):
                self._ends[name, link][0].waiting.clear()
            case RetrieveBsnt(link):
                end = self._ends[name, link][0]
                self.points[name].link_event(link, mtp2.RetrievedBsnt(end.accepted & 127), self.now)
            case RetrieveMessages(link, fsnc):
                end = self._ends[name, link][0]
                assert not end.in_service
                self.points[name].link_event(link, mtp2.RetrievedMessages(end.retrieve(fsnc)), self.now)
            case _:
                self.outputs[name].append(output)

    def _transmit(self, end: _End, peer: _End) -> None:
        while end.waiting and end.in_service and end.count - 1 - peer.accepted < WINDOW:
            number, msu = end.count, end.waiting.popleft()
            end.count += 1
            end.kept.append((number, msu))
            while end.kept[0][0] < peer.accepted - DOUBT:
                end.kept.popleft()
            self._later(
                self.delays.get(end.link, DELAY),
                lambda at=peer.generation, n=number, m=msu: self._deliver(end, peer, at, n, m),
            )

    def _deliver(self, end: _End, peer: _End, generation: int, number: int, msu: bytes) -> None:
        in_order = peer.accepted == number - 1
        if peer.in_service and peer.generation == generation and in_order and peer.link not in self.cut:
            peer.accepted = number
            self.event(peer.point, peer.link, mtp2.MessageReceived(msu))
            self._transmit(end, peer)

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
