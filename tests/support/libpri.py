"""libpri as the other end of a D channel, in real time: a packet socket is the line, one frame without FCS a packet.

`Peer` is its program alone; `Line` joins it with a machine of ours that takes frames and gives SendFrame.
"""

from __future__ import annotations

import asyncio
import re
import select
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from support.peers import INTEROP, program

from tandem.isdn.q921.primitives import SendFrame

T = TypeVar("T")


def build(folder: Path) -> Path:
    """Compile pripeer; fails with the package to install where a part is absent."""
    compiler = program("cc", "gcc libc6-dev")
    if not Path("/usr/include/libpri.h").exists():
        pytest.fail("libpri.h is not installed: apt install libpri-dev")
    peers = INTEROP / "peers"
    sources = [peers / "pripeer" / "pripeer.c", peers / "common" / "chan.c"]
    out = folder / "pripeer"
    command = [compiler, "-O1", "-w", "-I", str(peers / "common"), "-o", str(out), *map(str, sources), "-lpri"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


class Peer:
    """libpri's program and our end of the packet socket to it."""

    def __init__(self, executable: Path, network: bool, switch: str = "euroisdn", options: Sequence[str] = ()) -> None:
        """`network`: libpri is the network side. `switch` and `options` are those of tests/interop/peers/README.md."""
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.setblocking(False)
        side = "net" if network else "cpe"
        command = [str(executable), "-r", side, "-s", switch, "-c", f"fd:{theirs.fileno()}", "-t", "900", *options]
        with theirs:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                pass_fds=[theirs.fileno()],
            )
        self.said: list[str] = []
        """Lines that the program printed: `READY …`, `OK …`, `ERR …`, `EVENT PRI_EVENT_… …`."""
        self._rest = b""

    def fileno(self) -> int:
        """Of its standard output, for select."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def listen(self) -> None:
        """Take what the program has printed; to be called when its output is readable."""
        assert self.process.stdout is not None
        *whole, self._rest = (self._rest + self.process.stdout.read(65536)).split(b"\n")
        self.said += [text.decode() for text in whole]
        assert self.process.poll() is None, f"pripeer ended: {self.said[-3:]}"

    def frames(self) -> list[bytes]:
        """The frames that have come."""
        frames = []
        while True:
            try:
                frame = self.socket.recv(4096)
            except BlockingIOError:
                return frames
            if not frame:
                return frames
            frames.append(frame)

    def command(self, text: str) -> None:
        """Give the program a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")

    async def hears(self, pattern: str, since: int = 0) -> None:
        """Wait until the program has printed a line that matches, without end: the caller has a timeout."""
        while not any(re.search(pattern, text) for text in self.said[since:]):
            if select.select([self], [], [], 0)[0]:
                self.listen()
            await asyncio.sleep(0.02)

    def close(self) -> None:
        """End the program."""
        self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.socket.close()


class Line:
    """A machine of ours and libpri, joined.

    The machine has `frame_received(octets, now)`, `handle_timers`, `next_deadline` and `outputs`; its SendFrame
    outputs go to libpri, the others to `told` (and to `act`, when given).
    """

    def __init__(self, machine: Any, peer: Peer, act: Callable[[object, float], None] | None = None) -> None:
        self.machine = machine
        self.peer = peer
        self.act = act
        self.told: list[Any] = []
        """What the machine told its user."""
        self.sent: list[bytes] = []
        """Frames that our machine sent, lost or not."""
        self.received: list[bytes] = []
        """Frames that libpri sent, lost or not."""
        self.lose_sent: Callable[[bytes], bool] = lambda frame: False
        """Which of our frames are lost."""
        self.lose_received: Callable[[bytes], bool] = lambda frame: False
        """Which of libpri's frames are lost."""

    def do(self, action: Callable[..., T], *arguments: Any) -> T:
        """Ask something of our machine, with the time as last argument."""
        result = action(*arguments, time.monotonic())
        self._drain(time.monotonic())
        return result

    def cut(self, cut: bool = True) -> None:
        """While cut, nothing passes."""
        self.lose_sent = self.lose_received = lambda frame: cut

    def run_until(self, condition: Callable[[], T], what: str, seconds: float = 20.0) -> T:
        """Let both work until `condition()` is true, and return what it returned."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            now = time.monotonic()
            if now >= end:
                frames = [f"> {frame.hex()}" for frame in self.sent[-6:]] + [f"< {f.hex()}" for f in self.received[-6:]]
                tail = "\n".join([*map(str, self.told[-8:]), *frames, *self.peer.said[-8:]])
                raise AssertionError(f"not within {seconds:.0f} s: {what}\n{tail}")
            self._step(now)
        return found

    def run(self, seconds: float) -> None:
        """Let both work for a while."""
        end = time.monotonic() + seconds
        self.run_until(lambda: time.monotonic() >= end, "time passes", seconds + 5)

    def tell(self, command: str) -> str:
        """Give libpri's program a command and return its answer (`OK …` or `ERR …`)."""
        mark = len(self.peer.said)
        self.peer.command(command)

        def answer() -> str | None:
            return next((text for text in self.peer.said[mark:] if text.startswith(("OK", "ERR"))), None)

        return self.run_until(answer, f"an answer to {command!r}", 10) or ""

    def event(self, pattern: str, since: int = 0, seconds: float = 20.0) -> re.Match[str]:
        """Wait for an event of libpri's that matches; `since` is a place in `peer.said`."""

        def find() -> re.Match[str] | None:
            return next((m for text in self.peer.said[since:] if (m := re.search(pattern, text))), None)

        found = self.run_until(find, f"event {pattern}", seconds)
        assert found is not None
        return found

    def hears(self, kind: type[T], since: int = 0, seconds: float = 20.0) -> T:
        """Wait until our machine told its user something of a type, and return it; `since` is a place in `told`."""

        def find() -> T | None:
            return next((item for item in self.told[since:] if isinstance(item, kind)), None)

        found = self.run_until(find, f"{kind.__name__} from our machine", seconds)
        assert found is not None
        return found

    def close(self) -> None:
        """End libpri's program."""
        self.peer.close()

    def _step(self, now: float) -> None:
        deadline = self.machine.next_deadline()
        wait = 0.05 if deadline is None else max(0.0, min(0.05, deadline - now))
        ready, _, _ = select.select([self.peer.socket, self.peer], [], [], wait)
        if self.peer in ready:
            self.peer.listen()
        now = time.monotonic()
        if self.peer.socket in ready:
            for frame in self.peer.frames():
                self.received.append(frame)
                if not self.lose_received(frame):
                    self.machine.frame_received(frame, now)
        deadline = self.machine.next_deadline()
        if deadline is not None and deadline <= now:
            self.machine.handle_timers(now)
        self._drain(now)

    def _drain(self, now: float) -> None:
        while outputs := self.machine.outputs():
            for output in outputs:
                if isinstance(output, SendFrame):
                    self._send(output.octets)
                    continue
                self.told.append(output)
                if self.act is not None:
                    self.act(output, now)

    def _send(self, frame: bytes) -> None:
        self.sent.append(frame)
        if not self.lose_sent(frame):
            try:
                self.peer.socket.send(frame)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                return
