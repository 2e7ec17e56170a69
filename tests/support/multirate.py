"""Several timeslots through a real media plane: frames in at one span, frames out at another, in virtual time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from support.gateways import free_ports

from tandem.gateway.media.plane import Plane
from tandem.gateway.media.protocol import Channel, Command, MediaConfiguration, SpanConfiguration
from tandem.hardware.registry import open_span

STEP = 0.001
#: What the octets of one frame differ by from timeslot to timeslot: each has its place in them.
SPREAD = 37


class Crossing:
    """A plane with spans `left` (A-law) and `right` (mu-law), and the far ends of both lines."""

    def __init__(self, name: str, commands: Iterable[Command], signalling: bool) -> None:
        """`signalling`: timeslot 16 of both spans is a signalling channel."""
        lines = {side: f"virtual:{name}-{side}" for side in ("left", "right")}
        self.plane = Plane(
            MediaConfiguration(
                rtp_ports=(first := free_ports(12), first + 9),
                spans=[
                    SpanConfiguration(side, line, law)
                    for (side, line), law in zip(lines.items(), ("A", "u"), strict=True)
                ],
                channels=[Channel(number, side, (16,)) for number, side in enumerate(lines)] if signalling else [],
            )
        )
        self.far = {side: open_span(line) for side, line in lines.items()}
        self.now = 1000.0
        self.plane.begin(self.now)
        for command in commands:
            self.plane.command(command)
        self.written = 0

    def run(self, seconds: float, source: str, timeslots: list[int], sink: str) -> np.ndarray:
        """Send numbered frames on timeslots at one far end; the frames that came out at the other, shape (n, 32)."""
        quantum = self.far[source].quantum
        numbers = np.arange(quantum)[:, np.newaxis] + SPREAD * np.arange(len(timeslots))
        found = []
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            for side, span in self.far.items():
                frames = np.full((quantum, 32), 0xD5, np.uint8)
                if side == source:
                    frames[:, timeslots] = (numbers + self.written) & 0xFF
                span.write(frames, self.now)
            self.written += quantum
            while self.plane.serve(self.now):
                pass
            self.far[source].read(self.now)
            found.append(self.far[sink].read(self.now))
        return np.concatenate(found)

    def close(self) -> None:
        self.plane.close()
        for span in self.far.values():
            span.close()


def frame_numbers(frames: np.ndarray, timeslots: list[int]) -> np.ndarray:
    """The number, modulo 256, that each timeslot of each frame says the frame has; shape (frames, timeslots)."""
    return (frames[:, timeslots].astype(int) - SPREAD * np.arange(len(timeslots))) % 256
