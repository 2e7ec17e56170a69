"""The captured SIGTRAN messages of tests/vectors/sigtran."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "vectors/sigtran/messages.txt"


@dataclass(frozen=True)
class Captured:
    capture: str
    ppid: int
    stream: int
    octets: bytes


def captured(*ppids: int) -> list[Captured]:
    """Messages with one of `ppids`."""
    found = []
    for line in FILE.read_text().splitlines():
        capture, ppid, stream, octets = line.split()
        if int(ppid) in ppids:
            found.append(Captured(capture, int(ppid), int(stream), bytes.fromhex(octets)))
    return found
