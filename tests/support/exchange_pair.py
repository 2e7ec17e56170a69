"""Two exchanges of a telephone user part back to back in virtual time, over a network that delays, loses and fails.

Messages of one direction keep their order. Each end has a call control that checks what an exchange promises: a
call number is offered once, released at most once, cleared exactly once, and silent after its release.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class End:
    """An exchange, the group `g` of its circuits, and a call control that keeps the books."""

    exchange: Any
    own: int
    peer: int
    alive: dict[int, int] = field(default_factory=dict)
    """Calls not cleared -> CIC."""
    released: set[int] = field(default_factory=set)
    """Calls that either side of the exchange has released."""
    heard: list[Any] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)
    """Messages, or messages with their circuits, as the user part has them."""
    known: set[int] = field(default_factory=set)

    def book(self, output: Any) -> None:
        """Check an output against the life of its call."""
        self.heard.append(output)
        call = getattr(output, "call", None)
        match type(output).__name__:
            case "IncomingCall":
                assert call not in self.known, "call number used twice"
                self.known.add(call)
                self.alive[call] = output.cic
            case "CallReleased":
                assert call in self.alive
                assert call not in self.released, "released twice"
                self.released.add(call)
            case "CircuitChanged":
                assert self.alive[call] == output.old_cic
                assert call not in self.released
                self.alive[call] = output.new_cic
            case "CallCleared":
                assert call in self.released, "cleared without release"
                assert self.alive.pop(call) == output.cic, "cleared on another circuit"
            case _ if call is not None:
                assert call in self.alive
                assert call not in self.released, f"{output} after release"

    def adopt(self, call: int | None) -> int | None:
        """Keep the books of a call of our own."""
        if call is not None:
            assert call not in self.known
            self.known.add(call)
            self.alive[call] = self.exchange.circuit_of(call)
        return call

    def release(self, call: int, now: float, cause: int = 16) -> None:
        if call in self.alive and call not in self.released:
            self.released.add(call)
            self.exchange.release(call, cause, now)

    def take(self, kind: type) -> list[Any]:
        """Outputs of a kind heard so far; they are forgotten."""
        found = [item for item in self.heard if isinstance(item, kind)]
        self.heard = [item for item in self.heard if not isinstance(item, kind)]
        return found


class ExchangePair:
    """Ends `a` and `b` with a group `g` each, on the same circuits."""

    def __init__(self, a: End, b: End, transfer: type, parse: Callable[[Any], Any], *, start: bool = True) -> None:
        """`transfer` is the output that goes to MTP, `parse` reads the message in it."""
        self.now = 0.0
        self.a, self.b = a, b
        self.delay: Callable[[], float] = lambda: 0.01
        self.drop: Callable[[End, Any], bool] = lambda end, message: False
        self.connected = True
        self.on_output: Callable[[End, Any], None] = lambda end, output: None
        self._transfer, self._parse = transfer, parse
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._last_arrival = {a.own: 0.0, b.own: 0.0}
        if start:
            self.resume()
            self.run(1.0)

    def at(self, delay: float, action: Callable[[], None]) -> None:
        """Do something `delay` seconds from now."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay, self._count, action))

    def resume(self) -> None:
        """The signalling network works."""
        self.connected = True
        for end in (self.a, self.b):
            end.exchange.resume(end.peer, self.now)
        self.drain()

    def pause(self) -> None:
        """The signalling network fails; both ends learn of it."""
        self.connected = False
        for end in (self.a, self.b):
            end.exchange.pause(end.peer, self.now)
        self.drain()

    def other(self, end: End) -> End:
        return self.b if end is self.a else self.a

    def drain(self) -> None:
        """Act on all outputs."""
        again = True
        while again:
            again = False
            for end in (self.a, self.b):
                for output in end.exchange.outputs():
                    again = True
                    if isinstance(output, self._transfer):
                        self._carry(end, output)
                    else:
                        end.book(output)
                        self.on_output(end, output)

    def _carry(self, end: End, transfer: Any) -> None:
        message = self._parse(transfer)
        assert transfer.sls == message.cic & 0xF
        assert (transfer.opc, transfer.dpc) == (end.own, end.peer)
        end.sent.append(message)
        if not self.connected or self.drop(end, message):
            return
        arrival = max(self._last_arrival[end.own], self.now + self.delay())
        self._last_arrival[end.own] = arrival
        target = self.other(end).exchange

        def deliver() -> None:
            if self.connected:
                target.receive(transfer.opc, transfer.dpc, transfer.sls, transfer.octets, self.now)

        self._count += 1
        heapq.heappush(self._queue, (arrival, self._count, deliver))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end_of_run = self.now + seconds
        self.drain()
        steps = 0
        while True:
            times = [t for e in (self.a, self.b) if (t := e.exchange.next_deadline()) is not None]
            if self._queue:
                times.append(self._queue[0][0])
            due = min(times, default=end_of_run)
            if due > end_of_run:
                break
            steps += 1
            assert steps < 200_000, "the exchanges talk without end"
            self.now = max(self.now, due)
            while self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
                self.drain()
            for end in (self.a, self.b):
                end.exchange.handle_timers(self.now)
            self.drain()
            if due == end_of_run and not times:
                break
        self.now = end_of_run

    def forget(self) -> None:
        """Forget what was sent and heard so far."""
        for end in (self.a, self.b):
            end.sent.clear()
            end.heard.clear()

    def agreed(self, idle: Any, mirrored: Callable[[Any], Any]) -> None:
        """Every circuit idle at both ends, both ends of one mind about blocking, no call left."""
        for end in (self.a, self.b):
            assert not end.alive
            assert not end.exchange.calls()
        there = self.b.exchange.circuit_states("g")
        for cic, view in self.a.exchange.circuit_states("g").items():
            assert view.status is idle, (cic, view)
            assert there[cic].status is idle, (cic, there[cic])
            assert there[cic].blocking == mirrored(view.blocking), (cic, view.blocking, there[cic].blocking)
