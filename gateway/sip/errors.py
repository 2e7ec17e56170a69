"""A SIP message that breaks the grammar, and what to answer."""

from __future__ import annotations

from tandem.core.errors import DecodeError


class SipDecodeError(DecodeError):
    """A message is malformed; `status` answers it where it is a request that can be answered."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
