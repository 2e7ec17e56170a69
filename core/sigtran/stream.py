"""Messages out of a byte stream: over TCP they follow each other, delimited by the length in the common header."""

from __future__ import annotations

from tandem.core.sigtran.common import HEADER_OCTETS, parse_header


class MessageSplitter:
    """Collects octets until messages are whole. M3UA, M2UA and M2PA share the header that this looks at."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> list[bytes]:
        """Messages that became whole by `octets`, header included.

        Raises MessageError when what comes next cannot be a message: there is no finding the next one, so the
        connection is of no use any more. Whole messages before it come from the call before: feed again to see it.
        """
        data = self._rest + octets
        messages: list[bytes] = []
        offset = 0
        while len(data) - offset >= HEADER_OCTETS:
            try:
                _, length = parse_header(data[offset : offset + HEADER_OCTETS])
            except ValueError:
                if not messages:
                    raise
                break
            if len(data) - offset < length:
                break
            messages.append(data[offset : offset + length])
            offset += length
        self._rest = data[offset:]
        return messages

    @property
    def waiting(self) -> int:
        """Octets of a message that is not whole yet."""
        return len(self._rest)
