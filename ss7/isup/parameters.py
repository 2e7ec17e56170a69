"""Parameters of ISUP: the base of every typed parameter, its register, and parameters without a type of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import IntEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.codes import ParameterCode, parameter_name

_TYPED: Final[dict[int, type[Parameter]]] = {}


class Parameter:
    """A parameter with a type of its own; every subclass is a frozen dataclass.

    `parse` takes content octets (without name and length); octets beyond those defined are ignored, as a later
    edition may have added them. `encode` gives the octets that were parsed, spare bits and all, and for a value made
    here content octets with spare bits zero. Subclasses say how in `_parse` and `_encode`.
    """

    __slots__ = ("_coded",)

    _coded: bytes
    """Content octets that the value was parsed from; absent from values made here."""

    code: ClassVar[ParameterCode]
    DERIVED: ClassVar[tuple[str, ...]] = ()
    """Properties that belong to a complete report beside the fields."""

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        code = cls.__dict__.get("code")
        if code is not None:
            # A dataclass with slots is made twice; the second one is the one to keep.
            _TYPED[int(code)] = cls

    @property
    def name(self) -> str:
        """Full name of the parameter."""
        return parameter_name(self.code)

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read the parameter from its content octets; DecodeError when they are too few or make no sense."""
        value = cls._parse(octets)
        object.__setattr__(value, "_coded", octets)
        return value

    def encode(self) -> bytes:
        """Content octets; EncodeError when a value does not fit its field."""
        try:
            return self._coded
        except AttributeError:
            return self._encode()

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        raise NotImplementedError

    def _encode(self) -> bytes:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class RawParameter:
    """A parameter known only by its code and content octets; survives unchanged."""

    code: int
    octets: bytes

    @property
    def name(self) -> str:
        """Full name of the parameter, or `parameter N`."""
        return parameter_name(self.code)

    def encode(self) -> bytes:
        """The content octets."""
        return self.octets

    def __str__(self) -> str:
        return self.octets.hex()


@dataclass(frozen=True, slots=True)
class Bits:
    """Where a field of a parameter lies in its first octets, read as one little-endian number."""

    name: str
    shift: int
    mask: int
    flag: bool
    meaning: type[IntEnum] | None


def bits(
    octet: int, lowest: int, width: int = 1, *, default: Any = MISSING, meaning: type[IntEnum] | None = None
) -> Any:
    """A dataclass field of `width` bits, its lowest at bit `lowest` (1 to 8) of `octet` (from 1), as Q.763 counts.

    A field of one bit is a bool (False unless `default` says otherwise), a wider one an int (0). `meaning` names
    the values in the log; it does not restrict them, because spare values must survive.
    """
    if default is MISSING:
        default = False if width == 1 else 0
    place = (8 * (octet - 1) + lowest - 1, (1 << width) - 1, width == 1, meaning)
    return field(default=default, metadata={"bits": place})


_LAYOUTS: Final[dict[Any, tuple[Bits, ...]]] = {}


def layout(cls: Any) -> tuple[Bits, ...]:
    """The bit fields of a parameter, in the order of its dataclass."""
    places = _LAYOUTS.get(cls)
    if places is None:
        declared = (item for item in fields(cls) if "bits" in item.metadata)
        places = _LAYOUTS[cls] = tuple([Bits(item.name, *item.metadata["bits"]) for item in declared])
    return places


class BitParameter(Parameter):
    """A parameter whose first `SIZE` octets hold bit fields declared with `bits`."""

    __slots__ = ()

    SIZE: ClassVar[int] = 1

    @classmethod
    def read_bits(cls, octets: bytes) -> dict[str, Any]:
        """Values of the bit fields by name; DecodeError when there are fewer than `SIZE` octets."""
        if len(octets) < cls.SIZE:
            raise DecodeError(
                f"{parameter_name(cls.code)} needs at least {cls.SIZE} octets, has {len(octets)}", len(octets)
            )
        number = int.from_bytes(octets[: cls.SIZE], "little")
        return {
            place.name: bool(number >> place.shift & 1) if place.flag else number >> place.shift & place.mask
            for place in layout(cls)
        }

    def write_bits(self) -> int:
        """The bit fields put together as one little-endian number."""
        number = 0
        for place in layout(type(self)):
            value = int(getattr(self, place.name))
            if not 0 <= value <= place.mask:
                raise EncodeError(f"{place.name} of {self.name} is {value}, its field holds 0 to {place.mask}")
            number |= value << place.shift
        return number

    def describe(self) -> list[str]:
        """Each bit field that is not zero, in words."""
        parts = []
        places = layout(type(self))
        for place in places:
            value = getattr(self, place.name)
            label = place.name.replace("_", " ")
            if place.meaning is not None:
                meaning = meaning_of(place.meaning, value)
                parts.append(meaning if len(places) == 1 else f"{label} {meaning}")
            elif value:
                parts.append(label if place.flag else f"{label} {value}")
        return parts

    def __str__(self) -> str:
        return ", ".join(self.describe()) or "none"


_SHARED: Final[dict[Any, Any]] = {}
_SHARED_MAXIMUM: Final = 4096


class Indicators(BitParameter):
    """A parameter that is nothing but bit fields. Parsed values are shared: the same few octets come all the time."""

    __slots__ = ()

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read the indicators."""
        key = (cls, octets)
        found: Self | None = _SHARED.get(key)
        if found is None:
            if len(_SHARED) >= _SHARED_MAXIMUM:
                _SHARED.clear()
            found = _SHARED[key] = super().parse(octets)
        return found

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        return cls(**cls.read_bits(octets))

    def _encode(self) -> bytes:
        """Content octets."""
        return self.write_bits().to_bytes(self.SIZE, "little")


def meaning_of(meaning: type[IntEnum], value: int) -> str:
    """Name of a value in words, or the number when it is spare."""
    try:
        return meaning(value).name.lower().replace("_", " ")
    except ValueError:
        return str(int(value))


def typed_parameters() -> Mapping[int, type[Parameter]]:
    """Every typed parameter by its code (those whose modules have been imported; `messages` imports all)."""
    return MappingProxyType(_TYPED)


def parse_parameter(code: int, octets: bytes) -> Parameter | RawParameter:
    """Read a parameter as its own type, or raw where there is none. DecodeError when the content is malformed."""
    cls = _TYPED.get(code)
    return RawParameter(code, octets) if cls is None else cls.parse(octets)
