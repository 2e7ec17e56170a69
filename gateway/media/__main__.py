"""The media process: `python -m tandem.gateway.media DESCRIPTOR`, started by `MediaProcess.start`."""

from __future__ import annotations

import contextlib
import gc
import resource
import signal
import socket
import sys

import msgspec

from tandem.core.errors import TandemError

from .loop import Loop
from .plane import Plane
from .priority import raise_priority
from .protocol import Failed, MediaConfiguration


def main() -> int:
    """Serve the socket whose descriptor is the one argument; the exit status."""
    # The parent shuts down in order and tells us; a signal to the whole group must not cut its calls off before.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as end:
        end.setblocking(True)
        configuration = msgspec.msgpack.decode(end.recv(1 << 20), type=MediaConfiguration)
        end.setblocking(False)
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        try:
            plane = Plane(configuration)
            raise_priority()
            # What is there now stays; the loop collects the little that others leave, at a time that suits it.
            gc.collect()
            gc.freeze()
            gc.disable()
            try:
                Loop(plane, end).run()
            finally:
                plane.close()
        except (TandemError, OSError) as error:
            _fail(end, str(error))
            return 1
        except Exception as error:
            _fail(end, f"media process: {error!r}")
            raise
    return 0


def _fail(end: socket.socket, reason: str) -> None:
    with contextlib.suppress(OSError):
        end.send(msgspec.msgpack.encode([Failed(reason)]))


if __name__ == "__main__":
    sys.exit(main())
