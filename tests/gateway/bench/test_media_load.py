from __future__ import annotations

import socket
import time

from tandem.codecs.rtp import parse_header
from tandem.gateway.bench.media_load import Load


def test_every_peer_speaks_to_its_port_and_hears_what_comes() -> None:
    ears = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    load = Load([0, 8, 0])
    try:
        for ear in ears:
            ear.bind(("127.0.0.1", 0))
            ear.setblocking(False)
            ear.sendto(b"a packet", load.address)
        load.aim([ear.getsockname()[1] for ear in ears])
        load.run(time.monotonic() + 0.0999)
        assert load.received == 3
        heard = [drain(ear) for ear in ears]
        assert load.sent == sum(len(packets) for packets in heard)
        for peer, packets in enumerate(heard):
            headers = [parse_header(packet) for packet in packets]
            assert {(header.ssrc, header.payload_type) for header in headers} == {(peer + 1, (0, 8, 0)[peer])}
            assert [header.sequence for header in headers] == list(range(1, len(headers) + 1))
            assert [header.timestamp for header in headers] == [160 * header.sequence for header in headers]
            assert {len(packet) for packet in packets} == {172}
        sent = load.sent
        load.run(time.monotonic() + 0.01, speak=False)
        assert load.sent == sent
    finally:
        load.close()
        for ear in ears:
            ear.close()


def test_what_is_lost_is_counted_up_and_not_sent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        load = Load([8] * 40, loss=0.5)
        try:
            load.aim([ear.getsockname()[1]] * 40)
            load.run(time.monotonic() + 0.0999)
        finally:
            load.close()
        headers = [parse_header(packet) for packet in drain(ear)]
    assert len(headers) == load.sent
    turns = max(header.sequence for header in headers)
    assert 0.3 * 40 * turns < load.sent < 0.7 * 40 * turns
    assert len({header.ssrc for header in headers}) > 30


def drain(ear: socket.socket) -> list[bytes]:
    packets = []
    while True:
        try:
            packets.append(ear.recv(2048))
        except BlockingIOError:
            return packets
