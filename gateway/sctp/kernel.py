"""SCTP of the kernel (Linux lksctp), with every address that an association has.

Where the kernel has none, the tests run it in a Linux that is a program (tests/support/uml.py).
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections import deque
from collections.abc import Sequence
from typing import Final

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters
from tandem.gateway.sctp.transport import AssociationUser, Transport

# Numbers of linux/sctp.h.
_SOL_SCTP: Final = 132
_RTOINFO, _ASSOCINFO, _INITMSG, _NODELAY, _PEER_ADDR_PARAMS, _EVENTS = 0, 1, 2, 3, 9, 11
_BINDX_ADD, _CONNECTX = 100, 110
_SNDRCV: Final = 1
_MSG_NOTIFICATION: Final = 0x8000
_ASSOC_CHANGE, _PEER_ADDR_CHANGE = 0x8001, 0x8002
_COMM_UP, _COMM_LOST, _RESTART, _SHUTDOWN_COMP, _CANT_START = range(5)
_ADDRESS_AVAILABLE, _ADDRESS_UNREACHABLE = 0, 1
_HEARTBEAT_ENABLE, _HEARTBEAT_DISABLE = 1, 2

#: struct sctp_sndrcvinfo: stream, ssn, flags, ppid, context, timetolive, tsn, cumtsn, association.
_SNDRCVINFO: Final = struct.Struct("=HHHxxIIIIIi")
#: struct sctp_assoc_change without its information: type, flags, length, state, error, streams out and in, association.
_CHANGE: Final = struct.Struct("=HHIHHHHi")
#: struct sctp_paddr_change: type, flags, length, address, state, error, association.
_ADDRESS_CHANGE: Final = struct.Struct("=HHI128siii")
#: struct sctp_paddrparams, packed: association, address, heartbeat, retransmissions, mtu, sack delay, flags, and more.
_PATH: Final = struct.Struct("=i128sIHIIIIB")
_REASONS: Final = {
    _COMM_LOST: "association lost: no answer, or aborted by the peer",
    _SHUTDOWN_COMP: "shut down",
    _CANT_START: "the peer does not answer, or refuses",
}


def kernel_has_sctp() -> bool:
    """Whether SCTP sockets can be made."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


