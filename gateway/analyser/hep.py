"""HEP3, the encapsulation of Homer's capture agents: what the analyser sees, sent on to a Homer server.

Header and chunks as HEP3 revision 12 has them: vendor 0, chunk type, length with its header of 6 octets. Protocol types
are recalled, not looked up: 1 SIP, 8 M2UA, 9 M3UA, 13 M2PA; a reader of SIGTRAN here goes by the message class instead.
"""

from __future__ import annotations

import errno
import ipaddress
import select
import socket
import struct
import time
from collections import deque
from typing import Final

from tandem.core.errors import TandemError
from tandem.ss7.mtp3.label import Service

from .model import Message, Protocol

KEY: Final = 14
"""Chunk with the authentication key (HEP3 revision 12)."""
AGENT: Final = 2001
"""Capture agent identity that Homer shows."""
SIP, M3UA = 1, 9
SIGTRAN: Final = frozenset({7, 8, 9, 13})
_UDP, _SCTP = 17, 132
_LARGEST: Final = 65000
WAITING: Final = 4 << 20
"""Octets that wait for a server over TCP."""
_RETRY: Final = 5.0
"""Seconds after which a connection is tried again."""
_LAST: Final = 1.0
_LATER: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EINPROGRESS, errno.ENOTCONN, errno.EALREADY})
"""The connection is not there yet, or full."""


def encode(message: Message, key: bytes = b"") -> bytes | None:
    """The datagram for a message; None for what Homer has no type for, or what is too long.

    ISUP and TUP go as the M3UA DATA message that would carry them; ends without an address are 0.0.0.0. `key`: what the
    server wants of its agents, in plain text.
    """
    if message.protocol is Protocol.SIP:
        kind, transport, payload = SIP, _UDP, message.octets
    elif message.protocol is Protocol.ISUP:
        kind, transport, payload = M3UA, _SCTP, _m3ua(message, Service.ISUP, 0, message.octets)
    elif message.protocol is Protocol.TUP:
        kind, transport, payload = M3UA, _SCTP, _m3ua(message, Service.TUP, message.octets[0], message.octets[1:])
    else:
        return None
    source, destination = _end(message.where.source), _end(message.where.destination)
    if len(payload) > _LARGEST:
        return None
    if source[0].version != destination[0].version:
        source = destination = (ipaddress.IPv4Address(0), 0)
    six = source[0].version == 6
    seconds = int(message.time)
    chunks = (
        (1, bytes((10 if six else 2,))),
        (2, bytes((transport,))),
        (5 if six else 3, source[0].packed),
        (6 if six else 4, destination[0].packed),
        (7, source[1].to_bytes(2, "big")),
        (8, destination[1].to_bytes(2, "big")),
        (9, seconds.to_bytes(4, "big")),
        (10, int((message.time - seconds) * 1_000_000).to_bytes(4, "big")),
        (11, bytes((kind,))),
        (12, AGENT.to_bytes(4, "big")),
        *(((KEY, key),) if key else ()),
        (15, payload),
    )
    body = b"".join(struct.pack(">HHH", 0, number, 6 + len(value)) + value for number, value in chunks)
    return b"HEP3" + (6 + len(body)).to_bytes(2, "big") + body


class HepSender:
    """Sends messages to a Homer server over UDP; what cannot be sent is counted, not waited for."""

    def __init__(self, host: str, port: int, key: bytes = b"") -> None:
        """`key`: see `encode`. TandemError when the host has no address."""
        self._key = key
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except OSError as error:
            raise TandemError(f"{host}:{port}: no HEP server there: {error.strerror}") from None
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)
        self._socket.connect(address)
        self.sent = 0
        self.lost = 0

    def send(self, message: Message) -> None:
        """Send a message, if it is one that Homer takes."""
        datagram = encode(message, self._key)
        if datagram is None:
            return
        try:
            self._socket.send(datagram)
        except OSError:
            self.lost += 1
        else:
            self.sent += 1

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """No more is sent."""
        self._socket.close()


class HepStream:
    """Sends messages to a Homer server over TCP, one behind the other, and connects again when it has to.

    The server is not waited for: up to `WAITING` octets are kept for it, what comes on top is counted as lost.
    """

    def __init__(self, host: str, port: int, key: bytes = b"") -> None:
        """`key`: see `encode`. TandemError when the host has no address."""
        self._key = key
        try:
            self._where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except OSError as error:
            raise TandemError(f"{host}:{port}: no HEP server there: {error.strerror}") from None
        self._socket: socket.socket | None = None
        self._again = 0.0
        self._waiting: deque[bytes] = deque()
        self._octets = 0
        self._begun = 0
        """Octets of the first that waits which are sent already."""
        self.sent = 0
        self.lost = 0

    def send(self, message: Message) -> None:
        """Send a message, if it is one that Homer takes."""
        datagram = encode(message, self._key)
        if datagram is None:
            return
        if self._octets + len(datagram) > WAITING:
            self.lost += 1
        else:
            self._waiting.append(datagram)
            self._octets += len(datagram)
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the server takes it now."""
        while self._waiting:
            if self._socket is None and not self._connect():
                return
            assert self._socket is not None
            first = self._waiting[0]
            try:
                self._begun += self._socket.send(first[self._begun :])
            except OSError as error:
                if error.errno not in _LATER:
                    self._disconnect()
                return
            if self._begun == len(first):
                self._waiting.popleft()
                self._octets -= len(first)
                self._begun = 0
                self.sent += 1

    def close(self) -> None:
        """Give what waits a last second to be sent; what is left is lost."""
        end = time.monotonic() + _LAST
        self.flush()
        while self._waiting and self._socket is not None and (left := end - time.monotonic()) > 0:
            select.select((), (self._socket,), (), left)
            self.flush()
        self.lost += len(self._waiting)
        self._waiting.clear()
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> bool:
        if time.monotonic() < self._again:
            return False
        family, kind, _, _, address = self._where
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)
        if self._socket.connect_ex(address) not in (0, errno.EINPROGRESS):
            self._disconnect()
            return False
        return True

    def _disconnect(self) -> None:
        """What was sent in part goes again as a whole, over the next connection."""
        assert self._socket is not None
        self._socket.close()
        self._socket, self._begun, self._again = None, 0, time.monotonic() + _RETRY


class HepReader:
    """HEP3 out of a TCP connection: each packet says its length (HEP3 revision 12)."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def read(self, octets: bytes) -> list[bytes] | None:
        """The packets that are whole now; None when this is no HEP3, after which nothing can be read any more."""
        rest = self._rest
        rest += octets
        found = []
        while len(rest) >= 6:
            size = int.from_bytes(rest[4:6], "big")
            if rest[:4] != b"HEP3" or size < 6:
                return None
            if len(rest) < size:
                break
            found.append(bytes(rest[:size]))
            del rest[:size]
        return found if b"HEP3".startswith(rest[:4]) else None


def _m3ua(message: Message, service: Service, sls: int, octets: bytes) -> bytes:
    where = message.where
    data = struct.pack(">IIBBBB", where.opc or 0, where.dpc or 0, service, where.network or 0, 0, sls & 0xF) + octets
    parameter = struct.pack(">HH", 0x0210, 4 + len(data)) + data + bytes(-len(data) % 4)
    return struct.pack(">BBBBI", 1, 0, 1, 1, 8 + len(parameter)) + parameter


def _end(end: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    host, _, port = end.rpartition(":")
    try:
        return ipaddress.ip_address(host.strip("[]")), int(port)
    except ValueError:
        return ipaddress.IPv4Address(0), 0
