"""`tandem bench pri`: two PRIs joined by one D-channel, and a whole node between two PRIs, in one process.

Nothing but CPU time counts: the line hands frames over at once, and time in the protocols is virtual. Both ends run
on the one core, so each figure holds for the network and the user side together; of a node it is the node's alone.
"""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, Final

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import SendUnits, UnitsReceived
from tandem.gateway.node import Node
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import DataIndication, Established, Released, SendFrame
from tandem.isdn.q931.bearer import BearerCapability, Capability, Layer1
from tandem.isdn.q931.channels import ChannelId
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.indications import SendingComplete
from tandem.isdn.q931.interface import Interface
from tandem.isdn.q931.kernel import Elements
from tandem.isdn.q931.numbers import CalledPartyNumber, CallingPartyNumber
from tandem.isdn.q931.primitives import CallCleared, DataRequest, EstablishRequest, SetupConfirm, SetupIndication

#: Channels of an E1, and calls set up before the first of them is released.
CHANNELS: Final = tuple([ChannelId(0, number) for number in range(1, 32) if number != 16])
BURST: Final = 20

SETUP: Final[Elements] = (
    SendingComplete(),
    BearerCapability(Capability.SPEECH, layer1=Layer1.A_LAW),
    CallingPartyNumber("4989123456"),
    CalledPartyNumber("493012345678"),
)


#: A node with a PRI at its left, where it is the network, and one at its right, where it is the user.
TRANSIT: Final = """
[node]
name = "TM"
records = "unused"
[[span]]
name = "left"
device = "virtual:left"
[[span]]
name = "right"
device = "virtual:right"
[[trunk]]
name = "left"
type = "pri"
side = "network"
  [[trunk.spans]]
  span = "left"
[[trunk]]
name = "right"
type = "pri"
side = "user"
  [[trunk.spans]]
  span = "right"
[[route]]
trunk = ["left"]
to = ["right"]
"""


