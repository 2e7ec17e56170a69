"""One span in the media process: quanta out at the line tick, frames in, HDLC on its signalling channels."""

from __future__ import annotations

from collections import deque
from typing import Any, Final, Protocol

import numpy as np

from tandem.hardware.alarms import Alarm
from tandem.hardware.elastic import ElasticStore
from tandem.hardware.framed import FramedTermination
from tandem.hardware.framing.crc4 import SUBMULTIFRAME
from tandem.hardware.framing.hdlc import (
    D_CHANNEL_MAX_OCTETS,
    LAPD_MIN_OCTETS,
    MTP2_EXTENDED_MAX_OCTETS,
    MTP2_EXTENDED_STATUS_OCTETS,
    MTP2_MAX_OCTETS,
    MTP2_STATUS_OCTETS,
    HdlcCounts,
    HdlcReceiver,
    HdlcTransmitter,
)
from tandem.hardware.performance import LinePerformance
from tandem.hardware.satop_udp import SatopUdpSpan
from tandem.hardware.span import TIMESLOTS, Frames, HasSignallingPorts, SignallingPort, Span

from .protocol import Channel, SpanChanged, UnitsReceived

BLOCK: Final = 160
"""Frames of a speech tick, 20 ms."""
AHEAD: Final = 3 * BLOCK
"""Frames of speech that can be filled in ahead of the line."""
SPARE: Final = 160
"""Frames by which the elastic store may hold more than it is to, 20 ms, before it slips back."""
COUNTED: Final = 160
"""Octets in octet counting mode that are told together: ten steps of the error rate monitors (Q.703 10.2.3)."""
GROUP: Final = 40
"""Frames written at a time on a span without signalling: 5 ms, against which every receiver must buffer anyway.

Two quanta at least, so that framing is done in larger blocks.
"""
_MUTING: Final = frozenset({Alarm.LOS, Alarm.AIS, Alarm.LFA, Alarm.EBER})
"""No speech is passed on (G.732 table 2, recalled)."""


class ReceivedClock(Protocol):
    """Measures the clock of the far end, see `timing`."""

    def hear(self, frames: int, now: float) -> None:
        """So many frames were received."""


class SignallingChannel:
    """HDLC both ways on the timeslots of a channel."""

    def __init__(self, channel: Channel) -> None:
        self.number = channel.number
        self.timeslots: slice | list[int] = _columns(channel.timeslots)
        self.width = len(channel.timeslots)
        self.transmitter = HdlcTransmitter()
        self.port: SignallingPort | None = None
        """Does HDLC in our place."""
        self.timeslot_numbers = channel.timeslots
        self.is_lapd = channel.kind == "lapd"
        self.receiver = _receiver(channel)
        self._counts_octets = channel.kind == "mtp2"

    def send(self, units: list[bytes], fill: bytes | None) -> None:
        """Queue units and set what is repeated behind them."""
        if self.port is not None:
            self.port.send(units, fill)
            return
        self.transmitter.fill = fill
        self.transmitter.send(units)

    @property
    def queued(self) -> int:
        """Units that have not begun."""
        return self.transmitter.queued if self.port is None else self.port.queued

    @property
    def pending(self) -> bool:
        """Whether units wait for the quanta of the line."""
        return self.port is None and self.transmitter.pending

    def receive(self, frames: Frames, now: float) -> UnitsReceived | None:
        """Take the channel's octets out of `frames`; an event when a unit, an error or enough uncounted octets came."""
        if self.port is not None:
            units = self.port.receive(now)
        elif len(frames):
            units = self.receiver.receive(frames[:, self.timeslots].tobytes())
        else:
            return None
        return self.tell(units)

    def tell(self, units: list[bytes]) -> UnitsReceived | None:
        """An event when there are units, an error or enough uncounted octets."""
        counts = (self.receiver if self.port is None else self.port).counts
        if units or counts.errored or (self._counts_octets and counts.octet_counting >= COUNTED):
            return self._event(units)
        return None

    def report(self) -> UnitsReceived:
        """What was counted since the last event."""
        return self._event([])

    @property
    def _counter(self) -> HdlcReceiver | SignallingPort:
        return self.receiver if self.port is None else self.port

    def _event(self, units: list[bytes]) -> UnitsReceived:
        counts, self._counter.counts = self._counter.counts, HdlcCounts()
        return UnitsReceived(self.number, units, counts.good, counts.errored, counts.octet_counting)


