"""Elements of packet mode and of rarely used services: rate, delay, window and packet size; Q.931 4.6, Q.95x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.codes import ElementCode
from tandem.isdn.q931.elements import Element, Fields, fit, group, ia5


def _number(parts: tuple[int, ...]) -> int:
    """A number over the seven lower bits of a group of extended octets, the high ones first."""
    value = 0
    for part in parts:
        value = value << 7 | part
    return value


def _septets(value: int, what: str, least: int = 1) -> list[int]:
    """The inverse of `_number`, in at least `least` octets."""
    if value < 0:
        raise EncodeError(f"{what} is {value}, it cannot be negative")
    parts: list[int] = []
    while value or len(parts) < least:
        parts.insert(0, value & 0x7F)
        value >>= 7
    return parts


@dataclass(frozen=True, slots=True)
class InformationRate(Element):
    """Information rate, Q.931 4.6.3: throughput classes of X.25."""

    code: ClassVar[ElementCode] = ElementCode.INFORMATION_RATE

    incoming: int
    outgoing: int
    minimum_incoming: int
    minimum_outgoing: int

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read four octets."""
        if len(octets) < 4:
            raise DecodeError(f"Information rate needs 4 octets, has {len(octets)}", len(octets))
        return cls(*[octet & 0x1F for octet in octets[:4]])

    def _encode(self) -> bytes:
        """Content octets."""
        rates = (self.incoming, self.outgoing, self.minimum_incoming, self.minimum_outgoing)
        return bytes([0x80 | fit(rate, 5, "information rate") for rate in rates])

    def __str__(self) -> str:
        return f"{self.incoming} in, {self.outgoing} out, at least {self.minimum_incoming}, {self.minimum_outgoing}"


@dataclass(frozen=True, slots=True)
class EndToEndTransitDelay(Element):
    """End-to-end transit delay in milliseconds, Q.931 4.6.2."""

    code: ClassVar[ElementCode] = ElementCode.END_TO_END_TRANSIT_DELAY

    cumulative: int
    requested: int | None = None
    maximum: int | None = None
    """Not without `requested`."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read one to three groups of up to three octets."""
        fields = Fields(cls.code, octets)
        values = [_number(fields.group(3))]
        while fields and len(values) < 3:
            values.append(_number(fields.group(3)))
        return cls(*values)

    def _encode(self) -> bytes:
        """Content octets: three to a value, which hold 16 bits."""
        if self.requested is None and self.maximum is not None:
            raise EncodeError("a maximum transit delay needs a requested one before it")
        values = [value for value in (self.cumulative, self.requested, self.maximum) if value is not None]
        return b"".join([group(*_septets(fit(value, 16, "transit delay"), "transit delay", 3)) for value in values])

    def __str__(self) -> str:
        words = [f"{self.cumulative} ms"]
        words += [] if self.requested is None else [f"requested {self.requested} ms"]
        words += [] if self.maximum is None else [f"maximum {self.maximum} ms"]
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class TransitDelaySelection(Element):
    """Transit delay selection and indication in milliseconds, Q.931 4.6.9."""

    code: ClassVar[ElementCode] = ElementCode.TRANSIT_DELAY_SELECTION_AND_INDICATION

    delay: int

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read one group."""
        return cls(_number(Fields(cls.code, octets).group(3)))

    def _encode(self) -> bytes:
        """Content octets."""
        return group(*_septets(fit(self.delay, 16, "transit delay"), "transit delay", 3))

    def __str__(self) -> str:
        return f"{self.delay} ms"


@dataclass(frozen=True, slots=True)
class PacketLayerBinaryParameters(Element):
    """Packet layer binary parameters, Q.931 4.6.4."""

    code: ClassVar[ElementCode] = ElementCode.PACKET_LAYER_BINARY_PARAMETERS

    value: int
    """Bits 7-1 as coded: fast select, expedited data, delivery confirmation, modulus."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read one octet."""
        return cls(Fields(cls.code, octets).octet() & 0x7F)

    def _encode(self) -> bytes:
        """Content octets."""
        return group(fit(self.value, 7, "packet layer binary parameters"))

    def __str__(self) -> str:
        return f"{self.value:#04x}"


@dataclass(frozen=True, slots=True)
class BothWays(Element):
    """A value forward and, where it differs or is given, backward."""

    forward: int
    backward: int | None = None

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read one or two octets."""
        fields = Fields(cls.code, octets)
        forward = fields.octet() & 0x7F
        return cls(forward, fields.octet() & 0x7F if fields else None)

    def _encode(self) -> bytes:
        """Content octets."""
        values = [self.forward] if self.backward is None else [self.forward, self.backward]
        return b"".join([group(fit(value, 7, self.name)) for value in values])

    def __str__(self) -> str:
        return f"forward {self.forward}" + ("" if self.backward is None else f", backward {self.backward}")


@dataclass(frozen=True, slots=True)
class PacketLayerWindowSize(BothWays):
    """Packet layer window size, Q.931 4.6.5."""

    code: ClassVar[ElementCode] = ElementCode.PACKET_LAYER_WINDOW_SIZE


@dataclass(frozen=True, slots=True)
class PacketSize(BothWays):
    """Packet size as the logarithm to base 2 of octets, Q.931 4.6.6."""

    code: ClassVar[ElementCode] = ElementCode.PACKET_SIZE


@dataclass(frozen=True, slots=True)
class ReverseChargingIndication(Element):
    """Reverse charging indication, Q.931 4.6.8."""

    code: ClassVar[ElementCode] = ElementCode.REVERSE_CHARGING_INDICATION

    indication: int = 1
    """1: reverse charging requested."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read one octet."""
        return cls(Fields(cls.code, octets).octet() & 0x7F)

    def _encode(self) -> bytes:
        """Content octets."""
        return group(fit(self.indication, 7, "reverse charging indication"))

    def __str__(self) -> str:
        return "requested" if self.indication == 1 else str(self.indication)


@dataclass(frozen=True, slots=True)
class ClosedUserGroup(Element):
    """Closed user group, Q.931 4.6.1."""

    code: ClassVar[ElementCode] = ElementCode.CLOSED_USER_GROUP

    index: str
    """Index in IA5."""
    indication: int = 1
    """1 closed user group selection, 2 with outgoing access."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read indication and index."""
        fields = Fields(cls.code, octets)
        indication = fields.octet() & 7
        return cls(fields.characters(), indication)

    def _encode(self) -> bytes:
        """Content octets."""
        return group(fit(self.indication, 3, "CUG indication")) + ia5(self.index, "CUG index")

    def __str__(self) -> str:
        return f"index {self.index}, indication {self.indication}"
