"""Parameters of circuit supervision, Q.763 3.13, 3.14, 3.43: range and status, supervision type, circuit state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from tandem.core.bits import bits
from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.parameters import Indicators, Parameter


class SupervisionType(IntEnum):
    """Circuit group supervision message type indicator, Q.763 3.13."""

    MAINTENANCE = 0
    HARDWARE_FAILURE = 1
    NATIONAL = 2


@dataclass(frozen=True, slots=True)
class CircuitGroupSupervisionMessageType(Indicators):
    """Why a group of circuits is blocked or unblocked, Q.763 3.13."""

    code: ClassVar[ParameterCode] = ParameterCode.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE

    type: int = bits(1, 1, 2, meaning=SupervisionType)


@dataclass(frozen=True, slots=True)
class RangeAndStatus(Parameter):
    """Which circuits from the CIC of the message on are meant, and a status bit for each; Q.763 3.43."""

    code: ClassVar[ParameterCode] = ParameterCode.RANGE_AND_STATUS

    range: int
    """Range as coded, 0 to 255: one less than the number of circuits."""
    status: tuple[bool, ...] | None = None
    """A flag for each circuit; None where the message has no status (GRS, CQM, CQR)."""

    @property
    def count(self) -> int:
        """Number of circuits in the range."""
        return self.range + 1

    def selected(self, cic: int) -> list[int]:
        """CICs whose status is 1, when the message has the given CIC; every CIC of the range without status."""
        if self.status is None:
            return list(range(cic, cic + self.count))
        return [cic + index for index, flag in enumerate(self.status) if flag]

    @classmethod
    def for_circuits(cls, cic: int, cics: Iterable[int]) -> Self:
        """The range from `cic` to the last of `cics`, with status 1 for each of `cics`."""
        chosen = set(cics)
        if not chosen or min(chosen) < cic or max(chosen) - cic > 255:
            raise EncodeError(f"circuits {sorted(chosen)} are not within a range of 256 from CIC {cic}")
        length = max(chosen) - cic
        return cls(length, tuple(cic + index in chosen for index in range(length + 1)))

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read range and, where octets follow, one status bit a circuit."""
        if not octets:
            raise DecodeError("Range and status is empty", 0)
        length = octets[0]
        if len(octets) == 1:
            return cls(length)
        if len(octets) - 1 < (length + 8) // 8:
            raise DecodeError(f"status of range {length} needs {(length + 8) // 8} octets, has {len(octets) - 1}", 1)
        number = int.from_bytes(octets[1:], "little")
        return cls(length, tuple(bool(number >> index & 1) for index in range(length + 1)))

    def _encode(self) -> bytes:
        """Content octets; EncodeError when the status does not fit the range."""
        if not 0 <= self.range <= 255:
            raise EncodeError(f"range {self.range} does not fit an octet")
        if self.status is None:
            return bytes([self.range])
        if len(self.status) != self.count:
            raise EncodeError(f"range {self.range} needs {self.count} status bits, has {len(self.status)}")
        number = sum(1 << index for index, flag in enumerate(self.status) if flag)
        return bytes([self.range]) + number.to_bytes((self.count + 7) // 8, "little")

    def __str__(self) -> str:
        if self.status is None:
            return f"{self.count} circuits"
        return f"{self.count} circuits, status {''.join('1' if flag else '0' for flag in self.status)}"


class Blocking(IntEnum):
    """Blocking state of a circuit, Q.763 3.14."""

    NONE = 0
    LOCAL = 1
    REMOTE = 2
    LOCAL_AND_REMOTE = 3


class CallProcessing(IntEnum):
    """Call processing state of a circuit, Q.763 3.14; 0 says that the circuit is transient or unequipped."""

    NOT_APPLICABLE = 0
    INCOMING_BUSY = 1
    OUTGOING_BUSY = 2
    IDLE = 3


@dataclass(frozen=True, slots=True)
class CircuitState:
    """State of one circuit, Q.763 3.14."""

    maintenance: int = Blocking.NONE
    """Maintenance blocking; with `call_processing` 0 instead: 0 transient, 3 unequipped."""
    call_processing: int = CallProcessing.IDLE
    hardware: int = Blocking.NONE
    """Hardware blocking."""

    @property
    def transient(self) -> bool:
        """Whether the circuit is between two states."""
        return self.call_processing == 0 and self.maintenance == 0

    @property
    def unequipped(self) -> bool:
        """Whether there is no such circuit."""
        return self.call_processing == 0 and self.maintenance == 3

    def __int__(self) -> int:
        return self.maintenance & 3 | (self.call_processing & 3) << 2 | (self.hardware & 3) << 4

    @classmethod
    def of(cls, octet: int) -> Self:
        """Read one octet."""
        return cls(octet & 3, octet >> 2 & 3, octet >> 4 & 3)


@dataclass(frozen=True, slots=True)
class CircuitStateIndicator(Parameter):
    """State of each circuit of the range in a CQR, Q.763 3.14."""

    code: ClassVar[ParameterCode] = ParameterCode.CIRCUIT_STATE_INDICATOR

    states: tuple[CircuitState, ...]

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read one octet a circuit."""
        return cls(tuple(CircuitState.of(octet) for octet in octets))

    def _encode(self) -> bytes:
        """Content octets."""
        return bytes(int(state) for state in self.states)

    def __str__(self) -> str:
        return self.encode().hex(" ")
