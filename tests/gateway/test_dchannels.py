"""D-channels of PRI trunks: data links between channels of the media process and call control."""

from tandem.gateway.configuration.load import parse
from tandem.gateway.dchannels import DChannels, channels
from tandem.gateway.media.protocol import UnitsReceived
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import DataIndication, Established, Released, SendFrame

ONE = """
[[span]]
name = "line"
device = "virtual:line"
capture = true
[[trunk]]
name = "pbx"
type = "pri"
side = "network"
timers = { t200 = 0.5, t203 = 5.0 }
  [[trunk.spans]]
  span = "line"
[[route]]
to = ["pbx"]
"""
TWO = """
[[span]]
name = "t1"
device = "virtual:t1"
framing = "esf"
[[span]]
name = "t2"
device = "virtual:t2"
framing = "esf"
[[trunk]]
name = "nfas"
type = "pri"
side = "network"
switch = "ni2"
  [[trunk.spans]]
  span = "t1"
  d_channel = 24
  [[trunk.spans]]
  span = "t2"
  d_channel = 24
  interface = 1
[[route]]
to = ["nfas"]
"""
SETUP = bytes.fromhex("0802000105 04038090a3")
MAINTENANCE = 0x43


class Capture:
    def __init__(self):
        self.frames = []

    def write_lapd(self, channel, frame, sent, now, network):
        self.frames.append((channel, sent, network))


class Bench:
    """The D-channels of a configuration and the users' data links at the other end; a virtual clock."""

    def __init__(self, text=ONE, first=7):
        configuration = parse(text)
        self.lines, self.capture = [], Capture()
        self.made = DChannels(configuration, first, self.lines.append, self.capture)
        self.channels = channels(configuration, first)
        self.far = {channel.number: DataLink(LinkConfiguration(network=False)) for channel in self.channels}
        self.said, self.received, self.now, self.cut = [], [], 0.0, set()

    def run(self, seconds=1.0):
        end = self.now + seconds
        while self.now < end:
            self.made.handle_timers(self.now)
            for number, link in self.far.items():
                link.handle_timers(self.now)
                for output in link.outputs():
                    if isinstance(output, SendFrame) and number not in self.cut:
                        self.made.units_received(UnitsReceived(number, [output.octets], 1, 0, 0), self.now)
                    elif not isinstance(output, SendFrame):
                        self.received.append((number, output))
                        if isinstance(output, DataIndication) and output.octets[0] == MAINTENANCE:
                            self._agree(number, output.octets)
            self.said += self.made.settle(self.now)
            for number, units, fill in self.made.units:
                assert fill is None
                for unit in units:
                    if number not in self.cut:
                        self.far[number].frame_received(unit, self.now)
            self.made.units.clear()
            self.now += 0.05

    def _agree(self, number, service):
        """SERVICE ACKNOWLEDGE: the same call reference the other way, the same elements (T1.607)."""
        discriminator, length, reference, kind = service[0], service[1], service[2:4], service[4]
        assert (length, kind) == (2, 0x07)
        answer = bytes((discriminator, length, reference[0] ^ 0x80, reference[1], 0x0F)) + service[5:]
        self.far[number].data(answer, self.now)


def texts(bench):
    return [f"{line.subject}: {line.text}" for line in bench.lines]


def test_the_media_process_frames_each_d_channel():
    (channel,) = Bench().channels
    assert (channel.number, channel.span, tuple(channel.timeslots), channel.kind) == (7, "line", (16,), "lapd")
    assert [(c.number, c.span, tuple(c.timeslots)) for c in Bench(TWO).channels] == [(7, "t1", (24,)), (8, "t2", (24,))]


def test_a_link_comes_up_carries_messages_and_is_captured():
    bench = Bench()
    bench.made.establish("pbx", 0.0)
    bench.run()
    assert ("pbx", Established(confirm=True)) in bench.said
    assert "D-channel pbx: data link established" in texts(bench)
    bench.made.send("pbx", SETUP, bench.now)
    bench.far[7].data(SETUP, bench.now)
    bench.run()
    assert ("pbx", SETUP) in bench.said
    assert SETUP in [getattr(output, "octets", None) for _, output in bench.received]
    assert {(name, network) for name, _, network in bench.capture.frames} == {("pbx", True)}
    assert {sent for _, sent, _ in bench.capture.frames} == {True, False}


def test_other_channels_are_no_business_of_theirs():
    assert not Bench().made.units_received(UnitsReceived(6, [b"x"], 1, 0, 0), 0.0)


def test_a_link_that_is_lost_is_told_and_comes_back():
    bench = Bench()
    bench.made.establish("pbx", 0.0)
    bench.run()
    bench.made.line_changed("pbx", "line", True, bench.now)
    bench.cut = {7}
    bench.run()
    assert ("pbx", Released(confirm=False)) in bench.said
    assert texts(bench)[-1] == "D-channel pbx: data link lost"
    bench.cut = set()
    bench.made.line_changed("pbx", "line", False, bench.now)
    bench.run(10)
    assert texts(bench)[-1] == "D-channel pbx: data link established"


def test_stopped_for_good():
    """The peer wants the link back at once: it gets no answer, and the gateway can end."""
    bench = Bench()
    bench.made.establish("pbx", 0.0)
    bench.run()
    bench.made.stop(bench.now)
    assert not bench.made.stopped
    bench.run()
    assert bench.made.stopped
    bench.far[7].establish(bench.now)
    bench.made.establish("pbx", bench.now)
    bench.run(10)
    assert bench.made.stopped
    assert not bench.made.ports["pbx"].group.is_established


def test_what_never_came_up_is_stopped_at_once():
    bench = Bench()
    bench.made.stop(0.0)
    assert bench.made.stopped


def test_of_two_d_channels_one_is_in_service_and_the_other_takes_over():
    bench = Bench(TWO)
    bench.made.establish("nfas", 0.0)
    bench.run(10)
    in_service = [text for text in texts(bench) if text.endswith("is in service")]
    assert in_service
    before = bench.made.ports["nfas"].group.active
    bench.cut = {7 + before}
    bench.made.line_changed("nfas", ("t1", "t2")[before], True, bench.now)
    bench.run(10)
    assert bench.made.ports["nfas"].group.active == 1 - before
    assert [word for _, word in bench.said if isinstance(word, Released)] == []
