"""Compatibility information: what to do with a message or parameter that is not recognised; Q.763 3.33 and 3.41."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.codes import ParameterCode, parameter_name
from tandem.ss7.isup.parameters import Parameter


class PassOnNotPossible(IntEnum):
    """What to do with a parameter that cannot be passed on, Q.763 3.41."""

    RELEASE_CALL = 0
    DISCARD_MESSAGE = 1
    DISCARD_PARAMETER = 2


@dataclass(frozen=True, slots=True)
class MessageCompatibilityInformation(Parameter):
    """What an exchange that does not know the message does with it, Q.763 3.33."""

    code: ClassVar[ParameterCode] = ParameterCode.MESSAGE_COMPATIBILITY_INFORMATION

    end_node: bool = False
    """Bit A: True for end node interpretation at every exchange, False for pass on at intermediate ones."""
    release: bool = False
    """Bit B: release the call."""
    notify: bool = False
    """Bit C: send CFN."""
    discard_message: bool = False
    """Bit D: discard the message."""
    discard_if_not_passed: bool = False
    """Bit E, when it cannot be passed on: True discards the message, False releases the call."""
    interworking: int = 0
    """Bits GF, between broadband and narrowband ISUP: 0 pass on, 1 discard message, 2 release call."""
    further: bytes = b""
    """Octets after the first, kept as they are."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the instruction indicators."""
        if not octets:
            raise DecodeError("Message compatibility information is empty", 0)
        a, b, c, d, e = _flags(octets[0])
        return cls(a, b, c, d, e, octets[0] >> 5 & 3, octets[1:])

    def _encode(self) -> bytes:
        """Content octets."""
        flags = (self.end_node, self.release, self.notify, self.discard_message, self.discard_if_not_passed)
        return bytes([_octet(flags, self.interworking, not self.further)]) + self.further

    def __str__(self) -> str:
        words = [
            ("end node", self.end_node),
            ("release", self.release),
            ("notify", self.notify),
            ("discard message", self.discard_message),
            ("discard if not passed on", self.discard_if_not_passed),
        ]
        return ", ".join([word for word, flag in words if flag]) or "pass on"


@dataclass(frozen=True, slots=True)
class Instruction:
    """What an exchange that does not know one parameter does, Q.763 3.41."""

    parameter: int
    """Code of the parameter it is about."""
    end_node: bool = False
    """Bit A: True for end node interpretation at every exchange, False for transit interpretation."""
    release: bool = False
    """Bit B: release the call."""
    notify: bool = False
    """Bit C: send CFN."""
    discard_message: bool = False
    """Bit D: discard the message."""
    discard_parameter: bool = False
    """Bit E: discard the parameter."""
    pass_on_not_possible: int = PassOnNotPossible.RELEASE_CALL
    """Bits GF, see `PassOnNotPossible`."""
    further: bytes = b""
    """Instruction octets after the first, kept as they are."""

    def encode(self) -> bytes:
        """Parameter code and instruction octets."""
        flags = (self.end_node, self.release, self.notify, self.discard_message, self.discard_parameter)
        return bytes([self.parameter, _octet(flags, self.pass_on_not_possible, not self.further)]) + self.further

    def __str__(self) -> str:
        words = [
            ("end node", self.end_node),
            ("release", self.release),
            ("notify", self.notify),
            ("discard message", self.discard_message),
            ("discard parameter", self.discard_parameter),
        ]
        return f"{parameter_name(self.parameter)} " + ("+".join([w for w, flag in words if flag]) or "pass on")


@dataclass(frozen=True, slots=True)
class ParameterCompatibilityInformation(Parameter):
    """Instructions for parameters that an exchange may not know, Q.763 3.41."""

    code: ClassVar[ParameterCode] = ParameterCode.PARAMETER_COMPATIBILITY_INFORMATION

    instructions: tuple[Instruction, ...]

    def for_parameter(self, code: int) -> Instruction | None:
        """The instruction about one parameter, None when there is none."""
        return next((item for item in self.instructions if item.parameter == code), None)

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read pairs of a parameter code and instruction octets, the last of which has its extension bit set."""
        instructions = []
        offset = 0
        while offset < len(octets):
            end = offset + 1
            while end < len(octets) and octets[end] < 0x80:
                end += 1
            if end >= len(octets):
                raise DecodeError("Parameter compatibility information ends within an instruction", len(octets))
            a, b, c, d, e = _flags(octets[offset + 1])
            gf = octets[offset + 1] >> 5 & 3
            instructions.append(Instruction(octets[offset], a, b, c, d, e, gf, octets[offset + 2 : end + 1]))
            offset = end + 1
        return cls(tuple(instructions))

    def _encode(self) -> bytes:
        """Content octets."""
        return b"".join([instruction.encode() for instruction in self.instructions])

    def __str__(self) -> str:
        return "; ".join([str(instruction) for instruction in self.instructions])


def _flags(octet: int) -> tuple[bool, bool, bool, bool, bool]:
    return bool(octet & 1), bool(octet & 2), bool(octet & 4), bool(octet & 8), bool(octet & 16)


def _octet(flags: tuple[bool, ...], choice: int, last: bool) -> int:
    if not 0 <= choice <= 3:
        raise EncodeError(f"indicator {choice} does not fit two bits")
    return sum(1 << bit for bit, flag in enumerate(flags) if flag) | choice << 5 | last << 7
