"""Parameters of supplementary services and transport: redirection, user-to-user, compatibility, access transport."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.errors import DecodeError
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import Parameter, meaning_of


class Redirecting(IntEnum):
    """Redirecting indicator, Q.763 3.45 a)."""

    NO_REDIRECTION = 0
    CALL_REROUTED = 1
    CALL_REROUTED_ALL_RESTRICTED = 2
    CALL_DIVERTED = 3
    CALL_DIVERTED_ALL_RESTRICTED = 4
    CALL_REROUTED_NUMBER_RESTRICTED = 5
    CALL_DIVERTED_NUMBER_RESTRICTED = 6


class RedirectionReason(IntEnum):
    """Original and last redirection reason, Q.763 3.45 b) and d)."""

    UNKNOWN = 0
    USER_BUSY = 1
    NO_REPLY = 2
    UNCONDITIONAL = 3
    DEFLECTION_DURING_ALERTING = 4
    DEFLECTION_IMMEDIATE = 5
    MOBILE_NOT_REACHABLE = 6


@dataclass(frozen=True, slots=True)
class RedirectionInformation(Parameter):
    """Redirection information, Q.763 3.45."""

    code: ClassVar[ParameterCode] = ParameterCode.REDIRECTION_INFORMATION

    indicator: int = Redirecting.CALL_DIVERTED
    original_reason: int = RedirectionReason.UNKNOWN
    counter: int | None = 1
    """How often the call was redirected, 1 to 5; None with the one-octet form of 1988."""
    reason: int | None = RedirectionReason.UNKNOWN
    """Why it was redirected last; None with the one-octet form."""

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read the form of one octet or that of two."""
        if not octets:
            raise DecodeError("Redirection information is empty", 0)
        first = octets[0]
        if len(octets) == 1:
            return cls(first & 7, first >> 4, None, None)
        return cls(first & 7, first >> 4, octets[1] & 7, octets[1] >> 4)

    def encode(self) -> bytes:
        """Content octets, one when there is neither counter nor reason."""
        first = bytes([self.indicator & 7 | (self.original_reason & 0xF) << 4])
        if self.counter is None and self.reason is None:
            return first
        return first + bytes([(self.counter or 0) & 7 | ((self.reason or 0) & 0xF) << 4])

    def __str__(self) -> str:
        text = (
            f"{meaning_of(Redirecting, self.indicator)}, "
            f"originally {meaning_of(RedirectionReason, self.original_reason)}"
        )
        if self.reason is not None:
            text += f", last {meaning_of(RedirectionReason, self.reason)}, {self.counter} times"
        return text
