"""`tandem bench ss7`: two exchanges joined by one signalling link, MTP level 2, MTP level 3 and ISUP in one process.

The same for TUP is in `tup_calls`.

Nothing but CPU time counts: the link hands signal units over at once, and time in the protocols is virtual. Both
exchanges run on the one core, so each figure holds for sending and receiving together.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Protocol

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import UnitsReceived
from tandem.gateway.signalling import Signalling
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.configuration import GroupConfiguration
from tandem.ss7.isup.exchange import IsupExchange
from tandem.ss7.isup.indicators import (
    BackwardCallIndicators,
    CallingPartysCategory,
    ForwardCallIndicators,
    NatureOfConnectionIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber
from tandem.ss7.isup.parameters import Parameter
from tandem.ss7.isup.primitives import CallCleared, CallMessage, IncomingCall, Transfer
from tandem.ss7.mtp3.label import Service
from tandem.ss7.mtp3.primitives import ResumeIndication, TransferIndication, TransferRequest
from tandem.ss7.tup.primitives import CallCleared as TupCallCleared
from tandem.ss7.tup.primitives import CallMessage as TupCallMessage
from tandem.ss7.tup.primitives import IncomingCall as TupIncomingCall
from tandem.ss7.tup.primitives import Transfer as TupTransfer

#: Circuits of the calls measured, and calls set up before the first of them is released.
CIRCUITS: Final = 124
BURST: Final = 20
#: Circuits whose memory is measured.
MANY: Final = 4000

_CONFIGURATION: Final = """
[node]
name = "bench"
records = "unused"
[[span]]
name = "e1"
device = "virtual:bench"
[[ss7.linkset]]
name = "peer"
point_code = "{own}"
adjacent_point_code = "{other}"
proving = "emergency"
restart_wait = 1.0
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 16
[[trunk]]
type = "{user_part}"
name = "g"
linkset = "peer"
  [[trunk.circuits]]
  span = "e1"
  cic = "1"
