"""Fields of a few bits in the octets of a message, declared on a dataclass: read, written, told in words."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from enum import IntEnum
from operator import attrgetter
from typing import Any, Final

from tandem.core.errors import EncodeError


@dataclass(frozen=True, slots=True)
class Bits:
    """Where a field lies in the first octets of its element, read as one little-endian number."""

    name: str
    shift: int
    mask: int
    flag: bool
    meaning: type[IntEnum] | None


def bits(
    octet: int, lowest: int, width: int = 1, *, default: Any = MISSING, meaning: type[IntEnum] | None = None
) -> Any:
    """A dataclass field of `width` bits, its lowest at bit `lowest` (1 to 8) of `octet` (from 1), as the ITU-T counts.

    A field of one bit is a bool (False unless `default` says otherwise), a wider one an int (0). `meaning` names
    the values in the log; it does not restrict them, because spare values must survive.
    """
    if default is MISSING:
        default = False if width == 1 else 0
    place = (8 * (octet - 1) + lowest - 1, (1 << width) - 1, width == 1, meaning)
    return field(default=default, metadata={"bits": place})


_LAYOUTS: Final[dict[Any, tuple[Bits, ...]]] = {}
_GETTERS: Final[dict[Any, Any]] = {}
"""For each class what gives the values of all its bit fields."""
_READ: Final[dict[tuple[Any, int], dict[str, Any]]] = {}
_WRITTEN: Final[dict[tuple[Any, Any], int]] = {}
_MOST_KEPT: Final = 4096
"""What few octets say comes all the time: so many results are kept, of reading and of writing."""


def layout(cls: Any) -> tuple[Bits, ...]:
    """The bit fields of a dataclass, in their order there."""
    places = _LAYOUTS.get(cls)
    if places is None:
        declared = (item for item in fields(cls) if "bits" in item.metadata)
        places = _LAYOUTS[cls] = tuple([Bits(item.name, *item.metadata["bits"]) for item in declared])
    return places


def read_bits(cls: Any, number: int) -> dict[str, Any]:
    """Values of the bit fields of `cls` by name, in octets given as one little-endian number."""
    found = _READ.get((cls, number))
    if found is None:
        if len(_READ) >= _MOST_KEPT:
            _READ.clear()
        found = _READ[cls, number] = {
            place.name: bool(number >> place.shift & 1) if place.flag else number >> place.shift & place.mask
            for place in layout(cls)
        }
    return found.copy()


def write_bits(value: Any, name: str) -> int:
    """The bit fields of `value` as one little-endian number; EncodeError, with its `name`, when one does not fit."""
    cls = type(value)
    getter = _GETTERS.get(cls)
    if getter is None:
        names = [place.name for place in layout(cls)]
        getter = _GETTERS[cls] = attrgetter(*names) if names else lambda value: ()
    key = (cls, getter(value))
    number = _WRITTEN.get(key)
    if number is None:
        if len(_WRITTEN) >= _MOST_KEPT:
            _WRITTEN.clear()
        number = _WRITTEN[key] = _put_together(value, name)
    return number


def _put_together(value: Any, name: str) -> int:
    number = 0
    for place in layout(type(value)):
        content = int(getattr(value, place.name))
        if not 0 <= content <= place.mask:
            raise EncodeError(f"{place.name} of {name} is {content}, its field holds 0 to {place.mask}")
        number |= content << place.shift
    return number


def describe_bits(value: Any) -> list[str]:
    """Each bit field of `value` that is not zero or has named values, in words."""
    parts = []
    places = layout(type(value))
    for place in places:
        content = getattr(value, place.name)
        label = place.name.replace("_", " ")
        if place.meaning is not None:
            meaning = meaning_of(place.meaning, content)
            parts.append(meaning if len(places) == 1 else f"{label} {meaning}")
        elif content:
            parts.append(label if place.flag else f"{label} {content}")
    return parts


def meaning_of(meaning: type[IntEnum], value: int) -> str:
    """Name of a value in words, or the number when it is spare."""
    try:
        return meaning(value).name.lower().replace("_", " ")
    except ValueError:
        return str(int(value))
