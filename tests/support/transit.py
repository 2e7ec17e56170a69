"""A node between two exchanges of any user part, under a virtual clock; levels 1 to 3 are left out.

The exchanges `left` and `right` are real TUP or ISUP exchanges whose call control is the test; messages take 10 ms.
"""

from __future__ import annotations

import heapq
import itertools
from typing import Any

from tandem.gateway.calls.accounting import Record
from tandem.gateway.configuration.load import parse
from tandem.gateway.node import Effects, Node
from tandem.ss7.isup import configuration as isup_configuration
from tandem.ss7.isup import primitives as isup
from tandem.ss7.isup.codes import MessageType as I
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.indicators import (
    BackwardCallIndicators,
    CallingPartysCategory,
    ForwardCallIndicators,
    NatureOfConnectionIndicators,
    SuspendResumeIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.messages import Message as IsupMessage
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber, SubsequentNumber
from tandem.ss7.isup.variants import Variant as IsupVariant
from tandem.ss7.mtp3.label import Service
from tandem.ss7.mtp3.primitives import PauseIndication, ResumeIndication, TransferIndication
from tandem.ss7.tup import configuration as tup_configuration
from tandem.ss7.tup import primitives as tup
from tandem.ss7.tup.codes import MessageType as T
from tandem.ss7.tup.exchange import TupExchange
from tandem.ss7.tup.fields import CallingLineIdentity
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.messages import (
    AddressComplete,
    InitialAddress,
    InitialAddressWithInformation,
    Signal,
    SubsequentAddress,
)
from tandem.ss7.tup.variants import Variant as TupVariant

CONFIGURATION = """
[node]
name = "TM"
records = "unused"
"""

SIDE = """
[[span]]
name = "{side}"
device = "virtual:{side}"
[[ss7.linkset]]
name = "{side}"
point_code = "{own}"
adjacent_point_code = "{peer}"
variant = "{variant}"
  [[ss7.linkset.link]]
  span = "{side}"
  timeslot = 16
[[trunk]]
name = "{side}"
type = "{kind}"
linkset = "{side}"
{options}
  [[trunk.circuits]]
  span = "{side}"
  cic = "1-8"
[[route]]
trunk = ["{side}"]
to = ["{other}"]
"""

#: (own point code, peer's point code) of each side.
CODES = {"left": (10, 11), "right": (20, 21)}
CICS = tuple(range(1, 9))
DELAY = 0.01


class Side:
    """One of the outer exchanges."""

    primitives: Any
    service: Service

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange
        self.offered: list[Any] = []
        """IncomingCall of every call that came."""
        self.heard: list[str] = []
        """Names of messages of calls, in order."""
        self.released: dict[int, int] = {}
        """Cause by call number."""
        self.cleared: set[int] = set()
        self.loops: list[Any] = []

    # --- how it is joined to the node

    @staticmethod
    def configure(side: str, other: str, kind: str, variant: str, options: str) -> str:
        """Tables of the node's configuration for this side."""
        own, peer = CODES[side]
        return SIDE.format(side=side, own=own, peer=peer, variant=variant, kind=kind, other=other, options=options)

    def machines(self) -> list[Any]:
        """What has timers."""
        return [self.exchange]

    def reach(self, node: Node, side: str, reachable: bool, now: float) -> None:
        """The way to the node is there, or is lost."""
        own, peer = CODES[side]
        indication = (ResumeIndication if reachable else PauseIndication)(peer)
        node.isup.mtp(indication, now)
        node.tup.mtp(indication, now)
        (self.exchange.resume if reachable else self.exchange.pause)(own, now)

    def idle(self, node: Node, side: str) -> bool:
        """Whether every circuit is idle at both ends."""
        part = getattr(node, self.service.name.lower())
        return bool(self.exchange.idle_circuits("g") == len(CICS) and part.exchange.idle_circuits(side) == len(CICS))

    def drain(self, transit: Transit, side: str) -> None:
        """Carry what the exchange says."""
        for output in self.exchange.outputs():
            if isinstance(output, self.primitives.Transfer):
                transit.sent(side, output, from_node=False)
            else:
                self.note(output)

    def release(self, call: int, cause: int, now: float) -> None:
        """End a call."""
        self.exchange.release(call, cause, now)

    def from_node(self, transit: Transit, side: str, effects: Effects) -> None:
        """What the node wants done, where it is not a message of SS7."""

    def note(self, output: Any) -> None:
        """An output that is no Transfer."""
        p = self.primitives
        match output:
            case p.IncomingCall():
                self.offered.append(output)
            case p.CallMessage(message=message):
                self.heard.append(message.name)
            case p.CallReleased(call=call, cause=cause):
                self.released[call] = cause
            case p.CallCleared(call=call):
                self.cleared.add(call)


class TupSide(Side):
    """A TUP exchange."""

    service, primitives = Service.TUP, tup

    def __init__(self, own: int, peer: int, variant: str, **options: Any) -> None:
        group = tup_configuration.GroupConfiguration(
            "g", own, peer, CICS, variant=TupVariant(variant), control="none", **options
        )
        self.variant = TupVariant(variant)
        super().__init__(TupExchange([group]))

    def name(self, sls: int, octets: bytes) -> str:
        return CircuitMessage.parse(sls, octets, self.variant).message.name

    def setup(self, now: float, digits: str, calling: str, complete: bool) -> int | None:
        line = {"calling_line": CallingLineIdentity(calling)} if calling else {}
        kind = InitialAddressWithInformation if calling else InitialAddress
        return self.exchange.setup("g", kind(digits, st=complete, **line), now)

    def digits(self, call: int, digits: str, complete: bool, now: float) -> None:
        self.exchange.send(call, SubsequentAddress(digits, complete), now)

    def do(self, call: int, what: str, now: float) -> None:
        message = {
            "alert": AddressComplete(1, True),
            "progress": AddressComplete(1, False),
            "answer": Signal(T.ANC),
            "suspend": Signal(T.CBK),
            "resume": Signal(T.RAN),
        }[what]
        self.exchange.send(call, message, now)

    def answer_at_once(self, call: int, now: float) -> None:
        self.do(call, "progress", now)
        self.do(call, "answer", now)

    @staticmethod
    def number(offered: Any) -> tuple[str, str]:
        line = getattr(offered.message, "calling_line", None)
        return offered.message.digits, "" if line is None else line.digits


class IsupSide(Side):
    """An ISUP exchange."""

    service, primitives = Service.ISUP, isup

    def __init__(self, own: int, peer: int, variant: str, **options: Any) -> None:
        group = isup_configuration.GroupConfiguration(
            "g", own, peer, CICS, variant=IsupVariant(variant), control="none", **options
        )
        self.variant = IsupVariant(variant)
        super().__init__(IsupExchange([group]))
        self.said: list[IsupMessage] = []
        """Messages of calls, in order."""

    def name(self, sls: int, octets: bytes) -> str:
        kind = IsupMessage.parse(octets, self.variant).type
        return kind.name if isinstance(kind, I) else str(kind)

    def note(self, output: Any) -> None:
        if isinstance(output, isup.CallMessage):
            self.heard.append(I(output.message.type).name)
            self.said.append(output.message)
        else:
            super().note(output)

    def setup(self, now: float, digits: str, calling: str, complete: bool) -> int | None:
        parameters = [
            NatureOfConnectionIndicators(),
            ForwardCallIndicators(),
            CallingPartysCategory(),
            TransmissionMediumRequirement(medium=3),
            CalledPartyNumber(digits=digits, nature=3, st=complete),
        ]
        if calling:
            parameters.append(CallingPartyNumber(digits=calling, nature=3))
        return self.exchange.setup("g", parameters, now)

    def digits(self, call: int, digits: str, complete: bool, now: float) -> None:
        self.exchange.send(call, I.SAM, [SubsequentNumber(digits=digits, st=complete)], now)

    def do(self, call: int, what: str, now: float) -> None:
        kind, parameters = {
            "alert": (I.ACM, [BackwardCallIndicators(called_party_status=1)]),
            "progress": (I.ACM, [BackwardCallIndicators()]),
            "answer": (I.ANM, []),
            "suspend": (I.SUS, [SuspendResumeIndicators(network_initiated=True)]),
            "resume": (I.RES, [SuspendResumeIndicators(network_initiated=True)]),
        }[what]
        self.exchange.send(call, kind, parameters, now)

    def digits_heard(self) -> str:
        """Digits that came in SAMs."""
        return "".join(m.find(SubsequentNumber).digits for m in self.said if m.type is I.SAM)

    def answer_at_once(self, call: int, now: float) -> None:
        self.exchange.send(call, I.CON, [BackwardCallIndicators()], now)

    @staticmethod
    def number(offered: Any) -> tuple[str, str]:
        calling = offered.message.find(CallingPartyNumber)
        return offered.message.find(CalledPartyNumber).digits, "" if calling is None else calling.digits


class Transit:
    """The clock, the node TM, and the two exchanges."""

    def __init__(
        self,
        left: str,
        right: str,
        variants: tuple[str, str] = ("itu", "itu"),
        options: str = "",
        more: dict[str, type[Side]] | None = None,
        tail: str = "",
        **partners: Any,
    ) -> None:
        """`left` and `right` are user parts, `options` lines of both trunks, `partners` of the outer exchanges.

        `more` are kinds of sides besides TUP and ISUP, by the name in `left` and `right`; `tail` is configuration.
        """
        kinds = {"left": left, "right": right}
        text = CONFIGURATION
        self.sides: dict[str, Any] = {}
        for (side, kind), variant in zip(kinds.items(), variants, strict=True):
            own, peer = CODES[side]
            other = "right" if side == "left" else "left"
            cls = {"tup": TupSide, "isup": IsupSide, **(more or {})}[kind]
            text += cls.configure(side, other, kind, variant, options)
            self.sides[side] = cls(peer, own, variant, **partners)
        self.now = 0.0
        tokens = (f"t{number}" for number in itertools.count())
        self.node = Node(parse(text + tail), tokens.__next__, lambda now: 1.7e9 + now, messages_logged=True)
        self.node.signalling = _Levels(self)  # type: ignore[assignment]
        self.records: list[Record] = []
        self.lines: list[Any] = []
        self.media: list[Any] = []
        self.ladder: list[str] = []
        """`left IAM >` and the like: side, message, `>` from left to right."""
        self._events: list[tuple[float, int, Any]] = []
        self._order = itertools.count()
        self.node.pri.start(0.0)
        self.resume()
        self.run(5)
        assert self.all_idle()
        self.ladder.clear()

    @property
    def left(self) -> Any:
        return self.sides["left"]

    @property
    def right(self) -> Any:
        return self.sides["right"]

    def resume(self) -> None:
        """The way to both exchanges is there."""
        self._reach(True)

    def pause(self) -> None:
        """It is not: messages are lost."""
        self._reach(False)

    def _reach(self, reachable: bool) -> None:
        self.reachable = reachable
        for side, exchange in self.sides.items():
            exchange.reach(self.node, side, reachable, self.now)
        self._drain()

    def all_idle(self) -> bool:
        """Whether every circuit is idle at both ends."""
        return all(exchange.idle(self.node, side) for side, exchange in self.sides.items())

    def at(self, side: str, action: str, *arguments: Any) -> Any:
        """Something happens at an outer exchange."""
        result = getattr(self.sides[side], action)(*arguments, self.now)
        self._drain()
        return result

    def setup(self, side: str = "left", digits: str = "3012", calling: str = "5551", complete: bool = True) -> int:
        """A call from one side; its number there."""
        call: int = self.sides[side].setup(self.now, digits, calling, complete)
        self._drain()
        return call

    def release(self, side: str, call: int, cause: int) -> None:
        """An outer exchange releases."""
        self.sides[side].release(call, cause, self.now)
        self._drain()

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._drain()
        end = self.now + seconds
        machines = [self.node, *(machine for side in self.sides.values() for machine in side.machines())]
        while True:
            due = min((d for m in machines if (d := m.next_deadline()) is not None), default=end + 1)
            if self._events and self._events[0][0] <= min(due, end):
                self.now, _, action = heapq.heappop(self._events)
                action()
            elif due <= end:
                self.now = max(self.now, due)
                for machine in machines:
                    deadline = machine.next_deadline()
                    if deadline is not None and deadline <= self.now:
                        machine.handle_timers(self.now)
            else:
                break
            self._drain()
        self.now = end

    def sent(self, side: str, request: Any, from_node: bool) -> None:
        """A message on its way between the node and one side."""
        if not self.reachable:
            return
        exchange = self.sides[side]
        data = request.data if from_node else request.octets
        arrow = ">" if from_node is (side == "right") else "<"
        self.ladder.append(f"{side} {exchange.name(request.sls, data)} {arrow}")

        def arrive() -> None:
            if from_node:
                exchange.exchange.receive(request.opc, request.dpc, request.sls, data, self.now)
            else:
                part = getattr(self.node, exchange.service.name.lower())
                part.mtp(TransferIndication(exchange.service, request.opc, request.dpc, request.sls, data), self.now)

        self.later(arrive)

    def later(self, action: Any, delay: float = DELAY) -> None:
        """Something happens after `delay`."""
        heapq.heappush(self._events, (self.now + delay, next(self._order), action))

    def _drain(self) -> None:
        self.node._settle(self.now)
        effects = self.node.effects()
        self.records += effects.records
        self.lines += effects.lines
        self.media += effects.media
        for side, exchange in self.sides.items():
            exchange.from_node(self, side, effects)
            exchange.drain(self, side)


class _Levels:
    """Stands in for levels 2 and 3 of the node."""

    def __init__(self, transit: Transit) -> None:
        self.units: list[Any] = []
        self.messages: list[Any] = []
        self.stopped, self.touched = True, False
        self._transit = transit

    def stop(self, now: float) -> None:
        """There are no links."""

    def settle(self, now: float) -> list[Any]:
        return []

    def transfer(self, request: Any, now: float) -> None:
        side = next(side for side, (own, _) in CODES.items() if own == request.opc)
        self._transit.sent(side, request, from_node=True)

    def next_deadline(self) -> float | None:
        return None
