"""SCTP in user space: its packets in UDP (RFC 6951) or in IP, and the event loop that drives it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp.configuration import ENCAPSULATION_PORT, AssociationSettings, SctpParameters
from tandem.gateway.sctp.engine import Association, Engine, Listener, engine, refuse
from tandem.gateway.sctp.transport import AssociationUser, Transport

#: Seconds between two looks at the timers of the library.
TICK: Final = 0.01
#: Places that packets come from: more are not answered.
_MAX_PLACES: Final = 256
#: Packets read before the rest of the program has its turn.
_BATCH: Final = 256
_SHUTDOWN_SECONDS: Final = 1.0
_SCTP_HEADER: Final = 12

Place = tuple[str, int]
"""IP address and UDP port of a peer (port 0 in raw IP)."""


class PacketTransport(Transport):
    """Associations of libusrsctp. Packets go in UDP, as to kernels and stacks that do RFC 6951, or in IP as they are.

    One path: the library knows addresses only as tokens, so an association does not outlive the address that it was
    begun with. Several addresses of a peer are tried in turn until one answers.
    """

    def __init__(
        self,
        associations: Sequence[AssociationSettings],
        user: AssociationUser,
        parameters: SctpParameters | None = None,
        address: str = "0.0.0.0",
        udp_port: int | None = ENCAPSULATION_PORT,
    ) -> None:
        """`address` and `udp_port` are ours; with a port of None packets go in raw IP, which root may do."""
        super().__init__(associations, user, parameters)
        self.counters = {"packets from elsewhere": 0, "packets that could not be sent": 0}
        self._address = address
        self._udp_port = udp_port
        self._socket: socket.socket | None = None
        self._engine: Engine | None = None
        self._tokens: dict[Place, int] = {}
        self._listeners: list[Listener] = []
        self._associations: dict[str, Association] = {}
        self._attempts: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ticker: asyncio.TimerHandle | None = None
        self._closing = False
        self._all_down = asyncio.Event()

    @property
    def udp_port(self) -> int:
        """The UDP port in use."""
        assert self._socket is not None
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Open the socket and begin; ConfigurationError without the library, the right or the port."""
        self._engine = engine()
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        try:
            if self._udp_port is None:
                self._socket = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
            else:
                self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.bind((self._address, self._udp_port or 0))
        except OSError as error:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            where = "raw IP" if self._udp_port is None else f"UDP port {self._udp_port}"
            raise ConfigurationError(f"cannot open {where} at {self._address} for SCTP: {error}") from error
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._readable)
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
        for association in list(self._associations.values()):
            association.shut_down()
        if self._associations:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_down.wait(), _SHUTDOWN_SECONDS)
        self.drop()

    def drop(self) -> None:
        """Close without a word to the peers, as if this process had died."""
        self._closing = True
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for timer in (self._ticker, *self._timers.values()):
            if timer is not None:
                timer.cancel()
        for association in list(self._associations.values()):
            association.close()
        self._associations.clear()
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for token in self._tokens.values():
            if self._engine is not None:
                self._engine.close_token(token)
        self._tokens.clear()

    def send(self, association: str, octets: bytes, stream: int, ppid: int) -> bool:
        """Send a message; False when the association is down."""
        found = self._associations.get(association)
        if found is None or not found.is_up:
            return False
        found.send(octets, stream, ppid)
        return True

    def abort(self, association: str, reason: str) -> None:
        """End an association at once."""
        found = self._associations.get(association)
        if found is not None:
            found.abort(reason)

    def is_up(self, association: str) -> bool:
        """Whether messages can be sent."""
        found = self._associations.get(association)
        return found is not None and found.is_up

    # Packets

    def _readable(self) -> None:
        assert self._socket is not None
        for _ in range(_BATCH):
            try:
                packet, (address, port, *_) = self._socket.recvfrom(65_536)
            except OSError:  # nothing left, or news of a packet of ours that did not arrive
                return
            if self._udp_port is None:
                packet = packet[(packet[0] & 0xF) * 4 :] if packet and packet[0] >> 4 == 4 else packet
                port = 0
            token = self._token((address, port), packet)
            if token is None:
                self.counters["packets from elsewhere"] += 1
            elif self._engine is not None:
                self._engine.packet_received(token, packet)
            if self._socket is None:
                return

    def _token(self, place: Place, packet: bytes) -> int | None:
        """The token of a place; one that is new is listened to if an association expects it."""
        token = self._tokens.get(place)
        if token is not None or len(packet) < _SCTP_HEADER:
            return token
        address, port = place
        ports = {
            settings.local_port
            for settings in self.settings.values()
            if settings.listen
            and address in settings.remote_addresses
            and (port == 0 or settings.udp_port in (0, port))
        }
        if not ports or len(self._tokens) >= _MAX_PLACES:
            return None
        token = self._open(place)
        assert self._engine is not None
        for local_port in sorted(ports):
            accepted = partial(self._accepted, place, local_port)
            self._listeners.append(Listener(self._engine, token, local_port, self.parameters, accepted))
        return token

    def _open(self, place: Place) -> int:
        token = self._tokens.get(place)
        if token is None:
            assert self._engine is not None
            token = self._tokens[place] = self._engine.open_token(lambda packet: self._carry(packet, place))
        return token

    def _carry(self, packet: bytes, place: Place) -> None:
        if self._socket is not None:
            try:
                self._socket.sendto(packet, place)
            except OSError:
                self.counters["packets that could not be sent"] += 1  # SCTP sends them again

    # Associations

    def _begin(self, settings: AssociationSettings) -> None:
        if self._closing or self._engine is None:
            return
        attempt = self._attempts[settings.name] = self._attempts.get(settings.name, -1) + 1
        address = settings.remote_addresses[attempt % len(settings.remote_addresses)]
        token = self._open((address, 0 if self._udp_port is None else settings.udp_port))
        callbacks = self._callbacks(settings)
        try:
            made = Association.connect(
                self._engine, token, settings.local_port, settings.remote_port, self.parameters, **callbacks
            )
        except OSError:
            self._later(settings)
            return
        if made.handle is not None:
            self._associations[settings.name] = made

    def _accepted(self, place: Place, local_port: int, handle: int, remote_port: int) -> None:
        """A peer began an association with the port that one of ours listens on."""
        assert self._engine is not None
        expected = [
            settings
            for settings in self.settings.values()
            if settings.local_port == local_port and settings.accepts(place[0], remote_port)
        ]
        settings = min(expected, key=lambda item: self.is_up(item.name), default=None)
        if settings is None or self._closing:
            refuse(self._engine, handle)
            return
        former = self._associations.pop(settings.name, None)
        if former is not None:  # the peer began anew before we noticed that it was gone
            was_up = former.is_up
            former.close()
            if was_up:
                self._user.association_down(settings.name, "replaced by a new association")
        callbacks = self._callbacks(settings)
        made = Association(self._engine, handle, send_queue=self.parameters.send_queue, **callbacks)
        self._associations[settings.name] = made

    def _callbacks(self, settings: AssociationSettings) -> dict[str, Any]:
        name = settings.name

        def up(streams: int) -> None:
            self._user.association_up(name, streams)

        def down(reason: str, was_up: bool) -> None:
            self._associations.pop(name, None)
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
        if self._engine is not None:
            self._engine.advance_to(loop.time())
        self._ticker = loop.call_later(TICK, self._tick)
