"""What tshark says of TUP with the dissector of `examples/wireshark/`."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.peers import program

DISSECTOR = Path(__file__).parents[2] / "examples" / "wireshark" / "tandem_tup.lua"
#: Remarks of the dissector; the rest of what begins with `tup.` are fields of messages.
REMARKS = {"short", "spare_identity", "unknown", "unread"}
_HEADING = {"heading", "h0", "h1"}


@dataclass
class Dissected:
    """One message; names of fields and remarks without `tup.`."""

    fields: dict[str, str] = field(default_factory=dict)
    remarks: set[str] = field(default_factory=set)


def dissect(path: Path, options: Iterable[str] = ()) -> list[Dissected]:
    """Every packet of a capture, as tshark with the dissector reads it."""
    output = run(path, *options, "-T", "pdml")
    return [_dissected(packet) for packet in ElementTree.fromstring(output).iter("packet")]


def run(path: Path, *options: str) -> str:
    """The output of tshark with the dissector; trouble with Lua is a failure."""
    command = [program("tshark", "tshark"), "-X", f"lua_script:{DISSECTOR}", "-r", str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "lua" not in done.stderr.lower(), done.stderr
    assert "Lua Error" not in done.stdout, next(line for line in done.stdout.splitlines() if "Lua Error" in line)
    return done.stdout


def shown(fields: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Fields in the names of the reference decoder, as the dissector shows them; it shows no empty lists or octets."""
    flat: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            flat |= shown(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            flat |= {prefix + name: "".join(map(str, value))} if value else {}
        elif value != "" or name.endswith("digits"):
            flat[prefix + name] = str(value)
    return flat


def _dissected(packet: ElementTree.Element) -> Dissected:
    found = Dissected()
    for item in packet.iter("field"):
        kind, _, name = item.get("name", "").partition(".")
        if kind != "tup" or name in _HEADING or not name:
            continue
        if name in REMARKS:
            found.remarks.add(name)
            continue
        assert name not in found.fields, f"{name} twice"
        value = item.get("show", "")
        found.fields[name] = {"True": "1", "False": "0"}.get(value, value.replace(":", ""))
    return found
