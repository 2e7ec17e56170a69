"""Data links and groups of D-channels as sides of a duel."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

from support.fuzzing import Duel, mutate

from tandem.core.errors import EncodeError
from tandem.isdn.dchannel import DChannelGroup
from tandem.isdn.dchannel_primitives import ChangeOver, GroupConfiguration, MessageReceived, SendOnChannel
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.frames import Address, InformationFrame, Supervisory, SupervisoryFrame, Unnumbered
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import DataIndication, SendFrame

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
FRAMES = [bytes.fromhex(line.split()[1]) for line in (VECTORS / "q921/frames.txt").read_text().splitlines()]
#: Small, so that a queue without bound is found soon.
QUEUE = 150
MESSAGE = b"\x08\x02\x00\x01\x75"
SERVICE, ACKNOWLEDGE = b"\x03\x0f", b"\x03\x07"


def message(source: Random) -> bytes:
    """A message of layer 3, perhaps one that is too long."""
    return source.choice((MESSAGE, source.randbytes(source.randint(0, 300))))


def frame(source: Random) -> bytes:
    """A frame that a peer might send: of a capture, any with random numbers, or changed at random."""
    address = Address(cr=source.random() < 0.5)
    numbers = source.randrange(128), source.randrange(128)
    poll = source.random() < 0.5
    match source.randrange(5):
        case 0:
            return InformationFrame(address, *numbers, poll, source.randbytes(source.randrange(8))).encode()
        case 1:
            return SupervisoryFrame(address, source.choice(list(Supervisory)), numbers[0], poll).encode()
        case 2:
            kind = source.choice(list(Unnumbered))
            return address.encode() + bytes((kind | poll << 4,)) + source.randbytes(source.choice((0, 0, 5, 3)))
        case 3:
            return mutate(source.choice(FRAMES), source.choice(FRAMES), source)
    return source.choice(FRAMES)


class LinkSide:
    """One end of a data link."""

    def __init__(self, link: DataLink, source: Random) -> None:
        self.machine = link
        self.source = source
        self.heard = 0

    def take(self, now: float) -> list[tuple[int, bytes]]:
        outputs = self.machine.outputs()
        self.heard += sum(isinstance(output, DataIndication) for output in outputs)
        return [(0, output.octets) for output in outputs if isinstance(output, SendFrame)]

    def receive(self, channel: int, octets: bytes, now: float) -> None:
        self.machine.frame_received(octets, now)

    def request(self, now: float) -> None:
        link, source = self.machine, self.source
        match source.randrange(16):
            case 0 | 1 | 2:
                link.establish(now)
            case 3:
                link.release(now)
            case 4 | 5:
                link.set_busy(source.random() < 0.3, now)
            case 6 if source.random() < 0.3:
                link.persistent_deactivation(now)
            case 7:
                with suppress(EncodeError):
                    link.unit_data(message(source), now)
            case _:
                for _ in range(source.choice((1, 1, 1, 30))):
                    with suppress(EncodeError):
                        link.data(message(source), now)

    def noise(self) -> tuple[int, bytes]:
        return 0, frame(self.source)


def links(source: Random, network: bool) -> LinkConfiguration:
    """Of one end; the window may differ from the other's."""
    return LinkConfiguration(network=network, window=source.choice((1, 7, 7, 127)), send_queue=QUEUE)


def q921(source: Random) -> Duel:
    """Both ends of a data link."""
    return Duel([LinkSide(DataLink(links(source, network)), source) for network in (True, False)], source)


def q921_recovers(duel: Duel) -> None:
    """After anything the link can be released and established, and carries messages."""
    duel.cut()
    for side in duel.sides:
        side.machine.release(duel.now)
    duel.drain()
    duel.quietly(10.0)
    for side in duel.sides:
        side.machine.release(duel.now)
    duel.drain()
    duel.quietly(10.0)
    states = [side.machine.state for side in duel.sides]
    assert states == [4, 4], f"link is not released: {states}"
    duel.sides[0].machine.establish(duel.now)
    duel.drain()
    duel.quietly(1.0)
    assert all(side.machine.is_established for side in duel.sides), "link is not established"
    marks = [side.heard for side in duel.sides]
    for side in duel.sides:
        assert side.machine.data(MESSAGE, duel.now)
    duel.drain()
    duel.quietly(5.0)
    assert [side.heard - mark for side, mark in zip(duel.sides, marks, strict=True)] == [1, 1], "messages are lost"


