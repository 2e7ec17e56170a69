"""Fields of TUP messages: indicators bit by bit, category, address signals, identities; ITU-T Q.723 (1988) clause 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, ClassVar, Final, Self

from tandem.core.bits import bits, describe_bits, read_bits, write_bits
from tandem.core.digits import pack_digits, unpack_digits
from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.tup.variants import POINT_CODE_BITS, POINT_CODE_OCTETS, Variant

#: Address signal that ends the number, code 15.
ST: Final = "F"

#: Most address signals a message holds, ST among them: their number is sent in 4 bits.
MOST_SIGNALS: Final = 15


class Category(IntEnum):
    """Calling party's category, Q.723 3.3.1 c); from 16 on those of China, GF 001-9001."""

    UNKNOWN = 0
    OPERATOR_FRENCH = 1
    OPERATOR_ENGLISH = 2
    OPERATOR_GERMAN = 3
    OPERATOR_RUSSIAN = 4
    OPERATOR_SPANISH = 5
    MUTUAL_AGREEMENT_6 = 6  # China: operator, Chinese
    MUTUAL_AGREEMENT_7 = 7
    MUTUAL_AGREEMENT_8 = 8  # China: operator, Japanese
    NATIONAL_OPERATOR = 9
    ORDINARY = 10
    PRIORITY = 11
    DATA = 12
    TEST = 13
    CHINA_ORDINARY_NO_CHARGE = 16
    CHINA_ORDINARY_PERIODIC = 17
    CHINA_ORDINARY_SUBSCRIBER_METER = 18
    CHINA_ORDINARY_PRINTER = 19
    CHINA_PRIORITY_NO_CHARGE = 20
    CHINA_PRIORITY_PERIODIC = 21
    CHINA_ORDINARY_LOCAL = 24


class Nature(IntEnum):
    """Nature of address indicator, Q.723 3.3.1 d)."""

    SUBSCRIBER = 0
    SPARE = 1  # national use
    NATIONAL = 2
    INTERNATIONAL = 3


class Circuit(IntEnum):
    """Nature-of-circuit indicator."""

    NO_SATELLITE = 0
    ONE_SATELLITE = 1


class ContinuityCheck(IntEnum):
    """Continuity-check indicator."""

    NOT_REQUIRED = 0
    REQUIRED = 1
    ON_PREVIOUS_CIRCUIT = 2


class BitFields:
    """An element of bit fields, spare bits included, so that every pattern of `SIZE` octets is a value of its own."""

    __slots__ = ()

    SIZE: ClassVar[int] = 1
    NAME: ClassVar[str]

    @classmethod
    def parse(cls, octets: bytes, offset: int = 0) -> Self:
        """Read the element at `offset`."""
        value: Self = _shared(cls, take(octets, offset, cls.SIZE, cls.NAME))
        return value

    def encode(self) -> bytes:
        """Its octets; EncodeError when a value does not fit its field."""
        return write_bits(self, self.NAME).to_bytes(self.SIZE, "little")

    def __str__(self) -> str:
        return ", ".join(describe_bits(self)) or "none"


def _read(cls: Any, octets: bytes) -> Any:
    return cls(**read_bits(cls, int.from_bytes(octets, "little")))


#: The value of an element; one for all messages, as the same few octets come all the time.
_shared: Final[Callable[[Any, bytes], Any]] = lru_cache(4096)(_read)


def take(octets: bytes, offset: int, count: int, what: str) -> bytes:
    """`count` octets from `offset` on; DecodeError when fewer are left."""
    part = octets[offset : offset + count]
    if len(part) < count:
        raise DecodeError(f"{what} needs {count} octets, {len(part)} left", min(offset, len(octets)))
    return part


def fit(value: int, width: int, what: str) -> int:
    """`value`, if it fits `width` bits; else EncodeError."""
    if not 0 <= value < 1 << width:
        raise EncodeError(f"{what} {value} does not fit {width} bits")
    return value


