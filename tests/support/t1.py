"""Making T1 lines for tests."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tandem.hardware.framing.t1_deframer import T1Deframer
from tandem.hardware.framing.t1_framer import T1Framer
from tandem.hardware.span import Framing, LineFormat

FRAME = 193


def speech(frames: int, seed: int = 1) -> np.ndarray:
    """Random octets, shape (frames, 32), ones in the timeslots that a T1 has not."""
    octets = np.random.default_rng(seed).integers(0, 256, (frames, 32), dtype=np.uint8)
    octets[:, 0] = octets[:, 25:] = 0xFF
    return octets


def line_of(framing: Framing, frames: np.ndarray) -> bytes:
    """The octets of a line that carries `frames`."""
    return T1Framer(framing).transmit(frames)


def f_bits(octets: bytes) -> list[int]:
    """The F bits of a line that begins with a frame."""
    bits = np.unpackbits(np.frombuffer(octets, np.uint8))
    return bits[: len(bits) // FRAME * FRAME : FRAME].tolist()


def feed(deframer: T1Deframer, octets: bytes, size: int = 193) -> np.ndarray:
    """Give octets in blocks of `size`; all the frames that come out."""
    given = [np.empty((0, 32), np.uint8)]
    given += [deframer.receive(octets[start : start + size]) for start in range(0, len(octets), size)]
    return np.concatenate(given)


def aligned(framing: Framing, loss_window: int = 4) -> tuple[T1Deframer, T1Framer]:
    """A deframer with alignment at frame 0, and a framer that goes on from there."""
    deframer, framer = T1Deframer(LineFormat(framing, loss_window)), T1Framer(framing)
    feed(deframer, framer.transmit(speech(240)))
    assert deframer.aligned
    return deframer, framer


def with_errors(octets: bytes, rate: float, generator: np.random.Generator) -> bytes:
    """With each bit inverted with probability `rate`."""
    bits = np.unpackbits(np.frombuffer(octets, np.uint8))
    return np.packbits(bits ^ (generator.random(len(bits)) < rate)).tobytes()


def with_f_bits_inverted(octets: bytes, frames: Iterable[int]) -> bytes:
    """With the F bits of these frames inverted; the line begins with frame 0."""
    bits = np.unpackbits(np.frombuffer(octets, np.uint8))
    for frame in frames:
        bits[FRAME * frame] ^= 1
    return np.packbits(bits).tobytes()
