"""Messages of the control protocol of osmo-e1d, the user-space daemon of icE1usb and other E1 devices.

One message is one datagram on a UNIX SOCK_SEQPACKET socket, in the byte order of the host: a header of eight octets
(magic, length of the whole, type, interface, line, timeslot), then what the type says. Checked against descriptions
of the protocol only, as docs/how-to/use-an-ice1usb.md tells.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from tandem.core.errors import DecodeError
from tandem.hardware.alarms import Alarm

MAGIC: Final = 0x01E1
ANY: Final = 0xFF
"""An interface, line or timeslot that is not given."""
LONGEST: Final = 4096
RESPONSE: Final = 0x80
ERROR: Final = 0xC0
_CLASS: Final = 0xC0
_HEADER: Final = struct.Struct("=HHBBBB")
_TIMESLOT_OPEN: Final = struct.Struct("=BBH")
_TIMESLOT: Final = struct.Struct("=BBBHB")


class Type(IntEnum):
    """Requests; the answer has RESPONSE added."""

    INTERFACE_QUERY = 0x00
    LINE_QUERY = 0x01
    TIMESLOT_QUERY = 0x02
    LINE_CONFIG = 0x03
    TIMESLOT_OPEN = 0x04


class LineMode(IntEnum):
    """What a line is used as."""

    OFF = 0x00
    CHANNELIZED = 0x20
    SUPERCHANNEL = 0x21
    E1_OVER_IP = 0x22


RAW: Final = 0x10
"""Mode of a timeslot: its octets as they come."""
TAKE_OVER: Final = 0x80
"""Flag of TIMESLOT_OPEN: whoever has the timeslot open loses it."""

EVENTS: Final = {
    0x40: (Alarm.LOS, True),
    0x41: (Alarm.LOS, False),
    0x42: (Alarm.AIS, True),
    0x43: (Alarm.AIS, False),
    0x44: (Alarm.RAI, True),
    0x45: (Alarm.RAI, False),
    0x46: (Alarm.LFA, True),
    0x47: (Alarm.LFA, False),
}
"""Type of an event -> the alarm, and whether it begins."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    type: int
    interface: int = ANY
    line: int = ANY
    timeslot: int = ANY
    payload: bytes = b""

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read one datagram; DecodeError when it is none of this protocol."""
        if len(octets) < _HEADER.size:
            raise DecodeError(f"osmo-e1d message of {len(octets)} octets has no whole header", len(octets))
        magic, length, kind, interface, line, timeslot = _HEADER.unpack_from(octets)
        if magic != MAGIC:
            raise DecodeError(f"osmo-e1d message begins with {magic:#06x}, not {MAGIC:#06x}", 0)
        if length != len(octets):
            raise DecodeError(f"osmo-e1d message of {len(octets)} octets says {length}", 2)
        return cls(kind, interface, line, timeslot, octets[_HEADER.size :])

    def encode(self) -> bytes:
        """The datagram."""
        length = _HEADER.size + len(self.payload)
        header = _HEADER.pack(MAGIC, length, self.type, self.interface, self.line, self.timeslot)
        return header + self.payload

    @property
    def is_error(self) -> bool:
        """Whether it refuses a request."""
        return self.type & _CLASS == ERROR

    @property
    def answers(self) -> int | None:
        """The request that it answers; None when it is no answer."""
        return self.type & ~_CLASS if self.type & _CLASS == RESPONSE else None


def open_timeslot(interface: int, line: int, timeslot: int, buffer: int, take_over: bool = False) -> Message:
    """Ask for the raw octets of a timeslot; the daemon reads and writes up to `buffer` of them at a time."""
    flags = TAKE_OVER if take_over else 0
    return Message(Type.TIMESLOT_OPEN, interface, line, timeslot, _TIMESLOT_OPEN.pack(RAW, flags, buffer))


def configure_line(interface: int, line: int, mode: LineMode) -> Message:
    """Ask for another use of a line."""
    return Message(Type.LINE_CONFIG, interface, line, payload=bytes([mode]))


def interfaces(message: Message) -> list[tuple[int, int]]:
    """(interface, lines) of the answer to INTERFACE_QUERY."""
    return [(number, lines) for number, lines in _rows(message, struct.Struct("=BB"))]


def lines(message: Message) -> list[tuple[int, int, int]]:
    """(line, mode, status) of the answer to LINE_QUERY or LINE_CONFIG."""
    return [(number, mode, status) for number, mode, status in _rows(message, struct.Struct("=BBB"))]


def timeslots(message: Message) -> list[tuple[int, int]]:
    """(timeslot, mode) of the answer to TIMESLOT_QUERY or TIMESLOT_OPEN; mode 0 is free."""
    return [(number, mode) for number, mode, _, _, _ in _rows(message, _TIMESLOT)]


def _rows(message: Message, row: struct.Struct) -> list[tuple[int, ...]]:
    if len(message.payload) % row.size:
        raise DecodeError(f"osmo-e1d answer: {len(message.payload)} octets are no rows of {row.size}", _HEADER.size)
    return list(row.iter_unpack(message.payload))
