"""SCTP over UDP on loopback."""

import asyncio
import socket

import pytest
from support.associations import Recorder, needs_usrsctp, until

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters
from tandem.gateway.sctp.kernel import kernel_has_sctp
from tandem.gateway.sctp.packets import PacketTransport

pytestmark = needs_usrsctp

HERE = ["127.0.0.1"]
FAST = SctpParameters(heartbeat=0.1, rto_initial=0.1, rto_min=0.05, rto_max=0.1, max_retransmissions=2, reconnect=0.05)


async def open_pair(names=("x",), parameters=FAST):
    users = Recorder(), Recorder()
    listening = [
        AssociationSettings(name, HERE, 0, 2905 + number, listen=True, udp_port=0) for number, name in enumerate(names)
    ]
    server = PacketTransport(listening, users[0], parameters, "127.0.0.1", 0)
    await server.start()
    client = client_of(server, names, users[1], parameters)
    await client.start()
    await until(lambda: all(end.is_up(name) for end in (server, client) for name in names))
    return server, client, *users


def client_of(server, names, user, parameters=FAST):
    associations = [
        AssociationSettings(name, HERE, 2905 + number, udp_port=server.udp_port) for number, name in enumerate(names)
    ]
    return PacketTransport(associations, user, parameters, "127.0.0.1", 0)


def test_thousands_of_messages():
    async def scene():
        server, client, at_server, at_client = await open_pair(parameters=SctpParameters())
        sent = [(number.to_bytes(2, "big") * 40, 1 + number % 16) for number in range(5000)]
        for number, (octets, stream) in enumerate(sent):
            assert client.send("x", octets, stream, 3)
            if number % 100 == 0:
                await asyncio.sleep(0)
        server.send("x", b"back", 2, 5)
        await until(lambda: len(at_server.messages) == 5000 and at_client.messages)
        for stream in range(1, 17):
            received = [item[1] for item in at_server.messages if item[2] == stream]
            assert received == [octets for octets, on in sent if on == stream]
        assert {item[3] for item in at_server.messages} == {3}
        assert at_client.messages == [("x", b"back", 2, 5)]
        assert at_client.events == [("up", "x", "17")]
        await client.close()
        await until(lambda: at_server.count("down") == 1)
        assert at_server.events[-1] == ("down", "x", "shut down")
        assert at_client.count("down") == 0
        assert not client.send("x", b"late", 0, 3)
        await server.close()

    asyncio.run(scene())


def test_a_peer_that_dies_is_noticed_and_comes_back():
    async def scene():
        server, client, at_server, at_client = await open_pair()
        port = client.udp_port
        server.drop()
        await until(lambda: at_client.count("down") == 1)
        assert not client.is_up("x")
        again = PacketTransport(list(server.settings.values()), at_server, FAST, "127.0.0.1", _port_of(client))
        await again.start()
        await until(lambda: at_client.count("up") == 2)
        assert client.udp_port == port
        await client.close()
        await again.close()

    asyncio.run(scene())


def _port_of(client):
    return next(iter(client.settings.values())).udp_port


def test_a_peer_that_begins_anew_replaces_its_old_association():
    async def scene():
        server, client, at_server, _ = await open_pair(parameters=SctpParameters(reconnect=0.05))
        client.drop()
        again = client_of(server, ["x"], Recorder())
        await again.start()
        await until(lambda: at_server.count("up") == 2)
        assert at_server.events[1] == ("down", "x", "replaced by a new association")
        assert server.is_up("x")
        await again.close()
        await server.close()

    asyncio.run(scene())


def test_abort_is_told_at_both_ends():
    async def scene():
        server, client, at_server, at_client = await open_pair()
        client.abort("x", "test")
        assert at_client.events[-1] == ("down", "x", "test")
        await until(lambda: at_server.count("up") == 2 and at_client.count("up") == 2)
        await client.close()
        await server.close()

    asyncio.run(scene())


def test_several_associations_share_the_socket():
    async def scene():
        server, client, at_server, _ = await open_pair(("x", "y", "z"))
        for name in ("x", "y", "z"):
            client.send(name, name.encode(), 1, 3)
        await until(lambda: len(at_server.messages) == 3)
        assert sorted(item[:2] for item in at_server.messages) == [("x", b"x"), ("y", b"y"), ("z", b"z")]
        await client.close()
        await server.close()

    asyncio.run(scene())


def _may_open_raw():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return not kernel_has_sctp()  # which would answer the same packets


