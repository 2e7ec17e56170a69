"""Frames of LAPD, ITU-T Q.921 (09/97) 2 and 3, from the address field on, without FCS and flags.

Sequence numbers are modulo 128. A frame does not say whether it is a command or a response: the side that sent it
decides what its C/R bit means (3.3.2), see `Address`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, Self

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q921.primitives import ErrorCode

MODULUS: Final = 128
_POLL_FINAL: Final = 0x10


class FrameError(DecodeError):
    """A frame rejection condition (3.6.11): well delimited and addressed, but no frame of Q.921."""

    def __init__(self, message: str, code: ErrorCode, offset: int | None = None) -> None:
        super().__init__(message, offset)
        self.code = code


class Supervisory(IntEnum):
    """Supervisory frames by the first octet of their control field (3.4.2, table 5)."""

    RR = 0x01
    """Receive ready."""
    RNR = 0x05
    """Receive not ready."""
    REJ = 0x09
    """Reject: asks for retransmission from N(R) on."""


class Unnumbered(IntEnum):
    """Unnumbered frames by their control field with the P/F bit 0 (3.4.3, table 5)."""

    SABME = 0x6F
    """Set asynchronous balanced mode extended."""
    DM = 0x0F
    """Disconnected mode."""
    UI = 0x03
    """Unnumbered information."""
    DISC = 0x43
    """Disconnect."""
    UA = 0x63
    """Unnumbered acknowledgement."""
    FRMR = 0x87
    """Frame reject."""
    XID = 0xAF
    """Exchange identification."""


class Direction(Enum):
    """Whether a frame may be a command, a response or both (table 5)."""

    COMMAND = "command"
    RESPONSE = "response"
    BOTH = "both"


_DIRECTIONS: Final = {
    Unnumbered.SABME: Direction.COMMAND,
    Unnumbered.DM: Direction.RESPONSE,
    Unnumbered.UI: Direction.COMMAND,
    Unnumbered.DISC: Direction.COMMAND,
    Unnumbered.UA: Direction.RESPONSE,
    Unnumbered.FRMR: Direction.RESPONSE,
    Unnumbered.XID: Direction.BOTH,
}
#: Unnumbered frames that have an information field.
_WITH_INFORMATION: Final = frozenset({Unnumbered.UI, Unnumbered.FRMR, Unnumbered.XID})
_FRMR_OCTETS: Final = 5


@dataclass(frozen=True, slots=True)
class Address:
    """Address field, 3.2 and 3.3: who the frame is for and the command/response bit."""

    sapi: int = 0
    """Service access point identifier, 0 to 63; 0: call control."""
    tei: int = 0
    """Terminal endpoint identifier, 0 to 127; 0 on a primary-rate line."""
    cr: bool = False
    """C/R bit: 1 in commands of the network and responses of the user, 0 in the others (3.3.2)."""

    @classmethod
    def of(cls, network: bool, command: bool, sapi: int = 0, tei: int = 0) -> Self:
        """The address of a command or response that a side sends."""
        return cls(sapi, tei, network == command)

    def encode(self) -> bytes:
        """Two octets."""
        if not (0 <= self.sapi < 64 and 0 <= self.tei < 128):
            raise EncodeError(f"SAPI {self.sapi} TEI {self.tei}: must be below 64 and 128")
        return bytes((self.sapi << 2 | self.cr << 1, self.tei << 1 | 1))

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read the first two octets; DecodeError where the extension bits do not delimit two (2.9 e)."""
        if len(octets) < 2:
            raise DecodeError("frame ends within its address field", len(octets))
        if octets[0] & 1:
            raise DecodeError("address field of a single octet", 0)
        if not octets[1] & 1:
            raise DecodeError("address field of more than two octets", 1)
        return cls(octets[0] >> 2, octets[1] >> 1, bool(octets[0] & 2))


@dataclass(frozen=True, slots=True)
class InformationFrame:
    """I frame: a message of layer 3, numbered (3.6.2)."""

    address: Address
    ns: int
    """N(S), send sequence number."""
    nr: int
    """N(R): all before it have been received."""
    poll: bool
    information: bytes

    @property
    def direction(self) -> Direction:
        """Commands only."""
        return Direction.COMMAND

    def encode(self) -> bytes:
        """The octets from the address field on."""
        _check_numbers(self.ns, self.nr)
        return self.address.encode() + bytes((self.ns << 1, self.nr << 1 | self.poll)) + self.information

    def __str__(self) -> str:
        return f"I N(S)={self.ns} N(R)={self.nr} P={self.poll:d}, {len(self.information)} octets"


@dataclass(frozen=True, slots=True)
class SupervisoryFrame:
    """RR, RNR or REJ (3.6.6 to 3.6.8). Bits 5 to 8 of its first control octet are reserved and not looked at."""

    address: Address
    kind: Supervisory
    nr: int
    """N(R): all before it have been received."""
    poll_final: bool
    """P in a command, F in a response."""

    @property
    def direction(self) -> Direction:
        """Commands and responses."""
        return Direction.BOTH

    def encode(self) -> bytes:
        """The octets from the address field on."""
        _check_numbers(self.nr)
        return self.address.encode() + bytes((self.kind, self.nr << 1 | self.poll_final))

    def __str__(self) -> str:
        return f"{self.kind.name} N(R)={self.nr} P/F={self.poll_final:d}"


