"""What timeslot 0 of an E1 holds (G.704 2.3, tables 5A and 5B)."""

from __future__ import annotations

from typing import Final

FRAME_OCTETS: Final = 32
FRAME_BITS: Final = 256
MULTIFRAME: Final = 16
"""Frames in a CRC-4 multiframe."""

FAS: Final = 0x1B
"""Frame alignment signal 0011011 in bits 2-8 of every other frame."""
FAS_MASK: Final = 0x7F
BIT_1: Final = 0x80
"""Si; with CRC-4: C bits in FAS frames, multiframe alignment and E bits in the others."""
NFAS: Final = 0x40
"""Bit 2, one in frames without FAS."""
REMOTE_ALARM: Final = 0x20
"""A bit of frames without FAS."""
SPARE: Final = 0x1F
"""Sa4 to Sa8, sent as ones."""

MULTIFRAME_WORD: Final = 0b001011
"""CRC-4 multiframe alignment signal: bit 1 of frames 1, 3, 5, 7, 9, 11."""
MULTIFRAME_WORD_BITS: Final = 6
E_FRAMES: Final = (13, 15)
"""Frames whose bit 1 is E: 0 tells an error in sub-multiframe I or II received by the sender."""


def word_bit(position: int) -> int:
    """The bit of the multiframe alignment signal in frame `position` (odd, 1-11)."""
    return MULTIFRAME_WORD >> (5 - position // 2) & 1


def row(half: int, remote_alarm: bool, e_bits: int, crc: int) -> bytes:
    """Timeslot 0 of the eight frames of sub-multiframe I (`half` 0) or II (1).

    `e_bits` holds E of frame 13 in bit 1 and of frame 15 in bit 0; `crc` is C1-C4 with C1 most significant.
    """
    octets = bytearray()
    for place in range(8):
        position = 8 * half + place
        if position % 2 == 0:
            octets.append(FAS | (BIT_1 if crc >> (3 - place // 2) & 1 else 0))
            continue
        bit = e_bits >> (1 if position == E_FRAMES[0] else 0) & 1 if position in E_FRAMES else word_bit(position)
        octets.append((BIT_1 if bit else 0) | NFAS | (REMOTE_ALARM if remote_alarm else 0) | SPARE)
    return bytes(octets)


def row_without_crc(remote_alarm: bool) -> bytes:
    """Timeslot 0 of eight frames without CRC-4: Si is one."""
    return bytes((BIT_1 | FAS, BIT_1 | NFAS | (REMOTE_ALARM if remote_alarm else 0) | SPARE)) * 4
