"""A client of the event socket, for the console and for commands of one line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from tandem.core.errors import DecodeError, TandemError
from tandem.gateway.esl.wire import Reader, parse_headers

#: How long a gateway may take to accept the password.
LOGIN_SECONDS = 10.0
#: Longest answer that is taken, in octets.
_LONGEST = 64_000_000


class EventClient:
    """One connection; commands are answered in their order."""

    def __init__(self, host: str, port: int, password: str, logged: Callable[[int, str], None] | None = None) -> None:
        """`logged` gets the level (3 error, 4 warning, 6 info, 7 debug) and text of each log line asked for."""
        self._address = host, port
        self._password = password
        self._logged = logged
        self._waiting: deque[asyncio.Future[str]] = deque()
        self._asked: asyncio.Future[str] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()

    async def connect(self) -> None:
        """Connect and say the password; TandemError says why that failed."""
        host, port = self._address
        try:
            reader, self._writer = await asyncio.open_connection(host, port)
        except OSError as error:
            raise TandemError(
                f"no gateway answers at {host}:{port}: {error.strerror or error}; does it run, with [event_socket]?"
            ) from None
        self._asked = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._read(reader))
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                await self._asked
                reply = await self.command(f"auth {self._password}")
        except TimeoutError:
            raise TandemError(f"{host}:{port} does not speak the protocol of the event socket") from None
        if not reply.startswith("+OK"):
            raise TandemError("the password is wrong")

    async def command(self, text: str) -> str:
        """The reply to a command of the protocol, such as `log info`."""
        assert self._writer is not None, "connected"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if self.closed.is_set():
            raise TandemError("the gateway has closed the connection")
        self._waiting.append(answer)
        self._writer.write(f"{text}\n\n".encode())
        return await answer

    async def api(self, line: str) -> str:
        """The answer to an API command."""
        return await self.command(f"api {' '.join(line.split())}\nconsole_execute: true")

    async def close(self) -> None:
        """Leave."""
        if self._writer is not None:
            self._writer.close()
        if self._task is not None:
            self._task.cancel()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        parser = Reader(_LONGEST)
        reason = "the gateway has closed the connection"
        try:
            while octets := await reader.read(65536):
                for lines, body in parser.feed(octets):
                    self._message(parse_headers(lines), body)
        except (OSError, DecodeError) as error:
            reason = str(error)
        finally:
            self.closed.set()
            for future in [*self._waiting, *([self._asked] if self._asked is not None else [])]:
                if not future.done():
                    future.set_exception(TandemError(reason))

    def _message(self, headers: dict[str, str], body: str) -> None:
        match headers.get("content-type"):
            case "auth/request" if self._asked is not None and not self._asked.done():
                self._asked.set_result("")
            case "text/rude-rejection" if self._asked is not None and not self._asked.done():
                self._asked.set_exception(TandemError("the gateway turns this address away; see `allow` and its log"))
            case "command/reply":
                self._answer(headers.get("reply-text", ""))
            case "api/response":
                self._answer(body)
            case "log/data" if self._logged is not None:
                level = headers.get("log-level", "6")
                self._logged(int(level) if level.isdigit() else 6, body.rstrip("\n"))

    def _answer(self, text: str) -> None:
        if self._waiting and not (answer := self._waiting.popleft()).done():
            answer.set_result(text)
