"""Two PRIs back to back under a virtual clock: Q.931 call control over real Q.921 data links over a bad line.

Frames of a direction keep their order unless `reorder` says otherwise, may be lost or delayed, and the line may be
cut. Each end has a call control that checks what the interface promises: the life of a call number.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import DataIndication, Established, Released, SendFrame
from tandem.isdn.q931.bearer import BearerCapability
from tandem.isdn.q931.call import State
from tandem.isdn.q931.channels import ChannelId, Channels, ChannelStatus, Service
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.configuration import InterfaceConfiguration
from tandem.isdn.q931.indications import SendingComplete
from tandem.isdn.q931.interface import Interface
from tandem.isdn.q931.messages import Message, decode
from tandem.isdn.q931.numbers import CalledPartyNumber
from tandem.isdn.q931.primitives import (
    CallCleared,
    ChannelChanged,
    DataRequest,
    EstablishRequest,
    Output,
    ReleaseIndication,
    ResumeConfirm,
    ResumeIndication,
    SetupIndication,
    SuspendedIndication,
)


def channels(count: int, interface: int = 0) -> tuple[ChannelId, ...]:
    """The first B-channels of an E1: timeslot 16 is the D-channel's."""
    return tuple([ChannelId(interface, number) for number in range(1, count + 2) if number != 16][:count])


def setup_elements(number: str = "4930123456", *, complete: bool = True) -> tuple[Any, ...]:
    """A speech call to a number."""
    more = (SendingComplete(),) if complete else ()
    return (*more, BearerCapability(0, layer1=3), CalledPartyNumber(number))


@dataclass(eq=False)
class End:
    """An interface, its data links, and a call control that keeps the books."""

    interface: Interface
    links: list[DataLink]
    alive: dict[int, ChannelId | None] = field(default_factory=dict)
    """Calls not cleared -> channel."""
    released: set[int] = field(default_factory=set)
    """Calls that either side of the interface has released."""
    known: set[int] = field(default_factory=set)
    heard: list[Output] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def book(self, output: Output) -> None:
        """Check an output against the life of its call."""
        self.heard.append(output)
        match output:
            case SetupIndication(call=call, channel=channel):
                assert call not in self.known, "call number used twice"
                self.known.add(call)
                self.alive[call] = channel
            case ReleaseIndication(call=call):
                assert call in self.alive
                assert call not in self.released, "released twice"
                self.released.add(call)
            case ChannelChanged(call=call, old=old, new=new):
                assert self.alive[call] == old, (self.alive[call], output)
                assert call not in self.released
                self.alive[call] = new
            case ResumeIndication(call=call, channel=channel) | ResumeConfirm(call=call, channel=channel):
                assert self.alive[call] is None
                self.alive[call] = channel
            case SuspendedIndication(call=call):
                self.alive[call] = None
            case CallCleared(call=call, channel=channel):
                if call not in self.released:
                    # Only a suspension that succeeded ends a call that nobody has released.
                    assert any(m.type == MessageType.SUSPEND for m in self.sent), "cleared without release"
                assert call in self.alive
                # A collision may take the channel of a call that is already being released.
                assert self.alive.pop(call) == channel or channel is None, "cleared on another channel"
            case _ if hasattr(output, "call") and isinstance(output.call, int):
                assert output.call in self.alive
                assert output.call not in self.released, f"{output} after release"

    def setup(
        self, now: float, elements: tuple[Any, ...] | None = None, channel: ChannelId | None = None
    ) -> int | None:
        call = self.interface.setup(elements or setup_elements(), now, channel=channel)
        if call is not None:
            self.adopt(call)
        return call

    def resume(self, identity: bytes, now: float) -> int | None:
        call = self.interface.resume(identity, now)
        if call is not None:
            self.adopt(call)
        return call

    def adopt(self, call: int) -> None:
        assert call not in self.known
        self.known.add(call)
        self.alive[call] = self.interface.channel_of(call)

    def release(self, call: int, now: float, cause: Any = 16) -> None:
        if call in self.alive and call not in self.released:
            self.released.add(call)
            self.interface.release(call, cause, now)

    def take(self, kind: type) -> list[Any]:
        """Outputs of a kind heard so far; they are forgotten."""
        found = [item for item in self.heard if isinstance(item, kind)]
        self.heard = [item for item in self.heard if not isinstance(item, kind)]
        return found

    def types(self) -> list[str]:
        """Names of the messages sent; they are forgotten."""
        found = [message.name for message in self.sent]
        self.sent.clear()
        return found

    def state(self, call: int) -> State:
        return self.interface._kernel.calls[call].state

    @property
    def pool(self) -> Channels:
        return self.interface._kernel.channels


