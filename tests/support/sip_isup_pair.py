"""ISUP, SIP with ISUP in it, ISUP: two nodes joined by a SIP trunk, an exchange played by the test at either end."""

from __future__ import annotations

import heapq
import itertools
from typing import Any

from support.isup_transit import _NoSignalling

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import CloseRtp, MediaStatistics, RtpClosed
from tandem.gateway.node import Node
from tandem.gateway.sip.message import Message as SipMessage
from tandem.gateway.sip.message import Request, Response, parse_message
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.variants import Variant
from tandem.ss7.mtp3.label import Service
from tandem.ss7.mtp3.primitives import ResumeIndication, TransferIndication

CONFIGURATION = """
[node]
name = "{name}"
records = "unused"
{node}
[sip]
listen = "{own}"
[[span]]
name = "e1"
device = "virtual:{name}"
[[ss7.linkset]]
name = "peer"
point_code = "10"
adjacent_point_code = "11"
variant = "{variant}"
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 16
[[trunk]]
name = "pstn"
type = "isup"
linkset = "peer"
selection = "lowest"
{circuits}
  [[trunk.circuits]]
  span = "e1"
  cic = "1-15"
[[trunk]]
name = "carrier"
type = "sip"
peer = "{peer}"
{sip}
[[route]]
trunk = ["pstn"]
to = ["carrier"]
[[route]]
trunk = ["carrier"]
to = ["pstn"]
"""
ADDRESSES = {"A": ("127.0.0.1", 5060), "B": ("127.0.0.1", 5061)}
CARRIES = 'isup_variant = "itu"'


class SipIsupPair:
    """Nodes A and B and the clock; `sip` has every SIP message in order, with its sender."""

    def __init__(
        self,
        sip: str = CARRIES,
        variants: tuple[Variant, Variant] = (Variant.ITU, Variant.ITU),
        other_sip: str | None = None,
        node: str = "",
        circuits: str = "",
    ) -> None:
        self.now = 0.0
        self.sip: list[tuple[str, SipMessage]] = []
        self.records: dict[str, list[Any]] = {"A": [], "B": []}
        self.nodes: dict[str, Node] = {}
        self.signalling: dict[str, _NoSignalling] = {}
        self.variants = dict(zip("AB", variants, strict=True))
        self._pending: list[tuple[float, int, Any]] = []
        self._order = itertools.count()
        for name, other in ("AB", "BA"):
            text = CONFIGURATION.format(
                name=name,
                own="{}:{}".format(*ADDRESSES[name]),
                peer="{}:{}".format(*ADDRESSES[other]),
                variant=self.variants[name].value,
                sip=sip if name == "A" or other_sip is None else other_sip,
                node=node,
                circuits=circuits,
            )
            tokens = map(f"{name}{{}}".format, itertools.count())
            made = Node(parse(text), tokens.__next__, wall_clock=lambda now: 1.7e9 + now)
            self.nodes[name], self.signalling[name] = made, _NoSignalling()
            made.signalling = self.signalling[name]  # type: ignore[assignment]
            made.sip.ports.extend(range(10000, 10100, 2))
            made.isup.mtp(ResumeIndication(11), 0.0)
            for message in self.take(name):
                if message.type is M.GRS:
                    self.receive(name, M.GRA, message.cic, RawParameter(22, message.raw(22) + b"\0\0"))
            self.take(name)

    def receive(self, side: str, message_type: M, cic: int, *parameters: Any) -> None:
        """The exchange at one end sends; then a second passes."""
        octets = Message.build(message_type, cic, parameters, variant=self.variants[side]).encode()
        self.nodes[side].isup.mtp(TransferIndication(Service.ISUP, 11, 10, cic & 15, octets), self.now)
        self._drain(side)
        self.run(1.0)

    def take(self, side: str) -> list[Message]:
        """ISUP messages sent to one end since the last time."""
        self._drain(side)
        sent, self.signalling[side].sent = self.signalling[side].sent, []
        return [Message.parse(request.data, self.variants[side]) for request in sent]

    def names(self) -> list[str]:
        """What was said in SIP, in order: methods and `STATUS METHOD`."""
        return [
            f"{message.status} {message.method}" if isinstance(message, Response) else message.method
            for _, message in self.sip
        ]

    def said(self, what: str) -> SipMessage:
        """The first SIP message of a kind, as `names` tells them."""
        return self.sip[self.names().index(what)][1]

    def invite(self) -> Request:
        """The INVITE."""
        message = self.said("INVITE")
        assert isinstance(message, Request)
        return message

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            due = [(d, n) for n, node in self.nodes.items() if (d := node.next_deadline()) is not None]
            moment, name = min(due, default=(end + 1, ""))
            if self._pending and self._pending[0][0] <= min(moment, end):
                self.now, _, action = heapq.heappop(self._pending)
                action()
            elif moment > end:
                break
            else:
                self.now = max(self.now, moment)
                self.nodes[name].handle_timers(self.now)
                self._drain(name)
        self.now = end

    def _drain(self, name: str) -> None:
        node = self.nodes[name]
        node._settle(self.now)
        effects = node.effects()
        self.records[name] += effects.records
        for data, destination in effects.datagrams:
            self.sip.append((name, parse_message(data)))
            other = next(side for side, address in ADDRESSES.items() if address == tuple(destination[:2]))
            self._later(lambda data=data, other=other: self._deliver(data, name, other))
        for command in effects.media:
            if isinstance(command, CloseRtp):
                self._later(lambda leg=command.leg: self._closed(name, leg))

    def _later(self, action: Any) -> None:
        heapq.heappush(self._pending, (self.now + 0.001, next(self._order), action))

    def _deliver(self, data: bytes, sender: str, receiver: str) -> None:
        self.nodes[receiver].datagram(data, ADDRESSES[sender], self.now)
        self._drain(receiver)

    def _closed(self, name: str, leg: int) -> None:
        self.nodes[name].media_events([RtpClosed(leg, MediaStatistics())], self.now)
        self._drain(name)
