"""Requests and structures of DAHDI's kernel interface, as on 64-bit Linux (dahdi-linux include/dahdi/user.h)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final, Self

_WRITE, _READ = 1 << 30, 2 << 30
_INT: Final = struct.Struct("=i")
_PARAMETERS: Final = struct.Struct("=12i40s11iI")
_SPAN: Final = struct.Struct("=i20s40s7i5I7i40s40s40s40sii6s")
_BUFFERS: Final = struct.Struct("=6i")
_GAINS: Final = struct.Struct("=i256s256s")
_MAINTENANCE: Final = struct.Struct("=ii")


def _request(direction: int, number: int, size: int) -> int:
    """`_IOC` of Linux: direction, size of the argument, type 0xDA, number."""
    return direction | size << 16 | 0xDA << 8 | number


FLUSH: Final = _request(_WRITE, 3, _INT.size)
GET_PARAMETERS: Final = _request(_READ | _WRITE, 5, _PARAMETERS.size)
GET_EVENT: Final = _request(_READ, 8, _INT.size)
SPAN_STATUS: Final = _request(_READ | _WRITE, 10, _SPAN.size)
MAINTENANCE: Final = _request(_WRITE, 11, _MAINTENANCE.size)
SET_GAINS: Final = _request(_WRITE, 16, _GAINS.size)
GET_BUFFERS: Final = _request(_READ, 27, _BUFFERS.size)
SET_BUFFERS: Final = _request(_WRITE, 27, _BUFFERS.size)
AUDIO_MODE: Final = _request(_WRITE, 32, _INT.size)
ECHO_CANCEL: Final = _request(_WRITE, 33, _INT.size)
SPECIFY: Final = _request(_WRITE, 38, _INT.size)
SET_LAW: Final = _request(_WRITE, 39, _INT.size)
BUFFER_EVENTS: Final = _request(_WRITE, 105, _INT.size)

MOST_SPANS: Final = 128
MOST_CHANNELS: Final = 1024
FLUSH_ALL: Final = 7
LAWS: Final = {"u": 1, "A": 2}
EVENT_PENDING: Final = 500
"""ELAST: what reading and writing answer while an event waits to be fetched."""


class Policy(IntEnum):
    """When the kernel begins with buffers: with the first, or when all are full."""

    IMMEDIATE = 0
    WHEN_FULL = 1


class Signalling(IntEnum):
    """What a channel is configured as, with the words of /etc/dahdi/system.conf that make it so."""

    NONE = 0
    CLEAR = 0x80
    """bchan, clear"""
    HDLC_FCS = 0x380
    """dchan, fcshdlc"""
    HARD_HDLC = 0x80080
    """hardhdlc"""
    MTP2 = 0x100380
    """mtp2"""


class AlarmBits(IntFlag):
    """Alarms of a span."""

    RECOVER = 1
    LOOPBACK = 2
    YELLOW = 4
    RED = 8
    BLUE = 16
    NOT_OPEN = 32
    LOS = 256
    LFA = 512
    LMFA = 1024


class LineBits(IntFlag):
    """Configuration of a line, what of it matters here."""

    D4 = 1 << 4
    ESF = 1 << 5
    CRC4 = 1 << 10


class Event(IntEnum):
    """Events of a channel, those that are acted on."""

    NONE = 0
    ALARM = 4
    NO_ALARM = 5
    ABORT = 6
    OVERRUN = 7
    BAD_FCS = 8
    REMOVED = 20
    READ_OVERRUN = 29
    WRITE_UNDERRUN = 30


class Loop(IntEnum):
    """Loopbacks of a line."""

    OFF = 0
    LOCAL = 1
    """What is sent comes back to us."""
    REMOTE = 2
    """What the far end sends goes back to it."""


def integer(value: int = 0) -> bytearray:
    """An argument of one int."""
    return bytearray(_INT.pack(value))


def as_integer(argument: bytearray) -> int:
    """The int in an argument."""
    return int(_INT.unpack(argument)[0])


@dataclass(frozen=True, slots=True)
class ChannelParameters:
    """struct dahdi_params, what of it matters here."""

    channel: int
    span: int = 0
    position: int = 0
    """The timeslot, counted from 1; of an E1 the numbers of G.704."""
    signalling: int = 0
    law: int = 0
    name: str = ""

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """From the structure."""
        values = _PARAMETERS.unpack(octets)
        return cls(values[0], values[1], values[2], values[3], values[10], _text(values[12]))

    def encode(self) -> bytearray:
        """The structure."""
        name = self.name.encode()
        head = (self.channel, self.span, self.position, self.signalling)
        return bytearray(_PARAMETERS.pack(*head, *[0] * 6, self.law, 0, name, *[0] * 12))


@dataclass(frozen=True, slots=True)
class SpanStatus:
    """struct dahdi_spaninfo, what of it matters here."""

    span: int
    name: str = ""
    description: str = ""
    alarms: int = 0
    """Of AlarmBits."""
    bipolar_violations: int = 0
    crc4_errors: int = 0
    e_bits: int = 0
    """Errors that the far end tells of."""
    fas_errors: int = 0
    missed_interrupts: int = 0
    channels: int = 0
    """Configured ones."""
    all_channels: int = 0
    line: int = 0
    """Of LineBits."""
    device: str = ""
    kind: str = ""
    """`E1` or `T1`."""

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """From the structure."""
        v = _SPAN.unpack(octets)
        return cls(
            span=v[0],
            name=_text(v[1]),
            description=_text(v[2]),
            alarms=v[3],
            bipolar_violations=v[6],
            crc4_errors=v[7],
            e_bits=v[8],
            fas_errors=v[9],
            missed_interrupts=v[15],
            channels=v[17],
            all_channels=v[18],
            line=v[21],
            device=_text(v[25]),
            kind=_text(v[28]),
        )

    def encode(self) -> bytearray:
        """The structure."""
        levels = (0, 0)
        errors = (self.bipolar_violations, self.crc4_errors, self.e_bits, self.fas_errors)
        ends = (self.missed_interrupts, 0, self.channels, self.all_channels, 0, 0, self.line)
        texts = (b"", b"", b"", self.device.encode())
        first = (self.span, self.name.encode(), self.description.encode(), self.alarms, *levels)
        return bytearray(_SPAN.pack(*first, *errors, *[0] * 5, *ends, *texts, 0, 0, self.kind.encode()))


@dataclass(frozen=True, slots=True)
class Buffers:
    """struct dahdi_bufferinfo."""

    transmit_policy: int
    receive_policy: int
    number: int
    size: int
    """Octets of one."""
    full_receive: int = -1
    """How many hold what was received, when asked."""
    full_transmit: int = -1

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """From the structure."""
        return cls(*_BUFFERS.unpack(octets))

    def encode(self) -> bytearray:
        """The structure."""
        policies = (self.transmit_policy, self.receive_policy)
        return bytearray(_BUFFERS.pack(*policies, self.number, self.size, self.full_receive, self.full_transmit))


def buffers_asked() -> bytearray:
    """Room for the answer to GET_BUFFERS."""
    return bytearray(_BUFFERS.size)


def gains(receive: bytes, transmit: bytes) -> bytearray:
    """The structure dahdi_gains of the channel it is set on: what each of 256 octets becomes, each way."""
    return bytearray(_GAINS.pack(0, receive, transmit))


def maintenance(span: int, loop: Loop) -> bytearray:
    """The structure dahdi_maintinfo."""
    return bytearray(_MAINTENANCE.pack(span, loop))


def _text(octets: bytes) -> str:
    return octets.split(b"\0")[0].decode(errors="replace")
