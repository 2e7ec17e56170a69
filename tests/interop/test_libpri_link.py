"""libpri as the other end of the D channel: the data link, from either side."""

import time
from random import Random

import pytest
from support.lapd_tshark import dissect
from support.libpri import Line, Peer, build

from tandem.isdn.dchannel import DChannelGroup
from tandem.isdn.dchannel_primitives import GroupConfiguration, MessageReceived, SendOnChannel, Status
from tandem.isdn.q921 import DataLink, LinkConfiguration
from tandem.isdn.q921.frames import InformationFrame, Supervisory, parse_frame
from tandem.isdn.q921.primitives import (
    DataIndication,
    ErrorCode,
    ErrorIndication,
    Established,
    Released,
    SendFrame,
    State,
)

pytestmark = pytest.mark.interop

#: Before and after the call reference in STATUS ENQUIRY (Q.931 3.1.16). libpri knows no such call: it answers each with
#: RELEASE COMPLETE for the same call reference.
ENQUIRY_HEADER, ENQUIRY = b"\x08\x02", b"\x75"


@pytest.fixture(scope="module")
def executable(tmp_path_factory):
    return build(tmp_path_factory.mktemp("pripeer"))


@pytest.fixture
def start(executable):
    """A function that joins our data link with a libpri; they end with the test."""
    started = []

    def begin(network, **options):
        link = DataLink(LinkConfiguration(network=network, **options))
        started.append(Line(link, Peer(executable, network=not network)))
        return started[-1]

    yield begin
    for line in started:
        line.close()


def kinds(frames):
    """Names of frames, in order."""
    return [
        "I" if isinstance(frame, InformationFrame) else frame.kind.name for frame in (parse_frame(f) for f in frames)
    ]


def is_i(frame):
    return isinstance(parse_frame(frame), InformationFrame)


def answers(line):
    """Call references of libpri's answers, in the order in which they were handed up."""
    return [int.from_bytes(item.octets[2:4], "big") & 0x7FFF for item in line.told if isinstance(item, DataIndication)]


def ask(line, references):
    """Send an enquiry about each call reference."""
    for reference in references:
        assert line.do(line.machine.data, ENQUIRY_HEADER + reference.to_bytes(2, "big") + ENQUIRY)


def lose(numbers):
    """A rule: of the I frames that pass, those with these numbers, counted from 0, are lost."""
    count = iter(range(1_000_000))
    return lambda frame: is_i(frame) and next(count) in numbers


def up(line):
    line.hears(Established)
    line.event("PRI_EVENT_DCHAN_UP")
    return line


both_sides = pytest.mark.parametrize("network", [True, False], ids=["network", "user"])


@both_sides
def test_libpri_establishes(start, network):
    line = start(network)
    assert line.hears(Established) == Established(confirm=False)
    line.event("PRI_EVENT_DCHAN_UP")
    assert kinds(line.sent) == ["UA"]
    assert kinds(line.received) == ["SABME"]


@both_sides
def test_we_establish(start, network):
    """libpri's SABME are lost until ours has brought our end up."""
    line = start(network)
    line.lose_received = lambda frame: kinds([frame]) == ["SABME"]
    line.do(line.machine.establish)
    assert line.hears(Established) == Established(confirm=True)
    assert kinds(line.sent) == ["SABME"]
    assert "UA" in kinds(line.received)
    # Its own SABME was lost: libpri waits for the answer to the next one (5.5.5.1).
    line.lose_received = lambda frame: False
    line.event("PRI_EVENT_DCHAN_UP")
    assert line.machine.is_established


@both_sides
def test_both_establish(start, network):
    """SABME from both ends cross (5.5.5): one link, up at both."""
    line = start(network)
    line.do(line.machine.establish)
    up(line)
    ask(line, [1])
    line.run_until(lambda: answers(line) == [1], "an answer")


@both_sides
def test_released_and_up_again(start, network):
    """We release; libpri wants its link back and gets it."""
    line = up(start(network))
    mark = len(line.peer.said)
    line.do(line.machine.release)
    line.hears(Released)
    line.event("PRI_EVENT_DCHAN_DOWN", mark)
    line.event("PRI_EVENT_DCHAN_UP", mark)
    line.run_until(lambda: line.machine.is_established, "up again")
    ask(line, [1, 2])
    line.run_until(lambda: answers(line) == [1, 2], "answers")
    assert {"DISC", "UA"} <= set(kinds(line.sent))


@both_sides
def test_messages_both_ways(start, network):
    """More messages than the modulus, at full speed."""
    line = up(start(network))
    references = list(range(1, 301))
    ask(line, references)
    line.run_until(lambda: len(answers(line)) == len(references), "answers")
    assert answers(line) == references
    assert line.machine.counters.messages_retransmitted == 0


