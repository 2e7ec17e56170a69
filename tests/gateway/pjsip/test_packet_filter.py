"""Who may connect: the filter against the kernel's own TCP."""

import os
import select
import socket

import pytest

from tandem.gateway.pjsip.packet_filter import program, protect


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def reaches(listener, source):
    with socket.socket() as peer:
        peer.setblocking(False)
        peer.bind((source, 0))
        peer.connect_ex(listener.getsockname())
        return bool(select.select([], [peer], [], 0.1)[1])


@pytest.mark.parametrize(
    ("sources", "reached"),
    [
        (["0.0.0.0/0"], [True, True, True]),
        (["127.0.0.1"], [True, False, False]),
        (["127.0.0.0/29", "2001:db8::/32"], [True, True, False]),
        (["192.0.2.1", "127.0.9.9"], [False, False, True]),
        ([], [False, False, False]),
    ],
)
def test_only_these_connect(listener, sources, reached):
    assert protect(socket.SOCK_STREAM, listener.getsockname(), sources)
    assert [reaches(listener, source) for source in ("127.0.0.1", "127.0.0.3", "127.0.9.9")] == reached


@pytest.mark.parametrize(
    ("sources", "reached"),
    [
        (["::/0"], True),
        (["::1"], True),
        (["::/127"], True),
        (["2001:db8::/32", "2001:db8:1::7", "::1"], True),
        (["::2"], False),
        (["::1:0:0/96"], False),
        (["0:0:1::/48"], False),
        (["0:1::/32"], False),
        (["127.0.0.1", "0.0.0.0/0"], False),
        ([], False),
    ],
)
def test_only_these_send_over_ipv6(sources, reached):
    """From ::1: each word of the address that differs is enough."""
    with (
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as own,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer,
    ):
        own.bind(("::1", 0))
        assert protect(socket.SOCK_DGRAM, own.getsockname()[:2], sources)
        peer.sendto(b"from the peer", own.getsockname())
        assert bool(select.select([own], [], [], 0.1)[0]) == reached


def test_a_great_many_networks_of_ipv6():
    many = [f"2001:db8:{number:x}::{number:x}" for number in range(3000)]
    assert len(program(many, 6)) <= 4096 * 8
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as opened:
        assert protect(socket.SOCK_STREAM, opened.getsockname()[:2], many)


def test_the_last_word_counts(listener):
    assert protect(socket.SOCK_STREAM, listener.getsockname(), [])
    assert protect(socket.SOCK_STREAM, listener.getsockname(), ["127.0.0.1"])
    assert reaches(listener, "127.0.0.1")


def test_nobody_listens_there(listener):
    host, port = listener.getsockname()
    before = len(os.listdir("/proc/self/fd"))
    assert not protect(socket.SOCK_STREAM, ("127.0.0.2", port), ["127.0.0.1"])
    assert reaches(listener, host)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_great_many_networks_are_cut_to_what_the_kernel_takes(listener):
    many = [f"10.{number >> 8}.{number & 255}.{2 * number % 256}" for number in range(3000)]
    assert len(program(many)) <= 4096 * 8
    assert protect(socket.SOCK_STREAM, listener.getsockname(), many)


def test_datagrams():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        for one, host in ((own, "127.0.0.1"), (peer, "127.0.0.2"), (stranger, "127.0.0.3")):
            one.bind((host, 0))
        assert protect(socket.SOCK_DGRAM, own.getsockname(), ["127.0.0.2"])
        stranger.sendto(b"from a stranger", own.getsockname())
        peer.sendto(b"from the peer", own.getsockname())
        own.settimeout(5)
        assert own.recvfrom(100) == (b"from the peer", peer.getsockname())


def test_some_of_them_are_turned_away(listener):
    """However many there have been, the last are."""
    many = [f"192.0.{high}.{low}" for high in range(40) for low in range(250)]
    assert protect(socket.SOCK_STREAM, listener.getsockname(), ["127.0.0.0/8"], [*many, "2001:db8::1", "127.0.0.3"])
    assert [reaches(listener, source) for source in ("127.0.0.1", "127.0.0.3", "127.0.9.9")] == [True, False, True]