class GroupSide:
    """One end of a group of D-channels, and the layer above that answers SERVICE."""

    def __init__(self, group: DChannelGroup, source: Random) -> None:
        self.machine = group
        self.source = source
        self.channels = range(len(group.links))
        self.heard = 0
        self.answers = True

    def take(self, now: float) -> list[tuple[int, bytes]]:
        group = self.machine
        packets = []
        while outputs := group.outputs():
            for output in outputs:
                match output:
                    case SendOnChannel(channel, octets):
                        packets.append((channel, octets))
                    case ChangeOver(channel):
                        group.data(SERVICE + bytes([channel]), now, channel)
                    case MessageReceived(channel, octets):
                        self._message(channel, octets, now)
        return packets

    def _message(self, channel: int, octets: bytes, now: float) -> None:
        group = self.machine
        if octets[:1] == b"\x08":
            self.heard += 1
        elif octets[:1] == b"\x03" and len(octets) == 3 and octets[2] in self.channels and self.answers:
            if octets[:2] == ACKNOWLEDGE:
                group.change_over_acknowledged(octets[2], now)
            elif self.source.random() < 0.1:
                group.change_over_refused(octets[2], now)
            elif group.peer_changes_over(octets[2], now):
                group.data(ACKNOWLEDGE + octets[2:], now, channel)

    def receive(self, channel: int, octets: bytes, now: float) -> None:
        self.machine.frame_received(channel, octets, now)

    def request(self, now: float) -> None:
        group, source = self.machine, self.source
        channel = source.choice(self.channels)
        match source.randrange(16):
            case 0 | 1 | 2:
                group.establish(now)
            case 3:
                group.release(now)
            case 4:
                group.line_lost(channel, now)
            case 5 | 6:
                group.line_restored(channel, now)
            case 7:
                group.change_over(channel, now)
            case 8:
                group.change_over_refused(channel, now)
            case 9:
                group.change_over_acknowledged(channel, now)
            case 10:
                group.peer_changes_over(channel, now)
            case _:
                for _ in range(source.choice((1, 1, 1, 30))):
                    with suppress(EncodeError):
                        group.data(message(source), now, source.choice((None, None, channel)))

    def noise(self) -> tuple[int, bytes]:
        return self.source.choice(self.channels), frame(self.source)


def dchannel(source: Random) -> Duel:
    """Both ends of a group."""
    number, service = source.choice((1, 2, 2)), source.random() < 0.5
    sides = []
    for network in (True, False):
        configuration = GroupConfiguration((links(source, network),) * number, service_messages=service)
        sides.append(GroupSide(DChannelGroup(configuration), source))
    return Duel(sides, source)


def dchannel_recovers(duel: Duel) -> None:
    """After anything both ends agree on a D-channel and hear each other on it."""
    duel.cut()
    for side in duel.sides:
        for channel in side.channels:
            side.machine.line_restored(channel, duel.now)
        side.machine.establish(duel.now)
    duel.drain()
    for _ in range(4):
        # Without SERVICE messages the user follows with the first message on the network's D-channel.
        duel.quietly(40.0, 0.1)
        for side in duel.sides:
            side.machine.data(MESSAGE, duel.now)
        duel.drain()
    duel.quietly(5.0, 0.1)
    actives = [side.machine.active for side in duel.sides]
    assert None not in actives, f"no D-channel in service: {[side.machine.status for side in duel.sides]}"
    assert len(set(actives)) == 1, f"ends differ: {[side.machine.status for side in duel.sides]}"
    marks = [side.heard for side in duel.sides]
    for side in duel.sides:
        assert side.machine.data(MESSAGE, duel.now)
    duel.drain()
    duel.quietly(5.0)
    assert [side.heard - mark for side, mark in zip(duel.sides, marks, strict=True)] == [1, 1], "messages are lost"
