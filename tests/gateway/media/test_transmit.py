from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from support.gateways import free_ports
from support.media_plane import Phone

from tandem.codecs.g711 import Law, encode
from tandem.codecs.quality import probe
from tandem.codecs.rtp import Header, parse_header
from tandem.gateway.media.digits import EventInProgress
from tandem.gateway.media.matrix import Matrix
from tandem.gateway.media.ports import RtpPorts
from tandem.gateway.media.transmit import BATCH, Transmitters


class Bench:
    def __init__(self, legs: int) -> None:
        first = free_ports(2 * legs)
        self.ports = RtpPorts("127.0.0.1", first, first + 2 * legs - 1)
        self.matrix = Matrix(legs, 0)
        self.transmitters = Transmitters(self.matrix, self.ports)
        self.phone = Phone()

    def open(self, leg: int, event_payload_type: int | None = None) -> None:
        self.ports.open(leg, self.phone.address)
        self.transmitters.open(leg, 8, event_payload_type)

    def tick(self) -> list[tuple[Header, bytes]]:
        self.phone.packets.clear()
        self.transmitters.prepare()
        for _ in self.transmitters.batches():
            pass
        self.phone.listen()
        headers = [parse_header(packet) for packet in self.phone.packets]
        return [(header, header.payload(packet)) for header, packet in zip(headers, self.phone.packets, strict=True)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(100)
    yield bench
    bench.ports.close_all()
    bench.phone.socket.close()


def test_headers_count_on_and_only_the_first_is_marked(bench: Bench) -> None:
    bench.open(0)
    headers = [bench.tick()[0][0] for _ in range(4)]
    first = headers[0]
    assert [header.marker for header in headers] == [True, False, False, False]
    assert [header.sequence - first.sequence & 0xFFFF for header in headers] == [0, 1, 2, 3]
    assert [header.timestamp - first.timestamp & 0xFFFFFFFF for header in headers] == [0, 160, 320, 480]
    assert {(header.payload_type, header.ssrc) for header in headers} == {(8, first.ssrc)}


def test_every_leg_gets_its_own_octets_and_source(bench: Bench) -> None:
    legs = list(range(0, 60, 7))
    for leg in legs:
        bench.open(leg)
        bench.matrix.rows[bench.matrix.row(leg)] = leg
        bench.matrix.set_source(leg, leg)
    sent = bench.tick()
    assert [set(payload) for _, payload in sent] == [{leg} for leg in legs]
    assert len({header.ssrc for header, _ in sent}) == len(legs)
    assert len(legs) < BATCH


def test_sending_pauses_between_batches(bench: Bench) -> None:
    for leg in range(100):
        bench.ports.open(leg, bench.phone.address)
        bench.ports.latches[leg].latched = bench.phone.address
        bench.transmitters.open(leg, 8, None)
    bench.transmitters.prepare()
    assert len(list(bench.transmitters.batches())) == -(-100 // BATCH) > 1
    assert all(bench.transmitters.close(leg) == 1 for leg in range(100))


def test_a_leg_that_knows_nobody_sends_nothing(bench: Bench) -> None:
    bench.ports.open(3, None)
    bench.transmitters.open(3, 8, None)
    assert bench.tick() == []
    assert bench.transmitters.close(3) == 0


def test_a_leg_whose_peer_is_no_address_sends_nothing(bench: Bench) -> None:
    bench.ports.open(0, ("host.invalid", 4000))
    bench.transmitters.open(0, 8, None)
    bench.open(1)
    assert len(bench.tick()) == 1
    assert bench.ports.send_errors == 1
    assert bench.transmitters.close(0) == 0


def test_an_event_takes_the_place_of_speech(bench: Bench) -> None:
    bench.open(0, event_payload_type=101)
    before = bench.tick()[0][0]
    event = EventInProgress(9, 12, 0, duration=320, ended=True)
    bench.transmitters.start_event(0, event)
    sent = [bench.tick()[0] for _ in range(6)]
    kinds = [(header.payload_type, len(payload), header.marker) for header, payload in sent]
    assert kinds == [(101, 4, True)] + [(101, 4, False)] * 3 + [(8, 160, False)] * 2
    assert {header.timestamp - before.timestamp & 0xFFFFFFFF for header, _ in sent[:4]} == {160}
    assert [header.timestamp - before.timestamp & 0xFFFFFFFF for header, _ in sent[4:]] == [800, 960]
    assert [header.sequence - before.sequence & 0xFFFF for header, _ in sent] == [1, 2, 3, 4, 5, 6]


def test_events_end_where_they_are_no_longer_agreed(bench: Bench) -> None:
    bench.open(0, event_payload_type=101)
    bench.transmitters.start_event(0, EventInProgress(9, 12, 0))
    assert bench.transmitters.takes_events(0)
    bench.transmitters.update(0, 8, None, True)
    assert not bench.transmitters.takes_events(0)
    assert bench.tick()[0][0].payload_type == 8


def test_changed_sources_are_heard_after_refresh(bench: Bench) -> None:
    bench.open(0)
    bench.tick()
    bench.matrix.rows[bench.matrix.row(1)] = 42
    bench.matrix.set_source(0, 1)
    bench.transmitters.refresh()
    assert np.frombuffer(bench.tick()[0][1], np.uint8).tolist() == [42] * 160


@pytest.mark.parametrize("packet_time", [10, 30, 40, 60])
def test_packets_of_another_length_carry_the_same_speech(bench: Bench, packet_time: int) -> None:
    bench.open(0)
    bench.transmitters._packets["sequence"][0] = 65534  # it wraps on the way
    bench.transmitters.update(0, 8, None, True, packet_time)
    bench.matrix.set_source(0, 0)
    sent = []
    for number in range(12):
        bench.matrix.rows[bench.matrix.row(0)] = np.arange(160) // 16 + 10 * number
        sent += bench.tick()
    size = 8 * packet_time
    assert len(sent) == 12 * 160 // size
    assert b"".join(payload for _, payload in sent) == (np.arange(12 * 160) // 16).astype(np.uint8).tobytes()
    first = sent[0][0]
    assert [header.marker for header, _ in sent] == [True] + [False] * (len(sent) - 1)
    assert [header.sequence - first.sequence & 0xFFFF for header, _ in sent] == list(range(len(sent)))
    steps = [header.timestamp - first.timestamp & 0xFFFFFFFF for header, _ in sent]
    assert steps == [size * number for number in range(len(sent))]
    assert {(header.ssrc, header.payload_type) for header, _ in sent} == {(first.ssrc, 8)}
    assert bench.transmitters.close(0) == len(sent)


def test_an_event_between_long_packets_keeps_the_count(bench: Bench) -> None:
    bench.open(0, event_payload_type=101)
    bench.transmitters.update(0, 8, 101, True, 40)
    sent = [packet for _ in range(3) for packet in bench.tick()]
    bench.transmitters.start_event(0, EventInProgress(9, 12, 0, duration=320, ended=True))
    sent += [packet for _ in range(8) for packet in bench.tick()]
    kinds = [header.payload_type for header, _ in sent]
    assert kinds == [8] + [101] * 4 + [8, 8]
    assert [header.sequence - sent[0][0].sequence & 0xFFFF for header, _ in sent] == list(range(7))
    stamps = [header.timestamp - sent[0][0].timestamp & 0xFFFFFFFF for header, _ in sent]
    assert stamps == [0, 480, 480, 480, 480, 1120, 1440]
    assert {len(payload) for header, payload in sent if header.payload_type == 8} == {320}


@pytest.mark.parametrize("latched", [True, False])
@pytest.mark.parametrize("packet_time", [20, 30])
def test_silence_is_described_instead_of_sent(bench: Bench, packet_time: int, latched: bool) -> None:
    bench.open(0)
    bench.open(1)
    if latched:
        for leg in (0, 1):
            bench.ports.latches[leg].latched = bench.phone.address
            bench.ports._sockets[leg].connect(bench.phone.address)
    bench.transmitters.update(0, 8, None, True, packet_time, comfort_noise=True)
    speech = encode(probe(160 * 6), Law.A).reshape(-1, 160)
    sent = []

    def run(blocks: np.ndarray) -> None:
        for block in blocks:
            bench.matrix.rows[bench.matrix.row(0)] = block
            sent.extend((header, payload) for header, payload in bench.tick())

    bench.matrix.set_source(0, 0)
    run(speech)
    run(np.full((80, 160), 0xD5, np.uint8))
    run(speech)
    source = next(header.ssrc for header, _ in sent if header.payload_type == 13)
    plain = [header for header, _ in sent if header.ssrc != source]
    mine = [(header, payload) for header, payload in sent if header.ssrc == source]
    assert len(plain) == 92  # the other leg goes on sending
    noise = [payload for header, payload in mine if header.payload_type == 13]
    assert noise == [b"\x7f"] * 2
    assert len(mine) < 30
    assert [header.sequence - mine[0][0].sequence & 0xFFFF for header, _ in mine] == list(range(len(mine)))
    marked = [place for place, (header, _) in enumerate(mine) if header.marker]
    after = 1 + max(place for place, (header, _) in enumerate(mine) if header.payload_type == 13)
    assert marked == [0, after]
    assert mine[after][0].timestamp - mine[0][0].timestamp & 0xFFFFFFFF == 86 * 160
    assert bench.transmitters.close(0) == len(mine)
    assert bench.transmitters.close(1) == len(plain)


def test_a_modem_is_sent_with_its_pauses(bench: Bench) -> None:
    bench.open(0)
    bench.transmitters.update(0, 8, None, True, comfort_noise=True)
    bench.transmitters.send_all(0)
    assert all(len(bench.tick()) == 1 for _ in range(40))


def test_only_legs_that_changed_are_sorted_out_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """With hundreds of legs, each call that comes or goes costs its own leg, not all of them."""
    asked: list[int] = []
    find = bench.ports.destination
    monkeypatch.setattr(bench.ports, "destination", lambda leg: asked.append(leg) or find(leg))
    for leg in range(50):
        bench.open(leg)
    assert len(bench.tick()) == 50
    asked.clear()
    bench.transmitters.close(7)
    bench.open(55)
    bench.matrix.set_source(0, 1)
    bench.transmitters.refresh()
    assert len(bench.tick()) == 50
    assert asked == [55]
