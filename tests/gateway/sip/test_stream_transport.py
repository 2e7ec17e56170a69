"""Real connections on loopback: the machine of one side talks to that of the other."""

import asyncio
import contextlib
import socket
import ssl

import pytest
import uvloop
from support.certificates import Authority

from tandem.gateway.sip.connections import ConnectionLost, Connections, MessageReceived, SendFailed, StreamLimits
from tandem.gateway.sip.endpoint import Listener, Stream
from tandem.gateway.sip.stream_transport import StreamTransport
from tandem.gateway.sip.tls import TlsContexts, TlsFiles

MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"


class Side:
    """A connection machine with its transport."""

    def __init__(self, listeners=(), tls=None, **limits):
        self.machine = Connections(StreamLimits(**limits))
        self.transport = StreamTransport(self, listeners, tls)
        self.received = []
        self.other = []
        self.names = {}

    def _act(self):
        for output in self.machine.outputs():
            if isinstance(output, MessageReceived):
                self.received.append(output)
            elif isinstance(output, SendFailed | ConnectionLost):
                self.other.append(output)
            else:
                self.transport.carry_out([output])

    def send(self, data, peer):
        self.machine.send(data, peer, 0.0)
        self._act()

    def stream_accepted(self, transport, host, port):
        number = self.machine.accepted(transport, host, port, 0.0)
        self._act()
        return number

    def stream_connected(self, number, names):
        self.machine.connected(number, 0.0, names)
        self.names[number] = names
        self._act()

    def stream_received(self, number, octets):
        self.machine.received(number, octets, 0.0)
        self._act()

    def stream_closed(self, number, reason):
        self.machine.closed(number, reason)
        self._act()

    def stream_blocked(self, number, blocked):
        if blocked:
            self.machine.blocked(number, 0.0)
        else:
            self.machine.unblocked(number)
        self._act()


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def server(transport="tcp", host="127.0.0.1", tls=None, **limits):
    """A side that listens, and where."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    side = Side([Listener(transport, host, port)], tls, **limits)
    await side.transport.start()
    try:
        yield side, Stream(host, port, transport)
    finally:
        await side.transport.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_there_and_back(host):
    async def run():
        async with server(host=host) as (there, address):
            here = Side()
            here.send(MESSAGE, address)
            await until(lambda: there.received)
            there.send(MESSAGE, there.received[0].source)
            await until(lambda: here.received)
            assert here.received == [MessageReceived(MESSAGE, address._replace(connection=1))]
            await here.transport.close()
            await until(lambda: there.other)
            assert len(there.machine) == 0

    uvloop.run(run())


def test_nobody_listens():
    async def run():
        here = Side()
        here.send(MESSAGE, Stream("127.0.0.1", 1, "tcp"))
        await until(lambda: here.other)
        assert isinstance(here.other[0], SendFailed)
        assert "refused" in here.other[0].reason.lower()
        await here.transport.close()

    uvloop.run(run())


def test_an_address_in_use_is_named():
    async def run():
        async with server() as (_, address):
            second = Side([Listener("tcp", address.host, address.port)])
            with pytest.raises(OSError, match="in use") as error:
                await second.transport.start()
            assert error.value.filename == f"tcp:{address.host}:{address.port}"

    uvloop.run(run())


def test_too_many_are_turned_away():
    async def run():
        async with server(per_address=1) as (there, address):
            _, first = await asyncio.open_connection(address.host, address.port)
            reader, second = await asyncio.open_connection(address.host, address.port)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            assert len(there.machine) == 1
            for writer in (first, second):
                writer.close()

    uvloop.run(run())


def test_a_machine_that_closes():
    """What was written before still arrives."""

    async def run():
        async with server() as (_, address):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")
            assert await reader.read() in (b"\r\n", b"")
            writer.close()

    uvloop.run(run())


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def contexts(authority, name, *names, **options):
    return TlsContexts(TlsFiles(str(authority.issue(name, *names)), authorities=str(authority.file), **options))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tls_both_ways_with_certificates_of_both(authority, version):
    async def run():
        ours = contexts(authority, "server", "gw.example", client_certificates=True)
        theirs = contexts(authority, "client", "peer.example", minimum=version)
        if version == "1.2":
            theirs.client.maximum_version = ssl.TLSVersion.TLSv1_2
        async with server("tls", tls=ours) as (there, address):
            here = Side(tls=theirs)
            here.send(MESSAGE, address._replace(name="gw.example"))
            await until(lambda: there.received or here.other)
            assert here.other == []
            there.send(MESSAGE, there.received[0].source)
            await until(lambda: here.received)
            await here.transport.close()

    uvloop.run(run())


@pytest.mark.parametrize("required", [True, False])
def test_names_of_who_connects(authority, required):
    """RFC 5922: proved by a certificate; who shows none has none, where that is allowed; a stranger's is refused."""

    async def run():
        ours = contexts(authority, "server", "gw.example", client_certificates=required, names=True)
        async with server("tls", tls=ours) as (there, address):
            here = Side(tls=contexts(authority, "client", "A.example", "b.example"))
            here.send(MESSAGE, address._replace(name="gw.example"))
            await until(lambda: there.received)
            source = there.received[0].source
            assert there.machine.names_of(source) == ("a.example", "b.example")
            assert there.machine.names_of(source._replace(connection=0)) == ()
            assert there.machine.names_of(("192.0.2.1", 5060)) == ()
            there.send(MESSAGE, source)
            await until(lambda: here.received)
            assert here.machine.names_of(here.received[0].source) is None
            await here.transport.close()
            bare = Side(tls=TlsContexts(TlsFiles(authorities=str(authority.file))))
            bare.send(MESSAGE, address._replace(name="gw.example"))
            await until(lambda: bare.other or len(there.received) == 2)
            assert bool(bare.other) is required
            if not required:
                assert there.machine.names_of(there.received[1].source) == ()
            await bare.transport.close()

    uvloop.run(run())


