"""Signal units of ITU-T Q.703 (07/96) 2: FISU, LSSU and MSU, in the basic and the extended format.

A unit here starts at the BSN and ends before the check bits: flags, bit stuffing and FCS belong to the HDLC framing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cached_property
from typing import Final

from tandem.core.errors import DecodeError, EncodeError

#: Q.703 2.3.8: an SIF has at most 272 octets; with the SIO before it an MSU carries 273.
MAX_SIF: Final = 272
#: Q.703 2.3.3: a length indicator above 2 means MSU, so SIO and SIF together have at least three octets.
MIN_MSU: Final = 3


class UnitKind(Enum):
    """The three kinds of signal unit, told apart by the length indicator (Q.703 2.2)."""

    FISU = "FISU"
    """Fill-in signal unit."""
    LSSU = "LSSU"
    """Link status signal unit."""
    MSU = "MSU"
    """Message signal unit."""


class Status(IntEnum):
    """Status indications of an LSSU, bits CBA of its status field (Q.703 11.1.3)."""

    SIO = 0
    """Out of alignment."""
    SIN = 1
    """Normal alignment."""
    SIE = 2
    """Emergency alignment."""
    SIOS = 3
    """Out of service."""
    SIPO = 4
    """Processor outage."""
    SIB = 5
    """Busy (congestion)."""


@dataclass(frozen=True)
class UnitFormat:
    """Layout of the header: three fields of equal width (BSN and BIB, FSN and FIB, LI), low octet first."""

    name: str
    field_bits: int
    """Bits of each field; the indicator bit is the highest of its field."""
    sequence_bits: int
    """Bits of a sequence number."""
    length_bits: int
    """Bits of the length indicator; a longer MSU carries the greatest value (Q.703 2.3.3)."""

    @cached_property
    def modulus(self) -> int:
        """Sequence numbers count modulo this."""
        return 1 << self.sequence_bits

    @cached_property
    def header_octets(self) -> int:
        """Octets before the status field or SIO."""
        return 3 * self.field_bits // 8

    @cached_property
    def max_length_indicator(self) -> int:
        """Greatest value of the length indicator."""
        return (1 << self.length_bits) - 1

    def header(self, bsn: int, bib: int, fsn: int, fib: int, length: int) -> bytes:
        """The header of a unit with `length` octets between LI and check bits."""
        bits, longest = self.field_bits, self.max_length_indicator
        indicator = length if length < longest else longest
        value = bsn | bib << bits - 1 | (fsn | fib << bits - 1) << bits | indicator << 2 * bits
        return value.to_bytes(self.header_octets, "little")


#: Q.703 2.1: 7-bit sequence numbers, LI of 6 bits, header of three octets.
BASIC: Final = UnitFormat("basic", field_bits=8, sequence_bits=7, length_bits=6)
#: Q.703 Annex A: 12-bit sequence numbers, LI of 9 bits, header of six octets, for links of 1.5 and 2 Mbit/s.
EXTENDED: Final = UnitFormat("extended", field_bits=16, sequence_bits=12, length_bits=9)

FORMATS: Final = {form.name: form for form in (BASIC, EXTENDED)}


@dataclass(frozen=True)
class Unit:
    """A signal unit taken apart."""

    bsn: int
    """Backward sequence number: the last MSU accepted from the receiver of this unit."""
    bib: int
    """Backward indicator bit; its inversion asks for retransmission."""
    fsn: int
    """Forward sequence number: of this MSU, or of the last one sent."""
    fib: int
    """Forward indicator bit; its inversion marks the start of a retransmission."""
    length_indicator: int
    kind: UnitKind
    status: int | None = None
    """LSSU: bits CBA of the status field; see Status, values 6 and 7 are spare."""
    status_field: bytes = b""
    """LSSU: the one or two octets of the status field."""
    sio: int | None = None
    """MSU: service information octet."""
    sif: bytes = b""
    """MSU: signalling information field, label first."""

    def __str__(self) -> str:
        head = f"{self.kind.value} BSN {self.bsn} BIB {self.bib} FSN {self.fsn} FIB {self.fib}"
        if self.kind is UnitKind.LSSU:
            return f"{head} {status_name(self.status)}"
        return head if self.sio is None else f"{head} SIO {self.sio:02x} SIF {self.sif.hex()}"


def status_name(status: int | None) -> str:
    """`SIO` to `SIB`, or `status N` for a spare value."""
    return Status(status).name if status in _STATUSES else f"status {status}"


_STATUSES: Final = frozenset(Status)


def decode_unit(octets: bytes, extended: bool = False) -> Unit:
    """Take a unit apart: BSN first, without flags and check bits.

    Spare bits are ignored. Raises DecodeError when the length indicator does not agree with the octets there are
    (Q.703 2.3.3) or the unit is longer than an SIF of 272 octets allows.
    """
    form = EXTENDED if extended else BASIC
    size, bits = form.header_octets, form.field_bits
    if len(octets) < size:
        raise DecodeError(f"signal unit header needs {size} octets, {len(octets)} there", len(octets))
    value = int.from_bytes(octets[:size], "little")
    body = octets[size:]
    length = value >> 2 * bits & form.max_length_indicator
    if length != min(len(body), form.max_length_indicator):
        raise DecodeError(f"length indicator {length} but {len(body)} octets follow", size - bits // 8)
    if len(body) > MAX_SIF + 1:
        raise DecodeError(f"{len(body)} octets of SIO and SIF, more than {MAX_SIF + 1}", size + MAX_SIF + 1)
    sequence = form.modulus - 1
    bsn, bib = value & sequence, value >> bits - 1 & 1
    fsn, fib = value >> bits & sequence, value >> 2 * bits - 1 & 1
    if not body:
        return Unit(bsn, bib, fsn, fib, length, UnitKind.FISU)
    if len(body) < MIN_MSU:
        return Unit(bsn, bib, fsn, fib, length, UnitKind.LSSU, status=body[0] & 7, status_field=body)
    return Unit(bsn, bib, fsn, fib, length, UnitKind.MSU, sio=body[0], sif=body[1:])


def encode_unit(unit: Unit, extended: bool = False) -> bytes:
    """Octets of `unit`; the length indicator is computed, not taken from it. Raises EncodeError for what cannot be."""
    form = EXTENDED if extended else BASIC
    if unit.kind is UnitKind.MSU:
        if unit.sio is None:
            raise EncodeError("an MSU needs a SIO")
        body = bytes([unit.sio]) + unit.sif
        check_msu_length(body)
    elif unit.kind is UnitKind.LSSU:
        body = unit.status_field or bytes([unit.status or 0])
        if len(body) > 2:
            raise EncodeError(f"a status field has one or two octets, not {len(body)}")
    else:
        body = b""
    if not (0 <= unit.bsn < form.modulus and 0 <= unit.fsn < form.modulus):
        raise EncodeError(f"BSN {unit.bsn} or FSN {unit.fsn} is not below {form.modulus} ({form.name} format)")
    return form.header(unit.bsn, unit.bib & 1, unit.fsn, unit.fib & 1, len(body)) + body


def check_msu_length(msu: bytes, max_sif: int = MAX_SIF) -> None:
    """Raise EncodeError unless `msu` (SIO and SIF) can be the body of an MSU."""
    if not MIN_MSU <= len(msu) <= max_sif + 1:
        raise EncodeError(f"an MSU carries {MIN_MSU} to {max_sif + 1} octets of SIO and SIF, not {len(msu)}")
