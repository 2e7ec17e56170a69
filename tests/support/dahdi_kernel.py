"""A stand-in for DAHDI in the kernel, at the system calls of the driver: two spans joined by a cable, no card.

It knows every request by its number, and refuses what a real kernel would: an argument of another size, a request
before SPECIFY, audio mode on a channel that is not clear, a buffer of the wrong size. Buffers are as DAHDI's: so many
of one size each way; WHEN_FULL begins to send when all are full and again after an underrun; a received buffer is
there to be read when it is full; what does not fit is lost and told by an event. `run` moves octets, so that time is
virtual. All of it comes from the description in tests/vectors/e1t1/dahdi.json, nothing from DAHDI's code.
"""

from __future__ import annotations

import errno
import json
import os
import struct
from collections import deque
from pathlib import Path
from typing import Any

from tandem.hardware.framing.hdlc import HdlcReceiver, HdlcTransmitter

_FACTS = json.loads((Path(__file__).parent.parent / "vectors/e1t1/dahdi.json").read_text())
REQUESTS = {int(row["value_x86_64"], 16): row["name"].removeprefix("DAHDI_") for row in _FACTS["ioctls"]}
STRUCTURES = {name: {row["field"]: row["offset"] for row in it["fields"]} for name, it in _FACTS["structs"].items()}
SIGNALLING = {name: int(value, 16) for name, value in _FACTS["signalling_types"].items()}
ALARMS = _FACTS["alarm_bits"]
EVENTS = _FACTS["events"]
LIMITS = _FACTS["limits"]
ELAST = 500
IDLE = 0xD5
CHUNK = 8
"""Octets that a card moves at a time: 1 ms."""


