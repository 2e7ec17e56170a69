"""What tshark says of Q.931 messages."""

from __future__ import annotations

import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_LINUX_LAPD = 177
_HEADER = b"\x00\x04\x00\x01" + bytes(10) + b"\x00\x30"
"""Linux cooked header: sent by us, protocol LAPD."""
_ADDRESS = b"\x02\x01\x00\x00"
"""I frame of the network, SAPI 0, TEI 0."""
_IDENTIFIERS = ("q931.information_element", "q932.ie.type")
"""Where the identifier of an element is; those of Q.932 are told by another dissector of tshark's."""


@dataclass
class Dissected:
    """One message as tshark sees it."""

    discriminator: int
    reference: tuple[int, bool, int]
    """Value, flag and length."""
    type: int
    malformed: bool
    elements: list[tuple[int, dict[str, list[str]]]] = field(default_factory=list)
    """Identifier and the fields beneath it, in the order of the message; elements of one octet are left out."""
    top: dict[str, str] = field(default_factory=dict)
    """Fields of the message itself, elements of one octet among them."""


def dissect(messages: Iterable[bytes], path: Path) -> list[Dissected]:
    """Have tshark dissect messages (from the protocol discriminator on), each in a LAPD frame."""
    content = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _LINUX_LAPD))
    for number, message in enumerate(messages):
        frame = _HEADER + _ADDRESS + message
        content += struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame
    path.write_bytes(content)
    command = ["tshark", "-r", str(path), "-o", "q931.reassembly:FALSE", "-T", "pdml"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [_dissected(packet) for packet in ElementTree.fromstring(text).iter("packet")]


def number(text: str) -> int:
    """A number as tshark shows it."""
    return int(text, 0)


def _dissected(packet: ElementTree.Element) -> Dissected:
    proto = next(item for item in packet.iter("proto") if item.get("name") == "q931")
    top = {item.get("name", ""): item.get("show", "") for item in proto if item.get("name")}
    malformed = any(item.get("name") in ("_ws.malformed", "_ws.short") for item in packet.iter())
    length = int(top["q931.call_ref_len"])
    value = int(top.get("q931.call_ref", "0").replace(":", ""), 16)
    flag = top.get("q931.call_ref_flag") in ("1", "True")
    kind = top.get("q931.message_type") or top["q931.maintenance_message_type"]
    message = Dissected(number(top["q931.disc"]), (value, flag, length), number(kind), malformed, top=top)
    for group in proto:
        identifier = next((item for item in group if item.get("name") in _IDENTIFIERS), None)
        if identifier is None:
            continue
        fields: dict[str, list[str]] = {}
        for item in group.iter("field"):
            fields.setdefault(item.get("name", ""), []).append(item.get("show", ""))
        message.elements.append((number(identifier.get("show", "")), fields))
    return message
