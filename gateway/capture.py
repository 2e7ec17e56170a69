"""Capture files in pcapng that Wireshark opens: MTP2 units, LAPD frames and the UDP of SIP in one file.

MTP2 goes in with link type 139 (MTP2_WITH_PHDR): the pseudo header gives Wireshark direction and link number, and
each link is an interface of its own with a name. LAPD goes in with link type 177 (LINUX_LAPD), whose header gives
direction and which side is the network's; each D-channel is an interface of its own too. UDP goes in as raw IP (link
type 101), its headers made up here.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO, Final

Address = tuple[str, int]
"""IP address and port."""

_LINKTYPE_RAW: Final = 101
_LINKTYPE_MTP2_WITH_PHDR: Final = 139
_LINKTYPE_LINUX_LAPD: Final = 177
_ARPHRD_LAPD: Final = 8445
_ETH_P_LAPD: Final = 0x0030
_TO_US: Final = 0
_FROM_US: Final = 4
_SECTION_HEADER: Final = 0x0A0D0D0A
_INTERFACE_DESCRIPTION: Final = 1
_ENHANCED_PACKET: Final = 6
_OPTION_NAME: Final = 2
_OPTION_RESOLUTION: Final = 9
_OPTION_FLAGS: Final = 2
_OPTION_APPLICATION: Final = 4
_NANOSECONDS: Final = 9
_INBOUND: Final = 1
_OUTBOUND: Final = 2
_UDP: Final = 17
_LONGEST_UDP: Final = 65_507
_BUFFER_LIMIT: Final = 1 << 20


class CaptureWriter:
    """Writes one capture; nothing here raises for what the disk does.

    Blocks are buffered; call `flush` at least once a second. When the disk is full or the file cannot be written,
    capturing stops, `failure` says why and `on_failure` is called once with the same text.
    """

    def __init__(
        self,
        path: Path,
        limit: int = 100_000_000,
        keep: int = 10,
        clock_offset: float = 0.0,
        on_failure: Callable[[str], None] | None = None,
    ) -> None:
        """Begin `path`.

        A file that has reached `limit` octets is set aside (`name.1.pcapng`, the older ones moving up) and a new one
        begun; `keep` of the old ones stay. `clock_offset` is added to every `now` to make it UNIX time in seconds.
        """
        self.path = path
        self.clock_offset = clock_offset
        """May be set anew as the clocks drift."""
        self.failure: str | None = None
        self.packets = 0
        """Packets taken, over all files."""
        self._limit = limit
        self._keep = keep
        self._on_failure = on_failure
        self._interfaces: dict[tuple[str, int], int] = {}
        self._numbers: dict[str, int] = {}
        self._buffer = bytearray()
        self._size = 0
        self._file: BinaryIO | None = None
        self._begin()

    def write_mtp2(self, link: str, unit: bytes, sent: bool, now: float, number: int | None = None) -> None:
        """Take signal unit `unit` (from the BSN on, without FCS) of the link named `link`.

        `number` is the link number that Wireshark shows; without it links are numbered as they first come.
        """
        if self._file is None:
            return
        if number is None:
            number = self._numbers.setdefault(link, len(self._numbers))
        header = struct.pack(">BBH", sent, 0, number & 0xFFFF)
        self._packet(link, _LINKTYPE_MTP2_WITH_PHDR, header + unit, now, _OUTBOUND if sent else _INBOUND)

    def write_lapd(self, channel: str, frame: bytes, sent: bool, now: float, network: bool) -> None:
        """Take `frame` (from the first octet of the address on, without FCS) of the D-channel named `channel`.

        `network`: we are the network side. Wireshark tells commands from responses by it.
        """
        if self._file is None:
            return
        header = struct.pack(">HHHB7xH", _FROM_US if sent else _TO_US, _ARPHRD_LAPD, 8, network, _ETH_P_LAPD)
        self._packet(channel, _LINKTYPE_LINUX_LAPD, header + frame, now, _OUTBOUND if sent else _INBOUND)

    def write_udp(
        self, source: Address, destination: Address, payload: bytes, now: float, sent: bool | None = None
    ) -> None:
        """Take a UDP datagram between two addresses of the same IP version; longer payloads are cut to what fits."""
        if self._file is None:
            return
        try:
            packet = udp_packet(source, destination, payload[:_LONGEST_UDP])
        except ValueError:
            return  # not an IP address: there is nothing to write that Wireshark could show
        flags = None if sent is None else _OUTBOUND if sent else _INBOUND
        self._packet("IP", _LINKTYPE_RAW, packet, now, flags)

    def flush(self) -> None:
        """Hand everything taken so far to the operating system; begin a new file when this one has its size."""
        if self._file is None or not self._buffer:
            return
        try:
            self._write(self._file)
        except OSError as error:
            self._fail(error)
            return
        if self._size >= self._limit:
            self._rotate()

    def close(self) -> None:
        """Flush and close; nothing more is taken."""
        self.flush()
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                self._fail(error)
            self._file = None

    def _write(self, file: BinaryIO) -> None:
        """Write the buffer whole; where the disk takes only a part, leave the file at its last whole block."""
        rest = memoryview(bytes(self._buffer))
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            with suppress(OSError):
                file.truncate(self._size)
            raise
        self._size += len(self._buffer)
        self._buffer.clear()

    def _packet(self, name: str, link_type: int, octets: bytes, now: float, flags: int | None) -> None:
        interface = self._interfaces.get((name, link_type))
        if interface is None:
            interface = self._interface(name, link_type)
        stamp = round((now + self.clock_offset) * 1e6) * 1000
        options = b"" if flags is None else _option(_OPTION_FLAGS, struct.pack("<I", flags)) + _END_OF_OPTIONS
        body = struct.pack("<IIIII", interface, stamp >> 32 & 0xFFFFFFFF, stamp & 0xFFFFFFFF, len(octets), len(octets))
        self._buffer += _block(_ENHANCED_PACKET, body + _padded(octets) + options)
        self.packets += 1
        if len(self._buffer) >= _BUFFER_LIMIT:
            self.flush()

    def _interface(self, name: str, link_type: int) -> int:
        """Describe an interface; its number is its place in the file."""
        number = len(self._interfaces)
        self._interfaces[name, link_type] = number
        self._buffer += _interface_description(name, link_type)
        return number

    def _begin(self) -> None:
        """Open the file and describe the interfaces known so far in the order of their numbers."""
        try:
            self._file = self.path.open("wb", buffering=0)
        except OSError as error:
            self._fail(error)
            return
        self._size = 0
        self._buffer += _section_header()
        for name, link_type in self._interfaces:
            self._buffer += _interface_description(name, link_type)

    def _rotate(self) -> None:
        try:
            if self._file is not None:
                self._file.close()
            self._name(self._keep).unlink(missing_ok=True)
            for number in range(self._keep - 1, 0, -1):
                if self._name(number).exists():
                    os.replace(self._name(number), self._name(number + 1))
            if self._keep:
                os.replace(self.path, self._name(1))
        except OSError as error:
            self._fail(error)
            return
        self._begin()

    def _name(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}.{number}{self.path.suffix}")

    def _fail(self, error: OSError) -> None:
        self._buffer.clear()
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()
        if self.failure is None:
            self.failure = f"capture to {self.path} stopped: {error.strerror or error}"
            if self._on_failure is not None:
                self._on_failure(self.failure)


def udp_packet(source: Address, destination: Address, payload: bytes) -> bytes:
    """An IPv4 or IPv6 packet with a UDP datagram, checksums valid; ValueError unless both are of one IP version."""
    (version, from_octets), (other, to_octets) = _address(source[0]), _address(destination[0])
    if version != other:
        raise ValueError(f"{source[0]} and {destination[0]} are not of the same IP version")
    length = 8 + len(payload)
    udp = struct.pack(">HHHH", source[1], destination[1], length, 0)
    pseudo = from_octets + to_octets + struct.pack(">II", length, _UDP)
    # RFC 768: a sum of zero is sent as all ones, because zero means none.
    checksum = _checksum(pseudo + udp + payload) or 0xFFFF
    datagram = udp[:6] + struct.pack(">H", checksum) + payload
    if version == 6:
        return struct.pack(">IHBB", 6 << 28, length, _UDP, 64) + from_octets + to_octets + datagram
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, _UDP, 0) + from_octets + to_octets
    return header[:10] + struct.pack(">H", _checksum(header)) + header[12:] + datagram


@lru_cache(maxsize=4096)
def _address(text: str) -> tuple[int, bytes]:
    """IP version and octets; an IPv4 address mapped into IPv6 counts as what it is."""
    address = ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped if mapped is not None else address
    return address.version, address.packed


def _checksum(octets: bytes) -> int:
    """Internet checksum, RFC 1071."""
    if len(octets) % 2:
        octets += b"\0"
    # 65536 is 1 modulo 65535, so the ones' complement sum of the words is the whole number modulo 65535.
    total = int.from_bytes(octets, "big")
    return ~(total % 0xFFFF or (0xFFFF if total else 0)) & 0xFFFF


def _section_header() -> bytes:
    options = _option(_OPTION_APPLICATION, b"Tandem") + _END_OF_OPTIONS
    return _block(_SECTION_HEADER, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options)


def _interface_description(name: str, link_type: int) -> bytes:
    options = _option(_OPTION_NAME, name.encode()) + _option(_OPTION_RESOLUTION, bytes((_NANOSECONDS,)))
    return _block(_INTERFACE_DESCRIPTION, struct.pack("<HHI", link_type, 0, 0) + options + _END_OF_OPTIONS)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


_END_OF_OPTIONS: Final = _option(0, b"")
