"""What tshark says of ISUP messages."""

from __future__ import annotations

import json
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_LABELS = {"itu": b"\x85\x01\x80\x00\x00", "ansi": b"\x85\x01\x00\x00\x02\x00\x00\x00"}
_STANDARDS = {"itu": "ITU", "ansi": "ANSI"}


@dataclass
class Dissected:
    """One message as tshark sees it."""

    cic: int
    type: int
    malformed: bool
    parameters: list[tuple[int, dict[str, list[str]]]] = field(default_factory=list)
    """Code and the fields beneath it, in the order of the message."""


def dissect(messages: Iterable[bytes], path: Path, variant: str = "itu") -> list[Dissected]:
    """Have tshark dissect messages (from the CIC on), each put behind an MTP3 label; `path` is for the capture."""
    write_mtp3_capture(path, [_LABELS[variant] + octets for octets in messages])
    options = ["-o", f"mtp3.standard:{_STANDARDS[variant]}"]
    root = ElementTree.fromstring(_tshark(path, *options, "-T", "pdml"))
    return [_dissected(packet) for packet in root.iter("packet")]


def isup_octets(path: Path, options: Iterable[str] = ()) -> list[bytes]:
    """Octets of every ISUP message that tshark finds in a capture."""
    packets = json.loads(_tshark(path, *options, "-Y", "isup", "-T", "json", "-x", "--no-duplicate-keys"))
    found: list[bytes] = []
    for packet in packets:
        _collect(packet["_source"]["layers"], found)
    return found


def write_mtp3_capture(path: Path, frames: Iterable[bytes]) -> None:
    """A pcap file of link type 141 (MTP3, from the SIO on)."""
    content = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 141))
    for number, frame in enumerate(frames):
        content += struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame
    path.write_bytes(content)


def _tshark(path: Path, *options: str) -> str:
    return subprocess.run(["tshark", "-r", str(path), *options], capture_output=True, text=True, check=True).stdout


def _collect(node: object, found: list[bytes]) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "isup_raw":
                entries = value if isinstance(value[0], list) else [value]
                found.extend(bytes.fromhex(entry[0]) for entry in entries)
            else:
                _collect(value, found)
    elif isinstance(node, list):
        for item in node:
            _collect(item, found)


def _dissected(packet: ElementTree.Element) -> Dissected:
    proto = next(item for item in packet.iter("proto") if item.get("name") == "isup")
    top = {item.get("name"): item.get("show", "") for item in proto}
    malformed = any(item.get("name") == "_ws.malformed" for item in packet.iter())
    message = Dissected(int(top["isup.cic"]), int(top["isup.message_type"]), malformed)
    for group in proto:
        kind = next((item for item in group if item.get("name") == "isup.parameter_type"), None)
        if kind is None:
            continue
        fields: dict[str, list[str]] = {}
        for item in group.iter("field"):
            fields.setdefault(item.get("name", ""), []).append(item.get("show", ""))
        message.parameters.append((int(kind.get("show", "0")), fields))
    return message
