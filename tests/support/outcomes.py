"""A node between any two of SIP, ISUP, TUP and PRI, with every message on both sides by name and direction."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from support.transit import IsupSide, Side, Transit, TupSide
from support.transit_access import SIP, PriSide, SipSide

from tandem.gateway.sip.message import Request, parse_message
from tandem.gateway.sip.primitives import IncomingInvite, InviteRequest, SendDatagram
from tandem.isdn.q931.messages import decode
from tandem.ss7.isup.codes import MessageType as I
from tandem.ss7.isup.messages import Message as IsupMessage
from tandem.ss7.isup.numbers import SubsequentNumber
from tandem.ss7.tup.codes import MessageType as T
from tandem.ss7.tup.messages import Signal, SubsequentAddress, SubsequentAddressOne

PROTOCOLS = ("sip", "isup", "tup", "pri")
_USERS = {"left": ("127.0.0.1", 5070), "right": ("127.0.0.1", 5071)}


class _Isup(IsupSide):
    more_digits = ""

    def note(self, output: Any) -> None:
        super().note(output)
        message = getattr(output, "message", None)
        if isinstance(message, IsupMessage) and (more := message.find(SubsequentNumber)) is not None:
            self.more_digits += more.digits

    def digits_heard(self) -> str:
        return self.more_digits

    def forward_transfer(self, call: int, now: float) -> None:
        self.exchange.send(call, I.FOT, [], now)

    @classmethod
    def configure(cls, side: str, other: str, kind: str, variant: str, options: str) -> str:
        return super().configure(side, other, "isup", variant, options)


class _Tup(TupSide):
    """Who hangs up first ends the call, at both ends."""

    more_digits = ""

    def note(self, output: Any) -> None:
        super().note(output)
        message = getattr(output, "message", None)
        if isinstance(message, SubsequentAddress | SubsequentAddressOne):
            self.more_digits += message.digits

    def digits_heard(self) -> str:
        return self.more_digits

    def forward_transfer(self, call: int, now: float) -> None:
        self.exchange.send(call, Signal(T.FOT), now)

    def __init__(self, own: int, peer: int, variant: str, **options: Any) -> None:
        super().__init__(own, peer, variant, release_control="either", **options)

    @classmethod
    def configure(cls, side: str, other: str, kind: str, variant: str, options: str) -> str:
        return super().configure(side, other, "tup", variant, options + 'release_control = "either"\n')


class _Pri(PriSide):
    """Says CALL PROCEEDING to what comes, as the node does; what it sends is written down too."""

    role = "network"

    def drain(self, transit: Any, side: str) -> None:
        take = self.exchange.outputs

        def outputs() -> list[Any]:
            found = take()
            for output in found:
                if isinstance(output, self.primitives.DataRequest):
                    name = decode(output.octets).name
                    transit.ladder.append(f"{side} {name} {'>' if side == 'left' else '<'}")
            return list(found)

        self.exchange.outputs = outputs
        try:
            super().drain(transit, side)
        finally:
            del self.exchange.outputs


class _Sip(SipSide):
    """A SIP user whose messages are written down."""

    def digits_heard(self) -> str:
        return ""

    side = "left"
    alone = True

    @classmethod
    def configure(cls, side: str, other: str, kind: str, variant: str, options: str) -> str:
        text = SIP.format(side=side, other=other, lines="").replace("127.0.0.1:5070", "{}:{}".format(*cls.user))
        return text if cls.alone else text[text.index("[[trunk]]") :]

    def drain(self, transit: Any, side: str) -> None:
        for output in self.exchange.outputs():
            if isinstance(output, SendDatagram):
                transit.ladder.append(f"{side} {_sip_name(output.data)} {'>' if side == 'left' else '<'}")
                transit.later(lambda data=output.data: transit.node.datagram(data, self.user, transit.now))
            else:
                self.note(output)

    def from_node(self, transit: Any, side: str, effects: Any) -> None:
        for data, destination in effects.datagrams:
            if destination[:2] == self.user:
                transit.ladder.append(f"{side} {_sip_name(data)} {'<' if side == 'left' else '>'}")
        super().from_node(transit, side, effects)


class _OverlapSip(_Sip):
    """A SIP user that dials and takes numbers INVITE by INVITE (RFC 3578); a call is named by its first INVITE."""

    def __init__(self, own: int, peer: int, variant: str, **options: Any) -> None:
        super().__init__(own, peer, variant)
        self._requests: dict[int, InviteRequest] = {}
        self._latest: dict[int, int] = {}
        self._first: dict[str, int] = {}
        """The first INVITE of each Call-ID that came."""

    @classmethod
    def configure(cls, side: str, other: str, kind: str, variant: str, options: str) -> str:
        text = super().configure(side, other, kind, variant, options)
        return text.replace('type = "sip"\n', 'type = "sip"\noverlap = "invites"\n')

    def setup(self, now: float, digits: str, calling: str, complete: bool, *headers: tuple[str, str]) -> int | None:
        invite, made = self.exchange.invite, []

        def noted(request: InviteRequest, now: float) -> int:
            made.append(replace(request, call_id=f"{len(self._requests)}@user", from_tag="caller"))
            return invite(made[-1], now)

        self.exchange.invite = noted
        call = super().setup(now, digits, calling, complete, *headers)
        del self.exchange.invite
        self._requests[call], self._latest[call] = made[-1], call
        return call

    def digits(self, call: int, digits: str, complete: bool, now: float) -> None:
        if self._latest[call] in self.cleared:
            return  # another INVITE would be another call
        request = self._requests[call]
        uri = request.uri.replace("@", f"{digits}@")
        request = replace(request, uri=uri, to_uri=uri, sequence=request.sequence + 10)
        self._requests[call], self._latest[call] = request, self.exchange.invite(request, now)

    def digits_heard(self) -> str:
        first, last = self.number(self.offered[0])[0], self.number(self.offered[-1])[0]
        return last.removeprefix(first)

    def note(self, output: Any) -> None:
        super().note(output)
        if isinstance(output, IncomingInvite):
            first = self._first.setdefault(output.request.call_id, output.call)
            before = self._latest.get(first)
            self._latest[first] = output.call
            if before is not None:
                self.exchange.respond(before, 484, now=self.now)

    def drain(self, transit: Any, side: str) -> None:
        self.now = transit.now
        super().drain(transit, side)

    def do(self, call: int, what: str, now: float) -> None:
        super().do(self._latest[call], what, now)

    def release(self, call: int, cause: int, now: float) -> None:
        super().release(self._latest[call], cause, now)


class Scene(Transit):
    """One call from left to right."""

    def __init__(
        self, pair: tuple[str, str], overlap: bool = False, pass_digits: bool = False, invites: bool = False
    ) -> None:
        """`invites`: SIP has overlap too."""
        self.pair = pair
        kinds: dict[str, type[Side]] = {}
        for place, (side, protocol) in enumerate(zip(("left", "right"), pair, strict=True)):
            base: Any = {"sip": _Sip, "isup": _Isup, "tup": _Tup, "pri": _Pri}[protocol]
            if protocol == "sip" and invites:
                base = _OverlapSip
            own: dict[str, Any] = {"user": _USERS[side], "alone": place == 0 or pair[0] != "sip"}
            if overlap and protocol != "sip":
                more = "pass_digits = true\nminimum_digits = 2\n" if pass_digits else "maximum_digits = 4\n"
                own["configure"] = classmethod(_with_keys(base, f"overlap = true\n{more}"))
                own["more"] = {"overlap": True}
            kinds[f"{protocol}-{side}"] = type(base.__name__, (base,), own)
        left, right = kinds
        super().__init__(left, right, more=kinds)
        self.run(1)
        self.ladder.clear()

    def messages(self, side: str) -> list[str]:
        """What passed on a side, in order."""
        return [text.partition(" ")[2] for text in self.ladder if text.startswith(side)]

    def offered(self, digits: tuple[str, ...] = ("3012",)) -> tuple[int, int]:
        """A call from left to right; its number at either side. Where digits come one by one they do."""
        first, *more = digits if self.pair[0] != "sip" else ("".join(digits),)
        call = self.setup(digits=first, complete=not more)
        for text in more:
            self.run(0.3)
            self.at("left", "digits", call, text, False)
        self.run(0.5)
        far = self.right.offered[-1].call
        if self.pair[1] == "pri":
            self.at("right", "do", far, "proceed")
            self.run(0.1)
        return call, far

    def number_of(self, far: int) -> str:
        """The called number as it came at the right."""
        offered = next(item for item in self.right.offered if item.call == far)
        return str(self.right.number(offered)[0] + self.right.digits_heard())

    def ring(self, far: int) -> None:
        self.at("right", "do", far, "alert")
        self.run(0.5)

    def answer(self, far: int) -> None:
        self.at("right", "do", far, "answer")
        self.run(1)

    def answer_at_once(self, far: int) -> None:
        self.at("right", "answer_at_once", far)
        self.run(1)

    def end(self, side: str, call: int, cause: int = 16) -> None:
        """A side ends the call, in whatever state it is."""
        self.release(side, call, cause)
        self.run(1)


def _with_keys(base: Any, keys: str) -> Any:
    def configure(cls: Any, side: str, other: str, kind: str, variant: str, options: str) -> str:
        return str(base.configure.__func__(cls, side, other, kind, variant, options + keys))

    return configure


def _sip_name(data: bytes) -> str:
    message = parse_message(data)
    return message.method if isinstance(message, Request) else str(message.status)
