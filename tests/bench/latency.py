"""How long an octet takes from phone to phone: RTP, a timeslot of a line, RTP again, in virtual time.

    .venv/bin/python tests/bench/latency.py

Two media planes are joined by a line of each driver; cards are stand-ins without delay of their own. What the phones
themselves make packets of is not counted: the delay is that of an octet from the packet that has it at one to that at
the other, at the same place in it. The machine's own lateness is left out, for time is virtual.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.dahdi_kernel import Kernel
from support.e1d_daemon import Daemon
from support.media_plane import STEP, Planes, Side, free_ports, leg, timeslot
from support.spans import spec_pair

from tandem.gateway.media.plane import Plane
from tandem.gateway.media.protocol import Channel, MediaConfiguration, Source, SpanConfiguration
from tandem.hardware import dahdi_calls

SPEECH = np.random.default_rng(5).integers(0, 256, 8000, dtype=np.uint8).tobytes()
MARK = 320
"""Octets that are told from all others."""
Move = Callable[[], None]


class Moved(Planes):
    """Planes, and a device that moves the octets of 5 ms every 5 ms."""

    move: Move | None = None

    def _collect(self, side: Side) -> None:
        super()._collect(side)
        if self.move is not None and side is self.sides[-1] and self._steps % 5 == 0:
            self.move()


@contextlib.contextmanager
def joined(devices: tuple[str, str], move: Move | None, signalling: bool) -> Iterator[tuple[Moved, Side, Side]]:
    """Two planes with a line between them."""
    first, sides = free_ports(40), []
    try:
        for place, device in enumerate(devices):
            configuration = MediaConfiguration(
                spans=[SpanConfiguration("E0", device)],
                channels=[Channel(1, "E0", (16,))] if signalling else [],
                rtp_ports=(first + 20 * place, first + 20 * place + 9),
            )
            sides.append(Side(Plane(configuration)))
        planes = Moved(*sides)
        planes.move = move
        yield planes, sides[0], sides[1]
    finally:
        for side in sides:
            side.plane.close()
            for phone in side.phones:
                phone.socket.close()


def measure(devices: tuple[str, str], move: Move | None = None, signalling: bool = True) -> float:
    """Milliseconds from phone to phone."""
    with joined(devices, move, signalling) as (planes, one, two):
        phones = []
        for side in (one, two):
            phones.append(side.phone(1))
            side.command(Source(timeslot(5), leg(1)), Source(leg(1), timeslot(5)))
        speaker, hearer = phones
        speaker.line_open = hearer.line_open = True
        planes.run(1.5)
        speaker.speech = SPEECH
        sent: float | None = None
        arrivals: list[float] = []
        for _ in range(round(1.2 / STEP)):
            planes.run(STEP)
            if sent is None and len(speaker.speech) < len(SPEECH):
                sent = planes.now
            hearer.listen()
            arrivals += [planes.now] * (len(hearer.packets) - len(arrivals))
        assert sent is not None
        place = hearer.heard.tobytes().find(SPEECH[1600 : 1600 + MARK])
        assert place >= 0, "the speech did not arrive whole"
        return 1000 * (arrivals[place // 160] - sent) + (place % 160) / 8 - 1600 / 8


def main() -> None:
    """Print a table."""
    virtual = spec_pair("virtual")
    print(f"{'virtual':34}{measure(virtual):6.1f} ms")
    for kind, options in (
        ("satop", ""),
        ("satop", ",burst=5"),
        ("satop", ",frames=40"),
        ("cesopsn", ""),
        ("cesopsn", ",frames=40"),
    ):
        print(f"{kind + options:34}{measure(spec_pair(kind, options)):6.1f} ms")
    one, other = spec_pair("satop")
    print(f"{'satop, up to 8 ms of jitter':34}{measure((f'fault:jitter=8,span={one}', other)):6.1f} ms")
    print(f"{'satop, no signalling on it':34}{measure(spec_pair('satop'), signalling=False):6.1f} ms")
    for options in ("", ",chunk=16", ",chunk=160"):
        kernel = Kernel({}, {})
        dahdi_calls.KERNEL = kernel
        time = measure((f"dahdi:1{options}", f"dahdi:2{options}"), lambda kernel=kernel: kernel.run(40))
        print(f"{'dahdi' + options:34}{time:6.1f} ms")
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(f"{folder}/ctl")

        def move() -> None:
            daemon.serve()
            for _ in range(4):
                daemon.step()

        time = measure((f"e1d:0:0,socket={folder}/ctl", f"e1d:0:1,socket={folder}/ctl"), move)
        print(f"{'e1d':34}{time:6.1f} ms")
        daemon.close()


if __name__ == "__main__":
    main()
