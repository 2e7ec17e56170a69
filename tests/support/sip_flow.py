"""One gateway between an exchange and a SIP user agent, both played by the test; each message a line of a ladder."""

from __future__ import annotations

import heapq
import itertools
from typing import Any

from support.isup_transit import _NoSignalling
from support.sip_isup_pair import ADDRESSES, CONFIGURATION
from support.sip_pair import OFFER

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import CloseRtp, MediaStatistics, RtpClosed
from tandem.gateway.node import Node
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.message import Response, parse_message
from tandem.gateway.sip.primitives import InviteRequest, SendDatagram
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.mtp3.label import Service
from tandem.ss7.mtp3.primitives import ResumeIndication, TransferIndication

GATEWAY, USER = ADDRESSES["A"], ADDRESSES["B"]
SDP = OFFER.replace(b"10.0.0.1", b"127.0.0.1")


class Flow:
    """The gateway G, the exchange E and the user agent U. `ladder` has lines such as `U>G INVITE` and `G>E IAM`."""

    def __init__(self, sip: str = 'reliable_responses = "off"\nsession_seconds = 0', node: str = "") -> None:
        self.now = 0.0
        self.ladder: list[str] = []
        self.isup: list[Message] = []
        """Messages of the gateway to the exchange."""
        self.sip: list[Any] = []
        """Messages of the gateway to the user agent."""
        self.events: list[Any] = []
        """What the user agent told."""
        self.records: list[Any] = []
        self.deaf = False
        """While set, the user agent neither hears nor answers."""
        self._pending: list[tuple[float, int, Any]] = []
        self._order = itertools.count()
        text = CONFIGURATION.format(
            name="G",
            own="{}:{}".format(*GATEWAY),
            peer="{}:{}".format(*USER),
            variant="itu",
            sip=sip,
            circuits="",
            node=node,
        )
        self.node = Node(parse(text), map("g{}".format, itertools.count()).__next__, wall_clock=lambda now: 1.7e9 + now)
        self.signalling = self.node.signalling = _NoSignalling()  # type: ignore[assignment]
        self.node.sip.ports.extend(range(10000, 10100, 2))
        self.user = SipAgent(
            AgentConfiguration(*USER, supported=("100rel", "timer")), map("u{}".format, itertools.count()).__next__
        )
        self.node.isup.mtp(ResumeIndication(11), 0.0)
        self._drain()
        for message in self.isup:
            if message.type is M.GRS:
                self.exchange(M.GRA, message.cic, RawParameter(22, message.raw(22) + b"\0\0"))
        self.run(0.1)
        self.ladder.clear(), self.isup.clear(), self.sip.clear()

    # --- what the two ends do

    def exchange(self, kind: M, cic: int, *parameters: Any) -> None:
        """The exchange sends."""
        self.ladder.append(f"E>G {kind.name}")
        octets = Message.build(kind, cic, parameters).encode()
        self.node.isup.mtp(TransferIndication(Service.ISUP, 11, 10, cic & 15, octets), self.now)
        self._drain()
        self.run(0.5)

    def invite(self, number: str = "301234", body: bytes | None = SDP, **options: Any) -> int:
        """The user agent calls."""
        request = InviteRequest(
            uri=f"sip:{number}@127.0.0.1",
            from_uri="sip:+49301@127.0.0.1",
            to_uri=f"sip:{number}@127.0.0.1",
            destination=GATEWAY,
            body=body,
            **options,
        )
        call = self.user.invite(request, self.now)
        self._drain()
        self.run(0.5)
        return call

    def do(self, action: str, *arguments: Any, **options: Any) -> Any:
        """Something that the user agent does."""
        result = getattr(self.user, action)(*arguments, now=self.now, **options)
        self._drain()
        self.run(0.5)
        return result

    def event(self, kind: type) -> Any:
        """The last event of a type that the user agent told."""
        return [event for event in self.events if isinstance(event, kind)][-1]

    @property
    def cic(self) -> int:
        """Of the first message to the exchange."""
        return self.isup[0].cic

    def raw(self, data: bytes) -> None:
        """The user agent's host sends octets of its own making."""
        self.ladder.append(f"U>G {_name(data)}")
        self.node.datagram(data, USER, self.now)
        self._drain()
        self.run(0.5)

    # --- time and wires

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            due = [
                (d, n) for n, machine in enumerate((self.node, self.user)) if (d := machine.next_deadline()) is not None
            ]
            moment, which = min(due, default=(end + 1, 0))
            if self._pending and self._pending[0][0] <= min(moment, end):
                self.now, _, action = heapq.heappop(self._pending)
                action()
            elif moment > end:
                break
            else:
                self.now = max(self.now, moment)
                (self.node, self.user)[which].handle_timers(self.now)
            self._drain()
        self.now = end

    def _later(self, action: Any) -> None:
        heapq.heappush(self._pending, (self.now + 0.001, next(self._order), action))

    def _drain(self) -> None:
        self.node._settle(self.now)
        effects = self.node.effects()
        self.records += effects.records
        for data, _ in effects.datagrams:
            self.sip.append(parse_message(data))
            self.ladder.append(f"G>U {_name(data)}")
            self._later(lambda data=data: self._to_user(data))
        for command in effects.media:
            if isinstance(command, CloseRtp):
                leg = command.leg
                self._later(lambda leg=leg: self.node.media_events([RtpClosed(leg, MediaStatistics())], self.now))
        sent, self.signalling.sent = self.signalling.sent, []
        for request in sent:
            self.isup.append(Message.parse(request.data))
            self.ladder.append(f"G>E {M(self.isup[-1].type).name}")
        for output in self.user.outputs():
            if isinstance(output, SendDatagram):
                if not self.deaf:
                    self.ladder.append(f"U>G {_name(output.data)}")
                    self._later(lambda data=output.data: self.node.datagram(data, USER, self.now))
            else:
                self.events.append(output)

    def _to_user(self, data: bytes) -> None:
        if not self.deaf:
            self.user.receive(data, GATEWAY, self.now)


def _name(data: bytes) -> str:
    message = parse_message(data)
    return f"{message.status} {message.method}" if isinstance(message, Response) else message.method
