"""The UDP sockets of the RTP legs: bound at the start, connected to the peer while a leg has latched.

A connected socket is faster both ways and lets the kernel throw strangers away. Sockets are not in the main loop's
epoll: they are read at fixed times. Twice a tick is better than once: what waits in the sockets is then small enough
to stay in the processor's cache. Those that are not connected yet have an epoll of their own, which says which of them
have something; for the others see `datagrams`.
"""

from __future__ import annotations

import ctypes
import os
import select
import socket
import struct
from collections.abc import Iterable
from typing import Final

from tandem.codecs.rtcp import TYPES
from tandem.core.errors import TandemError

from . import speed
from .datagrams import MOST, PASSES, Destination, Incoming
from .latch import Address, Latch
from .receive import ROW, Receivers
from .srtp import SecureLeg

BACKLOG: Final = 1000
"""Datagrams that are thrown away at most when a leg begins: more than fit in a socket's buffer."""
_EXPEDITED: Final = 0xB8
"""DSCP EF, RFC 4594 4.1 (telephony)."""
_UNSPECIFIED: Final = struct.pack("=H14x", socket.AF_UNSPEC)


class PortError(TandemError):
    """An RTP port cannot be had."""


class RtpPorts:
    """Sockets on the even ports of a range; a leg is known here by the index of its port."""

    def __init__(self, address: str, first: int, last: int, address_v6: str = "") -> None:
        """Bind to `address`, of IPv4 or IPv6, and to the same ports of `address_v6` too, where that is given.

        Two sockets a port then, as one for both versions hears no IPv6 any more once it was connected to IPv4 (Linux
        6.1). A leg has the socket of its peer's version; that of `address` before it has a peer.
        """
        self.ports = list(range(first + first % 2, last + 1, 2))
        self.legs = {port: leg for leg, port in enumerate(self.ports)}
        """By port."""
        self.last = last
        """The last port of the range; RTCP stays within it."""
        self.latches: dict[int, Latch] = {}
        self.send_errors = 0
        self._sockets: list[socket.socket] = []
        """By leg."""
        self._families: list[socket.AddressFamily] = []
        """Of these sockets, which would find out anew each time."""
        self._others: list[socket.socket] = []
        """Of the other version of IP, by leg; empty where there is one version."""
        self._epoll = select.epoll()
        self.secure: dict[int, SecureLeg] = {}
        """Legs whose packets are SRTP."""
        self._open: dict[int, int] = {}
        """Legs whose sockets are in the epoll, by descriptor: not latched yet, or SRTP."""
        self._latched = Incoming()
        self._connect = ctypes.CDLL(None, use_errno=True).connect
        try:
            for port in self.ports:
                self._sockets.append(self._bind(address, port))
                if address_v6:
                    self._others.append(self._bind(address_v6, port))
            self._families = [endpoint.family for endpoint in self._sockets]
        except OSError as error:
            self.close_all()
            raise PortError(f"RTP port {address}:{port}: {error.strerror or error}") from None

    @staticmethod
    def _bind(address: str, port: int) -> socket.socket:
        endpoint = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            endpoint.setblocking(False)
            if endpoint.family == socket.AF_INET6:
                endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _EXPEDITED)
            else:
                endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED)
            endpoint.bind((address, port))
        except OSError:
            endpoint.close()
            raise
        return endpoint

    def open(self, leg: int, remote: tuple[str, int] | None) -> None:
        """Begin to listen on `leg`, forgetting what came before."""
        if self._is_other(leg, remote):
            self._exchange(leg)
        self.latches[leg] = Latch(remote)
        self._listen(leg)

    def close(self, leg: int) -> None:
        """Stop listening on `leg`; its port can be opened again."""
        self._leave(leg)
        del self.latches[leg]
        self.secure.pop(leg, None)

    def family(self, leg: int) -> socket.AddressFamily:
        """The version of IP that `leg` is on now."""
        return self._families[leg]

    def describe(self, leg: int, remote: tuple[str, int] | None) -> bool:
        """SDP gives `remote`; True when latching starts again."""
        if self._is_other(leg, remote):
            self._leave(leg)
            self._exchange(leg)
            self._listen(leg)
        was_connected = self.latches[leg].latched is not None
        if (changed := self.latches[leg].describe(remote)) and was_connected:
            self._disconnect(leg)
        return changed

    def release(self, leg: int) -> None:
        """Listen to any source again; the leg was silent."""
        self.latches[leg].release()
        self._disconnect(leg)

    def close_all(self) -> None:
        """Give every port back."""
        for endpoint in (*self._sockets, *self._others):
            endpoint.close()
        self._latched.close()
        self._epoll.close()

    def drain(self, receivers: Receivers, now: float) -> list[int]:
        """Hand what came to `receivers`; the legs that latched, whose packets go elsewhere from now on."""
        latched: list[int] = []
        for _ in range(PASSES * -(-len(self._open) // MOST)):
            ready = self._epoll.poll(0, MOST)
            if not ready:
                break
            for descriptor, _ in ready:
                leg = self._open[descriptor]
                if self._read_open(leg, receivers, now):
                    latched.append(leg)
        for legs, packets, lengths in self._latched.read():
            receivers.receive(legs, packets, lengths, now)
        return latched

    def _read_open(self, leg: int, receivers: Receivers, now: float) -> bool:
        """Read one datagram of a leg that listens to anybody; whether the leg latched."""
        endpoint, latch = self._sockets[leg], self.latches[leg]
        try:
            packet, source = endpoint.recvfrom(ROW)
        except OSError:
            return False
        source = source[:2]
        if (secure := self.secure.get(leg)) is not None:
            if len(packet) > 1 and packet[1] in TYPES:
                control = secure.unprotect_rtcp(packet)
                if control is not None and latch.latched is not None:
                    receivers.control.append((leg, control, now))
                return False
            readable = secure.unprotect(packet)
            if readable is None:
                return False
            packet = readable
            if latch.latched is not None:  # the kernel refuses strangers
                receivers.receive_one(leg, packet, now)
                return False
        header = receivers.valid(leg, packet)
        if header is None or not latch.offer(source, header.ssrc, header.sequence):
            return False
        receivers.receive_one(leg, packet, now)
        try:
            endpoint.connect(source)
        except OSError:
            self.release(leg)
            return False
        self._sift(leg, source, receivers, now)
        if secure is None:
            self._to_latched(leg)
        return True

    def _sift(self, leg: int, source: Address, receivers: Receivers, now: float) -> None:
        """Read what came before the kernel was told to refuse strangers."""
        for _ in range(BACKLOG):
            try:
                packet, sender = self._sockets[leg].recvfrom(ROW)
            except OSError:
                return
            secure = self.secure.get(leg)
            readable = packet if secure is None else secure.unprotect(packet)
            if sender[:2] == source and readable is not None:
                receivers.receive_one(leg, readable, now)

    def protect(self, leg: int, secure: SecureLeg | None) -> None:
        """From now on packets of `leg` are SRTP, or plain."""
        if secure is None:
            self.secure.pop(leg, None)
            if self.latches[leg].latched is not None:
                self._to_latched(leg)
        else:
            self.secure[leg] = secure
            self._to_open(leg)

    def destination(self, leg: int) -> int | Destination | None:
        """How to send from `leg`: by the descriptor of its connected socket, or to an address; None when none is known.

        Holds until the latch of the leg changes.
        """
        latch, endpoint = self.latches[leg], self._sockets[leg]
        if latch.latched is not None:
            return endpoint.fileno()
        return None if latch.destination is None else (endpoint, latch.destination)

    def send_to(self, packets: Iterable[tuple[Destination, memoryview]]) -> None:
        """Send packets on sockets that listen to anybody."""
        for (endpoint, address), packet in packets:
            try:
                endpoint.sendto(packet, address)
            except OSError:
                self.send_errors += 1

    def send_single(self, leg: int, packet: bytes) -> None:
        """Send one packet to the peer of `leg`."""
        if (destination := self.destination(leg)) is not None:
            self.send_one(destination, memoryview(packet))

    def send_one(self, destination: int | Destination, packet: memoryview) -> None:
        """Send one packet to what `destination` said."""
        if not isinstance(destination, int):
            self.send_to([(destination, packet)])
            return
        try:
            os.write(destination, packet)
        except OSError:
            self.send_errors += 1

    def _is_other(self, leg: int, remote: Address | None) -> bool:
        """Whether a peer is of the version of IP that the socket of `leg` is not for."""
        if not self._others or remote is None:
            return False
        return self._families[leg] != (socket.AF_INET6 if ":" in remote[0] else socket.AF_INET)

    def _listen(self, leg: int) -> None:
        self.send_errors += discard(self._sockets[leg])
        self._to_open(leg)

    def _leave(self, leg: int) -> None:
        if self.latches[leg].latched is None:
            self._to_open(leg)
        else:
            self._disconnect(leg)
        descriptor = self._sockets[leg].fileno()
        self._epoll.unregister(descriptor)
        del self._open[descriptor]

    def _to_open(self, leg: int) -> None:
        """Have the socket of `leg` read one datagram at a time."""
        self._latched.remove(leg)
        descriptor = self._sockets[leg].fileno()
        if descriptor not in self._open:
            self._open[descriptor] = leg
            self._epoll.register(descriptor, select.EPOLLIN)

    def _to_latched(self, leg: int) -> None:
        """Have the socket of `leg`, which is connected, read together with others."""
        endpoint = self._sockets[leg]
        if self._open.pop(endpoint.fileno(), None) is not None:
            self._epoll.unregister(endpoint.fileno())
            self._latched.add(leg, endpoint)

    def _exchange(self, leg: int) -> None:
        self._sockets[leg], self._others[leg] = self._others[leg], self._sockets[leg]
        self._families[leg] = self._sockets[leg].family

    def _disconnect(self, leg: int) -> None:
        self._to_open(leg)
        self._connect(self._sockets[leg].fileno(), _UNSPECIFIED, len(_UNSPECIFIED))


def discard(endpoint: socket.socket) -> int:
    """Throw away what has come on a non-blocking socket; how many errors of sending were among it."""
    if speed.speedups is not None:
        failed: int = speed.speedups.discard(endpoint.fileno(), BACKLOG)
        return failed
    errors = 0
    unread = bytearray(1)
    for _ in range(BACKLOG):
        try:
            endpoint.recv_into(unread)
        except BlockingIOError:
            break
        except OSError:
            errors += 1
    return errors
