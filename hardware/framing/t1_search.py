"""Search for T1 frame alignment in a line of bits without any alignment (G.706 2.1)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.hardware.framing.signal_monitor import T1_LIMITS, SignalMonitor
from tandem.hardware.framing.t1_format import ESF_PATTERN, ESF_STRIDE, FRAME_BITS, MULTIFRAME, SF_PATTERN
from tandem.hardware.span import Framing

CONFIRMED: Final = 24
"""Framing bits in a row that must be right: 3 ms of SF, 12 ms of ESF."""
PATIENCE: Final = 8
"""Windows after which the first of several places that look like framing is taken."""
AVOIDED: Final = 2
"""Windows in which a place that was false is passed over."""

_Places = dict[int, int]
"""Bits of a window at which a framing bit may stand -> its place in the pattern."""


class T1Search:
    """Looks at windows of `CONFIRMED` framing bits for the one place where all of them are right.

    One search is one object: it begins at bit `first` (0-7) of the octets given first. With `avoid_first` the
    alignment in which that bit begins frame 0 is passed over for some windows: it has proved false.
    """

    def __init__(self, framing: Framing, first: int = 0, *, avoid_first: bool = False) -> None:
        self.signal = SignalMonitor(T1_LIMITS)
        self._stride = ESF_STRIDE if framing is Framing.ESF else 1
        pattern = ESF_PATTERN if framing is Framing.ESF else SF_PATTERN
        self._codes = {_code(pattern, phase): phase for phase in range(len(pattern))}
        self._period = FRAME_BITS * self._stride
        self._octets = b""
        self._first = first
        self._passed = 0  # bits of whole windows
        self._found = 0  # bits from the last window to the alignment
        self._aligned = False
        self._windows = 0
        self._candidates: _Places = {}
        self._together = 0  # windows that the candidates have been right in
        self._avoided = FRAME_BITS * (self._stride - 1) if avoid_first else -1

    def receive(self, octets: bytes) -> tuple[bytes, int, int] | None:
        """Take the next octets. On success: the octets from the one on where a frame begins, its bit, which frame.

        None means that all that came was not enough, or no alignment.
        """
        self._octets += octets
        size = CONFIRMED * self._period
        # A frame begins at most one frame behind the window; its beginning must be there too.
        while 8 * len(self._octets) - self._first >= size + FRAME_BITS:
            window = self._octets[: (size + self._first + 7) // 8]
            bits = np.unpackbits(np.frombuffer(window, np.uint8))[self._first : self._first + size]
            self.signal.receive((bits + np.uint8(ord("0"))).tobytes().decode("ascii"))
            self._octets = self._octets[size // 8 :]
            self._passed += size
            self._windows += 1
            if (place := self._judge(self._places(bits))) is not None:
                return self._align(*place)
        return None

    @property
    def frames_passed(self) -> int:
        """Whole frames' worth of bits that are no part of an aligned frame, so far."""
        waiting = self._found if self._aligned else max(0, 8 * len(self._octets) - self._first)
        return (self._passed + waiting) // FRAME_BITS

    def _places(self, bits: NDArray[np.uint8]) -> _Places:
        columns = np.packbits(bits.reshape(CONFIRMED, self._period), axis=0).astype(np.uint32)
        codes = columns[0] << 16 | columns[1] << 8 | columns[2]
        places = np.flatnonzero(np.isin(codes, list(self._codes))).tolist()
        return {place: self._codes[int(codes[place])] for place in places}

    def _judge(self, places: _Places) -> tuple[int, int] | None:
        """The place that is taken for the framing, once there is only one or the search has lasted long."""
        if self._windows <= AVOIDED:
            places.pop(self._avoided, None)
        # A window holds whole patterns, so the framing is in the same place and phase in each of them.
        left = {place: phase for place, phase in self._candidates.items() if places.get(place) == phase}
        self._candidates, self._together = (left, self._together + 1) if left else (places, 1)
        if len(self._candidates) == 1 or (self._candidates and self._together >= PATIENCE):
            return min(self._candidates.items())
        return None

    def _align(self, place: int, phase: int) -> tuple[bytes, int, int]:
        before = place // FRAME_BITS  # frames that begin in the new window before the one with that framing bit
        self._found = place % FRAME_BITS
        self._aligned = True
        start = self._first + self._found
        frame = (self._stride * phase + self._stride - 1 - before) % MULTIFRAME
        return self._octets[start // 8 :], start % 8, frame


def _code(pattern: tuple[int, ...], phase: int) -> int:
    """`CONFIRMED` framing bits from `phase` of the pattern on, as a number."""
    code = 0
    for place in range(phase, phase + CONFIRMED):
        code = code << 1 | pattern[place % len(pattern)]
    return code
