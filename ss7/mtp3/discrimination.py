"""Message discrimination, HMDC of Q.704 2.4.1: whether a received message is for this signalling point."""

from __future__ import annotations

from enum import Enum

from tandem.core.errors import DecodeError
from tandem.ss7.mtp3.label import LAYOUTS, Variant


class Destination(Enum):
    """Where a received message belongs."""

    HERE = "for this signalling point"
    ELSEWHERE = "for another signalling point"
    OTHER_NETWORK = "of another network"


class Discrimination:
    """Splits a message by pointer walk: this runs for every message received."""

    def __init__(self, point_code: int, variant: Variant, network_indicator: int) -> None:
        layout = LAYOUTS[variant]
        self._point_code = point_code
        self._network_indicator = network_indicator
        self._octets = layout.octets
        self._bits = layout.point_code_bits
        self._mask = layout.point_code_limit - 1

    def discriminate(self, msu: bytes) -> tuple[Destination, int, int, int, int]:
        """Destination, service, DPC, OPC and SLS field of `msu`; DecodeError when it is too short for a label."""
        end = 1 + self._octets
        if len(msu) < end:
            raise DecodeError(f"message of {len(msu)} octets has no routing label", len(msu))
        value = int.from_bytes(msu[1:end], "little")
        dpc = value & self._mask
        opc = value >> self._bits & self._mask
        sls = value >> 2 * self._bits
        if msu[0] >> 6 != self._network_indicator:
            destination = Destination.OTHER_NETWORK
        elif dpc != self._point_code:
            destination = Destination.ELSEWHERE
        else:
            destination = Destination.HERE
        return destination, msu[0] & 0xF, dpc, opc, sls
