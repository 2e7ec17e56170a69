"""The console's client against an event socket."""

import asyncio

import pytest
from support.event_server import run

from tandem.core.errors import TandemError
from tandem.gateway.console.client import EventClient
from tandem.gateway.log import Line


def test_commands_are_answered_in_order_and_the_log_comes_beside():
    async def scene(bench):
        heard = []
        client = EventClient("127.0.0.1", bench.port, "ClueCon", lambda level, text: heard.append((level, text)))
        await client.connect()
        assert await client.command("log warning") == "+OK log level WARNING [4]"
        answers = await asyncio.gather(client.api("status"), client.api("show   channels"))
        assert answers == ["+OK status\n", "+OK show channels\n"]
        bench.server.logged(Line("error", "!", "span e1", "LOS"))
        assert await client.api("version") == "+OK version\n"
        assert heard == [(3, "! span e1: LOS")]
        await client.close()

    run(scene)


def test_a_wrong_password():
    async def scene(bench):
        client = EventClient("127.0.0.1", bench.port, "wrong")
        with pytest.raises(TandemError, match="the password is wrong"):
            await client.connect()
        await client.close()

    run(scene)


def test_an_address_that_is_turned_away():
    async def scene(bench):
        client = EventClient("127.0.0.1", bench.port, "ClueCon")
        with pytest.raises(TandemError, match="turns this address away"):
            await client.connect()
        await client.close()

    run(scene, allow=("192.0.2.1",))


def test_a_gateway_that_goes():
    async def scene(bench):
        client = EventClient("127.0.0.1", bench.port, "ClueCon")
        await client.connect()
        bench.desk.run = lambda *arguments: None  # it never answers
        waiting = asyncio.create_task(client.api("status"))
        await asyncio.sleep(0.05)
        await bench.server.close()
        with pytest.raises(TandemError, match="closed the connection"):
            await waiting
        await client.closed.wait()
        with pytest.raises(TandemError, match="closed the connection"):
            await client.api("status")
        await client.close()

    run(scene)


def test_nobody_is_there():
    async def scene(bench):
        port = bench.port
        await bench.server.close()
        client = EventClient("127.0.0.1", port, "ClueCon")
        with pytest.raises(TandemError, match=r"no gateway answers at 127\.0\.0\.1"):
            await client.connect()

    run(scene)


def test_something_else_is_there():
    async def scene(bench):
        async def serve(reader, writer):
            writer.write(b"220 mail.example\r\n")
            await reader.read()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            client = EventClient("127.0.0.1", server.sockets[0].getsockname()[1], "ClueCon")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("tandem.gateway.console.client.LOGIN_SECONDS", 0.2)
                with pytest.raises(TandemError, match="does not speak the protocol"):
                    await client.connect()
            await client.close()
            await asyncio.sleep(0.05)

    run(scene)
