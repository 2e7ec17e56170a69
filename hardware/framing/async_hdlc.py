"""HDLC on lines of octets, such as serial ports: octet stuffing instead of inserted zeros (RFC 1662 4)."""

from __future__ import annotations

import re
from typing import Final

from tandem.hardware.framing.hdlc import FCS_OCTETS, HdlcCounts, fcs16

FLAG: Final = 0x7E
ESCAPE: Final = 0x7D
"""The octet behind it has bit 6 complemented; a flag behind it aborts the frame."""
_BIT_6: Final = 0x20
_FLAG: Final = bytes((FLAG,))
_ESCAPED: Final = re.compile(rb"\x7d(.)", re.DOTALL)
_SPECIAL: Final = re.compile(rb"[\x7d\x7e]")
_SPECIAL_FLOW: Final = re.compile(rb"[\x7d\x7e\x11\x13\x91\x93]")
"""With XON and XOFF, in either parity, which a line with software flow control takes for itself."""


def encode(frame: bytes, *, flow: bool = False) -> bytes:
    """A frame with FCS, stuffing and the flag behind it; the flag before it is that of the frame before.

    `flow`: escape XON and XOFF too.
    """
    special = _SPECIAL_FLOW if flow else _SPECIAL
    body = special.sub(lambda found: bytes((ESCAPE, found[0][0] ^ _BIT_6)), frame + fcs16(frame))
    return body + _FLAG


class AsyncHdlcReceiver:
    """Finds frames in octets, in whatever portions they come.

    `min_octets` and `max_octets` bound a frame with its FCS.
    """

    def __init__(self, *, min_octets: int, max_octets: int) -> None:
        self.counts = HdlcCounts()
        self._least = min_octets
        self._most = max_octets
        self._octets = b""  # since the last flag, stuffed
        self._overlong = False  # so much came since the last flag that it is no frame

    def receive(self, octets: bytes) -> list[bytes]:
        """Take the next octets; return the good frames that ended in them, without FCS."""
        *bodies, rest = octets.split(_FLAG)
        frames = []
        for body in bodies:
            whole, self._octets = self._octets + body, b""
            if self._overlong:
                self._overlong = False
            elif whole and (frame := self._frame(whole)) is not None:
                frames.append(frame)
        if not self._overlong:
            self._octets += rest
            if len(self._octets) > 2 * self._most:  # every octet escaped
                self._octets, self._overlong = b"", True
                self._count("too_long")
        return frames

    def clear(self) -> None:
        """The line was interrupted: what has come of a frame is none."""
        self._octets, self._overlong = b"", False

    def _frame(self, body: bytes) -> bytes | None:
        if body[-1] == ESCAPE:
            self.counts.aborts += 1
            return None
        if ESCAPE in body:
            body = _ESCAPED.sub(lambda found: bytes((found[1][0] ^ _BIT_6,)), body)
        if len(body) < self._least:
            self._count("too_short")
        elif len(body) > self._most:
            self._count("too_long")
        elif fcs16(body[:-FCS_OCTETS]) != body[-FCS_OCTETS:]:
            self._count("bad_fcs")
        else:
            self.counts.good += 1
            return body[:-FCS_OCTETS]
        return None

    def _count(self, what: str) -> None:
        setattr(self.counts, what, getattr(self.counts, what) + 1)
        self.counts.errored += 1
