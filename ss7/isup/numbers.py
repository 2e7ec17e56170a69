"""Numbers of ISUP: party numbers with nature, plan, presentation and screening; ITU-T Q.763 (12/1999) clause 3."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Final, Self

from tandem.core.bits import bits, meaning_of, write_bits
from tandem.core.digits import pack_digits, unpack_digits
from tandem.core.errors import DecodeError
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import BitParameter, Parameter

#: Address signal that ends the number, code 15.
ST = "F"


class Nature(IntEnum):
    """Nature of address indicator, Q.763 3.9 b); values from 113 are ANSI T1.113 3.6."""

    SUBSCRIBER = 1
    UNKNOWN = 2
    NATIONAL = 3
    INTERNATIONAL = 4
    NETWORK_SPECIFIC = 5
    ROUTING_NUMBER_NATIONAL = 6
    ROUTING_NUMBER_NETWORK_SPECIFIC = 7
    ROUTING_NUMBER_WITH_DIRECTORY_NUMBER = 8
    SUBSCRIBER_OPERATOR_REQUESTED = 113
    NATIONAL_OPERATOR_REQUESTED = 114
    INTERNATIONAL_OPERATOR_REQUESTED = 115
    NO_NUMBER_OPERATOR_REQUESTED = 116
    NO_NUMBER_CUT_THROUGH = 117
    CALL_950_PLUS = 118
    TEST_LINE = 119


class Plan(IntEnum):
    """Numbering plan indicator, Q.763 3.9 d) and 3.10 d)."""

    UNKNOWN = 0
    E164 = 1
    X121 = 3
    F69 = 4
    PRIVATE = 5
    NATIONAL = 6


class Presentation(IntEnum):
    """Address presentation restricted indicator, Q.763 3.10 e)."""

    ALLOWED = 0
    RESTRICTED = 1
    UNAVAILABLE = 2


class Screening(IntEnum):
    """Screening indicator, Q.763 3.10 f)."""

    USER_NOT_VERIFIED = 0
    USER_VERIFIED_PASSED = 1
    USER_VERIFIED_FAILED = 2
    NETWORK = 3


class Qualifier(IntEnum):
    """Number qualifier indicator of the generic number, Q.763 3.26 a)."""

    DIALLED_DIGITS = 0
    ADDITIONAL_CALLED = 1
    SUPPLEMENTAL_CALLING_FAILED_SCREENING = 2
    SUPPLEMENTAL_CALLING_NOT_SCREENED = 3
    REDIRECTING_TERMINATING = 4
    ADDITIONAL_CONNECTED = 5
    ADDITIONAL_CALLING = 6
    ADDITIONAL_ORIGINAL_CALLED = 7
    ADDITIONAL_REDIRECTING = 8
    ADDITIONAL_REDIRECTION = 9


_HEADERS: Final[dict[tuple[type, bytes], dict[str, Any]]] = {}
"""What is in the bit fields of numbers by their headers, which are few."""
_MOST_HEADERS: Final = 4096


class PartyNumber(BitParameter):
    """A header of `SIZE` octets with bit fields, then address signals; `digits` holds them without ST."""

    __slots__ = ()

    SIZE: ClassVar[int] = 2
    ODD_OCTET: ClassVar[int] = 0
    """Index of the header octet whose bit 8 says that the number of address signals is odd."""

    digits: str

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read header and address signals."""
        size = cls.SIZE
        key = (cls, octets[:size])
        values = _HEADERS.get(key)
        if values is None:
            if len(_HEADERS) >= _MOST_HEADERS:
                _HEADERS.clear()
            values = _HEADERS[key] = cls.read_bits(octets)
        signals = unpack_digits(octets[size:], octets[cls.ODD_OCTET] >= 0x80)
        return cls(**values, **cls._read_signals(signals))

    def _encode(self) -> bytes:
        """Header and address signals, filler 0000 after an odd count."""
        signals = self._write_signals()
        odd = (len(signals) % 2) << (8 * self.ODD_OCTET + 7)
        return (write_bits(self, self.name) | odd).to_bytes(self.SIZE, "little") + pack_digits(signals)

    @classmethod
    def _read_signals(cls, signals: str) -> dict[str, Any]:
        return {"digits": signals}

    def _write_signals(self) -> str:
        return self.digits

    def __str__(self) -> str:
        return " ".join([self.digits or "(no digits)", *self._words()])

    def _words(self) -> list[str]:
        return [", ".join(self.describe())]


