"""Elements of text and opaque octets: display, keypad, user-user, facility, subaddresses ...; Q.931 4.5, Q.932."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

from tandem.core.bits import meaning_of
from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.codes import ElementCode
from tandem.isdn.q931.elements import Element, Fields, fit, group, ia5

#: Character set octet that North American switches put first in a display.
CHARSET_IA5: Final = 0xB1


@dataclass(frozen=True, slots=True)
class Display(Element):
    """Display, Q.931 4.5.16."""

    code: ClassVar[ElementCode] = ElementCode.DISPLAY

    text: str
    """As received; characters beyond IA5 stand for the octets of ISO 8859-1."""
    charset: int | None = None
    """Character set octet before the text, its bit 8 set (0xB1 in North America); None without one."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read character set and text."""
        if octets[:1] >= b"\x80":
            return cls(octets[1:].decode("latin-1"), octets[0])
        return cls(octets.decode("latin-1"))

    def _encode(self) -> bytes:
        """Content octets."""
        try:
            text = self.text.encode("latin-1")
        except UnicodeEncodeError:
            raise EncodeError(f"display {self.text!r} has characters that are not of ISO 8859-1") from None
        if self.charset is None:
            if text[:1] >= b"\x80":
                raise EncodeError(f"display {self.text!r} begins with what would be taken for a character set")
            return text
        if not 0x80 <= self.charset <= 0xFF:
            raise EncodeError(f"character set {self.charset} is not within 128 to 255")
        return bytes((self.charset,)) + text

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class KeypadFacility(Element):
    """Keypad facility, Q.931 4.5.18."""

    code: ClassVar[ElementCode] = ElementCode.KEYPAD_FACILITY

    digits: str
    """Characters of IA5."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the characters."""
        return cls(Fields(cls.code, octets).characters())

    def _encode(self) -> bytes:
        """Content octets."""
        return ia5(self.digits, "keypad facility")

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True, slots=True)
class UserUser(Element):
    """User-user, Q.931 4.5.30."""

    code: ClassVar[ElementCode] = ElementCode.USER_USER

    information: bytes
    protocol_discriminator: int = 4
    """0 user specific, 4 IA5 characters."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read discriminator and information."""
        fields = Fields(cls.code, octets)
        discriminator = fields.octet()
        return cls(fields.rest(), discriminator)

    def _encode(self) -> bytes:
        """Content octets."""
        return bytes((fit(self.protocol_discriminator, 8, "protocol discriminator"),)) + self.information

    def __str__(self) -> str:
        return f"protocol {self.protocol_discriminator}, {self.information.hex()}"


@dataclass(frozen=True, slots=True)
class Opaque(Element):
    """An element whose content is carried and not read."""

    content: bytes

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Keep the octets."""
        return cls(octets)

    def _encode(self) -> bytes:
        """Content octets."""
        return self.content

    def __str__(self) -> str:
        return self.content.hex()


@dataclass(frozen=True, slots=True)
class Facility(Opaque):
    """Facility, Q.932 8.2.3: protocol profile and components."""

    code: ClassVar[ElementCode] = ElementCode.FACILITY
    DERIVED: ClassVar[tuple[str, ...]] = ("profile",)

    @property
    def profile(self) -> int:
        """Protocol profile: 17 remote operations, 31 networking extensions (Q.SIG)."""
        return self.content[0] & 0x1F if self.content else 0


@dataclass(frozen=True, slots=True)
class ExtendedFacility(Opaque):
    """Extended facility, Q.932 8.2.4."""

    code: ClassVar[ElementCode] = ElementCode.EXTENDED_FACILITY


@dataclass(frozen=True, slots=True)
class CallIdentity(Opaque):
    """Call identity, Q.931 4.5.6: what a suspended call is called (basic access)."""

    code: ClassVar[ElementCode] = ElementCode.CALL_IDENTITY


class SubaddressType(IntEnum):
    """Type of subaddress, Q.931 4.5.9."""

    NSAP = 0
    USER_SPECIFIED = 2


@dataclass(frozen=True, slots=True)
class Subaddress(Element):
    """What all subaddresses share."""

    information: bytes
    """Up to 20 octets; those of an NSAP begin with the authority and format identifier."""
    type_of_subaddress: int = SubaddressType.NSAP
    """See `SubaddressType`."""
    odd: bool = False
    """Whether the number of address signals is odd."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read type, parity and information."""
        fields = Fields(cls.code, octets)
        first = fields.octet()
        return cls(fields.rest(), first >> 4 & 7, bool(first & 8))

    def _encode(self) -> bytes:
        """Content octets."""
        kind = fit(self.type_of_subaddress, 3, "type of subaddress")
        return group(kind << 4 | (8 if self.odd else 0)) + self.information

    def __str__(self) -> str:
        return f"{meaning_of(SubaddressType, self.type_of_subaddress)} {self.information.hex()}"


@dataclass(frozen=True, slots=True)
class CallingPartySubaddress(Subaddress):
    """Calling party subaddress, Q.931 4.5.11."""

    code: ClassVar[ElementCode] = ElementCode.CALLING_PARTY_SUBADDRESS


