"""Speech of a leg in packets of another length than the 20 ms of a tick: 10, 30, 40, 50 or 60 ms."""

from __future__ import annotations

from typing import Final

PACKET_TIMES: Final = (10, 20, 30, 40, 50, 60)
"""Milliseconds."""
TICK_TIME: Final = 20
_RATE: Final = 8


class Packing:
    """Cuts what is said into packets."""

    __slots__ = ("_begun", "_octets", "_size")

    def __init__(self, milliseconds: int) -> None:
        """`milliseconds` a packet, one of PACKET_TIMES."""
        self._size = milliseconds * _RATE
        self._octets = b""
        self._begun = 0

    def put(self, octets: bytes, timestamp: int) -> list[tuple[int, bytes]]:
        """Take what is said from `timestamp` on; the packets that are whole now, each with its timestamp."""
        if not self._octets:
            self._begun = timestamp
        self._octets += octets
        size, whole = self._size, []
        while len(self._octets) >= size:
            whole.append((self._begun & 0xFFFFFFFF, self._octets[:size]))
            self._octets = self._octets[size:]
            self._begun += size
        return whole

    def drop(self) -> None:
        """Forget what is not sent yet: something else takes its place."""
        self._octets = b""
