"""Two signalling links back to back under a virtual clock, with the framing that would be below them."""

import random
from collections import deque

from tandem.ss7.mtp2.configuration import LinkConfiguration
from tandem.ss7.mtp2.link import SignallingLink
from tandem.ss7.mtp2.primitives import LinkState, MessageReceived, SendUnits
from tandem.ss7.mtp3 import primitives as level3

TICK = 0.02


class Line:
    """One direction of a timeslot: a queue, a unit repeated while it is empty, bit errors, delay, repeat filter."""

    def __init__(self, rng: random.Random, loss: float, delay: float, rate: float) -> None:
        self.rng = rng
        self.loss = loss
        self.delay = delay
        self.octets_per_tick = rate / 8 * TICK
        self.cut = False
        self.queue: deque[bytes] = deque()
        self.fill: bytes | None = None
        self.sent: list[bytes] = []  # every unit queued or given as fill, for tests that look at the wire
        self.in_flight: deque[tuple[float, list[bytes], int, int, int]] = deque()
        self._room = 0.0
        self._last_fill: bytes | None = None
        self._header = 3

    def send(self, output: SendUnits) -> None:
        self.queue.extend(output.units)
        self.sent.extend(output.units)
        if output.fill != self.fill and output.fill is not None:
            self.sent.append(output.fill)
        self.fill = output.fill

    def tick(self, now: float) -> None:
        self._room += self.octets_per_tick
        units: list[bytes] = []
        good = errored = 0
        while self.queue and self._room > 0:
            unit = self.queue.popleft()
            self._room -= len(unit) + 3
            if self.rng.random() < self.loss:
                errored += 1
            else:
                good += 1
                self._pass(unit, units)
        if self._room > 0 and self.fill is not None:
            repeats = 1 + int(self._room // (len(self.fill) + 3))
            self._room -= repeats * (len(self.fill) + 3)
            bad = sum(self.rng.random() < self.loss for _ in range(repeats)) if self.loss else 0
            good += repeats - bad
            errored += bad
            if repeats > bad:
                self._pass(self.fill, units)
        if self.cut:
            self.in_flight.append((now + self.delay, [], 0, 0, int(self.octets_per_tick)))
        else:
            self.in_flight.append((now + self.delay, units, good, errored, 0))

    def _pass(self, unit: bytes, units: list[bytes]) -> None:
        if len(unit) > 8 or unit != self._last_fill:  # MSUs of these tests are longer than any LSSU
            units.append(unit)
        if len(unit) <= 8:
            self._last_fill = unit


class Mtp2Pair:
    """`a` and `b`, what each told its level 3, and the lines between them."""

    def __init__(
        self,
        seed: int = 1,
        loss: float = 0.0,
        delay: float = 0.005,
        configuration: LinkConfiguration | None = None,
        configuration_b: LinkConfiguration | None = None,
    ) -> None:
        configuration = configuration or LinkConfiguration()
        rng = random.Random(seed)
        self.now = 0.0
        self.a = SignallingLink(configuration)
        self.b = SignallingLink(configuration_b or configuration)
        self.links = (self.a, self.b)
        self.lines = tuple(Line(rng, loss, delay, configuration.bit_rate) for _ in self.links)  # from a, from b
        self.indications: tuple[list[object], list[object]] = ([], [])
        self.messages: tuple[list[bytes], list[bytes]] = ([], [])  # received by a, by b
        self._next_tick = TICK
        self.drain()

    def drain(self) -> None:
        for side, link in enumerate(self.links):
            for output in link.outputs():
                if isinstance(output, SendUnits):
                    self.lines[side].send(output)
                elif isinstance(output, MessageReceived):
                    self.messages[side].append(output.msu)
                else:
                    self.indications[side].append(output)

    def step(self) -> None:
        """Go on to the next thing that happens."""
        due = [self._next_tick]
        due += [link.next_deadline() for link in self.links if link.next_deadline() is not None]
        due += [line.in_flight[0][0] for line in self.lines if line.in_flight]
        self.now = max(self.now, min(due))
        for link in self.links:
            link.handle_timers(self.now)
        for side, line in enumerate(self.lines):
            while line.in_flight and line.in_flight[0][0] <= self.now:
                _, units, good, errored, counted = line.in_flight.popleft()
                link = self.links[1 - side]
                link.monitor(good, errored, counted, self.now)
                if units:
                    link.receive(units, self.now)
        self.drain()
        if self.now >= self._next_tick:
            for line in self.lines:
                line.tick(self.now)
            self._next_tick += TICK

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.step()

    def run_until(self, condition, limit: float = 120.0) -> None:
        end = self.now + limit
        while not condition():
            assert self.now < end, f"not within {limit} s: {self.a.state}, {self.b.state}, {self.indications}"
            self.step()

    def start(self, emergency: bool = True) -> None:
        """Start both ends and wait until they are in service."""
        for link in self.links:
            link.set_emergency(emergency, self.now)
            link.start(self.now)
        self.drain()
        self.run_until(lambda: all(link.state is LinkState.IN_SERVICE for link in self.links))

    def send(self, side: int, msu: bytes) -> None:
        self.links[side].send(msu, self.now)
        self.drain()


class MtpPair:
    """Two signalling points, levels 2 and 3, joined by lines that can be cut."""

    def __init__(self, points, size: int, configuration: LinkConfiguration | None = None, seed: int = 1) -> None:
        """`points` are those of A and B, with links 0, 1 … to each other."""
        rng = random.Random(seed)
        configuration = configuration or LinkConfiguration()
        self.points = points
        self.now = 0.0
        self.links = [(SignallingLink(configuration), SignallingLink(configuration)) for _ in range(size)]
        self.lines = [
            tuple(Line(rng, 0.0, 0.005 * (1 + 4 * number), configuration.bit_rate) for _ in range(2))
            for number in range(size)
        ]
        self.told: tuple[list[object], list[object]] = ([], [])
        self._next_tick = TICK
        for point in points:
            point.start(0.0)
        self.drain()

    def cut(self, number: int, cut: bool = True) -> None:
        for line in self.lines[number]:
            line.cut = cut

    def drain(self) -> None:
        moved = True
        while moved:
            moved = False
            for number, ends in enumerate(self.links):
                for side, link in enumerate(ends):
                    for output in link.outputs():
                        moved = True
                        if isinstance(output, SendUnits):
                            self.lines[number][side].send(output)
                        else:
                            self.points[side].link_event(number, output, self.now)
            for side, point in enumerate(self.points):
                for output in point.outputs():
                    moved = True
                    self._act(side, output)

    def _act(self, side: int, output: object) -> None:
        match output:
            case level3.SendMessage(number, msu):
                self.links[number][side].send(msu, self.now)
            case level3.StartLink(number, emergency):
                self.links[number][side].set_emergency(emergency, self.now)
                self.links[number][side].start(self.now)
            case level3.StopLink(number):
                self.links[number][side].stop(self.now)
            case level3.RetrieveBsnt(number):
                self.links[number][side].retrieve_bsnt(self.now)
            case level3.RetrieveMessages(number, fsnc):
                self.links[number][side].retrieval_request(fsnc, self.now)
            case level3.FlushBuffers(number):
                self.links[number][side].flush_buffers(self.now)
            case _:
                self.told[side].append(output)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            machines = [*self.points, *(link for ends in self.links for link in ends)]
            lines = [line for pair in self.lines for line in pair]
            due = [self._next_tick, end]
            due += [d for machine in machines if (d := machine.next_deadline()) is not None]
            due += [line.in_flight[0][0] for line in lines if line.in_flight]
            self.now = max(self.now, min(due))
            for machine in machines:
                machine.handle_timers(self.now)
            self.drain()
            for number, pair in enumerate(self.lines):
                for side, line in enumerate(pair):
                    self._deliver(self.links[number][1 - side], line)
            self.drain()
            if self.now >= self._next_tick:
                for line in lines:
                    line.tick(self.now)
                self._next_tick += TICK

    def _deliver(self, link: SignallingLink, line: Line) -> None:
        while line.in_flight and line.in_flight[0][0] <= self.now:
            _, units, good, errored, counted = line.in_flight.popleft()
            link.monitor(good, errored, counted, self.now)
            if units:
                link.receive(units, self.now)
