"""The stand-in for DAHDI as a process of its own, so that whole gateways use it: `python dahdi_server.py SOCKET`.

Gateways started with `environment(socket)` have `dahdi_client.py` in place of the five system calls; nothing else of
them is changed. Descriptors of channels are real ones: the ends of socket pairs, on which buffers pass as datagrams;
requests go through a connection of their own. Spans 1 and 2 are joined, and 3 and 4. The card's clock follows the
machine's, except that it waits for a user who is late, for a busy machine is no fault of a driver. Commands on its
standard input, one a line: `unplug` the card, `plug` it in again.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import socket
import struct
import sys
import time
from collections import deque
from pathlib import Path

from support.dahdi_client import GET_PARAMETERS
from support.dahdi_kernel import Kernel, KernelChannel, KernelSpan

TICK = 0.02
OCTETS = 160
#: How the four spans are set up: signalling by the kernel at one end, by our own HDLC at the other.
SETUPS: tuple[dict[int, str], ...] = ({16: "MTP2"}, {}, {16: "HDLCFCS"}, {})
DATA, TROUBLE = b"d", b"e"


def environment(path: Path) -> dict[str, str]:
    """What gateways want in their environment."""
    site = Path(__file__).parent / "dahdi_site"
    return {"PYTHONPATH": os.pathsep.join([str(site), str(site.parent.parent)]), "DAHDI_STAND_IN": str(path)}


class Bridge:
    """One open descriptor, and the socket that stands for it at the program."""

    def __init__(self, kernel: Kernel, descriptor: int, end: socket.socket) -> None:
        self.kernel, self.descriptor, self.end = kernel, descriptor, end
        self.pending: deque[bytes] = deque()
        self.told = False

    @property
    def channel(self) -> KernelChannel | None:
        file = self.kernel.file(self.descriptor)
        return file if isinstance(file, KernelChannel) else None

    @property
    def waiting(self) -> int:
        """Buffers on their way to the line."""
        channel = self.channel
        return len(self.pending) + (len(channel.transmit) if channel is not None else 0)

    def drain(self) -> bool:
        """Take what the program wrote; False when it has closed the descriptor."""
        with contextlib.suppress(BlockingIOError):
            while octets := self.end.recv(8192):
                self.pending.append(octets)
            return False
        return True

    def transmit(self) -> None:
        while self.pending:
            try:
                self.kernel.write(self.descriptor, self.pending[0])
            except OSError:
                return
            self.pending.popleft()

    def deliver(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            while not self.told:
                try:
                    octets = self.kernel.read(self.descriptor, 8192)
                except BlockingIOError:
                    return
                except OSError as error:
                    self.told = True
                    self.end.send(TROUBLE + str(error.errno).encode())
                    return
                self.end.send(DATA + octets)


class Server:
    def __init__(self, path: str) -> None:
        self.kernel = Kernel(*SETUPS)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        self.listener.listen()
        self.bridges: dict[int, Bridge] = {}
        self.written: set[int] = set()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(sys.stdin, selectors.EVENT_READ)

    def run(self) -> None:
        due = time.monotonic() + TICK
        pairs = list(zip(self.kernel.spans[::2], self.kernel.spans[1::2], strict=True))
        owed, moved = [0, 0], [due, due]
        while self.obey(self.selector.select(max(0.0, due - time.monotonic()))):
            if time.monotonic() < due:
                continue
            due += TICK
            for bridge in list(self.bridges.values()):
                if bridge.channel is not None and not bridge.drain():
                    self.close(bridge)
            # What was asked for before these octets were written, such as their size, is to come before them.
            while events := self.selector.select(0):
                if not self.obey(events):
                    return
            for place, pair in enumerate(pairs):
                owed[place] = min(owed[place] + 1, 25)
                while owed[place] and (all(map(self.ready, pair)) or time.monotonic() - moved[place] > 1):
                    self.move(pair)
                    owed[place] -= 1
                    moved[place] = time.monotonic()

    def obey(self, events: list[tuple[selectors.SelectorKey, int]]) -> bool:
        """What programs ask for, and commands; False when standard input has ended."""
        for key, _ in events:
            if key.fileobj is sys.stdin:
                command = sys.stdin.readline().strip()
                if not command:
                    return False
                self.plug(command == "plug")
            elif key.fileobj is self.listener:
                self.selector.register(self.listener.accept()[0], selectors.EVENT_READ)
            else:
                self.answer(key.fileobj)  # type: ignore[arg-type]
        return True

    def plug(self, present: bool) -> None:
        """The card goes, or comes back as it was set up and used by nobody."""
        if not present:
            self.kernel.unplug()
            return
        for span in self.kernel.spans:
            for channel in span.channels:
                channel.reset()
        self.kernel.plug_in()

    def ready(self, span: KernelSpan) -> bool:
        """Whether every raw channel has a buffer for the line, if it ever had; not in the middle of a write."""
        channels = [channel for channel in span.channels if channel.is_raw and channel.is_open]
        if not channels:
            self.written.discard(span.number)
            return True
        by_channel = {bridge.channel: bridge for bridge in self.bridges.values()}
        first, last = (by_channel[channel].waiting for channel in (channels[0], channels[-1]))
        if first and last:
            self.written.add(span.number)
            return first == last
        return not first and not last and span.number not in self.written

    def move(self, pair: tuple[KernelSpan, KernelSpan]) -> None:
        numbers = {span.number for span in pair}
        bridges = [
            bridge for bridge in self.bridges.values() if bridge.channel is not None and bridge.channel.span in numbers
        ]
        for bridge in bridges:
            bridge.transmit()
        self.kernel.run(OCTETS, pair)
        for bridge in bridges:
            bridge.transmit()
            bridge.deliver()

    def close(self, bridge: Bridge) -> None:
        if self.bridges.pop(bridge.descriptor, None) is not None:
            self.kernel.close(bridge.descriptor)
            bridge.end.close()

    def parameters(self, control: int, number: int) -> bytes:
        argument = bytearray(struct.pack("=i", number).ljust(136, b"\0"))
        self.kernel.ioctl(control, GET_PARAMETERS, argument)
        return bytes(argument)

    def answer(self, client: socket.socket) -> None:
        """One request of a program."""
        request = client.recv(8192)
        if not request:
            self.selector.unregister(client)
            client.close()
            return
        call, descriptor, *arguments = pickle.loads(request)
        if call == "tell":
            with contextlib.nullcontext() if self.kernel.present else contextlib.suppress(OSError):
                self.kernel.ioctl(descriptor, arguments[0], bytearray(arguments[1]))
            return
        theirs: list[int] = []
        pair: tuple[socket.socket, socket.socket] | None = None
        try:
            if call == "open":
                descriptor = self.kernel.open(arguments[0])
                pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                pair[0].setblocking(False)
                self.bridges[descriptor] = Bridge(self.kernel, descriptor, pair[0])
                theirs = [pair[1].fileno()]
                result: object = descriptor
            elif call == "parameters":
                result = {
                    channel.number: self.parameters(descriptor, channel.number)
                    for span in self.kernel.spans
                    for channel in span.channels
                }
            elif call == "close":
                self.close(self.bridges[descriptor])
                result = None
            else:
                argument = bytearray(arguments[1])
                self.kernel.ioctl(descriptor, arguments[0], argument)
                self.bridges[descriptor].told = False
                result = bytes(argument)
        except OSError as error:
            result = error
        socket.send_fds(client, [pickle.dumps(result)], theirs)
        if pair is not None:
            pair[1].close()


if __name__ == "__main__":
    Server(sys.argv[1]).run()
