"""Two M2PA links joined by an association under a virtual clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from tandem.core.sigtran.primitives import SendMessage
from tandem.ss7.mtp2.primitives import LinkState, MessageReceived
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration
from tandem.ss7.sigtran.m2pa_messages import StatusMessage, UserData, parse_m2pa


class M2paPair:
    """`a` and `b`, what each told its level 3, and every message on the wire."""

    def __init__(self, delay: float = 0.01, skew: float = 0.0, **settings: Any) -> None:
        self.now = 0.0
        self.delay = delay
        self.skew = skew
        """How much later stream 0 arrives than stream 1."""
        self.a = M2paLink(M2paConfiguration("a", **settings))
        self.b = M2paLink(M2paConfiguration("b", **settings))
        self.links = (self.a, self.b)
        self.indications: tuple[list[object], list[object]] = ([], [])
        self.messages: tuple[list[bytes], list[bytes]] = ([], [])
        self.sent: list[tuple[int, int, UserData | StatusMessage]] = []
        """Sender, stream, message."""
        self.octets: list[SendMessage] = []
        self.drop: Callable[[int, UserData | StatusMessage], bool] = lambda side, message: False
        self._queue: list[tuple[float, int, int, bytes, int]] = []
        self._count = 0
        self._association = 0

    def connect(self) -> None:
        self._association += 1
        self._queue.clear()
        for link in self.links:
            link.connected(self.now)
        self.drain()

    def disconnect(self) -> None:
        self._queue.clear()
        for link in self.links:
            link.disconnected(self.now)
        self.drain()

    def start(self, emergency: bool = True) -> None:
        """Connect, start both ends and wait until they are in service."""
        self.connect()
        self.restart(emergency)

    def restart(self, emergency: bool = True) -> None:
        for link in self.links:
            link.set_emergency(emergency, self.now)
            link.start(self.now)
        self.drain()
        self.run_until(lambda: all(link.state is LinkState.IN_SERVICE for link in self.links))

    def drain(self) -> None:
        for side, link in enumerate(self.links):
            for output in link.outputs():
                if isinstance(output, SendMessage):
                    message = parse_m2pa(output.octets)
                    self.sent.append((side, output.stream, message))
                    self.octets.append(output)
                    if link.connected_now and not self.drop(side, message):
                        self._count += 1
                        late = self.delay + (self.skew if output.stream == 0 else 0.0)
                        heapq.heappush(
                            self._queue, (self.now + late, self._count, 1 - side, output.octets, output.stream)
                        )
                elif isinstance(output, MessageReceived):
                    self.messages[side].append(output.msu)
                else:
                    self.indications[side].append(output)

    def step(self, limit: float) -> None:
        deadlines = [link.next_deadline() for link in self.links]
        deadlines.append(self._queue[0][0] if self._queue else None)
        due = min((deadline for deadline in deadlines if deadline is not None), default=limit)
        if due > limit:
            self.now = limit
            return
        self.now = max(self.now, due)
        while self._queue and self._queue[0][0] <= self.now:
            _, _, side, octets, stream = heapq.heappop(self._queue)
            self.links[side].receive(octets, stream, self.now)
            self.drain()
        for link in self.links:
            link.handle_timers(self.now)
        self.drain()

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.step(end)

    def run_until(self, condition: Callable[[], bool], limit: float = 120.0) -> None:
        end = self.now + limit
        while not condition():
            assert self.now < end, f"not within {limit} s: {self.a.alignment}, {self.b.alignment}, {self.indications}"
            self.step(end)

    def send(self, side: int, *msus: bytes) -> None:
        for msu in msus:
            self.links[side].send(msu, self.now)
        self.drain()
