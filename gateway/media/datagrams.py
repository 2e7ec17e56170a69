"""Many RTP packets from and to sockets: a system call each, and as little else as can be.

Where Tandem was installed with a C compiler the loops over the sockets are those of `speedups.pyx`
(docs/decisions/0024), else they are here. They do the same.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from tandem.codecs.g711 import Octets

from . import speed
from .latch import Address
from .receive import RECEIVED, ROW

MOST: Final = 256
"""Datagrams read before they are looked at."""
PASSES: Final = 8
"""Datagrams of a leg read in one go at most, so that a flood cannot hold the caller: 100 ms of short packets."""

_LONGEST_NAME: Final = 28
"""Octets of a sockaddr_in6."""

Destination = tuple[socket.socket, Address]
"""A socket that is not connected, and where a packet of it is to go."""
Indices = npt.NDArray[np.intp]
Descriptors = npt.NDArray[np.intc] | Indices
Batch = tuple[Indices, npt.NDArray[np.void], Indices]
"""Legs, each named once; the packet of each, of dtype RECEIVED, good until the next; and its length."""


class Incoming:
    """Connected sockets of legs, and what comes on them."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}
        """By leg."""
        self._compiled = speed.speedups
        self._packets = np.zeros(MOST, RECEIVED)
        self._rows = self._packets.view(np.uint8).reshape(MOST, ROW)
        self._places, self._lengths = np.zeros(MOST, np.intp), np.zeros(MOST, np.intp)
        self._views = [row.data for row in self._rows]
        self._readers: dict[int, tuple[int, Callable[[memoryview], int]]] = {}
        self._epoll = select.epoll()
        self._legs = np.zeros(0, np.intp)
        self._descriptors = np.zeros(0, np.intc)
        self._stale = False

    def add(self, leg: int, endpoint: socket.socket) -> None:
        """Read `endpoint`, which is non-blocking and connected, for `leg`."""
        self._sockets[leg] = endpoint
        self._stale = True
        if self._compiled is None:
            self._epoll.register(endpoint.fileno(), select.EPOLLIN)
            self._readers[endpoint.fileno()] = leg, endpoint.recv_into

    def remove(self, leg: int) -> None:
        """Read nothing for `leg` any more."""
        if (endpoint := self._sockets.pop(leg, None)) is None:
            return
        self._stale = True
        if self._compiled is None:
            self._epoll.unregister(endpoint.fileno())
            del self._readers[endpoint.fileno()]

    def close(self) -> None:
        """Give back what was opened here; the sockets belong to others."""
        self._epoll.close()

    def read(self) -> Iterator[Batch]:
        """What has come, packets of one leg in the order in which they came, PASSES of them at most."""
        return self._ask_epoll() if self._compiled is None else self._ask_each()

    def _ask_each(self) -> Iterator[Batch]:
        """Asking all sockets costs less than having an epoll told of every packet."""
        if self._stale:
            self._stale = False
            self._legs = np.array(list(self._sockets), np.intp)
            self._descriptors = np.array([endpoint.fileno() for endpoint in self._sockets.values()], np.intc)
        for first in range(0, len(self._legs), MOST):
            legs, descriptors = self._legs[first : first + MOST], self._descriptors[first : first + MOST]
            for _ in range(PASSES):
                count = self._compiled.receive(descriptors, self._rows, self._places, self._lengths)
                if not count:
                    break
                places = self._places[:count]
                legs, descriptors = legs[places], descriptors[places]
                yield legs, self._packets[:count], self._lengths[:count]

    def _ask_epoll(self) -> Iterator[Batch]:
        for _ in range(PASSES * -(-len(self._readers) // MOST)):
            ready = [descriptor for descriptor, _ in self._epoll.poll(0, MOST)]
            if not ready:
                return
            legs: list[int] = []
            lengths: list[int] = []
            for leg, receive_into in [self._readers[descriptor] for descriptor in ready]:
                try:
                    lengths.append(receive_into(self._views[len(legs)]))
                except OSError:  # an ICMP error for something sent, or a bad checksum
                    continue
                legs.append(leg)
            if legs:
                yield np.array(legs, np.intp), self._packets[: len(legs)], np.array(lengths, np.intp)


class Destinations:
    """Where packets go whose sockets are not connected, by the row of the packet."""

    def __init__(self, rows: int) -> None:
        self.names = np.zeros((rows, _LONGEST_NAME), np.uint8)
        """Addresses as the kernel has them."""
        self._octets = self.names.reshape(-1).data
        self.sizes = np.zeros(rows, np.intp)
        """Octets of these; 0 for a socket that is connected."""
        self.by_row: dict[int, Destination] = {}

    def set(self, row: int, destination: Destination) -> None:
        """Send the packet of `row` to `destination`; OSError when that is no address."""
        name = _name(*destination[1])
        self._octets[row * _LONGEST_NAME : row * _LONGEST_NAME + len(name)] = name
        self.sizes[row] = len(name)
        self.by_row[row] = destination

    def clear(self, row: int) -> None:
        """Send the packet of `row` to the peer of its socket."""
        if self.by_row.pop(row, None) is not None:
            self.sizes[row] = 0


def _name(host: str, port: int) -> bytes:
    """A sockaddr_in or sockaddr_in6 of Linux."""
    if ":" not in host:
        return struct.pack("=H2s4s8x", socket.AF_INET, port.to_bytes(2, "big"), socket.inet_pton(socket.AF_INET, host))
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    scope = socket.getaddrinfo(host, port, socket.AF_INET6, socket.SOCK_DGRAM, 0, numeric)[0][4][-1]
    octets = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return struct.pack("=H2sI16sI", socket.AF_INET6, port.to_bytes(2, "big"), 0, octets, scope)


class Outgoing:
    """Packets of legs at fixed places, to be sent again and again."""

    def __init__(
        self, octets: Octets, descriptors: Descriptors, rows: Indices, lengths: Indices, destinations: Destinations
    ) -> None:
        """Of each packet the descriptor, the row of `octets` and the length."""
        self._octets = octets
        self._destinations = destinations
        self._compiled = speed.speedups
        self._descriptors: npt.NDArray[np.intc] = descriptors.astype(np.intc, copy=False)
        self._rows, self._lengths = rows, lengths
        self._views: list[tuple[Callable[..., int], int | memoryview, memoryview | Address]] = []
        if speed.speedups is None:
            columns = descriptors.tolist(), rows.tolist(), lengths.tolist()
            for descriptor, row, size in zip(*columns, strict=True):
                packet = octets[row, :size].data
                if (destination := destinations.by_row.get(row)) is None:
                    self._views.append((os.write, descriptor, packet))
                else:
                    self._views.append((destination[0].sendto, packet, destination[1]))

    def __len__(self) -> int:
        """How many packets there are."""
        return len(self._rows)

    def without(self, rows: set[int]) -> Outgoing:
        """The same, but for the packets in `rows`."""
        kept = np.flatnonzero(~np.isin(self._rows, list(rows)))
        columns = self._descriptors[kept], self._rows[kept], self._lengths[kept]
        return Outgoing(self._octets, *columns, self._destinations)

    def send(self, first: int, last: int) -> int:
        """Send the packets from number `first` up to, and without, `last`; how many could not be sent."""
        if self._compiled is not None:
            part = slice(first, last)
            to = self._destinations
            errors: int = self._compiled.send(
                self._descriptors[part], self._octets, self._rows[part], self._lengths[part], to.names, to.sizes
            )
            return errors
        errors = 0
        rest = iter(self._views[first:last])
        while True:
            try:
                for send, *arguments in rest:
                    send(*arguments)
            except OSError:
                errors += 1
            else:
                return errors
