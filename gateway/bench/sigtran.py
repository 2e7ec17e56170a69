"""`tandem bench sigtran`: two exchanges joined by an SCTP association in user space on loopback: M3UA and ISUP.

Both ends are in this process and CPU time is counted, libusrsctp and the system's part for its UDP socket included.
So each figure holds for sending and receiving together, on one core.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from tandem.core.errors import TandemError
from tandem.core.sigtran.configuration import AssociationConfiguration, Role
from tandem.gateway.bench.ss7 import BURST, CIRCUITS, IAM, End, IsupEnd
from tandem.gateway.sctp.binding import Binding
from tandem.gateway.sctp.configuration import AssociationSettings
from tandem.gateway.sctp.packets import PacketTransport
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.primitives import Transfer
from tandem.ss7.mtp3.label import Service
from tandem.ss7.mtp3.primitives import ResumeIndication, TransferIndication, TransferRequest
from tandem.ss7.sigtran.m3ua import M3ua
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer
from tandem.ss7.tup.primitives import Transfer as TupTransfer

_HERE: Final = "127.0.0.1"
_PORT: Final = 2905
#: Messages under way in the measurement without ISUP.
_BATCH: Final = 200
#: An IAM from the CIC on.
IAM_OCTETS: Final = Message.build(MessageType.IAM, 1, IAM).encode()
_WAIT: Final = 20.0


class SigtranEnd(IsupEnd):
    """An exchange of `bench ss7` whose messages go by M3UA over an association."""

    def __init__(self, own: int, other: int, cics: tuple[int, ...], role: Role) -> None:
        """To be made in the event loop; `open` connects it."""
        super().__init__(own, other, cics, stack=False)
        server = M3uaServer(name="s", associations=("x",), point_code=own, destinations=(other,), routing_context=1)
        self.machine = M3ua([AssociationConfiguration("x", role)], [server])
        self.received = 0
        """Messages received without ISUP."""
        self.raw = False
        """While set, messages received are counted and not given to ISUP."""
        self._loop = asyncio.get_running_loop()
        self.binding = Binding(self.machine, self._loop.time, self.pump)
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: tuple[Callable[[], bool], asyncio.Event] | None = None

    async def open(self, settings: AssociationSettings) -> PacketTransport:
        """Open the transport."""
        transport = PacketTransport([settings], self.binding, None, _HERE, 0)
        self.binding.transport = transport
        await transport.start()
        return transport

    async def close(self) -> None:
        """End the association."""
        if self.binding.transport is not None:
            await self.binding.transport.close()
        if self._timer is not None:
            self._timer.cancel()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for `condition`, looked at whenever something happened here; TandemError when it never comes."""
        event = asyncio.Event()
        self._waiting = (condition, event)
        try:
            if not condition():
                await asyncio.wait_for(event.wait(), _WAIT)
        except TimeoutError:
            raise TandemError("the two ends do not hear each other") from None
        finally:
            self._waiting = None

    def pump(self) -> None:
        """Act on everything there is to act on, and arm the timer."""
        now = self._loop.time()
        moved = True
        while moved:
            moved = False
            for item in self.binding.settle():
                moved = True
                self._indication(item, now)
            moved = self.work(self, now) or moved
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadlines = [self.machine.next_deadline(), self.exchange.next_deadline()]
        deadline = min((each for each in deadlines if each is not None), default=None)
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._expire)
        if self._waiting is not None and self._waiting[0]():
            self._waiting[1].set()

    def transfer(self, octets: bytes, sls: int) -> None:
        """Send to the other end without ISUP."""
        request = TransferRequest(Service.ISUP, self.other, sls, octets)
        self.machine.transfer(request, self._loop.time())

    def _indication(self, item: object, now: float) -> None:
        match item:
            case TransferIndication() if self.raw:
                self.received += 1
            case TransferIndication():
                self.exchange.receive(item.opc, item.dpc, item.sls, item.data, now)
            case ResumeIndication():
                self.exchange.resume(item.pc, now)

    def _send(self, output: Transfer | TupTransfer, peer: End, now: float) -> None:
        request = TransferRequest(Service.ISUP, output.dpc, output.sls, output.octets, opc=output.opc)
        self.machine.transfer(request, now)

    def _expire(self) -> None:
        now = self._loop.time()
        self.machine.handle_timers(now)
        self.exchange.handle_timers(now)
        self.pump()


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all; ConfigurationError without libusrsctp.

    `isup`: complete calls of five messages through ISUP, M3UA and SCTP. `m3ua`: messages of the size of an IAM
    through M3UA and SCTP in one direction. `octets_per_message`: from the CIC on.
    """
    return asyncio.run(_run(seconds))


async def _run(seconds: float) -> dict[str, Any]:
    cics = tuple(range(1, CIRCUITS + 1))
    near, far = SigtranEnd(2, 1, cics, Role.ASP), SigtranEnd(1, 2, cics, Role.SGP)
    try:
        await join(near, far)
        return {
            "isup": await _calls(near, far, seconds / 2),
            "m3ua": {"messages_per_second": await _messages(near, far, seconds / 2)},
            "octets_per_message": len(IAM_OCTETS),
        }
    finally:
        await near.close()
        await far.close()


async def join(near: SigtranEnd, far: SigtranEnd) -> None:
    """Connect both ends; every circuit is idle when this returns."""
    listening = await far.open(AssociationSettings("x", (_HERE,), 0, _PORT, (_HERE,), listen=True, udp_port=0))
    await near.open(AssociationSettings("x", (_HERE,), _PORT, udp_port=listening.udp_port))
    for end in (near, far):
        await end.until(lambda end=end: end.exchange.idle_circuits("g") == CIRCUITS)  # type: ignore[misc]


async def burst(near: SigtranEnd) -> None:
    """`BURST` complete calls: IAM, ACM, ANM, REL, RLC each."""
    wanted = near.cleared + BURST
    now = asyncio.get_running_loop().time()
    for _ in range(BURST):
        near.call(now)
    near.pump()
    await near.until(lambda: near.cleared >= wanted)


async def _calls(near: SigtranEnd, far: SigtranEnd, seconds: float) -> dict[str, int]:
    await burst(near)
    messages, calls = near.messages + far.messages, near.cleared
    start = time.process_time()
    while (elapsed := time.process_time() - start) < seconds or near.cleared == calls:
        await burst(near)
    return {
        "call_attempts_per_second": round((near.cleared - calls) / elapsed),
        "messages_per_second": round((near.messages + far.messages - messages) / elapsed),
    }


async def _messages(near: SigtranEnd, far: SigtranEnd, seconds: float) -> int:
    far.raw = True
    start, first = time.process_time(), far.received
    while (elapsed := time.process_time() - start) < seconds or far.received == first:
        wanted = far.received + _BATCH
        for number in range(_BATCH):
            near.transfer(IAM_OCTETS, number & 15)
        near.pump()
        await far.until(lambda wanted=wanted: far.received >= wanted)  # type: ignore[misc]
    far.raw = False
    return round((far.received - first) / elapsed)