@dataclass(frozen=True, slots=True)
class UnnumberedFrame:
    """SABME, DM, UI, DISC, UA, FRMR or XID (3.6.3 to 3.6.5 and 3.6.9 to 3.6.12)."""

    address: Address
    kind: Unnumbered
    poll_final: bool
    """P in a command, F in a response."""
    information: bytes = b""
    """Of UI, FRMR (see FrameReject) and XID; others have none."""

    @property
    def direction(self) -> Direction:
        """Which of command and response the kind may be."""
        return _DIRECTIONS[self.kind]

    def encode(self) -> bytes:
        """The octets from the address field on."""
        if self.information and self.kind not in _WITH_INFORMATION:
            raise EncodeError(f"{self.kind.name} has no information field")
        if self.kind is Unnumbered.FRMR and len(self.information) != _FRMR_OCTETS:
            raise EncodeError(f"information field of FRMR must have {_FRMR_OCTETS} octets")
        control = self.kind | (_POLL_FINAL if self.poll_final else 0)
        return self.address.encode() + bytes((control,)) + self.information

    def __str__(self) -> str:
        size = f", {len(self.information)} octets" if self.information else ""
        return f"{self.kind.name} P/F={self.poll_final:d}{size}"


Frame = InformationFrame | SupervisoryFrame | UnnumberedFrame


def parse_frame(octets: bytes, n201: int | None = None) -> Frame:
    """Read a frame, from its address field on.

    Raises DecodeError for an invalid frame (2.9: to be dropped silently) and FrameError, with the code of the
    MDL-ERROR indication, for a frame rejection condition. `n201` is the longest information field accepted.
    """
    address = Address.parse(octets)
    if len(octets) < 3:
        raise DecodeError("frame without control field", len(octets))
    control = octets[2]
    if control & 3 == 3:
        return _parse_unnumbered(address, octets, n201)
    if len(octets) < 4:
        raise DecodeError("frame ends within its control field", 3)
    nr, poll_final = octets[3] >> 1, bool(octets[3] & 1)
    if not control & 1:
        _check_size(octets, 4, n201)
        return InformationFrame(address, control >> 1, nr, poll_final, octets[4:])
    if control & 0x0F not in _SUPERVISORY:
        raise FrameError(f"control field {control:#04x} is not defined", ErrorCode.UNDEFINED_FRAME, 2)
    if len(octets) > 4:
        raise FrameError("supervisory frame with information", ErrorCode.INFORMATION_NOT_PERMITTED, 4)
    return SupervisoryFrame(address, _SUPERVISORY[control & 0x0F], nr, poll_final)


def _parse_unnumbered(address: Address, octets: bytes, n201: int | None) -> UnnumberedFrame:
    control = octets[2]
    kind = _UNNUMBERED.get(control & ~_POLL_FINAL)
    if kind is None:
        raise FrameError(f"control field {control:#04x} is not defined", ErrorCode.UNDEFINED_FRAME, 2)
    if kind is Unnumbered.FRMR and len(octets) != 3 + _FRMR_OCTETS:
        raise FrameError("FRMR of a wrong size", ErrorCode.WRONG_SIZE, min(len(octets), 3 + _FRMR_OCTETS))
    if len(octets) > 3 and kind not in _WITH_INFORMATION:
        raise FrameError(f"{kind.name} with information", ErrorCode.INFORMATION_NOT_PERMITTED, 3)
    _check_size(octets, 3, n201)
    return UnnumberedFrame(address, kind, bool(control & _POLL_FINAL), octets[3:])


@dataclass(frozen=True, slots=True)
class FrameReject:
    """Information field of FRMR, 3.6.11 figure 6 (modulo 128)."""

    control: bytes
    """Control field of the frame rejected, two octets (the second zero for an unnumbered frame)."""
    vs: int
    """V(S) of the side that rejects."""
    vr: int
    """V(R) of the side that rejects."""
    response: bool
    """The frame rejected was a response."""
    undefined: bool = False
    """W: the control field is not defined."""
    not_permitted: bool = False
    """X: information where none may be, or a wrong size; W is set as well."""
    too_long: bool = False
    """Y: information field above N201."""
    invalid_nr: bool = False
    """Z: N(R) not within what was sent."""

    def encode(self) -> bytes:
        """Five octets."""
        if len(self.control) != 2:
            raise EncodeError("control field of the frame rejected must have two octets")
        _check_numbers(self.vs, self.vr)
        flags = self.undefined | self.not_permitted << 1 | self.too_long << 2 | self.invalid_nr << 3
        return self.control + bytes((self.vs << 1, self.vr << 1 | self.response, flags))

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read an information field; bits that the figure has as 0 are not looked at."""
        if len(octets) != _FRMR_OCTETS:
            raise DecodeError(f"information field of FRMR has {len(octets)} octets, not {_FRMR_OCTETS}", len(octets))
        flags = octets[4]
        return cls(
            bytes(octets[:2]),
            octets[2] >> 1,
            octets[3] >> 1,
            bool(octets[3] & 1),
            bool(flags & 1),
            bool(flags & 2),
            bool(flags & 4),
            bool(flags & 8),
        )


def _check_size(octets: bytes, start: int, n201: int | None) -> None:
    if n201 is not None and len(octets) - start > n201:
        text = f"information field of {len(octets) - start} octets, above N201 ({n201})"
        raise FrameError(text, ErrorCode.INFORMATION_TOO_LONG, start + n201)


def _check_numbers(*numbers: int) -> None:
    if not all(0 <= number < MODULUS for number in numbers):
        raise EncodeError(f"sequence numbers {numbers}: must be 0 to {MODULUS - 1}")


_SUPERVISORY: Final = {int(kind): kind for kind in Supervisory}
_UNNUMBERED: Final = {int(kind): kind for kind in Unnumbered}
