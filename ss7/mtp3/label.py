"""Routing label, point codes and the service information octet (Q.704 (07/96) 2.2 and 14.2; national layouts)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from msgspec import Struct

from tandem.core.enumeration import Symbol
from tandem.core.errors import ConfigurationError, DecodeError, EncodeError


class Variant(Symbol):
    """The national layout of the label and of point codes."""

    ITU = "itu"
    """14-bit point codes, label of 4 octets."""
    ANSI = "ansi"
    """24-bit point codes network-cluster-member, label of 7 octets, SLS of 8 (or 5) bits."""
    CHINA = "china"
    """24-bit point codes main area-sub area-point, label of 7 octets."""
    JAPAN = "japan"
    """16-bit point codes, label of 5 octets."""


class Service(IntEnum):
    """Service indicator, Q.704 14.2.1."""

    MANAGEMENT = 0
    TESTING = 1
    TESTING_SPECIAL = 2
    SCCP = 3
    TUP = 4
    ISUP = 5
    DUP_CALL = 6
    DUP_FACILITY = 7
    MTP_TESTING_USER = 8
    BROADBAND_ISUP = 9
    SATELLITE_ISUP = 10
    AAL2 = 12
    BICC = 13
    GATEWAY_CONTROL = 14


class NetworkIndicator(IntEnum):
    """Network indicator, Q.704 14.2.2."""

    INTERNATIONAL = 0
    SPARE = 1
    NATIONAL = 2
    NATIONAL_RESERVED = 3


class Layout(Struct, frozen=True):
    """How a variant lays out its label: fields follow each other from the least significant bit on."""

    octets: int
    """Length of the label."""
    point_code_bits: int
    sls_wire_bits: int
    """Bits of the SLS field as sent, spare bits included."""
    sls_bits: int
    """Bits of it that select a link."""
    text: tuple[int, ...]
    """Bits of each part of a point code as people write it, most significant part first."""

    @property
    def point_code_limit(self) -> int:
        """The first number that is no point code."""
        return 1 << self.point_code_bits

    @property
    def sls_mask(self) -> int:
        """The bits of the SLS field that select a link."""
        return (1 << self.sls_bits) - 1


LAYOUTS: Final[dict[Variant, Layout]] = {
    Variant.ITU: Layout(4, 14, 4, 4, (3, 8, 3)),  # Q.704 figure 3
    Variant.ANSI: Layout(7, 24, 8, 8, (8, 8, 8)),  # T1.111.4; networks with 5-bit SLS leave the rest 0
    Variant.CHINA: Layout(7, 24, 8, 4, (8, 8, 8)),  # GF 001-9001; TUP has CIC bits 5-8 in the spare half
    Variant.JAPAN: Layout(5, 16, 8, 4, (7, 4, 5)),  # JT-Q704; the split of the text is recalled
}


class RoutingLabel(Struct, frozen=True):
    """Destination, origin, and signalling link selection."""

    dpc: int
    opc: int
    sls: int
    """The SLS field as sent. In the 7-octet labels this is the whole seventh octet; see `Layout.sls_mask`."""


class ServiceInformation(Struct, frozen=True):
    """The service information octet, the first one of every message."""

    service: int
    network_indicator: int
    priority: int = 0
    """Message priority (ANSI; national option elsewhere), else spare and 0."""

    @classmethod
    def parse(cls, octet: int) -> ServiceInformation:
        """The parts of `octet`."""
        return cls(octet & 0xF, octet >> 6, octet >> 4 & 3)

    def encode(self) -> int:
        """The octet; EncodeError when a part does not fit."""
        if not (0 <= self.service <= 15 and 0 <= self.network_indicator <= 3 and 0 <= self.priority <= 3):
            raise EncodeError(f"{self} does not fit a service information octet")
        return self.service | self.priority << 4 | self.network_indicator << 6


def parse_label(octets: bytes, variant: Variant, offset: int = 0) -> tuple[RoutingLabel, int]:
    """The label at `offset` and its length in octets."""
    layout = LAYOUTS[variant]
    field = octets[offset : offset + layout.octets]
    if len(field) < layout.octets:
        raise DecodeError(f"routing label needs {layout.octets} octets, {len(field)} left", offset)
    value = int.from_bytes(field, "little")
    bits = layout.point_code_bits
    mask = (1 << bits) - 1
    return RoutingLabel(value & mask, value >> bits & mask, value >> 2 * bits), layout.octets


def encode_label(label: RoutingLabel, variant: Variant) -> bytes:
    """The octets of `label`; EncodeError when a field is too large for the variant."""
    layout = LAYOUTS[variant]
    bits = layout.point_code_bits
    if not (0 <= label.dpc < 1 << bits and 0 <= label.opc < 1 << bits and 0 <= label.sls < 1 << layout.sls_wire_bits):
        raise EncodeError(f"{label} does not fit a {variant.value} label")
    return (label.dpc | label.opc << bits | label.sls << 2 * bits).to_bytes(layout.octets, "little")


def rotate_sls(msu: bytes, bits: int, right: bool = True) -> bytes:
    """`msu` (ANSI, SIO first) with the last `bits` bits of its SLS turned by one; `right=False` undoes it.

    Every node does so in a network that shares the load by one bit at a time (T1.111.4; recalled).
    """
    sls = msu[7]
    low = sls & (1 << bits) - 1
    turned = low >> 1 | (low & 1) << bits - 1 if right else (low << 1 | low >> bits - 1) & (1 << bits) - 1
    return msu[:7] + bytes((sls & ~((1 << bits) - 1) & 0xFF | turned,)) + msu[8:]


def parse_point_code(text: str, variant: Variant) -> int:
    """A point code written as one number (`4711`) or in parts (`2-10-5`); ConfigurationError when it is neither."""
    layout = LAYOUTS[variant]
    form = "-".join(str(bits) for bits in layout.text)
    parts = text.strip().split("-")
    if not all(part.isascii() and part.isdigit() and len(part) <= 8 for part in parts):
        raise ConfigurationError(f"{text!r} is not a point code; write a number or {form} bits such as 2-10-5")
    numbers = [int(part) for part in parts]
    if len(numbers) == 1:
        if numbers[0] >= layout.point_code_limit:
            raise ConfigurationError(
                f"point code {text} is too large for {variant.value}: the last is {layout.point_code_limit - 1}"
            )
        return numbers[0]
    if len(numbers) != len(layout.text):
        raise ConfigurationError(f"{text!r} is not a point code; {variant.value} has {len(layout.text)} parts ({form})")
    value = 0
    for number, bits in zip(numbers, layout.text, strict=True):
        if number >= 1 << bits:
            raise ConfigurationError(f"{number} in point code {text!r} is too large: {(1 << bits) - 1} is the last")
        value = value << bits | number
    return value


def format_point_code(point_code: int, variant: Variant) -> str:
    """The usual text of a point code: `2-10-5` (3-8-3 bits) for ITU, `main-sub-point` for China and so on."""
    parts: list[str] = []
    for bits in reversed(LAYOUTS[variant].text):
        parts.append(str(point_code & (1 << bits) - 1))
        point_code >>= bits
    return "-".join(reversed(parts))
