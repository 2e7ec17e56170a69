import socket

import pytest

from tandem.core.errors import TandemError
from tandem.gateway.sip.transport import BATCH, open_socket, receive_all, send


@pytest.fixture
def pair():
    opened = open_socket(("127.0.0.1", 0)), open_socket(("127.0.0.1", 0))
    yield opened
    for one in opened:
        one.close()


def test_datagrams_come_in_order_with_their_source(pair):
    one, two = pair
    messages = [b"%d" % number for number in range(50)]
    assert receive_all(two) == []
    assert send(one, [(message, two.getsockname()) for message in messages]) == 0
    assert receive_all(two) == [(message, one.getsockname()) for message in messages]


def test_a_flood_is_taken_in_batches(pair):
    one, two = pair
    send(one, [(b"x", two.getsockname())] * (BATCH + 10))
    assert len(receive_all(two)) == BATCH
    assert len(receive_all(two)) == 10


def test_what_cannot_be_sent_is_counted(pair):
    one, _ = pair
    assert send(one, [(b"x" * 65536, ("127.0.0.1", 9)), (b"x", ("127.0.0.1", 9))]) == 1


def test_a_closed_socket_is_an_error(pair):
    one, _ = pair
    one.close()
    with pytest.raises(TandemError, match=r"127\.0\.0\.1:9"):
        send(one, [(b"x", ("127.0.0.1", 9))])


def test_an_address_in_use(pair):
    with pytest.raises(OSError, match="in use"):
        open_socket(pair[0].getsockname())


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_ipv6():
    try:
        opened = open_socket(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 loopback")
    with opened:
        address = opened.getsockname()[:2]
        assert send(opened, [(b"x", address)]) == 0
        assert receive_all(opened) == [(b"x", address)]
