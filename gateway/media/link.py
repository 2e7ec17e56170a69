"""One end of the socket pair between the signalling process and the media process: batches that are never lost."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from . import speed

Sent = TypeVar("Sent")
Received = TypeVar("Received")

BATCH: Final = 128
"""Values in one datagram at most: 128 of the longest signal units are 35 kilo-octets."""
BUFFER: Final = 4 << 20
MOST_WAITING: Final = 20_000
"""Datagrams that wait at most; an end that leaves more unread hangs, and counts as gone."""
_LONGEST: Final = 1 << 20


class Link(Generic[Sent, Received]):
    """Sends lists of `Sent`, receives lists of `Received`; the socket is non-blocking.

    What the socket does not take waits in order; `flush` sends it once the socket is writable.
    """

    def __init__(self, end: socket.socket, decoder: msgspec.msgpack.Decoder[list[Received]]) -> None:
        self.socket = end
        self.closed = False
        """The other end has gone."""
        self._decode = decoder.decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._waiting: deque[bytes] = deque()

    @property
    def waiting(self) -> bool:
        """Whether something waits for the socket to become writable."""
        return bool(self._waiting)

    def send(self, values: Sequence[Sent]) -> None:
        """Send `values` in order, behind all that waits."""
        if not self._waiting and 0 < len(values) <= BATCH and not self.closed:
            batch = self._encode(values)
            if not self._sent(batch):
                self._waiting.append(batch)
            return
        for start in range(0, len(values), BATCH):
            self._waiting.append(self._encode(values[start : start + BATCH]))
        self.flush()
        if len(self._waiting) > MOST_WAITING:
            self.closed = True

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it."""
        while self._waiting and not self.closed and self._sent(self._waiting[0]):
            self._waiting.popleft()

    def _sent(self, batch: bytes) -> bool:
        """Send a batch; whether the socket took it."""
        try:
            self.socket.send(batch)
        except BlockingIOError:
            return False
        except OSError:
            self.closed = True
            return False
        return True

    def receive(self) -> list[Received]:
        """All that has come; empty when nothing has, or when the other end has gone (see `closed`)."""
        compiled = speed.speedups
        came = datagrams(self.socket) if compiled is None else compiled.datagrams(self.socket.fileno())
        if came and not came[-1]:
            self.closed = True
            del came[-1]
        if len(came) == 1:
            return self._decode(came[0])
        values: list[Received] = []
        for datagram in came:
            values += self._decode(datagram)
        return values


def datagrams(end: socket.socket) -> list[bytes]:
    """All datagrams that have come on a non-blocking socket; an empty one behind them when the other end has gone."""
    found: list[bytes] = []
    while True:
        try:
            found.append(end.recv(_LONGEST))
        except BlockingIOError:
            return found
        except OSError:
            found.append(b"")
        if not found[-1]:
            return found


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """A connected, non-blocking SOCK_SEQPACKET pair with large buffers."""
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in pair:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return pair
