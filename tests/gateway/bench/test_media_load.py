from __future__ import annotations

import socket
import time
from collections import Counter

import pytest

from tandem.codecs.rtp import parse_header
from tandem.gateway.bench import media_load
from tandem.gateway.bench.media_load import SLOTS, TICK, Load


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


def test_peers_keep_their_pace_over_many_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(media_load, "time", clock)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        load = Load([8] * SLOTS)
        try:
            load.aim([ear.getsockname()[1]] * SLOTS)
            spoken: Counter[int] = Counter()
            for pause in [*[0.0] * 10, 1.0]:
                clock.now += pause
                load.run(clock.now + (TICK if pause else 0.05))
                spoken.update(parse_header(packet).ssrc for packet in drain(ear))
        finally:
            load.close()
    assert len(spoken) == SLOTS
    assert set(spoken.values()) <= {25, 26, 27}
    assert load.worst_late == 0.0


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 1e-6)


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
