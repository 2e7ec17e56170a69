"""What M3UA and M2UA have in common: associations, ASPs, application servers, heartbeat, ERR and NTFY."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Final, Generic, TypeVar

from tandem.core.sigtran.application_server import ApplicationServer
from tandem.core.sigtran.asp import CLIENT_MESSAGES, SERVER_MESSAGES, AspClient, AspServer
from tandem.core.sigtran.codes import ErrorCode, Ppid, Status, Tag, TrafficMode, Type, code_name
from tandem.core.sigtran.common import Message, MessageError, Parameter, encode_message
from tandem.core.sigtran.configuration import (
    AssociationConfiguration,
    Role,
    ServerConfiguration,
    Timer,
    TimerKey,
    Timers,
    check_names,
)
from tandem.core.sigtran.messages import Forms, check_message
from tandem.core.sigtran.primitives import (
    AspState,
    AspStateChanged,
    AsState,
    AsStateChanged,
    CloseAssociation,
    Notice,
    SendMessage,
)
from tandem.core.timers import Agenda, TimerTable

#: Octets of an offending message that ERR gives back (RFC 4666 3.8.1).
DIAGNOSTIC_OCTETS: Final = 40

Server = TypeVar("Server", bound=ServerConfiguration)
Upper = TypeVar("Upper")


class Peer:
    """One association: configuration, and the ASPs at its two ends as far as its role has them."""

    def __init__(
        self, configuration: AssociationConfiguration, client: AspClient | None, server: AspServer | None
    ) -> None:
        self.configuration = configuration
        self.name = configuration.name
        self.role = configuration.role
        self.client = client
        self.server = server
        self.connected = False
        self.streams = 1
        """Streams towards the peer."""
        self.beats = 0
        """Heartbeats sent."""
        self.beat_unanswered = False
        self.displaced: set[str] = set()
        """Servers that another ASP took over from ours."""

    @property
    def up(self) -> bool:
        """Whether messages about traffic can be exchanged."""
        return (self.client is not None and self.client.up) or (self.server is not None and self.server.up)

    def may_send(self, server: str) -> bool:
        """Whether messages of `server` can be sent to the peer."""
        ours = self.client is not None and server in self.client.active
        theirs = self.server is not None and server in self.server.active
        if self.role is Role.IPSP:
            return ours or theirs
        return ours if self.role is Role.ASP else theirs

    def may_receive(self, server: str) -> bool:
        """Whether messages of `server` are to be expected from the peer."""
        if self.role is Role.IPSP_DOUBLE:
            return self.client is not None and server in self.client.active
        return self.may_send(server)


class AdaptationLayer(ABC, Generic[Server, Upper]):
    """The machine behind M3UA and M2UA; those add their own messages and what is above them.

    Every input names the association. Whatever a peer sends, the answer is a message or nothing, and an entry in
    `counters`; only misuse by the caller raises.
    """

    PPID: ClassVar[Ppid]
    FORMS: ClassVar[Forms]

    def __init__(
        self, associations: Sequence[AssociationConfiguration], servers: Sequence[Server], timers: Timers | None = None
    ) -> None:
        check_names(associations, servers)
        self.durations = timers or Timers()
        self.timers: TimerTable[TimerKey] = TimerTable()
        self.counters: Counter[str] = Counter()
        """Messages sent and received by name, and what became of odd ones."""
        self.peers: dict[str, Peer] = {}
        self._configurations: dict[str, Server] = {server.name: server for server in servers}
        self._servers: dict[str, ApplicationServer] = {}
        self._served: dict[str, list[str]] = {association.name: [] for association in associations}
        self._outputs: list[Upper | SendMessage | CloseAssociation | Notice | AsStateChanged | AspStateChanged] = []
        self._current: bytes = b""
        for association in associations:
            client = AspClient(association, self) if association.is_client else None
            server = AspServer(association, self) if association.role.is_server else None
            self.peers[association.name] = Peer(association, client, server)
        for configuration in servers:
            self._add_server(configuration)

    def _add_server(self, configuration: Server) -> None:
        asp_only = all(self.peers[name].role is Role.ASP for name in configuration.associations)
        recovery = 0.0 if asp_only else self.durations.recovery
        self._servers[configuration.name] = ApplicationServer(configuration, recovery, self.timers)
        for name in configuration.associations:
            self._served[name].append(configuration.name)

    # From the transport

    def connected(self, association: str, now: float, streams: int = 1) -> None:
        """The transport is up, with `streams` streams to the peer (1: all goes over stream 0)."""
        peer = self.peers[association]
        if peer.connected:
            self._lose(peer, now)
        peer.connected = True
        peer.streams = max(1, streams)
        if self.durations.beat > 0:
            self.timers.start((Timer.BEAT, association, None), now + self.durations.beat)
        if peer.client is not None:
            peer.client.start(now)

    def disconnected(self, association: str, now: float) -> None:
        """The transport is down, for whatever reason."""
        self._lose(self.peers[association], now)

    def receive(self, association: str, octets: bytes, stream: int, now: float) -> None:
        """A whole message from the peer."""
        peer = self.peers[association]
        if not peer.connected:
            self.counters["received before connected"] += 1
            return
        self._current = octets
        kind = -1
        try:
            message = Message.parse(octets)
            kind = message.type
            check_message(message, self.FORMS, stream)
            self.counters[f"{message.name} received"] += 1
            self._dispatch(peer, message, now)
        except MessageError as error:
            self.counters["errored messages"] += 1
            if kind == Type.ERR:  # an ERR is never answered with another
                self.notice(f"malformed ERR: {error}", association)
            else:
                self.notice(f"message refused: {error}", association)
                self.refuse(association, error.code)

    # From management

    def stop(self, now: float) -> None:
        """Take our ASPs down in order at every peer, and those of the peers at us; a new `connected` brings them up.

        `stopped` tells when it is done.
        """
        for peer in self.peers.values():
            if peer.connected and peer.client is not None:
                peer.client.stop(now)
            if peer.connected and peer.server is not None and peer.server.up:
                peer.server.block(True, now)
                peer.server.blocked = False

    @property
    def stopped(self) -> bool:
        """Whether none of our ASPs is up, wants to be, or waits for an answer."""
        return all(peer.client is None or not peer.connected or peer.client.at_rest for peer in self.peers.values())

    def block(self, association: str, blocked: bool, now: float) -> None:
        """Keep the peer's ASP down (ASP Up is refused: management blocking), or let it come up again."""
        server = self.peers[association].server
        if server is not None:
            server.block(blocked, now)

    # The machine's clockwork

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self.timers.share(agenda)

    def next_deadline(self) -> float | None:
        """Time at which `handle_timers` is due, or None when no timer runs."""
        return self.timers.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired at `now`."""
        for timer, name, key in self.timers.expired(now):
            if timer is Timer.RECOVERY:
                server = self._servers[name]
                if server.recovery_expired(now):
                    self._server_changed(server, now)
            elif timer is Timer.BEAT:
                self._beat(self.peers[name], now)
            elif timer is Timer.ACK:
                self._retry(self.peers[name], key, now)
            else:
                self._timer(timer, self.peers[name], key, now)

    @property
    def waiting(self) -> list[Upper | SendMessage | CloseAssociation | Notice | AsStateChanged | AspStateChanged]:
        """What `outputs` is going to return: the same list every time, for those who look often."""
        return self._outputs

    def outputs(self) -> list[Upper | SendMessage | CloseAssociation | Notice | AsStateChanged | AspStateChanged]:
        """Return what has been produced since the last call, in order, and forget it."""
        outputs = self._outputs[:]
        self._outputs.clear()
        return outputs

    def server_state(self, server: str) -> AsState:
        """State of an application server as seen from here."""
        return self._servers[server].state

    # What ASPs ask of the layer

    def send(self, association: str, kind: Type, parameters: Sequence[Parameter] = (), stream: int = 0) -> None:
        """Send a message; `stream` is cut to those there are."""
        self.counters[f"{kind.name} sent"] += 1
        octets = encode_message(kind, parameters)
        self._outputs.append(
            SendMessage(association, min(stream, self.peers[association].streams - 1), self.PPID, octets)
        )

    def refuse(self, association: str, code: ErrorCode, parameters: Sequence[Parameter] = ()) -> None:
        """Answer the message at hand with ERR."""
        self.counters[f"ERR {code.name}"] += 1
        diagnostic = [Parameter(Tag.DIAGNOSTIC, self._current[:DIAGNOSTIC_OCTETS])] if self._current else []
        named = list(parameters) or self._names_to_repeat(code)
        self.send(association, Type.ERR, [Parameter.number(Tag.ERROR_CODE, code), *named, *diagnostic])

    def leave(self, association: str, now: float) -> bool:
        """Our ASP there is inactive and about to go down: whether something has to be answered before."""
        return False

    def accepts_mode(self, server: str, mode: int) -> bool:
        """Whether an ASP may take part in `server` in this traffic mode."""
        return mode == self._configurations[server].mode

    def activation(self, association: str, server: str) -> tuple[Parameter, ...]:
        """Parameters of ASP Active for a server."""
        configuration = self._configurations[server]
        mode = Parameter.number(Tag.TRAFFIC_MODE, configuration.mode)
        return (*((mode,) if configuration.announce_mode else ()), *self.naming(association, server))

    @abstractmethod
    def naming(self, association: str, server: str) -> tuple[Parameter, ...]:
        """Parameters that name a server on an association."""

    @abstractmethod
    def named_servers(self, association: str, message: Message) -> list[str]:
        """Servers that a message names, all of the association's when it names none; answers ERR for others."""

    def local_changed(self, association: str, before: AspState, now: float) -> None:
        """Our ASP there is in another state, or active for other servers."""
        peer = self.peers[association]
        assert peer.client is not None
        if peer.client.state is not before:
            self._outputs.append(AspStateChanged(association, True, peer.client.state))
        if before is AspState.DOWN and peer.client.up:
            self._came_up(peer, now)
        self._review(association, now)

    def remote_changed(self, association: str, before: AspState, now: float) -> None:
        """The peer's ASP is in another state, or active for other servers."""
        peer = self.peers[association]
        assert peer.server is not None
        state = peer.server.state
        if state is not before:
            self._outputs.append(AspStateChanged(association, False, state))
        if peer.role is Role.IPSP and peer.client is not None and peer.client.up and state is AspState.DOWN:
            peer.client.peer_down(now)
        if before is AspState.DOWN and peer.server.up:
            self._came_up(peer, now)
        for name in self._served[association]:
            if self._configurations[name].mode is TrafficMode.OVERRIDE and name in peer.server.active:
                self._override(peer, name, now)
        newly_up = before is AspState.DOWN and peer.server.up
        self._review(association, now, told=association if newly_up else None)

    # Application servers

    def _review(self, association: str, now: float, told: str | None = None) -> None:
        """Look at the servers of an association again; `told` is to know their state even if it is as before."""
        for name in self._served[association]:
            server = self._servers[name]
            peers = [self.peers[member] for member in server.configuration.associations]
            before = server.active
            active = tuple(peer.name for peer in peers if peer.may_send(name))
            if server.review(any(peer.up for peer in peers), active, now):
                self._server_changed(server, now)
            else:
                if told is not None:
                    self._notify_state(server, [self.peers[told]])
                if before != active:
                    self._active_changed(server, now)
            if server.state is AsState.ACTIVE and len(active) < min(len(before), server.configuration.required_active):
                self._notify(server, Status.INSUFFICIENT_ASPS, [peer for peer in peers if peer.name not in active])
            self._choose(server, now)

    def _server_changed(self, server: ApplicationServer, now: float) -> None:
        self._outputs.append(AsStateChanged(server.name, server.state))
        self._notify_state(server, [self.peers[name] for name in server.configuration.associations])
        self._active_changed(server, now)

    def _choose(self, server: ApplicationServer, now: float) -> None:
        """Have our ASPs active where they should be: everywhere, but on standby only for want of others."""
        peers = [self.peers[name] for name in server.configuration.associations]
        able = [
            peer
            for peer in peers
            if peer.client is not None
            and peer.client.up
            and peer.client.wanted_up
            and server.name not in peer.displaced
            and self._ready(peer, server.name, now)
        ]
        chosen = [peer for peer in able if not peer.configuration.standby] or able[:1]
        for peer in peers:
            if peer.client is None:
                continue
            if peer in chosen:
                peer.client.want(peer.client.wanted | {server.name}, now)
            elif any(server.name in other.client.active for other in chosen if other.client):
                # The traffic is where it should be: take it off the standby.
                peer.client.want(peer.client.wanted - {server.name}, now)

    def _override(self, peer: Peer, server: str, now: float) -> None:
        """The ASP that became active last has the traffic, the others are told (RFC 4666 4.3.4.3)."""
        for name in self._servers[server].configuration.associations:
            other = self.peers[name]
            if other is peer or other.server is None or server not in other.server.active:
                continue
            identifier = peer.server.identifier if peer.server is not None else None
            who = () if identifier is None else (Parameter.number(Tag.ASP_IDENTIFIER, identifier),)
            self._notify(self._servers[server], Status.ALTERNATE_ASP_ACTIVE, [other], who)
            other.server.displaced(server, now)

    def _notify_state(self, server: ApplicationServer, peers: Sequence[Peer]) -> None:
        status = _AS_STATUS.get(server.state)
        if status is not None:
            # Between peers of a single exchange, ASP Active and its answer say all there is to say.
            self._notify(server, status, [peer for peer in peers if peer.role is not Role.IPSP])

    def _notify(
        self,
        server: ApplicationServer,
        status: Status,
        peers: Sequence[Peer],
        who: Sequence[Parameter] = (),
    ) -> None:
        for peer in peers:
            if peer.server is not None and peer.server.up:
                about = [Parameter.number(Tag.STATUS, status), *who, *self.naming(peer.name, server.name)]
                self.send(peer.name, Type.NTFY, about)

    # Messages that both layers have

    def _dispatch(self, peer: Peer, message: Message, now: float) -> None:
        kind = message.type
        if kind in CLIENT_MESSAGES:
            if peer.client is None:
                self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            else:
                peer.client.handle(message, now)
        elif kind in SERVER_MESSAGES:
            if peer.server is None:
                self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            else:
                peer.server.handle(message, now)
        elif kind == Type.BEAT:
            self.send(peer.name, Type.BEAT_ACK, [part for part in message.parameters if part.tag == Tag.HEARTBEAT_DATA])
        elif kind == Type.BEAT_ACK:
            peer.beat_unanswered = False
        elif kind == Type.ERR:
            self._error(peer, message, now)
        elif kind == Type.NTFY:
            self._notified(peer, message, now)
        else:
            self._message(peer, message, now)

    def _error(self, peer: Peer, message: Message, now: float) -> None:
        code = message.require(Tag.ERROR_CODE).integer
        self.notice(f"the peer reports {code_name(ErrorCode, code).lower().replace('_', ' ')}", peer.name)
        if peer.client is not None:
            peer.client.refused(code, now)

    def _notified(self, peer: Peer, message: Message, now: float) -> None:
        if peer.client is None:
            self.refuse(peer.name, ErrorCode.UNEXPECTED_MESSAGE)
            return
        status = message.require(Tag.STATUS).integer
        servers = self.named_servers(peer.name, message)
        text = f"the peer notifies {code_name(Status, status).lower().replace('_', ' ')}"
        self.notice(f"{text} ({', '.join(servers)})" if servers else text, peer.name)
        if status == Status.ALTERNATE_ASP_ACTIVE:
            peer.displaced.update(servers)
            peer.client.displaced(servers, now)
        elif status in (Status.AS_PENDING, Status.AS_INACTIVE, Status.INSUFFICIENT_ASPS):
            peer.displaced.difference_update(servers)
            for name in servers:
                self._choose(self._servers[name], now)

    def _beat(self, peer: Peer, now: float) -> None:
        if not peer.connected:
            return
        if peer.beat_unanswered:
            peer.beat_unanswered = False
            self._outputs.append(CloseAssociation(peer.name, "no answer to the heartbeat (BEAT)"))
            return
        self.timers.start((Timer.BEAT, peer.name, None), now + self.durations.beat)
        if peer.up:
            peer.beats += 1
            peer.beat_unanswered = True
            data = b"tandem" + (peer.beats & 0xFFFF).to_bytes(2, "big")
            self.send(peer.name, Type.BEAT, [Parameter(Tag.HEARTBEAT_DATA, data)])

    def _lose(self, peer: Peer, now: float) -> None:
        if not peer.connected:
            return
        peer.connected = False
        peer.beat_unanswered = False
        peer.displaced.clear()
        self._current = b""
        failed = [name for name in self._served[peer.name] if peer.server is not None and name in peer.server.active]
        identifier = peer.server.identifier if peer.server is not None else None
        self.timers.stop((Timer.BEAT, peer.name, None))
        self._forget(peer, now)
        if peer.client is not None:
            peer.client.lost(now)
        if peer.server is not None:
            peer.server.lost(now)
        if identifier is not None:
            for name in failed:
                others = [self.peers[other] for other in self._servers[name].configuration.associations]
                who = (Parameter.number(Tag.ASP_IDENTIFIER, identifier),)
                self._notify(self._servers[name], Status.ASP_FAILURE, others, who)

    # For M3UA and M2UA to fill in

    @abstractmethod
    def _message(self, peer: Peer, message: Message, now: float) -> None:
        """A message that is the layer's own."""

    @abstractmethod
    def _active_changed(self, server: ApplicationServer, now: float) -> None:
        """A server changed its state, or which associations carry its traffic."""

    def _names_to_repeat(self, code: ErrorCode) -> list[Parameter]:
        """Parameters of the message at hand that ERR with `code` repeats."""
        return []

    def _ready(self, peer: Peer, server: str, now: float) -> bool:
        """Whether our ASP may ask to be active for a server."""
        return True

    def _came_up(self, peer: Peer, now: float) -> None:
        """The peer, or our ASP at it, came up."""
        return

    def _forget(self, peer: Peer, now: float) -> None:
        """The association of `peer` is lost: what it said holds no more."""
        return

    def _retry(self, peer: Peer, key: object, now: float) -> None:
        """T(ack) expired."""
        if peer.client is not None:
            peer.client.retry(key, now)

    def _timer(self, timer: Timer, peer: Peer, key: object, now: float) -> None:
        """A timer of the layer's own expired."""
        return

    def notice(self, text: str, association: str | None = None) -> None:
        """Tell the operator."""
        self._outputs.append(Notice(text, association))


_AS_STATUS: Final = {
    AsState.INACTIVE: Status.AS_INACTIVE,
    AsState.ACTIVE: Status.AS_ACTIVE,
    AsState.PENDING: Status.AS_PENDING,
}
