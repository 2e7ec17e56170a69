"""Search for E1 frame alignment in a line of bits without any alignment (G.706 4.1.2)."""

from __future__ import annotations

from typing import Final

from tandem.hardware.framing.e1_timeslot0 import FRAME_BITS
from tandem.hardware.framing.signal_monitor import SignalMonitor

_FAS: Final = "0011011"
_REACH: Final = 2 * FRAME_BITS + 8
"""Bits from the first of a FAS frame to the last of the next FAS: what a candidate is judged by."""


class AlignmentSearch:
    """Looks for FAS, bit 2 = 1 one frame later and FAS two frames later, the first place in the line that has it.

    One search is one object: it begins at bit `first` (0-7) of the octets given first. When `avoid_first` is set, the
    alignment in which that bit begins a frame is passed over for two frames, so that a search after a false
    alignment tries every other place before it finds that one again.
    """

    def __init__(self, first: int = 0, *, avoid_first: bool = False) -> None:
        self.signal = SignalMonitor()
        self._octets = b""
        self._next = first  # candidate to try next, in bits from the start of self._octets
        self._avoid = 2 * FRAME_BITS if avoid_first else 0  # bits left in which the first phase is passed over
        self._passed = 0  # bits found to be no alignment

    def receive(self, octets: bytes) -> tuple[bytes, int] | None:
        """Take the next octets. On success return the octets from the one on where the alignment begins, and its bit.

        None means that all that came was not enough, or no alignment.
        """
        self._octets += octets
        bits = f"{int.from_bytes(self._octets, 'big'):0{8 * len(self._octets)}b}" if self._octets else ""
        last = len(bits) - _REACH
        start = self._next
        candidate = bits.find(_FAS, start + 1) - 1
        while 0 <= candidate <= last:
            if self._is_aligned(bits, candidate) and not self._is_avoided(candidate - start):
                self._pass(bits, start, candidate)
                return self._octets[candidate // 8 :], candidate % 8
            candidate = bits.find(_FAS, candidate + 2) - 1
        if last >= start:
            self._pass(bits, start, last + 1)
            self._octets = self._octets[(last + 1) // 8 :]
            self._next = (last + 1) % 8
        return None

    @property
    def frames_passed(self) -> int:
        """Whole frames' worth of bits that were passed over so far."""
        return self._passed // FRAME_BITS

    def _is_avoided(self, distance: int) -> bool:
        return distance < self._avoid and (self._passed + distance) % FRAME_BITS == 0

    def _pass(self, bits: str, start: int, end: int) -> None:
        self._passed += end - start
        self._avoid -= end - start
        self.signal.receive(bits[start:end])

    @staticmethod
    def _is_aligned(bits: str, candidate: int) -> bool:
        return bits[candidate + FRAME_BITS + 1] == "1" and bits.startswith(_FAS, candidate + 2 * FRAME_BITS + 1)
