"""The connections of the SIP agent: which message goes over which, and when one is given up.

A pure machine. The owner opens, writes and closes real connections as the outputs say and reports what becomes of
them. Connections are reused in both directions (RFC 3261 18.1.1, RFC 5923), and no peer can hold more of the gateway
than StreamLimits says: neither by many connections nor by a slow, silent or half-open one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from tandem.core.timers import Agenda, TimerTable
from tandem.gateway.sip.endpoint import Endpoint, Stream, TransportName
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.framing import KeepAlive, StreamFramer

_PING: Final = b"\r\n\r\n"
_PONG: Final = b"\r\n"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What connections may take of the gateway; times in seconds."""

    connections: int = 2000
    """Connections in all, in both directions."""
    per_address: int = 64
    """Accepted connections from one IP address."""
    maximum_message: int = 65536
    """Octets of the longest message taken."""
    backlog: int = 1 << 20
    """Octets that wait for a peer which does not read, at most."""
    connect: float = 4.0
    """A connection of ours must be open by then, the TLS handshake included."""
    first_message: float = 30.0
    """An accepted connection must have sent its first whole message by then."""
    message: float = 10.0
    """A message once begun must be whole by then."""
    blocked: float = 10.0
    """A peer that does not read is given up after this long."""
    idle: float = 600.0
    """A connection without a message in either direction is closed after this long; keep-alives count."""
    ping: float = 120.0
    """Between keep-alives on connections that we opened (RFC 5626 4.4.1: 95 to 120 s for TCP)."""
    pong: float = 10.0
    """A peer that has answered keep-alives before must answer each within this time (RFC 5626 4.4.1)."""


class Timer(Enum):
    """What may happen to a connection without a word of its peer."""

    CONNECT = auto()
    FIRST_MESSAGE = auto()
    MESSAGE = auto()
    BLOCKED = auto()
    IDLE = auto()
    PING = auto()
    PONG = auto()


#: Why a connection is closed, by the timer that says so.
_REASONS: Final[dict[Timer, str]] = {
    Timer.CONNECT: "no connection in time",
    Timer.FIRST_MESSAGE: "no message came in time",
    Timer.MESSAGE: "a message was begun and not finished in time",
    Timer.BLOCKED: "the peer does not read",
    Timer.IDLE: "idle",
    Timer.PONG: "keep-alive not answered",
}


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """Open a connection; report `connected` or `closed`."""

    connection: int
    peer: Stream


