"""The telephone-event payload of RTP, RFC 4733 2.3: DTMF digits and hook flash as named events."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from tandem.core.errors import DecodeError, EncodeError

#: Event codes 0 to 15 in order, RFC 4733 3.2.
DIGITS: Final = "0123456789*#ABCD"
#: Event code of a hook flash.
FLASH: Final = 16

_PAYLOAD: Final = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """One event block. A long event is several, each with the duration since its beginning."""

    event: int
    """0-9 the digits, 10 `*`, 11 `#`, 12-15 A-D, 16 flash."""
    duration: int
    """Timestamp units since the timestamp of the packet, 0 to 65535."""
    end: bool = False
    """Whether the event is over; sent three times."""
    volume: int = 10
    """Power level, 0 to 63, in -dBm0; of no meaning for other than DTMF."""
    reserved: bool = False
    """The R bit, which a sender sets to 0 and a receiver ignores."""

    @property
    def digit(self) -> str | None:
        """The DTMF digit, or None for another event."""
        return DIGITS[self.event] if self.event < len(DIGITS) else None

    def encode(self) -> bytes:
        """Four octets; EncodeError when a field does not fit."""
        if not (0 <= self.event <= 255 and 0 <= self.volume <= 63 and 0 <= self.duration <= 0xFFFF):
            raise EncodeError(f"{self} does not fit a telephone-event payload")
        flags = self.end << 7 | self.reserved << 6 | self.volume
        return _PAYLOAD.pack(self.event, flags, self.duration)

    def __str__(self) -> str:
        name = self.digit or f"event {self.event}"
        return f"{name} {self.duration}{' end' if self.end else ''} -{self.volume} dBm0"


def parse_events(payload: bytes) -> list[TelephoneEvent]:
    """The event blocks of an RTP payload, at least one; DecodeError when it is not whole blocks of four octets."""
    if not payload or len(payload) % _PAYLOAD.size:
        raise DecodeError(f"telephone-event payload of {len(payload)} octets is not a multiple of 4", 0)
    return [
        TelephoneEvent(event, duration, bool(flags & 0x80), flags & 0x3F, bool(flags & 0x40))
        for event, flags, duration in _PAYLOAD.iter_unpack(payload)
    ]


def digit_event(digit: str, duration: int, end: bool = False, volume: int = 10) -> TelephoneEvent:
    """The event of a DTMF digit (0-9, *, #, A-D); EncodeError for any other character."""
    event = DIGITS.find(digit.upper()) if len(digit) == 1 else -1
    if event < 0:
        raise EncodeError(f"{digit!r} is not a DTMF digit (0-9, *, #, A-D)")
    return TelephoneEvent(event, duration, end, volume)