@both_sides
def test_our_frames_are_lost(start, network):
    """libpri rejects, we go back."""
    line = up(start(network))
    line.lose_sent = lose({1, 9, 10})
    references = list(range(1, 31))
    ask(line, references)
    line.run_until(lambda: len(answers(line)) == len(references), "answers")
    assert answers(line) == references
    assert line.machine.counters.rejects_received >= 1
    assert line.machine.counters.messages_retransmitted >= 1
    assert line.machine.counters.establishments == 1


@both_sides
def test_frames_of_libpri_are_lost(start, network):
    """We reject, libpri goes back."""
    line = up(start(network))
    line.lose_received = lose({1, 9, 10})
    references = list(range(1, 31))
    ask(line, references)
    line.run_until(lambda: len(answers(line)) == len(references), "answers")
    assert answers(line) == references
    assert "REJ" in kinds(line.sent)
    assert line.machine.counters.out_of_sequence >= 1
    assert line.machine.counters.establishments == 1


@both_sides
def test_last_frame_is_lost(start, network):
    """No frame follows that could be rejected: T200 and timer recovery."""
    line = up(start(network))
    line.lose_sent = lose({0})
    ask(line, [7])
    line.run_until(lambda: line.machine.state is State.TIMER_RECOVERY or answers(line), "recovery")
    line.run_until(lambda: answers(line) == [7], "the answer")
    assert [Supervisory.RR.name] == [kind for kind in kinds(line.sent) if kind == "RR"][:1]
    assert line.machine.counters.messages_retransmitted == 1


@both_sides
@pytest.mark.parametrize("seed", range(3))
def test_line_with_losses(start, network, seed):
    """One frame in twelve is lost, whatever it is: everything arrives once and in order."""
    random = Random(seed)
    line = up(start(network))
    line.lose_sent = line.lose_received = lambda frame: random.random() < 1 / 12
    references = list(range(1, 41))
    ask(line, references)
    line.run_until(lambda: len(answers(line)) == len(references), "answers", 60)
    assert answers(line) == references
    assert line.machine.counters.establishments == 1


@both_sides
def test_window_is_full(start, network):
    """No acknowledgement comes: k frames go out and no more until libpri is heard again."""
    line = up(start(network, t200=2.0))
    line.lose_received = lambda frame: True
    references = list(range(1, 21))
    ask(line, references)
    line.run(0.5)
    assert kinds(line.sent).count("I") == 7
    # libpri, too, has sent what its window allows.
    assert kinds(line.received).count("I") == 7
    line.lose_received = lambda frame: False
    line.run_until(lambda: len(answers(line)) == len(references), "answers")
    assert answers(line) == references


@both_sides
def test_we_are_busy(start, network):
    """After RNR nothing of libpri's is accepted, and nothing is lost."""
    line = up(start(network))
    line.do(line.machine.set_busy, True)
    ask(line, [1, 2, 3])
    line.run(2.5)
    assert answers(line) == []
    assert line.machine.is_established
    line.do(line.machine.set_busy, False)
    line.run_until(lambda: answers(line) == [1, 2, 3], "answers")
    assert line.machine.counters.establishments == 1


@both_sides
def test_quiet_line_is_watched(start, network):
    """T203: enquiries on a quiet line, libpri answers each, the link stays up."""
    line = up(start(network, t200=0.5, t203=0.6))
    line.run(2.5)
    polls = [frame for frame in line.sent if kinds([frame]) == ["RR"] and parse_frame(frame).poll_final]
    assert len(polls) >= 3
    assert line.machine.counters.establishments == 1
    assert line.machine.is_established


@both_sides
def test_silence(start, network):
    """The line is cut: both ends give up and come back together."""
    line = up(start(network, t200=0.5, t203=1.0))
    ask(line, [1])
    line.run_until(lambda: kinds(line.received)[-1] == "I", "answer of libpri")
    line.cut()
    mark = len(line.peer.said)
    assert line.hears(Released) == Released(confirm=False)
    line.event("PRI_EVENT_DCHAN_DOWN", mark, 40)
    line.cut(False)
    told = len(line.told)
    line.do(line.machine.establish)
    line.hears(Established, told)
    line.event("PRI_EVENT_DCHAN_UP", mark)
    ask(line, [5])
    line.run_until(lambda: answers(line)[-1:] == [5], "answer")


def test_frame_rejected(start):
    """What libpri does with a frame that it does not know: at the latest its own recovery brings the link back."""
    line = up(start(True))
    line.peer.socket.send(bytes.fromhex("020127"))
    line.run(0.5)
    line.run_until(lambda: line.machine.is_established, "up")
    ask(line, [9])
    line.run_until(lambda: answers(line)[-1:] == [9], "answer")


