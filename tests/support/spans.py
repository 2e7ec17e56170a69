"""Pairs of spans joined back to back, and driving them in virtual time."""

from __future__ import annotations

import itertools
import socket

import numpy as np

from tandem.hardware.registry import open_span
from tandem.hardware.span import LineFormat, Span

E1 = LineFormat()
_names = itertools.count()


def free_ports(count: int) -> list[int]:
    """UDP ports of 127.0.0.1 that nobody has just now."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def spec_pair(kind: str, options: str = "") -> tuple[str, str]:
    """Specs of the two ends of one line: `virtual`, `satop` or `cesopsn`."""
    if kind == "virtual":
        name = f"virtual:line-{next(_names)}"
        return name, name
    one, other = free_ports(2)
    return (
        f"{kind}:listen=127.0.0.1:{one},peer=127.0.0.1:{other}{options}",
        f"{kind}:listen=127.0.0.1:{other},peer=127.0.0.1:{one}{options}",
    )


class SpanPair:
    """Two spans and a clock; each step both write one quantum and read what has come."""

    def __init__(self, kind: str, options: str = "", line: LineFormat = E1) -> None:
        one, other = spec_pair(kind, options)
        self.spans: tuple[Span, Span] = (open_span(one, line), open_span(other, line))
        self.line = line
        self.now = 1000.0
        self.received: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        self.idle = np.full((self.spans[0].quantum, 32), 0xD5, np.uint8)

    def step(self, frames: tuple[np.ndarray | None, np.ndarray | None] | None = None) -> None:
        """One quantum of time; None for an end writes nothing there."""
        for span, each in zip(self.spans, frames or (self.idle, self.idle), strict=True):
            if each is not None:
                span.write(each, self.now)
        for span, received in zip(self.spans, self.received, strict=True):
            received.append(span.read(self.now))
        self.now += self.spans[0].quantum / 8000

    def run(self, seconds: float, *, silent: int | None = None) -> None:
        """Steps for so long; end `silent` writes nothing."""
        frames = tuple(None if end == silent else self.idle for end in (0, 1))
        for _ in range(round(seconds * 8000 / self.spans[0].quantum)):
            self.step(frames)  # type: ignore[arg-type]

    def close(self) -> None:
        for span in self.spans:
            span.close()
