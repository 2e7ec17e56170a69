"""SCTP in user space: its packets in UDP (RFC 6951) or in IP, and the event loop that drives it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp import chunks
from tandem.gateway.sctp.configuration import ENCAPSULATION_PORT, AssociationSettings, SctpParameters
from tandem.gateway.sctp.engine import Association, Engine, Listener, engine, refuse
from tandem.gateway.sctp.paths import PathChange, Route
from tandem.gateway.sctp.peers import MAX_PEERS, Peer, Peers
from tandem.gateway.sctp.transport import AssociationUser, Transport

#: Seconds between two looks at the timers of the library.
TICK: Final = 0.01
#: Packets read before the rest of the program has its turn.
_BATCH: Final = 256
_SHUTDOWN_SECONDS: Final = 1.0


class PacketTransport(Transport):
    """Associations of libusrsctp. Packets go in UDP, as to kernels and stacks that do RFC 6951, or in IP as they are.

    The library knows one address of a peer, a token. Several are `paths.Paths` below it: our addresses are told to the
    peer in INIT and INIT ACK, its packets are known by their tags wherever they come from, and a path that fails is
    left for the next.
    """

    def __init__(
        self,
        associations: Sequence[AssociationSettings],
        user: AssociationUser,
        parameters: SctpParameters | None = None,
        address: str = "0.0.0.0",
        udp_port: int | None = ENCAPSULATION_PORT,
    ) -> None:
        """`address` and `udp_port` are ours; with a port of None packets go in raw IP, which root may do.

        More addresses are the second and later `local_addresses` of associations, on the same UDP port.
        """
        super().__init__(associations, user, parameters)
        self.counters = {"packets from elsewhere": 0, "packets that could not be sent": 0, "changes of path": 0}
        more = [other for settings in self.settings.values() for other in settings.local_addresses[1:]]
        self._addresses = list(dict.fromkeys([address, *more]))
        self._udp_port = udp_port
        self._sockets: list[socket.socket] = []
        self._engine: Engine | None = None
        self._peers = Peers(self._addresses, self.parameters, os.urandom(8))
        self._listeners: dict[int, dict[int, Listener]] = {}
        self._associations: dict[str, tuple[Association, Peer]] = {}
        self._attempts: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ticker: asyncio.TimerHandle | None = None
        self._closing = False
        self._all_down = asyncio.Event()

    @property
    def udp_port(self) -> int:
        """The UDP port in use."""
        return int(self._sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Open the sockets and begin; ConfigurationError without the library, the right, an address or the port."""
        self._engine = engine()
        for settings in self.settings.values():
            self._peers.routes(settings, settings.udp_port)
        port = self._udp_port
        for address in self._addresses:
            try:
                self._sockets.append(_open_socket(address, port))
            except OSError as error:
                self._close_sockets()
                where = "raw IP" if port is None else f"UDP port {port}"
                raise ConfigurationError(f"cannot open {where} at {address} for SCTP: {error}") from error
            if port == 0:  # any, but one for all addresses
                port = self.udp_port
        loop = asyncio.get_running_loop()
        for local, opened in enumerate(self._sockets):
            loop.add_reader(opened, self._readable, local, opened)
        self._tick()
        for settings in self.settings.values():
            if not settings.listen:
                self._begin(settings)

    async def close(self) -> None:
        """Shut every association down in order, wait for that a moment, and close."""
        self._closing = True
        self._all_down.clear()
        for timer in self._timers.values():
            timer.cancel()
        for association, _ in list(self._associations.values()):
            association.shut_down()
        if self._associations:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_down.wait(), _SHUTDOWN_SECONDS)
        self.drop()

    def drop(self) -> None:
        """Close without a word to the peers, as if this process had died."""
        self._closing = True
        self._close_sockets()
        for timer in (self._ticker, *self._timers.values()):
            if timer is not None:
                timer.cancel()
        for association, _ in list(self._associations.values()):
            association.close()
        self._associations.clear()
        for peer in list(self._peers.all.values()):
            self._forget(peer)

    def _close_sockets(self) -> None:
        for opened in self._sockets:
            with suppress(RuntimeError):  # no loop: it was never watched
                asyncio.get_running_loop().remove_reader(opened)
            opened.close()
        self._sockets.clear()

    def _forget(self, peer: Peer) -> None:
        for listener in self._listeners.pop(peer.token, {}).values():
            listener.close()
        self._peers.forget(peer)
        if self._engine is not None:
            self._engine.close_token(peer.token)

    def send(self, association: str, octets: bytes, stream: int, ppid: int) -> bool:
        """Send a message; False when the association is down."""
        found = self._associations.get(association)
        if found is None or not found[0].is_up:
            return False
        found[0].send(octets, stream, ppid)
        return True

    def abort(self, association: str, reason: str) -> None:
        """End an association at once."""
        found = self._associations.get(association)
        if found is not None:
            found[0].abort(reason)

    def is_up(self, association: str) -> bool:
        """Whether messages can be sent."""
        found = self._associations.get(association)
        return found is not None and found[0].is_up

    # Packets

    def _readable(self, local: int, opened: socket.socket) -> None:
        now = asyncio.get_running_loop().time()
        for _ in range(_BATCH):
            try:
                packet, (address, port, *_) = opened.recvfrom(65_536)
            except OSError:  # nothing left, or news of a packet of ours that did not arrive
                return
            if self._udp_port is None:
                packet = packet[(packet[0] & 0xF) * 4 :] if packet and packet[0] >> 4 == 4 else packet
                port = 0
            self._packet(Route(local, address, port), packet, now)
            if not self._sockets:
                return

    def _packet(self, route: Route, packet: bytes, now: float) -> None:
        assert self._engine is not None
        peer = self._peers.of_packet(route, packet, now) or self._expected_peer(route, packet, now)
        if peer is None:
            self.counters["packets from elsewhere"] += 1
        elif peer.paths.received(route, packet, now):
            self._engine.packet_received(peer.token, packet)
            peer.paths.done()

    def _expected_peer(self, route: Route, packet: bytes, now: float) -> Peer | None:
        """The new peer of a first packet, if an association listens for it; of one left from before, to be told so."""
        if chunks.head(packet) is None:
            return None
        waiting = [
            settings
            for settings in self.settings.values()
            if settings.listen
            and route.address in settings.remote_addresses
            and (route.port == 0 or settings.udp_port in (0, route.port))
        ]
        if not waiting:
            return None
        peer = None
        for settings in waiting:
            known = settings.udp_port or route.port == 0  # else its other paths show when packets come along them
            routes = self._peers.routes(settings, route.port) if known else []
            peer = self._peer(settings, list(dict.fromkeys([route, *routes])), now)
        return peer

    def _peer(self, settings: AssociationSettings, routes: Sequence[Route], now: float) -> Peer:
        """The peer of an association, with listeners on the ports that it may call."""
        if len(self._peers.all) >= MAX_PEERS:
            used = {id(peer) for _, peer in self._associations.values()}
            idle = next((peer for peer in self._peers.all.values() if id(peer) not in used), None)
            if idle is not None:
                self._forget(idle)
        assert self._engine is not None
        peer = self._peers.peer(settings, routes, self._open_token, now)
        listeners = self._listeners.setdefault(peer.token, {})
        for other in self.settings.values():
            port = other.local_port
            if other.listen and port not in listeners and not peer.addresses.isdisjoint(other.remote_addresses):
                accepted = partial(self._accepted, peer, port)
                listeners[port] = Listener(self._engine, peer.token, port, self.parameters, accepted)
        return peer

    def _open_token(self, peer: Peer) -> int:
        assert self._engine is not None
        return self._engine.open_token(lambda packet: self._carry(packet, peer))

    def _carry(self, packet: bytes, peer: Peer) -> None:
        if self._sockets:
            packet = self._peers.outgoing(peer, packet)
            self._send_to(peer.paths.route(packet, asyncio.get_running_loop().time()), packet)

    def _send_to(self, route: Route, packet: bytes) -> None:
        try:
            self._sockets[route.local].sendto(packet, (route.address, route.port))
        except OSError:
            self.counters["packets that could not be sent"] += 1  # SCTP sends them again

    # Associations

    def _begin(self, settings: AssociationSettings) -> None:
        if self._closing or self._engine is None:
            return
        attempt = self._attempts[settings.name] = self._attempts.get(settings.name, -1) + 1
        routes = self._peers.routes(settings, 0 if self._udp_port is None else settings.udp_port)
        peer = self._peer(settings, routes, asyncio.get_running_loop().time())
        if not any(other is peer for _, other in self._associations.values()):
            peer.paths.prefer(attempt)
        callbacks = self._callbacks(settings, peer)
        try:
            made = Association.connect(
                self._engine, peer.token, settings.local_port, settings.remote_port, self.parameters, **callbacks
            )
        except OSError:
            self._later(settings)
            return
        if made.handle is not None:
            self._associations[settings.name] = made, peer

    def _accepted(self, peer: Peer, local_port: int, handle: int, remote_port: int) -> None:
        """A peer began an association with the port that one of ours listens on."""
        assert self._engine is not None
        expected = [
            settings
            for settings in self.settings.values()
            if settings.local_port == local_port
            and any(settings.accepts(address, remote_port) for address in peer.addresses)
        ]
        settings = min(expected, key=lambda item: self.is_up(item.name), default=None)
        if settings is None or self._closing:
            refuse(self._engine, handle)
            return
        former = self._associations.pop(settings.name, None)
        if former is not None:  # the peer began anew before we noticed that it was gone
            was_up = former[0].is_up
            former[0].close()
            if was_up:
                self._user.association_down(settings.name, "replaced by a new association")
        callbacks = self._callbacks(settings, peer)
        made = Association(self._engine, handle, send_queue=self.parameters.send_queue, **callbacks)
        self._associations[settings.name] = made, peer

    def _callbacks(self, settings: AssociationSettings, peer: Peer) -> dict[str, Any]:
        name = settings.name

        def up(streams: int) -> None:
            self._user.association_up(name, streams)

        def down(reason: str, was_up: bool) -> None:
            self._associations.pop(name, None)
            peer.paths.ended()
            if not self._associations:
                self._all_down.set()
            if was_up and not self._closing:
                self._user.association_down(name, reason)
            self._later(settings)

        def message(octets: bytes, stream: int, ppid: int) -> None:
            self._user.message_received(name, octets, stream, ppid)

        return {"up": up, "down": down, "message": message}

    def _later(self, settings: AssociationSettings) -> None:
        """Begin an association of ours again after a while."""
        if not settings.listen and not self._closing:
            loop = asyncio.get_running_loop()
            self._timers[settings.name] = loop.call_later(self.parameters.reconnect, self._begin, settings)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._engine is not None:
            self._engine.advance_to(now)
        for peer in list(self._peers.all.values()):
            peer.paths.handle_timers(now)
            for output in peer.paths.outputs():
                if isinstance(output, PathChange):
                    self._path_changed(peer, output)
                else:
                    self._send_to(*output)
        self._ticker = loop.call_later(TICK, self._tick)

    def _path_changed(self, peer: Peer, change: PathChange) -> None:
        self.counters["changes of path"] += 1
        for name, (association, other) in list(self._associations.items()):
            if other is peer and association.is_up:
                self._user.path_changed(name, change.route.address, change.works)


def _open_socket(address: str, port: int | None) -> socket.socket:
    """A socket for packets in UDP, or in IP with a port of None; OSError when that cannot be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if port is None:
        made = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
    else:
        made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.bind((address, port or 0))
    except OSError:
        made.close()
        raise
    return made
