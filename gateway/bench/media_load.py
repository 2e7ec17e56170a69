"""RTP load for the media benchmark: any number of peers behind one UDP socket, many packets a system call.

The generator must cost much less than what it loads, so it uses sendmmsg(2) and recvmmsg(2), which Python's socket
module does not offer. All peers share an address and port; the media process under test tells its legs apart by its
own ports.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import time
from collections.abc import Iterator
from typing import Final

import numpy as np

BLOCK: Final = 160
SLOTS: Final = 20
"""Parts of 20 ms over which the peers are spread, as unrelated peers are."""
TICK: Final = 0.02
_BUFFER: Final = 4 << 20
_NICE: Final = -15
_RECEIVE: Final = 256
_PACKET: Final = np.dtype(
    [
        ("first", "u1"),
        ("second", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("ssrc", ">u4"),
        ("payload", "u1", (BLOCK,)),
    ]
)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("length", ctypes.c_uint))


class Load:
    """Peers that each send 20 ms of noise at a time; peer i speaks to port i of those `aim` names.

    `laws` are their payload types. What they are sent is counted, not looked at.
    """

    def __init__(self, laws: list[int], loss: float = 0.0) -> None:
        """`loss` is the share of packets that are counted up and not sent."""
        peers = len(laws)
        self._loss = loss
        self._chance = np.random.Generator(np.random.PCG64(2))
        self.sent = 0
        self.received = 0
        self.worst_late = 0.0
        """Seconds that a slot began late at worst: what the generator itself adds to the jitter."""
        self._start = float("-inf")
        self._slot = 0
        """Of those since `_start`, the next."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        self._socket.bind(("127.0.0.1", 0))
        libc = ctypes.CDLL(None, use_errno=True)
        self._sendmmsg, self._recvmmsg = libc.sendmmsg, libc.recvmmsg
        self._packets = np.zeros(peers, _PACKET)
        self._packets["first"] = 0x80
        self._packets["second"] = laws
        self._packets["ssrc"] = np.arange(1, peers + 1)
        noise = np.random.Generator(np.random.PCG64(1))
        self._packets["payload"] = noise.integers(0, 256, (peers, BLOCK))
        self._inbox = np.zeros((_RECEIVE, 256), np.uint8)
        self._bounds = [round(peers * slot / SLOTS) for slot in range(SLOTS + 1)]
        self._out, self._keep_out = _messages(self._packets.ctypes.data, peers, _PACKET.itemsize)
        self._in, self._keep_in = _messages(self._inbox.ctypes.data, _RECEIVE, 256)

    @property
    def address(self) -> tuple[str, int]:
        """Where every peer is."""
        host, port = self._socket.getsockname()
        return host, port

    def aim(self, ports: list[int]) -> None:
        """Tell each peer the port to speak to."""
        host = socket.inet_aton("127.0.0.1")
        names = b"".join(
            struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + host + bytes(8) for port in ports
        )
        self._names = ctypes.create_string_buffer(names, len(names))
        for peer in range(len(ports)):
            header = self._out[peer].header
            header.name = ctypes.addressof(self._names) + 16 * peer
            header.name_length = 16

    @contextlib.contextmanager
    def punctual(self) -> Iterator[None]:
        """A better nice value for the calling thread where it is allowed: a late generator would look like jitter."""
        before = os.getpriority(os.PRIO_PROCESS, 0)
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, before)

    def run(self, until: float, speak: bool = True) -> None:
        """Speak and listen, or only listen, until the time of time.monotonic.

        Called again within a tick, it goes on where it was: every peer speaks each 20 ms, as if there were one call.
        """
        if time.monotonic() > self._start + (self._slot + SLOTS) * TICK / SLOTS:
            self._start, self._slot = time.monotonic(), 0
        first = self._slot
        while (due := self._start + self._slot * TICK / SLOTS) < until:
            now = time.monotonic()
            if now < due:
                time.sleep(due - now)
            elif self._slot > first:
                self.worst_late = max(self.worst_late, now - due)
            if speak:
                self._speak(self._slot % SLOTS)
            self._listen()
            self._slot += 1

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _speak(self, slot: int) -> None:
        first, last = self._bounds[slot], self._bounds[slot + 1]
        packets = self._packets[first:last]
        packets["sequence"] += np.uint16(1)
        packets["timestamp"] += np.uint32(BLOCK)
        kept = self._chance.random(last - first) >= self._loss
        ends = np.flatnonzero(np.diff(kept, prepend=False, append=False)) + first
        for start, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
            self._send(start, end)

    def _send(self, first: int, last: int) -> None:
        while first < last:
            message = ctypes.byref(self._out, first * ctypes.sizeof(_Message))
            count = self._sendmmsg(self._socket.fileno(), message, last - first, 0)
            if count <= 0:
                return
            self.sent += count
            first += count

    def _listen(self) -> None:
        while True:
            count = self._recvmmsg(self._socket.fileno(), self._in, _RECEIVE, socket.MSG_DONTWAIT, None)
            self.received += max(count, 0)
            if count < _RECEIVE:
                return


def _messages(base: int, count: int, size: int) -> tuple[ctypes.Array[_Message], object]:
    """Messages for `count` packets of `size` octets each behind `base`, and what must live as long as they."""
    vectors = (_Vector * count)()
    messages = (_Message * count)()
    for index in range(count):
        vectors[index].base = base + index * size
        vectors[index].length = size
        messages[index].header.vectors = ctypes.addressof(vectors[index])
        messages[index].header.vector_count = 1
    return messages, vectors