@dataclass(frozen=True, slots=True)
class CalledPartySubaddress(Subaddress):
    """Called party subaddress, Q.931 4.5.9."""

    code: ClassVar[ElementCode] = ElementCode.CALLED_PARTY_SUBADDRESS


@dataclass(frozen=True, slots=True)
class ConnectedSubaddress(Subaddress):
    """Connected subaddress, Q.951.5."""

    code: ClassVar[ElementCode] = ElementCode.CONNECTED_SUBADDRESS


@dataclass(frozen=True, slots=True)
class RedirectingSubaddress(Subaddress):
    """Redirecting subaddress."""

    code: ClassVar[ElementCode] = ElementCode.REDIRECTING_SUBADDRESS


@dataclass(frozen=True, slots=True)
class RedirectionSubaddress(Subaddress):
    """Redirection subaddress."""

    code: ClassVar[ElementCode] = ElementCode.REDIRECTION_SUBADDRESS


class NetworkType(IntEnum):
    """Type of network identification, Q.931 4.5.21 and 4.5.29."""

    USER_SPECIFIED = 0
    NATIONAL = 2
    INTERNATIONAL = 3


@dataclass(frozen=True, slots=True)
class TransitNetworkSelection(Element):
    """Transit network selection, Q.931 4.5.29; may stand several times."""

    code: ClassVar[ElementCode] = ElementCode.TRANSIT_NETWORK_SELECTION

    identification: str
    """Characters of IA5."""
    type_of_network: int = NetworkType.NATIONAL
    """See `NetworkType`."""
    plan: int = 1
    """0 unknown, 1 carrier identification code, 3 X.121 data network identification code."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read type, plan and identification."""
        fields = Fields(cls.code, octets)
        first = fields.octet()
        return cls(fields.characters(), first >> 4 & 7, first & 0x0F)

    def _encode(self) -> bytes:
        """Content octets."""
        first = fit(self.type_of_network, 3, "type of network") << 4 | fit(self.plan, 4, "network plan")
        return group(first) + ia5(self.identification, "network identification")

    def __str__(self) -> str:
        return f"{self.identification}, {meaning_of(NetworkType, self.type_of_network)} network, plan {self.plan}"


@dataclass(frozen=True, slots=True)
class NetworkSpecificFacilities(Element):
    """Network-specific facilities, Q.931 4.5.21; may stand up to four times."""

    code: ClassVar[ElementCode] = ElementCode.NETWORK_SPECIFIC_FACILITIES

    facility: bytes
    """The specification; with North American switches one octet, such as 0xE3 for MEGACOM."""
    identification: str | None = None
    """Network identification in IA5; None: the network that serves the user."""
    type_of_network: int = NetworkType.USER_SPECIFIED
    """See `NetworkType`; only with an identification."""
    plan: int = 0
    """As in the transit network selection; only with an identification."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read network and facility."""
        fields = Fields(cls.code, octets)
        length = fields.octet()
        if length == 0:
            return cls(fields.rest())
        first = fields.octet()
        rest = fields.rest()
        if len(rest) < length - 1:
            raise DecodeError(f"Network identification needs {length - 1} octets, {len(rest)} left", 2)
        identification = Fields(cls.code, rest[: length - 1]).characters()
        return cls(rest[length - 1 :], identification, first >> 4 & 7, first & 0x0F)

    def _encode(self) -> bytes:
        """Content octets."""
        if self.identification is None:
            return b"\0" + self.facility
        first = fit(self.type_of_network, 3, "type of network") << 4 | fit(self.plan, 4, "network plan")
        network = group(first) + ia5(self.identification, "network identification")
        return bytes((fit(len(network), 8, "length of network identification"),)) + network + self.facility

    def __str__(self) -> str:
        facility = self.facility.hex() or "no facility"
        return facility if self.identification is None else f"{self.identification} {facility}"


@dataclass(frozen=True, slots=True)
class DateTime(Element):
    """Date/time, Q.931 4.5.15; binary, the year of two digits."""

    code: ClassVar[ElementCode] = ElementCode.DATE_TIME

    year: int
    month: int
    day: int
    hour: int | None = None
    """None, as the octets after it, when the message ends before."""
    minute: int | None = None
    second: int | None = None

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read three to six octets."""
        if len(octets) < 3:
            raise DecodeError(f"Date/time needs at least 3 octets, has {len(octets)}", len(octets))
        return cls(*octets[:6])

    def _encode(self) -> bytes:
        """Content octets."""
        values = [self.year, self.month, self.day]
        for value in (self.hour, self.minute, self.second):
            if value is None:
                break
            values.append(value)
        return bytes([fit(value, 8, "part of date/time") for value in values])

    def __str__(self) -> str:
        date = f"{self.year:02}-{self.month:02}-{self.day:02}"
        time = ":".join([f"{part:02}" for part in (self.hour, self.minute, self.second) if part is not None])
        return f"{date} {time}" if time else date
