"""Channels of a DAHDI span: found, opened and set up, raw octets and frames."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from errno import EBUSY, EINVAL, ENODEV, ENOENT, ENXIO
from typing import Final

import numpy as np

from tandem.codecs import g711
from tandem.core.errors import SpanError
from tandem.hardware.dahdi_calls import SystemCalls
from tandem.hardware.dahdi_ioctl import (
    AUDIO_MODE,
    BUFFER_EVENTS,
    ECHO_CANCEL,
    EVENT_PENDING,
    FLUSH,
    FLUSH_ALL,
    GET_BUFFERS,
    GET_EVENT,
    GET_PARAMETERS,
    LAWS,
    MOST_CHANNELS,
    SET_BUFFERS,
    SET_GAINS,
    SET_LAW,
    SPAN_STATUS,
    SPECIFY,
    Buffers,
    ChannelParameters,
    Event,
    Policy,
    Signalling,
    SpanStatus,
    as_integer,
    buffers_asked,
    gains,
    integer,
)

CONTROL: Final = "/dev/dahdi/ctl"
CHANNEL: Final = "/dev/dahdi/channel"
_UNKNOWN: Final = {EINVAL, ENODEV, ENXIO, ENOENT}
_MOST_EVENTS: Final = 64


@dataclass(frozen=True, slots=True)
class Sound:
    """What the kernel does to the speech of a channel; nothing unless asked for."""

    law: str = "A"
    echo_taps: int = 0
    """Length of the echo canceller, 0 for none."""
    receive_gain: float = 0.0
    """dB."""
    transmit_gain: float = 0.0

    @property
    def is_transparent(self) -> bool:
        """Whether octets pass as they are."""
        return not (self.echo_taps or self.receive_gain or self.transmit_gain)


def span_status(calls: SystemCalls, control: int, span: int) -> SpanStatus:
    """The state of a span; OSError when there is no such one."""
    argument = SpanStatus(span).encode()
    calls.ioctl(control, SPAN_STATUS, argument)
    return SpanStatus.parse(bytes(argument))


def channels_of(calls: SystemCalls, control: int, span: int, count: int) -> list[ChannelParameters]:
    """The `count` channels of a span, in the order of their numbers."""
    found: list[ChannelParameters] = []
    for number in range(1, MOST_CHANNELS + 1):
        if len(found) == count:
            break
        argument = ChannelParameters(number).encode()
        try:
            calls.ioctl(control, GET_PARAMETERS, argument)
        except OSError as error:
            if error.errno in _UNKNOWN:
                continue
            raise
        parameters = ChannelParameters.parse(bytes(argument))
        if parameters.span == span:
            found.append(parameters)
    return found


class Channel:
    """One open channel. `on_event` hears of what is no matter of the channel alone."""

    def __init__(self, calls: SystemCalls, number: int, on_event: Callable[[Channel, int], None]) -> None:
        """SpanError when it is in use or cannot be had."""
        self._calls = calls
        self.number = number
        self._on_event = on_event
        self.descriptor = calls.open(CHANNEL)
        try:
            calls.ioctl(self.descriptor, SPECIFY, integer(number))
        except OSError as error:
            calls.close(self.descriptor)
            if error.errno == EBUSY:
                text = f"channel {number} is in use by another program, such as Asterisk; end that"
                text += " (or it is one of a list in `clear=`, which are bundled: write `bchan=`)"
                raise SpanError(text) from error
            raise

    def set_up(self, buffers: Buffers, sound: Sound | None) -> None:
        """Buffers, and for speech what the kernel does to it."""
        if sound is not None:
            self._ioctl(AUDIO_MODE, integer(0 if sound.is_transparent else 1))
        self._ioctl(SET_BUFFERS, buffers.encode())
        self._ioctl(BUFFER_EVENTS, integer(1))
        if sound is None or sound.is_transparent:
            return
        self._ioctl(SET_LAW, integer(LAWS[sound.law]))
        if sound.receive_gain or sound.transmit_gain:
            tables = (_gain_table(gain, sound.law) for gain in (sound.receive_gain, sound.transmit_gain))
            self._ioctl(SET_GAINS, gains(*tables))
        if sound.echo_taps:
            try:
                self._ioctl(ECHO_CANCEL, integer(sound.echo_taps))
            except OSError as error:
                hint = "the card has none for it, and system.conf names none (echocanceller=...)"
                raise SpanError(f"channel {self.number}: no echo canceller: {error.strerror}; {hint}") from error

    def flush(self) -> None:
        """Empty its buffers and forget its events."""
        self._ioctl(FLUSH, integer(FLUSH_ALL))

    def buffers(self) -> Buffers:
        """How full its buffers are."""
        argument = buffers_asked()
        self._ioctl(GET_BUFFERS, argument)
        return Buffers.parse(bytes(argument))

    def read(self, octets: int) -> bytes:
        """One buffer; empty when there is none. What happened meanwhile is told first."""
        for _ in range(_MOST_EVENTS):
            try:
                return self._calls.read(self.descriptor, octets)
            except BlockingIOError:
                return b""
            except OSError as error:
                if error.errno != EVENT_PENDING:
                    raise
                self._take_events()
        return b""

    def write(self, octets: bytes) -> bool:
        """Fill one buffer; False when there is none free."""
        for _ in range(_MOST_EVENTS):
            try:
                return self._calls.write(self.descriptor, octets) > 0
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno != EVENT_PENDING:
                    raise
                self._take_events()
        return False

    def close(self) -> None:
        """Give it back."""
        self._calls.close(self.descriptor)

    def _take_events(self) -> None:
        for _ in range(_MOST_EVENTS):
            argument = integer()
            self._ioctl(GET_EVENT, argument)
            event = as_integer(argument)
            if event == Event.NONE:
                return
            if event == Event.REMOVED:
                raise OSError(ENODEV, os.strerror(ENODEV))
            self._on_event(self, event)

    def _ioctl(self, request: int, argument: bytearray) -> None:
        self._calls.ioctl(self.descriptor, request, argument)


class RawChannels:
    """The raw timeslots of a span, as `TimeslotBank` wants them."""

    def __init__(self, chunk: int) -> None:
        self.channels: list[Channel] = []
        self._chunk = chunk

    def read(self, place: int, wanted: int | None) -> bytes:
        """See TimeslotStreams: all buffers of the first, as many of the others."""
        channel, octets = self.channels[place], b""
        while wanted is None or len(octets) < wanted:
            block = channel.read(self._chunk)
            if not block:
                break
            octets += block
        return octets

    def write(self, place: int, octets: bytes) -> bool:
        """See TimeslotStreams: one chunk, one buffer."""
        return self.channels[place].write(octets)


def raw_buffers(chunk: int, number: int) -> Buffers:
    """Of a raw timeslot: sent from when all are full, so that it never runs on its last one; received at once."""
    return Buffers(Policy.WHEN_FULL, Policy.IMMEDIATE, number, chunk)


#: Of a channel with HDLC: as many frames as the kernel may hold for us, a power of two as its MTP2 wants.
FRAME_BUFFERS: Final = Buffers(Policy.IMMEDIATE, Policy.IMMEDIATE, 16, 2048)


class FrameQueue:
    """Frames on their way to the kernel, of which only the last may be a fill."""

    def __init__(self) -> None:
        self._frames: deque[tuple[bytes, bool]] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def append(self, frame: bytes, is_fill: bool = False) -> None:
        """Put a frame behind the others; a fill that waits there is outdated."""
        if self._frames and self._frames[-1][1]:
            self._frames.pop()
        self._frames.append((frame, is_fill))

    def flush(self, write: Callable[[bytes], bool]) -> None:
        """Write frames as long as `write` takes them."""
        while self._frames and write(self._frames[0][0]):
            self._frames.popleft()


def is_frame_signalling(parameters: ChannelParameters) -> bool:
    """Whether the kernel does HDLC on a channel."""
    return parameters.signalling in (Signalling.HDLC_FCS, Signalling.HARD_HDLC, Signalling.MTP2)


def _gain_table(decibels: float, law: str) -> bytes:
    """What each of 256 octets becomes."""
    which = g711.Law(law)
    samples = g711.DECODE[which].astype(np.float64) * 10 ** (decibels / 20)
    if not decibels:
        return bytes(range(256))
    return g711.encode(np.clip(np.round(samples), -32768, 32767).astype(np.int16), which).tobytes()
