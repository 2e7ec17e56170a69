from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from support.gateways import free_ports
from support.media_plane import Phone

from tandem.codecs.rtp import pack_header
from tandem.gateway.media.datagrams import MOST, PASSES
from tandem.gateway.media.ports import PortError, RtpPorts
from tandem.gateway.media.receive import Receivers

pytestmark = pytest.mark.usefixtures("media_loops")


@pytest.fixture
def ports() -> Iterator[RtpPorts]:
    first = free_ports(10) + 1
    ports = RtpPorts("127.0.0.1", first, first + 8)
    yield ports
    ports.close_all()


@pytest.fixture
def receivers() -> Receivers:
    receivers = Receivers(4)
    for leg in range(4):
        receivers.open(leg, "A", 8, None)
    return receivers


def phone_to(ports: RtpPorts, leg: int) -> Phone:
    phone = Phone()
    phone.to = ("127.0.0.1", ports.ports[leg])
    return phone


def test_only_even_ports_are_taken(ports: RtpPorts) -> None:
    first = ports.ports[0]
    assert first % 2 == 0
    assert ports.ports == [first, first + 2, first + 4, first + 6]


def test_a_taken_port_is_an_error_and_leaves_nothing_open(ports: RtpPorts) -> None:
    taken = ports.ports[0]
    with pytest.raises(PortError, match=str(taken)):
        RtpPorts("127.0.0.1", taken - 2, taken + 3)
    RtpPorts("127.0.0.1", taken - 2, taken - 1).close_all()


def test_all_packets_of_a_leg_are_read_in_order(ports: RtpPorts, receivers: Receivers) -> None:
    phone = phone_to(ports, 1)
    ports.open(1, phone.address)
    phone.send(8, bytes(160))
    assert ports.drain(receivers, 0.0)
    for _ in range(3):
        phone.send(8, bytes(160))
    assert not ports.drain(receivers, 0.0)
    statistics = receivers.statistics(1)
    assert (statistics.packets_received, statistics.packets_lost) == (4, 0)
    phone.socket.close()


def test_a_flood_is_left_for_the_next_drain(ports: RtpPorts, receivers: Receivers) -> None:
    phone = phone_to(ports, 1)
    ports.open(1, phone.address)
    phone.send(8, bytes(160))
    ports.drain(receivers, 0.0)
    for _ in range(4 * PASSES):
        phone.send(8, bytes(160))
    ports.drain(receivers, 0.0)
    assert receivers.statistics(1).packets_received <= 2 + PASSES
    phone.socket.close()


def test_many_legs_that_have_not_latched_are_all_read() -> None:
    count = MOST + 20
    first = free_ports(2 * count)
    ports, receivers = RtpPorts("127.0.0.1", first, first + 2 * count - 1), Receivers(count)
    phones = [phone_to(ports, leg) for leg in range(count)]
    for leg, phone in enumerate(phones):
        receivers.open(leg, "A", 8, None)
        ports.open(leg, phone.address)
        phone.send(8, bytes(160))
    assert ports.drain(receivers, 0.0)
    assert [receivers.packets(leg) for leg in range(count)] == [1] * count
    ports.close_all()
    for phone in phones:
        phone.socket.close()


def test_what_came_before_the_leg_was_opened_is_forgotten(ports: RtpPorts, receivers: Receivers) -> None:
    phone = phone_to(ports, 0)
    for _ in range(5):
        phone.send(8, bytes(160))
    ports.open(0, phone.address)
    assert not ports.drain(receivers, 0.0)
    assert receivers.statistics(0).packets_received == 0
    phone.socket.close()


def test_strangers_that_came_with_the_first_packet_are_sifted_out(ports: RtpPorts, receivers: Receivers) -> None:
    phone, stranger = phone_to(ports, 0), phone_to(ports, 0)
    ports.open(0, phone.address)
    phone.send(8, bytes(160))
    stranger.send(8, bytes(160))
    phone.send(8, bytes(160))
    assert ports.drain(receivers, 0.0)
    stranger.send(8, bytes(160))
    ports.drain(receivers, 0.0)
    assert receivers.statistics(0).packets_received == 2
    phone.socket.close()
    stranger.socket.close()


def test_what_is_no_rtp_does_not_latch(ports: RtpPorts, receivers: Receivers) -> None:
    phone = phone_to(ports, 0)
    ports.open(0, None)
    assert phone.to is not None
    for datagram in (b"", b"GET / HTTP/1.1", pack_header(96, 1, 2, 3) + bytes(160)):
        phone.socket.sendto(datagram, phone.to)
        assert not ports.drain(receivers, 0.0)
    assert ports.destination(0) is None
    phone.socket.close()


