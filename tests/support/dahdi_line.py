"""Two DAHDI spans of one stand-in card with a cable between them, in virtual time."""

from __future__ import annotations

import numpy as np
from support.dahdi_kernel import Kernel

from tandem.hardware import dahdi_calls
from tandem.hardware.registry import open_span
from tandem.hardware.span import LineFormat

SPEECH = np.random.default_rng(7).integers(0, 256, (8000, 32), dtype=np.uint8)
IDLE = np.full((160, 32), 0xD5, np.uint8)


class DahdiLine:
    """Spans 1 and 2; each step both write one chunk, read, and the card moves as much."""

    def __init__(self, monkeypatch, *setups, options="", line=LineFormat(), kind="E1"):  # noqa: B008
        self.kernel = Kernel(*(setups or ({}, {})), kind=kind)
        monkeypatch.setattr(dahdi_calls, "KERNEL", self.kernel)
        self.spans = [open_span(f"dahdi:{number}{options}", line) for number in (1, 2)]
        self.chunk = self.spans[0].quantum
        self.now = 100.0
        self.heard = [[], []]

    def run(self, seconds, speech=None, *, moving=True):
        for turn in range(round(seconds * 8000 / self.chunk)):
            idle = IDLE[: self.chunk]
            block = idle if speech is None else speech[self.chunk * turn : self.chunk * (turn + 1)]
            for span, frames, heard in zip(self.spans, (block, idle), self.heard, strict=True):
                span.write(frames, self.now)
                heard.append(span.read(self.now))
            if moving:
                self.kernel.run(self.chunk)
            self.now += self.chunk / 8000

    def close(self):
        for span in self.spans:
            span.close()
