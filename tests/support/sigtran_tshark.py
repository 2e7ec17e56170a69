"""What tshark says of SIGTRAN messages, each in a DATA chunk of SCTP."""

from __future__ import annotations

import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LINKTYPE_IPV4 = 228
_PROTOCOLS = {1: "iua", 2: "m2ua", 3: "m3ua", 5: "m2pa"}


@dataclass
class Dissected:
    """One message: fields by name, in order, and the trouble that tshark had."""

    fields: dict[str, list[str]]
    trouble: list[str]


def data_packet(octets: bytes, ppid: int, stream: int, number: int) -> bytes:
    """A packet of SCTP with one DATA chunk."""
    length = 16 + len(octets)
    chunk = struct.pack(">BBHIHHI", 0, 3, length, number, stream, number & 0xFFFF, ppid) + octets
    return struct.pack(">HHII", 2905, 2905, 1, 0) + chunk + bytes(-length % 4)


def write_sctp_capture(path: Path, packets: Iterable[bytes]) -> None:
    """A capture of packets of SCTP in IPv4 (link type 228)."""
    content = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _LINKTYPE_IPV4))
    address = bytes((192, 0, 2, 1))
    for number, packet in enumerate(packets):
        size = 20 + len(packet)
        header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, number, 0, 64, 132, 0, address, address)
        content += struct.pack("<IIII", number, 0, size, size) + header + packet
    path.write_bytes(content)


def dissect(messages: Iterable[tuple[bytes, int, int]], path: Path) -> list[Dissected]:
    """Have tshark dissect messages, given as octets, PPID and stream; `path` is for the capture."""
    messages = list(messages)
    packets = [data_packet(octets, ppid, stream, number) for number, (octets, ppid, stream) in enumerate(messages)]
    write_sctp_capture(path, packets)
    return [_dissected(packet, _PROTOCOLS[ppid]) for packet, (_, ppid, _) in zip(_pdml(path), messages, strict=True)]


def troubles(path: Path) -> list[str]:
    """Everything malformed or suspicious that tshark sees in a capture."""
    return [text for packet in _pdml(path) for text in _trouble(packet)]


def _pdml(path: Path) -> list[ElementTree.Element]:
    # One packet after another from nowhere: what SCTP makes of their order does not matter here.
    # SAPI 0 of IUA is Q.931's here, not that of GSM.
    options = ["-o", "iua.use_gsm_sapi_values:FALSE", "-o", "sctp.tsn_analysis:FALSE", "-o", "sctp.checksum:none"]
    command = ["tshark", "-r", str(path), *options, "-T", "pdml"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return list(ElementTree.fromstring(output).iter("packet"))


def _dissected(packet: ElementTree.Element, protocol: str) -> Dissected:
    fields: dict[str, list[str]] = {}
    for item in packet.iter("field"):
        name = item.get("name", "")
        if name.startswith(protocol + "."):
            fields.setdefault(name.removeprefix(protocol + "."), []).append(item.get("show", ""))
    return Dissected(fields, _trouble(packet))


def _trouble(packet: ElementTree.Element) -> list[str]:
    found = []
    for item in packet.iter():
        name = item.get("name", "")
        remark = any(f"({level}/" in item.get("showname", "") for level in ("Chat", "Note"))
        if name == "_ws.malformed" or (name == "_ws.expert" and not remark):
            found.append(item.get("showname", "") or item.get("show", ""))
    return found
