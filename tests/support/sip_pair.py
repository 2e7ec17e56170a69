"""SIP agents joined by a lossy network under a virtual clock."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.primitives import Endpoint, InviteRequest, Output, SendDatagram

OFFER = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


def counting_token(prefix: str) -> Callable[[], str]:
    """Tokens that differ and never change from run to run."""
    count = 0

    def token() -> str:
        nonlocal count
        count += 1
        return f"{prefix}{count}"

    return token


def make_agent(host: str = "10.0.0.1", **options: object) -> SipAgent:
    """An agent with predictable tokens."""
    return SipAgent(AgentConfiguration(host, **options), counting_token(f"t{host[-1]}x"))  # type: ignore[arg-type]


def invitation(destination: Endpoint = ("10.0.0.2", 5060), **options: object) -> InviteRequest:
    """An ordinary call to `destination`."""
    values: dict[str, object] = {
        "uri": f"sip:4321@{destination[0]}:{destination[1]}",
        "from_uri": "sip:1234@10.0.0.1",
        "to_uri": f"sip:4321@{destination[0]}",
        "destination": destination,
        "body": OFFER,
    }
    return InviteRequest(**(values | options))  # type: ignore[arg-type]


@dataclass
class Side:
    """One agent and what it told its owner."""

    agent: SipAgent
    events: list[Output] = field(default_factory=list)
    on_event: Callable[[Side, Output, float], None] | None = None

    def kinds(self, call: int | None = None) -> list[str]:
        """Names of the events, of one call or of all."""
        return [type(e).__name__ for e in self.events if call is None or getattr(e, "call", None) == call]


class Network:
    """Carries datagrams between agents; each may be lost, doubled, or delayed so that it is overtaken."""

    def __init__(
        self,
        seed: int = 0,
        loss: float = 0.0,
        duplication: float = 0.0,
        delay: float = 0.01,
        jitter: float = 0.0,
    ) -> None:
        self.random = random.Random(seed)
        self.loss, self.duplication, self.delay, self.jitter = loss, duplication, delay, jitter
        self.now = 0.0
        self.sides: dict[Endpoint, Side] = {}
        self.log: list[tuple[float, Endpoint, Endpoint, bytes]] = []
        self._pending: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def add(self, agent: SipAgent, on_event: Callable[[Side, Output, float], None] | None = None) -> Side:
        """Attach an agent at the address of its configuration."""
        side = Side(agent, on_event=on_event)
        self.sides[agent.configuration.host, agent.configuration.port] = side
        return side

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Do something at a moment of the virtual clock."""
        self._count += 1
        heapq.heappush(self._pending, (when, self._count, action))

    def run(self, until: float) -> None:
        """Let time pass."""
        self._drain()
        for _ in range(1_000_000):
            times = [p[0] for p in self._pending[:1]]
            times += [d for s in self.sides.values() if (d := s.agent.next_deadline()) is not None]
            if not times or min(times) > until:
                self.now = until
                return
            self.now = max(self.now, min(times))
            while self._pending and self._pending[0][0] <= self.now:
                heapq.heappop(self._pending)[2]()
                self._drain()
            for side in self.sides.values():
                side.agent.handle_timers(self.now)
            self._drain()
        raise AssertionError("the agents never come to rest")

    def deliver(self, data: bytes, source: Endpoint, destination: Endpoint) -> None:
        """Hand a datagram over now."""
        if (side := self.sides.get(destination)) is not None:
            side.agent.receive(data, source, self.now)

    def _drain(self) -> None:
        busy = True
        while busy:
            busy = False
            for address, side in self.sides.items():
                for output in side.agent.outputs():
                    busy = True
                    if isinstance(output, SendDatagram):
                        self._send(output, address)
                    else:
                        side.events.append(output)
                        if side.on_event is not None:
                            side.on_event(side, output, self.now)

    def _send(self, output: SendDatagram, source: Endpoint) -> None:
        self.log.append((self.now, source, output.destination, output.data))
        copies = 1 + (self.random.random() < self.duplication)
        for _ in range(copies):
            if self.random.random() >= self.loss:
                when = self.now + self.delay + self.random.random() * self.jitter
                self.at(when, lambda: self.deliver(output.data, source, output.destination))
