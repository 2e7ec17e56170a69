"""Live input: frames of network interfaces, and what capture agents send as HEP3, a batch every now and then."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from tandem.core.errors import TandemError

from .hep import HepReader
from .network import ETHERNET, RAW
from .packets import HEP_DATAGRAM, Batch

EVERY: Final = 0.25
"""Seconds after which what came is given out."""
MOST: Final = 20_000
"""Packets of one batch."""
_ETH_P_ALL: Final = 3
_ETHERNET_LIKE: Final = frozenset({1, 772, 801, 802, 803})
"""ARPHRD of interfaces whose frames begin with an Ethernet header: Ethernet, loopback and a few more."""
_BUFFER: Final = 32 << 20
_RECEIVE: Final = 1 << 18

_ACCEPTING: Final = "accepting connections"
_Packet = tuple[float, bytes]
_Kind = tuple[int, str]


class LiveInput:
    """Several interfaces and HEP listeners as one input, packets numbered from 1."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._number = 1
        self._stopped = False
        self._sockets: list[socket.socket] = []
        self.broken = 0
        """Connections closed because what they gave is no HEP3."""

    def interface(self, name: str) -> None:
        """Listen to an interface; TandemError with what to do when that is not allowed or it is not there."""
        if not hasattr(socket, "AF_PACKET"):
            raise TandemError("live interfaces need Linux; elsewhere pipe tcpdump: tcpdump -i IF -w - | tandem trace -")
        try:
            listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        except PermissionError:
            raise TandemError(
                f"{name}: capturing needs CAP_NET_RAW: run as root, or sudo tcpdump -i {name} -w - | tandem trace -"
            ) from None
        try:
            listener.bind((name, 0))
        except OSError as error:
            listener.close()
            raise TandemError(f"{name}: cannot be listened to: {error.strerror}") from None
        self._add(listener, name)

    def hep(self, host: str, port: int) -> int:
        """Take HEP3 at a UDP and a TCP port of the same number, and give the number; 0 picks one that is free."""
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except OSError as error:
            raise TandemError(f"{host}:{port}: cannot be listened to: {error.strerror}") from None
        listener, stream = socket.socket(family, kind), socket.socket(family, socket.SOCK_STREAM)
        try:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stream.bind(address)
            stream.listen()
            found = int(stream.getsockname()[1])
            listener.bind((address[0], found, *address[2:]))
        except OSError as error:
            listener.close()
            stream.close()
            raise TandemError(f"{host}:{port}: cannot be listened to: {error.strerror}") from None
        self._add(listener, "")
        self._add(stream, _ACCEPTING)
        return found

    def batches(self, until: float | None = None) -> Iterator[Batch]:
        """What comes, until `stop` or the monotonic time `until`; an empty batch when nothing does."""
        while not self._stopped and (until is None or time.monotonic() < until):
            yield from self._gather(EVERY if until is None else min(EVERY, max(0.0, until - time.monotonic())))

    def stop(self) -> None:
        """End `batches` soon; may be called from a signal handler."""
        self._stopped = True

    def close(self) -> None:
        """Listen no more."""
        for listener in self._sockets:
            listener.close()
        self._selector.close()

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        self._add(connection, HepReader())

    def _read(self, connection: socket.socket, reader: HepReader) -> list[_Packet]:
        """What a connection gives now; one that ends, breaks or gives no HEP3 is closed."""
        try:
            octets = connection.recv(_RECEIVE)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            octets = b""
        found = reader.read(octets) if octets else None
        if found is None:
            self.broken += bool(octets)
            self._selector.unregister(connection)
            self._sockets.remove(connection)
            connection.close()
        moment = time.time()
        return [(moment, packet) for packet in found or ()]

    def _add(self, listener: socket.socket, name: str | HepReader) -> None:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._sockets.append(listener)
        self._selector.register(listener, selectors.EVENT_READ, name)

    def _gather(self, seconds: float) -> Iterator[Batch]:
        end = time.monotonic() + seconds
        runs: list[tuple[_Kind, list[_Packet]]] = []
        count = 0
        while count < MOST and not self._stopped and (left := end - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                listener = key.fileobj
                assert isinstance(listener, socket.socket)
                if key.data is _ACCEPTING:
                    self._accept(listener)
                    continue
                if isinstance(key.data, HepReader):
                    if packets := self._read(listener, key.data):
                        kind = (HEP_DATAGRAM, "")
                        if not runs or runs[-1][0] != kind:
                            runs.append((kind, []))
                        runs[-1][1].extend(packets)
                        count += len(packets)
                    continue
                for _ in range(MOST - count):
                    found = _receive(listener, key.data)
                    if found is None:
                        break
                    of, packet = found
                    if of is None:
                        continue
                    if not runs or runs[-1][0] != of:
                        runs.append((of, []))
                    runs[-1][1].append(packet)
                    count += 1
        for (link_type, name), packets in runs:
            batch = batch_of(packets, link_type, name)
            yield replace(batch, number=np.arange(self._number, self._number + len(batch)))
            self._number += len(batch)
        if not runs:
            yield batch_of([], RAW, "")


def batch_of(packets: list[_Packet], link_type: int, name: str) -> Batch:
    """Packets with their times as a batch."""
    lengths = np.array([len(octets) for _, octets in packets], np.int64)
    return Batch(
        buffer=b"".join(octets for _, octets in packets),
        start=np.cumsum(lengths) - lengths,
        length=lengths,
        original=lengths,
        time=np.array([moment for moment, _ in packets], np.float64),
        link_type=link_type,
        interface=name,
    )


def _receive(listener: socket.socket, name: str) -> tuple[_Kind | None, _Packet] | None:
    """What kind of packet came; no kind for one to pass over, None when there is no more."""
    try:
        octets, address = listener.recvfrom(_RECEIVE)
    except (BlockingIOError, InterruptedError):
        return None
    moment = time.time()
    if not name:
        return (HEP_DATAGRAM, ""), (moment, octets)
    _, _, packet_type, hardware, *_ = address
    if packet_type == socket.PACKET_OUTGOING and hardware == 772:
        return None, (moment, b"")  # the loopback interface shows every packet twice
    return (ETHERNET if hardware in _ETHERNET_LIKE else RAW, name), (moment, octets)
