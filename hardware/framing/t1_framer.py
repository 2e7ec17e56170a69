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
    FRAME_BITS,
    GROUP,
    MULTIFRAME,
    MULTIFRAME_OCTETS,
    pattern,
)
from tandem.hardware.span import Framing

_OCTETS: Final = GROUP * FRAME_BITS // 8
"""Octets of a group, eight frames."""
_GROUPS: Final = MULTIFRAME // GROUP
_FEW: Final = 2
"""Up to so many groups, an integer is cheaper than numpy."""
_F_BIT: Final = 1 << (FRAME_BITS - 1)
_CLEAR: Final = [
    ~sum(1 << (FRAME_BITS * (GROUP - place) - 1) for place in range(GROUP) if not f_bits >> (GROUP - 1 - place) & 1)
    for f_bits in range(256)
]
"""What turns the F bits of a group, all ones, into those of an octet."""
_LINK: Final = [sum((bits >> (3 - place) & 1) << (7 - 2 * place) for place in range(4)) for bits in range(16)]
"""Four bits of the data link as F bits of a group: frames 0, 2, 4 and 6."""
_CRC: Final = [(bits >> 1) << 6 | (bits & 1) << 2 for bits in range(4)]
"""Two bits of CRC-6 as F bits of a group: frames 1 and 5."""


def _pattern_octets(framing: Framing) -> tuple[int, ...]:
    """F bits that do not change, of each group of a multiframe."""
    good = pattern(framing)
    return tuple(
        sum(good.get(frame, 0) << (7 - frame % GROUP) for frame in range(start, start + GROUP))
        for start in range(0, MULTIFRAME, GROUP)
    )


class T1Framer:
    """Turns frames into the octets of a line, 193 for eight frames, most significant bit sent first.

    `remote_alarm` is sent from the next frame on: in ESF on the data link, in SF as bit 2 of every timeslot.
    """

    def __init__(self, framing: Framing = Framing.ESF) -> None:
        self.remote_alarm = False
        self.data_link = DataLinkTransmitter()
        """Of ESF."""
        self._esf = framing is Framing.ESF
        self._pattern = _pattern_octets(framing)
        self._group = 0  # of the multiframe, the next one
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
        groups = count // GROUP
        if groups <= _FEW:
            return b"".join([self._group_of(channels[start : start + GROUP]) for start in range(0, count, GROUP)])
        bits = np.ones((count, FRAME_BITS), np.uint8)
        bits[:, 1:] = np.unpackbits(channels, axis=1)
        line = np.packbits(bits)
        octets = self._esf_octets(line.tobytes(), groups) if self._esf else self._sf_octets(groups)
        f_bits = np.unpackbits(np.frombuffer(octets, np.uint8))
        places, masks = _places(count)
        line[places] &= np.where(f_bits, np.uint8(0xFF), masks)
        return line.tobytes()

    def _group_of(self, channels: NDArray[np.uint8]) -> bytes:
        """Eight frames."""
        data, line = channels.tobytes(), 0
        for start in range(0, GROUP * CHANNELS, CHANNELS):
            line = line << FRAME_BITS | _F_BIT | int.from_bytes(data[start : start + CHANNELS], "big")
        octets = self._esf_octets(line.to_bytes(_OCTETS, "big"), 1) if self._esf else self._sf_octets(1)
        return (line & _CLEAR[octets[0]]).to_bytes(_OCTETS, "big")

    def _sf_octets(self, groups: int) -> bytes:
        """The F bits of the next groups."""
        start, self._group = self._group, (self._group + groups) % _GROUPS
        return bytes([self._pattern[(start + group) % _GROUPS] for group in range(groups)])

    def _esf_octets(self, line: bytes, groups: int) -> bytes:
        """The F bits of the next groups, which are `line` with F bits of ones."""
        self.data_link.remote_alarm = self.remote_alarm
        link = int(self.data_link.bits(4 * groups), 2)
        multiframe = self._multiframe + line if self._multiframe else line
        octets = bytearray()
        for group in range(groups):
            place = self._group
            bits = self._pattern[place] | _CRC[self._crc >> (4 - 2 * place) & 3]
            octets.append(bits | _LINK[link >> 4 * (groups - 1 - group) & 15])
            self._group += 1
            if self._group == _GROUPS:
                self._crc, self._group = crc6(multiframe), 0
                multiframe = multiframe[MULTIFRAME_OCTETS:]
        self._multiframe = multiframe
        return bytes(octets)


@lru_cache(maxsize=64)
def _places(count: int) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """The octets that the F bits of `count` frames are in, and what clears them there."""
    bits = np.arange(count) * FRAME_BITS
    return bits // 8, (0xFF ^ 0x80 >> bits % 8).astype(np.uint8)
