"""A UDP socket for a stream of packets: several go, and come, with one system call where Linux can do it.

Linux cuts what is given at once into packets of one size (UDP_SEGMENT, since 4.18), and hands over together packets of
one size that came one behind the other (UDP_GRO, since 5.0); see udp(7). On the wire nothing is different. Only who
captures at the host itself sees several packets as one, longer than they are on the wire.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from tandem.hardware import speed

_SEGMENT: Final = 103
"""UDP_SEGMENT of linux/udp.h, which the socket module does not have."""
_GRO: Final = 104
"""UDP_GRO, likewise."""
_MOST_SEGMENTS: Final = 64
"""Packets sent at once at most, by the kernel (UDP_MAX_SEGMENTS of those before 6.4)."""
_LONGEST: Final = 65_507 - 20
"""Octets that a datagram over IPv4 or IPv6 takes at most, less room for options."""
_LARGEST: Final = 65_536
_EXTRA: Final = 64
"""Octets of room for the size of the packets, which comes beside them."""
_MOST: Final = 1000
"""Packets taken in one read at most, so that a flood cannot hold the caller."""
_MANY: Final = 4
"""Packets in one read from which on it is tried whether they come together."""
_TRIED: Final = 200
"""Datagrams, none of several packets, after which it is not tried any more: to ask for the size has its cost."""
_CANNOT: Final = frozenset({errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP, errno.ENOPROTOOPT})
"""What a way to the peer that takes no segments answers: no checksums by the device, an MTU below the packets."""

Run = tuple[bytes, int]
"""Octets of one or more packets, and how many each of them has; the last may have fewer."""


class PacketSocket:
    """A non-blocking UDP socket, connected to its peer."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._descriptor = sock.fileno()
        self._segments = True
        self._size = 0  # what the kernel cuts at
        self._most = 0  # octets that it is given at once to be cut so
        self._joining = False
        self._left: int | None = _TRIED
        """Datagrams that are still tried; None: packets do come together."""
        self.packets_out = 0
        self.send_errors = 0
        """Packets that the network did not take."""

    def fileno(self) -> int:
        """The socket, readable when packets have come."""
        return self._descriptor

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def receive(self) -> list[Run]:
        """What has come."""
        if speed.speedups is None:
            return list(self._receive_each())
        runs: list[Run] = []
        count = 0
        full = True
        while full and count < _MOST:
            came, full, packets, together = speed.speedups.receive(self._descriptor, _MOST - count, self._joining)
            runs += came
            count += packets
            if self._joining and self._left is not None and came:
                self._try_together(together, packets)
        if count >= _MANY:
            self._came(count)
        return runs

    def _came(self, count: int) -> None:
        """So many packets came in one read: see whether it is worth a try to have them together."""
        if count >= _MANY and not self._joining and self._left != 0:
            self._join(True)

    def _try_together(self, together: bool, datagrams: int) -> None:
        """Whether packets came together while it is tried, or in so many datagrams: else it is tried no more."""
        if together:
            self._left = None
        elif self._left is not None:
            self._left = max(0, self._left - datagrams)
            if not self._left:
                self._join(False)

    def _receive_each(self) -> Iterator[Run]:
        count = 0
        while count < _MOST:
            try:
                octets, size = self._receive_joined() if self._joining else self._receive_one()
            except BlockingIOError:
                break
            except OSError:  # a host says by ICMP that nobody is there: the same as silence
                count += 1
                continue
            count += -(-len(octets) // size) if size else 1
            yield octets, size
        self._came(count)

    def _receive_one(self) -> Run:
        octets = self._socket.recv(_LARGEST)
        return octets, len(octets)

    def _receive_joined(self) -> Run:
        octets, extra, _, _ = self._socket.recvmsg(_LARGEST, _EXTRA)
        size = len(octets)
        for level, kind, value in extra:
            if level == socket.SOL_UDP and kind == _GRO:
                size = int.from_bytes(value[:4], sys.byteorder)
        self._try_together(size < len(octets), 1)
        return octets, size

    def _join(self, wanted: bool) -> None:
        """Have the kernel hand over packets together, or no more."""
        try:
            self._socket.setsockopt(socket.SOL_UDP, _GRO, wanted)
            self._joining = wanted
        except OSError:  # an older Linux, or none
            self._left = 0

    def send(self, packets: Sequence[bytes]) -> None:
        """Send packets; what the network does not take is counted."""
        if len(packets) > 1 and self._segments:
            size = len(packets[0])
            if all([len(packet) == size for packet in packets]):
                self.send_run(b"".join(packets), size)
                return
        for packet in packets:
            self._send_one(packet)

    def takes(self, length: int, size: int) -> bool:
        """Whether packets of `size` octets, `length` in all, go as they are: as the last time."""
        return length <= (self._most if size == self._size else 0 if self._size else size)

    def send_run(self, octets: bytes, size: int) -> None:
        """Send packets of `size` octets each, given one behind the other."""
        if self.takes(len(octets), size):
            try:
                self._socket.send(octets)
            except OSError:
                pass  # see below what is wrong
            else:
                self.packets_out += -(-len(octets) // size)
                return
        if not self._segments or len(octets) <= size:
            for start in range(0, len(octets), size):
                self._send_one(octets[start : start + size])
            return
        most = _at_once(size)
        if len(octets) <= most:
            self._send_at_once(octets, size)
            return
        for start in range(0, len(octets), most):
            self._send_at_once(octets[start : start + most], size)

    def _send_one(self, packet: bytes) -> None:
        if len(packet) > self._size > 0:
            self._cut_at(0)
        self._count(1, self._try(packet))

    def _send_at_once(self, octets: bytes, size: int) -> None:
        if self._segments and (size == self._size or self._cut_at(size)):
            error = self._try(octets)
            if not error:
                self.packets_out += len(octets) // size
                return
            if error not in _CANNOT:
                self._count(len(octets) // size, error)
                return
        self._segments = False
        self._cut_at(0)
        for start in range(0, len(octets), size):
            self._count(1, self._try(octets[start : start + size]))

    def _cut_at(self, size: int) -> bool:
        """Have the kernel cut what is sent into packets of `size`, 0 for not at all; whether it can."""
        if size != self._size:
            try:
                self._socket.setsockopt(socket.SOL_UDP, _SEGMENT, size)
            except OSError:
                return False
            self._size = size
            self._most = _at_once(size) if size else 0
        return True

    def _try(self, octets: bytes) -> int:
        """Send; 0 or an error number."""
        for _ in range(2):  # it answers an earlier packet, in place of sending this one
            try:
                self._socket.send(octets)
            except ConnectionError:
                continue
            except OSError as error:
                return error.errno or errno.EIO
            return 0
        return errno.ECONNREFUSED

    def _count(self, packets: int, error: int) -> None:
        if error:
            self.send_errors += packets
        else:
            self.packets_out += packets


def _at_once(size: int) -> int:
    """Octets of packets of `size` that the kernel takes at once."""
    return max(1, min(_MOST_SEGMENTS, _LONGEST // size)) * size
