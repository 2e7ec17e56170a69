"""Levels 2 and 3 of several linksets, wired from the configuration."""

import pytest
from support.node_pair import Bench

from tandem.gateway.configuration.load import parse
from tandem.gateway.media.protocol import Channel, SendUnits, UnitsReceived
from tandem.gateway.signalling import (
    ACKNOWLEDGEMENT_DELAY,
    CYCLIC_ACKNOWLEDGEMENT_DELAY,
    UNACKNOWLEDGED,
    Signalling,
)
from tandem.gateway.signalling_setup import channels
from tandem.ss7.mtp2.configuration import LinkConfiguration
from tandem.ss7.mtp3.primitives import PauseIndication, ResumeIndication, TransferIndication, TransferRequest

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


def test_many_messages_are_acknowledged_at_once():
    bench = Bench().up()
    bench.run(1)
    node = bench.nodes["A"]
    port = node.signalling.links[0]
    from tandem.ss7.mtp2.primitives import SendUnits as Down

    first = port.fill
    fills = [bytes([first[0] & 0x80 | (first[0] + i) & 0x7F]) + first[1:] for i in range(1, UNACKNOWLEDGED + 2)]
    for fill in fills[: UNACKNOWLEDGED - 1]:
        node.signalling._send(port, Down((), fill), bench.now)
    assert node.signalling.units == []
    node.signalling._send(port, Down((), fills[UNACKNOWLEDGED - 1]), bench.now)
    assert node.signalling.units == [(0, (), fills[UNACKNOWLEDGED - 1])]
    assert not node.signalling._acknowledgements.is_running(0)
    node.signalling._send(port, Down((), fills[UNACKNOWLEDGED]), bench.now)
    assert len(node.signalling.units) == 1


def test_a_peer_that_repeats_what_is_not_acknowledged_waits_less():
    basic = Signalling(parse(TWO_POINTS), log=lambda line: None)
    assert {port.delay for port in basic.links.values()} == {ACKNOWLEDGEMENT_DELAY}
    cyclic = parse(TWO_POINTS.replace("[[ss7.linkset.link]]", '[[ss7.linkset.link]]\nerror_correction = "cyclic"'))
    links = Signalling(cyclic, log=lambda line: None).links
    assert {port.delay for port in links.values()} == {CYCLIC_ACKNOWLEDGEMENT_DELAY}


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


ASP = """
[[association]]
name = "iuw"
local = "127.0.0.1:0"
peer = "127.0.0.1:2904"
[[ss7.linkset]]
name = "south"
point_code = "1"
adjacent_point_code = "2"
proving = "emergency"
restart_wait = 1.0
  [[ss7.linkset.link]]
  association = "iuw"
  interface = 5
"""

GATEWAY = """
[[span]]
name = "e1"
device = "virtual:x"
[[association]]
name = "iuw"
local = "127.0.0.1:2904"
peer = "127.0.0.1:0"
wait = true
[[ss7.backhaul]]
association = "iuw"
interface = 5
span = "e1"
timeslot = 16
timers = { q703_t4e = 0.4 }
"""

NEIGHBOUR = """
[[span]]
name = "e1"
device = "virtual:y"
[[ss7.linkset]]
name = "north"
point_code = "2"
adjacent_point_code = "1"
proving = "emergency"
restart_wait = 1.0
  [[ss7.linkset.link]]
  span = "e1"
  timeslot = 16
"""


class Backhauled:
    """An exchange, a signalling gateway that has its link, and the neighbour at the other end of the link."""

    def __init__(self):
        texts = {"asp": ASP, "gateway": GATEWAY, "neighbour": NEIGHBOUR}
        self.lines = []
        self.parts = {name: Signalling(parse(text), self.lines.append) for name, text in texts.items()}
        self.heard = {name: [] for name in texts}
        self.now = 0.0
        for part in self.parts.values():
            part.start(self.now)
        for name in ("asp", "gateway"):
            self.parts[name].association_up("iuw", 2, self.now)

    def run(self, seconds):
        for _ in range(int(seconds * 100)):
            self.now += 0.01
            for name, part in self.parts.items():
                part.handle_timers(self.now)
                self.heard[name] += part.settle(self.now)
            for sender, receiver in (("gateway", "neighbour"), ("neighbour", "gateway")):
                units, self.parts[sender].units = self.parts[sender].units, []
                for _, queued, fill in units:
                    self.parts[receiver].units_received(UnitsReceived(0, [*queued, fill], 30, 0), self.now)
            for sender, receiver in (("asp", "gateway"), ("gateway", "asp")):
                messages, self.parts[sender].messages = self.parts[sender].messages, []
                for message in messages:
                    self.parts[receiver].association_message("iuw", message.octets, message.stream, self.now)


def test_a_link_backhauled_by_m2ua_carries_messages_both_ways():
    network = Backhauled()
    network.run(15)
    for sender, receiver, opc, dpc in (("asp", "neighbour", 1, 2), ("neighbour", "asp", 2, 1)):
        assert ResumeIndication(dpc) in network.heard[sender]
        network.parts[sender].transfer(TransferRequest(5, dpc, 3, b"\x01\x00hello", opc=opc), network.now)
        network.run(1)
        (indication,) = [one for one in network.heard[receiver] if isinstance(one, TransferIndication)]
        assert indication.data == b"\x01\x00hello"


def test_a_lost_association_takes_the_backhauled_link_out_of_service():
    network = Backhauled()
    network.run(15)
    for name in ("asp", "gateway"):
        network.parts[name].association_down("iuw", "cut", network.now)
    network.run(10)
    assert PauseIndication(2) in network.heard["asp"]
    assert PauseIndication(1) in network.heard["neighbour"]
    network.heard = {name: [] for name in network.parts}
    for name in ("asp", "gateway"):
        network.parts[name].association_up("iuw", 2, network.now)
    network.run(40)
    assert ResumeIndication(2) in network.heard["asp"]
    assert ResumeIndication(1) in network.heard["neighbour"]
