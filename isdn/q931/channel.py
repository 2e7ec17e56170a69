"""Channel identification, Q.931 4.5.13: which B channel, or any, or none; by number or by slot map."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.bits import meaning_of
from tandem.core.errors import EncodeError
from tandem.isdn.q931.codes import ElementCode
from tandem.isdn.q931.elements import Element, Fields, fit, group


class Selection(IntEnum):
    """Information channel selection, octet 3 bits 2-1, at a primary rate interface."""

    NONE = 0
    INDICATED = 1
    RESERVED = 2
    ANY = 3


class ChannelType(IntEnum):
    """Channel type or map element type, octet 3.2 bits 4-1."""

    B = 3
    H0 = 6
    H11 = 8
    H12 = 9


@dataclass(frozen=True, slots=True)
class ChannelIdentification(Element):
    """Channel identification, Q.931 4.5.13."""

    code: ClassVar[ElementCode] = ElementCode.CHANNEL_IDENTIFICATION
    SHARED: ClassVar[bool] = True
    DERIVED: ClassVar[tuple[str, ...]] = ("channel",)

    selection: int = Selection.INDICATED
    """See `Selection`; at a basic interface 1 is B1 and 2 is B2."""
    channels: tuple[int, ...] = ()
    """Channel numbers (timeslots: 1 to 15 and 17 to 31 on E1, 1 to 24 on T1); several only in RESTART and SERVICE."""
    exclusive: bool = False
    """Whether only this channel will do; otherwise it is preferred."""
    interface: int | None = None
    """Interface identifier (NFAS); None: the interface that carries the D-channel."""
    primary: bool = True
    """Whether the interface is other than a basic one."""
    d_channel: bool = False
    """Whether the channel meant is the D-channel."""
    slot_map: bool = False
    """Whether channels are coded as a map of slots."""
    channel_type: int = ChannelType.B
    """See `ChannelType`."""
    coding_standard: int = 0
    map_octets: int = 4
    """Octets of the slot map: 4 on E1, 3 on T1."""

    @classmethod
    def of(cls, *channels: int, exclusive: bool = True, interface: int | None = None) -> Self:
        """B channels of a primary rate interface by number."""
        return cls(Selection.INDICATED, channels, exclusive, interface)

    @classmethod
    def any_channel(cls, interface: int | None = None) -> Self:
        """Any channel of a primary rate interface."""
        return cls(Selection.ANY, interface=interface)

    @classmethod
    def no_channel(cls) -> Self:
        """No channel of a primary rate interface."""
        return cls(Selection.NONE)

    @property
    def channel(self) -> int | None:
        """The channel when exactly one is meant, at a basic interface too; None otherwise."""
        if not self.primary:
            return self.selection if self.selection in (1, 2) else None
        return self.channels[0] if len(self.channels) == 1 else None

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read octet 3, the interface identifier, and channel numbers or slot map."""
        fields = Fields(cls.code, octets)
        first = fields.octet()
        interface = None
        if first & 0x40:
            interface = 0
            for part in fields.group():
                interface = interface << 7 | part
        values = cls(
            selection=first & 3,
            exclusive=bool(first & 8),
            interface=interface,
            primary=bool(first & 0x20),
            d_channel=bool(first & 4),
        )
        if not fields:
            return values
        return values._with_channels(fields)

    def _with_channels(self, fields: Fields) -> Self:
        second = fields.group()[0]
        numbers = fields.rest()
        slot_map = bool(second & 0x10)
        if slot_map:
            mask = int.from_bytes(numbers, "big")
            channels = tuple([bit + 1 for bit in range(mask.bit_length()) if mask >> bit & 1])
        else:
            channels = tuple([octet & 0x7F for octet in numbers])
        return type(self)(
            self.selection,
            channels,
            self.exclusive,
            self.interface,
            self.primary,
            self.d_channel,
            slot_map,
            second & 0x0F,
            second >> 5 & 3,
            len(numbers) if slot_map else 4,
        )

    def _encode(self) -> bytes:
        """Content octets."""
        first = fit(self.selection, 2, "channel selection") | (4 if self.d_channel else 0)
        first |= (8 if self.exclusive else 0) | (0x20 if self.primary else 0)
        out = b""
        if self.interface is not None:
            first |= 0x40
            value = fit(self.interface, 14, "interface identifier")
            out = group(*([value >> 7] if value > 0x7F else []), value & 0x7F)
        out = group(first) + out
        if not self.channels:
            return out
        second = fit(self.coding_standard, 2, "coding standard") << 5 | fit(self.channel_type, 4, "channel type")
        if not self.slot_map:
            numbers = [fit(channel, 7, "channel number") for channel in self.channels]
            return out + group(second) + group(*numbers)
        mask = 0
        for channel in self.channels:
            if not 1 <= channel <= 8 * self.map_octets:
                raise EncodeError(f"channel {channel} is not in a slot map of {self.map_octets} octets")
            mask |= 1 << channel - 1
        return out + group(second | 0x10) + mask.to_bytes(self.map_octets, "big")

    def __str__(self) -> str:
        words = []
        if self.d_channel:
            words.append("D-channel")
        if not self.primary and self.selection in (1, 2):
            words.append(f"B{self.selection}")
        elif self.channels:
            words.append(" ".join(str(channel) for channel in self.channels))
        elif not self.d_channel or self.selection:
            words.append(f"{meaning_of(Selection, self.selection)} channel")
        words.append("exclusive" if self.exclusive else "preferred")
        if self.interface is not None:
            words.append(f"interface {self.interface}")
        return ", ".join(words)