"""

IAM: Final[tuple[Parameter, ...]] = (
    NatureOfConnectionIndicators(),
    ForwardCallIndicators(isup_all_the_way=True, isdn_access=True),
    CallingPartysCategory(),
    TransmissionMediumRequirement(),
    CalledPartyNumber("493012345678", st=True),
    CallingPartyNumber("4989123456"),
)
ACM: Final[tuple[Parameter, ...]] = (BackwardCallIndicators(called_party_status=1),)


class Exchange(Protocol):
    """What an end needs of an ISUP or TUP exchange."""

    def receive(self, opc: int, dpc: int, sls: int, octets: bytes, now: float) -> None:
        """MTP-TRANSFER indication."""
        ...

    def resume(self, dpc: int, now: float) -> None:
        """MTP-RESUME."""
        ...

    def release(self, call: int, cause: int, now: float) -> None:
        """End a call."""
        ...

    def outputs(self) -> Sequence[object]:
        """Drain the outputs."""
        ...

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        ...

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        ...

    def idle_circuits(self, group: str) -> int:
        """Circuits that could be seized."""
        ...

    def calls(self) -> list[int]:
        """Calls that are not cleared."""
        ...


class End:
    """An exchange that answers every call at once and releases its own as soon as they are answered."""

    SERVICE: ClassVar[Service]

    def __init__(self, exchange: Exchange, own: int, other: int, stack: bool) -> None:
        """`stack`: over MTP; otherwise messages go from exchange to exchange."""
        self.own, self.other = own, other
        self.exchange = exchange
        configuration = parse(_CONFIGURATION.format(own=own, other=other, user_part=self.SERVICE.name.lower()))
        self.signalling = Signalling(configuration, lambda line: None) if stack else None
        self.messages = 0
        """Messages sent."""
        self.cleared = 0
        """Own calls that are over."""
        self._own_calls: set[int] = set()
        self._fill: bytes | None = None

    def call(self, now: float) -> None:
        """Place one call."""
        call = self.setup(now)
        if call is not None:
            self._own_calls.add(call)

    def setup(self, now: float) -> int | None:
        """Ask the exchange for a call."""
        raise NotImplementedError

    def answer(self, call: int, now: float) -> None:
        """Answer an incoming call."""
        raise NotImplementedError

    def is_answer(self, message: Any) -> bool:
        """Whether a message of a call answers it."""
        raise NotImplementedError

    def work(self, peer: End, now: float) -> bool:
        """Act on all outputs, hand over what is for the peer; whether there was anything."""
        moved = False
        if self.signalling is not None:
            for indication in self.signalling.settle(now):
                moved = True
                if isinstance(indication, TransferIndication):
                    self.exchange.receive(indication.opc, indication.dpc, indication.sls, indication.data, now)
                elif isinstance(indication, ResumeIndication):
                    self.exchange.resume(indication.pc, now)
        for output in self.exchange.outputs():
            moved = True
            if isinstance(output, Transfer | TupTransfer):
                self.messages += 1
                self._send(output, peer, now)
            else:
                self._control(output, now)
        return self._hand_over(peer, now) or moved

    def _send(self, output: Transfer | TupTransfer, peer: End, now: float) -> None:
        if self.signalling is None:
            peer.exchange.receive(output.opc, output.dpc, output.sls, output.octets, now)
        else:
            request = TransferRequest(self.SERVICE, output.dpc, output.sls, output.octets, opc=output.opc)
            self.signalling.transfer(request, now)

    def _control(self, output: object, now: float) -> None:
        match output:
            case IncomingCall(call=call) | TupIncomingCall(call=call):
                self.answer(call, now)
            case CallMessage(call=call, message=message) | TupCallMessage(call=call, message=message):
                if self.is_answer(message):
                    self.exchange.release(call, 16, now)
            case CallCleared(call=call) | TupCallCleared(call=call) if call in self._own_calls:
                self._own_calls.discard(call)
                self.cleared += 1

    def _hand_over(self, peer: End, now: float) -> bool:
        if self.signalling is None or peer.signalling is None or not self.signalling.units:
            return False
        waiting, self.signalling.units = self.signalling.units, []
        for channel, units, fill in waiting:
            received, good = list(units), len(units)
            if fill is not None and fill != self._fill:
                received.append(fill)
                good += 30  # it is repeated on the line
            self._fill = fill
            peer.signalling.units_received(UnitsReceived(channel, received, good, 0), now)
        return True

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        deadlines = [self.exchange.next_deadline()]
        if self.signalling is not None:
            deadlines.append(self.signalling.next_deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        self.exchange.handle_timers(now)
        if self.signalling is not None:
            self.signalling.handle_timers(now)


class IsupEnd(End):
    """An end with ISUP."""

    SERVICE = Service.ISUP

    def __init__(self, own: int, other: int, cics: tuple[int, ...], stack: bool) -> None:
        """See End."""
        self.isup = IsupExchange([GroupConfiguration("g", own, other, cics)])
        super().__init__(self.isup, own, other, stack)

    def setup(self, now: float) -> int | None:
        """IAM."""
        return self.isup.setup("g", IAM, now)

    def answer(self, call: int, now: float) -> None:
        """ACM and ANM."""
        self.isup.send(call, MessageType.ACM, ACM, now)
        self.isup.send(call, MessageType.ANM, (), now)

    def is_answer(self, message: Any) -> bool:
        """ANM."""
        return bool(message.type == MessageType.ANM)


class Ends:
    """Both ends and the virtual clock."""

    def __init__(
        self,
        stack: bool,
        cics: tuple[int, ...] = tuple(range(1, CIRCUITS + 1)),
        end: Callable[[int, int, tuple[int, ...], bool], End] = IsupEnd,
    ) -> None:
        """Circuits are in service when this returns."""
        self.now = 0.0
        self.a, self.b = end(2, 1, cics, stack), end(1, 2, cics, stack)
        for side in (self.a, self.b):
            if side.signalling is None:
                side.exchange.resume(side.other, self.now)
            else:
                side.signalling.start(self.now)
        self.until(lambda: all(side.exchange.idle_circuits("g") == len(cics) for side in (self.a, self.b)))

    def settle(self) -> None:
        """Work until nothing is left to do at this moment."""
        while self.a.work(self.b, self.now) | self.b.work(self.a, self.now):
            pass

    def until(self, condition: Callable[[], bool]) -> None:
        """Let virtual time pass from timer to timer until `condition()`; RuntimeError when it never comes."""
        end = self.now + 60
        self.settle()
        while not condition():
            deadlines = [d for d in (self.a.next_deadline(), self.b.next_deadline()) if d is not None]
            self.now = max(self.now, min(deadlines, default=end + 1))
            if self.now > end:
                raise RuntimeError("the exchanges did not come into service")
            self.a.handle_timers(self.now)
            self.b.handle_timers(self.now)
            self.settle()

    def burst(self) -> None:
        """`BURST` complete calls from A to B: IAM, ACM, ANM, REL, RLC each."""
        wanted = self.a.cleared + BURST
        for _ in range(BURST):
            self.a.call(self.now)
        self.until(lambda: self.a.cleared >= wanted)


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all.

    `stack`: complete calls of five messages through ISUP, MTP level 3 and MTP level 2 of both exchanges, by CPU
    time; `isup`: the same from ISUP to ISUP. `octets_per_circuit`: memory of one exchange with 4,000 circuits,
    idle and all in calls.
    """
    return {
        "stack": measure(Ends(stack=True), seconds / 2),
        "isup": measure(Ends(stack=False), seconds / 2),
        "octets_per_circuit": _memory(),
    }


def measure(ends: Ends, seconds: float) -> dict[str, int]:
    """Call attempts and messages a second of CPU time."""
    ends.burst()
    messages, calls = ends.a.messages + ends.b.messages, ends.a.cleared
    start = time.process_time()
    while (elapsed := time.process_time() - start) < seconds or ends.a.cleared == calls:
        ends.burst()
    return {
        "call_attempts_per_second": round((ends.a.cleared - calls) / elapsed),
        "messages_per_second": round((ends.a.messages + ends.b.messages - messages) / elapsed),
    }


def _memory() -> dict[str, int]:
    """Traced memory of one exchange, the other made beforehand."""
    cics = tuple(range(1, 4096))[:MANY]
    tracemalloc.start()
    try:
        exchange = IsupExchange([GroupConfiguration("g", 2, 1, cics, reset_at_start=False)])
        exchange.resume(1, 0.0)
        exchange.outputs()
        idle = tracemalloc.get_traced_memory()[0]
        for _ in cics:
            exchange.setup("g", IAM, 0.0)
        exchange.outputs()
        busy = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    return {"circuits": MANY, "idle": round(idle / MANY), "in_a_call": round(busy / MANY)}
