"""The T1 framer: puts F bits before frames of 24 timeslots, with CRC-6, data link and remote alarm (G.704, T1.403)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tandem.hardware.framing.crc6 import crc6
from tandem.hardware.framing.t1_data_link import DataLinkTransmitter
from tandem.hardware.framing.t1_format import (
    BIT_2,
    CHANNELS,
    ESF_CRC_FRAMES,
    FRAME_BITS,
    GROUP,
    MULTIFRAME,
    MULTIFRAME_OCTETS,
    pattern,
)
from tandem.hardware.span import Framing

_CRC_BITS: Final = 6


class T1Framer:
    """Turns frames into the octets of a line, 193 for eight frames, most significant bit sent first.

    `remote_alarm` is sent from the next frame on: in ESF on the data link, in SF as bit 2 of every timeslot.
    """

    def __init__(self, framing: Framing = Framing.ESF) -> None:
        self.remote_alarm = False
        self.data_link = DataLinkTransmitter()
        """Of ESF."""
        self._esf = framing is Framing.ESF
        self._f_bits = np.ones(MULTIFRAME, np.uint8)
        for frame, bit in pattern(framing).items():
            self._f_bits[frame] = bit
        self._position = 0  # in the multiframe, of the next frame
        self._multiframe = b""  # octets of the present one so far, F bits ones
        self._crc = 0  # of the last whole multiframe

    def transmit(self, frames: NDArray[np.uint8]) -> bytes:
        """Frame `frames`, shape (n, 32), n a multiple of 8; timeslots 1 to 24 are sent. Returns 193 * n / 8 octets."""
        count = len(frames)
        if count % GROUP:
            raise ValueError(f"{count} frames are no whole number of octets; 8, 16, ... are")
        channels = frames[:, 1 : 1 + CHANNELS]
        if self.remote_alarm and not self._esf:
            channels = channels & np.uint8(0xFF ^ BIT_2)
        bits = np.ones((count, FRAME_BITS), np.uint8)
        bits[:, 1:] = np.unpackbits(channels, axis=1)
        line = np.packbits(bits)
        f_bits = self._f_bits.take(np.arange(self._position, self._position + count), mode="wrap")
        if self._esf:
            self._fill(f_bits, line.tobytes())
        places, masks = _places(count)
        line[places] &= np.where(f_bits, np.uint8(0xFF), masks)
        self._position = (self._position + count) % MULTIFRAME
        return line.tobytes()

    def _fill(self, f_bits: NDArray[np.uint8], line: bytes) -> None:
        """Put CRC-6 and data link into the F bits of `line`."""
        count = len(f_bits)
        self.data_link.remote_alarm = self.remote_alarm
        first = self._position % 2
        link = self.data_link.bits((count - first + 1) // 2)
        f_bits[first::2] = np.frombuffer(link.encode(), np.uint8) & 1
        start = -self._position  # of a multiframe, in frames of `f_bits`
        multiframe = self._multiframe + line
        while start < count:
            for place, frame in enumerate(ESF_CRC_FRAMES):
                if 0 <= start + frame < count:
                    f_bits[start + frame] = self._crc >> (_CRC_BITS - 1 - place) & 1
            if len(multiframe) >= MULTIFRAME_OCTETS:
                self._crc = crc6(multiframe)
                multiframe = multiframe[MULTIFRAME_OCTETS:]
            start += MULTIFRAME
        self._multiframe = multiframe


@lru_cache(maxsize=64)
def _places(count: int) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """The octets that the F bits of `count` frames are in, and what clears them there."""
    bits = np.arange(count) * FRAME_BITS
    return bits // 8, (0xFF ^ 0x80 >> bits % 8).astype(np.uint8)
