"""When a UDP socket is read: at once while little comes, in bursts while much does (docs/decisions/0039).

Network cards moderate their interrupts for the same reason: what is handled together costs less than what is handled
one by one.
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Callable
from typing import Final

from tandem.gateway.sip.transport import BATCH

REST_SECONDS: Final = 0.01
"""From one reading to the next while much comes; a peer repeats after 50 times that (T1, RFC 3261 section 17.1.1.1)."""
BUSY: Final = 400.0
"""Datagrams a second from which on it rests: 100 to 130 calls a second, of four or three datagrams each."""
_WINDOW: Final = 0.5
"""Seconds by which what came counts e times less."""


class ModeratedReader:
    """Has a socket read by `read`, which returns how many datagrams it took, at most BATCH."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, opened: socket.socket, read: Callable[[socket.socket], int]
    ) -> None:
        self._loop = loop
        self._opened = opened
        self._read = read
        self._rate = 0.0
        self._last = 0.0
        self._rest: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Read whenever something waits."""
        self._loop.add_reader(self._opened, self._take)

    def stop(self) -> None:
        """Read no more; the socket stays open."""
        self._loop.remove_reader(self._opened)
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _take(self) -> None:
        now, count = self._loop.time(), 0
        try:
            count = self._read(self._opened)
        finally:
            self._rate = self._rate * math.exp((self._last - now) / _WINDOW) + count / _WINDOW
            self._last = now
            # Nothing there: the loop says when there is. A whole batch: more waits already.
            if self._rate >= BUSY and 0 < count < BATCH:
                if self._rest is None:
                    self._loop.remove_reader(self._opened)
                # From the reading on, not from the end of its work: a process that has no time left does not rest.
                self._rest = self._loop.call_at(now + REST_SECONDS, self._take)
            elif self._rest is not None:
                self._rest = None
                self._loop.add_reader(self._opened, self._take)
