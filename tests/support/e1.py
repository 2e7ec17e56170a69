"""Making E1 lines for tests, and spoiling them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from tandem.hardware.framing.e1_deframer import E1Deframer
from tandem.hardware.framing.e1_framer import E1Framer


def speech(frames: int, seed: int = 1) -> np.ndarray:
    """Random octets, shape (frames, 32), with the frame number in timeslots 1 and 2."""
    octets = np.random.default_rng(seed).integers(0, 256, (frames, 32), dtype=np.uint8)
    octets[:, 1] = np.arange(frames) % 256
    octets[:, 2] = np.arange(frames) // 256
    return octets


def line_of(
    frames: np.ndarray, *, crc4: bool = True, alarm: bool = False, aligned: bool = True, framer: E1Framer | None = None
) -> bytes:
    """The octets of a line that carries `frames`."""
    framer = framer or E1Framer(crc4=crc4)
    framer.remote_alarm = alarm
    framer.multiframe_aligned = aligned
    return framer.transmit(frames)


def shifted(octets: bytes, bits: int, fill: int = 0) -> bytes:
    """The same bits `bits` (0-7) later, with `fill` before them; the last bits go away."""
    if not bits:
        return octets
    head = (fill & ((1 << bits) - 1)) << (8 * len(octets) - bits)
    return (head | int.from_bytes(octets, "big") >> bits).to_bytes(len(octets), "big")


def flipped(octets: bytes, bits: Iterable[int]) -> bytes:
    """With these bits of the line inverted; bit 0 is sent first."""
    spoilt = bytearray(octets)
    for bit in bits:
        spoilt[bit // 8] ^= 0x80 >> bit % 8
    return bytes(spoilt)


def feed(deframer: E1Deframer, octets: bytes, size: int = 256, each: Callable[[], None] | None = None) -> np.ndarray:
    """Give octets in blocks of `size`; all the frames that come out."""
    given = [np.empty((0, 32), np.uint8)]
    for start in range(0, len(octets), size):
        given.append(deframer.receive(octets[start : start + size]))
        if each:
            each()
    return np.concatenate(given)


def numbers(frames: np.ndarray) -> list[int]:
    """The frame numbers that `speech` put in."""
    return [int(row[1]) + 256 * int(row[2]) for row in frames]
