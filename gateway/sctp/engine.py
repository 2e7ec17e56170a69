"""SCTP endpoints in user space whose packets go through our hands (AF_CONN of libusrsctp).

Where the library has addresses we give it tokens, one for each remote place, and carry the packets ourselves. It runs
without threads: it works only within calls of ours, and calls back only from there. It is one per process, never
ended.
"""

from __future__ import annotations

import ctypes as c
import errno
import itertools
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from tandem.gateway.sctp import library as lib
from tandem.gateway.sctp.configuration import SctpParameters

#: Longest message taken from the library at once; longer ones come in parts.
_BUFFER_OCTETS: Final = 65_536
#: Milliseconds that the library is told of at once; after a longer pause its timers go on from where they were.
_LONGEST_PAUSE: Final = 10_000
_AGAIN: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.ENOMEM})
#: Why an association ended, by the state in SCTP_ASSOC_CHANGE.
_REASONS: Final = {
    lib.COMM_LOST: "association lost: no answer, or aborted by the peer",
    lib.SHUTDOWN_COMP: "shut down",
    lib.CANT_STR_ASSOC: "the peer does not answer, or refuses",
}


class Engine:
    """The library with the tokens and sockets that are in use; get it by `engine()`."""

    def __init__(self) -> None:
        self.library = lib.load()
        self._tokens = itertools.count(1)
        self._carriers: dict[int, Callable[[bytes], None]] = {}
        self._sockets: dict[int, Socket] = {}
        self._ready: deque[int] = deque()
        self._working = False
        self._time = 0.0
        self.buffer = c.create_string_buffer(_BUFFER_OCTETS)
        # ctypes does not keep these alive.
        self._output = lib.OutputCallback(self._send_packet)
        self.upcall = lib.Upcall(self._upcall)
        self.library.usrsctp_init_nothreads(0, self._output, None)

    def open_token(self, carry: Callable[[bytes], None]) -> int:
        """A token for a remote place; `carry` takes packets there, and must not raise."""
        token = next(self._tokens)
        self._carriers[token] = carry
        self.library.usrsctp_register_address(token)
        return token

    def close_token(self, token: int) -> None:
        """Nothing comes from or goes to a place any more; close its sockets first."""
        if self._carriers.pop(token, None) is not None:
            self.library.usrsctp_deregister_address(token)

    def packet_received(self, token: int, packet: bytes) -> None:
        """A packet came from the place of `token`."""
        if token in self._carriers:
            self.library.usrsctp_conninput(token, packet, len(packet), 0)
            self.work()

    def advance_to(self, now: float) -> None:
        """It is `now`, in seconds of any one clock. Several callers with the same clock may take turns."""
        elapsed = int((now - self._time) * 1000)
        if elapsed < 0 or elapsed > _LONGEST_PAUSE:  # a new clock, or nobody had anything to do for long
            self._time, elapsed = now, 1
        if elapsed:
            self._time += elapsed / 1000
            self.library.usrsctp_handle_timers(elapsed)
            self.work()

    def work(self) -> None:
        """Look after sockets that something happened to."""
        if self._working:
            return
        self._working = True
        try:
            while self._ready:
                found = self._sockets.get(self._ready.popleft())
                if found is not None:
                    found.attend()
        finally:
            self._working = False

    def add(self, handle: int, owner: Socket) -> None:
        """Call `owner` for what happens to a socket of the library."""
        self._sockets[handle] = owner
        self._ready.append(handle)

    def remove(self, handle: int) -> None:
        """Forget a socket."""
        self._sockets.pop(handle, None)

    def _send_packet(self, token: int, buffer: int, size: int, tos: int, no_fragments: int) -> int:
        carry = self._carriers.get(token)
        if carry is not None:
            carry(c.string_at(buffer, size))
        return 0

    def _upcall(self, handle: int, argument: int, flags: int) -> None:
        self._ready.append(handle)


