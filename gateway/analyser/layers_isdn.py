"""Layers of ISDN, one above the other: Q.921 frames, and Q.931 in them, in IUA or in H.225."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tandem.isdn.q931.codes import MessageType

from .model import Message, Protocol, Where

_UNNUMBERED: Final = {0x6F: "SABME", 0x0F: "DM", 0x03: "UI", 0x43: "DISC", 0x63: "UA", 0x87: "FRMR", 0xAF: "XID"}
_Q931_NAMES: Final = {int(kind): kind.name for kind in MessageType}


class IsdnLayers:
    """Takes frames and messages apart, and gives what it finds to `emit`."""

    def __init__(self, emit: Callable[[Message], None]) -> None:
        self._emit = emit

    def lapd(self, packet: int, time: float, frame: bytes, where: Where) -> None:
        """A Q.921 frame from the address on; I and UI frames of SAPI 0 carry Q.931."""
        if len(frame) < 3 or frame[0] & 1 or not frame[1] & 1:
            return
        control = frame[2]
        if control & 1 == 0:
            kind, start = "I", 4
        elif control & 3 == 1:
            kind, start = ("RR", "RNR", "REJ", "S")[control >> 2 & 3], len(frame)
        else:
            kind = _UNNUMBERED.get(control & 0xEF, f"U {control:02X}")
            start = 3 if kind == "UI" else len(frame)
        self._emit(Message(packet, time, Protocol.LAPD, kind, where, frame))
        if frame[0] >> 2 == 0 and len(frame) > start + 2:
            direction = f"{'network' if frame[0] & 2 else 'user'}" if kind == "I" else ""
            seen = Where(direction, "", link=where.link, sent=where.sent)
            self.q931(packet, time, Protocol.Q931, frame[start:], seen)

    def iua_data(self, octets: bytes, origin: Message) -> None:
        """What an IUA message carried."""
        self.q931(origin.packet, origin.time, Protocol.Q931, octets, origin.where)

    def q931(self, packet: int, time: float, protocol: Protocol, octets: bytes, where: Where) -> None:
        """A message of Q.931, or of H.225 with the same header (`protocol`)."""
        if len(octets) < 3 or octets[0] not in (8, 3, 0x43):
            return
        position = 2 + (octets[1] & 0xF)
        if position >= len(octets):
            return
        kind = _Q931_NAMES.get(octets[position]) or f"0x{octets[position]:02X}"
        self._emit(Message(packet, time, protocol, kind, where, octets))
