"""IUA of a gateway: a trunk's D-channel whose Q.921 another gateway has, from its file to messages at the far end."""

import pytest

from tandem.core.sigtran.primitives import CloseAssociation
from tandem.gateway.configuration.load import parse
from tandem.gateway.dchannels import DChannels, channels
from tandem.gateway.iua import machine
from tandem.gateway.media.protocol import UnitsReceived
from tandem.gateway.signalling_setup import ppids
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import DataIndication, Established, Released, SendFrame, State

EXCHANGE = """
[[span]]
name = "line"
device = "virtual:speech"
[[association]]
name = "wire"
local = "127.0.0.1:0"
peer = "127.0.0.1:9900"
[[trunk]]
name = "pbx"
type = "pri"
side = "network"
  [[trunk.spans]]
  span = "line"
  associations = ["wire"]
  iua_interface = INTERFACE
[[route]]
to = ["pbx"]
"""
GATEWAY = """
[[span]]
name = "line"
device = "virtual:line"
capture = true
[[association]]
name = "wire"
local = "127.0.0.1:9900"
peer = "127.0.0.1:0"
wait = true
[[isdn.backhaul]]
associations = ["wire"]
interface = INTERFACE
span = "line"
side = "network"
timers = { t200 = 0.5 }
"""
SETUP = bytes.fromhex("0802000105 04038090a3")
SABME = bytes.fromhex("00017f")
UP = State.MULTIPLE_FRAME_ESTABLISHED


class Capture:
    def __init__(self):
        self.frames = []

    def write_lapd(self, channel, frame, sent, now, network):
        self.frames.append((channel, sent, network))


class Bench:
    """The D-channels of an exchange and of a gateway, an association, and the user's data link at the far end."""

    def __init__(self, interface="1"):
        self.lines, self.capture, self.now, self.wire = [], Capture(), 0.0, False
        texts = {"exchange": EXCHANGE, "gateway": GATEWAY}
        configurations = {name: parse(text.replace("INTERFACE", interface)) for name, text in texts.items()}
        self.ends = {
            name: DChannels(configuration, 3, self.lines.append, self.capture)
            for name, configuration in configurations.items()
        }
        self.channels = {name: channels(configuration, 3) for name, configuration in configurations.items()}
        self.far = DataLink(LinkConfiguration(network=False))
        self.said, self.heard, self.frames = [], [], []

    def cut(self, up):
        self.wire = up
        for end in self.ends.values():
            if up:
                assert end.iua.association_up("wire", 4, self.now)
            else:
                assert end.iua.association_down("wire", "cut", self.now)

    def run(self, seconds=1.0):
        end = self.now + seconds
        while self.now < end:
            for made in self.ends.values():
                made.handle_timers(self.now)
            self.far.handle_timers(self.now)
            self.settle()
            self.now += 0.05

    def settle(self):
        for _ in range(4):
            for output in self.far.outputs():
                if isinstance(output, SendFrame):
                    assert self.ends["gateway"].units_received(UnitsReceived(3, [output.octets], 1, 0, 0), self.now)
                else:
                    self.heard.append(output)
            for name, made in self.ends.items():
                self.said += made.settle(self.now)
                other = self.ends["gateway" if name == "exchange" else "exchange"]
                messages, made.iua.messages[:] = made.iua.messages[:], []
                for message in messages:
                    assert not isinstance(message, CloseAssociation)
                    if self.wire:
                        other.iua.association_message("wire", message.octets, message.stream, self.now)
                for channel, frames, fill in made.units:
                    assert (name, channel, fill) == ("gateway", 3, None)
                    self.frames += frames
                    for frame in frames:
                        self.far.frame_received(frame, self.now)
                made.units.clear()


def started(interface="1"):
    bench = Bench(interface)
    bench.cut(True)
    bench.ends["exchange"].establish("pbx", 0.0)
    bench.run(2)
    assert bench.said == [("pbx", Established(True))]
    assert bench.far.state is UP
    bench.said.clear()
    bench.heard.clear()
    return bench


@pytest.mark.parametrize("interface", ["1", "4294967295", '"e1-north"'])
def test_messages_both_ways(interface):
    bench = started(interface)
    assert bench.channels["exchange"] == []
    assert [(one.span, one.timeslots, one.kind) for one in bench.channels["gateway"]] == [("line", (16,), "lapd")]
    bench.ends["exchange"].send("pbx", SETUP, bench.now)
    bench.far.data(SETUP + b"x", bench.now)
    bench.run()
    assert bench.heard == [DataIndication(SETUP)]
    assert bench.said == [("pbx", SETUP + b"x")]
    assert ("backhaul/" + interface.strip('"'), True, True) in bench.capture.frames


