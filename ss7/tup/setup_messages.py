"""TUP messages with indicators of their own: GSM, GRQ, ACM, CHG, EUM, ACC, MPM; ITU-T Q.723 (1988) clause 3."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.bits import bits, meaning_of
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.fields import (
    CallingLineIdentity,
    Category,
    IncomingTrunk,
    OriginalCalledAddress,
    category_octet,
    fit,
    take,
)
from tandem.ss7.tup.message_base import BitMessage, Message
from tandem.ss7.tup.variants import POINT_CODE_BITS, POINT_CODE_OCTETS, Variant

M = MessageType


@dataclass(frozen=True, slots=True)
class GeneralForwardSetup(Message):
    """GSM: the answer to GRQ. A field that is None is not included."""

    type: MessageType = field(default=M.GSM, init=False, repr=False)
    category: int | None = None
    """Calling party's category (bit A)."""
    calling_line: CallingLineIdentity | None = None
    """Bit B."""
    incoming_trunk: IncomingTrunk | None = None
    """Incoming trunk and transit exchange identity (bit C)."""
    original_called: OriginalCalledAddress | None = None
    """Bit D."""
    echo_suppressor: bool = False
    """Bit E: outgoing half echo suppressor included."""
    malicious_call: bool = False
    """Bit F: malicious call identification provided."""
    hold: bool = False
    """Bit G: hold provided."""
    spare: bool = False
    """Bit H."""
    category_spare: int = 0

    @classmethod
    def parse(cls, octets: bytes, variant: Variant) -> Self:
        """Read the octets behind the heading."""
        said = take(octets, 0, 1, "response type indicators")[0]
        end = 1
        category: int | None = None
        line: CallingLineIdentity | None = None
        trunk: IncomingTrunk | None = None
        original: OriginalCalledAddress | None = None
        category_spare = 0
        if said & 1:
            octet = take(octets, end, 1, "calling party's category")[0]
            category, category_spare, end = octet & 0x3F, octet >> 6, end + 1
        if said & 2:
            line, end = CallingLineIdentity.parse(octets, end)
        if said & 4:
            trunk, end = IncomingTrunk.parse(octets, end, variant)
        if said & 8:
            original, end = OriginalCalledAddress.parse(octets, end)
        echo, malicious, hold, spare = (bool(said >> bit & 1) for bit in range(4, 8))
        rest = octets[end:]
        return cls(category, line, trunk, original, echo, malicious, hold, spare, category_spare, rest=rest)

    def body(self, variant: Variant) -> bytes:
        """Response type indicators and the fields."""
        fields = (self.category, self.calling_line, self.incoming_trunk, self.original_called)
        flags = (self.echo_suppressor, self.malicious_call, self.hold, self.spare)
        said = sum(1 << bit for bit, value in enumerate(fields) if value is not None)
        out = bytes((said | sum(1 << bit for bit, flag in enumerate(flags, 4) if flag),))
        if self.category is not None:
            out += bytes((category_octet(self.category, self.category_spare),))
        if self.calling_line is not None:
            out += self.calling_line.encode()
        if self.incoming_trunk is not None:
            out += self.incoming_trunk.encode(variant)
        return out if self.original_called is None else out + self.original_called.encode()

    def _words(self) -> list[str]:
        words = [] if self.category is None else [f"category {meaning_of(Category, self.category)}"]
        words += [] if self.calling_line is None else [f"calling line {self.calling_line}"]
        words += [] if self.incoming_trunk is None else [f"incoming trunk {self.incoming_trunk}"]
        words += [] if self.original_called is None else [f"original called {self.original_called}"]
        for name in ("echo_suppressor", "malicious_call", "hold"):
            words += [name.replace("_", " ")] * getattr(self, name)
        return words


@dataclass(frozen=True, slots=True)
class GeneralRequest(BitMessage):
    """GRQ: what the incoming side wants to know or have."""

    type: MessageType = field(default=M.GRQ, init=False, repr=False)
    category: bool = bits(1, 1)
    """Bit A: calling party's category."""
    calling_line: bool = bits(1, 2)
    """Bit B: calling line identity."""
    original_called: bool = bits(1, 3)
    """Bit C: original called address."""
    malicious_call: bool = bits(1, 4)
    """Bit D: malicious call identification encountered."""
    hold: bool = bits(1, 5)
    """Bit E."""
    echo_suppressor: bool = bits(1, 6)
    """Bit F: outgoing half echo suppressor."""
    spare: int = bits(1, 7, 2)