def test_certificates_that_are_refused(authority, tmp_path):
    async def run():
        stranger = Authority(tmp_path / "other")
        ours = contexts(authority, "server", "gw.example", client_certificates=True)
        async with server("tls", tls=ours) as (there, address):
            cases = [
                (contexts(authority, "client", "a.example"), "wrong.example", "certificate refused"),
                (contexts(stranger, "client", "a.example"), "gw.example", "certificate refused"),
                (None, "gw.example", "no [sip.tls]"),
            ]
            for tls, name, reason in cases:
                here = Side(tls=tls)
                here.send(MESSAGE, address._replace(name=name))
                await until(lambda here=here: here.other)
                assert reason in here.other[0].reason
                await here.transport.close()
            # Without a certificate of ours the server closes once it has seen that there is none.
            bare = Side(tls=TlsContexts(TlsFiles(authorities=str(authority.file))))
            bare.send(MESSAGE, address._replace(name="gw.example"))
            await until(lambda: bare.other)
            assert there.received == []
            await until(lambda: len(there.machine) == 0)
            await bare.transport.close()

    uvloop.run(run())


def test_a_handshake_that_never_comes_counts_and_hurts_nobody(authority):
    async def run():
        ours = contexts(authority, "server", "gw.example")
        async with server("tls", tls=ours, per_address=3) as (there, address):
            silent = [await asyncio.open_connection(address.host, address.port) for _ in range(2)]
            silent[0][1].write(b"\x16\x03\x01\x02")
            await until(lambda: len(there.machine) == 2)
            here = Side(tls=contexts(authority, "client", "a.example"))
            here.send(MESSAGE, address._replace(name="gw.example"))
            await until(lambda: there.received)
            # The machine gives them up by its timer for the first message.
            there.machine.handle_timers(30.0)
            there._act()
            for reader, _ in silent:
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
            await here.transport.close()
            for _, writer in silent:
                writer.close()

    uvloop.run(run())


def test_a_peer_that_does_not_read_blocks_and_is_given_up():
    async def run():
        async with server() as (there, address):
            _, writer = await asyncio.open_connection(address.host, address.port, limit=1024)
            writer.write(MESSAGE)
            await until(lambda: there.received)
            source = there.received[0].source
            for _ in range(1000):
                if there.other:
                    break
                there.send(b"x" * 60000, source)
            assert len(there.machine) == 0
            writer.transport.abort()

    uvloop.run(run())


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_flood_leaves_everybody_else_a_turn(transport, authority):
    """Between two readings of a connection on which ever more waits, other callbacks run; and the flood is told of."""

    async def run():
        loop = asyncio.get_running_loop()
        tls = contexts(authority, "gw", "127.0.0.1") if transport == "tls" else None
        turns = [0]
        async with server(transport, tls=tls) as (side, address):
            read, told = [], []
            side.transport._waits = lambda number, more: told.append(more)

            def received(number, octets):
                read.append((turns[0], len(octets)))

            side.stream_received = received

            def turn():
                turns[0] += 1
                loop.call_soon(turn)

            def flood():
                raw = socket.create_connection((address.host, address.port))
                opened = tls.client.wrap_socket(raw, server_hostname="127.0.0.1") if tls else raw
                opened.sendall(b"x" * 2_000_000)
                return opened

            loop.call_soon(turn)
            opened = await loop.run_in_executor(None, flood)
            await until(lambda: sum(length for _, length in read) == 2_000_000)
            opened.close()
            by_turn = {}
            for number, length in read:
                by_turn[number] = by_turn.get(number, 0) + length
            assert max(by_turn.values()) <= 3 * 32 * 1024
            assert told.count(True) > 10

    uvloop.run(run())
