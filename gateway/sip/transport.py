"""SIP over UDP: one non-blocking socket, read and written by whoever runs the event loop.

Measured against asyncio's DatagramProtocol (docs/decisions/0003-sip-message-parsing.md): reading the socket until it
is empty costs a third less for each datagram and lets the owner act once on a whole batch.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from typing import Final

from tandem.core.errors import TandemError

from . import speed

Address = tuple[str, int]
"""IP address and UDP port."""

#: Room for bursts: at 200 calls a second, 1400 messages of some 500 octets arrive in a second.
_BUFFER: Final = 4 << 20
_LARGEST: Final = 65535
#: Datagrams taken in one go, so that timers and the other sockets get their turn under a flood.
BATCH: Final = 256
#: What one send can fail with although the socket is sound: no buffer, or the peer not reachable.
_PASSING: Final = frozenset(
    (errno.EAGAIN, errno.ENOBUFS, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN)
) | {errno.EHOSTDOWN, errno.EPERM, errno.EACCES, errno.EMSGSIZE, errno.EINVAL}


def open_socket(address: Address) -> socket.socket:
    """A socket bound to `address`; raise OSError when that is not possible."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            opened.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened


def receive_all(opened: socket.socket) -> list[tuple[bytes, Address]]:
    """Every datagram that waits, at most BATCH of them, each with its source."""
    if speed.speedups is not None:
        return speed.speedups.datagrams(opened.fileno(), BATCH)  # type: ignore[no-any-return]
    datagrams: list[tuple[bytes, Address]] = []
    receive = opened.recvfrom
    for _ in range(BATCH):
        try:
            data, source = receive(_LARGEST)
        except BlockingIOError:
            break
        except ConnectionError:
            # An ICMP error for something sent before; it says nothing about what waits.
            continue
        datagrams.append((data, (source[0], source[1])))
    return datagrams


def send(opened: socket.socket, datagrams: Iterable[tuple[bytes, Address]]) -> int:
    """Send each datagram; return how many were lost on our side, which SIP's retransmissions make good."""
    lost = 0
    for data, destination in datagrams:
        try:
            opened.sendto(data, destination)
        except OSError as error:
            if error.errno not in _PASSING:
                raise TandemError(f"SIP cannot send to {destination[0]}:{destination[1]}: {error.strerror}") from error
            lost += 1
    return lost
