"""HEP3, the encapsulation of Homer's capture agents: what the analyser sees, sent on to a Homer server.

Header and chunks as HEP3 revision 12 has them: vendor 0, chunk type, length with its header of 6 octets. Protocol types
are recalled, not looked up: 1 SIP, 8 M2UA, 9 M3UA, 13 M2PA; a reader of SIGTRAN here goes by the message class instead.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from typing import Final

from tandem.core.errors import TandemError
from tandem.ss7.mtp3.label import Service

from .model import Message, Protocol

AGENT: Final = 2001
"""Capture agent identity that Homer shows."""
SIP, M3UA = 1, 9
SIGTRAN: Final = frozenset({7, 8, 9, 13})
_UDP, _SCTP = 17, 132
_LARGEST: Final = 65000


def encode(message: Message) -> bytes | None:
    """The datagram for a message; None for what Homer has no type for, or what is too long.

    ISUP and TUP go as the M3UA DATA message that would carry them; ends without an address are 0.0.0.0.
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
        (15, payload),
    )
    body = b"".join(struct.pack(">HHH", 0, number, 6 + len(value)) + value for number, value in chunks)
    return b"HEP3" + (6 + len(body)).to_bytes(2, "big") + body


class HepSender:
    """Sends messages to a Homer server over UDP; what cannot be sent is counted, not waited for."""

    def __init__(self, host: str, port: int) -> None:
        """TandemError when the host has no address."""
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
        datagram = encode(message)
        if datagram is None:
            return
        try:
            self._socket.send(datagram)
        except OSError:
            self.lost += 1
        else:
            self.sent += 1

    def close(self) -> None:
        """No more is sent."""
        self._socket.close()


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
