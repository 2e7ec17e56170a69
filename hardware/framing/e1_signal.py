"""Loss of signal and AIS, told from the bits of a line that has no frame alignment (G.775)."""

from __future__ import annotations

from typing import Final

AIS_WINDOW: Final = 512
"""Bits in which zeros are counted: two frames (G.775 5.2)."""
AIS_ZEROS: Final = 2
"""At most so many zeros make a window of AIS; two windows in a row set it, two others clear it."""
LOS_ZEROS: Final = 255
"""Zeros in a row that are no signal (G.775 4.2 allows 10 to 255)."""
LOS_CLEAR_WINDOW: Final = 255
LOS_CLEAR_ONES: Final = 32
"""Ones in such a window that are a signal again."""


class SignalMonitor:
    """Watches bits, given as a string of "0" and "1" in any portions."""

    def __init__(self) -> None:
        self.ais = False
        self.los = False
        self._window = ""
        self._other = 0  # windows in a row that speak against self.ais
        self._zeros = ""  # what may begin a run of zeros, or the clearing window

    def receive(self, bits: str) -> None:
        """Take the next bits."""
        self._watch_ais(self._window + bits)
        self._watch_signal(self._zeros + bits)

    def _watch_ais(self, bits: str) -> None:
        place = 0
        while place + AIS_WINDOW <= len(bits):
            ais = bits.count("0", place, place + AIS_WINDOW) <= AIS_ZEROS
            self._other = self._other + 1 if ais != self.ais else 0
            if self._other == 2:
                self.ais, self._other = ais, 0
            place += AIS_WINDOW
        self._window = bits[place:]

    def _watch_signal(self, bits: str) -> None:
        while True:
            if not self.los:
                start = bits.find("0" * LOS_ZEROS)
                if start < 0:
                    self._zeros = bits[len(bits.rstrip("0")) :]
                    return
                self.los = True
                bits = bits[start + LOS_ZEROS :]
            if len(bits) < LOS_CLEAR_WINDOW:
                self._zeros = bits
                return
            if bits.count("1", 0, LOS_CLEAR_WINDOW) >= LOS_CLEAR_ONES:
                self.los = False
            bits = bits[LOS_CLEAR_WINDOW:]
