import errno
import socket

import pytest

from tandem.core.errors import TandemError
from tandem.gateway.sip.transport import BATCH, open_socket, receive_all, send

pytestmark = pytest.mark.usefixtures("sip_reading")


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


def test_datagrams_of_any_length_from_several_sources(pair):
    """Nothing of one is left in the next, and none is taken for the end."""
    one, two = pair
    lengths = [65507, 0, 1, 0, 0, 1400, 3, 65507, 0, 2]
    with open_socket(("127.0.0.1", 0)) as other:
        expected = []
        for number, length in enumerate(lengths):
            sender, data = (one, other)[number % 3 == 0], bytes([number + 1]) * length
            assert send(sender, [(data, two.getsockname())]) == 0
            expected.append((data, sender.getsockname()))
        assert receive_all(two) == expected
        assert receive_all(two) == []


def test_a_socket_that_is_closed_cannot_be_read(pair):
    one, _ = pair
    one.close()
    with pytest.raises(OSError, match=r".") as raised:
        receive_all(one)
    assert raised.value.errno == errno.EBADF


def test_an_error_of_something_sent_before_ends_nothing(pair):
    one, two = pair
    address = two.getsockname()
    two.close()
    one.connect(address)
    one.send(b"x")
    assert receive_all(one) == []
    with open_socket(address) as again:
        again.sendto(b"y", one.getsockname())
        assert receive_all(one) == [(b"y", address)]


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
