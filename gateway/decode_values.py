"""What the parts of `tandem decode` share: values as JSON has them, and offsets of errors in nested octets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

from tandem.core.errors import DecodeError


def plain(value: Any) -> Any:
    """The value in types that JSON has."""
    if is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


@contextmanager
def shifted(offset: int) -> Iterator[None]:
    """Count the offset of an error from `offset` octets further ahead."""
    try:
        yield
    except DecodeError as error:
        raise DecodeError(error.message, None if error.offset is None else error.offset + offset) from None
