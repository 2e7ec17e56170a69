import socket
import time

import pytest

from tandem.core.errors import TandemError
from tandem.gateway.analyser.packets import HEP_DATAGRAM
from tandem.gateway.analyser.sources import LiveInput, batch_of


def test_datagrams_become_batches():
    source = LiveInput()
    port = source.hep("127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for text in (b"HEP3 one", b"HEP3 two"):
            sender.sendto(text, ("127.0.0.1", port))
    until = time.monotonic() + 10
    found = next(batch for batch in source.batches(until) if len(batch))
    assert (found.link_type, found.octets(0), found.number.tolist()[0]) == (HEP_DATAGRAM, b"HEP3 one", 1)
    assert abs(found.time[0] - time.time()) < 60
    source.stop()
    assert list(source.batches()) == []
    source.close()


def test_connections_give_packets_too():
    source = LiveInput()
    port = source.hep("127.0.0.1", 0)
    packet = b"HEP3\0\x08ab"
    with (
        socket.create_connection(("127.0.0.1", port)) as sender,
        socket.create_connection(("127.0.0.1", port)) as other,
    ):
        sender.sendall(packet + packet[:5])
        other.sendall(b"GET / HTTP/1.1\r\n")
        found = []
        for batch in source.batches(time.monotonic() + 20):
            found += [batch.octets(index) for index in range(len(batch))]
            assert not found or batch.link_type == HEP_DATAGRAM or not len(batch)
            if len(found) == 1 and source.broken:
                sender.sendall(packet[5:])
            if len(found) == 2:
                break
        assert (found, source.broken) == ([packet, packet], 1)
        assert other.recv(10) == b""
    source.close()


def test_time_passes_without_packets():
    source = LiveInput()
    assert [len(batch) for batch in source.batches(time.monotonic() + 0.01)] == [0]
    source.close()


def test_what_cannot_be_listened_to():
    source = LiveInput()
    with pytest.raises(TandemError, match=r"cannot be listened to|CAP_NET_RAW|need Linux"):
        source.interface("none0")
    with pytest.raises(TandemError, match="cannot be listened to"):
        source.hep("192.0.2.1", 9)
    source.close()


def test_a_batch_of_packets():
    found = batch_of([(1.0, b"ab"), (2.0, b""), (3.0, b"c")], 1, "eth0")
    assert [found.octets(index) for index in range(3)] == [b"ab", b"", b"c"]
    assert (found.time.tolist(), found.interface) == ([1.0, 2.0, 3.0], "eth0")
