"""What the F bits of a T1 hold: SF (D4) superframes and ESF extended superframes (G.704 2.1; ANSI T1.403).

Frames are counted here from 0 to 23: one extended superframe, or two superframes of SF.
"""

from __future__ import annotations

from typing import Final

from tandem.hardware.span import Framing

FRAME_BITS: Final = 193
"""The F bit, then 24 timeslots of 8 bits."""
CHANNELS: Final = 24
MULTIFRAME: Final = 24
"""Frames counted: an extended superframe, or two superframes of SF."""
MULTIFRAME_OCTETS: Final = MULTIFRAME * FRAME_BITS // 8
GROUP: Final = 8
"""Frames that are a whole number of octets, 193."""

SF_PATTERN: Final = (1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0)
"""Ft 101010 in frames 0, 2, 4, ..., Fs 001110 in the others."""
ESF_PATTERN: Final = (0, 0, 1, 0, 1, 1)
"""FPS in frames 3, 7, 11, ..., 23."""
ESF_STRIDE: Final = 4
"""Frames from one FPS bit to the next."""
ESF_CRC_FRAMES: Final = (1, 5, 9, 13, 17, 21)
"""Frames with the bits of CRC-6, most significant first."""
ESF_LINK_FRAMES: Final = tuple(range(0, MULTIFRAME, 2))
"""Frames with a bit of the facility data link, 4 kbit/s."""

BIT_2: Final = 0x40
"""Zero in every timeslot is remote alarm (yellow) in SF."""


def pattern(framing: Framing) -> dict[int, int]:
    """The F bits that frame alignment is known by, by frame."""
    if framing is Framing.SF:
        return {frame: SF_PATTERN[frame % len(SF_PATTERN)] for frame in range(MULTIFRAME)}
    return {ESF_STRIDE * place + ESF_STRIDE - 1: bit for place, bit in enumerate(ESF_PATTERN)}