def test_calls_survive_a_short_loss_of_the_association():
    """The exchange hears of it (T309 runs), and that the link is back; the line never went."""
    bench = started()
    bench.cut(False)
    bench.run(0.5)
    assert bench.said == [("pbx", Released(False))]
    bench.cut(True)
    bench.run(4)
    assert bench.said == [("pbx", Released(False)), ("pbx", Established(True))]
    assert Released(False) not in bench.heard
    assert any("data link established" in line.text for line in bench.lines)


def test_a_long_loss_ends_the_data_link_and_the_far_end_is_refused_meanwhile():
    bench = started()
    bench.cut(False)
    bench.run(5)
    assert bench.heard[-1] == Released(False)
    bench.frames.clear()
    bench.far.establish(bench.now)
    bench.run()
    assert bench.frames == [bytes.fromhex("00011f")]  # DM, F = 1
    assert bench.far.state is not UP
    bench.cut(True)
    bench.run(5)
    assert bench.far.state is UP


def test_a_data_link_that_only_the_far_end_set_up_ends_with_the_association_too():
    bench = Bench()
    bench.cut(True)
    bench.run(2)
    bench.far.establish(bench.now)
    bench.run()
    assert bench.far.state is UP
    bench.cut(False)
    bench.run(5)
    assert bench.far.state is not UP


def test_a_far_end_that_asks_for_a_data_link_gets_none_without_an_exchange():
    bench = started()
    bench.cut(False)
    bench.run(5)
    bench.ends["gateway"].units_received(UnitsReceived(3, [bytes.fromhex("02010f")], 1, 0, 0), bench.now)  # DM, F = 0
    bench.run()
    assert bench.far.state is not UP


def test_a_data_link_over_a_line_said_to_be_lost_can_be_established_anew():
    """Frames come after all: the exchange asks for what is there already, and gets it."""
    bench = started()
    bench.ends["gateway"].iua.span_changed("line", ["LOS"], bench.now)
    bench.run(4)
    bench.far.establish(bench.now)
    bench.run()
    assert bench.far.state is UP
    bench.said.clear()
    bench.ends["exchange"].iua.link(1).establish(bench.now)
    bench.run()
    assert ("pbx", Released(False)) not in bench.said
    assert [type(said) for _, said in bench.said] == [Established]


def test_a_message_goes_through_without_a_timer():
    bench = started()
    bench.far.data(SETUP, bench.now)
    bench.settle()
    assert bench.said == [("pbx", SETUP)]


def test_an_alarm_of_the_line_reaches_the_exchange():
    bench = started()
    bench.ends["gateway"].iua.span_changed("line", ["LOS"], bench.now)
    bench.run(4)
    assert bench.said == [("pbx", Released(False))]
    bench.ends["gateway"].iua.span_changed("line", [], bench.now)
    bench.run(6)
    assert bench.said[-1] == ("pbx", Established(True))


@pytest.mark.parametrize("first", ["exchange", "gateway"])
def test_both_stop_in_order(first):
    bench = started()
    bench.ends[first].stop(bench.now)
    bench.run(4)
    assert bench.ends[first].stopped
    assert isinstance(bench.heard[-1], Released)
    other = "gateway" if first == "exchange" else "exchange"
    bench.ends[other].stop(bench.now)
    bench.run(6)
    assert bench.ends[other].stopped


def test_no_data_link_with_an_exchange_that_stops():
    """The far end wants its link back at once, while the association is still there: it gets DM."""
    bench = started()
    bench.ends["exchange"].stop(bench.now)
    bench.settle()
    bench.far.establish(bench.now)
    bench.frames.clear()
    bench.settle()
    assert bench.frames == [bytes.fromhex("00011f")]  # DM, F = 1
    assert bench.said == [("pbx", Released(True))]
    bench.run(4)
    assert bench.ends["exchange"].stopped
    assert bench.far.state is not UP


def test_without_iua_there_is_nothing():
    configuration = parse('[[span]]\nname = "line"\ndevice = "virtual:line"\n')
    assert machine(configuration) is None
    made = DChannels(configuration, 0, [].append)
    assert not made.iua.in_use
    assert made.iua.stopped
    assert not made.iua.association_up("wire", 1, 0.0)
    assert not made.iua.association_down("wire", "", 0.0)
    assert not made.iua.association_message("wire", b"", 0, 0.0)
    assert made.iua.next_deadline() is None


def test_what_the_associations_carry():
    for text in (EXCHANGE, GATEWAY):
        assert {name: int(ppid) for name, ppid in ppids(parse(text.replace("INTERFACE", "1"))).items()} == {"wire": 1}