@pytest.mark.skipif(not _may_open_raw(), reason="needs CAP_NET_RAW and a kernel without SCTP")
def test_packets_in_ip():
    async def scene():
        users = Recorder(), Recorder()
        listening = AssociationSettings("x", HERE, 0, 2905, listen=True)
        server = PacketTransport([listening], users[0], FAST, "127.0.0.2", None)
        client = PacketTransport([AssociationSettings("x", ["127.0.0.2"], 2905)], users[1], FAST, "127.0.0.1", None)
        await server.start()
        await client.start()
        await until(lambda: server.is_up("x") and client.is_up("x"))
        for number in range(500):
            client.send("x", number.to_bytes(2, "big"), 1, 3)
        await until(lambda: len(users[0].messages) == 500)
        assert [int.from_bytes(item[1], "big") for item in users[0].messages] == list(range(500))
        await client.close()
        await server.close()

    asyncio.run(scene())


def test_packets_from_elsewhere_are_not_answered():
    async def scene():
        association = AssociationSettings("x", ["127.0.0.2"], 0, 2905, listen=True)
        server = PacketTransport([association], Recorder(), FAST, "127.0.0.1", 0)
        await server.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            for packet in (b"", b"short", bytes(100)):
                stranger.sendto(packet, ("127.0.0.1", server.udp_port))
            await until(lambda: server.counters["packets from elsewhere"] == 3)
            stranger.setblocking(False)
            with pytest.raises(BlockingIOError):
                stranger.recv(100)
        await server.close()

    asyncio.run(scene())


def free_udp_port(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Cuttable(PacketTransport):
    """Loses what goes to or comes from some addresses."""

    cut = frozenset()

    def _packet(self, route, packet, now):
        if route.address not in self.cut:
            super()._packet(route, packet, now)

    def _send_to(self, route, packet):
        if route.address not in self.cut:
            super()._send_to(route, packet)


@pytest.mark.parametrize("known", [True, False])
def test_an_association_outlives_one_of_its_paths(known):
    """Two addresses at each end, each pair a path; with a UDP port of the peer that is known, or found out."""

    async def scene():
        users = Recorder(), Recorder()
        parameters = SctpParameters(heartbeat=0.2, rto_initial=0.1, rto_min=0.05, rto_max=0.2, reconnect=0.05)
        ports = free_udp_port("127.0.0.1"), free_udp_port("127.0.0.3")
        theirs, ours = ("127.0.0.1", "127.0.0.2"), ("127.0.0.3", "127.0.0.4")
        listening = AssociationSettings("x", ours, 0, 2905, theirs, listen=True, udp_port=ports[1] if known else 0)
        calling = AssociationSettings("x", theirs, 2905, 0, ours, udp_port=ports[0])
        server = Cuttable([listening], users[0], parameters, theirs[0], ports[0])
        client = Cuttable([calling], users[1], parameters, ours[0], ports[1])
        await server.start()
        await client.start()
        await until(lambda: server.is_up("x") and client.is_up("x"))
        await until(lambda: len(next(iter(server._peers.all.values())).paths.routes) == 2)
        for number in range(200):
            if number == 50:
                server.cut, client.cut = {"127.0.0.3"}, {"127.0.0.1"}
            assert client.send("x", number.to_bytes(2, "big"), 1, 3)
            assert server.send("x", number.to_bytes(2, "big"), 1, 3)
            await asyncio.sleep(0.01)
        await until(lambda: all(len(user.messages) == 200 for user in users))
        for user in users:
            assert [int.from_bytes(item[1], "big") for item in user.messages] == list(range(200))
        assert [event for event in users[1].events if event[0] != "up"] == [("failed", "x", "127.0.0.1")]
        assert [event for event in users[0].events if event[0] != "up"] == [("failed", "x", "127.0.0.3")]
        server.cut = client.cut = frozenset()
        await until(lambda: users[0].count("works") == users[1].count("works") == 1)
        assert client.counters["changes of path"] == 2
        await client.close()
        await server.close()

    asyncio.run(scene())


def test_a_peer_that_comes_from_ever_new_ports_is_taken_each_time(monkeypatch):
    """Peers without an association are forgotten when there are too many of them."""
    monkeypatch.setattr("tandem.gateway.sctp.packets.MAX_PEERS", 4)

    async def scene():
        server, client, at_server, _ = await open_pair()
        for turn in range(2, 9):
            client.drop()
            client = client_of(server, ["x"], Recorder())
            await client.start()
            await until(lambda turn=turn: at_server.count("up") == turn)
            assert len(server._peers.all) <= 4
        await client.close()
        await server.close()

    asyncio.run(scene())


def test_a_port_in_use_is_told():
    async def scene():
        server = PacketTransport([], Recorder(), FAST, "127.0.0.1", 0)
        await server.start()
        with pytest.raises(ConfigurationError, match=f"UDP port {server.udp_port}"):
            await PacketTransport([], Recorder(), FAST, "127.0.0.1", server.udp_port).start()
        await server.close()

    asyncio.run(scene())
