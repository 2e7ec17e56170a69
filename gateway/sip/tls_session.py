"""TLS on one connection without I/O: cipher text in, plain text out, and back.

Python's ssl does the work through memory buffers. asyncio's own TLS would do as well, but hides a connection from its
owner until the handshake is over, which is when a peer that never finishes one has to be counted and given up.
"""

from __future__ import annotations

import ssl
from typing import Final

from tandem.gateway.sip.certificate_names import domains

_READ: Final = 65536


class TlsSession:
    """One side of a TLS connection."""

    def __init__(self, context: ssl.SSLContext, server: bool, name: str = "") -> None:
        """`name` is the host name or address that the server's certificate must bear, where we are the client."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server, None if server else name)
        self.ready = False
        """The handshake is over."""
        self.ended = False
        """The peer said that it sends nothing more (close_notify)."""
        self._waiting: list[bytes] = []
        if not server:
            self._shake_hands()

    def receive(self, octets: bytes) -> bytes:
        """Take cipher text; return the plain text that it completes. Raises ssl.SSLError when TLS fails."""
        self._incoming.write(octets)
        if not self.ready and not self._shake_hands():
            return b""
        parts: list[bytes] = []
        try:
            while part := self._object.read(_READ):
                parts.append(part)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return b"".join(parts)

    def send(self, octets: bytes) -> None:
        """Encrypt; before the end of the handshake the octets wait for it."""
        if self.ready:
            self._object.write(octets)
        else:
            self._waiting.append(octets)

    def close(self) -> None:
        """Say that nothing more will be sent."""
        if self.ready:
            try:
                self._object.unwrap()
            except ssl.SSLError:
                return

    def domains(self) -> tuple[str, ...]:
        """The SIP domains in the certificate of the peer; none where it showed none, or none that was checked."""
        return domains(self._object.getpeercert()) if self.ready else ()

    def take(self) -> bytes:
        """The cipher text that is to be sent now, and forget it."""
        return self._outgoing.read()

    def _shake_hands(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.ready = True
        for octets in self._waiting:
            self._object.write(octets)
        self._waiting.clear()
        return True