def test_packets_go_by_the_connected_socket_once_latched(ports: RtpPorts, receivers: Receivers) -> None:
    phone = phone_to(ports, 0)
    ports.open(0, phone.address)
    before = ports.destination(0)
    assert isinstance(before, tuple)
    ports.send_to([(before, memoryview(b"first"))])
    phone.send(8, bytes(160))
    ports.drain(receivers, 0.0)
    after = ports.destination(0)
    assert isinstance(after, int)
    ports.send_single(0, b"second")
    phone.listen()
    assert phone.packets == [b"first", b"second"]
    phone.socket.close()


def test_a_peer_that_is_gone_does_not_stop_the_others(ports: RtpPorts, receivers: Receivers) -> None:
    gone, phone = phone_to(ports, 0), phone_to(ports, 1)
    for leg, peer in enumerate((gone, phone)):
        ports.open(leg, peer.address)
        peer.send(8, bytes(160))
    ports.drain(receivers, 0.0)
    gone.socket.close()
    for _ in range(6):
        for leg in (0, 1):
            ports.send_single(leg, b"x")
        ports.drain(receivers, 0.0)
    phone.listen()
    assert phone.packets == [b"x"] * 6
    assert ports.send_errors + receivers.statistics(0).packets_received >= 1
    phone.socket.close()


def test_a_closed_leg_hears_anybody_when_opened_again(ports: RtpPorts, receivers: Receivers) -> None:
    first, second = phone_to(ports, 0), phone_to(ports, 0)
    ports.open(0, first.address)
    first.send(8, bytes(160))
    ports.drain(receivers, 0.0)
    ports.close(0)
    ports.open(0, second.address)
    second.send(8, bytes(160))
    assert ports.drain(receivers, 0.0)
    assert ports.latches[0].latched == second.address
    first.socket.close()
    second.socket.close()


def test_speech_is_marked_expedited(ports: RtpPorts) -> None:
    phone = phone_to(ports, 0)
    ports.open(0, phone.address)
    destination = ports.destination(0)
    assert isinstance(destination, tuple)
    assert destination[0].getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0xB8
    phone.socket.close()


@pytest.mark.parametrize(
    ("address", "address_v6", "hosts"),
    [("::1", "", ["::1"]), ("127.0.0.1", "::1", ["::1", "127.0.0.1", "::1"]), ("127.0.0.1", "", ["127.0.0.1"])],
    ids=["IPv6", "both", "IPv4"],
)
def test_versions_of_ip(receivers: Receivers, address: str, address_v6: str, hosts: list[str]) -> None:
    """A leg latches to a peer of either version, hears no stranger, and its port then serves the other version."""
    first = free_ports(4)
    ports = RtpPorts(address, first, first + 3, address_v6)
    for host in hosts:
        receivers.open(0, "A", 8, None)
        phone, stranger = Phone(host=host), Phone(host=host)
        phone.to = stranger.to = (host, ports.ports[0])
        ports.open(0, phone.address)
        before = ports.destination(0)
        assert isinstance(before, tuple)
        ports.send_to([(before, memoryview(b"first"))])
        phone.send(8, bytes(160))
        assert ports.drain(receivers, 0.0), "its first packet is enough: it is the described address"
        stranger.send(8, bytes(160))
        phone.send(8, bytes(160))
        ports.drain(receivers, 0.0)
        assert receivers.statistics(0).packets_received == 2
        after = ports.destination(0)
        assert isinstance(after, int)
        ports.send_single(0, b"second")
        phone.listen()
        assert phone.packets == [b"first", b"second"]
        ports.close(0)
        phone.socket.close()
        stranger.socket.close()
    assert ports.send_errors == 0
    ports.close_all()


def test_a_peer_that_turns_out_to_be_of_the_other_version(receivers: Receivers) -> None:
    """The leg was opened before the answer came; what waited in the other socket from before is forgotten."""
    first = free_ports(2)
    ports = RtpPorts("127.0.0.1", first, first + 1, "::1")
    six, four = Phone(host="::1"), Phone()
    six.to, four.to = ("::1", ports.ports[0]), ("127.0.0.1", ports.ports[0])
    six.send(8, bytes(160))
    ports.open(0, None)
    assert not ports.drain(receivers, 0.0)
    for phone in (six, four, six):
        assert ports.describe(0, phone.address)
        phone.send(8, bytes(160))
        assert ports.drain(receivers, 0.0)
    statistics = receivers.statistics(0)
    assert statistics.packets_received + statistics.packets_late == 3
    ports.close(0)
    ports.close_all()
    six.socket.close()
    four.socket.close()
