"""Parameters that carry Q.931 information: access transport, user service information, user-to-user (Q.763)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

from tandem.core.bits import bits, meaning_of
from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import Indicators, Parameter

#: Usual information elements of an access transport parameter (Q.931 4.5).
_ELEMENTS: Final = {
    0x04: "bearer capability",
    0x1E: "progress indicator",
    0x4D: "connected subaddress",
    0x6D: "calling party subaddress",
    0x71: "called party subaddress",
    0x7C: "low layer compatibility",
    0x7D: "high layer compatibility",
}


@dataclass(frozen=True, slots=True)
class Element:
    """One Q.931 information element."""

    identifier: int
    content: bytes | None
    """Octets after the length; None for an element of a single octet (identifier from 0x80)."""

    @property
    def name(self) -> str:
        """Name in codeset 0, or the identifier."""
        return _ELEMENTS.get(self.identifier, f"element {self.identifier:#04x}")

    def encode(self) -> bytes:
        """Octets of the element."""
        if self.content is None:
            return bytes([self.identifier])
        if len(self.content) > 255:
            raise EncodeError(f"{self.name} has {len(self.content)} octets, its length octet holds 255")
        return bytes([self.identifier, len(self.content)]) + self.content

    def __str__(self) -> str:
        return self.name if self.content is None else f"{self.name} {self.content.hex()}"


@dataclass(frozen=True, slots=True)
class AccessTransport(Parameter):
    """Access transport: Q.931 information elements from user to user, Q.763 3.3."""

    code: ClassVar[ParameterCode] = ParameterCode.ACCESS_TRANSPORT

    elements: tuple[Element, ...]

    def element(self, identifier: int) -> bytes | None:
        """Content of the first element with `identifier`, None when it is absent."""
        return next((item.content for item in self.elements if item.identifier == identifier), None)

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the elements; DecodeError when the last one is cut short."""
        elements = []
        offset, size = 0, len(octets)
        while offset < size:
            identifier = octets[offset]
            if identifier >= 0x80:
                elements.append(Element(identifier, None))
                offset += 1
                continue
            end = offset + 2 + octets[offset + 1] if offset + 1 < size else size + 1
            if end > size:
                raise DecodeError(f"information element {identifier:#04x} of access transport is cut short", offset)
            elements.append(Element(identifier, octets[offset + 2 : end]))
            offset = end
        return cls(tuple(elements))

    def _encode(self) -> bytes:
        """Content octets."""
        return b"".join([element.encode() for element in self.elements])

    def __str__(self) -> str:
        return ", ".join([str(element) for element in self.elements])


class Capability(IntEnum):
    """Information transfer capability, Q.931 4.5.5."""

    SPEECH = 0x00
    UNRESTRICTED_DIGITAL = 0x08
    RESTRICTED_DIGITAL = 0x09
    AUDIO_3K1 = 0x10
    UNRESTRICTED_DIGITAL_WITH_TONES = 0x11


class Layer1(IntEnum):
    """User information layer 1 protocol, Q.931 4.5.5."""

    V110 = 1
    MU_LAW = 2
    A_LAW = 3


#: Information transfer rate -> times 64 kbit/s, Q.931 4.5.5; `_MULTIRATE` has a multiplier in an octet of its own.
_RATES: Final = {0x10: 1, 0x11: 2, 0x13: 6, 0x15: 24, 0x17: 30}
_MULTIRATE: Final = 0x18


