"""Message discrimination, HMDC of Q.704 2.4.1: whether a received message is for this signalling point."""

from __future__ import annotations

from enum import Enum
from typing import Final

from tandem.core.errors import DecodeError
from tandem.ss7.mtp3.label import LAYOUTS, Variant

#: Headings of messages whose meaning is kept: they are few from each origin.
_MOST_HEADINGS: Final = 4096


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
        self.octets: Final = 1 + layout.octets
        """Octets of the heading: service information and label."""
        self._bits = layout.point_code_bits
        self._mask = layout.point_code_limit - 1
        self.known: Final[dict[bytes, tuple[Destination, int, int, int, int]]] = {}
        """What `discriminate` has found, by heading."""

    def discriminate(self, msu: bytes) -> tuple[Destination, int, int, int, int]:
        """Destination, service, DPC, OPC and SLS field of `msu`; DecodeError when it is too short for a label."""
        heading = msu[: self.octets]
        found = self.known.get(heading)
        if found is None:
            if len(heading) < self.octets:
                raise DecodeError(f"message of {len(msu)} octets has no routing label", len(msu))
            if len(self.known) >= _MOST_HEADINGS:
                self.known.clear()
            found = self.known[heading] = self._look(heading)
        return found

    def _look(self, msu: bytes) -> tuple[Destination, int, int, int, int]:
        value = int.from_bytes(msu[1:], "little")
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
