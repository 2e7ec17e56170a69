"""Parameters of ISUP: the base of every typed parameter, its register, and parameters without a type of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

from tandem.core.bits import describe_bits, read_bits, write_bits
from tandem.core.errors import DecodeError
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
    """Content octets that the value was parsed from, or was encoded to before; absent from one made here till then."""

    code: ClassVar[ParameterCode]
    name: ClassVar[str]
    """Full name of the parameter."""
    DERIVED: ClassVar[tuple[str, ...]] = ()
    """Properties that belong to a complete report beside the fields."""

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        code = cls.__dict__.get("code")
        if code is not None:
            cls.name = parameter_name(code)
            # A dataclass with slots is made twice; the second one is the one to keep.
            _TYPED[int(code)] = cls

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read the parameter from its content octets; DecodeError when they are too few or make no sense."""
        value = cls._parse(octets)
        object.__setattr__(value, "_coded", octets)
        return value

    def encode(self) -> bytes:
        """Content octets; EncodeError when a value does not fit its field."""
        coded = getattr(self, "_coded", None)
        if coded is None:
            coded = self._encode()
            object.__setattr__(self, "_coded", coded)
        return coded

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
        return read_bits(cls, int.from_bytes(octets[: cls.SIZE], "little"))

    def describe(self) -> list[str]:
        """Each bit field that is not zero, in words."""
        return describe_bits(self)

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
        return write_bits(self, self.name).to_bytes(self.SIZE, "little")


def typed_parameters() -> Mapping[int, type[Parameter]]:
    """Every typed parameter by its code (those whose modules have been imported; `messages` imports all)."""
    return MappingProxyType(_TYPED)


def parse_parameter(code: int, octets: bytes) -> Parameter | RawParameter:
    """Read a parameter as its own type, or raw where there is none. DecodeError when the content is malformed."""
    cls = _TYPED.get(code)
    return RawParameter(code, octets) if cls is None else cls.parse(octets)
