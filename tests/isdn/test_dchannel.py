"""Groups of D-channels: alone, and two ends over lines that fail."""

import heapq
from random import Random

import pytest

from tandem.core.errors import EncodeError
from tandem.isdn.dchannel import TRANSITIONS, DChannelGroup, Input
from tandem.isdn.dchannel_primitives import (
    ChangedOver,
    ChangeOver,
    ChannelDown,
    ChannelError,
    ChannelUp,
    GroupConfiguration,
    MessageReceived,
    SendOnChannel,
    Status,
)
from tandem.isdn.q921 import LinkConfiguration
from tandem.isdn.q921.primitives import Established, Released

OUT, STANDBY, WAIT, IN = Status.OUT_OF_SERVICE, Status.STANDBY, Status.WAIT, Status.IN_SERVICE
#: SERVICE and SERVICE ACKNOWLEDGE as far as these tests need them: discriminator, type, D-channel.
SERVICE, ACKNOWLEDGE = b"\x03\x0f", b"\x03\x07"


class Ends:
    """Network (0) and user (1) in virtual time; each D-channel's line can be cut.

    With SERVICE messages each end does what the layer above does: it asks, acknowledges, or stays silent.
    """

    def __init__(self, channels=2, service=False, delay=0.01, seed=1, **options):
        self.now = 0.0
        self.delay = delay
        self.source = Random(seed)
        self.loss = 0.0
        self.cut = set()
        self.acknowledges = True
        self.groups = [
            DChannelGroup(
                GroupConfiguration(
                    (LinkConfiguration(network=network),) * channels, service_messages=service, **options
                )
            )
            for network in (True, False)
        ]
        self.told = [[], []]
        """What each group said, but frames, errors and messages."""
        self.received = [[], []]
        """Messages of call control that came at each end, with their D-channel."""
        self._under_way = []
        self._count = 0

    def start(self):
        for group in self.groups:
            group.establish(self.now)
        self.run(1.0)
        return self

    def send(self, end, octets):
        taken = self.groups[end].data(octets, self.now)
        self.drain()
        return taken

    def run(self, seconds):
        end = self.now + seconds
        self.drain()
        while True:
            due = [end, *(d for group in self.groups if (d := group.next_deadline()) is not None)]
            if self._under_way:
                due.append(self._under_way[0][0])
            self.now = max(self.now, min(due))
            if self.now >= end:
                return
            for group in self.groups:
                group.handle_timers(self.now)
            self.drain()
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, side, channel, octets = heapq.heappop(self._under_way)
                self.groups[side].frame_received(channel, octets, self.now)
                self.drain()

    def drain(self):
        moved = True
        while moved:
            moved = False
            for side, group in enumerate(self.groups):
                for output in group.outputs():
                    moved = True
                    self._act(side, group, output)

    def _act(self, side, group, output):
        match output:
            case SendOnChannel(channel, octets):
                if channel not in self.cut and self.source.random() >= self.loss:
                    self._count += 1
                    heapq.heappush(self._under_way, (self.now + self.delay, self._count, 1 - side, channel, octets))
            case MessageReceived(channel, octets):
                self._receive(side, group, channel, octets)
            case ChannelError():
                pass
            case ChangeOver(channel):
                self.told[side].append(output)
                group.data(SERVICE + bytes([channel]), self.now, channel)
            case _:
                self.told[side].append(output)

    def _receive(self, side, group, channel, octets):
        if octets[:2] == SERVICE:
            if self.acknowledges and group.peer_changes_over(octets[2], self.now):
                group.data(ACKNOWLEDGE + octets[2:], self.now, channel)
        elif octets[:2] == ACKNOWLEDGE:
            group.change_over_acknowledged(octets[2], self.now)
        else:
            self.received[side].append((channel, octets))

    @property
    def status(self):
        return [group.status for group in self.groups]

    def talk(self):
        """A message each way arrives at the other end."""
        marks = [len(received) for received in self.received]
        for end in (0, 1):
            assert self.send(end, b"\x08ask")
        self.run(3.0)
        assert [len(received) - mark for received, mark in zip(self.received, marks, strict=True)] == [1, 1]


service = pytest.mark.parametrize("service", [False, True], ids=["plain", "service"])


def test_one_channel():
    """A group of one is its data link, kept established."""
    ends = Ends(channels=1, service=True).start()
    assert ends.status == [[IN], [IN]]
    assert ends.told[0] == [ChannelUp(0), ChangedOver(0), Established(confirm=True)]
    ends.talk()
    ends.cut = {0}
    ends.run(30.0)
    assert ends.told[0][-2:] == [ChannelDown(0), Released(confirm=False)]
    assert not ends.send(0, b"\x08")
    ends.cut = set()
    ends.run(10.0)
    assert ends.status == [[IN], [IN]]
    ends.talk()


