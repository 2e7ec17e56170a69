"""The E1 framer: fills timeslot 0 with frame alignment, CRC-4 multiframes, E bits and remote alarm (G.704, G.706)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.hardware import speed
from tandem.hardware.framing.crc4 import BLOCK, SUBMULTIFRAME, crc4, crc4_blocks
from tandem.hardware.framing.e1_timeslot0 import BIT_1, FRAME_OCTETS, MULTIFRAME, row, row_without_crc

_ROWS: Final = [
    [[[row(half, alarm, e_bits, crc) for crc in range(16)] for e_bits in range(4)] for alarm in (False, True)]
    for half in (0, 1)
]
"""Timeslot 0 of a sub-multiframe by half, remote alarm, E bits and CRC."""
_ROWS_WITHOUT_CRC: Final = (row_without_crc(False), row_without_crc(True))
_C_BITS: Final = np.array([[BIT_1 if crc >> (3 - c) & 1 else 0 for c in range(4)] for crc in range(16)], np.uint8)
_NO_ERRORS: Final = 3
"""E bits of a multiframe in which nothing is told."""
_MANY: Final = 8
"""From so many whole sub-multiframes on, numpy is cheaper than one integer each."""


class E1Framer:
    """Turns frames into the octets of a line, 32 a frame, most significant bit sent first.

    `remote_alarm` is sent as the A bit from the next frame on. E bits tell 0 while `multiframe_aligned` is False,
    and once for each error given to `report_crc_errors`.
    """

    def __init__(self, *, crc4: bool = True) -> None:
        self.crc4 = crc4
        self.remote_alarm = False
        self.multiframe_aligned = False
        self._errors = 0
        self._position = 0  # in the multiframe, of the next frame
        self._e_bits = 0
        self._sent_crc = 0  # of the last whole sub-multiframe
        self._crc = 0  # of the present one so far

    def report_crc_errors(self, count: int) -> None:
        """Tell the far end of `count` received sub-multiframes in error."""
        self._errors += count

    def transmit(self, frames: NDArray[np.uint8]) -> bytes:
        """Frame `frames`, shape (n, 32); timeslot 0 in them is ignored. Returns 32 * n octets."""
        count = len(frames)
        if (
            speed.speedups is not None
            and self.crc4
            and count
            and not (count % SUBMULTIFRAME or self._position % SUBMULTIFRAME)
        ):
            octets: bytes
            rows = self._rows(count // SUBMULTIFRAME)
            octets, sent = speed.speedups.frame_e1s(frames.tobytes(), rows, bytes((self._sent_crc,)))
            self._sent_crc = sent[0]
            return octets
        portions: list[bytes | bytearray] = []
        done = 0
        while done < count:
            place = self._position % SUBMULTIFRAME
            whole = (count - done) // SUBMULTIFRAME
            if place == 0 and self.crc4 and whole >= (_MANY if speed.speedups is None else 1):
                size = whole * SUBMULTIFRAME
                portions.append(_frame_submultiframes([self], frames[None, done : done + size]))
                done += size
                continue
            size = min(SUBMULTIFRAME - place, count - done)
            part = bytearray(frames[done : done + size].tobytes())
            part[::FRAME_OCTETS] = self._timeslot0()[place : place + size]
            if self.crc4:
                self._crc ^= crc4(part, place * FRAME_OCTETS)
                if place + size == SUBMULTIFRAME:
                    self._sent_crc, self._crc = self._crc, 0
            self._position = (self._position + size) % MULTIFRAME
            portions.append(part)
            done += size
        return b"".join(portions)

    def _timeslot0(self) -> bytes:
        """Timeslot 0 of the present sub-multiframe."""
        if not self.crc4:
            return _ROWS_WITHOUT_CRC[self.remote_alarm]
        if self._position == SUBMULTIFRAME:
            self._e_bits = self._next_e_bits()
        return _ROWS[self._position // SUBMULTIFRAME][self.remote_alarm][self._e_bits][self._sent_crc]

    def _next_e_bits(self) -> int:
        if not self.multiframe_aligned:
            return 0
        errors = min(self._errors, 2)
        self._errors -= errors
        return (_NO_ERRORS, 1, 0)[errors]

    @property
    def at_submultiframe(self) -> bool:
        """Whether the next frame begins a sub-multiframe with CRC-4."""
        return self.crc4 and self._position % SUBMULTIFRAME == 0

    def _rows(self, whole: int) -> bytes:
        """Timeslot 0 of the next `whole` sub-multiframes, C bits zero."""
        if self._errors and whole > 1:
            return b"".join([self._rows(1) for _ in range(whole)])
        half = self._position // SUBMULTIFRAME
        if self._e_bits == _NO_ERRORS and self.multiframe_aligned and not self._errors:
            later = _NO_ERRORS
        else:
            later = self._next_e_bits() if half or whole > 1 else self._e_bits
        rows = timeslots0(half, whole, self.remote_alarm, self._e_bits, later)
        self._e_bits = later
        self._position = (self._position + whole * SUBMULTIFRAME) % MULTIFRAME
        return rows


def transmit_together(framers: Sequence[E1Framer], frames: NDArray[np.uint8]) -> list[bytes]:
    """What `transmit` of each of `framers` makes of its part of `frames`, shape (framers, n, 32)."""
    if frames.shape[1] % SUBMULTIFRAME or not frames.size or not all([framer.at_submultiframe for framer in framers]):
        return [framer.transmit(part) for framer, part in zip(framers, frames, strict=True)]
    octets = _frame_submultiframes(framers, frames)
    size = len(octets) // len(framers)
    return [octets[start : start + size] for start in range(0, len(octets), size)]


def _frame_submultiframes(framers: Sequence[E1Framer], frames: NDArray[np.uint8]) -> bytes:
    """The octets of all lines, one line behind the other; `frames`, shape (framers, n, 32), are sub-multiframes."""
    whole = frames.shape[1] // SUBMULTIFRAME
    timeslots0 = b"".join([framer._rows(whole) for framer in framers])
    sent = bytes([framer._sent_crc for framer in framers])
    if speed.speedups is not None:
        octets, sent = speed.speedups.frame_e1s(frames.tobytes(), timeslots0, sent)
    else:
        octets, sent = _fill_submultiframes(frames, timeslots0, sent)
    for framer, last in zip(framers, sent, strict=True):
        framer._sent_crc = last
    return bytes(octets)


def _fill_submultiframes(frames: NDArray[np.uint8], timeslots0: bytes, sent: bytes) -> tuple[bytes, bytes]:
    """`frames` with timeslot 0 and CRC, `sent` being the CRC that each line sends next; and what it sends next then."""
    line = np.array(frames, np.uint8, order="C")
    count, size, _ = line.shape
    line[:, :, 0] = np.frombuffer(timeslots0, np.uint8).reshape(count, size)
    blocks = line.reshape(-1, BLOCK)
    crcs = crc4_blocks(blocks)[0].reshape(count, -1)
    told = np.concatenate((np.frombuffer(sent, np.uint8)[:, None], crcs[:, :-1]), axis=1)
    blocks[:, :: 2 * FRAME_OCTETS] |= _C_BITS[told.ravel()]
    return line.tobytes(), crcs[:, -1].tobytes()


@lru_cache(maxsize=256)
def timeslots0(half: int, whole: int, remote_alarm: bool, e_bits: int, later: int) -> bytes:
    """Timeslot 0 of `whole` sub-multiframes from `half` on; E bits are `later` from the first half II on."""
    rows = []
    for place in range(half, half + whole):
        if place % 2:
            e_bits = later
        rows.append(_ROWS[place % 2][remote_alarm][e_bits][0])
    return b"".join(rows)
