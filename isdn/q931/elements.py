"""Information elements of Q.931: the base of every typed element, its register, raw elements, shifts; Q.931 4.5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self, TypeAlias

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.codes import ElementCode, base_identifier, element_name, is_single

_TYPED: Final[dict[int, type[Element]]] = {}
_SHARED: Final[dict[tuple[int, bytes], Element]] = {}
_SHARED_MAXIMUM: Final = 4096

#: Length octets of an element hold at most this.
LONGEST_CONTENT: Final = 255


class Element:
    """An information element of codeset 0 with a type of its own; every subclass is a frozen dataclass.

    `parse` takes content octets (without identifier and length); octets beyond those defined are ignored, as a
    later edition may have added them. `encode` gives the octets that were parsed, extension octets and all, and for
    a value made here the shortest coding with spare bits zero. Subclasses say how in `_parse` and `_encode`.
    """

    __slots__ = ("_coded",)

    _coded: bytes
    """Content octets that the value was parsed from; absent from values made here."""

    code: ClassVar[ElementCode]
    codeset: ClassVar[int] = 0
    SHARED: ClassVar[bool] = False
    """Whether parsed values are kept and used again: the same few octets come all the time."""
    DERIVED: ClassVar[tuple[str, ...]] = ()
    """Properties that belong to a complete report beside the fields."""

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        code = cls.__dict__.get("code")
        if code is not None:
            # A dataclass with slots is made twice; the second one is the one to keep.
            _TYPED[int(code)] = cls

    @property
    def identifier(self) -> int:
        """Identifier octet."""
        return int(self.code)

    @property
    def name(self) -> str:
        """Name of the element."""
        return element_name(self.code)

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read the element from its content octets; DecodeError when they are too few or make no sense."""
        value = cls._parse(octets)
        object.__setattr__(value, "_coded", octets)
        return value

    def encode(self) -> bytes:
        """Content octets; EncodeError when a value does not fit its field."""
        try:
            return self._coded
        except AttributeError:
            return self._encode()

    def to_octets(self) -> bytes:
        """The whole element with identifier and length."""
        content = self.encode()
        if len(content) > LONGEST_CONTENT:
            raise EncodeError(f"{self.name} has {len(content)} octets, its length octet holds {LONGEST_CONTENT}")
        return bytes((self.code, len(content))) + content

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        raise NotImplementedError

    def _encode(self) -> bytes:
        raise NotImplementedError


class SingleOctetElement(Element):
    """An element of one octet, Q.931 4.5.1; `parse` and `encode` take and give its value bits as one octet."""

    __slots__ = ()

    @property
    def identifier(self) -> int:
        """The octet."""
        return self.to_octets()[0]

    def to_octets(self) -> bytes:
        """The octet: identifier with the value in it."""
        value = self.encode()
        return bytes((self.code | value[0],)) if value else bytes((self.code,))


@dataclass(frozen=True, slots=True)
class RawElement:
    """An element known only by its octets: not known here, of another codeset, or malformed. Survives unchanged."""

    identifier: int
    octets: bytes | None
    """Content octets; None for an element of one octet."""
    codeset: int = 0
    error: str | None = None
    """What is wrong with the content; None when it is merely not known."""
    declared: int | None = None
    """What the length octet says where the message ends before; 256 when even the length is missing."""

    @property
    def code(self) -> int:
        """The identifier without the value of a type 1 element."""
        return base_identifier(self.identifier)

    @property
    def name(self) -> str:
        """Name of the element."""
        return element_name(self.identifier, self.codeset)

    def encode(self) -> bytes:
        """The content octets."""
        return self.octets or b""

    def to_octets(self) -> bytes:
        """The whole element with identifier and length."""
        if self.octets is None:
            return bytes((self.identifier,))
        length = len(self.octets) if self.declared is None else self.declared
        if length > LONGEST_CONTENT:
            if self.declared is not None:
                return bytes((self.identifier,))
            raise EncodeError(f"{self.name} has {length} octets, its length octet holds {LONGEST_CONTENT}")
        return bytes((self.identifier, length)) + self.octets

    def __str__(self) -> str:
        text = "" if self.octets is None else self.octets.hex()
        return f"malformed {text} ({self.error})" if self.error is not None else text


