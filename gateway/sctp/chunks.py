"""What of SCTP packets is seen by who carries them: common header, first chunk, checksum (RFC 9260)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

#: Source port, destination port, verification tag, checksum (RFC 9260 3.1).
HEADER: Final = struct.Struct(">HHII")
_CHUNK: Final = struct.Struct(">BBH")
_PARAMETER: Final = struct.Struct(">HH")
#: Octets of an INIT or INIT ACK chunk before its parameters (RFC 9260 3.3.2, 3.3.3).
_INIT_FIXED: Final = 20

INIT, INIT_ACK, HEARTBEAT, HEARTBEAT_ACK, ABORT = 1, 2, 4, 5, 6
COOKIE_ACK = 11
_COOKIE_ECHO, _SHUTDOWN_COMPLETE = 10, 14
_HEARTBEAT_INFO: Final = 1
_IPV4_ADDRESS, _IPV6_ADDRESS = 5, 6

#: Types of a first chunk that say nothing of an association that is up.
_NOT_ESTABLISHED: Final = frozenset({INIT, INIT_ACK, ABORT, _COOKIE_ECHO, _SHUTDOWN_COMPLETE})


class Head(NamedTuple):
    """The common header of a packet and the type of its first chunk."""

    source: int
    destination: int
    tag: int
    """Verification tag: the one that its receiver chose; 0 in an INIT."""
    chunk: int

    @property
    def established(self) -> bool:
        """Whether the packet belongs to an association that is up."""
        return self.chunk not in _NOT_ESTABLISHED


def head(packet: bytes) -> Head | None:
    """The head of a packet, None of one that has no chunk."""
    if len(packet) < HEADER.size + _CHUNK.size:
        return None
    source, destination, tag, _ = HEADER.unpack_from(packet)
    return Head(source, destination, tag, packet[HEADER.size])


def initiate_tag(packet: bytes) -> int | None:
    """The tag that the sender of an INIT or INIT ACK chose for what comes to it; None of other packets."""
    if len(packet) < HEADER.size + _INIT_FIXED or packet[HEADER.size] not in (INIT, INIT_ACK):
        return None
    return int.from_bytes(packet[16:20], "big")


def with_addresses(packet: bytes, addresses: Sequence[str]) -> bytes:
    """An INIT or INIT ACK that names these addresses of ours as well (RFC 9260 3.3.2.1), anything else as it is.

    The library below knows no addresses and names none. Such a chunk stands alone in its packet (RFC 9260 6.10).
    """
    if initiate_tag(packet) is None:
        return packet
    kind, flags, length = _CHUNK.unpack_from(packet, HEADER.size)
    end = HEADER.size + length
    if end > len(packet):
        return packet
    body = packet[HEADER.size + _CHUNK.size : end] + bytes(-length % 4)
    for address in addresses:
        family, code = (socket.AF_INET6, _IPV6_ADDRESS) if ":" in address else (socket.AF_INET, _IPV4_ADDRESS)
        octets = socket.inet_pton(family, address)
        body += _PARAMETER.pack(code, _PARAMETER.size + len(octets)) + octets
    source, destination, tag, _ = HEADER.unpack_from(packet)
    return build(source, destination, tag, _CHUNK.pack(kind, flags, _CHUNK.size + len(body)) + body)


def heartbeat(source: int, destination: int, tag: int, information: bytes) -> bytes:
    """A packet of one HEARTBEAT with this information, a multiple of four octets (RFC 9260 3.3.5)."""
    parameter = _PARAMETER.pack(_HEARTBEAT_INFO, _PARAMETER.size + len(information)) + information
    return build(source, destination, tag, _CHUNK.pack(HEARTBEAT, 0, _CHUNK.size + len(parameter)) + parameter)


def heartbeat_information(packet: bytes) -> bytes | None:
    """The information of a packet that is one HEARTBEAT ACK and nothing more, else None (RFC 9260 3.3.6)."""
    start = HEADER.size + _CHUNK.size
    if len(packet) < start + _PARAMETER.size or packet[HEADER.size] != HEARTBEAT_ACK:
        return None
    length = _CHUNK.unpack_from(packet, HEADER.size)[2]
    kind, size = _PARAMETER.unpack_from(packet, start)
    if HEADER.size + length != len(packet) or kind != _HEARTBEAT_INFO or _CHUNK.size + size != length:
        return None
    return packet[start + _PARAMETER.size :]


def build(source: int, destination: int, tag: int, chunks: bytes) -> bytes:
    """A packet with its checksum."""
    checksum = crc32c(HEADER.pack(source, destination, tag, 0) + chunks)
    return struct.pack(">HHI", source, destination, tag) + checksum.to_bytes(4, "little") + chunks


def crc32c(octets: bytes) -> int:
    """CRC32c (RFC 9260 appendix A), slow: meant for the few packets made or changed here. Sent low octet first."""
    value = 0xFFFFFFFF
    for octet in octets:
        value = value >> 8 ^ _TABLE[(value ^ octet) & 0xFF]
    return value ^ 0xFFFFFFFF


def _table() -> Iterator[int]:
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        yield value


_TABLE: Final = tuple(_table())
