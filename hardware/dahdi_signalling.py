"""A D-channel or signalling link whose HDLC the kernel does: DAHDI's HDLC-FCS and MTP2 modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.hardware.dahdi_channels import Channel, FrameQueue
from tandem.hardware.dahdi_ioctl import Event
from tandem.hardware.framing.hdlc import (
    FCS_OCTETS,
    MTP2_STATUS_OCTETS,
    HdlcCounts,
)
from tandem.hardware.span import FRAME_RATE

_SPARE: Final = bytes(FCS_OCTETS)
"""Room for the FCS, which the kernel puts there."""
_AROUND: Final = FCS_OCTETS + 1
"""Octets of a frame on the line besides those between its FCS and flag."""
_LARGEST: Final = 2048


class KernelPort:
    """One channel of frames. `channel` is None while the card is away.

    Of an MTP2 channel the kernel repeats the last frame written, and leaves out what repeats the frame received
    before. How many units those were is reckoned from the time for the error rate monitors (Q.703 10): the line is
    full of them whenever nothing else comes.
    """

    def __init__(self, timeslot: int, number: int, on_lost: Callable[[OSError], None], *, mtp2: bool) -> None:
        """`on_lost` hears of an error that means that the card is gone."""
        self.timeslot = timeslot
        self._on_lost = on_lost
        self.number = number
        """Of its channel."""
        self.channel: Channel | None = None
        self.counts = HdlcCounts()
        self.has_signal = False
        """Whether the line is fit for use."""
        self._mtp2 = mtp2
        self._queue = FrameQueue()
        self._fill: bytes | None = None
        self._last = b""
        self._time: float | None = None  # up to which octets are accounted for
        self._octets = 0.0  # of repeats that are not yet a whole one

    @property
    def queued(self) -> int:
        """See SignallingPort."""
        return len(self._queue) - (self._fill is not None and len(self._queue) > 0)

    def send(self, units: list[bytes], fill: bytes | None) -> None:
        """See SignallingPort."""
        for unit in units:
            self._queue.append(unit + _SPARE)
        if fill is not None and (units or fill != self._fill):
            self._queue.append(fill + _SPARE, is_fill=True)
        self._fill = fill
        self._flush()

    def attach(self, channel: Channel | None) -> None:
        """The card is there (again), or away: then what is queued is lost, as on a line that is cut."""
        self.channel = channel
        self._queue = FrameQueue()
        if channel is not None and self._fill is not None:
            self._queue.append(self._fill + _SPARE, is_fill=True)

    def receive(self, now: float) -> list[bytes]:
        """See SignallingPort."""
        frames = self._read()
        self._flush()
        self.counts.good += len(frames)
        if frames:
            self._last = frames[-1]
        if self._mtp2:
            self._count_repeats(sum(map(len, frames)) + _AROUND * len(frames), now)
        return frames

    def hear(self, event: int) -> None:
        """An event of the channel."""
        match event:
            case Event.BAD_FCS:
                self.counts.bad_fcs += 1
            case Event.ABORT:
                self.counts.aborts += 1
            case Event.OVERRUN:
                self.counts.too_long += 1
            case _:
                return
        self.counts.errored += 1

    def _read(self) -> list[bytes]:
        frames: list[bytes] = []
        if self.channel is not None:
            try:
                while frame := self.channel.read(_LARGEST):
                    if len(frame) > FCS_OCTETS:
                        frames.append(frame[:-FCS_OCTETS])
            except OSError as error:
                self._on_lost(error)
        return frames

    def _flush(self) -> None:
        if self.channel is not None:
            try:
                self._queue.flush(self.channel.write)
            except OSError as error:
                self._on_lost(error)

    def _count_repeats(self, octets: int, now: float) -> None:
        elapsed = 0.0 if self._time is None else (now - self._time) * FRAME_RATE
        self._time = now
        if self.channel is None or not self.has_signal:
            self._octets += elapsed
            self.counts.octet_counting += int(self._octets)
            self._octets -= int(self._octets)
        elif 0 < len(self._last) <= MTP2_STATUS_OCTETS:
            self._octets = max(self._octets + elapsed - octets, -float(FRAME_RATE))
            repeats = max(0, int(self._octets // (len(self._last) + _AROUND)))
            self.counts.good += repeats
            self._octets -= repeats * (len(self._last) + _AROUND)
