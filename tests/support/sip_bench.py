"""One gateway with SIP only, and SIP agents around it, under a virtual clock."""

from __future__ import annotations

import heapq

from support.sip_pair import counting_token

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import CloseRtp, MediaStatistics, RtpClosed
from tandem.gateway.node import Node
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.location import Answer
from tandem.gateway.sip.primitives import SendDatagram

GATEWAY = ("127.0.0.1", 5060)
OFFER = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK")


class SipBench:
    """A gateway at 127.0.0.1:5060 that is up. Datagrams take a millisecond."""

    def __init__(self, text: str, legs: int = 20, zone: dict[tuple[str, str], tuple] | None = None) -> None:
        """`zone` answers for the DNS: records by name and kind."""
        self.zone = zone or {}
        configuration = parse(f'[sip]\nlisten = "127.0.0.1:5060"\n{text}')
        self.node = Node(configuration, counting_token("g"), lambda now: 1_000_000_000 + now)
        self.now = 0.0
        self.agents: dict[tuple[str, int], SipAgent] = {}
        self.events: dict[tuple[str, int], list] = {}
        self.lines: list[str] = []
        self.commands: list = []
        """What the PJSIP process, which there is none of here, was told."""
        self.records = []
        self.answers: dict[tuple[str, int], int] = {}
        """Status that an agent answers a new call with at once."""
        self.raw: dict[tuple[str, int], list[bytes]] = {}
        """What went to addresses without an agent."""
        self._pending: list = []
        self._count = 0
        self.node.start([20000 + 2 * n for n in range(legs)], 0.0)
        self.run(0.0)

    def agent(self, host: str, port: int = 5060, answer: int = 0) -> SipAgent:
        """A SIP agent at an address; it answers calls with `answer` if that is not 0."""
        address = (host, port)
        self.agents[address] = SipAgent(AgentConfiguration(host, port, allow=METHODS), counting_token(f"{host}-"))
        self.events[address] = []
        if answer:
            self.answers[address] = answer
        return self.agents[address]

    def heard(self, agent: SipAgent, kind: type) -> list:
        """Events of one kind that an agent had."""
        address = (agent.configuration.host, agent.configuration.port)
        return [event for event in self.events[address] if isinstance(event, kind)]

    def send(self, data: bytes | str, source: tuple[str, int]) -> list[bytes]:
        """A datagram from an address without an agent; what came back to it."""
        self.raw[source] = []
        self.node.datagram(data.encode() if isinstance(data, str) else data, source, self.now)
        self.run(0.1)
        return self.raw[source]

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        self._drain()
        while True:
            deadlines = [agent.next_deadline() for agent in self.agents.values()]
            deadlines += [self.node.next_deadline(), self._pending[0][0] if self._pending else None]
            due = min((deadline for deadline in deadlines if deadline is not None), default=None)
            if due is None or due > end:
                self.now = end
                return
            self.now = max(self.now, due)
            while self._pending and self._pending[0][0] <= self.now:
                _, _, data, source, destination = heapq.heappop(self._pending)
                if destination == GATEWAY:
                    self.node.datagram(data, source, self.now)
                elif destination in self.agents:
                    self.agents[destination].receive(data, source, self.now)
                else:
                    self.raw.setdefault(destination, []).append(data)
                self._drain()
            self.node.handle_timers(self.now)
            for agent in self.agents.values():
                agent.handle_timers(self.now)
            self._drain()

    def said(self, text: str) -> list[str]:
        """Lines of the log that contain `text`."""
        return [line for line in self.lines if text in line]

    def _drain(self) -> None:
        busy = True
        while busy:
            busy = False
            effects = self.node.effects()
            self.lines += [f"{line.subject}: {line.text}" for line in effects.lines]
            self.records += effects.records
            self.commands += effects.pjsip
            for query in effects.queries:
                busy = True
                self.node.dns_answer(Answer(query, self.zone.get(tuple(query), ()), 60.0), self.now)
            closed = [
                RtpClosed(command.leg, MediaStatistics()) for command in effects.media if isinstance(command, CloseRtp)
            ]
            for data, destination in effects.datagrams:
                self._post(data, GATEWAY, destination)
            if closed:
                busy = True
                self.node.media_events(closed, self.now)
            for address, agent in self.agents.items():
                for output in agent.outputs():
                    busy = True
                    if isinstance(output, SendDatagram):
                        self._post(output.data, address, output.destination)
                    else:
                        self._take(address, agent, output)

    def _take(self, address, agent, output) -> None:
        self.events[address].append(output)
        status = self.answers.get(address)
        if status and type(output).__name__ == "IncomingInvite":
            agent.respond(output.call, status, body=OFFER if status == 200 else None, now=self.now)

    def _post(self, data: bytes, source, destination) -> None:
        self._count += 1
        heapq.heappush(self._pending, (self.now + 0.001, self._count, data, source, destination))