class Pair:
    """Ends `a` (user) and `b` (network)."""

    def __init__(
        self,
        count: int = 4,
        *,
        start: bool = True,
        a: dict[str, Any] | None = None,
        b: dict[str, Any] | None = None,
        **both: Any,
    ) -> None:
        self.now = 0.0
        both.setdefault("channels", channels(count))
        both.setdefault("restart_at_start", "none")
        self.a = self._end(InterfaceConfiguration("a", **{"side": "user", **both, **(a or {})}))
        self.b = self._end(
            InterfaceConfiguration("b", **{"side": "network", "hunting": "descending", **both, **(b or {})})
        )
        self.delay: Callable[[], float] = lambda: 0.01
        self.drop: Callable[[], bool] = lambda: False
        self.lose: Callable[[End, Message], bool] = lambda end, message: False
        """Messages lost above the data link, for single procedures."""
        self.reorder: Callable[[], bool] = lambda: False
        self.connected = True
        self.on_output: Callable[[End, Output], None] = lambda end, output: None
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._last_arrival: dict[tuple[int, int], float] = {}
        if start:
            self.start()

    @property
    def ends(self) -> tuple[End, End]:
        return self.a, self.b

    def _end(self, configuration: InterfaceConfiguration) -> End:
        network = configuration.side == "network"
        count = 2 if configuration.backup_link else 1
        return End(Interface(configuration), [DataLink(LinkConfiguration(network)) for _ in range(count)])

    def start(self) -> None:
        """Both interfaces establish their links."""
        for end in self.ends:
            end.interface.start(self.now)
        self.run(5.0)
        self.forget()

    def other(self, end: End) -> End:
        return self.b if end is self.a else self.a

    def at(self, delay: float, action: Callable[[], None]) -> None:
        """Do something `delay` seconds from now."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay, self._count, action))

    def drain(self) -> None:
        """Act on all outputs."""
        again = True
        while again:
            again = False
            for end in self.ends:
                for output in end.interface.outputs():
                    again = True
                    self._act(end, output)
                for number, link in enumerate(end.links):
                    for indication in link.outputs():
                        again = True
                        self._link(end, number, indication)

    def _act(self, end: End, output: Output) -> None:
        match output:
            case DataRequest(link=link, octets=octets):
                message = decode(octets)
                end.sent.append(message)
                if not self.lose(end, message):
                    end.links[link].data(octets, self.now)
            case EstablishRequest(link=link):
                end.links[link].establish(self.now)
            case _:
                end.book(output)
                self.on_output(end, output)

    def _link(self, end: End, number: int, indication: object) -> None:
        match indication:
            case SendFrame(octets=octets):
                self._carry(end, number, octets)
            case Established():
                end.interface.established(number, self.now)
            case Released():
                end.interface.link_released(number, self.now)
            case DataIndication(octets=octets):
                end.interface.receive(number, octets, self.now)

    def _carry(self, end: End, number: int, octets: bytes) -> None:
        if not self.connected or self.drop():
            return
        key = id(end), number
        arrival = self.now + self.delay()
        if not self.reorder():
            arrival = max(self._last_arrival.get(key, 0.0), arrival)
            self._last_arrival[key] = arrival
        link = self.other(end).links[number]

        def deliver() -> None:
            if self.connected:
                link.frame_received(octets, self.now)

        self._count += 1
        heapq.heappush(self._queue, (arrival, self._count, deliver))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end_of_run = self.now + seconds
        self.drain()
        steps = 0
        machines = [machine for end in self.ends for machine in (end.interface, *end.links)]
        while True:
            times = [t for machine in machines if (t := machine.next_deadline()) is not None]
            if self._queue:
                times.append(self._queue[0][0])
            due = min(times, default=end_of_run + 1)
            if due > end_of_run:
                break
            steps += 1
            assert steps < 500_000, "the interfaces talk without end"
            self.now = max(self.now, due)
            while self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
                self.drain()
            for machine in machines:
                machine.handle_timers(self.now)
            self.drain()
        self.now = end_of_run

    def cut(self) -> None:
        """The line is dead: what is under way is lost, both ends find out by their timers."""
        self.connected = False

    def mend(self) -> None:
        """The line works again."""
        self.connected = True

    def forget(self) -> None:
        """Forget what was sent and heard so far."""
        for end in self.ends:
            end.sent.clear()
            end.heard.clear()

    def call(self, caller: End | None = None, **options: Any) -> tuple[int, int]:
        """A call from one end, answered at the other: its number at `a` and at `b`."""
        caller = caller or self.a
        callee = self.other(caller)
        number = caller.setup(self.now, **options)
        assert number is not None
        self.run(0.1)
        (indication,) = callee.take(SetupIndication)
        callee.interface.connect(indication.call, (), self.now)
        self.run(0.1)
        return (number, indication.call) if caller is self.a else (indication.call, number)

    def assert_same_calls(self) -> None:
        """Both ends have the same active calls, each on the same channel; nothing is half set up or half cleared."""
        views = []
        for end in self.ends:
            calls = [call for call in end.interface._kernel.calls.values() if call.state is not State.NULL]
            assert [call for call in calls if call.state is not State.ACTIVE] == []
            views.append({(call.outgoing is (end is self.a), call.reference, _place(call)) for call in calls})
        assert views[0] == views[1]

    def assert_agreed(self) -> None:
        """Every channel idle and in service at both ends, no call and no timer left."""
        for end in self.ends:
            assert not end.alive
            assert not end.interface.calls()
            assert not end.interface._kernel.references
            for channel, (status, service, call) in end.interface.channel_states().items():
                assert (status, service, call) == (ChannelStatus.IDLE, Service.NONE, None), channel
            assert end.pool.idle == len(end.pool)
            assert end.interface.quiet
            assert end.interface.next_deadline() is None, list(end.interface._kernel.timers._live)


def _place(call: Any) -> ChannelId | None:
    return None if call.channel is None else call.channel.id
