"""The octets of a line out of a capture of its SAToP packets (pcap or pcapng)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tandem.core.errors import DecodeError, SpanError
from tandem.hardware.satop import CONTROL_WORD, Packet, SatopReceiver
from tandem.hardware.satop_rtp import RTP_HEADER

MAGICS: Final = (
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
)
"""What pcap and pcapng files begin with."""
_LINK_HEADERS: Final = {1: 14, 113: 16, 276: 20, 101: 0, 228: 0, 229: 0, 12: 0}
"""Octets before the IP header, by link type (Ethernet, Linux cooked 1 and 2, raw IP)."""
_ETHERNET: Final = 1
_VLAN: Final = (0x8100, 0x88A8)
_UDP: Final = 17


def udp_payload(data: bytes, link_type: int) -> tuple[int, int, bytes] | None:
    """Source port, destination port and payload of a captured packet; None when it has no whole UDP datagram."""
    place = _LINK_HEADERS.get(link_type)
    if place is None:
        return None
    if link_type == _ETHERNET:
        while len(data) >= place and int.from_bytes(data[place - 2 : place], "big") in _VLAN:
            place += 4
    if len(data) < place + 20:
        return None
    version = data[place] >> 4
    if version == 4:
        if data[place + 9] != _UDP or int.from_bytes(data[place + 6 : place + 8], "big") & 0x3FFF:
            return None
        place += 4 * (data[place] & 15)
    elif version == 6 and data[place + 6] == _UDP:
        place += 40
    else:
        return None
    if len(data) < place + 8:
        return None
    source, destination, length = struct.unpack_from(">HHH", data, place)
    return (source, destination, data[place + 8 : place + length]) if 8 <= length <= len(data) - place else None


def octets_of_capture(spec: str, path: str, port: int | None, *, rtp: bool) -> Iterator[bytes]:
    """The octets of the line, packet by packet, in sequence, lost packets as ones.

    Only packets to UDP port `port` count; None: to that of the first packet that may be one. The size of the first
    is that of all. SpanError when the file cannot be read, or scapy is missing.
    """
    receiver: SatopReceiver | None = None
    for data, link_type in _packets(spec, path):
        found = udp_payload(data, link_type)
        if found is None or port not in (None, found[1]):
            continue
        packet = found[2][RTP_HEADER:] if rtp else found[2]
        if receiver is None:
            try:
                payload = Packet.parse(packet).payload
            except DecodeError:
                continue
            if len(packet) <= CONTROL_WORD or not payload:
                continue
            receiver, port = SatopReceiver(len(payload)), found[1]
        if octets := receiver.receive(packet, 0.0):
            yield octets


def _packets(spec: str, path: str) -> Iterator[tuple[bytes, int]]:
    """Packets and their link types."""
    try:
        from scapy.utils import RawPcapReader
    except ImportError:
        raise SpanError(f"span {spec!r}: captures need scapy: pip install 'tandem-gateway[scapy]'") from None
    try:
        with Path(path).open("rb") as file, RawPcapReader(file) as reader:  # scapy would leave it open on errors
            for data, about in reader:
                link_type = getattr(about, "linktype", None)
                yield bytes(data), reader.linktype if link_type is None else link_type
    except Exception as error:  # scapy has errors of its own, and others for files that end early
        raise SpanError(f"span {spec!r}: {path} cannot be read: {error}") from error
