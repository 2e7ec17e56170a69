from __future__ import annotations

import msgspec
import pytest
from support.gateways import free_ports

from tandem.gateway.media.link import Link, socket_pair
from tandem.gateway.media.loop import COMPANY, Loop
from tandem.gateway.media.plane import Plane
from tandem.gateway.media.protocol import (
    Channel,
    CloseRtp,
    Command,
    Event,
    MediaConfiguration,
    MediaStatistics,
    OpenRtp,
    Ready,
    RtpClosed,
    SendUnits,
    Shutdown,
    SpanConfiguration,
    UnitsReceived,
)

NO_PORTS = (2, 1)
_EVENTS = msgspec.msgpack.Decoder(list[Event])


def run(configuration: MediaConfiguration, *commands: Command) -> list[Event]:
    """Run a loop until it ends by itself; what it told."""
    ours, theirs = socket_pair()
    parent: Link[Command, Event] = Link(ours, _EVENTS)
    plane = Plane(configuration)
    try:
        parent.send(commands)
        if not any(isinstance(command, Shutdown) for command in commands):
            ours.shutdown(2)
        Loop(plane, theirs).run()
        return parent.receive()
    finally:
        plane.close()
        ours.close()
        theirs.close()


def test_commands_are_obeyed_in_order_and_shutdown_ends_it() -> None:
    first = free_ports(2)
    configuration = MediaConfiguration(rtp_ports=(first, first + 1))
    events = run(configuration, OpenRtp(5, first, "A", 8), CloseRtp(5), Shutdown())
    assert isinstance(events[0], Ready)
    assert [event.leg for event in events if isinstance(event, RtpClosed)] == [5]


def test_it_ends_when_the_signalling_process_has_gone() -> None:
    run(MediaConfiguration(rtp_ports=NO_PORTS))


@pytest.mark.parametrize("count", [1, 10_000])
def test_shutdown_does_not_wait_for_ever_for_signal_units(count: int) -> None:
    configuration = MediaConfiguration(
        spans=[SpanConfiguration("E", "virtual:loop")], channels=[Channel(1, "E", (16,))], rtp_ports=NO_PORTS
    )
    run(configuration, SendUnits(1, [bytes(100)] * count, None), Shutdown())


class Scripted:
    """A plane whose turns bring given events, and whose clock says a millisecond more each time it is asked."""

    period = 1000
    lines = ()

    def __init__(self, turns: list[Event | None]) -> None:
        self.events: list[Event] = []
        self.timing, self._turns, self._milliseconds = self, iter(turns), 0

    def now(self) -> float:
        self._milliseconds += 1
        return self._milliseconds / 1000

    def take_steered(self) -> bool:
        return False

    def begin(self, now: float) -> None:
        pass

    def serve(self, now: float) -> bool:
        event = next(self._turns)
        if event is not None:
            self.events.append(event)
        return False


def told(turns: list[Event | None]) -> list[list[Event]]:
    """What the loop tells of `turns`, message by message."""
    ours, theirs = socket_pair()
    messages: list[list[Event]] = []
    loop = Loop(Scripted(turns), theirs)  # type: ignore[arg-type]
    loop._link.send = lambda events: messages.append(list(events))  # type: ignore[method-assign]
    with ours, theirs, pytest.raises(StopIteration):
        loop.run()
    return messages


CLOSED, UNITS = [RtpClosed(leg, MediaStatistics()) for leg in (1, 2)], UnitsReceived(1, [b"abc"], 1, 0, 0)


def test_the_end_of_a_leg_goes_with_what_comes_soon_after() -> None:
    assert told([CLOSED[0], None, CLOSED[1], UNITS, None]) == [[*CLOSED, UNITS]]


def test_the_end_of_a_leg_waits_for_nothing_in_vain() -> None:
    turns: list[Event | None] = [None] * (round(COMPANY * 1000) + 2)
    assert told([CLOSED[0], *turns, CLOSED[1]]) == [[CLOSED[0]]]
    assert told([UNITS, CLOSED[0], *turns]) == [[UNITS], [CLOSED[0]]]


@pytest.mark.parametrize("gathers", [True, False])
def test_commands_that_can_wait_are_read_when_the_timer_comes(gathers: bool) -> None:
    """Three batches, each sent in a turn of the loop that the one before began."""
    ours, theirs = socket_pair()
    parent: Link[Command, Event] = Link(ours, _EVENTS)
    served: list[int] = []

    class Gathering(Scripted):
        def obey(self, commands: list[Command]) -> None:
            served.append(len(commands))

        def serve(self, now: float) -> bool:
            if served and sum(served) < 3:
                parent.send([CloseRtp(1)])
            return False

        def commands_can_wait(self, now: float) -> bool:
            if sum(served) == 3:
                parent.send([Shutdown()])
            return gathers

    plane = Gathering([])
    plane.queued = lambda: False  # type: ignore[attr-defined]
    loop = Loop(plane, theirs)  # type: ignore[arg-type]
    registered: list[int] = []
    loop._lines = Counting(loop._lines, registered)  # type: ignore[assignment]
    with ours, theirs:
        parent.send([CloseRtp(1)])
        loop.run()
    assert bool(registered) is gathers
    assert sum(served) == 4


class Counting:
    """An epoll that counts how often it was waited for."""

    def __init__(self, epoll: object, times: list[int]) -> None:
        self._epoll, self._times = epoll, times

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        self._times.append(1)
        return self._epoll.poll(timeout)  # type: ignore[attr-defined, no-any-return]

    def __getattr__(self, name: str) -> object:
        return getattr(self._epoll, name)
