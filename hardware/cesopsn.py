"""CESoPSN, timeslots of a line in packets (RFC 5086, basic NxDS0 service): its M bits, and its sizes of packets.

Control word, sequence and loss are those of SAToP. The M bits say what SAToP cannot: that the far end's line has a
remote alarm while its octets are good. Signalling packets (CAS, RFC 5086 4.3 and 5.3) are counted, not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tandem.hardware.satop import Packet, SatopCounts, SatopReceiver

REMOTE_DEFECT: Final = 0b10
"""M bits with L bit 0: the line behind the far end has a remote defect (RDI, the A bit of an E1); octets are good."""
SIGNALLING: Final = 0b11
"""M bits with L bit 0: a signalling packet, in a sequence of its own."""


def default_frames(timeslots: int) -> int:
    """Frames a packet for so many timeslots: 8, 4 or 1 ms of packetisation (the latencies of RFC 5086 5.1)."""
    return 64 if timeslots == 1 else 32 if timeslots < 5 else 8


@dataclass(slots=True)
class CesopsnCounts(SatopCounts):
    """Packets since the receiver was made."""

    packets_far_remote_defect: int = 0
    """With the M bits of a remote defect."""
    packets_signalling: int = 0
    """Signalling packets: dropped."""


class CesopsnReceiver(SatopReceiver):
    """Puts packets in sequence and gives the octets of the timeslots, frame by frame."""

    counts: CesopsnCounts

    def __init__(self, payload: int, *, reorder: int, most: int | None = None) -> None:
        super().__init__(payload, reorder=reorder, most=most)
        self.counts = CesopsnCounts()

    @property
    def far_remote_defect(self) -> bool:
        """Whether the last packet told of a remote defect, or that ours do not arrive there."""
        return self.far is not None and (self.far.remote_loss or _is_remote_defect(self.far))

    @property
    def far_fault(self) -> bool:
        """Whether the last packet told that the far end's line is faulty."""
        return self.far is not None and self.far.fault

    def _accepts(self, packet: Packet) -> bool:
        if packet.modifier == 0:
            return True
        if _is_remote_defect(packet):
            self.counts.packets_far_remote_defect += 1
            return True
        if packet.modifier == SIGNALLING and not packet.fault:
            self.counts.packets_signalling += 1
        else:  # reserved combinations of L and M
            self.counts.packets_malformed += 1
        return False


def _is_remote_defect(packet: Packet) -> bool:
    return packet.modifier == REMOTE_DEFECT and not packet.fault
