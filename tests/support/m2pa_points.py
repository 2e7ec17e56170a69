"""Signalling points (MTP level 3, as it is) joined by M2PA links under a virtual clock."""

from __future__ import annotations

import heapq
from typing import Any

from tandem.core.sigtran.primitives import SendMessage
from tandem.ss7.mtp3 import primitives as mtp3
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration


class M2paPoints:
    """Two points, `a` and `b`, with links of the same numbers at both ends."""

    def __init__(self, points: tuple[SignallingPoint, SignallingPoint], links: tuple[int, ...], delay: float = 0.01):
        self.now = 0.0
        self.delay = delay
        self.points = points
        self.links = [{number: M2paLink(M2paConfiguration(str(number))) for number in links} for _ in points]
        self.said: tuple[list[Any], list[Any]] = ([], [])
        self._queue: list[tuple[float, int, int, int, bytes, int]] = []
        self._count = 0

    def connect(self, number: int) -> None:
        for links in self.links:
            links[number].connected(self.now)
        self.drain()

    def disconnect(self, number: int) -> None:
        self._queue = [entry for entry in self._queue if entry[3] != number]
        heapq.heapify(self._queue)
        for links in self.links:
            links[number].disconnected(self.now)
        self.drain()

    def start(self) -> None:
        for point in self.points:
            point.start(self.now)
        self.drain()

    def transfer(self, side: int, request: mtp3.TransferRequest) -> None:
        self.points[side].transfer(request, self.now)
        self.drain()

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        machines = [*self.points, *(link for links in self.links for link in links.values())]
        while True:
            deadlines = [machine.next_deadline() for machine in machines]
            deadlines.append(self._queue[0][0] if self._queue else None)
            due = min((deadline for deadline in deadlines if deadline is not None), default=end)
            if due > end:
                break
            self.now = max(self.now, due)
            while self._queue and self._queue[0][0] <= self.now:
                _, _, side, number, octets, stream = heapq.heappop(self._queue)
                self.links[side][number].receive(octets, stream, self.now)
                self.drain()
            for machine in machines:
                machine.handle_timers(self.now)
            self.drain()
        self.now = end

    def drain(self) -> None:
        busy = True
        while busy:
            busy = False
            for side, point in enumerate(self.points):
                for number, link in self.links[side].items():
                    for output in link.outputs():
                        busy = True
                        if isinstance(output, SendMessage):
                            self._carry(side, number, link, output)
                        else:
                            point.link_event(number, output, self.now)  # type: ignore[arg-type]
                for command in point.outputs():
                    busy = True
                    self._act(side, command)

    def _carry(self, side: int, number: int, link: M2paLink, message: SendMessage) -> None:
        if link.connected_now:
            self._count += 1
            entry = (self.now + self.delay, self._count, 1 - side, number, message.octets, message.stream)
            heapq.heappush(self._queue, entry)

    def _act(self, side: int, command: Any) -> None:
        links = self.links[side]
        match command:
            case mtp3.StartLink(number, emergency):
                links[number].set_emergency(emergency, self.now)
                links[number].start(self.now)
            case mtp3.StopLink(number):
                links[number].stop(self.now)
            case mtp3.SendMessage(number, msu):
                links[number].send(msu, self.now)
            case mtp3.RetrieveBsnt(number):
                links[number].retrieve_bsnt(self.now)
            case mtp3.RetrieveMessages(number, fsnc):
                links[number].retrieval_request(fsnc, self.now)
            case _:
                self.said[side].append(command)
