from __future__ import annotations

import msgspec
import pytest
from support.media_plane import free_ports

from tandem.gateway.media.link import Link, socket_pair
from tandem.gateway.media.loop import Loop
from tandem.gateway.media.plane import Plane
from tandem.gateway.media.protocol import (
    Channel,
    CloseRtp,
    Command,
    Event,
    MediaConfiguration,
    OpenRtp,
    Ready,
    RtpClosed,
    SendUnits,
    Shutdown,
    SpanConfiguration,
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