@service
def test_first_channel_is_taken(service):
    ends = Ends(service=service).start()
    assert ends.status == [[IN, STANDBY]] * 2
    assert [group.active for group in ends.groups] == [0, 0]
    for told in ends.told:
        assert [item for item in told if isinstance(item, Established)] == [Established(confirm=True)]
    ends.talk()
    assert {channel for received in ends.received for channel, _ in received} == {0}


@service
def test_change_over_when_the_channel_fails(service):
    """The other D-channel takes over without the service being lost; what failed stands by when it is back."""
    ends = Ends(service=service).start()
    marks = [len(told) for told in ends.told]
    ends.cut = {0}
    ends.run(40.0)
    assert ends.status == [[OUT, IN]] * 2
    for told, mark in zip(ends.told, marks, strict=True):
        assert ChangedOver(1) in told[mark:]
        assert not any(isinstance(item, Released) for item in told)
    ends.talk()
    ends.cut = set()
    ends.run(10.0)
    assert ends.status == [[STANDBY, IN]] * 2
    ends.talk()
    ends.cut = {1}
    ends.run(40.0)
    assert ends.status == [[IN, OUT]] * 2
    ends.talk()


@service
def test_line_lost_is_at_once(service):
    """The physical layer tells of the failure at both ends: no timer has to expire."""
    ends = Ends(service=service).start()
    for group in ends.groups:
        group.line_lost(0, ends.now)
    ends.run(0.5)
    assert ends.status == [[OUT, IN]] * 2
    ends.talk()
    for group in ends.groups:
        group.line_restored(0, ends.now)
    ends.run(1.0)
    assert ends.status == [[STANDBY, IN]] * 2


@service
def test_back_up_is_taken_when_the_first_does_not_come(service):
    ends = Ends(service=service)
    ends.cut = {0}
    ends.start()
    assert ends.status == [[OUT, STANDBY]] * 2
    assert not ends.send(0, b"\x08")
    ends.run(6.0)
    assert ends.status == [[OUT, IN]] * 2
    ends.talk()


@service
def test_both_fail(service):
    ends = Ends(service=service).start()
    ends.cut = {0, 1}
    ends.run(40.0)
    assert ends.status == [[OUT, OUT]] * 2
    assert [told[-1] for told in ends.told] == [Released(confirm=False)] * 2
    assert ends.groups[0].active is None
    ends.cut = set()
    ends.run(40.0)
    assert [group.active for group in ends.groups] in ([0, 0], [1, 1])
    ends.talk()


@service
def test_release(service):
    ends = Ends(service=service).start()
    ends.groups[1]._wanted = False  # the user does not ask for its links again
    ends.groups[0].release(ends.now)
    ends.run(1.0)
    assert ends.told[0][-1] == Released(confirm=True)
    assert ends.status == [[OUT, OUT]] * 2
    assert ends.told[1][-1] == Released(confirm=False)
    assert ends.groups[0].next_deadline() is None


def test_release_of_what_is_down():
    group = Ends().groups[0]
    group.release(0.0)
    assert [item for item in group.outputs() if isinstance(item, Released)] == [Released(confirm=True)]


def test_peer_brings_the_links_up():
    """Not asked for here: an indication, and no retry afterwards."""
    ends = Ends()
    ends.groups[1].establish(0.0)
    ends.run(1.0)
    assert Established(confirm=False) in ends.told[0]
    assert ends.status == [[IN, STANDBY]] * 2


def test_messages_wait_for_the_change_over():
    """With SERVICE messages, what is sent between the failure and the agreement arrives."""
    ends = Ends(service=True, delay=0.2).start()
    ends.run(2.0)
    for group in ends.groups:
        group.line_lost(0, ends.now)
    assert ends.groups[0].status == [OUT, WAIT]
    for octets in (b"", bytes(261)):
        with pytest.raises(EncodeError):
            ends.send(0, octets)
    assert ends.send(0, b"\x08waits")
    ends.run(2.0)
    assert ends.received[1] == [(1, b"\x08waits")]


def test_peer_does_not_answer():
    """T321: the other D-channel is tried, and so on."""
    ends = Ends(service=True)
    ends.acknowledges = False
    ends.start()
    assert ends.groups[0].status == [WAIT, STANDBY]
    ends.run(30.0)
    assert ends.groups[0].status == [STANDBY, WAIT]
    ends.run(30.0)
    assert ends.groups[0].status == [WAIT, STANDBY]
    asked = [item.channel for item in ends.told[0] if isinstance(item, ChangeOver)]
    assert asked == [0, 1, 0]
    assert Established(confirm=True) not in ends.told[0]
    ends.acknowledges = True
    ends.run(60.0)
    ends.talk()


