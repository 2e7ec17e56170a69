"""Loss of signal and AIS, told from the bits of a line that has no frame alignment (G.775; ANSI T1.231)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SignalLimits:
    """What is no signal, and what is AIS."""

    ais_window: int
    """Bits in which zeros are counted."""
    ais_zeros: int
    """At most so many zeros make a window of AIS."""
    ais_windows: int
    """So many windows in a row set AIS, or clear it."""
    los_zeros: int
    """Zeros in a row that are no signal."""
    los_clear_window: int
    los_clear_ones: int
    """Ones in such a window that are a signal again."""


E1_LIMITS: Final = SignalLimits(512, 2, 2, los_zeros=255, los_clear_window=255, los_clear_ones=32)
"""G.775 5.2: two double frames of at most two zeros; 4.2 allows 10 to 255 zeros."""
T1_LIMITS: Final = SignalLimits(4632, 5, 1, los_zeros=192, los_clear_window=192, los_clear_ones=24)
"""ANSI T1.231: at most five zeros in 3 ms; 175 +/- 75 zeros, and a density of ones of 12.5 %."""


class SignalMonitor:
    """Watches bits, given as a string of "0" and "1" in any portions."""

    def __init__(self, limits: SignalLimits = E1_LIMITS) -> None:
        self.ais = False
        self.los = False
        self._limits = limits
        self._window = ""
        self._other = 0  # windows in a row that speak against self.ais
        self._zeros = ""  # what may begin a run of zeros, or the clearing window

    def receive(self, bits: str) -> None:
        """Take the next bits."""
        self._watch_ais(self._window + bits)
        self._watch_signal(self._zeros + bits)

    def _watch_ais(self, bits: str) -> None:
        limits, place = self._limits, 0
        while place + limits.ais_window <= len(bits):
            ais = bits.count("0", place, place + limits.ais_window) <= limits.ais_zeros
            self._other = self._other + 1 if ais != self.ais else 0
            if self._other == limits.ais_windows:
                self.ais, self._other = ais, 0
            place += limits.ais_window
        self._window = bits[place:]

    def _watch_signal(self, bits: str) -> None:
        limits = self._limits
        while True:
            if not self.los:
                start = bits.find("0" * limits.los_zeros)
                if start < 0:
                    self._zeros = bits[len(bits.rstrip("0")) :]
                    return
                self.los = True
                bits = bits[start + limits.los_zeros :]
            if len(bits) < limits.los_clear_window:
                self._zeros = bits
                return
            if bits.count("1", 0, limits.los_clear_window) >= limits.los_clear_ones:
                self.los = False
            bits = bits[limits.los_clear_window :]
