from __future__ import annotations

import socket
from collections.abc import Iterator

import numpy as np
import pytest

from tandem.gateway.media.datagrams import MOST, PASSES, Destinations, Incoming, Outgoing


class Sockets:
    def __init__(self) -> None:
        self.all: list[socket.socket] = []

    def pair(self) -> tuple[socket.socket, socket.socket]:
        one, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.all += [one, other]
        for endpoint in (one, other):
            endpoint.setblocking(False)
            endpoint.bind(("127.0.0.1", 0))
        one.connect(other.getsockname())
        other.connect(one.getsockname())
        return one, other

    def bound(self, host: str) -> socket.socket:
        endpoint = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.all.append(endpoint)
        endpoint.bind((host, 0))
        endpoint.settimeout(5.0)
        return endpoint


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    sockets = Sockets()
    yield sockets
    for endpoint in sockets.all:
        endpoint.close()


@pytest.fixture
def incoming(media_loops: str) -> Iterator[Incoming]:
    incoming = Incoming()
    yield incoming
    incoming.close()


def read(incoming: Incoming) -> list[tuple[int, bytes]]:
    found = []
    for legs, packets, lengths in incoming.read():
        assert len(set(legs.tolist())) == len(legs), "a leg is in a batch once"
        octets = packets.view(np.uint8).reshape(len(packets), -1)
        found += [
            (leg, octets[row, :length].tobytes())
            for row, (leg, length) in enumerate(zip(legs.tolist(), lengths.tolist(), strict=True))
        ]
    return found


def test_what_comes_is_read_leg_by_leg_in_its_order(incoming: Incoming, sockets: Sockets) -> None:
    pairs = {leg: sockets.pair() for leg in (3, 8, 5)}
    for leg, (_, near) in pairs.items():
        incoming.add(leg, near)
    assert read(incoming) == []
    pairs[5][0].send(b"one")
    pairs[5][0].send(b"two, and longer")
    pairs[8][0].send(b"")
    found = read(incoming)
    assert [octets for leg, octets in found if leg == 5] == [b"one", b"two, and longer"]
    assert [octets for leg, octets in found if leg == 8] == [b""]
    assert len(found) == 3
    assert read(incoming) == []


def test_more_legs_than_are_read_at_once(incoming: Incoming, sockets: Sockets) -> None:
    pairs = [sockets.pair() for _ in range(MOST + 40)]
    for leg, (far, near) in enumerate(pairs):
        incoming.add(leg, near)
        far.send(leg.to_bytes(2, "big"))
    assert sorted(read(incoming)) == [(leg, leg.to_bytes(2, "big")) for leg in range(len(pairs))]


def test_a_flood_is_left_for_the_next_time_and_others_are_read(incoming: Incoming, sockets: Sockets) -> None:
    flooded, other = sockets.pair(), sockets.pair()
    incoming.add(0, flooded[1])
    incoming.add(1, other[1])
    for _ in range(4 * PASSES):
        flooded[0].send(b"x")
    other[0].send(b"y")
    found = read(incoming)
    assert found.count((0, b"x")) <= PASSES
    assert found.count((1, b"y")) == 1


def test_a_leg_taken_away_is_not_read_and_can_come_back(incoming: Incoming, sockets: Sockets) -> None:
    far, near = sockets.pair()
    incoming.add(1, near)
    incoming.remove(1)
    incoming.remove(1)
    far.send(b"x")
    assert read(incoming) == []
    incoming.add(2, near)
    assert read(incoming) == [(2, b"x")]


def test_an_error_of_one_socket_is_not_that_of_others(incoming: Incoming, sockets: Sockets) -> None:
    gone, other = sockets.pair(), sockets.pair()
    incoming.add(0, gone[1])
    incoming.add(1, other[1])
    gone[0].close()
    gone[1].send(b"nobody is there")  # and the next call on the socket says so
    other[0].send(b"x")
    assert read(incoming) == [(1, b"x")]


def test_packets_are_sent_from_their_places(media_loops: str, sockets: Sockets) -> None:
    octets = np.arange(40, dtype=np.uint8).reshape(4, 10)
    pairs = [sockets.pair() for _ in range(3)]
    descriptors = np.array([pair[0].fileno() for pair in pairs])
    outgoing = Outgoing(octets, descriptors, np.array([3, 0, 1]), np.array([10, 4, 0]), Destinations(4))
    assert len(outgoing) == 3
    assert outgoing.send(0, 2) == 0
    assert (pairs[0][1].recv(99), pairs[1][1].recv(99)) == (octets[3].tobytes(), octets[0, :4].tobytes())
    with pytest.raises(BlockingIOError):
        pairs[2][1].recv(99)
    octets[3] = 7
    assert outgoing.without({0}).send(0, 9) == 0
    assert (pairs[0][1].recv(99), pairs[2][1].recv(99)) == (bytes([7] * 10), b"")
    with pytest.raises(BlockingIOError):
        pairs[1][1].recv(99)


def test_what_cannot_be_sent_is_counted_and_the_rest_goes(media_loops: str, sockets: Sockets) -> None:
    octets = np.zeros((2, 3), np.uint8)
    gone, other = sockets.pair(), sockets.pair()
    gone[1].close()
    descriptors = np.array([gone[0].fileno(), other[0].fileno()])
    outgoing = Outgoing(octets, descriptors, np.arange(2), np.array([3, 3]), Destinations(2))
    assert sum(outgoing.send(0, 2) for _ in range(6)) >= 3
    assert [other[1].recv(9) for _ in range(6)] == [bytes(3)] * 6


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_sockets_that_are_not_connected_send_to_addresses(media_loops: str, sockets: Sockets, host: str) -> None:
    octets = np.arange(12, dtype=np.uint8).reshape(3, 4)
    near, far = (sockets.bound(host) for _ in range(2))
    pair = sockets.pair()
    destinations = Destinations(3)
    destinations.set(0, (near, (host, 9)))
    destinations.set(2, (near, far.getsockname()[:2]))
    destinations.set(1, (near, (host, 9)))
    destinations.clear(1)
    destinations.clear(1)
    columns = np.array([pair[0].fileno(), near.fileno()]), np.array([1, 2]), np.array([4, 3])
    outgoing = Outgoing(octets, *columns, destinations)
    assert outgoing.send(0, 2) == 0
    assert far.recvfrom(99)[:2] == (octets[2, :3].tobytes(), near.getsockname())
    assert pair[1].recv(99) == octets[1].tobytes()
    assert outgoing.without({1}).send(0, 2) == 0
    assert far.recv(99) == octets[2, :3].tobytes()


def test_an_address_of_the_other_version_is_an_error(media_loops: str, sockets: Sockets) -> None:
    near = sockets.bound("127.0.0.1")
    destinations = Destinations(1)
    destinations.set(0, (near, ("::1", 4000)))
    outgoing = Outgoing(
        np.zeros((1, 3), np.uint8), np.array([near.fileno()]), np.arange(1), np.full(1, 3), destinations
    )
    assert outgoing.send(0, 1) == 1


@pytest.mark.parametrize("host", ["", "host.invalid", "1.2.3", "1::2::3", "::1%nowhere"])
def test_what_is_no_address_cannot_be_sent_to(sockets: Sockets, host: str) -> None:
    destinations = Destinations(1)
    with pytest.raises(OSError, match=r"\w"):
        destinations.set(0, (sockets.bound("127.0.0.1"), (host, 4000)))
    assert destinations.by_row == {}
    assert destinations.sizes.tolist() == [0]
