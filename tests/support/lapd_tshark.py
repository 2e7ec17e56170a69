"""What tshark says of LAPD frames."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from support.captures import tshark

from tandem.isdn.q921.frames import Frame, InformationFrame, SupervisoryFrame

_LINKTYPE_LINUX_LAPD = 177
_FIELDS = ("lapd.sapi", "lapd.tei", "lapd.cr", "_ws.col.Info", "_ws.malformed", "_ws.expert.message")


@dataclass
class Dissected:
    """One frame."""

    address: tuple[int, int, bool]
    """SAPI, TEI and C/R bit."""
    information: str
    """The column of that name: the frame in words."""
    trouble: list[str]
    """What tshark finds wrong."""

    def agrees(self, frame: Frame, network: bool = True) -> bool:
        """Whether the words are those for a frame of ours, sent by that side."""
        command = frame.address.cr is network
        if isinstance(frame, InformationFrame):
            bit, words = frame.poll, f", N(R)={frame.nr}, N(S)={frame.ns}"
        elif isinstance(frame, SupervisoryFrame):
            bit, words = frame.poll_final, f", func={frame.kind.name}, N(R)={frame.nr}"
        else:
            bit, words = frame.poll_final, f", func={frame.kind.name}"
        letter = {InformationFrame: "I", SupervisoryFrame: "S"}.get(type(frame), "U")
        return f"{letter}{' P' if bit and command else ' F' if bit else ''}{words}" in self.information


def write_capture(path: Path, frames: Iterable[bytes], network: bool = True) -> None:
    """A capture (link type 177, LINUX_LAPD) of frames without FCS, sent by one side."""
    content = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _LINKTYPE_LINUX_LAPD))
    for number, frame in enumerate(frames):
        # Packet type 4: sent by us; the first octet of the address says whether we are the network.
        packet = struct.pack(">HHHBxxxxxxxH", 4, 8445, 8, network, 0x0030) + frame
        content += struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet
    path.write_bytes(content)


def dissect(frames: Iterable[bytes], path: Path, network: bool = True) -> list[Dissected]:
    """Have tshark dissect frames; `path` is for the capture."""
    write_capture(path, frames, network)
    found = []
    for line in tshark(path, "-T", "fields", *(option for field in _FIELDS for option in ("-e", field))):
        sapi, tei, cr, information, *trouble = line.split("\t")
        found.append(Dissected((int(sapi), int(tei), cr not in ("0", "False")), information, [t for t in trouble if t]))
    return found