@dataclass(frozen=True, slots=True)
class MessageIndicators(BitFields):
    """Message indicators of IAM and IAI, bits A to L, and in the same octets the number of address signals."""

    SIZE: ClassVar[int] = 2
    NAME: ClassVar[str] = "message indicators"

    nature: int = bits(1, 1, 2, default=Nature.NATIONAL, meaning=Nature)
    """Bits BA: nature of address."""
    circuit: int = bits(1, 3, 2, meaning=Circuit)
    """Bits DC: nature of circuit."""
    continuity_check: int = bits(1, 5, 2, meaning=ContinuityCheck)
    """Bits FE."""
    echo_suppressor: bool = bits(1, 7)
    """Bit G: outgoing half echo suppressor included."""
    international: bool = bits(1, 8)
    """Bit H: incoming international call."""
    redirected: bool = bits(2, 1)
    """Bit I: redirected call."""
    digital_path: bool = bits(2, 2)
    """Bit J: all-digital path required."""
    all_ss7: bool = bits(2, 3)
    """Bit K: signalling system No. 7 all the way."""
    spare: bool = bits(2, 4)
    """Bit L."""


def unpack_signals(octets: bytes, offset: int, count: int) -> tuple[str, bool, int, int]:
    """`count` address signals at `offset`: digits, whether ST ends them, the filler, and the offset behind them."""
    size = (count + 1) // 2
    part = take(octets, offset, size, f"{count} address signals")
    digits = unpack_digits(part, odd=bool(count % 2))
    filler = part[-1] >> 4 if count % 2 else 0
    if digits.endswith(ST):
        return digits[:-1], True, filler, offset + size
    return digits, False, filler, offset + size


def pack_signals(digits: str, st: bool = False, filler: int = 0) -> tuple[int, bytes]:
    """Number and octets of address signals. EncodeError when there are more than 15, or one is none."""
    signals = digits + ST if st else digits
    if len(signals) > MOST_SIGNALS:
        raise EncodeError(f"{len(signals)} address signals, a message holds {MOST_SIGNALS}")
    packed = pack_digits(signals)
    if filler:
        if not len(signals) % 2:
            raise EncodeError(f"filler {filler} behind an even number of address signals")
        packed = packed[:-1] + bytes((packed[-1] | fit(filler, 4, "filler") << 4,))
    return len(signals), packed


class _Address:
    """An octet of bit fields with the number of address signals above them, then the signals."""

    __slots__ = ()

    NAME: ClassVar[str]

    digits: str
    filler: int

    @classmethod
    def parse(cls, octets: bytes, offset: int = 0) -> tuple[Self, int]:
        """The address at `offset`, and the offset behind it."""
        first = take(octets, offset, 1, cls.NAME)[0]
        digits, st, filler, end = unpack_signals(octets, offset + 1, first >> 4)
        return cls(digits=digits + ST * st, filler=filler, **read_bits(cls, first)), end  # type: ignore[call-arg]

    def encode(self) -> bytes:
        """Its octets; EncodeError when a value does not fit its field."""
        count, packed = pack_signals(self.digits, filler=self.filler)
        return bytes((write_bits(self, self.NAME) | count << 4,)) + packed

    def __str__(self) -> str:
        return f"{self.digits or '(no digits)'} {', '.join(describe_bits(self))}"


@dataclass(frozen=True, slots=True)
class CallingLineIdentity(_Address):
    """Calling line identity, Q.723 3.3.2."""

    NAME: ClassVar[str] = "calling line identity"

    digits: str
    """Address signals 0-9, B, C (code 11, 12); none when the identity is not available."""
    nature: int = bits(1, 1, 2, default=Nature.NATIONAL, meaning=Nature)
    restricted: bool = bits(1, 3)
    """Presentation restricted."""
    incomplete: bool = bits(1, 4)
    filler: int = 0
    """The unused half of the last octet."""


@dataclass(frozen=True, slots=True)
class OriginalCalledAddress(_Address):
    """Original called address, Q.723 3.3.2."""

    NAME: ClassVar[str] = "original called address"

    digits: str
    nature: int = bits(1, 1, 2, default=Nature.NATIONAL, meaning=Nature)
    spare: int = bits(1, 3, 2)
    filler: int = 0
    """The unused half of the last octet."""


class ClosedUserGroupCall(IntEnum):
    """Closed user group indicator (recalled)."""

    ORDINARY = 0
    CHECKED = 1
    OUTGOING_ACCESS_ALLOWED = 2
    OUTGOING_ACCESS_NOT_ALLOWED = 3


@dataclass(frozen=True, slots=True)
class ClosedUserGroup(BitFields):
    """Closed user group information: indicator, four digits and 16 bits of interlock code (layout recalled)."""

    SIZE: ClassVar[int] = 5
    NAME: ClassVar[str] = "closed user group"

    call: int = bits(1, 1, 2, meaning=ClosedUserGroupCall)
    spare: int = bits(1, 3, 6)
    network: int = bits(2, 1, 16)
    """The four digits of the interlock code as sent, the first in the lowest four bits."""
    group: int = bits(4, 1, 16)
    """The binary part of the interlock code."""