class Socket:
    """A socket of the library: what listeners and associations have in common."""

    def __init__(self, engine: Engine, handle: int) -> None:
        self._engine = engine
        self._library = engine.library
        self.handle: int | None = handle
        self._library.usrsctp_set_non_blocking(handle, 1)
        self._library.usrsctp_set_upcall(handle, engine.upcall, None)
        engine.add(handle, self)

    def attend(self) -> None:
        """Something happened to the socket."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the socket; an association that is up is aborted."""
        if self.handle is not None:
            handle, self.handle = self.handle, None
            self._engine.remove(handle)
            self._option(handle, lib.SOL_SOCKET, lib.SO_LINGER, lib.Linger(1, 0))
            self._library.usrsctp_close(handle)

    def _option(self, handle: int, level: int, name: int, value: c.Structure | c.c_int) -> None:
        if self._library.usrsctp_setsockopt(handle, level, name, c.byref(value), c.sizeof(value)):
            code = c.get_errno()
            raise OSError(code, f"SCTP socket option {name}: {errno.errorcode.get(code, code)}")

    def _prepare(self, handle: int, parameters: SctpParameters) -> None:
        """Set what an association is to begin with; a listener hands it on to those that it accepts."""
        sctp = lib.IPPROTO_SCTP
        streams = parameters.streams
        attempts = parameters.max_retransmissions + 3
        init = lib.InitMessage(streams, max(streams, 64), attempts, round(parameters.rto_max * 1000))
        self._option(handle, sctp, lib.INITMSG, init)
        times = (round(value * 1000) for value in (parameters.rto_initial, parameters.rto_max, parameters.rto_min))
        self._option(handle, sctp, lib.RTOINFO, lib.RtoInformation(0, *times))
        limits = lib.AssociationParameters(max_retransmissions=parameters.max_retransmissions)
        self._option(handle, sctp, lib.ASSOCINFO, limits)
        path = lib.PathParameters(
            heartbeat_interval=round(parameters.heartbeat * 1000),
            flags=lib.HEARTBEAT_ENABLE if parameters.heartbeat else lib.HEARTBEAT_DISABLE,
            max_retransmissions=parameters.max_retransmissions,
        )
        self._option(handle, sctp, lib.PEER_ADDR_PARAMS, path)
        self._option(handle, sctp, lib.NODELAY, c.c_int(1))
        self._option(handle, sctp, lib.RECVRCVINFO, c.c_int(1))
        for kind in (lib.ASSOC_CHANGE, lib.SHUTDOWN_EVENT):
            self._option(handle, sctp, lib.EVENT, lib.Event(0, kind, 1))

    def _bind(self, handle: int, token: int, port: int) -> None:
        address = conn_address(token, port)
        if self._library.usrsctp_bind(handle, c.byref(address), c.sizeof(address)):
            code = c.get_errno()
            raise OSError(code, f"SCTP port {port}: {errno.errorcode.get(code, code)}")


class Listener(Socket):
    """Waits for associations from one place."""

    def __init__(
        self,
        engine: Engine,
        token: int,
        port: int,
        parameters: SctpParameters,
        accepted: Callable[[int, int], None],
    ) -> None:
        """`accepted` takes the new socket of the library and the SCTP port of the peer."""
        super().__init__(engine, new_socket(engine))
        assert self.handle is not None
        self._accepted = accepted
        self._prepare(self.handle, parameters)
        self._bind(self.handle, token, port)
        self._library.usrsctp_listen(self.handle, 8)

    def attend(self) -> None:
        """Accept what there is."""
        while self.handle is not None:
            address = lib.ConnAddress()
            size = c.c_uint32(c.sizeof(address))
            handle = self._library.usrsctp_accept(self.handle, c.byref(address), c.byref(size))
            if not handle:
                return
            self._accepted(handle, socket.ntohs(address.port))


