from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import pytest

from tandem.hardware import speed
from tandem.hardware.packet_socket import PacketSocket

pytestmark = pytest.mark.usefixtures("media_loops")


class Pair:
    """A PacketSocket and an ordinary socket, connected to each other."""

    def __init__(self) -> None:
        self.near, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for endpoint in (self.near, self.far):
            endpoint.bind(("127.0.0.1", 0))
            endpoint.setblocking(False)
        self.near.connect(self.far.getsockname())
        self.far.connect(self.near.getsockname())
        self.packets = PacketSocket(self.near)

    def came(self) -> list[bytes]:
        """What an ordinary socket receives."""
        found = []
        while True:
            try:
                found.append(self.far.recv(65536))
            except BlockingIOError:
                return found

    def taken(self) -> list[bytes]:
        """What the PacketSocket receives, cut into packets."""
        return taken(self.packets)


def taken(packets: PacketSocket) -> list[bytes]:
    return [run[at : at + size] for run, size in packets.receive() for at in range(0, len(run) or 1, size or 1)]


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.packets.close()
    pair.far.close()


def several(count: int, size: int = 260) -> list[bytes]:
    return [bytes([number % 256]) * size for number in range(count)]


@pytest.mark.parametrize("count", [1, 5, 64, 150])
def test_what_goes_at_once_comes_as_packets(pair: Pair, count: int) -> None:
    pair.packets.send(several(count))
    assert pair.came() == several(count)
    assert (pair.packets.packets_out, pair.packets.send_errors) == (count, 0)


def test_packets_of_different_sizes(pair: Pair) -> None:
    for packets in ([*several(3, 40), bytes(41)], several(2, 300), [bytes(500)], several(4, 24), several(2, 40)):
        pair.packets.send(packets)
        assert pair.came() == packets


def test_long_packets_do_not_exceed_a_datagram(pair: Pair) -> None:
    pair.packets.send(several(60, 1300))
    assert pair.came() == several(60, 1300)


def test_another_packet_socket_gets_them_together(pair: Pair) -> None:
    peer = PacketSocket(pair.far)
    for _ in range(4):  # from where they have come in plenty
        peer.send(several(5))
    assert pair.taken() == 4 * several(5)
    peer.send(several(5))
    peer.send([b"another"])
    assert list(pair.packets.receive()) == [(b"".join(several(5)), 260), (b"another", 7)], "Linux before 5.0 cannot"
    for _ in range(300):
        peer.send([b"one"])
        assert pair.taken() == [b"one"]
    peer.send(several(5))
    assert len(list(pair.packets.receive())) == 1, "and from then on"


def test_packets_that_never_come_together_are_not_asked_for_their_size_for_long(pair: Pair) -> None:
    asked = Counting(pair.near)
    packets = PacketSocket(asked)  # type: ignore[arg-type]
    tried = 0
    for _ in range(30):
        for packet in several(20):
            pair.far.send(packet)
        tried += 20 * asked.joining
        assert taken(packets) == several(20)
    assert asked.changes == [True, False]
    assert 200 <= tried < 250
    assert asked.recvmsgs in range(200, 250) or (asked.recvmsgs == 0 and speed.speedups is not None)


class Counting:
    def __init__(self, sock: socket.socket) -> None:
        self._socket, self.recvmsgs = sock, 0
        self.recv, self.fileno = sock.recv, sock.fileno
        self.joining = False
        self.changes: list[bool] = []

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self._socket.setsockopt(level, option, value)
        if option == 104:
            self.joining = bool(value)
            self.changes.append(self.joining)

    def recvmsg(self, *arguments: int) -> object:
        self.recvmsgs += 1
        return self._socket.recvmsg(*arguments)


def test_packets_of_an_ordinary_socket(pair: Pair) -> None:
    for packet in (b"one", b"", b"three"):
        pair.far.send(packet)
    assert pair.taken() == [b"one", b"", b"three"]
    assert pair.taken() == []


def test_a_flood_ends(pair: Pair) -> None:
    pair.near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    for _ in range(1200):
        pair.far.send(b"x")
    assert len(pair.taken()) <= 1000


def test_nobody_there_is_silence_and_costs_no_packet_after(pair: Pair) -> None:
    address = pair.far.getsockname()
    pair.far.close()
    pair.packets.send(several(2))
    assert pair.taken() == []
    pair.packets.send(several(2))  # told of by the next call
    pair.far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    pair.far.bind(address)
    pair.far.setblocking(False)
    pair.packets.send(several(3))
    assert pair.came() == several(3)


class Refusing:
    """A socket on a way that takes no segments, as through a tunnel, or whose network is down."""

    def __init__(self, sock: socket.socket, refused: int, always: bool = False) -> None:
        self._socket, self._refused, self._always, self._cut = sock, refused, always, 0
        self.sends = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self._cut = value if option == 103 else self._cut
        self._socket.setsockopt(level, option, value)

    def send(self, octets: bytes) -> int:
        self.sends += 1
        if self._always or 0 < self._cut < len(octets):
            raise OSError(self._refused, "refused")
        return self._socket.send(octets)


def test_a_way_that_takes_no_segments_gets_packets_one_by_one(pair: Pair) -> None:
    refusing = Refusing(pair.near, errno.EIO)
    packets = PacketSocket(refusing)  # type: ignore[arg-type]
    packets.send(several(3))
    assert refusing.sends == 4
    packets.send(several(3))
    assert refusing.sends == 7, "not tried again"
    assert pair.came() == 2 * several(3)
    assert (packets.packets_out, packets.send_errors) == (6, 0)


def test_what_the_network_does_not_take_is_counted(pair: Pair) -> None:
    packets = PacketSocket(Refusing(pair.near, errno.ENETUNREACH, always=True))  # type: ignore[arg-type]
    packets.send(several(3))
    packets.send(several(1))
    assert (packets.packets_out, packets.send_errors) == (0, 4)


def test_a_system_without_either(pair: Pair) -> None:
    class Old:
        def __init__(self, sock: socket.socket) -> None:
            self.recv, self.send, self.fileno = sock.recv, sock.send, sock.fileno

        def setsockopt(self, level: int, option: int, value: int) -> None:
            raise OSError(errno.ENOPROTOOPT, "not here")

    packets = PacketSocket(Old(pair.near))  # type: ignore[arg-type]
    packets.send(several(3))
    assert pair.came() == several(3)
    for _ in range(2):
        for _ in range(20):
            pair.far.send(b"x")
        assert taken(packets) == 20 * [b"x"]
