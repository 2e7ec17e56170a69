"""The PJSIP process: `python -m tandem.gateway.pjsip DESCRIPTOR`, started by `PjsipProcess.start`."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Final

import msgspec

from tandem.core.errors import TandemError
from tandem.gateway.media.link import Link

from .protocol import HOW_TO_INSTALL, Command, EngineConfiguration, Event, Failed, Shutdown

if TYPE_CHECKING:
    from .engine import Engine

POLL: Final = 5
"""Milliseconds that PJSIP waits for something to do: what the signalling process wants waits as long."""
LEAVE: Final = 1.0
"""Seconds that calls and registrations are given to end after Shutdown."""
ABANDONED: Final = 0.4
"""Seconds that calls are given to end when the signalling process was killed; the next one wants the same ports."""
SWEEP: Final = 5.0
"""Seconds between garbage collections, which must be of the main thread: PJSIP's objects belong to it."""


def main() -> int:
    """Serve the socket whose descriptor is the one argument; the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    gc.disable()
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # PJSIP greets on standard output before it can be told not to
    with socket.socket(fileno=int(sys.argv[1])) as end:
        end.setblocking(True)
        configuration = msgspec.msgpack.decode(end.recv(1 << 20), type=EngineConfiguration)
        end.setblocking(False)
        link: Link[Event, Command] = Link(end, msgspec.msgpack.Decoder(list[Command]))
        try:
            from .engine import Engine
        except ImportError as error:
            _fail(end, f"pjsua2 cannot be imported ({error}): {HOW_TO_INSTALL}")
            return 1
        told: list[Event] = []
        engine = Engine(configuration, told.append)
        try:
            engine.start()
            _serve(engine, link, told)
        except (TandemError, OSError) as error:
            _fail(end, str(error))
            return 1
        except Exception as error:
            _fail(end, f"PJSIP process: {error!r}")
            raise
    return 0


def _serve(engine: Engine, link: Link[Event, Command], told: list[Event]) -> None:
    """Until Shutdown, or until the signalling process has gone; the peers are told either way."""
    ending: float | None = None
    sweep = 0.0
    while ending is None or (time.monotonic() < ending and engine.busy):
        if link.closed and ending is None:
            ending = time.monotonic() + ABANDONED
            engine.abandon()
        for wanted in link.receive():
            if isinstance(wanted, Shutdown):
                ending = time.monotonic() + LEAVE
                engine.leave()
            else:
                engine.command(wanted)
        engine.poll(POLL)
        if told:
            link.send(told)
            told.clear()
        elif link.waiting:
            link.flush()
        now = time.monotonic()
        if now > sweep:
            sweep = now + SWEEP
            gc.collect()


def _fail(end: socket.socket, reason: str) -> None:
    with contextlib.suppress(OSError):
        end.send(msgspec.msgpack.encode([Failed(reason)]))


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # PJSIP's own end waits a second for nothing, and its objects must not be torn down after it
