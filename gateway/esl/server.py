"""The sockets of the event socket: clients that connect, and clients that the gateway connects to.

Nobody waits for a client: what it does not read is kept up to a limit, then it is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.ranges import parse_endpoint
from tandem.gateway.configuration.schema import EventSocket
from tandem.gateway.esl.event import Event, Stamp
from tandem.gateway.esl.guard import Guard
from tandem.gateway.esl.session import (
    Authenticated,
    ChannelMessage,
    Close,
    Follow,
    Raise,
    RunCommand,
    Send,
    Session,
    WrongPassword,
)
from tandem.gateway.esl.wire import encode
from tandem.gateway.log import Line
from tandem.gateway.operator.desk import Desk


class Channels(Protocol):
    """What the event socket needs of the channels (half-calls) of the gateway."""

    def exists(self, channel: str) -> bool:
        """Whether there is a channel with this UUID."""
        ...

    def message(self, channel: str, headers: Mapping[str, str], body: str, done: Callable[[str], None]) -> None:
        """`sendmsg` for a channel; `done` gets the reply, `+OK…` or `-ERR…`."""
        ...


class EventServer:
    """All clients."""

    def __init__(
        self,
        configuration: EventSocket,
        desk: Desk,
        stamp: Stamp,
        channels: Channels,
        log: Callable[[Line], None],
        carry_out: Callable[[], None],
    ) -> None:
        """`carry_out` does what the node wants, after each order; `log` takes lines for the operator."""
        self.configuration = configuration
        self.guard = Guard(configuration.allow, configuration.wrong_passwords, configuration.ban_seconds)
        self.desk = desk
        self.stamp = stamp
        self.channels = channels
        self.log = log
        self.carry_out = carry_out
        self.clients: set[Client] = set()
        self.changed: Callable[[], None] = lambda: None
        """Called when a client has come or gone, or wants other events."""
        self.left: Callable[[str], None] = lambda channel: None
        """Called with its channel when an outbound connection has ended."""
        self._server: asyncio.Server | None = None
        self._publishing = False

    async def start(self) -> None:
        """Listen; ConfigurationError when the address cannot be had."""
        host, port = parse_endpoint(self.configuration.listen, 8021)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: Client(self), host, port, reuse_address=True)
        except OSError as error:
            text = f"event_socket.listen: {self.configuration.listen} cannot be opened: {error.strerror}"
            raise ConfigurationError(text) from None
        self.log(Line("info", "=", "event socket", f"listens on {self.configuration.listen}"))

    async def close(self) -> None:
        """Tell every client, and listen no more."""
        for client in list(self.clients):
            client.leave("the gateway ends")
        if self._server is not None:
            self._server.close()

    def reconfigure(self, configuration: EventSocket) -> None:
        """Other passwords and limits from now on; clients that are in stay."""
        self.configuration = configuration
        self.guard.allow(configuration.allow)
        self.guard.limit(configuration.wrong_passwords, configuration.ban_seconds)

    @property
    def listening(self) -> bool:
        """Whether any client might want an event."""
        return any(client.session.authenticated for client in self.clients)

    def wanted(self) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
        """Names of events that clients may want: of all channels, and by channel."""
        everywhere: frozenset[str] = frozenset()
        channels: dict[str, frozenset[str]] = {}
        for client in self.clients:
            session = client.session
            if not session.authenticated:
                continue
            names, channel = session.subscription.names, session.subscription.channel
            if channel:
                channels[channel] = channels.get(channel, frozenset()) | names
            else:
                everywhere |= names
            if session.outbound:  # its end is told with the connection
                channels[session.outbound] = channels.get(session.outbound, frozenset()) | {"CHANNEL_HANGUP_COMPLETE"}
        return everywhere, channels

    def publish(self, event: Event) -> None:
        """Give `event` to those who want it."""
        for client in list(self.clients):
            client.session.event(event)
            client.carry_out()

    def logged(self, line: Line) -> None:
        """A line was logged: for those who listen to the log."""
        if self._publishing:
            return  # what is logged about a client that is cut off here would come back here
        self._publishing = True
        try:
            for client in list(self.clients):
                client.session.log(line)
                client.carry_out()
        finally:
            self._publishing = False

    async def connect_out(self, host: str, port: int, channel: str, data: Mapping[str, str]) -> Client:
        """Connect to a client on behalf of `channel` (application `socket`); OSError when it cannot be reached."""
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: Client(self, channel, data), host, port)
        return client

    def clients_of(self, channel: str) -> Iterator[Client]:
        """Outbound connections about `channel`."""
        return (client for client in list(self.clients) if client.session.outbound == channel)


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: EventServer, channel: str = "", data: Mapping[str, str] | None = None) -> None:
        """With `channel` it is one that the gateway made."""
        configuration = server.configuration
        self.session = Session(configuration.password, configuration.read_only_password)
        self.who = ""
        self._server = server
        self._channel, self._data = channel, data or {}
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._changes = 0
        self._closed = False

    # --- asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        """The connection is there: turn it away, or begin."""
        self._transport = transport
        server, configuration = self._server, self._server.configuration
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self._host, self.who = host, f"{host}:{port}"
        if self._channel:
            server.clients.add(self)
            self.session.start_outbound(self._channel, self._data)
            server.changed()
            return
        reason = server.guard.refuses(host, self._now)
        if not reason and sum(not one.session.outbound for one in server.clients) >= configuration.connections:
            reason = f"there are {configuration.connections} clients already"
        if reason:
            self._closed = True
            server.log(Line("warning", "!", f"event socket {self.who}", f"turned away: {reason}"))
            transport.write(encode("text/rude-rejection", None, "Access Denied, go away.\n"))
            transport.close()
            return
        server.clients.add(self)
        self._timer = asyncio.get_running_loop().call_later(configuration.login_seconds, self._too_slow)
        self.session.start()
        self.carry_out()

    def data_received(self, data: bytes) -> None:
        """The client said something."""
        if self._closed:
            return
        self.session.receive(data)
        self.carry_out()

    def eof_received(self) -> bool:
        """The client says no more; it may still read: end when everything is written."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._end()

    # --- what sessions want

    def carry_out(self) -> None:
        """Do what the session wants."""
        while outputs := self.session.outputs():
            for output in outputs:
                match output:
                    case Send(octets=octets):
                        self._write(octets)
                    case RunCommand():
                        self._run(output)
                    case ChannelMessage():
                        self._message(output)
                    case Follow(number=number, channel=channel):
                        good = self._server.channels.exists(channel)
                        self.session.answer(number, "+OK Events Enabled" if good else "-ERR invalid uuid")
                    case Raise(name=name, headers=headers, body=body):
                        self._server.desk.note(self.who, f"sendevent {name}", "+OK", True)
                        self._server.publish(self._server.stamp(name, headers, body))
                    case WrongPassword():
                        self._wrong_password()
                    case Authenticated():
                        if self._timer is not None:
                            self._timer.cancel()
                        self._server.changed()
                    case Close(reason=reason):
                        self._close(reason)
        if self.session.subscription.changes != self._changes:
            self._changes = self.session.subscription.changes
            self._server.changed()

    def leave(self, reason: str) -> None:
        """End the connection politely."""
        self.session.leave(reason)
        self.carry_out()

    # --- inside

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _run(self, command: RunCommand) -> None:
        session, server = self.session, self._server

        def answered(text: str) -> None:
            if command.job:
                name, _, arguments = command.line.partition(" ")
                headers = {"Job-UUID": command.job, "Job-Command": name}
                if arguments:
                    headers["Job-Command-Arg"] = arguments
                server.publish(server.stamp("BACKGROUND_JOB", headers, text))
            else:
                session.answer(command.number, text)
                self.carry_out()

        server.desk.run(command.line, self.who, answered, session.read_only)
        server.carry_out()

    def _message(self, message: ChannelMessage) -> None:
        server = self._server
        words = [message.headers.get(name, "") for name in ("call-command", "execute-app-name", "execute-app-arg")]
        line = " ".join(["sendmsg", message.channel, *filter(None, words)])

        def answered(text: str) -> None:
            server.desk.note(self.who, line, text, True)
            self.session.answer(message.number, text)
            self.carry_out()

        server.channels.message(message.channel, message.headers, message.body, answered)
        server.carry_out()

    def _wrong_password(self) -> None:
        banned = self._server.guard.wrong(self._host, self._now)
        more = ", and will not be listened to for a while" if banned else ""
        self._server.log(Line("warning", "!", f"event socket {self.who}", f"said a wrong password{more}"))

    def _too_slow(self) -> None:
        if not self.session.authenticated:
            self._close("it did not say its password in time")

    def _write(self, octets: bytes) -> None:
        if self._closed:
            return
        self._transport.write(octets)
        limit = self._server.configuration.buffer_kilobytes * 1024
        if self._transport.get_write_buffer_size() > limit:
            self._server.log(
                Line(
                    "warning", "!", f"event socket {self.who}", f"cut off: it does not read, {limit} octets wait for it"
                )
            )
            self._end()
            self._transport.abort()

    def _close(self, reason: str) -> None:
        if not self._closed:
            self._server.log(Line("debug", "=", f"event socket {self.who}", f"closed: {reason}"))
            self._end()
            self._transport.close()

    def _end(self) -> None:
        """Nothing more goes in or out."""
        known = self in self._server.clients
        self._closed = True
        self._server.clients.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if known:
            self._server.changed()
        if known and self.session.outbound:
            self._server.left(self.session.outbound)