@dataclass(frozen=True, slots=True)
class UserServiceInformation(Parameter):
    """Bearer capability from its octet 3 on, Q.763 3.57 and Q.931 4.5.5."""

    code: ClassVar[ParameterCode] = ParameterCode.USER_SERVICE_INFORMATION
    DERIVED: ClassVar[tuple[str, ...]] = ("coding_standard", "capability", "mode", "rate", "layer1")

    octets: bytes
    """As coded, at least two octets."""

    @classmethod
    def of(cls, capability: int, layer1: int | None = None, timeslots: int = 1) -> Self:
        """Circuit mode, ITU-T coding, `timeslots` times 64 kbit/s."""
        rate = next((rate for rate, count in _RATES.items() if count == timeslots), _MULTIRATE)
        octets = bytes([0x80 | capability, 0x80 | rate])
        if rate == _MULTIRATE:
            octets += bytes([0x80 | timeslots])
        return cls(octets if layer1 is None else octets + bytes([0xA0 | layer1]))

    @property
    def coding_standard(self) -> int:
        """0 ITU-T, 1 ISO/IEC, 2 national, 3 of the network."""
        return self.octets[0] >> 5 & 3

    @property
    def capability(self) -> int:
        """Information transfer capability, see `Capability`."""
        return self.octets[0] & 0x1F

    @property
    def mode(self) -> int:
        """Transfer mode: 0 circuit, 2 packet."""
        return self.octets[self._rate_offset()] >> 5 & 3

    @property
    def rate(self) -> int:
        """Information transfer rate: 16 is 64 kbit/s, 24 multirate."""
        return self.octets[self._rate_offset()] & 0x1F

    @property
    def timeslots(self) -> int:
        """How often 64 kbit/s the rate is, 1 to 30; 1 for a rate that has no meaning here."""
        if self.rate != _MULTIRATE:
            return _RATES.get(self.rate, 1)
        offset = self._after_rate()
        multiplier = self.octets[offset] & 0x7F if offset < len(self.octets) else 1
        return multiplier if 1 <= multiplier <= 30 else 1

    @property
    def layer1(self) -> int | None:
        """User information layer 1 protocol, see `Layer1`; None when it is absent."""
        offset = self._after_rate() + (self.rate == _MULTIRATE)
        if offset >= len(self.octets) or self.octets[offset] >> 5 & 3 != 1:
            return None
        return self.octets[offset] & 0x1F

    def _after_rate(self) -> int:
        offset = self._rate_offset()
        while offset < len(self.octets) - 1 and self.octets[offset] < 0x80:
            offset += 1  # octets 4a, 4b of older editions
        return offset + 1

    def _rate_offset(self) -> int:
        return 1 if self.octets[0] >= 0x80 or len(self.octets) < 3 else 2

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the octets; DecodeError when there are fewer than two."""
        if len(octets) < 2:
            raise DecodeError(f"User service information needs at least 2 octets, has {len(octets)}", len(octets))
        return cls(octets)

    def _encode(self) -> bytes:
        """Content octets."""
        return self.octets

    def __str__(self) -> str:
        text = f"{meaning_of(Capability, self.capability)}, rate {self.rate}"
        return text if self.layer1 is None else f"{text}, {meaning_of(Layer1, self.layer1)}"


@dataclass(frozen=True, slots=True)
class UserServiceInformationPrime(UserServiceInformation):
    """The bearer capability to fall back from, Q.763 3.58."""

    code: ClassVar[ParameterCode] = ParameterCode.USER_SERVICE_INFORMATION_PRIME


@dataclass(frozen=True, slots=True)
class UserToUserInformation(Parameter):
    """User-to-user information, Q.763 3.61: Q.931's element from its protocol discriminator on."""

    code: ClassVar[ParameterCode] = ParameterCode.USER_TO_USER_INFORMATION

    information: bytes
    protocol_discriminator: int = 4
    """0 user-specific, 4 IA5 characters (Q.931 4.5.30)."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read discriminator and information."""
        if not octets:
            raise DecodeError("User-to-user information is empty", 0)
        return cls(octets[1:], octets[0])

    def _encode(self) -> bytes:
        """Content octets."""
        if not 0 <= self.protocol_discriminator <= 255:
            raise EncodeError(f"protocol discriminator {self.protocol_discriminator} does not fit an octet")
        return bytes([self.protocol_discriminator]) + self.information

    def __str__(self) -> str:
        return f"protocol {self.protocol_discriminator}, {self.information.hex()}"


@dataclass(frozen=True, slots=True)
class UserToUserIndicators(Indicators):
    """User-to-user indicators, Q.763 3.60."""

    code: ClassVar[ParameterCode] = ParameterCode.USER_TO_USER_INDICATORS

    response: bool = bits(1, 1)
    """Whether this answers a request."""
    service1: int = bits(1, 2, 2)
    """In a request 0 none, 2 not essential, 3 essential; in a response 0 none, 1 not provided, 2 provided."""
    service2: int = bits(1, 4, 2)
    service3: int = bits(1, 6, 2)
    network_discard: bool = bits(1, 8)
    """In a response: user-to-user information was discarded by the network."""