def error(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


class KernelChannel:
    """One channel; open or not."""

    def __init__(self, number: int, span: int, position: int, signalling: str) -> None:
        self.number, self.span, self.position = number, span, position
        self.signalling = signalling
        self.is_open = False
        self.reset()

    def reset(self) -> None:
        self.audio = False
        self.law = 0
        self.taps = 0
        self.gains: tuple[bytes, bytes] | None = None
        self.buffer_events = False
        self.transmit_policy, self.receive_policy = 0, 0
        self.number_of_buffers = LIMITS["DEFAULT_NUM_BUFS"]
        self.size = LIMITS["DEFAULT_BLOCKSIZE"]
        self.events: deque[int] = deque()
        self.clear()

    def clear(self) -> None:
        """Flush."""
        self.transmit: deque[bytes] = deque()
        self.sending = b""
        self.started = False
        self.receive: deque[bytes] = deque()
        self.filling = b""
        self.hdlc_out = HdlcTransmitter()
        self.hdlc_in = HdlcReceiver()
        self.last_frame = b""

    @property
    def is_raw(self) -> bool:
        return self.signalling == "CLEAR"

    def event(self, name: str) -> None:
        """An event waits for the program."""
        self.events.append(EVENTS[name])

    def next_octets(self, count: int) -> bytes:
        """What goes on the line."""
        if not self.is_raw:
            while self.transmit and self.hdlc_out.queued < 2:
                frame = self.transmit.popleft()
                self.hdlc_out.send([frame])
                if self.signalling == "MTP2":
                    self.hdlc_out.fill = frame
            return self.hdlc_out.block(count)
        octets = b""
        while len(octets) < count:
            if not self.sending:
                if not self.started:
                    needed = self.number_of_buffers if self.transmit_policy == 1 else 1
                    if len(self.transmit) < needed:
                        break
                    self.started = True
                if not self.transmit:
                    self.started = False
                    if self.buffer_events:
                        self.event("WRITE_UNDERRUN")
                    break
                self.sending = self.transmit[0]
            taken = self.sending[: count - len(octets)]
            octets += taken
            self.sending = self.sending[len(taken) :]
            if not self.sending:
                self.transmit.popleft()  # the buffer is free once its last octet has gone
        if self.gains:
            octets = octets.translate(self.gains[1])
        return octets + bytes([IDLE]) * (count - len(octets))

    def take_octets(self, octets: bytes) -> None:
        """What comes from the line."""
        if not self.is_raw:
            self._take_frames(octets)
            return
        if self.gains:
            octets = octets.translate(self.gains[0])
        self.filling += octets
        while len(self.filling) >= self.size:
            self._received(self.filling[: self.size])
            self.filling = self.filling[self.size :]

    def _take_frames(self, octets: bytes) -> None:
        for frame in self.hdlc_in.receive(octets):
            if self.signalling != "MTP2" or frame != self.last_frame:
                self._received(frame + b"\x12\x34")
            self.last_frame = frame
        counts = self.hdlc_in.take_counts()
        for _ in range(counts.bad_fcs + counts.misaligned):
            self.event("BADFCS")
        for _ in range(counts.aborts):
            self.event("ABORT")

    def _received(self, buffer: bytes) -> None:
        if len(self.receive) < self.number_of_buffers:
            self.receive.append(buffer)
        elif self.buffer_events:
            self.event("READ_OVERRUN")


class KernelSpan:
    """An E1 or T1 of the card."""

    def __init__(self, number: int, first: int, setup: dict[int, str], kind: str = "E1") -> None:
        self.number, self.kind = number, kind
        self.alarms = 0
        self.counts = {"bpvcount": 0, "crc4count": 0, "ebitcount": 0, "fascount": 0, "irqmisses": 0}
        self.maintenance = 0
        count = 31 if kind == "E1" else 24
        self.channels = [
            KernelChannel(first + place, number, place + 1, setup.get(place + 1, "CLEAR")) for place in range(count)
        ]


class Kernel:
    """The SystemCalls of a machine with one card of so many spans; spans 1 and 2, 3 and 4, ... are joined."""

    def __init__(self, *setups: dict[int, str], kind: str = "E1") -> None:
        """`setups`: signalling by timeslot of each span, CLEAR where nothing is given."""
        self.present = True
        self.spans: list[KernelSpan] = []
        for number, setup in enumerate(setups, 1):
            first = 1 + sum(len(span.channels) for span in self.spans)
            self.spans.append(KernelSpan(number, first, setup, kind))
        self.journal: list[tuple[str, int, Any]] = []
        """Requests as they were made: name, channel (0 for the control device), argument."""
        self.has_echo_canceller = True
        self._files: dict[int, KernelChannel | str | None] = {}
        self._next = 1000

    # The five calls.

    def open(self, path: str) -> int:
        if not self.present:
            raise error(errno.ENOENT, path)
        if path not in ("/dev/dahdi/ctl", "/dev/dahdi/channel"):
            raise error(errno.ENOENT, path)
        self._next += 1
        self._files[self._next] = "control" if path.endswith("ctl") else None
        return self._next

    def close(self, descriptor: int) -> None:
        file = self._files.pop(descriptor)
        if isinstance(file, KernelChannel):
            file.is_open = False
            file.reset()

    def read(self, descriptor: int, octets: int) -> bytes:
        channel = self._channel(descriptor)
        if channel.events:
            raise error(ELAST)
        if not channel.receive:
            raise error(errno.EAGAIN)
        assert octets >= len(channel.receive[0]), "a buffer would be cut short"
        return channel.receive.popleft()

    def write(self, descriptor: int, octets: bytes) -> int:
        channel = self._channel(descriptor)
        if channel.events:
            raise error(ELAST)
        if channel.is_raw:
            assert len(octets) == channel.size, f"{len(octets)} octets written, buffers have {channel.size}"
        else:
            assert len(octets) >= 4, "no room for the FCS"
            octets = octets[:-2]
        if len(channel.transmit) >= channel.number_of_buffers:
            raise error(errno.EAGAIN)
        channel.transmit.append(octets)
        return len(octets)

    def ioctl(self, descriptor: int, request: int, argument: bytearray) -> None:
        if not self.present:
            raise error(errno.ENODEV)
        name = REQUESTS.get(request)
        assert name is not None, f"{request:#010x} is no request of DAHDI"
        assert request >> 16 & 0x3FFF == len(argument), f"{name}: {len(argument)} octets given"
        file = self._files[descriptor]
        if file == "control":
            self._control(name, argument)
        elif file is None:
            assert name == "SPECIFY", f"{name} before SPECIFY"
            self._specify(descriptor, struct.unpack("=i", argument)[0])
        else:
            assert isinstance(file, KernelChannel)
            self._request(name, file, argument)

    # What a test does to it.

    def run(self, octets: int, only: tuple[KernelSpan, KernelSpan] | None = None) -> None:
        """So many octets across the cables, or `only` one: 40 at a time if they are as many, else 8 as a card does."""
        step = 5 * CHUNK if octets % (5 * CHUNK) == 0 else CHUNK
        for _ in range(octets // step):
            for one, other in [only] if only else zip(self.spans[::2], self.spans[1::2], strict=True):
                self._exchange(one, other, step)

    def set_alarms(self, span: int, *names: str) -> None:
        """The alarms of a span change, and its open channels hear of it."""
        which = self.spans[span - 1]
        which.alarms = sum(ALARMS[name] for name in names)
        for channel in which.channels:
            if channel.is_open:
                channel.event("ALARM" if which.alarms else "NOALARM")

    def unplug(self, *, tell: bool = False) -> None:
        """The card goes; with `tell` its channels get the event REMOVED first."""
        if tell:
            for file in self._files.values():
                if isinstance(file, KernelChannel):
                    file.event("REMOVED")
        else:
            self.present = False

    def plug_in(self) -> None:
        self.present = True

    def file(self, descriptor: int) -> KernelChannel | str | None:
        """What an open descriptor is."""
        return self._files.get(descriptor)

    @property
    def open_files(self) -> int:
        return len(self._files)

    def _exchange(self, one: KernelSpan, other: KernelSpan, count: int) -> None:
        for near, far in zip(one.channels, other.channels, strict=True):
            octets = [channel.next_octets(count) if channel.is_open else b"\xff" * count for channel in (near, far)]
            if one.maintenance == 1:
                octets[1] = octets[0]
            if near.is_open:
                near.take_octets(octets[1])
            if far.is_open:
                far.take_octets(octets[0] if other.maintenance != 1 else octets[1])

    def _channel(self, descriptor: int) -> KernelChannel:
        if not self.present:
            raise error(errno.ENODEV)
        channel = self._files[descriptor]
        assert isinstance(channel, KernelChannel)
        return channel

    def _specify(self, descriptor: int, number: int) -> None:
        self.journal.append(("SPECIFY", number, None))
        for span in self.spans:
            for channel in span.channels:
                if channel.number == number:
                    if channel.is_open:
                        raise error(errno.EBUSY)
                    channel.is_open = True
                    self._files[descriptor] = channel
                    return
        raise error(errno.ENXIO)

    def _control(self, name: str, argument: bytearray) -> None:
        self.journal.append((name, 0, bytes(argument)))
        if name == "SPANSTAT":
            (number,) = struct.unpack_from("=i", argument)
            if not 1 <= number <= len(self.spans):
                raise error(errno.EINVAL)
            self._span_status(self.spans[number - 1], argument)
        elif name == "GET_PARAMS":
            (number,) = struct.unpack_from("=i", argument)
            found = [channel for span in self.spans for channel in span.channels if channel.number == number]
            if not found:
                raise error(errno.ENXIO)
            offsets = STRUCTURES["dahdi_params"]
            for field, value in (
                ("spanno", found[0].span),
                ("chanpos", found[0].position),
                ("sigtype", SIGNALLING[found[0].signalling]),
            ):
                struct.pack_into("=i", argument, offsets[field], value)
        elif name == "MAINT":
            number, command = struct.unpack("=ii", argument)
            if not 1 <= number <= len(self.spans):
                raise error(errno.EINVAL)
            self.spans[number - 1].maintenance = command
        else:
            raise AssertionError(f"{name} on the control device")

    def _span_status(self, span: KernelSpan, argument: bytearray) -> None:
        offsets = STRUCTURES["dahdi_spaninfo"]
        values = {
            "alarms": span.alarms,
            "numchans": len(span.channels),
            "totalchans": len(span.channels),
            "totalspans": len(self.spans),
            "lineconfig": _FACTS["line_config_bits"] and 1 << 10,
            **span.counts,
        }
        for field, value in values.items():
            struct.pack_into("=i", argument, offsets[field], value)
        for field, text in (("name", f"TE4/0/{span.number}"), ("desc", "stand-in card"), ("spantype", span.kind)):
            argument[offsets[field] : offsets[field] + len(text)] = text.encode()

    def _request(self, name: str, channel: KernelChannel, argument: bytearray) -> None:
        value = struct.unpack("=i", argument)[0] if len(argument) == 4 else None
        self.journal.append((name, channel.number, value))
        match name:
            case "AUDIOMODE":
                assert channel.is_raw, "audio mode is for clear channels"
                channel.audio = bool(value)
            case "SET_BUFINFO":
                self._set_buffers(channel, argument)
            case "GET_BUFINFO":
                state = (channel.transmit_policy, channel.receive_policy, channel.number_of_buffers, channel.size)
                struct.pack_into("=6i", argument, 0, *state, len(channel.receive), len(channel.transmit))
            case "BUFFER_EVENTS":
                channel.buffer_events = bool(value)
            case "FLUSH":
                assert value in range(1, 8)
                channel.clear()
                if value & 4:
                    channel.events.clear()
            case "GETEVENT":
                struct.pack_into("=i", argument, 0, channel.events.popleft() if channel.events else 0)
            case "SETLAW":
                assert channel.audio, "the law is a matter of audio mode"
                assert value in (0, 1, 2)
                channel.law = value
            case "SETGAINS":
                assert channel.audio, "gains are a matter of audio mode"
                _, receive, transmit = struct.unpack("=i256s256s", argument)
                channel.gains = (receive, transmit)
            case "ECHOCANCEL":
                assert channel.audio, "the echo canceller is a matter of audio mode"
                if not self.has_echo_canceller:
                    raise error(errno.ENODEV)
                channel.taps = value
            case _:
                raise AssertionError(f"{name} is not expected on a channel")

    @staticmethod
    def _set_buffers(channel: KernelChannel, argument: bytearray) -> None:
        transmit, receive, number, size, _, _ = struct.unpack("=6i", argument)
        fits = (
            transmit in (0, 1, 2)
            and receive in (0, 1, 2)
            and 2 <= number <= LIMITS["MAX_NUM_BUFS"]
            and LIMITS["MIN_BUFSIZE"] <= size <= LIMITS["MAX_BLOCKSIZE"]
            and number * size <= LIMITS["MAX_BUF_SPACE"]
        )
        if not fits:
            raise error(errno.EINVAL)
        if channel.signalling == "MTP2":
            assert number & (number - 1) == 0, "MTP2 compares frames by a mask"
        channel.transmit_policy, channel.receive_policy = transmit, receive
        channel.number_of_buffers, channel.size = number, size
        channel.clear()
