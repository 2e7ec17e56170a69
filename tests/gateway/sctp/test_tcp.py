"""SIGTRAN over TCP on loopback."""

import asyncio
import contextlib

import pytest
from support.associations import Recorder, free_tcp_port, until

from tandem.core.errors import ConfigurationError
from tandem.core.sigtran.codes import Type
from tandem.core.sigtran.common import encode_message
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters
from tandem.gateway.sctp.tcp import TcpTransport

LOCAL = ["127.0.0.1"]
FAST = SctpParameters(reconnect=0.05)
MESSAGE = encode_message(Type.BEAT, [])


def pair(**settings):
    port = free_tcp_port()
    users = Recorder(), Recorder()
    server = TcpTransport([AssociationSettings("x", LOCAL, 0, port, LOCAL, listen=True)], users[0], FAST)
    client = TcpTransport([AssociationSettings("x", LOCAL, port, **settings)], users[1], FAST)
    return server, client, *users


def test_messages_arrive_whole_and_in_order():
    async def scene():
        server, client, at_server, at_client = pair(ppid=5)
        await server.start()
        await client.start()
        await until(lambda: server.is_up("x") and client.is_up("x"))
        messages = [MESSAGE[:4] + (8 + n % 50).to_bytes(4, "big") + bytes(n % 50) for n in range(2000)]
        assert all(client.send("x", message, 3, 3) for message in messages)
        assert server.send("x", MESSAGE, 0, 3)
        await until(lambda: len(at_server.messages) == 2000 and at_client.messages)
        assert [item[1] for item in at_server.messages] == messages
        assert at_client.messages == [("x", MESSAGE, 0, 5)]
        await client.close()
        await until(lambda: at_server.count("down") == 1)
        assert not client.send("x", MESSAGE, 0, 3)
        await server.close()
        assert at_client.count("down") == 0

    asyncio.run(scene())


def test_a_client_comes_back():
    async def scene():
        server, client, at_server, at_client = pair()
        await client.start()  # nobody listens yet
        await asyncio.sleep(0.01)
        await server.start()
        await until(lambda: client.is_up("x"))
        server.abort("x", "test")
        await until(lambda: at_client.count("up") == 2 and at_server.count("up") == 2)
        assert at_server.events[1] == ("down", "x", "test")
        await client.close()
        await server.close()

    asyncio.run(scene())


def test_what_is_no_message_ends_the_connection():
    async def scene():
        server, client, at_server, _ = pair()
        await server.start()
        await client.start()
        await until(lambda: server.is_up("x") and client.is_up("x"))
        client.send("x", MESSAGE + b"GET / HTTP/1.1\r\n", 0, 3)
        await until(lambda: at_server.count("down") == 1)
        assert [item[1] for item in at_server.messages] == [MESSAGE]
        assert "no message" in at_server.events[1][2]
        await client.close()
        await server.close()

    asyncio.run(scene())


def test_a_second_connection_of_the_peer_replaces_the_first():
    async def scene():
        server, client, at_server, _ = pair()
        await server.start()
        await client.start()
        await until(lambda: server.is_up("x"))
        again = TcpTransport(list(client.settings.values()), Recorder(), FAST)
        await again.start()
        await until(lambda: at_server.count("up") == 2)
        assert at_server.events[1][:2] == ("down", "x")
        await again.close()
        await client.close()
        await server.close()

    asyncio.run(scene())


def test_strangers_are_turned_away():
    async def scene():
        port = free_tcp_port()
        user = Recorder()
        server = TcpTransport([AssociationSettings("x", ["127.0.0.9"], 0, port, LOCAL, listen=True)], user)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert user.events == []
        await server.close()

    asyncio.run(scene())


def test_a_port_in_use_is_told():
    async def scene():
        server, _, _, _ = pair()
        other = TcpTransport(list(server.settings.values()), Recorder())
        await server.start()
        with pytest.raises(ConfigurationError, match="cannot listen"):
            await other.start()
        await server.close()

    asyncio.run(scene())
