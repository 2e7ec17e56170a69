"""Two ISUP exchanges back to back under a virtual clock, over a signalling network that delays, loses and fails.

Messages of one direction keep their order. Each end has a call control that checks what the exchange promises: a
call number is offered once, released at most once, cleared exactly once, and silent after its release.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tandem.ss7.isup.circuits import Blocking, CircuitStatus
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.primitives import (
    CallCleared,
    CallMessage,
    CallReleased,
    CircuitChanged,
    IncomingCall,
    Output,
    Transfer,
)

P = ParameterCode
A_CODE, B_CODE = 2, 1
"""Point codes: A is the higher one, so it controls the even circuits."""


def iam(
    digits: bytes = b"\x21\x43\x65", *, odd: bool = False, continuity: int = 0, category: int = 10, medium: int = 3
) -> list[Any]:
    """Parameters of an IAM to 123456, or to other address signals."""
    return [
        RawParameter(P.NATURE_OF_CONNECTION_INDICATORS, bytes([continuity << 2])),
        RawParameter(P.FORWARD_CALL_INDICATORS, b"\x60\x00"),
        RawParameter(P.CALLING_PARTYS_CATEGORY, bytes([category])),
        RawParameter(P.TRANSMISSION_MEDIUM_REQUIREMENT, bytes([medium])),
        RawParameter(P.CALLED_PARTY_NUMBER, bytes([0x83 if odd else 0x03, 0x10]) + digits),
    ]


ACM = [RawParameter(P.BACKWARD_CALL_INDICATORS, b"\x16\x14")]
CPG = [RawParameter(P.EVENT_INFORMATION, b"\x01")]
SUS_USER = [RawParameter(P.SUSPEND_RESUME_INDICATORS, b"\x00")]
SUS_NETWORK = [RawParameter(P.SUSPEND_RESUME_INDICATORS, b"\x01")]
COT_SUCCESS = [RawParameter(P.CONTINUITY_INDICATORS, b"\x01")]
COT_FAILURE = [RawParameter(P.CONTINUITY_INDICATORS, b"\x00")]


@dataclass
class End:
    """An exchange, the group `g` of its circuits, and a call control that keeps the books."""

    exchange: IsupExchange
    own: int
    peer: int
    alive: dict[int, int] = field(default_factory=dict)
    """Calls not cleared -> CIC."""
    released: set[int] = field(default_factory=set)
    """Calls that either side of the exchange has released."""
    heard: list[Output] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    known: set[int] = field(default_factory=set)

    def book(self, output: Output) -> None:
        """Check an output against the life of its call."""
        self.heard.append(output)
        match output:
            case IncomingCall(call=call, cic=cic):
                assert call not in self.known, "call number used twice"
                self.known.add(call)
                self.alive[call] = cic
            case CallMessage(call=call):
                assert call in self.alive
                assert call not in self.released, "message after release"
            case CallReleased(call=call):
                assert call in self.alive
                assert call not in self.released, "released twice"
                self.released.add(call)
            case CircuitChanged(call=call, old_cic=old, new_cic=new):
                assert self.alive[call] == old
                assert call not in self.released
                self.alive[call] = new
            case CallCleared(call=call, cic=cic):
                assert call in self.released, "cleared without release"
                assert self.alive.pop(call) == cic, "cleared on another circuit"

    def setup(self, now: float, parameters: list[Any] | None = None) -> int | None:
        call = self.exchange.setup("g", parameters or iam(), now)
        if call is not None:
            assert call not in self.known
            self.known.add(call)
            self.alive[call] = self.exchange.circuit_of(call)
        return call

    def release(self, call: int, now: float, cause: int = 16) -> None:
        if call in self.alive and call not in self.released:
            self.released.add(call)
            self.exchange.release(call, cause, now)

    def take(self, kind: type) -> list[Any]:
        """Outputs of a kind heard so far; they are forgotten."""
        found = [item for item in self.heard if isinstance(item, kind)]
        self.heard = [item for item in self.heard if not isinstance(item, kind)]
        return found


class Pair:
    """Exchanges `a` and `b` with a group `g` each, on the same circuits."""

    def __init__(self, cics: tuple[int, ...] = tuple(range(1, 32)), *, start: bool = True, **options: Any) -> None:
        self.now = 0.0
        self.a = End(IsupExchange([GroupConfiguration("g", A_CODE, B_CODE, cics, **options)]), A_CODE, B_CODE)
        self.b = End(IsupExchange([GroupConfiguration("g", B_CODE, A_CODE, cics, **options)]), B_CODE, A_CODE)
        self.delay: Callable[[], float] = lambda: 0.01
        self.drop: Callable[[End, Message], bool] = lambda end, message: False
        self.connected = True
        self.on_output: Callable[[End, Output], None] = lambda end, output: None
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._last_arrival = {A_CODE: 0.0, B_CODE: 0.0}
        if start:
            self.resume()
            self.run(1.0)

    def at(self, delay: float, action: Callable[[], None]) -> None:
        """Do something `delay` seconds from now."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay, self._count, action))

    def resume(self) -> None:
        """The signalling network works."""
        self.connected = True
        for end in (self.a, self.b):
            end.exchange.resume(end.peer, self.now)
        self.drain()

    def pause(self) -> None:
        """The signalling network fails; both ends learn of it."""
        self.connected = False
        for end in (self.a, self.b):
            end.exchange.pause(end.peer, self.now)
        self.drain()

    def other(self, end: End) -> End:
        return self.b if end is self.a else self.a

    def drain(self) -> None:
        """Act on all outputs."""
        again = True
        while again:
            again = False
            for end in (self.a, self.b):
                for output in end.exchange.outputs():
                    again = True
                    if isinstance(output, Transfer):
                        self._carry(end, output)
                    else:
                        end.book(output)
                        self.on_output(end, output)

    def _carry(self, end: End, transfer: Transfer) -> None:
        message = Message.parse(transfer.octets)
        assert transfer.sls == message.cic & 0xF
        assert (transfer.opc, transfer.dpc) == (end.own, end.peer)
        end.sent.append(message)
        if not self.connected or self.drop(end, message):
            return
        arrival = max(self._last_arrival[end.own], self.now + self.delay())
        self._last_arrival[end.own] = arrival
        target = self.other(end).exchange

        def deliver() -> None:
            if self.connected:
                target.receive(transfer.opc, transfer.dpc, transfer.sls, transfer.octets, self.now)

        self._count += 1
        heapq.heappush(self._queue, (arrival, self._count, deliver))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end_of_run = self.now + seconds
        self.drain()
        steps = 0
        while True:
            times = [t for e in (self.a, self.b) if (t := e.exchange.next_deadline()) is not None]
            if self._queue:
                times.append(self._queue[0][0])
            due = min(times, default=end_of_run)
            if due > end_of_run:
                break
            steps += 1
            assert steps < 200_000, "the exchanges talk without end"
            self.now = max(self.now, due)
            while self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
                self.drain()
            for end in (self.a, self.b):
                end.exchange.handle_timers(self.now)
            self.drain()
            if due == end_of_run and not times:
                break
        self.now = end_of_run

    def types(self, end: End) -> list[MessageType | int]:
        """Types of the messages that an end has sent; they are forgotten."""
        found = [message.type for message in end.sent]
        end.sent.clear()
        return found

    def forget(self) -> None:
        """Forget what was sent and heard so far."""
        for end in (self.a, self.b):
            end.sent.clear()
            end.heard.clear()

    def assert_agreed(self) -> None:
        """Every circuit idle at both ends, both ends of one mind about blocking, no call left."""
        for end in (self.a, self.b):
            assert not end.alive
            assert not end.exchange.calls()
        there = self.b.exchange.circuit_states("g")
        for cic, view in self.a.exchange.circuit_states("g").items():
            assert view.status is CircuitStatus.IDLE, (cic, view)
            assert there[cic].status is CircuitStatus.IDLE, (cic, there[cic])
            assert there[cic].blocking == mirrored(view.blocking), (cic, view.blocking, there[cic].blocking)


def mirrored(blocking: Blocking) -> Blocking:
    """The same blocking seen from the other end."""
    value = int(blocking)
    return Blocking((value & 0b0101) << 1 | (value & 0b1010) >> 1)
