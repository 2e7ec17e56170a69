"""Bounded reading and writing of octets."""

from __future__ import annotations

from tandem.core.errors import DecodeError


class Reader:
    """Reads octets of `data` between two bounds; errors carry the offset in `data`."""

    __slots__ = ("data", "end", "offset")

    def __init__(self, data: bytes, offset: int = 0, end: int | None = None) -> None:
        self.data = data
        self.offset = offset
        self.end = len(data) if end is None else end

    def __len__(self) -> int:
        return self.end - self.offset

    def octet(self, what: str = "octet") -> int:
        """Read one octet; `what` names it in the error."""
        offset = self.offset
        if offset >= self.end:
            raise DecodeError(f"{what} is missing", offset)
        self.offset = offset + 1
        return self.data[offset]

    def octets(self, count: int, what: str = "field") -> bytes:
        """Read exactly `count` octets."""
        start = self.offset
        if count > self.end - start:
            raise DecodeError(f"{what} needs {count} octets, {self.end - start} left", start)
        self.offset = start + count
        return self.data[start : start + count]

    def uint16_le(self, what: str = "field") -> int:
        """Read two octets, the less significant first (the order of SS7)."""
        return int.from_bytes(self.octets(2, what), "little")

    def uint16_be(self, what: str = "field") -> int:
        """Read two octets in network order."""
        return int.from_bytes(self.octets(2, what), "big")

    def uint32_be(self, what: str = "field") -> int:
        """Read four octets in network order."""
        return int.from_bytes(self.octets(4, what), "big")

    def rest(self) -> bytes:
        """Read all that is left."""
        return self.octets(self.end - self.offset)

    def scope(self, count: int, what: str = "field") -> Reader:
        """Take `count` octets as a reader of their own; call its `finish` to demand that all were read."""
        start = self.offset
        if count > self.end - start:
            raise DecodeError(f"{what} needs {count} octets, {self.end - start} left", start)
        self.offset = start + count
        return Reader(self.data, start, start + count)

    def finish(self, what: str = "field") -> None:
        """Raise DecodeError when octets are left."""
        if self.offset != self.end:
            raise DecodeError(f"{self.end - self.offset} octets too many in {what}", self.offset)
