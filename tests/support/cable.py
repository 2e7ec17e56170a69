"""Cables between serial lines: pairs of pseudo-terminals, joined by a thread."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import tty
from collections.abc import Iterator


class Cable:
    """Two pseudo-terminals; what is written to one is read from the other, until it is cut."""

    def __init__(self) -> None:
        pairs = [os.openpty() for _ in range(2)]
        self.masters = [master for master, _ in pairs]
        self._slaves = [slave for _, slave in pairs]  # kept open, so that the device stays while nobody has it
        for master, slave in pairs:
            tty.setraw(slave)
            os.set_blocking(master, False)
        self.paths = [os.ttyname(slave) for slave in self._slaves]
        """Devices of the two ends."""
        self.cut = False
        self.carried = 0
        """Octets so far, both ways."""

    def carry(self) -> None:
        """Move what has come to either end."""
        for end, master in enumerate(self.masters):
            with contextlib.suppress(BlockingIOError):
                octets = os.read(master, 65536)
                if not self.cut:
                    self.carried += os.write(self.masters[1 - end], octets)

    def close(self) -> None:
        """Take the devices away."""
        for descriptor in (*self.masters, *self._slaves):
            os.close(descriptor)


@contextlib.contextmanager
def cables(count: int) -> Iterator[list[Cable]]:
    """So many cables that carry by themselves."""
    joined = [Cable() for _ in range(count)]
    by_master = {master: cable for cable in joined for master in cable.masters}
    reading, writing = os.pipe()

    def carry() -> None:
        while reading not in (ready := select.select([reading, *by_master], [], [])[0]):
            for master in ready:
                by_master[master].carry()

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield joined
    finally:
        os.write(writing, b"x")
        thread.join()
        for cable in joined:
            cable.close()
        os.close(reading)
        os.close(writing)