@dataclass(frozen=True, slots=True)
class Shift:
    """Shift to another codeset, Q.931 4.5.3 and 4.5.4: for the next element only, or (locking) for all that follow."""

    codeset: int
    locking: bool = False

    @property
    def name(self) -> str:
        """Name of the element."""
        return "Locking shift" if self.locking else "Non-locking shift"

    @property
    def code(self) -> int:
        """Identifier without the value."""
        return int(ElementCode.SHIFT)

    @property
    def identifier(self) -> int:
        """The octet."""
        return self.to_octets()[0]

    def encode(self) -> bytes:
        """The value bits."""
        if not 0 <= self.codeset <= 7:
            raise EncodeError(f"codeset {self.codeset} is not within 0 to 7")
        return bytes(((0 if self.locking else 8) | self.codeset,))

    def to_octets(self) -> bytes:
        """The octet."""
        return bytes((ElementCode.SHIFT | self.encode()[0],))

    def __str__(self) -> str:
        return f"to codeset {self.codeset}"


AnyElement: TypeAlias = Element | RawElement | Shift


class Fields:
    """Content octets read one by one and in groups of extended octets; DecodeError names the element."""

    __slots__ = ("_code", "_octets", "offset")

    def __init__(self, code: ElementCode, octets: bytes) -> None:
        self._code = code
        self._octets = octets
        self.offset = 0
        """Of the next octet."""

    def __bool__(self) -> bool:
        """Whether there is more."""
        return self.offset < len(self._octets)

    def octet(self) -> int:
        """The next octet."""
        offset = self.offset
        if offset >= len(self._octets):
            raise DecodeError(f"{element_name(self._code)} ends too early, has {offset} octets", offset)
        self.offset = offset + 1
        return self._octets[offset]

    def peek(self) -> int | None:
        """The next octet without taking it; None at the end."""
        return self._octets[self.offset] if self else None

    def group(self, limit: int = LONGEST_CONTENT) -> tuple[int, ...]:
        """Octets up to and including the first with bit 8 set, without that bit (Q.931 4.5.1, extension mechanism).

        At most `limit`, whatever the last one says: what follows belongs to another field then.
        """
        found: list[int] = []
        while len(found) < limit:
            octet = self.octet()
            found.append(octet & 0x7F)
            if octet & 0x80:
                break
        return tuple(found)

    def characters(self) -> str:
        """All that is left as characters of IA5; DecodeError where bit 8 is set."""
        start = self.offset
        rest = self.rest()
        if not rest.isascii():
            wrong = next(index for index, octet in enumerate(rest) if octet > 0x7F)
            raise DecodeError(f"{element_name(self._code)} has a character that is not IA5", start + wrong)
        return rest.decode("ascii")

    def rest(self) -> bytes:
        """All that is left."""
        rest = self._octets[self.offset :]
        self.offset = len(self._octets)
        return rest


def group(*values: int) -> bytes:
    """A group of extended octets: bit 8 clear on all but the last."""
    return bytes([*values[:-1], values[-1] | 0x80])


def fit(value: int, width: int, what: str) -> int:
    """`value` when it fits `width` bits, EncodeError otherwise."""
    if not 0 <= value < 1 << width:
        raise EncodeError(f"{what} is {value}, its field holds 0 to {(1 << width) - 1}")
    return value


def ia5(text: str, what: str) -> bytes:
    """Characters of IA5 (bit 8 zero); EncodeError for others."""
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise EncodeError(f"{what} {text!r} has characters that are not IA5") from None


def typed_elements() -> Mapping[int, type[Element]]:
    """Every typed element by its identifier (those whose modules have been imported; `messages` imports all)."""
    return MappingProxyType(_TYPED)


def parse_element(identifier: int, octets: bytes | None, codeset: int = 0) -> AnyElement:
    """Read an element as its own type; raw where there is none, raw with `error` when the content is malformed.

    `octets` are the content, None for an element of one octet. One without any content stays raw: it counts as
    absent (Q.931 4.5.1).
    """
    code: Any = identifier
    if octets is None:
        if identifier & 0xF0 == ElementCode.SHIFT:
            return Shift(identifier & 7, not identifier & 8)
        code = base_identifier(identifier)
    cls = _TYPED.get(code) if codeset == 0 else None
    if cls is None or octets == b"" or is_single(identifier) is not (octets is None):
        return RawElement(identifier, octets, codeset)
    content = bytes((identifier & 0x0F,)) if octets is None else octets
    if cls.SHARED:
        known = _SHARED.get((code, content))
        if known is not None:
            return known
    try:
        element = cls.parse(content)
    except DecodeError as error:
        return RawElement(identifier, octets, codeset, str(error))
    if cls.SHARED:
        if len(_SHARED) >= _SHARED_MAXIMUM:
            _SHARED.clear()
        _SHARED[code, content] = element
    return element
