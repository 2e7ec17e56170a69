"""Sides of a Transit that are no SS7: a PRI (Q.931 over Q.921, the other side of the line) and a SIP user."""

from __future__ import annotations

from typing import Any, ClassVar

from support.transit import DELAY, Side

from tandem.gateway.media.protocol import CloseRtp, MediaStatistics, RtpClosed, SendUnits, SpanChanged, UnitsReceived
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.primitives import (
    Answered,
    Closed,
    Ended,
    Failed,
    IncomingInvite,
    InviteRequest,
    Provisional,
    Rejected,
    SendDatagram,
)
from tandem.gateway.sip.primitives import Cancelled as SipCancelled
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import DataIndication, Established, Released, SendFrame
from tandem.isdn.q931 import primitives as pri
from tandem.isdn.q931.bearer import BearerCapability
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.channels import ChannelId
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.indications import NotificationIndicator, SendingComplete
from tandem.isdn.q931.interface import Interface
from tandem.isdn.q931.messages import Message, decode
from tandem.isdn.q931.numbers import CalledPartyNumber, CallingPartyNumber
from tandem.isdn.q931.switch_types import SWITCH_TYPES

PRI = """
[[span]]
name = "{side}"
device = "virtual:{side}"
framing = "{framing}"
[[trunk]]
name = "{side}"
type = "pri"
side = "{role}"
switch = "{switch}"
{options}
  [[trunk.spans]]
  span = "{side}"
  channels = "1-8"
[[route]]
trunk = ["{side}"]
to = ["{other}"]
"""
SIP = """
[sip]
listen = "127.0.0.1:5060"
[[trunk]]
name = "{side}"
type = "sip"
peer = "127.0.0.1:5070"
{lines}[[route]]
trunk = ["{side}"]
to = ["{other}"]
"""
NODE, USER = ("127.0.0.1", 5060), ("127.0.0.1", 5070)
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
CHANNELS = tuple(ChannelId(0, number) for number in range(1, 9))