class Association(Socket):
    """One association.

    `up` is called with the number of streams to the peer, again after the peer restarted; `down` with the reason and
    whether it was up, at most once; `message` with octets, stream and payload protocol identifier.
    """

    def __init__(
        self,
        engine: Engine,
        handle: int,
        up: Callable[[int], None],
        down: Callable[[str, bool], None],
        message: Callable[[bytes, int, int], None],
        send_queue: int,
    ) -> None:
        self._up, self._down, self._message = up, down, message
        self.is_up = False
        self._limit = send_queue
        self._waiting: deque[tuple[bytes, int, int]] = deque()
        self._parts: list[bytes] = []
        self._info = lib.ReceiveInfo()
        self._info_size = c.c_uint32()
        self._info_type = c.c_uint()
        self._flags = c.c_int()
        super().__init__(engine, handle)

    @classmethod
    def connect(
        cls, engine: Engine, token: int, local_port: int, remote_port: int, parameters: SctpParameters, **callbacks: Any
    ) -> Association:
        """Begin an association with the place of `token`; `up` or `down` tells how it went."""
        made = cls(engine, new_socket(engine), send_queue=parameters.send_queue, **callbacks)
        assert made.handle is not None
        try:
            made._prepare(made.handle, parameters)
            made._bind(made.handle, token, local_port)
        except OSError:
            made.close()
            raise
        address = conn_address(token, remote_port)
        made._library.usrsctp_connect(made.handle, c.byref(address), c.sizeof(address))
        engine.work()
        return made

    def send(self, octets: bytes, stream: int, ppid: int) -> None:
        """Send a message, or keep it while the peer takes none."""
        if self._waiting or not self._send(octets, stream, ppid):
            self._waiting.append((octets, stream, ppid))
            if len(self._waiting) > self._limit:
                self._end("the peer takes no messages")
        self._engine.work()

    def shut_down(self) -> None:
        """End the association in order; `down` is called when that is done."""
        if self.handle is not None:
            self._library.usrsctp_shutdown(self.handle, lib.SHUT_WR)
            self._engine.work()

    def abort(self, reason: str) -> None:
        """End the association at once."""
        self._end(reason)

    def attend(self) -> None:
        """Take what came, send what waits."""
        while self.handle is not None:
            events = self._library.usrsctp_get_events(self.handle)
            if events & lib.EVENT_READ:
                self._receive()
            elif events & lib.EVENT_ERROR and not self.is_up:
                self._end(_REASONS[lib.CANT_STR_ASSOC])
            else:
                break
        while self._waiting and self.handle is not None and self._send(*self._waiting[0]):
            self._waiting.popleft()

    def _send(self, octets: bytes, stream: int, ppid: int) -> bool:
        if self.handle is None:
            return True
        info = lib.SendInfo(stream, 0, socket.htonl(ppid), 0, 0)
        size = c.sizeof(info)
        sent = self._library.usrsctp_sendv(
            self.handle, octets, len(octets), None, 0, c.byref(info), size, lib.SENDV_SNDINFO, 0
        )
        if sent >= 0:
            return True
        code = c.get_errno()
        if code in _AGAIN:
            return False
        self._end(f"cannot send: {errno.errorcode.get(code, code)}")
        return True

    def _receive(self) -> None:
        assert self.handle is not None
        buffer = self._engine.buffer
        self._info_size.value = c.sizeof(self._info)
        self._flags.value = 0
        size = self._library.usrsctp_recvv(
            self.handle,
            buffer,
            _BUFFER_OCTETS,
            None,
            None,
            c.byref(self._info),
            c.byref(self._info_size),
            c.byref(self._info_type),
            c.byref(self._flags),
        )
        if size <= 0:
            code = c.get_errno()
            if size == 0 or code not in _AGAIN:
                self._end(_REASONS[lib.SHUTDOWN_COMP] if size == 0 else f"{errno.errorcode.get(code, code)}")
            return
        octets = c.string_at(buffer, size)
        flags = self._flags.value
        if flags & lib.MSG_NOTIFICATION:
            self._notified(octets)
        elif not flags & lib.MSG_EOR:
            self._parts.append(octets)
        else:
            if self._parts:
                octets = b"".join([*self._parts, octets])
                self._parts.clear()
            self._message(octets, self._info.stream, socket.ntohl(self._info.ppid))

    def _notified(self, octets: bytes) -> None:
        if len(octets) < c.sizeof(lib.AssociationChange):
            return
        change = lib.AssociationChange.from_buffer_copy(octets)
        if change.type != lib.ASSOC_CHANGE:
            return
        if change.state in (lib.COMM_UP, lib.RESTART):
            self.is_up = True
            self._up(change.outbound_streams)
        elif change.state in _REASONS:
            self._end(_REASONS[change.state])

    def _end(self, reason: str) -> None:
        if self.handle is not None:
            was_up, self.is_up = self.is_up, False
            self._waiting.clear()
            self.close()
            self._down(reason, was_up)


def refuse(engine: Engine, handle: int) -> None:
    """Abort an association that was accepted and is not wanted."""
    linger = lib.Linger(1, 0)
    engine.library.usrsctp_setsockopt(handle, lib.SOL_SOCKET, lib.SO_LINGER, c.byref(linger), c.sizeof(linger))
    engine.library.usrsctp_close(handle)


def conn_address(token: int, port: int) -> lib.ConnAddress:
    """A place and SCTP port as the library wants them."""
    return lib.ConnAddress(lib.AF_CONN, socket.htons(port), token)


def new_socket(engine: Engine) -> int:
    """A socket of the library."""
    handle = engine.library.usrsctp_socket(lib.AF_CONN, lib.SOCK_STREAM, lib.IPPROTO_SCTP, None, None, 0, None)
    if not handle:
        raise OSError(c.get_errno(), "SCTP socket")
    return int(handle)


_ENGINE: list[Engine] = []


def engine() -> Engine:
    """The one Engine of this process; ConfigurationError when the library is not there."""
    if not _ENGINE:
        _ENGINE.append(Engine())
    return _ENGINE[0]
