"""Captures that gateways wrote, as tshark reads them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.peers import program

#: Message types of Q.763 table 4 by name, as far as calls need them.
TYPES = {
    1: "IAM",
    6: "ACM",
    7: "CON",
    9: "ANM",
    12: "REL",
    16: "RLC",
    23: "GRS",
    24: "CGB",
    26: "CGBA",
    41: "GRA",
    44: "CPG",
}
_FIELDS = (
    "frame.protocols",
    "isup.message_type",
    "isup.cic",
    "isup.called",
    "isup.calling",
    "isup.cause_indicator",
    "mtp3.opc",
    "mtp3.dpc",
    "frame.p2p_dir",
)


@dataclass(frozen=True)
class Seen:
    """An ISUP message as tshark shows it."""

    sent: bool
    """Whether the gateway sent it that wrote the capture."""
    type: str
    cic: int
    called: str
    calling: str
    cause: int | None
    opc: int
    dpc: int


def tshark(path: Path, *options: str) -> list[str]:
    """Lines that tshark prints of a capture."""
    command = [program("tshark", "tshark"), "-r", str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def complaints(path: Path, ports: list[int]) -> list[str]:
    """Every packet that tshark calls malformed, or has an expert note of warning or error for."""
    decode = [part for port in ports for part in ("-d", f"udp.port=={port},sip")]
    wanted = "_ws.malformed || _ws.expert.severity >= 0x00600000"  # PI_WARN
    return tshark(path, *decode, "-Y", wanted, "-T", "fields", "-e", "_ws.col.Info", "-e", "_ws.expert.message")


def protocols(path: Path, ports: list[int]) -> set[str]:
    """Names of all protocols that tshark found."""
    decode = [part for port in ports for part in ("-d", f"udp.port=={port},sip")]
    lines = tshark(path, *decode, "-T", "fields", "-e", "frame.protocols")
    return {name for line in lines for name in line.split(":")}


def isup_messages(path: Path) -> list[Seen]:
    """Every ISUP message of a capture, in order."""
    options = [part for field in _FIELDS for part in ("-e", field)]
    found = []
    for line in tshark(path, "-Y", "isup", "-T", "fields", *options):
        _, kind, cic, called, calling, cause, opc, dpc, direction = line.split("\t")
        found.append(
            Seen(
                direction in ("0", "Sent"),
                TYPES.get(int(kind), kind),
                int(cic),
                called,
                calling,
                int(cause) if cause else None,
                int(opc),
                int(dpc),
            )
        )
    return found
