"""Two ends of a data link joined by two lines, in virtual time; lines may lose, delay, double and reorder frames."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from random import Random

from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.frames import UnnumberedFrame, parse_frame
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import DataIndication, ErrorIndication, Established, Released, SendFrame


@dataclass
class Trouble:
    """What a line does to a frame, as probabilities."""

    loss: float = 0.0
    double: float = 0.0
    """I and supervisory frames come twice. Q.921 does not promise to survive doubled SABME: no line does that."""
    reorder: float = 0.0
    """A frame takes up to ten times longer, others pass it."""


class Pair:
    """Both ends, what each was told, and messages that say which they are.

    A message names its sender's epoch and its number in it; an epoch is the time between two Established or Released
    at the sender. While a link stays up nothing may be lost: `check` holds the receiver to it.
    """

    def __init__(self, seed: int = 1, trouble: Trouble | None = None, delay: float = 0.01, **options) -> None:
        self.source = Random(seed)
        self.trouble = trouble or Trouble()
        self.delay = delay
        self.now = 0.0
        self.links = [DataLink(LinkConfiguration(network=network, **options)) for network in (True, False)]
        self.told: list[list[object]] = [[], []]
        """Indications but data, of each end."""
        self.accepted: list[tuple[int, int] | None] = [None, None]
        """Last message that an end took for sending."""
        self.delivered: list[list[tuple[int, int]]] = [[], []]
        """Messages handed up at each end."""
        self.in_order = True
        """Messages are checked. Not after a re-establishment on a line that reorders: N(S) starts at 0 again, an old
        frame that comes late is taken for a new one. Q.921 is for lines that keep the order."""
        self.keep_up = True
        """Layer 3 asks for the link again half a second after it was released."""
        self.sent: list[list[bytes]] = [[], []]
        """Frames that each end sent, lost or not."""
        self._epochs = [0, 0]
        self._numbers = [0, 0]
        self._wanted: list[float | None] = [None, None]
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._last = [0.0, 0.0]

    def establish(self, side: int = 0) -> None:
        """Bring the link up from one end, over a line without trouble."""
        trouble, self.trouble = self.trouble, Trouble()
        self.links[side].establish(self.now)
        self.drain()
        self.run(1.0)
        self.trouble = trouble
        assert all(link.is_established for link in self.links)

    def send(self, side: int, size: int = 12) -> bool:
        """Send the next message of an end; False when it was refused."""
        tag = (self._epochs[side], self._numbers[side])
        octets = f"{side}.{tag[0]}.{tag[1]}.".encode().ljust(size, b"\x55")
        taken = self.links[side].data(octets, self.now)
        if taken:
            self.accepted[side] = tag
            self._numbers[side] += 1
        self.drain()
        return taken

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            due = [end]
            due += [d for link in self.links if (d := link.next_deadline()) is not None]
            due += [wanted for wanted in self._wanted if wanted is not None]
            if self._under_way:
                due.append(self._under_way[0][0])
            self.now = max(self.now, min(due))
            if self.now >= end:
                return
            self._step()

    def drain(self) -> None:
        """Carry out what both ends want."""
        if self.trouble.reorder and not all(link.is_established for link in self.links):
            self.in_order = False
        for side, link in enumerate(self.links):
            for output in link.outputs():
                if isinstance(output, SendFrame):
                    self._send(side, output.octets)
                elif isinstance(output, DataIndication):
                    self._deliver(side, output.octets)
                else:
                    self._tell(side, output)

    def quiet(self, seconds: float = 600.0) -> None:
        """No trouble any more: soon the link must be up at both ends, and everything sent in this epoch delivered."""
        self.trouble = Trouble()
        end = self.now + seconds
        self.run(20.0)
        while not all(link.is_established and not link.pending_messages for link in self.links):
            states = [f"{link.state!r} {link.pending_messages} pending" for link in self.links]
            assert self.now < end, f"stuck: {states}"
            self.run(5.0)

    def all_delivered(self) -> bool:
        """Whether each end got the last message that the other took for sending, if it still may."""
        for side in (0, 1):
            accepted, delivered = self.accepted[side], self.delivered[1 - side]
            current = accepted is not None and accepted[0] == self._epochs[side]
            if current and (not delivered or delivered[-1] != accepted):
                return False
        return True

    def _step(self) -> None:
        for side, link in enumerate(self.links):
            link.handle_timers(self.now)
            wanted = self._wanted[side]
            if wanted is not None and wanted <= self.now:
                self._wanted[side] = None
                if not link.is_established:
                    link.establish(self.now)
        self.drain()
        while self._under_way and self._under_way[0][0] <= self.now:
            _, _, side, octets = heapq.heappop(self._under_way)
            self.links[side].frame_received(octets, self.now)
            self.drain()

    def _send(self, side: int, octets: bytes) -> None:
        self.sent[side].append(octets)
        source, trouble = self.source, self.trouble
        if source.random() < trouble.loss:
            return
        copies = 1
        if source.random() < trouble.double and not isinstance(parse_frame(octets), UnnumberedFrame):
            copies = 2
        arrival = self.now + self.delay
        if source.random() < trouble.reorder:
            arrival += self.delay * 9 * source.random()
        elif not trouble.reorder:
            arrival = self._last[side] = max(arrival, self._last[side])
        for _ in range(copies):
            self._count += 1
            heapq.heappush(self._under_way, (arrival, self._count, 1 - side, octets))

    def _deliver(self, side: int, octets: bytes) -> None:
        sender, epoch, number = map(int, octets.split(b".")[:3])
        assert sender == 1 - side
        delivered = self.delivered[side]
        if self.in_order:
            if delivered and delivered[-1][0] == epoch:
                assert number == delivered[-1][1] + 1, f"{number} after {delivered[-1]}"
            else:
                assert not delivered or epoch > delivered[-1][0], f"epoch {epoch} after {delivered[-1]}"
                assert number == 0, f"the first of epoch {epoch} is {number}"
        delivered.append((epoch, number))

    def _tell(self, side: int, output: object) -> None:
        self.told[side].append(output)
        if isinstance(output, Established | Released):
            self._epochs[side] += 1
            self._numbers[side] = 0
        if isinstance(output, Released) and self.keep_up:
            self._wanted[side] = self.now + 0.5

    def errors(self) -> list[str]:
        """Letters of the MDL-ERROR indications at both ends."""
        return [item.code.value for told in self.told for item in told if isinstance(item, ErrorIndication)]