class SpanLine:
    """A span whose frames are numbered in the order of transmission, so that speech is put where it belongs."""

    def __init__(self, name: str, span: Span, silence: int, store: int = 160, store_max: int = 0) -> None:
        """`silence` is the octet of it, `store` the frames in the elastic store after a tick, at most `store_max`."""
        self.name = name
        self.span = span
        self.channels: list[SignallingChannel] = []
        self.frames = span.quantum
        """Frames written at a time, a multiple of the quantum of the span."""
        self.burst = span.burst
        """So many times `frames` go together: when the last of them is due, or before with signal units in them."""
        self.looped = False
        """What comes on its bearer timeslots is sent back."""
        self.underruns = 0
        """Frames sent idle because their speech was not there in time."""
        self.store = ElasticStore(target=store, limit=store + SPARE, most=store_max, idle=silence)
        self.unheard = span.fileno() is None
        """Nothing tells when to read it."""
        self._silence = silence
        self._speech = np.full((AHEAD, TIMESLOTS), silence, np.uint8)
        self._filled = 0
        self._framed: deque[tuple[int, bytes]] = deque()  # groups by number, ready to be sent
        self._unframed = 0  # number of the next group to go through the framer
        self._framed_ahead = False  # blocks of speech go through the framer whole, before they are due
        self._alarms: frozenset[Alarm] = frozenset()
        self._detail = ""
        self._muted = False
        self.clock: ReceivedClock | None = None
        """Hears when frames come, to measure the clock of the far end."""
        self._performance = LinePerformance()
        self.reads_at_once = False
        """`receive` does in one step what is cheaper for several lines together where it takes many."""
        self._intake: Any = None
        self._outlet: Any = None
        """Read and send in one step, see SatopUdpSpan."""

    def add_channel(self, channel: SignallingChannel) -> None:
        """Carry `channel`; before `settle`. SpanError when the device cannot."""
        if isinstance(self.span, HasSignallingPorts):
            channel.port = self.span.signalling_port(channel.timeslot_numbers, channel.is_lapd)
        self.channels.append(channel)

    def settle(self) -> None:
        """Choose how much is written at a time: a quantum where signalling must not wait, else up to GROUP frames."""
        if isinstance(self.span, SatopUdpSpan):
            if not self.channels:
                self._intake = self.span.intake(self.store)
            elif len(self.channels) == 1 and isinstance(timeslots := self.channels[0].timeslots, slice):
                self._intake = self.span.intake(self.store, self.channels[0].receiver, timeslots)
                self._outlet = self.span.outlet(self._speech, self.channels[0].transmitter, timeslots)
            self.reads_at_once = self._intake is not None
        if not self.channels:
            self.burst = 1
            if not isinstance(self.span.termination, FramedTermination):  # nothing is framed here: no gain in more
                self.frames *= max(2, GROUP // self.frames)
            if isinstance(self.span, SatopUdpSpan) and self.frames % SUBMULTIFRAME == 0:
                self._outlet = self.span.outlet(self._speech)  # frames when it sends
            self._framed_ahead = BLOCK % self.frames == 0 and self._outlet is None

    def fill(self, block: int, frames: Frames) -> None:
        """Give the speech of frames 160 * block to 160 * block + 159, shape (160, 32); silence for blocks left out."""
        for missing in range(max(self._filled // BLOCK, block - AHEAD // BLOCK + 1), block):
            start = missing * BLOCK % AHEAD
            self._speech[start : start + BLOCK] = self._silence
        start = block * BLOCK % AHEAD
        self._speech[start : start + BLOCK] = frames
        self._filled = (block + 1) * BLOCK
        if self._framed_ahead:
            self._frame_ahead()

    @property
    def speech(self) -> Frames:
        """Where `fill` puts the speech of a block: from row 160 * block on, modulo AHEAD.

        `transmit` may write signalling channels into it. Whoever fills in only what has changed need not know: it does
        so each time before a row is sent.
        """
        return self._speech

    def can_take(self, block: int) -> bool:
        """Whether `take` may be called for `block`: it is the next."""
        return self._filled == block * BLOCK and not self._framed_ahead

    def take(self, block: int) -> None:
        """The speech of `block` is in its place already, where `fill` would put it."""
        self._filled = (block + 1) * BLOCK

    def _frame_ahead(self) -> None:
        """Frame what is filled in and not yet framed: a line that was late once is framed with the others again."""
        start = self._unframed * self.frames
        if 0 < self._filled - start <= AHEAD:
            self._queue(self.span.termination.transmit(self._take(start, self._filled - start)))

    def can_frame(self, block: int) -> bool:
        """Whether `give` may be called for `block`: its first frame is the next to be framed, it has whole groups."""
        return self._framed_ahead and self._unframed * self.frames == block * BLOCK

    def give(self, block: int, octets: bytes) -> None:
        """Give the speech of a block as the framer of the span has framed it, instead of `fill`."""
        self._queue(octets)
        self._filled = (block + 1) * BLOCK

    def _queue(self, octets: bytes) -> None:
        """Keep framed octets, from group `_unframed` on, until each group is due."""
        size = self.frames * self.span.termination.frame_bits // 8
        number = self._unframed
        for start in range(0, len(octets), size):
            self._framed.append((number, octets[start : start + size]))
            number += 1
        self._unframed = number

    def has_speech(self, number: int) -> bool:
        """Whether the speech of group `number` has been given."""
        return (number + 1) * self.frames <= self._filled

    @property
    def pressing(self) -> bool:
        """Whether signal units wait to be sent."""
        return any([channel.pending for channel in self.channels])

    def transmit(self, number: int, groups: int, now: float) -> None:
        """Send the next `groups` times `frames`, the first of them group `number` since the beginning."""
        framed = self._framed
        if framed:
            while framed and framed[0][0] < number:  # given up after a long stall
                framed.popleft()
            if framed and groups == 1 and framed[0][0] == number:
                self.span.give(framed.popleft()[1], now)
                return
        self._unframed = max(self._unframed, number + groups)
        count = groups * self.frames
        start = number * self.frames
        if self._outlet is not None and start + count <= self._filled:
            sent = self._outlet.send(start % AHEAD, count)
            if sent is True:  # as nearly always
                return
            if sent is not False:
                self.span.give(sent, now)
                return
        frames = self._take(start, count)
        for channel in self.channels:
            if channel.port is not None:
                continue
            octets = channel.transmitter.block(count * channel.width)
            frames[:, channel.timeslots] = np.frombuffer(octets, np.uint8).reshape(count, channel.width)
        self.span.write(frames, now)

    def receive(self, now: float) -> list[UnitsReceived]:
        """Read what has come: signalling is handed back, speech goes to the store."""
        if self._intake is None or self._muted or self.clock is not None:
            return self.accept(self.span.read(now), now)
        found = self._intake.receive(now)
        if found is True:  # as nearly always
            return []
        if isinstance(found, tuple):
            event = self.channels[0].tell(list(found))
            return [event] if event else []
        assert isinstance(self.span, SatopUdpSpan)
        return self.accept(self.span.received(found, now), now)

    def accept(self, frames: Frames, now: float) -> list[UnitsReceived]:
        """Take what the span has received."""
        if self.clock is not None:
            self.clock.hear(len(frames), now)
        events = []
        for channel in self.channels:
            if event := channel.receive(frames, now):
                events.append(event)
        if len(frames):
            self.store.write(np.full_like(frames, self._silence) if self._muted else frames)
        return events

    def alarm_change(self) -> SpanChanged | None:
        """An event when the alarms differ from those last told."""
        alarms, detail = self.span.alarms(), self.span.termination.detail
        if alarms == self._alarms and detail == self._detail:
            return None
        self._alarms, self._detail = alarms, detail
        self._muted = bool(alarms & _MUTING)
        return SpanChanged(self.name, sorted(alarm.value for alarm in alarms), detail)

    def counters(self) -> dict[str, int]:
        """Counters of the span, of its place in time and of its performance; to be called once a second."""
        counters = self.span.counters()
        self._performance.second(counters, self.span.termination.defects)
        own = {"speech_underruns": self.underruns}
        return counters | self.store.counters() | own | self._performance.counters()

    def _take(self, start: int, count: int) -> Frames:
        if (missing := start + count - self._filled) > 0:
            missing = min(missing, count)
            self.underruns += missing
            frames = np.full((count, TIMESLOTS), self._silence, np.uint8)
            if missing < count:
                frames[:-missing] = self._take(start, count - missing)
            return frames
        first = start % AHEAD
        if first + count <= AHEAD:
            return self._speech[first : first + count]
        return self._speech.take(np.arange(first, first + count), axis=0, mode="wrap")


def _receiver(channel: Channel) -> HdlcReceiver:
    """The receiver that the kind of `channel` wants."""
    if channel.kind == "lapd":
        return HdlcReceiver(min_octets=LAPD_MIN_OCTETS, max_octets=D_CHANNEL_MAX_OCTETS)
    return HdlcReceiver(
        max_octets=MTP2_EXTENDED_MAX_OCTETS if channel.extended else MTP2_MAX_OCTETS,
        filter_repeats=True,
        filtered_octets=MTP2_EXTENDED_STATUS_OCTETS if channel.extended else MTP2_STATUS_OCTETS,
    )


def _columns(timeslots: tuple[int, ...]) -> slice | list[int]:
    """The timeslots as a slice where they are adjacent: that costs no copy."""
    first, last = timeslots[0], timeslots[-1]
    return slice(first, last + 1) if list(timeslots) == list(range(first, last + 1)) else list(timeslots)
