"""IP fragments put together again (RFC 791 3.2, RFC 8200 4.5)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from .network import Fragment

_MOST: Final = 512
"""Packets waiting for parts; the oldest is given up."""
_LARGEST: Final = 65535


class Fragments:
    """Waits for the parts of packets."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str, int, int], list[Fragment]] = OrderedDict()
        self.incomplete = 0
        """Packets whose parts did not all come."""

    def add(self, part: Fragment) -> bytes | None:
        """The IP payload that `part` completes."""
        key = part.source, part.destination, part.identification, part.protocol
        parts = self._waiting.setdefault(key, [])
        parts.append(part)
        if len(self._waiting) > _MOST:
            self._waiting.popitem(last=False)
            self.incomplete += 1
        whole = _join(parts)
        if whole is not None:
            del self._waiting[key]
        return whole


def _join(parts: list[Fragment]) -> bytes | None:
    last = next((part for part in parts if not part.more), None)
    if last is None or last.offset + len(last.payload) > _LARGEST:
        return None
    size = last.offset + len(last.payload)
    payload = bytearray(size)
    reached = 0
    for part in sorted(parts, key=lambda part: part.offset):
        if part.offset > reached:
            return None
        end = min(part.offset + len(part.payload), size)
        payload[part.offset : end] = part.payload[: end - part.offset]
        reached = max(reached, end)
    return bytes(payload) if reached >= size else None
