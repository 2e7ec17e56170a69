"""Cause and progress indicator: what happened and where; Q.931 4.5.12 (coded as Q.850 2.1) and 4.5.23."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.bits import meaning_of
from tandem.core.cause import cause_name, location_name
from tandem.isdn.q931.codes import ElementCode
from tandem.isdn.q931.elements import Element, Fields, fit, group


class CodingStandard(IntEnum):
    """Coding standard of an element, Q.931 4.5.5 and others."""

    ITU_T = 0
    ISO_IEC = 1
    NATIONAL = 2
    NETWORK = 3


class ProgressDescription(IntEnum):
    """Progress description, Q.931 4.5.23; 16 to 19 are those of Q.SIG (coding standard ISO/IEC)."""

    NOT_END_TO_END_ISDN = 1
    DESTINATION_NON_ISDN = 2
    ORIGINATION_NON_ISDN = 3
    RETURNED_TO_ISDN = 4
    INTERWORKING_WITH_SERVICE_CHANGE = 5
    INBAND_INFORMATION = 8
    DELAY_AT_CALLED_INTERFACE = 10
    INTERWORKING_WITH_PUBLIC_NETWORK = 16
    UNABLE_TO_SUPPLY_RELEASE_SIGNAL = 17
    UNABLE_TO_SUPPLY_RELEASE_SIGNAL_BEFORE_ANSWER = 18
    UNABLE_TO_SUPPLY_RELEASE_SIGNAL_AFTER_ANSWER = 19


@dataclass(frozen=True, slots=True)
class CauseElement(Element):
    """Cause, Q.931 4.5.12."""

    code: ClassVar[ElementCode] = ElementCode.CAUSE
    SHARED: ClassVar[bool] = True

    value: int
    """Cause value, see `core.cause.Cause`."""
    location: int = 0
    """See `core.cause.Location`."""
    coding_standard: int = CodingStandard.ITU_T
    """See `CodingStandard`."""
    recommendation: int | None = None
    """0 Q.931, 3 X.21, 4 X.25, 5 public land mobile network; None when octet 3a is absent."""
    diagnostics: bytes = b""
    """What it is about: identifiers of elements, a message type, a timer's number in IA5 ..."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read location, value and diagnostics."""
        fields = Fields(cls.code, octets)
        first, *more = fields.group(2)
        value = fields.octet() & 0x7F
        return cls(value, first & 0x0F, first >> 5 & 3, more[0] if more else None, fields.rest())

    def _encode(self) -> bytes:
        """Content octets."""
        first = fit(self.coding_standard, 2, "coding standard") << 5 | fit(self.location, 4, "location")
        more = [] if self.recommendation is None else [fit(self.recommendation, 7, "recommendation")]
        return group(first, *more) + group(fit(self.value, 7, "cause value")) + self.diagnostics

    def __str__(self) -> str:
        text = f"{self.value} {cause_name(self.value)}, {location_name(self.location)}"
        return f"{text}, diagnostics {self.diagnostics.hex()}" if self.diagnostics else text


@dataclass(frozen=True, slots=True)
class ProgressIndicator(Element):
    """Progress indicator, Q.931 4.5.23; may stand twice in a message."""

    code: ClassVar[ElementCode] = ElementCode.PROGRESS_INDICATOR
    SHARED: ClassVar[bool] = True

    description: int
    """See `ProgressDescription`."""
    location: int = 0
    """See `core.cause.Location`."""
    coding_standard: int = CodingStandard.ITU_T
    """See `CodingStandard`."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read location and description."""
        fields = Fields(cls.code, octets)
        first = fields.group()[0]
        return cls(fields.octet() & 0x7F, first & 0x0F, first >> 5 & 3)

    def _encode(self) -> bytes:
        """Content octets."""
        first = fit(self.coding_standard, 2, "coding standard") << 5 | fit(self.location, 4, "location")
        return group(first) + group(fit(self.description, 7, "progress description"))

    def __str__(self) -> str:
        return f"{meaning_of(ProgressDescription, self.description)}, {location_name(self.location)}"