class AddressCompleteKind(IntEnum):
    """Type of address-complete signal; with `free` they are AFC, AFN and AFX."""

    ADDRESS_COMPLETE = 0
    CHARGE = 1
    NO_CHARGE = 2
    COIN_BOX = 3


@dataclass(frozen=True, slots=True)
class AddressComplete(BitMessage):
    """ACM."""

    type: MessageType = field(default=M.ACM, init=False, repr=False)
    kind: int = bits(1, 1, 2, default=AddressCompleteKind.CHARGE, meaning=AddressCompleteKind)
    """Bits BA."""
    free: bool = bits(1, 3)
    """Bit C: subscriber free."""
    echo_suppressor: bool = bits(1, 4)
    """Bit D: incoming half echo suppressor included."""
    forwarded: bool = bits(1, 5)
    """Bit E: call forwarded."""
    all_ss7: bool = bits(1, 6)
    """Bit F: signalling system No. 7 all the way."""
    spare: int = bits(1, 7, 2)


@dataclass(frozen=True, slots=True)
class Charging(Message):
    """CHG: charging information, its format is national."""

    type: MessageType = field(default=M.CHG, init=False, repr=False)

    @classmethod
    def parse(cls, octets: bytes, variant: Variant) -> Self:
        """Keep the octets behind the heading in `rest`."""
        return cls(rest=octets)

    def body(self, variant: Variant) -> bytes:
        """Nothing: all is in `rest`."""
        return b""


class Unsuccessful(IntEnum):
    """Unsuccessful indicator of EUM."""

    SUBSCRIBER_BUSY = 1


@dataclass(frozen=True, slots=True)
class ExtendedUnsuccessful(Message):
    """EUM: why the call failed and at which exchange."""

    type: MessageType = field(default=M.EUM, init=False, repr=False)
    indicator: int = Unsuccessful.SUBSCRIBER_BUSY
    point_code: int = 0
    """Point code of the exchange that sent the EUM first."""
    spare: int = 0
    """Four bits above the indicator."""
    point_code_spare: int = 0
    """Two bits above a point code of 14 bits."""

    @classmethod
    def parse(cls, octets: bytes, variant: Variant) -> Self:
        """Read the octets behind the heading."""
        first = take(octets, 0, 1, "unsuccessful indicator")[0]
        size = POINT_CODE_OCTETS[variant]
        number = int.from_bytes(take(octets, 1, size, "point code"), "little")
        width = POINT_CODE_BITS[variant]
        code = number & (1 << width) - 1
        return cls(first & 0xF, code, first >> 4, number >> width, rest=octets[1 + size :])

    def body(self, variant: Variant) -> bytes:
        """Indicator and point code."""
        width, size = POINT_CODE_BITS[variant], POINT_CODE_OCTETS[variant]
        number = fit(self.point_code, width, "point code of EUM")
        number |= fit(self.point_code_spare, 8 * size - width, "spare of the point code") << width
        first = fit(self.indicator, 4, "unsuccessful indicator") | fit(self.spare, 4, "spare of EUM") << 4
        return bytes((first,)) + number.to_bytes(size, "little")

    def _words(self) -> list[str]:
        return [meaning_of(Unsuccessful, self.indicator), f"point code {self.point_code}"]


@dataclass(frozen=True, slots=True)
class AutomaticCongestion(BitMessage):
    """ACC: automatic congestion control information."""

    type: MessageType = field(default=M.ACC, init=False, repr=False)
    level: int = bits(1, 1, 2, default=1)
    """Congestion level, 1 or 2."""
    spare: int = bits(1, 3, 6)


@dataclass(frozen=True, slots=True)
class MeteringPulses(BitMessage):
    """MPM of China: how many pulses a unit of charging time costs."""

    type: MessageType = field(default=M.MPM, init=False, repr=False)
    SIZE: ClassVar[int] = 2
    pulses: int = bits(1, 1, 16)
