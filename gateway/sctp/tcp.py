"""TCP in place of SCTP, as some peers offer it: messages one after another, by the length in their header."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from tandem.core.errors import ConfigurationError, DecodeError
from tandem.core.sigtran.stream import MessageSplitter
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters
from tandem.gateway.sctp.transport import AssociationUser, Transport

#: Octets not taken by the peer at which the connection is given up, per message of `SctpParameters.send_queue`.
_OCTETS_PER_MESSAGE = 300


class TcpTransport(Transport):
    """Associations that are TCP connections. There is one stream, number 0, and no payload protocol identifier.

    TCP itself notices a dead peer late: keepalive probes at the heartbeat's interval and TCP_USER_TIMEOUT help.
    """

    def __init__(
        self,
        associations: Sequence[AssociationSettings],
        user: AssociationUser,
        parameters: SctpParameters | None = None,
    ) -> None:
        super().__init__(associations, user, parameters)
        self._connections: dict[str, _Connection] = {}
        self._servers: list[asyncio.Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    async def start(self) -> None:
        """Listen where associations do, and begin the others."""
        loop = asyncio.get_running_loop()
        for settings in self.settings.values():
            if not settings.listen:
                self._tasks.append(loop.create_task(self._keep(settings)))
        places = {(item.local_addresses[0], item.local_port) for item in self.settings.values() if item.listen}
        for address, port in sorted(places):
            try:
                server = await loop.create_server(lambda: _Connection(self, None), address, port, reuse_address=True)
            except OSError as error:
                raise ConfigurationError(f"cannot listen on TCP {address} port {port}: {error}") from error
            self._servers.append(server)

    async def close(self) -> None:
        """Close every connection after what was sent, and stop listening."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        for server in self._servers:
            server.close()
        for connection in list(self._connections.values()):
            connection.transport.close()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        for server in self._servers:
            await server.wait_closed()
        await asyncio.sleep(0)

    def send(self, association: str, octets: bytes, stream: int, ppid: int) -> bool:
        """Send a message; False when the association is down."""
        connection = self._connections.get(association)
        if connection is None:
            return False
        connection.transport.write(octets)
        if connection.transport.get_write_buffer_size() > self.parameters.send_queue * _OCTETS_PER_MESSAGE:
            connection.abort("the peer takes no messages")
        return True

    def abort(self, association: str, reason: str) -> None:
        """End an association at once."""
        connection = self._connections.get(association)
        if connection is not None:
            connection.abort(reason)

    def is_up(self, association: str) -> bool:
        """Whether messages can be sent."""
        return association in self._connections

    async def _keep(self, settings: AssociationSettings) -> None:
        loop = asyncio.get_running_loop()
        while True:
            local = (settings.local_addresses[0], settings.local_port) if settings.local_port else None
            for address in settings.remote_addresses:
                connection = _Connection(self, settings)
                with suppress(OSError):
                    await loop.create_connection(
                        lambda made=connection: made,
                        address,
                        settings.remote_port,
                        local_addr=local,
                    )
                    await connection.over.wait()
                    break
            await asyncio.sleep(self.parameters.reconnect)

    def established(self, connection: _Connection, address: str, port: int) -> bool:
        """A connection is there: find its association and tell the user; False if nobody wants it."""
        settings = connection.settings or self._expected(address, port)
        if settings is None or self._closing:
            return False
        connection.settings = settings
        former = self._connections.pop(settings.name, None)
        if former is not None:  # the peer began anew before we noticed that it was gone
            former.abort("replaced by a new connection")
            self._user.association_down(settings.name, "replaced by a new connection")
        self._connections[settings.name] = connection
        self._user.association_up(settings.name, 1)
        return True

    def lost(self, connection: _Connection, reason: str) -> None:
        """A connection is gone."""
        settings = connection.settings
        if settings is not None and self._connections.get(settings.name) is connection:
            del self._connections[settings.name]
            if not self._closing:
                self._user.association_down(settings.name, reason)

    def received(self, connection: _Connection, message: bytes) -> None:
        """A whole message came."""
        settings = connection.settings
        if settings is not None and self._connections.get(settings.name) is connection:
            self._user.message_received(settings.name, message, 0, settings.ppid)


class _Connection(asyncio.Protocol):
    def __init__(self, owner: TcpTransport, settings: AssociationSettings | None) -> None:
        self.settings = settings
        self.over = asyncio.Event()
        self._owner = owner
        self._splitter = MessageSplitter()
        self._reason = "the peer closed the connection"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No check of the type: uvloop's transports are no subclasses of asyncio's.
        made = cast("asyncio.Transport", transport)
        self.transport = made
        self._tune(made.get_extra_info("socket"))
        address, port = made.get_extra_info("peername")[:2]
        if not self._owner.established(self, address, port):
            made.abort()

    def _tune(self, line: socket.socket) -> None:
        parameters = self._owner.parameters
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parameters.heartbeat:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            seconds = max(1, round(parameters.heartbeat))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, round(parameters.rto_max)))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, parameters.max_retransmissions)
        timeout = (parameters.max_retransmissions + 1) * parameters.rto_max
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(timeout * 1000))

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._splitter.feed(data)
            while messages:
                for message in messages:
                    self._owner.received(self, message)
                messages = self._splitter.feed(b"")
        except DecodeError as error:
            self.abort(f"what the peer sends is no message: {error}")

    def abort(self, reason: str) -> None:
        self._reason = reason
        self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.over.set()
        self._owner.lost(self, str(error) if error else self._reason)
