"""A stand-in for osmo-e1d: its control protocol, raw octets at 8000 a second, alarms; two lines joined by a cable.

Lines 0 and 1 of every interface are the two ends of one crossed cable. Written from the description of the protocol,
with none of the daemon's code. `step` moves one tick of octets, so that tests run in virtual time; as a process
(`python e1d_daemon.py SOCKET INTERFACES TICK_MS`) it follows the clock, except that it waits for a user who is late,
for a busy machine is no fault of a driver. It takes commands on standard input, one
a line: `event TYPE INTERFACE LINE`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import socket
import struct
import sys
import termios
import time

MAGIC = 0x01E1
HEADER = struct.Struct("=HHBBBB")
RAW, OFF, CHANNELIZED = 0x10, 0x00, 0x20


class Daemon:
    """Serves `path`; `interfaces` of two lines each."""

    def __init__(self, path: str, interfaces: int = 1) -> None:
        self.path = path
        self.interfaces = interfaces
        self.modes = {(interface, line): CHANNELIZED for interface in range(interfaces) for line in (0, 1)}
        self.timeslots: dict[tuple[int, int, int], socket.socket] = {}
        self.cut: set[tuple[int, int]] = set()
        """Lines that receive ones only."""
        self.missing = 0
        """Octets sent as 0xff because nobody had given any."""
        self.requests: list[tuple[int, int, int, int, bytes]] = []
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self._written: set[tuple[int, int]] = set()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(path)
        self._listener.listen(8)
        self._listener.setblocking(False)
        self._clients: dict[socket.socket, set[tuple[int, int, int]]] = {}

    def close(self) -> None:
        """As when it is killed: sockets close, the file stays."""
        self._listener.close()
        for client in self._clients:
            client.close()
        for stream in self.timeslots.values():
            stream.close()
        self._clients, self.timeslots = {}, {}

    def serve(self) -> None:
        """Answer what was asked."""
        with contextlib.suppress(BlockingIOError):
            while True:
                client, _ = self._listener.accept()
                client.setblocking(False)
                self._clients[client] = set()
        for client in list(self._clients):
            self._serve(client)

    def event(self, kind: int, interface: int, line: int) -> None:
        """Tell every client."""
        for client in self._clients:
            client.send(HEADER.pack(MAGIC, HEADER.size, kind, interface, line, 0xFF))

    def step(self, octets: int = 10, only: int | None = None) -> None:
        """So many octets of every timeslot across the cable, both ways; of one interface alone or of all."""
        streams = [(key, stream) for key, stream in self.timeslots.items() if only in (None, key[0])]
        sent = {key: self._take(stream, octets) for key, stream in streams}
        for (interface, line, timeslot), stream in streams:
            block = sent.get((interface, 1 - line, timeslot), b"\xff" * octets)
            if (interface, line) in self.cut:
                block = b"\xff" * octets
            with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                stream.send(block)

    def ready(self, interface: int, octets: int) -> bool:
        """Whether so many octets wait on each open line of an interface on which something was sent before."""
        for line in (0, 1):
            # The timeslot written first, and the one written last: between them a write is under way.
            ends = [self.timeslots.get((interface, line, timeslot)) for timeslot in (1, 31)]
            if None in ends:
                self._written.discard((interface, line))
                continue
            waiting = [int.from_bytes(fcntl.ioctl(end, termios.FIONREAD, bytes(4)), sys.byteorder) for end in ends]
            if min(waiting) >= octets:
                self._written.add((interface, line))
            elif any(waiting) or (interface, line) in self._written:
                return False
        return True

    def _take(self, stream: socket.socket, octets: int) -> bytes:
        block = b""
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            block = stream.recv(octets)
        self.missing += octets - len(block)
        return block + b"\xff" * (octets - len(block))

    def _serve(self, client: socket.socket) -> None:
        while True:
            try:
                request = client.recv(4096)
            except BlockingIOError:
                return
            except ConnectionResetError:
                request = b""
            if not request:
                for key in self._clients.pop(client):
                    if stream := self.timeslots.pop(key, None):
                        stream.close()
                client.close()
                return
            self._answer(client, request)

    def _answer(self, client: socket.socket, request: bytes) -> None:
        magic, length, kind, interface, line, timeslot = HEADER.unpack_from(request)
        payload = request[HEADER.size :]
        assert magic == MAGIC, hex(magic)
        assert length == len(request)
        self.requests.append((kind, interface, line, timeslot, payload))
        place = (interface, line)
        descriptors: list[int] = []
        theirs = None
        if kind == 0x00:
            assert payload == b""
            answer = b"".join(bytes([number, 2]) for number in range(self.interfaces))
        elif interface >= self.interfaces or (line != 0xFF and line > 1):
            kind, answer = 0x41, b""  # becomes 0xc1
        elif kind == 0x01:
            assert payload == b""
            lines = (0, 1) if line == 0xFF else (line,)
            answer = b"".join(bytes([number, self.modes[interface, number], 0]) for number in lines)
        elif kind == 0x02:
            answer = b"".join(self._row(interface, line, number) for number in range(1, 32))
        elif kind == 0x03:
            self.modes[place] = payload[0]
            answer = bytes([line, payload[0], 0])
        elif kind == 0x04:
            mode, flags, size = struct.unpack("=BBH", payload)
            assert mode == RAW
            assert size > 0
            key = (interface, line, timeslot)
            answer = b""
            if self.modes[place] == CHANNELIZED and (key not in self.timeslots or flags & 0x80):
                if old := self.timeslots.pop(key, None):
                    old.close()
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
                ours.setblocking(False)
                self.timeslots[key] = ours
                self._clients[client].add(key)
                descriptors = [theirs.fileno()]
                answer = self._row(*key)
        else:
            raise AssertionError(f"request {kind:#04x} is none of the protocol")
        header = HEADER.pack(MAGIC, HEADER.size + len(answer), kind | 0x80, interface, line, timeslot)
        socket.send_fds(client, [header + answer], descriptors)
        if theirs is not None:
            theirs.close()

    def _row(self, interface: int, line: int, timeslot: int) -> bytes:
        mode = RAW if (interface, line, timeslot) in self.timeslots else OFF
        return struct.pack("=BBBHB", timeslot, mode, 0, 160, 0)


def main() -> None:
    daemon = Daemon(sys.argv[1], int(sys.argv[2]))
    tick = float(sys.argv[3]) / 1000
    octets, late = round(tick * 8000), round(0.5 / tick)
    start, ticks = time.monotonic(), 0
    owed = dict.fromkeys(range(daemon.interfaces), 0)
    moved = dict.fromkeys(owed, start)
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            if selector.select(max(0.0, start + (ticks + 1) * tick - time.monotonic())):
                words = sys.stdin.readline().split()
                if not words:
                    return
                daemon.event(*(int(word, 0) for word in words[1:]))
                continue
            ticks += 1
            daemon.serve()
            for interface in owed:
                # What it waited for longer than 0.5 s is not made up for: its clock is slow then.
                owed[interface] = min(owed[interface] + 1, late)
                while owed[interface] and (daemon.ready(interface, octets) or time.monotonic() - moved[interface] > 1):
                    daemon.step(octets, interface)
                    owed[interface] -= 1
                    moved[interface] = time.monotonic()


if __name__ == "__main__":
    main()