class KernelTransport(Transport):
    """Associations of the kernel."""

    def __init__(
        self,
        associations: Sequence[AssociationSettings],
        user: AssociationUser,
        parameters: SctpParameters | None = None,
    ) -> None:
        super().__init__(associations, user, parameters)
        self._lines: dict[str, _Line] = {}
        self._listeners: list[socket.socket] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._closing = False

    async def start(self) -> None:
        """Listen where associations do, and begin the others; ConfigurationError when the kernel has no SCTP."""
        if not kernel_has_sctp():
            raise ConfigurationError("this kernel has no SCTP (modprobe sctp); use SCTP over UDP in its place")
        loop = asyncio.get_running_loop()
        places = {(item.local_addresses, item.local_port) for item in self.settings.values() if item.listen}
        for addresses, port in sorted(places):
            try:
                listener = self._open(addresses, port)
                listener.listen(16)
            except OSError as error:
                raise ConfigurationError(f"cannot listen on SCTP port {port}: {error}") from error
            self._listeners.append(listener)
            loop.add_reader(listener, self._accept, listener)
        for settings in self.settings.values():
            if not settings.listen:
                self._begin(settings)

    async def close(self) -> None:
        """Shut every association down in order; the kernel sends what was sent before."""
        self._closing = True
        loop = asyncio.get_running_loop()
        for timer in self._timers.values():
            timer.cancel()
        for listener in self._listeners:
            loop.remove_reader(listener)
            listener.close()
        for line in list(self._lines.values()):
            line.close()
        self._lines.clear()

    def send(self, association: str, octets: bytes, stream: int, ppid: int) -> bool:
        """Send a message; False when the association is down."""
        line = self._lines.get(association)
        if line is None or not line.is_up:
            return False
        line.send(octets, stream, ppid)
        return True

    def abort(self, association: str, reason: str) -> None:
        """End an association at once."""
        line = self._lines.get(association)
        if line is not None:
            line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.end(reason)

    def is_up(self, association: str) -> bool:
        """Whether messages can be sent."""
        line = self._lines.get(association)
        return line is not None and line.is_up

    def _open(self, addresses: Sequence[str], port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in addresses[0] else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        try:
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._tune(made)
            made.bind((addresses[0], port))
            if len(addresses) > 1:
                chosen = made.getsockname()[1]
                made.setsockopt(_SOL_SCTP, _BINDX_ADD, pack_addresses(addresses[1:], chosen))
        except OSError:
            made.close()
            raise
        return made

    def _tune(self, made: socket.socket) -> None:
        parameters = self.parameters
        attempts = parameters.max_retransmissions + 3
        timeout = round(parameters.rto_max * 1000)
        streams = parameters.streams
        made.setsockopt(_SOL_SCTP, _INITMSG, struct.pack("=HHHH", streams, max(64, streams), attempts, timeout))
        times = [round(value * 1000) for value in (parameters.rto_initial, parameters.rto_max, parameters.rto_min)]
        made.setsockopt(_SOL_SCTP, _RTOINFO, struct.pack("=iIII", 0, *times))
        limits = struct.pack("=iHHIII", 0, parameters.max_retransmissions, 0, 0, 0, 0)
        made.setsockopt(_SOL_SCTP, _ASSOCINFO, limits)
        made.setsockopt(_SOL_SCTP, _PEER_ADDR_PARAMS, pack_path(parameters))
        made.setsockopt(_SOL_SCTP, _NODELAY, 1)
        # struct sctp_event_subscribe: data information, changes of associations and of peers' addresses.
        made.setsockopt(_SOL_SCTP, _EVENTS, bytes((1, 1, 1, 0, 0, 0, 0, 0)))

    def _begin(self, settings: AssociationSettings) -> None:
        if self._closing:
            return
        try:
            made = self._open(settings.local_addresses, settings.local_port)
        except OSError:
            self._later(settings)
            return
        line = self._lines[settings.name] = _Line(self, settings, made)
        try:
            made.setsockopt(_SOL_SCTP, _CONNECTX, pack_addresses(settings.remote_addresses, settings.remote_port))
        except BlockingIOError:
            pass
        except OSError as error:
            line.end(str(error))

    def _accept(self, listener: socket.socket) -> None:
        try:
            made, (address, port, *_) = listener.accept()
        except OSError:
            return
        settings = self._expected(address, port)
        if settings is None:
            made.close()
            return
        made.setblocking(False)
        former = self._lines.get(settings.name)
        if former is not None:
            former.end("replaced by a new association")
        line = self._lines[settings.name] = _Line(self, settings, made)
        line.up(self.parameters.streams)

    def _later(self, settings: AssociationSettings) -> None:
        if not settings.listen and not self._closing:
            loop = asyncio.get_running_loop()
            self._timers[settings.name] = loop.call_later(self.parameters.reconnect, self._begin, settings)

    def came_up(self, line: _Line, streams: int) -> None:
        """The association of `line` can be used."""
        self._user.association_up(line.settings.name, streams)

    def ended(self, line: _Line, reason: str, was_up: bool) -> None:
        """The association of `line` is gone."""
        if self._lines.get(line.settings.name) is line:
            del self._lines[line.settings.name]
        if was_up and not self._closing:
            self._user.association_down(line.settings.name, reason)
        self._later(line.settings)

    def path_changed(self, line: _Line, address: str, works: bool) -> None:
        """A path of `line` failed, or works."""
        if line.is_up and not self._closing:
            self._user.path_changed(line.settings.name, address, works)

    def received(self, line: _Line, octets: bytes, stream: int, ppid: int) -> None:
        """A whole message came."""
        self._user.message_received(line.settings.name, octets, stream, ppid)


class _Line:
    """One association's socket."""

    def __init__(self, owner: KernelTransport, settings: AssociationSettings, made: socket.socket) -> None:
        self.settings = settings
        self.socket = made
        self.is_up = False
        self._owner = owner
        self._waiting: deque[tuple[bytes, int, int]] = deque()
        self._parts: list[bytes] = []
        self._open = True
        asyncio.get_running_loop().add_reader(made, self._readable)

    def up(self, streams: int) -> None:
        if not self.is_up:
            self.is_up = True
            self._owner.came_up(self, streams)

    def send(self, octets: bytes, stream: int, ppid: int) -> None:
        if self._waiting or not self._send(octets, stream, ppid):
            if not self._waiting:
                asyncio.get_running_loop().add_writer(self.socket, self._writable)
            self._waiting.append((octets, stream, ppid))
            if len(self._waiting) > self._owner.parameters.send_queue:
                self.end("the peer takes no messages")

    def close(self) -> None:
        if self._open:
            self._open = False
            loop = asyncio.get_running_loop()
            loop.remove_reader(self.socket)
            loop.remove_writer(self.socket)
            self.socket.close()

    def end(self, reason: str) -> None:
        if self._open:
            self.close()
            was_up, self.is_up = self.is_up, False
            self._owner.ended(self, reason, was_up)

    def _send(self, octets: bytes, stream: int, ppid: int) -> bool:
        information = _SNDRCVINFO.pack(stream, 0, 0, socket.htonl(ppid), 0, 0, 0, 0, 0)
        try:
            self.socket.sendmsg([octets], [(_SOL_SCTP, _SNDRCV, information)])
        except BlockingIOError:
            return False
        except OSError as error:
            self.end(str(error))
        return True

    def _writable(self) -> None:
        while self._waiting and self._open and self._send(*self._waiting[0]):
            self._waiting.popleft()
        if self._open and not self._waiting:
            asyncio.get_running_loop().remove_writer(self.socket)

    def _readable(self) -> None:
        while self._open:
            try:
                octets, ancillary, flags, _ = self.socket.recvmsg(65_536, 256)
            except BlockingIOError:
                return
            except OSError as error:
                self.end(str(error))
                return
            if not octets:
                self.end(_REASONS[_SHUTDOWN_COMP])
            elif flags & _MSG_NOTIFICATION:
                self._notified(octets)
            elif not flags & socket.MSG_EOR:
                self._parts.append(octets)
            else:
                octets = b"".join([*self._parts, octets])
                self._parts.clear()
                stream, ppid = _information(ancillary)
                self._owner.received(self, octets, stream, ppid)

    def _notified(self, octets: bytes) -> None:
        if len(octets) < _CHANGE.size:
            return
        kind, _, _, state, _, streams, _, _ = _CHANGE.unpack_from(octets)
        if kind == _PEER_ADDR_CHANGE and len(octets) >= _ADDRESS_CHANGE.size:
            _, _, _, address, state, *_ = _ADDRESS_CHANGE.unpack_from(octets)
            if state in (_ADDRESS_AVAILABLE, _ADDRESS_UNREACHABLE):
                self._owner.path_changed(self, unpack_address(address), state == _ADDRESS_AVAILABLE)
        if kind != _ASSOC_CHANGE:
            return
        if state in (_COMM_UP, _RESTART):
            self.is_up = self.is_up and state != _RESTART
            self.up(streams)
        else:
            self.end(_REASONS.get(state, f"state {state}"))


def _information(ancillary: Sequence[tuple[int, int, bytes]]) -> tuple[int, int]:
    for level, kind, data in ancillary:
        if level == _SOL_SCTP and kind == _SNDRCV and len(data) >= _SNDRCVINFO.size:
            stream, _, _, ppid, *_ = _SNDRCVINFO.unpack_from(data)
            return stream, socket.ntohl(ppid)
    return 0, 0


def pack_addresses(addresses: Sequence[str], port: int) -> bytes:
    """Addresses with a port as an array of struct sockaddr_in and sockaddr_in6."""
    packed = b""
    for address in addresses:
        if ":" in address:
            octets = socket.inet_pton(socket.AF_INET6, address)
            packed += struct.pack("=H", socket.AF_INET6) + struct.pack(">HI", port, 0) + octets + bytes(4)
        else:
            octets = socket.inet_pton(socket.AF_INET, address)
            packed += struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + octets + bytes(8)
    return packed


def unpack_address(storage: bytes) -> str:
    """The address in a struct sockaddr_in or sockaddr_in6; an IPv4 address mapped into IPv6 as itself."""
    if int.from_bytes(storage[:2], sys.byteorder) == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, storage[4:8])
    return socket.inet_ntop(socket.AF_INET6, storage[8:24]).removeprefix("::ffff:")


def pack_path(parameters: SctpParameters) -> bytes:
    """Struct sctp_paddrparams for every path."""
    heartbeat = round(parameters.heartbeat * 1000)
    flags = _HEARTBEAT_ENABLE if heartbeat else _HEARTBEAT_DISABLE
    packed = _PATH.pack(0, bytes(128), heartbeat, parameters.path_retransmissions, 0, 0, flags, 0, 0)
    return packed + bytes(-len(packed) % 4)
