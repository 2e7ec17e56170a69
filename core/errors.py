"""The errors of Tandem: one root, and who is at fault."""

from __future__ import annotations


class TandemError(Exception):
    """Root of every error that Tandem raises on purpose."""


class DecodeError(TandemError, ValueError):
    """Octets from outside do not follow their format.

    `offset` counts octets from the first one handed to the decoder; None where no single octet is to blame.
    """

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset

    def __str__(self) -> str:
        return self.message if self.offset is None else f"{self.message} (at octet {self.offset})"


class EncodeError(TandemError, ValueError):
    """A value cannot be put in the format asked for: our own caller is at fault."""


class ConfigurationError(TandemError):
    """The operator's configuration is wrong; the text says where and what would be right."""


class SpanError(TandemError):
    """A span cannot be opened, read or written; the text names its spec string."""