@dataclass(frozen=True, slots=True)
class Write:
    """Write octets to an open connection."""

    connection: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """Close a connection in whichever state it is; nothing more is reported of it."""

    connection: int
    reason: str


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A whole message came."""

    data: bytes
    source: Stream


@dataclass(frozen=True, slots=True)
class SendFailed:
    """A message could not be sent: its peer cannot be reached."""

    data: bytes
    destination: Stream
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """An open connection is gone: what was last sent over it may not have arrived."""

    peer: Stream
    reason: str


Output = OpenConnection | Write | CloseConnection | MessageReceived | SendFailed | ConnectionLost


@dataclass(slots=True, eq=False)
class _Connection:
    number: int
    peer: Stream
    ours: bool
    """We opened it."""
    framer: StreamFramer
    open: bool
    waiting: list[tuple[bytes, Stream]] = field(default_factory=list)
    """What is to be sent once it is open, or once the peer reads again."""
    waiting_octets: int = 0
    blocked: bool = False
    keys: set[tuple[str, str, int]] = field(default_factory=set)
    pinged: bool = False
    """A keep-alive was sent and not answered."""
    answers_pings: bool = False
    names: tuple[str, ...] = ()
    """SIP domains in the certificate of the peer that opened it."""


class Connections:
    """Every connection of one agent."""

    def __init__(self, limits: StreamLimits | None = None) -> None:
        self.limits = limits or StreamLimits()
        self.statistics: Counter[str] = Counter()
        """How many connections were opened, accepted, refused and closed."""
        self._connections: dict[int, _Connection] = {}
        self._by_peer: dict[tuple[str, str, int], _Connection] = {}
        self._accepted_from: Counter[str] = Counter()
        self._timers: TimerTable[tuple[int, Timer]] = TimerTable()
        self.waiting: list[Output] = []
        """What `outputs` is going to return: the same list every time."""
        self._last = 0

    def __len__(self) -> int:
        return len(self._connections)

    # --- the machine contract ---

    def outputs(self) -> list[Output]:
        """What was produced since the last call, in order, and forget it."""
        outputs = self.waiting[:]
        self.waiting.clear()
        return outputs

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        for number, timer in self._timers.expired(now):
            connection = self._connections[number]
            if timer is Timer.PING:
                self.waiting.append(Write(number, _PING))
                connection.pinged = True
                self._timers.start((number, Timer.PING), now + self.limits.ping)
                if connection.answers_pings:
                    self._timers.start((number, Timer.PONG), now + self.limits.pong)
            else:
                self._drop(connection, _REASONS[timer], close=True)

    # --- what the owner reports ---

    def accepted(self, transport: TransportName, host: str, port: int, now: float) -> int | None:
        """A peer connects to us: the number of the connection, or None when it is to be closed at once."""
        if len(self._connections) >= self.limits.connections or (self._accepted_from[host] >= self.limits.per_address):
            self.statistics["refused"] += 1
            return None
        self.statistics["accepted"] += 1
        self._accepted_from[host] += 1
        connection = self._add(Stream(host, port, transport), ours=False)
        self._timers.start((connection.number, Timer.FIRST_MESSAGE), now + self.limits.first_message)
        return connection.number

    def why_not(self, host: str) -> str:
        """Why a connection from `host` is turned away now: the key of the configuration that says so."""
        return "connections_per_address" if self._accepted_from[host] >= self.limits.per_address else "connections"

    def connected(self, number: int, now: float, names: tuple[str, ...] = ()) -> None:
        """A connection of ours is open, or TLS on one of a peer: the SIP domains in the peer's certificate."""
        connection = self._connections.get(number)
        if connection is None:
            return
        if not connection.ours:
            connection.names = names
        if connection.open:
            return
        connection.open = True
        self._timers.stop((number, Timer.CONNECT))
        self._timers.start((number, Timer.IDLE), now + self.limits.idle)
        self._timers.start((number, Timer.PING), now + self.limits.ping)
        self._flush(connection)

    def received(self, number: int, octets: bytes, now: float) -> None:
        """Octets came."""
        connection = self._connections.get(number)
        if connection is None:
            return
        try:
            found = connection.framer.feed(octets)
        except SipDecodeError as error:
            self.statistics["broken streams"] += 1
            self._drop(connection, error.message, close=True)
            return
        for item in found:
            if item is KeepAlive.PING:
                self.waiting.append(Write(number, _PONG))
            elif item is KeepAlive.PONG:
                connection.answers_pings |= connection.pinged
                connection.pinged = False
                self._timers.stop((number, Timer.PONG))
            else:
                self._timers.stop((number, Timer.FIRST_MESSAGE))
                self.waiting.append(MessageReceived(item, connection.peer._replace(connection=number)))
        if found:
            self._timers.start((number, Timer.IDLE), now + self.limits.idle)
        if not connection.framer.partial:
            self._timers.stop((number, Timer.MESSAGE))
        elif found or not self._timers.is_running((number, Timer.MESSAGE)):
            self._timers.start((number, Timer.MESSAGE), now + self.limits.message)

    def closed(self, number: int, reason: str) -> None:
        """A connection is gone, or could not be opened."""
        connection = self._connections.get(number)
        if connection is not None:
            self._drop(connection, reason, close=False)

    def blocked(self, number: int, now: float) -> None:
        """The peer does not read: what is written would pile up."""
        connection = self._connections.get(number)
        if connection is not None and not connection.blocked:
            connection.blocked = True
            self._timers.start((number, Timer.BLOCKED), now + self.limits.blocked)

    def unblocked(self, number: int) -> None:
        """The peer reads again."""
        connection = self._connections.get(number)
        if connection is not None:
            connection.blocked = False
            self._timers.stop((number, Timer.BLOCKED))
            self._flush(connection)

    # --- what the agent asks for ---

    def send(self, data: bytes, destination: Stream, now: float) -> None:
        """Send a message over the connection that `destination` names, one to that peer, or a new one."""
        connection = self._connections.get(destination.connection) or self._by_peer.get(_key(destination))
        if connection is None:
            if len(self._connections) >= self.limits.connections:
                self.waiting.append(SendFailed(data, destination, "too many connections"))
                return
            connection = self._add(destination._replace(connection=0), ours=True)
            self._timers.start((connection.number, Timer.CONNECT), now + self.limits.connect)
            self.waiting.append(OpenConnection(connection.number, connection.peer))
            self.statistics["opened"] += 1
        if connection.open and not connection.blocked:
            self.waiting.append(Write(connection.number, data))
            self._timers.start((connection.number, Timer.IDLE), now + self.limits.idle)
            return
        connection.waiting.append((data, destination))
        connection.waiting_octets += len(data)
        if connection.waiting_octets > self.limits.backlog:
            self._drop(connection, "too much waits for the peer", close=True)

    def alias(self, number: int, port: int) -> None:
        """The peer of a connection that it opened listens on `port`: requests to there may use it (RFC 5923 5)."""
        connection = self._connections.get(number)
        if connection is None or connection.ours:
            return
        key = (connection.peer.transport, connection.peer.host, port)
        if key not in self._by_peer and len(connection.keys) < 4:
            self._by_peer[key] = connection
            connection.keys.add(key)

    def names_of(self, peer: Endpoint) -> tuple[str, ...] | None:
        """The SIP domains that the peer of a connection has proved by its certificate; None: we opened it ourselves."""
        connection = self._connections.get(peer[3]) if len(peer) == 5 else None
        if connection is None:
            return ()
        return None if connection.ours else connection.names

    def is_open(self, number: int) -> bool:
        """Whether the connection of this number is there and open."""
        connection = self._connections.get(number)
        return connection is not None and connection.open

    # --- inside ---

    def _add(self, peer: Stream, ours: bool) -> _Connection:
        self._last += 1
        framer = StreamFramer(self.limits.maximum_message)
        connection = _Connection(self._last, peer, ours, framer, open=not ours)
        self._connections[self._last] = connection
        if ours:
            connection.keys.add(_key(peer))
            self._by_peer[_key(peer)] = connection
        return connection

    def _flush(self, connection: _Connection) -> None:
        self.waiting += [Write(connection.number, data) for data, _ in connection.waiting]
        connection.waiting, connection.waiting_octets = [], 0

    def _drop(self, connection: _Connection, reason: str, close: bool) -> None:
        number = connection.number
        del self._connections[number]
        for key in connection.keys:
            del self._by_peer[key]
        if not connection.ours:
            host = connection.peer.host
            self._accepted_from[host] -= 1
            if not self._accepted_from[host]:
                del self._accepted_from[host]
        for timer in Timer:
            self._timers.stop((number, timer))
        self.statistics["closed"] += 1
        if close:
            self.waiting.append(CloseConnection(number, reason))
        self.waiting += [SendFailed(data, destination, reason) for data, destination in connection.waiting]
        if connection.open:
            self.waiting.append(ConnectionLost(connection.peer._replace(connection=number), reason))


def _key(peer: Stream) -> tuple[str, str, int]:
    # Over TLS the certificate was checked for one name: another name is another peer (RFC 5922 7.3).
    transport = f"{peer.transport} {peer.name}" if peer.name else peer.transport
    return transport, peer.host, peer.port