class ExchangeIdentity(IntEnum):
    """Identity type of the transit exchange in GSM."""

    POINT_CODE = 1
    CALLING_LINE = 2


@dataclass(frozen=True, slots=True)
class IncomingTrunk:
    """Incoming trunk and transit exchange identity of GSM."""

    kind: int
    """Identity type; `ExchangeIdentity`."""
    exchange: bytes
    """The identity as coded: a point code, low octet first, or digits, the first in the low half."""
    length: int
    """Exchange identity length as sent: for digits their number."""
    trunk: bytes = b""
    """Incoming trunk identity."""
    spare: int = 0
    """Bits 3 and 4 of the first octet."""
    trunk_spare: int = 0
    """Bits 1 to 4 of the octet with the length of the trunk identity."""

    @property
    def digits(self) -> str | None:
        """The available part of the calling line identity, where that is what identifies the exchange."""
        if self.kind != ExchangeIdentity.CALLING_LINE:
            return None
        return unpack_digits(self.exchange, odd=bool(self.length % 2))

    def point_code(self, variant: Variant) -> int | None:
        """The point code of the exchange, where that identifies it."""
        if self.kind != ExchangeIdentity.POINT_CODE:
            return None
        return int.from_bytes(self.exchange, "little") & (1 << POINT_CODE_BITS[variant]) - 1

    @classmethod
    def of_point_code(cls, point_code: int, variant: Variant, trunk: bytes = b"") -> Self:
        """The identity of the exchange at `point_code`; its length counts octets."""
        size = POINT_CODE_OCTETS[variant]
        fit(point_code, POINT_CODE_BITS[variant], "point code")
        return cls(ExchangeIdentity.POINT_CODE, point_code.to_bytes(size, "little"), size, trunk)

    @classmethod
    def of_digits(cls, digits: str, trunk: bytes = b"") -> Self:
        """The identity of the exchange by what is known of the calling line identity."""
        return cls(ExchangeIdentity.CALLING_LINE, pack_digits(digits), len(digits), trunk)

    @classmethod
    def parse(cls, octets: bytes, offset: int, variant: Variant) -> tuple[Self, int]:
        """The identity at `offset`, and the offset behind it; DecodeError for a spare type, whose length is unknown."""
        first = take(octets, offset, 1, "incoming trunk and transit exchange identity")[0]
        size = _exchange_octets(first & 3, first >> 4, variant)
        if size is None:
            raise DecodeError(f"exchange identity type {first & 3} is spare", offset)
        exchange = take(octets, offset + 1, size, "transit exchange identity")
        offset += 1 + size
        head = take(octets, offset, 1, "length of the incoming trunk identity")[0]
        trunk = take(octets, offset + 1, head >> 4, "incoming trunk identity")
        return cls(first & 3, exchange, first >> 4, trunk, first >> 2 & 3, head & 0xF), offset + 1 + len(trunk)

    def encode(self, variant: Variant) -> bytes:
        """Its octets; EncodeError when type, lengths and variant do not agree."""
        length = fit(self.length, 4, "length of the transit exchange identity")
        if _exchange_octets(self.kind, length, variant) != len(self.exchange):
            raise EncodeError(f"transit exchange identity {self} does not fit {variant.value}")
        first = self.kind | fit(self.spare, 2, "spare of the identity type") << 2 | length << 4
        octets = fit(len(self.trunk), 4, "length of the incoming trunk identity")
        head = fit(self.trunk_spare, 4, "spare of the incoming trunk identity") | octets << 4
        return bytes((first, *self.exchange, head)) + self.trunk

    def __str__(self) -> str:
        exchange = self.exchange.hex() if self.digits is None else self.digits
        return f"type {self.kind} exchange {exchange} trunk {self.trunk.hex() or 'none'}"


def _exchange_octets(kind: int, length: int, variant: Variant) -> int | None:
    """Octets of an exchange identity; None for a spare type."""
    if kind == ExchangeIdentity.POINT_CODE:
        return POINT_CODE_OCTETS[variant]
    return (length + 1) // 2 if kind == ExchangeIdentity.CALLING_LINE else None


def category_octet(category: int, spare: int) -> int:
    """The octet with the calling party's category; EncodeError when it or the spare bits do not fit."""
    return fit(category, 6, "calling party's category") | fit(spare, 2, "spare of the category") << 6
