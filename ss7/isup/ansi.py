"""Parameters that only ANSI T1.113 has, beyond indicators (layouts recalled, octets kept)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from tandem.core.bits import bits
from tandem.core.digits import pack_digits, unpack_digits
from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.numbers import PartyNumber
from tandem.ss7.isup.parameters import Parameter


@dataclass(frozen=True, slots=True)
class JurisdictionInformation(Parameter):
    """Jurisdiction information: the first six digits of the caller's exchange (recalled)."""

    code: ClassVar[ParameterCode] = ParameterCode.JURISDICTION_INFORMATION

    digits: str

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        return cls(unpack_digits(octets, odd=False))

    def _encode(self) -> bytes:
        return pack_digits(self.digits)

    def __str__(self) -> str:
        return self.digits or "(no digits)"


@dataclass(frozen=True, slots=True)
class CarrierIdentification(PartyNumber):
    """Carrier identification, coded as transit network selection (recalled)."""

    code: ClassVar[ParameterCode] = ParameterCode.CARRIER_IDENTIFICATION
    SIZE: ClassVar[int] = 1

    digits: str
    plan: int = bits(1, 1, 4, default=2)
    """Network identification plan: 1 carrier of three digits, 2 of four."""
    kind: int = bits(1, 5, 3, default=2)
    """Type of network identification: 2 national."""


@dataclass(frozen=True, slots=True)
class GenericName(Parameter):
    """A name to be shown (recalled)."""

    code: ClassVar[ParameterCode] = ParameterCode.GENERIC_NAME

    text: str = ""
    """Up to 15 characters of IA5."""
    kind: int = 1
    """1 calling name, 2 original called name, 3 redirecting name, 4 connected name."""
    unavailable: bool = False
    presentation: int = 0
    """0 allowed, 1 restricted, 2 blocking toggle, 3 no indication."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        if not octets:
            raise DecodeError("Generic name is empty", 0)
        first = octets[0]
        return cls(octets[1:].decode("ascii", "replace"), first >> 5, bool(first & 0x10), first & 3)

    def _encode(self) -> bytes:
        try:
            name = self.text.encode("ascii")
        except UnicodeEncodeError:
            raise EncodeError(f"name {self.text!r} is not IA5") from None
        return bytes([self.presentation & 3 | self.unavailable << 4 | (self.kind & 7) << 5]) + name

    def __str__(self) -> str:
        return f"{self.text!r} type {self.kind}"


class _Text(Parameter):
    """A parameter that is nothing but IA5 characters."""

    __slots__ = ()

    text: str

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        return cls(octets.decode("ascii", "replace"))  # type: ignore[call-arg]

    def _encode(self) -> bytes:
        try:
            return self.text.encode("ascii")
        except UnicodeEncodeError:
            raise EncodeError(f"{self.text!r} is not IA5") from None

    def __str__(self) -> str:
        return self.text or "(empty)"


@dataclass(frozen=True, slots=True)
class CommonLanguageLocation(_Text):
    """Common language location identification of an exchange (recalled)."""

    code: ClassVar[ParameterCode] = ParameterCode.COMMON_LANGUAGE_LOCATION_IDENTIFICATION

    text: str


@dataclass(frozen=True, slots=True)
class CircuitIdentificationName(_Text):
    """Circuit identification name (recalled)."""

    code: ClassVar[ParameterCode] = ParameterCode.CIRCUIT_IDENTIFICATION_NAME

    text: str
