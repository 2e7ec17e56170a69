"""Media planes over cards: calls go on, or are muted and alarmed, while a card or its daemon goes and comes back."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from support.dahdi_kernel import Kernel
from support.e1d_daemon import Daemon
from support.gateways import free_ports
from support.media_plane import Planes, Side, leg, timeslot

from tandem.core.errors import SpanError
from tandem.gateway.media.plane import Plane
from tandem.gateway.media.protocol import (
    Channel,
    MediaConfiguration,
    SendUnits,
    Source,
    SpanChanged,
    SpanConfiguration,
    UnitsReceived,
)
from tandem.hardware import dahdi_calls

FISU = b"\xff\xff\x00"
MESSAGE = b"\xff\x80\x24" + bytes(range(36))
SPEECH = np.random.default_rng(5).integers(0, 256, 8000, dtype=np.uint8).tobytes()


class Cards(Planes):
    """Two planes, and a device that moves 40 octets every 5 ms."""

    def __init__(self, move, *sides):
        self.move = move
        super().__init__(*sides)

    def _collect(self, side):
        super()._collect(side)
        if side is self.sides[-1] and self._steps % 5 == 0:
            self.move()


@contextlib.contextmanager
def planes(devices, move, kind="mtp2"):
    first = free_ports(40)
    sides = []
    try:
        for place, device in enumerate(devices):
            configuration = MediaConfiguration(
                spans=[SpanConfiguration("E0", device)],
                channels=[Channel(1, "E0", (16,), kind=kind)],
                rtp_ports=(first + 20 * place, first + 20 * place + 9),
            )
            sides.append(Side(Plane(configuration)))
        yield Cards(move, *sides), sides[0], sides[1]
    finally:
        for side in sides:
            side.plane.close()
            for phone in side.phones:
                phone.socket.close()


@pytest.fixture(params=["mtp2 to clear", "lapd"])
def dahdi(request, monkeypatch):
    kind, _, other = request.param.partition(" to ")
    word = {"mtp2": "MTP2", "lapd": "HDLCFCS"}[kind]
    kernel = Kernel({16: word}, {} if other else {16: word})
    monkeypatch.setattr(dahdi_calls, "KERNEL", kernel)
    with planes(("dahdi:1", "dahdi:2"), lambda: kernel.run(40), kind) as (cards, one, two):
        yield kernel, cards, one, two


def call(one, two):
    """A phone at each plane, connected over timeslot 5."""
    phones = []
    for side in (one, two):
        phones.append(side.phone(1))
        side.command(Source(timeslot(5), leg(1)), Source(leg(1), timeslot(5)))
    return phones


def units(side):
    return [unit for event in side.told(UnitsReceived) for unit in event.units]


def last_alarms(side):
    change = side.told(SpanChanged)[-1]
    return change.alarms, change.detail


def test_speech_and_signalling_over_a_dahdi_card(dahdi):
    _, cards, one, two = dahdi
    caller, callee = call(one, two)
    one.command(SendUnits(1, [], FISU))
    cards.run(0.5)
    caller.speech = SPEECH
    one.command(SendUnits(1, [MESSAGE], FISU))
    cards.run(1.3)
    assert SPEECH[800:7200] in callee.heard.tobytes(), "every octet, in order"
    assert MESSAGE in units(two)
    assert last_alarms(two) == ([], "")


def test_a_card_that_is_unplugged_in_mid_call_is_an_alarm_and_its_return_ends_it(dahdi):
    kernel, cards, one, two = dahdi
    caller, callee = call(one, two)
    cards.run(0.5)
    kernel.unplug()
    cards.run(1.0)
    for side in (one, two):
        alarms, detail = last_alarms(side)
        assert alarms == ["LOS"]
        assert detail.startswith("the card is gone (No such device)")
    for span in kernel.spans:
        for channel in span.channels:
            channel.reset()
    kernel.plug_in()
    cards.run(2.0)
    assert [last_alarms(side) for side in (one, two)] == [([], "")] * 2
    caller.speech = SPEECH
    one.command(SendUnits(1, [MESSAGE], FISU))
    cards.run(1.3)
    assert SPEECH[1600:6400] in callee.heard.tobytes(), "the same call speaks on"
    assert MESSAGE in units(two)


def test_a_channel_set_up_for_something_else_fails_with_what_is_right(monkeypatch):
    monkeypatch.setattr(dahdi_calls, "KERNEL", Kernel({16: "HDLCFCS"}, {}))
    with pytest.raises(SpanError, match="`mtp2`"), planes(("dahdi:1", "dahdi:2"), lambda: None):
        pass


def test_a_daemon_that_restarts_in_mid_call(tmp_path):
    path = str(tmp_path / "ctl")
    daemons = [Daemon(path)]

    def move():
        daemons[-1].serve()
        for _ in range(4):
            daemons[-1].step()

    with (
        contextlib.ExitStack() as stack,
        planes([f"e1d:0:{line},socket={path}" for line in (0, 1)], move) as (cards, one, two),
    ):
        stack.callback(lambda: daemons[-1].close())
        caller, callee = call(one, two)
        one.command(SendUnits(1, [], FISU))
        cards.run(0.5)
        daemons[-1].close()
        daemons.append(Daemon(path))
        cards.run(0.3)
        assert all(last_alarms(side)[0] == ["LOS"] for side in (one, two))
        assert "restarts" in last_alarms(one)[1]
        cards.run(1.5)
        assert [last_alarms(side) for side in (one, two)] == [([], "")] * 2
        caller.speech = SPEECH
        one.command(SendUnits(1, [MESSAGE], FISU))
        cards.run(1.3)
        assert SPEECH[1600:6400] in callee.heard.tobytes()
        assert MESSAGE in units(two)
