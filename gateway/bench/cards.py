"""What spans of cards cost: the drivers of osmo-e1d and DAHDI, with socket pairs in place of the device."""

from __future__ import annotations

import os
import socket
import time
from typing import Any, Final

import numpy as np

from tandem.hardware.bank import DEPTH, TimeslotBank, TimeslotStreams
from tandem.hardware.dahdi_channels import Channel, RawChannels, Sound, raw_buffers
from tandem.hardware.e1d import DescriptorStreams
from tandem.hardware.span import FRAME_RATE, TIMESLOTS

#: Octets of a timeslot at a time: 5 ms, as it comes, and 20 ms.
CHUNKS: Final = (40, 160)
_TIMESLOTS: Final = range(1, TIMESLOTS)
_MARK: Final = 0x3C


class _Device:
    """The far ends of socket pairs: what is sent on a timeslot comes back on it."""

    def __init__(self, kind: int) -> None:
        self._kind = kind
        self._far: list[socket.socket] = []
        self._near: list[socket.socket] = []

    def open(self, path: str = "") -> int:
        """A timeslot; its descriptor."""
        del path
        near, far = socket.socketpair(socket.AF_UNIX, self._kind)
        near.setblocking(False)
        self._near.append(near)
        self._far.append(far)
        return near.fileno()

    def ioctl(self, descriptor: int, request: int, argument: bytearray) -> None:
        """Anything is right."""

    read = staticmethod(os.read)
    write = staticmethod(os.write)

    def close(self, descriptor: int) -> None:
        """All are closed together."""

    def move(self, octets: int) -> None:
        """So many octets of each timeslot over the line."""
        for far in self._far:
            far.send(far.recv(octets))

    def close_all(self) -> None:
        """The end."""
        for end in (*self._near, *self._far):
            end.close()


def run(seconds: float) -> dict[str, Any]:
    """Measure for about `seconds` of CPU in all; what the device does is left out.

    By driver and chunk: `microseconds_per_block` of a span both ways, `spans_per_core`, and `latency_ms` of an octet
    from being written until it is read, back from the far end of a loop without delay of its own.
    """
    share = seconds / (2 * len(CHUNKS))
    return {
        driver: {f"{chunk * 1000 // FRAME_RATE}_ms": _measure(driver, chunk, share) for chunk in CHUNKS}
        for driver in ("e1d", "dahdi")
    }


def _measure(driver: str, chunk: int, seconds: float) -> dict[str, float]:
    device = _Device(socket.SOCK_STREAM if driver == "e1d" else socket.SOCK_SEQPACKET)
    try:
        bank = TimeslotBank(_TIMESLOTS, DEPTH * chunk, 2 * DEPTH * chunk, _streams(driver, device, chunk))
        return _cost(bank, device, chunk, seconds) | {"latency_ms": _latency(bank, device, chunk)}
    finally:
        device.close_all()


def _streams(driver: str, device: _Device, chunk: int) -> TimeslotStreams:
    if driver == "e1d":
        streams = DescriptorStreams()
        streams.descriptors = [device.open() for _ in _TIMESLOTS]
        return streams
    raw = RawChannels(chunk)
    raw.channels = [Channel(device, timeslot, lambda channel, event: None) for timeslot in _TIMESLOTS]
    for channel in raw.channels:
        channel.set_up(raw_buffers(chunk, DEPTH), Sound())
    return raw


def _cost(bank: TimeslotBank, device: _Device, chunk: int, seconds: float) -> dict[str, float]:
    block = np.random.default_rng(704).integers(0, 256, (chunk, TIMESLOTS), dtype=np.uint8).tobytes()
    used, blocks = 0.0, 0
    while used < seconds or not blocks:
        start = time.process_time()
        bank.give(block, chunk)
        bank.take()
        used += time.process_time() - start
        device.move(chunk)
        blocks += 1
    each = used / blocks
    return {
        "microseconds_per_block": round(each * 1e6, 2),
        "spans_per_core": round(chunk / FRAME_RATE / each, 1),
    }


def _latency(bank: TimeslotBank, device: _Device, chunk: int) -> float:
    """Milliseconds from a write to the read that has its octets."""
    idle = bytes(chunk * TIMESLOTS)
    for _ in range(4 * DEPTH):  # what is on its way is read
        bank.give(idle, chunk)
        device.move(chunk)
        bank.take()
    bank.give(bytes([_MARK]) * (chunk * TIMESLOTS), chunk)
    for steps in range(1, 100):
        device.move(chunk)
        if _MARK in bank.take()[1:2]:
            return steps * chunk * 1000 / FRAME_RATE
        bank.give(idle, chunk)
    raise AssertionError("what was written did not come back")
