"""Serves the web application in the event loop of the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.ranges import parse_endpoint
from tandem.gateway.configuration.web import DEFAULT_PORT, Web

if TYPE_CHECKING:
    from tandem.gateway.web.app import Sources

CONNECTIONS = 64
"""Requests served at once; more are answered 503."""


class WebServer:
    """The server; ConfigurationError when it cannot be had."""

    def __init__(self, configuration: Web, sources: Sources) -> None:
        import uvicorn  # only who has a [web] needs it

        from tandem.gateway.web.app import application

        class Server(uvicorn.Server):
            """Leaves signals to the gateway."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

        self._listen = configuration.listen
        settings = uvicorn.Config(
            application(configuration, sources),
            log_config=None,
            access_log=False,
            lifespan="off",
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=1,
            server_header=False,
        )
        self._server = Server(settings)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen."""
        host, port = parse_endpoint(self._listen, DEFAULT_PORT)
        opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((host, port))
        except OSError as error:
            opened.close()
            raise ConfigurationError(f"web.listen: {self._listen} cannot be opened: {error.strerror}") from None
        self._task = asyncio.create_task(self._server.serve(sockets=[opened]))

    async def close(self) -> None:
        """End; pages that are open lose their connection."""
        self._server.should_exit = self._server.force_exit = True
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
