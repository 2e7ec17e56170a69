"""Messages of ISUP: the walk over fixed part, pointers and optional part; ITU-T Q.763 (12/1999) clause 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Self, TypeVar

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7 import speed
from tandem.ss7.isup import (
    ansi,
    cause,
    compatibility,
    flags,
    groups,
    indicators,
    numbers,
    services,
    supplementary,
    transport,
)
from tandem.ss7.isup.codes import END_OF_OPTIONAL_PARAMETERS, MessageType, ParameterCode, message_name, parameter_name
from tandem.ss7.isup.parameters import Parameter, RawParameter, parse_parameter
from tandem.ss7.isup.tables import MessageFormat
from tandem.ss7.isup.variants import CODINGS, Variant

__all__ = ["Message", "MessageType", "ParameterCode", "RawParameter", "Variant"]

#: Modules whose parameters are known to `Message.get` and `Message.parameters`.
PARAMETER_MODULES = (
    ansi,
    cause,
    compatibility,
    flags,
    groups,
    indicators,
    numbers,
    services,
    supplementary,
    transport,
)

_HEADER = 3  # CIC and message type

P = TypeVar("P", bound=Parameter)


class Message:
    """One message, from the CIC on. Immutable: changes make a new message.

    Parameters are kept as content octets in the order of the message and read as their types on demand, so that
    what is not known or not asked for passes unchanged. A message that was parsed and not changed encodes to the
    octets it came from, whatever the order of its variable parts, spare bits and padding.
    """

    __slots__ = ("_octets", "_parameters", "_starts", "_typed", "body", "cic", "firsts", "type", "variant")

    def __init__(
        self,
        message_type: MessageType | int,
        cic: int,
        parameters: Sequence[tuple[int, bytes]] = (),
        *,
        variant: Variant = Variant.ITU,
        body: bytes = b"",
    ) -> None:
        self.type: MessageType | int = message_type
        """The type; a plain int when the variant does not know it."""
        self.cic = cic
        """Circuit identification code."""
        self.variant = variant
        self.body = body
        """Octets after the message type of a type without a defined format; empty for all others."""
        self._parameters = parameters
        self._starts: Sequence[int] | None = None
        self._octets: bytes | None = None
        self._typed: dict[type[Parameter], Parameter] = {}
        self.firsts: Mapping[int, bytes] = dict(reversed(parameters))
        """Content octets of the first parameter of each code."""

    @classmethod
    def parse(cls, octets: bytes, variant: Variant = Variant.ITU) -> Self:
        """Read a message; `octets` begin with the CIC. DecodeError with the offset of what is wrong."""
        coding = CODINGS[variant]
        size = len(octets)
        if size < _HEADER:
            raise DecodeError(f"message has {size} octets, CIC and message type need {_HEADER}", size)
        code = octets[2]
        message = cls(coding.types.get(code, code), (octets[0] | octets[1] << 8) & coding.cic_mask, variant=variant)
        message._octets = octets
        layout = coding.formats.get(code)
        if layout is None:
            message.body = octets[_HEADER:]
        else:
            found = None
            if speed.speedups is not None and type(octets) is bytes:
                optional = layout.optional is not None
                # As `_walk`, compiled; None for a malformed message, of which that says what is wrong.
                found = speed.speedups.walk(octets, layout.fixed, layout.variable, optional, layout.pointer_may_lack)
            parameters, message._starts = found or _walk(octets, layout)
            message._parameters, message.firsts = parameters, dict(reversed(parameters))
        return message

    @classmethod
    def build(
        cls,
        message_type: MessageType | int,
        cic: int,
        parameters: Iterable[Parameter | RawParameter] = (),
        *,
        variant: Variant = Variant.ITU,
        body: bytes = b"",
    ) -> Self:
        """A new message. Mandatory parameters may come in any order, optional ones are sent in the order given.

        `body` is for a type without a defined format. EncodeError when a parameter cannot be encoded; what the
        format demands is checked by `encode`.
        """
        contents = []
        for parameter in parameters:  # a comprehension would be one more call
            contents.append((int(parameter.code), parameter.encode()))
        layout = CODINGS[variant].formats.get(message_type)
        if layout is not None and layout.mandatory:
            contents = _ordered(contents, layout.mandatory)
        return cls(message_type, cic, contents, variant=variant, body=body)

    @property
    def format(self) -> MessageFormat | None:
        """The format of the type in the variant; None when there is none and the body is kept whole."""
        return CODINGS[self.variant].formats.get(int(self.type))

    def codes(self) -> tuple[int, ...]:
        """Parameter codes in the order of the message."""
        return tuple([code for code, _ in self._parameters])

    def holds_only(self, codes: frozenset[int]) -> bool:
        """Whether there is no parameter beyond those of `codes`."""
        return codes.issuperset(self.firsts)

    def __contains__(self, parameter: object) -> bool:
        """Whether a parameter is there, given its code or its class."""
        return getattr(parameter, "code", parameter) in self.firsts

    def raw(self, code: int) -> bytes | None:
        """Content octets of the first parameter with `code`, None when it is absent."""
        return self.firsts.get(code)

    def raw_parameters(self) -> list[RawParameter]:
        """Every parameter unread, in the order of the message."""
        return [RawParameter(code, content) for code, content in self._parameters]

    def get(self, cls: type[P]) -> P | None:
        """The first parameter of a type, None when it is absent. DecodeError when its content is malformed."""
        found = self.find(cls)
        if found is None and cls.code in self.firsts:
            index = self.codes().index(cls.code)
            return self._read(index, cls, self._parameters[index][1])  # to say what is wrong with it
        return found

    def find(self, cls: type[P]) -> P | None:
        """As `get`, but a parameter that cannot be read is as good as absent: for what peers send (Q.764 2.9.5)."""
        content = self.firsts.get(cls.code)
        if content is None:
            return None
        found = self._typed.get(cls)
        if found is None:
            try:
                found = self._typed[cls] = cls.parse(content)
            except DecodeError:
                return None
        return found  # type: ignore[return-value]

    def get_all(self, cls: type[P]) -> list[P]:
        """Every parameter of a type, in order."""
        if cls.code not in self.firsts:
            return []
        return [self._read(i, cls, content) for i, (code, content) in enumerate(self._parameters) if code == cls.code]

    def parameters(self) -> list[Parameter | RawParameter]:
        """Every parameter read as its own type where it has one. DecodeError when one is malformed."""
        read = []
        for index, (code, content) in enumerate(self._parameters):
            try:
                read.append(parse_parameter(code, content))
            except DecodeError as error:
                raise self._placed(index, error) from None
        return read

    def with_cic(self, cic: int) -> Self:
        """The same message on another circuit; all else stays as it is, octet for octet."""
        message = self._copy(cic, self._parameters)
        if self._octets is not None:
            mask = CODINGS[self.variant].cic_mask
            spare = int.from_bytes(self._octets[:2], "little") & ~mask
            message._octets = (_checked_cic(cic, mask) | spare).to_bytes(2, "little") + self._octets[2:]
        return message

    def replace(self, *parameters: Parameter | RawParameter) -> Self:
        """A message in which each given parameter takes the place of the first of its code, or comes last."""
        contents = list(self._parameters)
        for parameter in parameters:
            new = (int(parameter.code), parameter.encode())
            index = next((i for i, (code, _) in enumerate(contents) if code == new[0]), None)
            if index is None:
                contents.append(new)
            else:
                contents[index] = new
        return self._copy(self.cic, contents)

    def without(self, *codes: int) -> Self:
        """A message without the parameters of the given codes."""
        return self._copy(self.cic, [item for item in self._parameters if item[0] not in codes])

    def encode(self, variant: Variant | None = None) -> bytes:
        """Octets from the CIC on, in the message's own variant unless another is given.

        EncodeError when a mandatory parameter is missing or of the wrong length, or something does not fit.
        """
        variant = self.variant if variant is None else variant
        if self._octets is not None and variant is self.variant:
            return self._octets
        coding = CODINGS[variant]
        cic = self.cic
        if not 0 <= cic <= coding.cic_mask:
            _checked_cic(cic, coding.cic_mask)
        layout = coding.formats.get(self.type)
        if layout is None:
            if self._parameters:
                raise EncodeError(f"{message_name(self.type)} has no format in the {variant.value} variant")
            return _head(cic, self.type) + self.body
        octets: bytes | None = None
        if speed.speedups is not None:
            optional = layout.optional is not None
            # As below, compiled; None for what does not fit its format.
            octets = speed.speedups.lay_out(cic, self.type, layout.fixed, layout.variable, optional, self._parameters)
        if octets is None:
            octets = _head(cic, self.type) + _lay_out(layout, self._parameters, message_name(self.type))
        return octets

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.variant is other.variant and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash((self.type, self.cic, tuple(self._parameters), self.body))

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        """One line for the log: acronym, CIC, and each parameter in words (in hex when it is malformed)."""
        parts = []
        for code, content in self._parameters:
            try:
                parts.append(f"{parameter_name(code)}: {parse_parameter(code, content)}")
            except DecodeError:
                parts.append(f"{parameter_name(code)}: malformed {content.hex()}")
        if self.body:
            parts.append(f"body {self.body.hex()}")
        return " | ".join([f"{message_name(self.type)} CIC {self.cic}", *parts])

    def _identity(self) -> tuple[int, int, tuple[tuple[int, bytes], ...], bytes]:
        return (int(self.type), self.cic, tuple(self._parameters), self.body)

    def _copy(self, cic: int, parameters: Sequence[tuple[int, bytes]]) -> Self:
        return type(self)(self.type, cic, parameters, variant=self.variant, body=self.body)

    def _read(self, index: int, cls: type[P], content: bytes) -> P:
        try:
            return cls.parse(content)
        except DecodeError as error:
            raise self._placed(index, error) from None

    def _placed(self, index: int, error: DecodeError) -> DecodeError:
        """The error with its offset counted in the message instead of in the parameter."""
        if self._starts is None or error.offset is None:
            return error
        return DecodeError(error.message, self._starts[index] + error.offset)


def _ordered(contents: list[tuple[int, bytes]], codes: tuple[int, ...]) -> list[tuple[int, bytes]]:
    """The mandatory parameters in the order of `codes`, then the others as they come."""
    for wanted, item in zip(codes, contents, strict=False):
        if item[0] != wanted:
            break
    else:
        return contents  # as nearly always
    mandatory = []
    for wanted in codes:
        for index, item in enumerate(contents):
            if item[0] == wanted:
                mandatory.append(contents.pop(index))
                break
    return mandatory + contents


def _checked_cic(cic: int, mask: int) -> int:
    if not 0 <= cic <= mask:
        raise EncodeError(f"CIC {cic} is not within 0 to {mask}")
    return cic


def _head(cic: int, message_type: int) -> bytes:
    return cic.to_bytes(2, "little") + bytes([message_type])


def _walk(octets: bytes, layout: MessageFormat) -> tuple[list[tuple[int, bytes]], list[int]]:
    """Codes and contents of the parameters, and where each content starts."""
    size = len(octets)
    offset = _HEADER
    found: list[tuple[int, bytes]] = []
    starts: list[int] = []
    for code, length in layout.fixed:
        end = offset + length
        if end > size:
            raise DecodeError(f"{parameter_name(code)} needs {length} octets, {size - offset} left", offset)
        found.append((code, octets[offset:end]))
        starts.append(offset)
        offset = end
    pointers_end = offset + len(layout.variable) + (layout.optional is not None)
    for code in layout.variable:
        start = _follow(octets, offset, pointers_end, code)
        if start is None:
            raise DecodeError(f"pointer to {parameter_name(code)} is 0, the parameter is mandatory", offset)
        end = start + 1 + octets[start]
        if end > size:
            raise DecodeError(f"{parameter_name(code)} needs {octets[start]} octets, {size - start - 1} left", start)
        found.append((code, octets[start + 1 : end]))
        starts.append(start + 1)
        offset += 1
    if layout.optional is not None and not (layout.pointer_may_lack and offset == size):
        start = _follow(octets, offset, pointers_end, None)
        if start is not None:
            _walk_optional(octets, start, found, starts)
    return found, starts


def _follow(octets: bytes, pointer: int, pointers_end: int, code: int | None) -> int | None:
    """Where the pointer at offset `pointer` leads; None for 0."""
    size = len(octets)
    if pointer >= size:
        raise DecodeError(f"pointer to {_part(code)} is missing", pointer)
    if octets[pointer] == 0:
        return None
    start = pointer + octets[pointer]
    if start < pointers_end:
        raise DecodeError(f"pointer to {_part(code)} leads to another pointer", pointer)
    if start >= size:
        raise DecodeError(f"pointer to {_part(code)} leads beyond the message", pointer)
    return start


def _part(code: int | None) -> str:
    return "the optional part" if code is None else parameter_name(code)


def _walk_optional(octets: bytes, offset: int, found: list[tuple[int, bytes]], starts: list[int]) -> None:
    size = len(octets)
    while offset < size:
        code = octets[offset]
        if code == END_OF_OPTIONAL_PARAMETERS:
            return
        if offset + 1 == size:
            raise DecodeError(f"length of {parameter_name(code)} is missing", size)
        end = offset + 2 + octets[offset + 1]
        if end > size:
            raise DecodeError(
                f"{parameter_name(code)} needs {octets[offset + 1]} octets, {size - offset - 2} left", offset + 1
            )
        found.append((code, octets[offset + 2 : end]))
        starts.append(offset + 2)
        offset = end
    raise DecodeError("end of optional parameters is missing", size)


def _lay_out(layout: MessageFormat, parameters: Sequence[tuple[int, bytes]], name: str) -> bytes:
    """The parts after the message type."""
    rest = list(parameters)
    out = bytearray()
    for code, length in layout.fixed:
        content = _take(rest, code, name)
        if len(content) != length:
            raise EncodeError(f"{parameter_name(code)} has {len(content)} octets, {name} demands {length}")
        out += content
    variable = b""
    pointers = len(layout.variable) + (layout.optional is not None)
    for index, code in enumerate(layout.variable):
        content = _take(rest, code, name)
        out.append(_fits(pointers - index + len(variable), f"pointer to {parameter_name(code)}"))
        variable += bytes([_fits(len(content), f"length of {parameter_name(code)}")]) + content
    if layout.optional is None:
        if rest:
            raise EncodeError(f"{name} has no optional part for {parameter_name(rest[0][0])}")
        return bytes(out) + variable
    out.append(_fits(1 + len(variable), "pointer to the optional part") if rest else 0)
    out += variable
    for other, content in rest:
        out += bytes([other, _fits(len(content), f"length of {parameter_name(other)}")]) + content
    if rest:
        out.append(END_OF_OPTIONAL_PARAMETERS)
    return bytes(out)


def _take(rest: list[tuple[int, bytes]], wanted: int, name: str) -> bytes:
    for index, (code, content) in enumerate(rest):
        if code == wanted:
            del rest[index]
            return content
    raise EncodeError(f"{name} needs {parameter_name(wanted)}")


def _fits(value: int, what: str) -> int:
    if value > 255:
        raise EncodeError(f"{what} is {value}, an octet holds 255")
    return value