class PriSide(Side):
    """The other side of a PRI; `role` is the node's."""

    primitives = pri
    role, switch, framing = "network", "euroisdn", "crc4"
    more: ClassVar[dict[str, Any]] = {}
    """Options of its own interface."""
    lines = ""
    """Keys of the node's trunk."""

    def __init__(self, own: int, peer: int, variant: str, **options: Any) -> None:
        network = self.role == "user"
        kind = SWITCH_TYPES[self.switch]
        more = {"hunting": "descending", "restart_at_start": "none", **self.more, **options}
        side: Any = "network" if network else "user"
        super().__init__(Interface(InterfaceConfiguration("far", CHANNELS, side, kind, **more)))
        self.link = DataLink(LinkConfiguration(network))
        self.messages: list[Message] = []
        """Messages that came from the node."""
        self.connected = True
        self.exchange.start(0.0)

    @classmethod
    def configure(cls, side: str, other: str, kind: str, variant: str, options: str) -> str:
        """Tables of the node."""
        return PRI.format(
            side=side, other=other, role=cls.role, switch=cls.switch, framing=cls.framing, options=cls.lines + options
        )

    def machines(self) -> list[Any]:
        return [self.exchange, self.link]

    def reach(self, node: Any, side: str, reachable: bool, now: float) -> None:
        """The line is sound, or cut: both ends see it."""
        if not reachable or not self.connected:
            node.media_events([SpanChanged(side, [] if reachable else ["LOS"])], now)
        self.connected = reachable

    def idle(self, node: Any, side: str) -> bool:
        """Whether every channel is idle at both ends."""
        interface = node.pri.trunks[side].interface
        return bool(
            self.exchange.available
            and interface.available
            and self.exchange.idle_channels == interface.idle_channels == len(CHANNELS)
            and interface.quiet
            and self.exchange.quiet
        )

    def drain(self, transit: Any, side: str) -> None:
        again = True
        while again:
            again = False
            for output in self.exchange.outputs():
                again = True
                if isinstance(output, pri.DataRequest):
                    self.link.data(output.octets, transit.now)
                elif isinstance(output, pri.EstablishRequest):
                    self.link.establish(transit.now)
                else:
                    self.note(output)
            for said in self.link.outputs():
                again = True
                self._link_said(transit, side, said)

    def _link_said(self, transit: Any, side: str, said: Any) -> None:
        match said:
            case SendFrame(octets=octets):
                transit.later(lambda: self._to_node(transit, side, octets))
            case Established():
                self.exchange.established(0, transit.now)
            case Released():
                self.exchange.link_released(0, transit.now)
            case DataIndication(octets=octets):
                message = decode(octets)
                self.messages.append(message)
                transit.ladder.append(f"{side} {message.name} {'>' if side == 'right' else '<'}")
                self.exchange.receive(0, octets, transit.now)

    def _to_node(self, transit: Any, side: str, octets: bytes) -> None:
        if self.connected:
            number = transit.node.pri.dchannels.ports[side].numbers[0]
            transit.node.media_events([UnitsReceived(number, [octets], 1, 0)], transit.now)

    def from_node(self, transit: Any, side: str, effects: Any) -> None:
        numbers = transit.node.pri.dchannels.ports[side].numbers
        for command in effects.media:
            if isinstance(command, SendUnits) and command.channel in numbers:
                for unit in command.units:
                    transit.later(lambda unit=unit: self._receive(transit, unit))

    def _receive(self, transit: Any, unit: bytes) -> None:
        if self.connected:
            self.link.frame_received(unit, transit.now)

    def note(self, output: Any) -> None:
        match output:
            case pri.SetupIndication():
                self.offered.append(output)
            case pri.ReleaseIndication(call=call, cause=cause):
                self.released[call] = cause
            case pri.DisconnectIndication(call=call, cause=cause):
                self.released[call] = cause
            case pri.CallCleared(call=call):
                self.cleared.add(call)
            case pri.HoldConfirm() | pri.RetrieveConfirm() | pri.SuspendConfirm() | pri.ResumeConfirm():
                self.heard.append(type(output).__name__)
            case _ if hasattr(output, "message") and output.message is not None:
                self.heard.append(output.message.name)

    # --- what its user does

    def setup(self, now: float, digits: str, calling: str, complete: bool, *elements: Any) -> int | None:
        made: list[Any] = [CalledPartyNumber(digits)]
        if not any(isinstance(element, BearerCapability) for element in elements):
            made.append(BearerCapability(0, layer1=3))
        if complete:
            made.append(SendingComplete())
        if calling:
            made.append(CallingPartyNumber(calling, screening=3))
        return self.exchange.setup((*made, *elements), now)

    def call_with(self, *elements: Any) -> int | None:
        """A call with these elements too; the time comes last."""
        *elements_, now = elements
        return self.setup(now, "3012", "5551", True, *elements_)

    def digits(self, call: int, digits: str, complete: bool, now: float) -> None:
        more = (SendingComplete(),) if complete else ()
        self.exchange.information(call, (*more, CalledPartyNumber(digits)), now)

    def digits_heard(self) -> str:
        """Digits that came in INFORMATION."""
        return "".join(
            number.digits
            for message in self.messages
            if message.name == "INFORMATION" and (number := message.get(CalledPartyNumber)) is not None
        )

    def do(self, call: int, what: str, now: float) -> None:
        in_band = ProgressIndicator(8, 1)
        match what:
            case "proceed":
                self.exchange.proceeding(call, (), now)
            case "alert":
                self.exchange.alerting(call, (), now)
            case "alert in band":
                self.exchange.alerting(call, (in_band,), now)
            case "progress":
                self.exchange.progress(call, (in_band,), now)
            case "answer":
                self.exchange.connect(call, (), now)
            case "suspend" | "resume":
                self.exchange.notify(call, (NotificationIndicator(what == "resume"),), now)

    def answer_at_once(self, call: int, now: float) -> None:
        self.do(call, "answer", now)

    def refuse(self, call: int, cause: int, now: float) -> None:
        """DISCONNECT with a tone."""
        self.exchange.disconnect(call, (CauseElement(cause, 1), ProgressIndicator(8, 1)), now)

    @staticmethod
    def number(offered: Any) -> tuple[str, str]:
        calling = offered.message.get(CallingPartyNumber)
        return offered.message.get(CalledPartyNumber).digits, "" if calling is None else calling.digits


def pri_side(role: str = "network", switch: str = "euroisdn", lines: str = "", **more: Any) -> type[PriSide]:
    """A PRI where the node has `role`; T1 for the American switches."""
    framing = "crc4" if switch in ("euroisdn", "qsig") else "esf"
    more_ = {"slot_map_octets": 3} if framing == "esf" else {}
    return type(
        "PriSide",
        (PriSide,),
        {"role": role, "switch": switch, "framing": framing, "lines": lines, "more": {**more_, **more}},
    )


