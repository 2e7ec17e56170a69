"""SIP over TCP and TLS: real connections for the machine in `connections`, on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable, Iterable
from typing import Final, Protocol, cast

from tandem.gateway.sip.connections import CloseConnection, OpenConnection, Write
from tandem.gateway.sip.endpoint import Listener, Stream, TransportName
from tandem.gateway.sip.tls import TlsContexts
from tandem.gateway.sip.tls_session import TlsSession

#: What a connection that is closed may still take to deliver what was written, in seconds.
LINGER_SECONDS: Final = 2.0
#: Octets written and not taken by the system at which a peer counts as one that does not read.
_WRITE_LIMIT: Final = 256 * 1024
#: Octets read in one go, some 50 messages: libuv alone would read a connection 32 times, and 256 KB each time, before
#: anybody else and any timer has its turn, which took 10 s under a flood.
_READ_LIMIT: Final = 32 * 1024
#: Seconds without anything to read after which a peer that had sent more than that counts as caught up with: TCP holds
#: back what we do not read in the peer's own buffer, so that a short read alone says nothing.
_QUIET_SECONDS: Final = 0.005

Effect = OpenConnection | Write | CloseConnection


class Owner(Protocol):
    """Whoever is told what becomes of connections."""

    def stream_accepted(self, transport: TransportName, host: str, port: int) -> int | None:
        """A peer connects: its number, None to turn it away."""

    def stream_connected(self, number: int, names: tuple[str, ...]) -> None:
        """A connection of ours is open, or TLS on one of a peer: the SIP domains in its certificate."""

    def stream_received(self, number: int, octets: bytes) -> None:
        """Octets came."""

    def stream_closed(self, number: int, reason: str) -> None:
        """A connection is gone or could not be opened."""

    def stream_blocked(self, number: int, blocked: bool) -> None:
        """The peer does not read any more, or does again."""


class StreamTransport:
    """All connections of one gateway."""

    def __init__(
        self,
        owner: Owner,
        listeners: Iterable[Listener],
        tls: TlsContexts | None,
        waits: Callable[[int, bool], None] | None = None,
    ) -> None:
        """`listeners` are all addresses of the agent; those on UDP are not ours to open.

        `waits` is told whenever a connection was read whether more of it is likely to wait.
        """
        self._owner = owner
        self._waits = waits
        self.buffer = bytearray(_READ_LIMIT)
        """What every connection is read into: each takes what is its own out at once."""
        self._tls = tls
        self._listeners = [listener for listener in listeners if listener.transport != "udp"]
        self._servers: list[asyncio.Server] = []
        self._links: dict[int, _Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; raise OSError, with the listener in its `filename`, when an address cannot be had."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:

            def accept(transport: TransportName = listener.transport) -> _Link:
                return _Link(self, transport, session=self._session_of_server() if transport == "tls" else None)

            try:
                self._servers.append(await loop.create_server(accept, listener.host, listener.port, backlog=1024))
            except OSError as error:
                raise OSError(error.errno, error.strerror or str(error), str(listener)) from None

    def carry_out(self, effects: Iterable[Effect]) -> None:
        """Open, write and close as the machine says."""
        for effect in effects:
            if isinstance(effect, OpenConnection):
                link = self._links[effect.connection] = _Link(self, effect.peer.transport, effect.connection)
                task = asyncio.get_running_loop().create_task(self._open(link, effect.peer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                continue
            found = self._links.get(effect.connection)
            if found is None:
                continue
            if isinstance(effect, Write):
                found.write(effect.octets)
            else:
                del self._links[effect.connection]
                found.close()

    async def close(self) -> None:
        """Close everything, what was written last delivered as far as the peers take it soon."""
        for server in self._servers:
            server.close()
        links, self._links = list(self._links.values()), {}
        for link in links:
            link.close()
        end = asyncio.get_running_loop().time() + LINGER_SECONDS
        while any(not link.gone for link in links) and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what links say

    def made(self, link: _Link, transport: asyncio.Transport) -> None:
        """A peer connects."""
        host, port = transport.get_extra_info("peername")[:2]
        number = self._owner.stream_accepted(link.kind, host, port)
        if number is None:
            transport.abort()
            return
        link.number = number
        self._links[number] = link

    def connected(self, link: _Link) -> None:
        """A connection of ours can be used, or TLS is there on one of a peer."""
        if link.number in self._links:
            self._owner.stream_connected(link.number, link.session.domains() if link.session is not None else ())

    def received(self, link: _Link, octets: bytes) -> None:
        """Octets came."""
        self._owner.stream_received(link.number, octets)

    def read(self, link: _Link, more: bool) -> None:
        """A link was read: whether more of it is likely to wait, here or with the peer."""
        if self._waits is not None:
            self._waits(link.number, more)

    def blocked(self, link: _Link, blocked: bool) -> None:
        """The buffer of the link is full, or has room again."""
        self._owner.stream_blocked(link.number, blocked)

    def lost(self, link: _Link, reason: str) -> None:
        """The connection is gone."""
        if self._links.pop(link.number, None) is not None:
            self._owner.stream_closed(link.number, reason)

    async def _open(self, link: _Link, peer: Stream) -> None:
        try:
            if peer.transport == "tls":
                if self._tls is None:
                    self.lost(link, "no [sip.tls] in the configuration")
                    return
                link.session = TlsSession(self._tls.client, False, peer.name or peer.host)
            await asyncio.get_running_loop().create_connection(
                lambda: link, peer.host, peer.port, local_addr=self._local_address(peer)
            )
        except (OSError, ValueError) as error:
            self.lost(link, _reason(error))
            return
        if link.number not in self._links:
            link.close()

    def _session_of_server(self) -> TlsSession:
        assert self._tls is not None, "a TLS listener is not opened without certificates"
        return TlsSession(self._tls.server, True)

    def _local_address(self, peer: Stream) -> tuple[str, int] | None:
        """Connections come from the address that peers know us by."""
        for listener in self._listeners:
            if listener.transport == peer.transport and (":" in listener.host) == (":" in peer.host):
                return listener.host, 0
        return None


class _Link(asyncio.BufferedProtocol):
    """One connection."""

    def __init__(
        self, owner: StreamTransport, kind: TransportName, number: int = 0, session: TlsSession | None = None
    ) -> None:
        self._owner = owner
        self.kind = kind
        self.number = number
        """0 until the machine has given one: a peer connects to us."""
        self.session = session
        """TLS, where that is spoken."""
        self.gone = False
        self._transport: asyncio.Transport | None = None
        self._closing = False
        self._behind = False
        """The peer sends as fast as we read, or faster."""
        self._done = 0.0
        """When what had come then was acted upon."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_LIMIT)
        if not self.number:
            self._owner.made(self, self._transport)
        elif self.session is None:
            self._owner.connected(self)
        else:
            self._transport.write(self.session.take())

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where to read to."""
        return self._owner.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Octets came; where more of them wait, everybody else has a turn first."""
        loop = asyncio.get_running_loop()
        full = nbytes == _READ_LIMIT
        self._behind = full or (self._behind and loop.time() < self._done + _QUIET_SECONDS)
        self._owner.read(self, self._behind)
        if full and self._transport is not None:
            self._transport.pause_reading()
            loop.call_soon(self._go_on_reading)
        self._received(bytes(memoryview(self._owner.buffer)[:nbytes]))
        if self._behind:
            self._done = loop.time()

    def _go_on_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _received(self, data: bytes) -> None:
        session = self.session
        if self._closing:
            return
        if session is None:
            self._owner.received(self, data)
            return
        was_ready = session.ready
        try:
            plain = session.receive(data)
        except ssl.SSLError as error:
            self._flush()  # the alert that tells the peer why
            self._owner.lost(self, f"TLS: {_reason(error)}")
            self.close()
            return
        self._flush()
        if session.ready and not was_ready:
            self._owner.connected(self)
        if plain:
            self._owner.received(self, plain)
        if session.ended:
            self.close()

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._owner.blocked(self, True)

    def resume_writing(self) -> None:
        """It reads again."""
        self._owner.blocked(self, False)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.gone = True
        self._owner.lost(self, _reason(exc) if exc else "closed by the peer")

    def write(self, octets: bytes) -> None:
        """Send octets."""
        if self._transport is None or self._transport.is_closing():
            return
        if self.session is None:
            self._transport.write(octets)
        else:
            self.session.send(octets)
            self._flush()

    def close(self) -> None:
        """Close once what was written is out, or after a moment without that."""
        transport = self._transport
        if transport is None:
            self.gone = True
            return
        if self._closing:
            return
        self._closing = True
        if self.session is not None:
            self.session.close()
            self._flush()
        transport.close()
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)

    def _flush(self) -> None:
        """Write what TLS has to send."""
        if self.session is not None and self._transport is not None and (octets := self.session.take()):
            self._transport.write(octets)


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    # asyncio puts "Connect call failed" and the like in place of what the system says.
    text = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return text[:200] or type(error).__name__
