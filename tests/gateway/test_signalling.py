"""Levels 2 and 3 of several linksets, wired from the configuration."""

import pytest
from support.node_pair import Bench

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import Channel, SendUnits
from tandem.gateway.signalling import ACKNOWLEDGEMENT_DELAY, Signalling
from tandem.gateway.signalling_setup import channels
from tandem.ss7.mtp2.configuration import LinkConfiguration

TWO_POINTS = """
[[span]]
name = "e1"
device = "virtual:x"
[[span]]
name = "e2"
device = "virtual:y"
capture = true
[[ss7.linkset]]
name = "north"
point_code = "1"
adjacent_point_code = "2"
timers = { q703_t2 = 11.5, q703_t4e = 0.4, q704_t17 = 1.0, q707_t1 = 5.0 }
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 16
  [[ss7.linkset.link]]
  span = "e2"
  timeslot = 16
  slc = 7
[[ss7.linkset]]
name = "south"
point_code = "9"
adjacent_point_code = "8"
variant = "china"
network = "national spare"
  [[ss7.linkset.link]]
  span = "e2"
  timeslots = "1-4,6"
  format = "extended"
"""


def test_links_are_numbered_as_in_the_file_and_named_by_slc():
    signalling = Signalling(parse(TWO_POINTS), log=lambda line: None)
    assert [port.name for port in signalling.links.values()] == ["north/0", "north/7", "south/0"]
    assert [port.capture for port in signalling.links.values()] == [False, True, True]
    assert [port.extended for port in signalling.links.values()] == [False, False, True]
    assert len(signalling.points) == 2


def test_channels_for_the_media_process():
    assert channels(parse(TWO_POINTS)) == [
        Channel(0, "e1", (16,)),
        Channel(1, "e2", (16,)),
        Channel(2, "e2", (1, 2, 3, 4, 6), extended=True),
    ]


def test_timers_of_the_configuration_are_obeyed(monkeypatch):
    made = []
    from tandem.gateway import signalling_setup

    class Recording(signalling_setup.SignallingLink):
        def __init__(self, configuration: LinkConfiguration) -> None:
            made.append(configuration)
            super().__init__(configuration)

    monkeypatch.setattr(signalling_setup, "SignallingLink", Recording)
    Signalling(parse(TWO_POINTS), log=lambda line: None)
    assert (made[0].t2, made[0].t4_emergency, made[0].bit_rate) == (11.5, 0.4, 64_000)
    assert (made[2].format, made[2].bit_rate) == ("extended", 5 * 64_000)


def test_a_mere_acknowledgement_waits_for_company():
    bench = Bench().up()
    bench.run(1)
    node = bench.nodes["A"]
    port = node.signalling.links[0]
    bsn = port.fill[0]
    newer = bytes([bsn & 0x80 | (bsn + 1) & 0x7F]) + port.fill[1:]
    from tandem.ss7.mtp2.primitives import SendUnits as Down

    node.signalling._send(port, Down((), newer), bench.now)
    assert node.signalling.units == []
    assert node.signalling.next_deadline() <= bench.now + ACKNOWLEDGEMENT_DELAY
    node.signalling.handle_timers(bench.now + ACKNOWLEDGEMENT_DELAY)
    assert node.signalling.units == [(0, (), newer)]


def test_a_message_takes_the_acknowledgement_along():
    bench = Bench().up()
    bench.run(1)
    node = bench.nodes["A"]
    port = node.signalling.links[0]
    from tandem.ss7.mtp2.primitives import SendUnits as Down

    bsn = port.fill[0]
    newer = bytes([bsn & 0x80 | (bsn + 1) & 0x7F]) + port.fill[1:]
    node.signalling._send(port, Down((), newer), bench.now)
    node.signalling._send(port, Down((b"\x01\x02\x03\x04\x05",), newer), bench.now)
    assert [unit for unit in node.signalling.units if not unit[1]] == []
    assert not node.signalling._acknowledgements.is_running(0)


@pytest.mark.parametrize("change", [0x80, "fsn", "status"])
def test_anything_else_goes_down_at_once(change):
    bench = Bench().up()
    bench.run(1)
    node = bench.nodes["A"]
    port = node.signalling.links[0]
    fill = bytearray(port.fill)
    if change == 0x80:
        fill[0] ^= 0x80
    elif change == "fsn":
        fill[1] ^= 1
    else:
        fill = bytearray(b"\xff\xff\x01\x03")
    from tandem.ss7.mtp2.primitives import SendUnits as Down

    node.signalling._send(port, Down((), bytes(fill)), bench.now)
    assert node.signalling.units == [(0, (), bytes(fill))]
    assert SendUnits(0, [], bytes(fill)).fill == bytes(fill)
