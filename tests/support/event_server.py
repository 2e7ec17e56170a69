"""An event socket over TCP, the desk behind it played, and clients that speak the protocol word by word."""

import asyncio
import contextlib

from tandem.gateway.configuration.schema import EventSocket
from tandem.gateway.esl.event import Stamp
from tandem.gateway.esl.server import EventServer
from tandem.gateway.esl.wire import Reader, parse_headers


class PlayedDesk:
    """Answers what it is asked with the question."""

    def __init__(self):
        self.asked, self.noted = [], []
        self.answer = "+OK {}\n"

    def run(self, line, who, done, read_only=False):
        self.asked.append((line, who, read_only))
        done(self.answer.format(line))

    def note(self, who, line, answer, changes):
        self.noted.append((line, answer))


class PlayedChannels:
    def exists(self, channel):
        return channel == "u1"

    def message(self, channel, headers, body, done):
        done("+OK" if channel == "u1" else f"-ERR invalid session id [{channel}]")


class Bench:
    def __init__(self, **settings):
        self.lines, self.talks = [], []
        self.desk = PlayedDesk()
        self.carried_out = 0
        settings = {"password": "ClueCon", "read_only_password": "look", "listen": "127.0.0.1:0"} | settings
        stamp = Stamp("core", "host", "tandem", lambda: 0.0)
        self.server = EventServer(
            EventSocket(**settings), self.desk, stamp, PlayedChannels(), self.lines.append, self.act
        )

    def act(self):
        self.carried_out += 1

    async def client(self, password="ClueCon"):
        client = Talk(*await asyncio.open_connection("127.0.0.1", self.port))
        self.talks.append(client)
        if password is not None:
            await client.hear()
            assert await client.say(f"auth {password}") == "+OK accepted"
        return client

    @property
    def port(self):
        return self.server._server.sockets[0].getsockname()[1]

    def said(self, text):
        return any(text in line.text for line in self.lines)


class Talk:
    def __init__(self, reader, writer):
        self.reader, self.writer, self.parser, self.waiting = reader, writer, Reader(10_000_000), []

    async def hear(self):
        """The next message, or None when the connection is closed."""
        while not self.waiting:
            octets = await asyncio.wait_for(self.reader.read(65536), 10)
            if not octets:
                return None
            self.waiting += [(parse_headers(lines), body) for lines, body in self.parser.feed(octets)]
        return self.waiting.pop(0)

    async def say(self, text):
        self.writer.write(text.encode() + b"\n\n")
        message = await self.hear()
        return message and message[0].get("reply-text", message[1])


@contextlib.asynccontextmanager
async def started(**settings):
    bench = Bench(**settings)
    await bench.server.start()
    try:
        yield bench
    finally:
        await bench.server.close()
        for talk in bench.talks:
            talk.writer.close()
            with contextlib.suppress(OSError):
                await talk.writer.wait_closed()


def run(scene, **settings):
    async def main():
        async with started(**settings) as bench:
            await scene(bench)

    asyncio.run(main())