class _Offer:
    """A call that came to the SIP user, as other sides have it."""

    def __init__(self, invite: IncomingInvite) -> None:
        self.call, self.request = invite.call, invite.request


class SipSide(Side):
    """A SIP user; causes stand for statuses as RFC 3398 has them."""

    STATUS: ClassVar = {1: 404, 17: 486, 34: 503, 21: 403, 16: 480, 19: 480}
    CAUSE: ClassVar = {404: 1, 486: 17, 503: 34, 603: 21, 480: 19}
    lines = ""
    """Keys of the node's trunk."""
    display = ""
    """Its name."""
    user: ClassVar = USER
    last_answer: Any = None
    """The 200 that came last."""

    def __init__(self, own: int, peer: int, variant: str, **options: Any) -> None:
        tokens = map("u{}".format, range(10**6))
        super().__init__(SipAgent(AgentConfiguration(*self.user), tokens.__next__))
        self.statuses: list[int] = []
        self.open: set[int] = set()

    @classmethod
    def configure(cls, side: str, other: str, kind: str, variant: str, options: str) -> str:
        return SIP.format(side=side, other=other, lines=cls.lines)

    def reach(self, node: Any, side: str, reachable: bool, now: float) -> None:
        if not node.sip.ports:
            node.sip.ports.extend(range(10000, 10100, 2))

    def idle(self, node: Any, side: str) -> bool:
        return bool(node.sip.quiet)

    def drain(self, transit: Any, side: str) -> None:
        for output in self.exchange.outputs():
            if isinstance(output, SendDatagram):
                transit.later(lambda data=output.data: transit.node.datagram(data, self.user, transit.now))
            else:
                self.note(output)

    def from_node(self, transit: Any, side: str, effects: Any) -> None:
        for data in (data for data, destination in effects.datagrams if destination[:2] == self.user):
            transit.later(lambda data=data: self.exchange.receive(data, NODE, transit.now))
        for command in effects.media:
            if isinstance(command, CloseRtp):
                closed = RtpClosed(command.leg, MediaStatistics())
                transit.later(lambda closed=closed: transit.node.media_events([closed], transit.now), DELAY)

    def note(self, output: Any) -> None:
        match output:
            case IncomingInvite():
                self.offered.append(_Offer(output))
                self.open.add(output.call)
            case Provisional(status=status):
                self.statuses.append(status)
                self.heard.append(str(status))
            case Answered(message=message):
                self.heard.append("200")
                self.last_answer = message
            case Rejected(call=call, status=status):
                self.statuses.append(status)
                self.released[call] = self.CAUSE.get(status, status)
            case Ended(call=call) | SipCancelled(call=call):
                self.released[call] = 16
            case Failed(call=call):
                self.released[call] = 41
            case Closed(call=call):
                self.cleared.add(call)
                self.open.discard(call)

    def setup(self, now: float, digits: str, calling: str, complete: bool, *headers: tuple[str, str]) -> int | None:
        identity = (("P-Asserted-Identity", f"<sip:{calling}@127.0.0.1>"),) if calling else ()
        request = InviteRequest(
            uri=f"sip:{digits}@127.0.0.1",
            from_uri=f"sip:{calling or 'anonymous'}@127.0.0.1",
            to_uri=f"sip:{digits}@127.0.0.1",
            from_display=self.display,
            destination=NODE,
            body=SDP,
            headers=(*identity, *headers),
        )
        call: int = self.exchange.invite(request, now)
        return call

    def do(self, call: int, what: str, now: float) -> None:
        status, body = {"alert": (180, None), "progress": (183, SDP), "answer": (200, SDP)}[what]
        self.exchange.respond(call, status, body=body, now=now)

    def answer_at_once(self, call: int, now: float) -> None:
        self.do(call, "answer", now)

    def release(self, call: int, cause: int, now: float) -> None:
        self.exchange.end(call, self.STATUS.get(cause, 500), (), now)

    @staticmethod
    def number(offered: Any) -> tuple[str, str]:
        request = offered.request
        calling = request.get("P-Asserted-Identity") or request.get("From") or ""
        return request.uri.user, calling.partition("sip:")[2].partition("@")[0]