class End:
    """An interface that answers every call at once and releases its own as soon as they are answered."""

    def __init__(self, side: str, stack: bool) -> None:
        """`stack`: over Q.921; otherwise messages go from one interface to the other."""
        network = side == "network"
        self.interface = Interface(
            InterfaceConfiguration(
                side,
                CHANNELS,
                side="network" if network else "user",
                hunting="descending" if network else "ascending",
                restart_at_start="none",
            )
        )
        self.link = DataLink(LinkConfiguration(network)) if stack else None
        self.messages = 0
        """Messages sent."""
        self.cleared = 0
        """Own calls that are over."""
        self._own_calls: set[int] = set()

    def start(self, now: float) -> None:
        """Establish the link."""
        if self.link is None:
            self.interface.established(0, now)
        else:
            self.interface.start(now)

    def call(self, now: float) -> None:
        """Place one call."""
        call = self.interface.setup(SETUP, now)
        if call is not None:
            self._own_calls.add(call)

    def work(self, peer: End | Port, now: float) -> bool:
        """Act on all outputs, hand over what is for the peer; whether there was anything."""
        moved = False
        for output in self.interface.outputs():
            moved = True
            self._control(output, peer, now)
        if self.link is not None and peer.link is not None:
            for indication in self.link.outputs():
                moved = True
                match indication:
                    case SendFrame(octets=octets):
                        peer.link.frame_received(octets, now)
                    case DataIndication(octets=octets):
                        self.interface.receive(0, octets, now)
                    case Established():
                        self.interface.established(0, now)
                    case Released():
                        self.interface.link_released(0, now)
        return moved

    def _control(self, output: object, peer: End | Port, now: float) -> None:
        match output:
            case DataRequest(octets=octets):
                self.messages += 1
                if self.link is not None:
                    self.link.data(octets, now)
                elif isinstance(peer, End):
                    peer.interface.receive(0, octets, now)
            case EstablishRequest() if self.link is not None:
                self.link.establish(now)
            case SetupIndication(call=call):
                self.interface.proceeding(call, (), now)
                self.interface.alerting(call, (), now)
                self.interface.connect(call, (), now)
            case SetupConfirm(call=call):
                self.interface.release(call, 16, now)
            case CallCleared(call=call) if call in self._own_calls:
                self._own_calls.discard(call)
                self.cleared += 1

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        deadlines = [self.interface.next_deadline(), None if self.link is None else self.link.next_deadline()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        self.interface.handle_timers(now)
        if self.link is not None:
            self.link.handle_timers(now)


class Ends:
    """Both ends, the user side `a` the caller, and the virtual clock."""

    def __init__(self, stack: bool) -> None:
        """The D-channel is up when this returns."""
        self.now = 0.0
        self.a, self.b = End("user", stack), End("network", stack)
        for end in (self.a, self.b):
            end.start(self.now)
        self.until(lambda: self.a.interface.available and self.b.interface.available)

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
                raise RuntimeError("the calls did not come to an end")
            self.a.handle_timers(self.now)
            self.b.handle_timers(self.now)
            self.settle()

    def burst(self) -> None:
        """`BURST` complete calls from A to B.

        SETUP, CALL PROCEEDING, ALERTING, CONNECT and its acknowledgement, DISCONNECT, RELEASE, RELEASE COMPLETE each.
        """
        wanted = self.a.cleared + BURST
        for _ in range(BURST):
            self.a.call(self.now)
        self.until(lambda: self.a.cleared >= wanted)


class Port:
    """The end of a line at a node: takes frames as a data link does."""

    def __init__(self, transit: Transit, trunk: str) -> None:
        self.link = self
        self._transit = transit
        self._channel = transit.node.pri.dchannels.ports[trunk].numbers[0]

    def frame_received(self, octets: bytes, now: float) -> None:
        """A frame for the node."""
        self._transit.timed(self._transit.node.media_events, [UnitsReceived(self._channel, [octets], 1, 0)], now)


class Transit:
    """A node as a tandem exchange between two ends, the left one the caller, and the virtual clock."""

    def __init__(self) -> None:
        """Every channel is in service when this returns."""
        self.now = 0.0
        self.cpu = 0.0
        """Seconds of CPU time in the node."""
        self.records = 0
        tokens = map("t{}".format, itertools.count())
        self.node = Node(parse(TRANSIT), tokens.__next__, lambda now: 1.7e9 + now)
        self.ends = (End("user", True), End("network", True))
        self.ports = (Port(self, "left"), Port(self, "right"))
        self._by_channel = {port._channel: end for port, end in zip(self.ports, self.ends, strict=True)}
        self.node.pri.start(self.now)
        for end in self.ends:
            end.start(self.now)
        self.until(lambda: all(self._ready(end, port) for end, port in zip(self.ends, ("left", "right"), strict=True)))

    def _ready(self, end: End, trunk: str) -> bool:
        interface = self.node.pri.trunks[trunk].interface
        return bool(end.interface.available and interface.available and interface.idle_channels == len(CHANNELS))

    def timed(self, action: Callable[..., None], *arguments: Any) -> None:
        """Have the node do something, and count its CPU time."""
        start = time.process_time()
        action(*arguments)
        self.cpu += time.process_time() - start

    def settle(self) -> None:
        """Work until nothing is left to do at this moment."""
        moved = True
        while moved:
            moved = False
            for end, port in zip(self.ends, self.ports, strict=True):
                moved |= end.work(port, self.now)
            start = time.process_time()
            effects = self.node.effects()
            self.cpu += time.process_time() - start
            self.records += len(effects.records)
            for command in effects.media:
                if isinstance(command, SendUnits):
                    end = self._by_channel[command.channel]
                    for unit in command.units:
                        moved = True
                        assert end.link is not None
                        end.link.frame_received(unit, self.now)

    def until(self, condition: Callable[[], bool]) -> None:
        """Let virtual time pass from timer to timer until `condition()`; RuntimeError when it never comes."""
        end = self.now + 60
        self.settle()
        while not condition():
            machines = (self.node, *self.ends)
            self.now = max(
                self.now, min((d for m in machines if (d := m.next_deadline()) is not None), default=end + 1)
            )
            if self.now > end:
                raise RuntimeError("the calls did not come to an end")
            self.timed(self.node.handle_timers, self.now)
            for one in self.ends:
                one.handle_timers(self.now)
            self.settle()

    def burst(self) -> None:
        """`BURST` complete calls from the left to the right: sixteen messages each, and a record."""
        wanted = self.records + BURST
        for _ in range(BURST):
            self.ends[0].call(self.now)
        self.until(lambda: self.records >= wanted and not self.ends[0].interface.calls())


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` in all.

    `stack`: complete calls of eight messages through Q.931 and Q.921 of both ends, by CPU time; `q931`: the same
    from call control to call control. `transit`: complete calls from PRI to PRI through a whole node, with call
    control, routing and records, by the CPU time of the node alone. `octets_per_call`: memory of one end for each of
    thirty calls.
    """
    return {
        "stack": _measure(Ends(stack=True), seconds / 3),
        "q931": _measure(Ends(stack=False), seconds / 3),
        "transit": _measure_transit(seconds / 3),
        "octets_per_call": _memory(),
    }


def _measure(ends: Ends, seconds: float) -> dict[str, int]:
    ends.burst()
    messages, calls = ends.a.messages + ends.b.messages, ends.a.cleared
    start = time.process_time()
    while (elapsed := time.process_time() - start) < seconds or ends.a.cleared == calls:
        ends.burst()
    return {
        "call_attempts_per_second": round((ends.a.cleared - calls) / elapsed),
        "messages_per_second": round((ends.a.messages + ends.b.messages - messages) / elapsed),
    }


def _measure_transit(seconds: float) -> dict[str, int]:
    transit = Transit()
    transit.burst()
    calls, cpu = transit.records, transit.cpu
    start = time.process_time()
    while time.process_time() - start < seconds or transit.records == calls:
        transit.burst()
    attempts = (transit.records - calls) / (transit.cpu - cpu)
    return {"call_attempts_per_second": round(attempts), "messages_per_second": round(16 * attempts)}


def _memory() -> int:
    """Traced memory of a call that waits for its answer."""
    end = End("user", stack=False)
    end.start(0.0)
    end.interface.outputs()
    tracemalloc.start()
    try:
        idle = tracemalloc.get_traced_memory()[0]
        for _ in CHANNELS:
            end.interface.setup(SETUP, 0.0)
        end.interface.outputs()
        return round((tracemalloc.get_traced_memory()[0] - idle) / len(CHANNELS))
    finally:
        tracemalloc.stop()