class _Terminated(PartyNumber):
    """A number that may end with ST."""

    __slots__ = ()

    DERIVED: ClassVar[tuple[str, ...]] = ("complete",)

    st: bool

    @property
    def complete(self) -> bool:
        """Whether ST says that no more digits follow."""
        return self.st

    @classmethod
    def _read_signals(cls, signals: str) -> dict[str, Any]:
        st = signals.endswith(ST)
        return {"digits": signals[:-1] if st else signals, "st": st}

    def _write_signals(self) -> str:
        return self.digits + ST if self.st else self.digits

    def _words(self) -> list[str]:
        words = super()._words()
        return ["ST", *words] if self.st else words


@dataclass(frozen=True, slots=True)
class AddressNumber(PartyNumber):
    """A number with nature of address and numbering plan where most numbers have them, Q.763 3.9 b) and d)."""

    digits: str
    """Address signals 0-9, B, C (code 11, 12), without ST; none when the address is not available."""
    nature: int = bits(1, 1, 7, default=Nature.NATIONAL, meaning=Nature)
    plan: int = bits(2, 5, 3, default=Plan.E164, meaning=Plan)


@dataclass(frozen=True, slots=True)
class PresentedNumber(AddressNumber):
    """A number that says whether it may be shown, Q.763 3.10 e)."""

    presentation: int = bits(2, 3, 2, meaning=Presentation)


@dataclass(frozen=True, slots=True)
class ScreenedNumber(PresentedNumber):
    """A number that says, too, who vouches for it, Q.763 3.10 f)."""

    screening: int = bits(2, 1, 2, default=Screening.NETWORK, meaning=Screening)


@dataclass(frozen=True, slots=True)
class RoutedNumber(_Terminated, AddressNumber):
    """A number that calls are routed by, which ST may end."""

    inn: bool = bits(2, 8)
    """Internal network number indicator: True when routing to an internal network number is not allowed."""
    st: bool = False
    """Whether ST (end of pulsing) ends the digits."""


@dataclass(frozen=True, slots=True)
class CalledPartyNumber(RoutedNumber):
    """Called party number, Q.763 3.9."""

    code: ClassVar[ParameterCode] = ParameterCode.CALLED_PARTY_NUMBER


@dataclass(frozen=True, slots=True)
class SubsequentNumber(_Terminated):
    """Subsequent number, Q.763 3.51."""

    code: ClassVar[ParameterCode] = ParameterCode.SUBSEQUENT_NUMBER
    SIZE: ClassVar[int] = 1

    digits: str
    """More address signals of the called number, without ST."""
    st: bool = False
    """Whether ST (end of pulsing) ends the digits."""

    def _words(self) -> list[str]:
        return ["ST"] if self.st else []


@dataclass(frozen=True, slots=True)
class RedirectionNumber(RoutedNumber):
    """Redirection number, the number to which a call is redirected; Q.763 3.46."""

    code: ClassVar[ParameterCode] = ParameterCode.REDIRECTION_NUMBER


@dataclass(frozen=True, slots=True)
class CallingPartyNumber(ScreenedNumber):
    """Calling party number, Q.763 3.10."""

    code: ClassVar[ParameterCode] = ParameterCode.CALLING_PARTY_NUMBER
    DERIVED: ClassVar[tuple[str, ...]] = ("complete",)

    incomplete: bool = bits(2, 8)
    """Number incomplete indicator."""

    @property
    def complete(self) -> bool:
        """Whether the number is not marked incomplete."""
        return not self.incomplete

    @classmethod
    def unavailable(cls) -> Self:
        """The number when the address is not available: no digits, other fields as Q.763 3.10 asks."""
        return cls("", nature=0, plan=0, presentation=Presentation.UNAVAILABLE, screening=Screening.NETWORK)


@dataclass(frozen=True, slots=True)
class ConnectedNumber(ScreenedNumber):
    """Connected number, Q.763 3.16."""

    code: ClassVar[ParameterCode] = ParameterCode.CONNECTED_NUMBER


@dataclass(frozen=True, slots=True)
class CallTransferNumber(ScreenedNumber):
    """Call transfer number, Q.763 3.64 (layout recalled)."""

    code: ClassVar[ParameterCode] = ParameterCode.CALL_TRANSFER_NUMBER