@both_sides
def test_same_side_at_both_ends(executable, network):
    """Configured alike, they never meet; our errors say why."""
    line = Line(DataLink(LinkConfiguration(network=network)), Peer(executable, network=network))
    try:
        line.do(line.machine.establish)
        assert line.hears(ErrorIndication).code is ErrorCode.UNDEFINED_FRAME
        assert not line.machine.is_established
    finally:
        line.close()


@both_sides
def test_dissected(start, tmp_path, network):
    """Everything that we send is what tshark takes for the same frame."""
    line = up(start(network, t200=0.5, t203=0.6))
    line.lose_received = lose({1})
    ask(line, [1, 2, 3])
    line.run_until(lambda: answers(line) == [1, 2, 3], "answers")
    line.do(line.machine.set_busy, True)
    line.run(1.5)
    line.do(line.machine.unit_data, b"\x08\x00\x75")
    line.do(line.machine.release)
    line.hears(Released)
    names = kinds(line.sent)
    assert {"UA", "I", "RR", "RNR", "REJ", "UI", "DISC"} <= set(names)
    seen = dissect(line.sent, tmp_path / "sent.pcap", network)
    assert [item.trouble for item in seen] == [[]] * len(names)
    for frame, item in zip(map(parse_frame, line.sent), seen, strict=True):
        assert item.address == (frame.address.sapi, frame.address.tei, frame.address.cr)
        assert item.agrees(frame, network), frame


class Channel:
    """One D-channel of a group as Line wants a machine; what the group tells goes to `told` of all."""

    def __init__(self, group, channel, queues, told):
        self.group, self.channel, self.queues, self.told = group, channel, queues, told
        self.next_deadline = group.next_deadline
        self.handle_timers = group.handle_timers

    def frame_received(self, octets, now):
        self.group.frame_received(self.channel, octets, now)

    def outputs(self):
        for output in self.group.outputs():
            if isinstance(output, SendOnChannel):
                self.queues[output.channel].append(SendFrame(output.octets))
            else:
                self.told.append(output)
        found = self.queues[self.channel][:]
        self.queues[self.channel].clear()
        return found


class Group:
    """A group of ours, and for each of its D-channels a libpri of its own."""

    def __init__(self, executable, network, channels):
        link = LinkConfiguration(network=network, t200=0.3, t203=1.0)
        self.machine = DChannelGroup(GroupConfiguration((link,) * channels, retry=0.3))
        self.told = []
        queues = [[] for _ in range(channels)]
        self.lines = [
            Line(Channel(self.machine, number, queues, self.told), Peer(executable, network=not network))
            for number in range(channels)
        ]

    def run_until(self, condition, what, seconds=20.0):
        def all_lines():
            for line in self.lines[1:]:
                line._step(time.monotonic())
            return condition()

        self.lines[0].run_until(all_lines, what, seconds)

    def asks(self, reference):
        """Enquire about a call reference; the D-channel on which the answer comes."""
        octets = ENQUIRY_HEADER + reference.to_bytes(2, "big") + ENQUIRY
        assert self.machine.data(octets, time.monotonic())
        mark = len(self.told)
        answer = ENQUIRY_HEADER + (reference | 0x8000).to_bytes(2, "big")

        def answers():
            messages = [item for item in self.told[mark:] if isinstance(item, MessageReceived)]
            return [item.channel for item in messages if item.octets.startswith(answer)]

        self.run_until(answers, "an answer")
        return answers()


@pytest.fixture
def group(executable):
    """A function that joins a group with libpri; they end with the test."""
    started = []

    def begin(network, channels):
        started.append(Group(executable, network, channels))
        started[-1].machine.establish(time.monotonic())
        return started[-1]

    yield begin
    for item in started:
        for line in item.lines:
            line.close()


@both_sides
def test_group_keeps_its_link(group, network):
    """A group of one D-channel asks for its link until libpri is heard again."""
    group = group(network, 1)
    group.run_until(lambda: group.machine.is_established, "established")
    assert group.asks(1) == [0]
    group.lines[0].cut()
    group.run_until(lambda: Released(confirm=False) in group.told, "released")
    group.lines[0].cut(False)
    group.run_until(lambda: group.machine.is_established, "established again", 40)
    assert group.asks(2) == [0]


@both_sides
def test_back_up(group, network):
    """Two D-channels: the second takes over from the first without the service being lost, and back."""
    group = group(network, 2)
    both = [Status.IN_SERVICE, Status.STANDBY]
    group.run_until(lambda: group.machine.status == both, "both up")
    assert group.asks(1) == [0]
    group.lines[0].cut()
    group.run_until(lambda: group.machine.active == 1, "change-over")
    assert group.asks(2) == [1]
    group.lines[0].cut(False)
    group.run_until(lambda: group.machine.status == both[::-1], "both up again", 40)
    group.lines[1].cut()
    group.run_until(lambda: group.machine.active == 0, "change back")
    assert group.asks(3) == [0]
    assert not any(isinstance(item, Released) for item in group.told)
