"""The common message format: a header of eight octets, then parameters (RFC 4666 3.1 and 3.2, RFC 3331 3.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tandem.core.errors import DecodeError, EncodeError
from tandem.core.sigtran.codes import VERSION, ErrorCode, Tag, Type, code_name

HEADER_OCTETS: Final = 8
#: Longest message taken. The format allows 2^32; no message of these layers comes near this, an attacker's might.
MAX_MESSAGE: Final = 65_536
_HEADER: Final = struct.Struct(">BBHI")
_PARAMETER: Final = struct.Struct(">HH")


class MessageError(DecodeError):
    """A message cannot be accepted; `code` is what ERR says of it."""

    def __init__(self, message: str, code: ErrorCode, offset: int | None = None) -> None:
        super().__init__(message, offset)
        self.code = code


@dataclass(frozen=True, slots=True)
class Parameter:
    """Tag and value; whether the tag is known does not matter."""

    tag: int
    value: bytes

    @classmethod
    def number(cls, tag: int, *values: int) -> Parameter:
        """A parameter of one or more 32-bit numbers."""
        return cls(tag, b"".join(value.to_bytes(4, "big") for value in values))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The value as 32-bit numbers; MessageError when it is empty or no multiple of four octets long."""
        value = self.value
        if not value or len(value) % 4:
            raise MessageError(f"{code_name(Tag, self.tag)} has {len(value)} octets", ErrorCode.PARAMETER_FIELD_ERROR)
        return struct.unpack(f">{len(value) // 4}I", value)

    @property
    def integer(self) -> int:
        """The value as one 32-bit number; MessageError when it has another length."""
        if len(self.value) != 4:
            text = f"{code_name(Tag, self.tag)} has {len(self.value)} octets, not 4"
            raise MessageError(text, ErrorCode.PARAMETER_FIELD_ERROR)
        return int.from_bytes(self.value, "big")

    def encode(self) -> bytes:
        """Tag, length, value and the padding to a multiple of four octets."""
        length = 4 + len(self.value)
        if length > 0xFFFF:
            raise EncodeError(f"{code_name(Tag, self.tag)} of {len(self.value)} octets is too long for a parameter")
        return _PARAMETER.pack(self.tag, length) + self.value + bytes(-length % 4)

    def __str__(self) -> str:
        return f"{code_name(Tag, self.tag)}={self.value.hex()}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of M3UA or M2UA: class and type, and its parameters in the order they came."""

    type: int
    """Class in the upper octet, type in the lower one: see `codes.Type`, though others are kept as well."""
    parameters: tuple[Parameter, ...] = ()

    @classmethod
    def parse(cls, octets: bytes) -> Message:
        """Take a message apart; MessageError says what is wrong with it and what ERR would say."""
        kind, length = parse_header(octets)
        if length > len(octets) or (length % 4 == 0 and length < len(octets)) or len(octets) - length > 3:
            text = f"length {length} in the header of a message of {len(octets)} octets"
            raise MessageError(text, ErrorCode.PARAMETER_FIELD_ERROR, 4)
        return cls(kind, tuple(parse_parameters(octets, HEADER_OCTETS, len(octets))))

    def encode(self) -> bytes:
        """The octets; the length in the header counts all padding (RFC 4666 3.1.4)."""
        return encode_message(self.type, self.parameters)

    def get(self, tag: int) -> Parameter | None:
        """The first parameter with `tag`."""
        for parameter in self.parameters:
            if parameter.tag == tag:
                return parameter
        return None

    def require(self, tag: int) -> Parameter:
        """The first parameter with `tag`; MessageError when there is none."""
        found = self.get(tag)
        if found is None:
            raise MessageError(f"{self.name} without {code_name(Tag, tag)}", ErrorCode.MISSING_PARAMETER)
        return found

    def number(self, tag: int) -> int | None:
        """The 32-bit number in parameter `tag`, None when it is absent."""
        found = self.get(tag)
        return None if found is None else found.integer

    @property
    def name(self) -> str:
        """Name of the type."""
        return code_name(Type, self.type)

    def __str__(self) -> str:
        return " ".join((self.name, *map(str, self.parameters)))


def parse_header(octets: bytes) -> tuple[int, int]:
    """Class with type, and length, of a message that begins with `octets`.

    MessageError when the header is not whole, of another version, or gives a length that no message can have.
    """
    if len(octets) < HEADER_OCTETS:
        raise MessageError("no whole common header", ErrorCode.PROTOCOL_ERROR, len(octets))
    version, _, kind, length = _HEADER.unpack_from(octets)
    if version != VERSION:
        raise MessageError(f"version {version}", ErrorCode.INVALID_VERSION, 0)
    if not HEADER_OCTETS <= length <= MAX_MESSAGE:
        raise MessageError(f"message length {length}", ErrorCode.PROTOCOL_ERROR, 4)
    return kind, length


def encode_message(kind: int, parameters: Iterable[Parameter]) -> bytes:
    """Octets of a message with common header."""
    body = b"".join([parameter.encode() for parameter in parameters])
    return _HEADER.pack(VERSION, 0, kind, HEADER_OCTETS + len(body)) + body


def parse_parameters(octets: bytes, offset: int, end: int) -> Iterator[Parameter]:
    """Parameters between two offsets; the padding of the last one may be missing, as some senders leave it out."""
    while offset < end:
        if end - offset < 4:
            raise MessageError("no whole parameter header", ErrorCode.PARAMETER_FIELD_ERROR, offset)
        tag, length = _PARAMETER.unpack_from(octets, offset)
        if not 4 <= length <= end - offset:
            text = f"{code_name(Tag, tag)} says {length} octets, {end - offset} left"
            raise MessageError(text, ErrorCode.PARAMETER_FIELD_ERROR, offset + 2)
        yield Parameter(tag, octets[offset + 4 : offset + length])
        offset += length + -length % 4