@dataclass(frozen=True, slots=True)
class LocationNumber(ScreenedNumber):
    """Location number, Q.763 3.30."""

    code: ClassVar[ParameterCode] = ParameterCode.LOCATION_NUMBER

    inn: bool = bits(2, 8)
    """True when routing to an internal network number is not allowed."""


@dataclass(frozen=True, slots=True)
class OriginalCalledNumber(PresentedNumber):
    """Original called number, Q.763 3.39."""

    code: ClassVar[ParameterCode] = ParameterCode.ORIGINAL_CALLED_NUMBER


@dataclass(frozen=True, slots=True)
class RedirectingNumber(PresentedNumber):
    """Redirecting number, Q.763 3.44."""

    code: ClassVar[ParameterCode] = ParameterCode.REDIRECTING_NUMBER


@dataclass(frozen=True, slots=True)
class GenericNumber(PartyNumber):
    """Generic number, Q.763 3.26 (generic address in ANSI T1.113)."""

    code: ClassVar[ParameterCode] = ParameterCode.GENERIC_NUMBER
    SIZE: ClassVar[int] = 3
    ODD_OCTET: ClassVar[int] = 1

    digits: str
    qualifier: int = bits(1, 1, 8, default=Qualifier.ADDITIONAL_CALLING, meaning=Qualifier)
    nature: int = bits(2, 1, 7, default=Nature.NATIONAL, meaning=Nature)
    plan: int = bits(3, 5, 3, default=Plan.E164, meaning=Plan)
    presentation: int = bits(3, 3, 2, meaning=Presentation)
    screening: int = bits(3, 1, 2, default=Screening.NETWORK, meaning=Screening)
    incomplete: bool = bits(3, 8)
    """Number incomplete indicator."""


@dataclass(frozen=True, slots=True)
class ChargeNumber(PartyNumber):
    """Charge number of ANSI T1.113: who pays; its natures of address have meanings of their own."""

    code: ClassVar[ParameterCode] = ParameterCode.CHARGE_NUMBER

    digits: str
    nature: int = bits(1, 1, 7, default=3)
    """Calling party: 1 subscriber, 2 not available, 3 national; called party: 5 subscriber, 6 no number, 7 national."""
    plan: int = bits(2, 5, 3, default=Plan.E164, meaning=Plan)


@dataclass(frozen=True, slots=True)
class TransitNetworkSelection(PartyNumber):
    """Transit network selection, Q.763 3.53."""

    code: ClassVar[ParameterCode] = ParameterCode.TRANSIT_NETWORK_SELECTION
    SIZE: ClassVar[int] = 1

    digits: str
    """Network identification, one digit each."""
    plan: int = bits(1, 1, 4)
    """Network identification plan: 0 unknown, 3 X.121, 6 E.212."""
    kind: int = bits(1, 5, 3)
    """Type of network identification: 0 ITU-T, 2 national."""


class Encoding(IntEnum):
    """Encoding scheme of generic digits, Q.763 3.24 a)."""

    BCD_EVEN = 0
    BCD_ODD = 1
    IA5 = 2
    BINARY = 3


@dataclass(frozen=True, slots=True)
class GenericDigits(Parameter):
    """Generic digits, Q.763 3.24."""

    code: ClassVar[ParameterCode] = ParameterCode.GENERIC_DIGITS
    DERIVED: ClassVar[tuple[str, ...]] = ("digits",)

    octets: bytes
    """The digits as coded."""
    kind: int = 0
    """Type of digits: 0 account code, 1 authorization code, 2 travelling class mark, 3 business group identity."""
    encoding: int = Encoding.BCD_EVEN

    @property
    def digits(self) -> str | None:
        """The digits as text; None when they are binary or not IA5."""
        if self.encoding in (Encoding.BCD_EVEN, Encoding.BCD_ODD):
            return unpack_digits(self.octets, odd=self.encoding == Encoding.BCD_ODD)
        if self.encoding == Encoding.IA5 and self.octets.isascii():
            return self.octets.decode("ascii")
        return None

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read type, encoding and digits."""
        if not octets:
            raise DecodeError("Generic digits is empty", 0)
        return cls(octets[1:], octets[0] & 0x1F, octets[0] >> 5)

    def _encode(self) -> bytes:
        """Content octets."""
        return bytes([self.kind & 0x1F | (self.encoding & 7) << 5]) + self.octets

    def __str__(self) -> str:
        digits = self.digits
        text = self.octets.hex() if digits is None else digits
        return f"{text} type {self.kind}, {meaning_of(Encoding, self.encoding)}"
