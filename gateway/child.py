"""A process of the gateway's own as the signalling process sees it: start it, command it, hear from it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

import msgspec

from tandem.gateway.media.link import Link, socket_pair

Command = TypeVar("Command")
Event = TypeVar("Event")


_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Matrix products are to be reckoned by the process itself: threads that wait for each other on busy cores took up to
70 ms for what takes 0.2 ms, and speech came late."""


class ChildProcess(Generic[Command, Event]):
    """A running process.

    Add `socket` to the loop's readers and call `receive` when it is readable.
    When `waiting` is True after `send`, add it to the writers too and call `flush`.
    """

    MODULE: ClassVar[str]
    """What `python -m` runs; its one argument is the descriptor of its end of the socket."""
    EVENTS: ClassVar[Any]
    """Decoder of a batch of events."""
    SHUTDOWN: ClassVar[Any]
    """The command that ends it in order."""

    def __init__(self, process: subprocess.Popen[bytes], end: socket.socket) -> None:
        self._process = process
        self._link: Link[Command, Event] = Link(end, self.EVENTS)

    @classmethod
    def start(cls, configuration: msgspec.Struct) -> Self:
        """Start the process; it lives until it is shut down or this end of the socket is closed, whatever signals come.

        Configuration that cannot be had is told by an event, not by an error here.
        """
        ours, theirs = socket_pair()
        with theirs:
            # -P: the working directory must not shadow modules; its own process group: Ctrl-C is for the parent alone.
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", cls.MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=os.environ | _ONE_THREAD,
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
        ours.send(msgspec.msgpack.encode(configuration))
        return cls(process, ours)

    @property
    def socket(self) -> socket.socket:
        """Our end, non-blocking."""
        return self._link.socket

    @property
    def pid(self) -> int:
        """Process id, for logs and measurements."""
        return self._process.pid

    @property
    def closed(self) -> bool:
        """Whether the process has gone (its end of the socket is closed)."""
        return self._link.closed

    @property
    def waiting(self) -> bool:
        """Whether commands wait for the socket to become writable."""
        return self._link.waiting

    def send(self, commands: Sequence[Command]) -> None:
        """Send commands in order; what the socket does not take at once waits, nothing is lost."""
        self._link.send(commands)

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it."""
        self._link.flush()

    def receive(self) -> list[Event]:
        """The events that have come; never blocks. `closed` tells that there will be no more."""
        if self._link.waiting:
            self._link.flush()
        return self._link.receive()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end and return its exit status; subprocess.TimeoutExpired after `timeout` seconds."""
        return self._process.wait(timeout)

    def poll(self) -> int | None:
        """The exit status, None while the process runs."""
        return self._process.poll()

    def close(self, timeout: float = 2.0) -> int:
        """Shut the process down in order if it still runs and return its exit status; kill it after `timeout`."""
        if self._process.poll() is None and not self.closed:
            self.send([self.SHUTDOWN])
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout / 2)
        self.socket.close()
        try:
            return self._process.wait(timeout / 2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
