"""The invariant of every decoder: any octets give a value or a DecodeError."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tandem.core.errors import DecodeError

T = TypeVar("T")


def attempt(decoder: Callable[[bytes], T], octets: bytes) -> T | None:
    """What `decoder` makes of `octets`; None for a DecodeError (whose offset must lie within)."""
    try:
        return decoder(octets)
    except DecodeError as error:
        if error.offset is not None and not 0 <= error.offset <= len(octets):
            raise AssertionError(f"offset {error.offset} is outside {octets.hex()}: {error}") from error
        return None
