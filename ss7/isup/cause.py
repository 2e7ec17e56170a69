"""Cause indicators, ITU-T Q.763 3.12 with Q.850 2.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from tandem.core.cause import Cause, Location, cause_name, location_name
from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import Parameter

_CODING_STANDARDS = ("ITU-T", "ISO/IEC", "national", "specific to the location")


@dataclass(frozen=True, slots=True)
class CauseIndicators(Parameter):
    """Why a call failed or was released, and where."""

    code: ClassVar[ParameterCode] = ParameterCode.CAUSE_INDICATORS

    value: int = Cause.NORMAL_CALL_CLEARING
    """Cause value of Q.850, 0 to 127 (of another standard where `coding_standard` says so)."""
    location: int = Location.TRANSIT_NETWORK
    """Location of Q.850, 0 to 15."""
    coding_standard: int = 0
    """0 ITU-T, 1 ISO/IEC, 2 national, 3 specific to the location."""
    recommendation: int | None = None
    """0 Q.931, 3 X.21, 4 X.25, 5 PLMN; None when the octet is absent."""
    diagnostics: bytes = b""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read the cause; DecodeError when an octet that is announced is missing."""
        if len(octets) < 2:
            raise DecodeError(f"Cause indicators needs at least 2 octets, has {len(octets)}", len(octets))
        recommendation, offset = None, 1
        if octets[0] < 0x80:
            recommendation, offset = octets[1] & 0x7F, 2
            if len(octets) < 3:
                raise DecodeError("Cause indicators ends before the cause value", 2)
        first = octets[0]
        return cls(octets[offset] & 0x7F, first & 0xF, first >> 5 & 3, recommendation, octets[offset + 1 :])

    def _encode(self) -> bytes:
        """Content octets."""
        if not (0 <= self.value <= 127 and 0 <= self.location <= 15 and 0 <= self.coding_standard <= 3):
            raise EncodeError(f"cause {self.value}, location {self.location} or coding standard is out of range")
        first = self.location | self.coding_standard << 5
        if self.recommendation is None:
            head = bytes([first | 0x80, self.value | 0x80])
        else:
            head = bytes([first, self.recommendation | 0x80, self.value | 0x80])
        return head + self.diagnostics

    def __str__(self) -> str:
        if self.coding_standard:
            text = f"{int(self.value)} ({_CODING_STANDARDS[self.coding_standard]} coding), at location {self.location}"
        else:
            text = f"{int(self.value)} {cause_name(self.value)}, at {location_name(self.location)}"
        return f"{text}, diagnostics {self.diagnostics.hex()}" if self.diagnostics else text