def test_peer_refuses():
    """The other one is tried at once, but a peer that refuses both is not asked again before T321."""
    group = Ends(service=True).groups[0]
    for channel in (0, 1):
        group.frame_received(channel, bytes.fromhex("00017f"), 0.0)
    assert group.status == [WAIT, STANDBY]
    group.change_over_refused(0, 0.0)
    assert group.status == [STANDBY, WAIT]
    group.outputs()
    group.change_over_refused(1, 0.0)
    assert group.status == [STANDBY, WAIT]
    assert group.outputs() == []
    group.change_over_acknowledged(0, 0.0)
    assert group.status == [STANDBY, WAIT]
    group.change_over_acknowledged(1, 0.0)
    assert group.status == [STANDBY, IN]


def test_both_ask_for_different_channels():
    """The network's choice holds."""
    for network, kept in ((True, False), (False, True)):
        group = Ends(service=True).groups[0 if network else 1]
        for channel in (0, 1):
            group.frame_received(channel, bytes.fromhex("00017f" if network else "02017f"), 0.0)
        assert group.status == [WAIT, STANDBY]
        assert group.peer_changes_over(1, 0.0) is kept
        assert group.status == ([WAIT, STANDBY] if network else [STANDBY, IN])
        assert group.peer_changes_over(0, 0.0)
        assert group.status == [IN, STANDBY]


@service
def test_manual_change_over(service):
    """Maintenance staff of the network take the other one in service; the user follows."""
    ends = Ends(service=service).start()
    assert ends.groups[0].change_over(1, ends.now)
    assert not ends.groups[0].change_over(1, ends.now)
    ends.run(1.0)
    ends.send(0, b"\x08")
    ends.run(1.0)
    assert ends.status == [[STANDBY, IN]] * 2
    ends.talk()
    assert ends.groups[1].change_over(0, ends.now) is service


def test_link_reset_is_told():
    """SABME on the D-channel in service while messages are not acknowledged: what was under way is lost."""
    ends = Ends().start()
    ends.groups[0].data(b"\x08lost", ends.now)
    ends.groups[0].frame_received(0, bytes.fromhex("00017f"), ends.now)
    said = ends.groups[0].outputs()
    assert Established(confirm=False) in said
    assert ends.groups[0].status == [IN, STANDBY]


def test_unacknowledged_message():
    group = Ends(channels=1).groups[0]
    group.frame_received(0, bytes.fromhex("00010308"), 0.0)
    assert group.outputs() == [MessageReceived(0, b"\x08", acknowledged=False)]


def test_table():
    """What the table does not have changes nothing, in every state."""
    for status in Status:
        for event in Input:
            if (status, event) in TRANSITIONS:
                continue
            group = Ends(service=True).groups[0]
            group.status[0] = status
            group.status[1] = OUT
            group._handle(0, event, 0.0)
            assert group.status == [status, OUT]
            assert group.outputs() == []


@service
@pytest.mark.parametrize("seed", range(40))
def test_never_stuck(service, seed):
    """Lines that fail and come back at random, lossy ones: in the end both use one D-channel and hear each other."""
    source = Random(seed)
    ends = Ends(service=service, seed=seed).start()
    ends.loss = source.choice((0.0, 0.05, 0.2))
    for _ in range(25):
        ends.run(source.choice((0.01, 1.0, 5.0, 20.0)))
        match source.randrange(6):
            case 0 | 1:
                ends.cut ^= {source.randrange(2)}
            case 2:
                side, channel = source.randrange(2), source.randrange(2)
                ends.groups[side].line_lost(channel, ends.now)
                ends.run(source.choice((0.0, 1.0, 20.0)))
                ends.groups[side].line_restored(channel, ends.now)
            case 3:
                ends.groups[source.randrange(2)].change_over(source.randrange(2), ends.now)
            case _:
                ends.send(source.randrange(2), b"\x08")
    ends.cut, ends.loss = set(), 0.0
    ends.run(120.0)
    for end in (0, 1):
        ends.send(end, b"\x08")
    ends.run(60.0)
    for end in (0, 1):
        ends.send(end, b"\x08")
    ends.run(3.0)
    actives = [group.active for group in ends.groups]
    assert actives in ([0, 0], [1, 1]), ends.status
    ends.talk()
