"""TUP messages with the called number: IAM, IAI, SAM, SAO; ITU-T Q.723 (1988) 3.3."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

from tandem.core.bits import meaning_of
from tandem.core.errors import EncodeError
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.fields import (
    CallingLineIdentity,
    Category,
    ClosedUserGroup,
    MessageIndicators,
    OriginalCalledAddress,
    category_octet,
    fit,
    pack_signals,
    take,
    unpack_signals,
)
from tandem.ss7.tup.message_base import Message
from tandem.ss7.tup.variants import Variant

M = MessageType


@dataclass(frozen=True, slots=True)
class InitialAddress(Message):
    """IAM, and with more fields IAI."""

    type: MessageType = field(default=M.IAM, init=False, repr=False)
    digits: str
    """Address signals 0-9, B, C (code 11, 12), without ST; 15 with it at most."""
    category: int = Category.ORDINARY
    """Calling party's category."""
    st: bool = False
    """Whether ST (end of pulsing) ends the digits."""
    indicators: MessageIndicators = field(default_factory=MessageIndicators)
    category_spare: int = 0
    """The two bits above the category."""
    filler: int = 0
    """The unused half of the last octet of an odd number of address signals."""

    @classmethod
    def parse(cls, octets: bytes, variant: Variant) -> Self:
        """Read the octets behind the heading."""
        values, end = cls._read(octets)
        return cls(**values, rest=octets[end:])

    @staticmethod
    def _read(octets: bytes) -> tuple[dict[str, Any], int]:
        category = take(octets, 0, 1, "calling party's category")[0]
        indicators = MessageIndicators.parse(octets, 1)
        digits, st, filler, end = unpack_signals(octets, 3, octets[2] >> 4)
        return {
            "digits": digits,
            "category": category & 0x3F,
            "st": st,
            "indicators": indicators,
            "category_spare": category >> 6,
            "filler": filler,
        }, end

    def body(self, variant: Variant) -> bytes:
        """Category, indicators and address."""
        count, packed = pack_signals(self.digits, self.st, self.filler)
        first, second = self.indicators.encode()
        return bytes((category_octet(self.category, self.category_spare), first, second | count << 4)) + packed

    def _words(self) -> list[str]:
        return [
            f"{self.digits}{' ST' * self.st}",
            f"category {meaning_of(Category, self.category)}",
            str(self.indicators),
        ]


#: First indicator octet of IAI: fields whose format is defined, and bits whose field is national or for further study.
_CUG: Final = 1 << 1
_CALLING_LINE: Final = 1 << 4
_ORIGINAL_CALLED: Final = 1 << 5
_READ: Final = _CUG | _CALLING_LINE | _ORIGINAL_CALLED


@dataclass(frozen=True, slots=True)
class InitialAddressWithInformation(InitialAddress):
    """IAI: an IAM with the fields that its first indicator octet announces, each None when it is absent.

    Network capability (bit A), additional calling party information (C), additional routing information (D) and
    charging information (G) are national or for further study, so their lengths are not known: the first of them that
    is there ends what can be read. From it on the octets are in `rest`, their bits in `unread`.
    """

    type: MessageType = field(default=M.IAI, init=False, repr=False)
    closed_user_group: ClosedUserGroup | None = None
    calling_line: CallingLineIdentity | None = None
    original_called: OriginalCalledAddress | None = None
    unread: int = 0
    """Bits of the first indicator octet whose fields are in `rest`."""

    @property
    def announced(self) -> int:
        """The first indicator octet, bit A lowest."""
        return self._present() | self.unread

    def _present(self) -> int:
        """Bits of the fields that are there."""
        present = _CUG * (self.closed_user_group is not None)
        present |= _CALLING_LINE * (self.calling_line is not None)
        return present | _ORIGINAL_CALLED * (self.original_called is not None)

    @classmethod
    def parse(cls, octets: bytes, variant: Variant) -> Self:
        """Read the octets behind the heading."""
        values, end = cls._read(octets)
        announced = take(octets, end, 1, "first indicator octet")[0]
        end += 1
        unknown = announced & ~_READ & 0x7F
        readable = announced & _READ & (unknown & -unknown) - 1 if unknown else announced & _READ
        if readable & _CUG:
            values["closed_user_group"] = ClosedUserGroup.parse(octets, end)
            end += ClosedUserGroup.SIZE
        if readable & _CALLING_LINE:
            values["calling_line"], end = CallingLineIdentity.parse(octets, end)
        if readable & _ORIGINAL_CALLED:
            values["original_called"], end = OriginalCalledAddress.parse(octets, end)
        return cls(**values, unread=announced & ~readable, rest=octets[end:])

    def body(self, variant: Variant) -> bytes:
        """As IAM, then the first indicator octet and the fields."""
        known = self._present()
        unread = self.unread & 0x7F  # bit H announces no field
        if not 0 <= self.unread <= 0xFF or known & unread or (unread and known > unread & -unread):
            raise EncodeError(f"fields {known:#04x} of IAI cannot come with the unread ones {self.unread:#04x}")
        out = InitialAddress.body(self, variant) + bytes((self.announced,))
        for part in (self.closed_user_group, self.calling_line, self.original_called):
            if part is not None:
                out += part.encode()
        return out

    def _words(self) -> list[str]:
        words = InitialAddress._words(self)
        if self.closed_user_group is not None:
            words.append(f"closed user group {self.closed_user_group}")
        if self.calling_line is not None:
            words.append(f"calling line {self.calling_line}")
        if self.original_called is not None:
            words.append(f"original called {self.original_called}")
        return words


@dataclass(frozen=True, slots=True)
class SubsequentAddress(Message):
    """SAM: one or more further address signals."""

    type: MessageType = field(default=M.SAM, init=False, repr=False)
    digits: str
    st: bool = False
    filler: int = 0
    """The unused half of the last octet of an odd number of address signals."""
    spare: int = 0
    """The four bits before the number of address signals."""

    @classmethod
    def parse(cls, octets: bytes, variant: Variant) -> Self:
        """Read the octets behind the heading."""
        first = take(octets, 0, 1, "number of address signals")[0]
        digits, st, filler, end = unpack_signals(octets, 1, first >> 4)
        return cls(digits, st, filler, first & 0xF, rest=octets[end:])

    def body(self, variant: Variant) -> bytes:
        """Number of address signals and the signals."""
        count, packed = pack_signals(self.digits, self.st, self.filler)
        return bytes((fit(self.spare, 4, "spare of SAM") | count << 4,)) + packed

    def _words(self) -> list[str]:
        return [f"{self.digits}{' ST' * self.st}"]


@dataclass(frozen=True, slots=True)
class SubsequentAddressOne(Message):
    """SAO: one further address signal."""

    type: MessageType = field(default=M.SAO, init=False, repr=False)
    digits: str
    """One signal; empty when it is ST."""
    st: bool = False
    filler: int = 0

    @classmethod
    def parse(cls, octets: bytes, variant: Variant) -> Self:
        """Read the octets behind the heading."""
        digits, st, filler, end = unpack_signals(octets, 0, 1)
        return cls(digits, st, filler, rest=octets[end:])

    def body(self, variant: Variant) -> bytes:
        """The signal."""
        count, packed = pack_signals(self.digits, self.st, self.filler)
        if count != 1:
            raise EncodeError(f"SAO carries one address signal, not {count}")
        return packed

    def _words(self) -> list[str]:
        return [f"{self.digits}{'ST' * self.st}"]
