from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.codecs.g711 import MU_TO_A, Law, decode
from tandem.codecs.rtp import Header, build_packet, pack_header
from tandem.codecs.telephone_event import digit_event
from tandem.gateway.media.jitter import BLOCK
from tandem.gateway.media.protocol import MediaStatistics
from tandem.gateway.media.receive import RECEIVED, Receivers

pytestmark = pytest.mark.usefixtures("media_loops")

SSRC = 0xFEED0000


class Sender:
    """A peer that sends speech whose octets tell which packet they are of."""

    def __init__(self, sequence: int = 65530, timestamp: int = 2**32 - 800, ssrc: int = SSRC) -> None:
        self.sequence, self.timestamp, self.ssrc = sequence, timestamp, ssrc

    def packet(self, number: int, payload_type: int = 8, marker: bool = False) -> bytes:
        timestamp = self.timestamp + BLOCK * number
        header = pack_header(payload_type, self.sequence + number, timestamp, self.ssrc, marker)
        return header + speech(number)


def speech(number: int) -> bytes:
    return bytes((3 * step + number) % 256 for step in range(BLOCK))


class Bench:
    def __init__(self) -> None:
        self.receivers = Receivers(4)
        self.receivers.open(2, "A", 8, 101)
        self.rows = np.full((4, BLOCK), 0xD5, np.uint8)
        self.now = 0.0

    def batch(self, packets: list[tuple[int, bytes]]) -> None:
        array = np.zeros(len(packets), RECEIVED)
        octets = array.view(np.uint8).reshape(len(packets), -1)
        for row, (_, packet) in zip(octets, packets, strict=True):
            row[: len(packet)] = np.frombuffer(packet, np.uint8)
        legs = np.array([leg for leg, _ in packets], np.intp)
        self.receivers.receive(legs, array, np.array([len(packet) for _, packet in packets], np.intp), self.now)

    def tick(self, *packets: bytes) -> bytes:
        self.now += 0.02
        for packet in packets:
            self.batch([(2, packet)])
        self.receivers.jitter.play(self.rows)
        return self.rows[2].tobytes()

    @property
    def statistics(self) -> MediaStatistics:
        return self.receivers.statistics(2)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_speech_across_the_wraps_of_sequence_and_timestamp(bench: Bench) -> None:
    sender = Sender()
    heard = [bench.tick(sender.packet(number, marker=number == 0)) for number in range(30)]
    assert heard[1:] == [speech(number) for number in range(29)]
    assert bench.statistics == MediaStatistics(packets_received=30, octets_received=30 * BLOCK)


def test_many_legs_in_one_batch_do_not_mix() -> None:
    bench = Bench()
    legs = [2, 0, 3]
    for leg in (0, 3):
        bench.receivers.open(leg, "A", 8, None)
    senders = {leg: Sender(ssrc=leg, sequence=100 * leg) for leg in legs}
    for number in range(10):
        bench.now += 0.02
        bench.batch([(leg, senders[leg].packet(number + leg)) for leg in legs])
        bench.receivers.jitter.play(bench.rows)
        if number:
            assert [bench.rows[leg].tobytes() for leg in legs] == [speech(number - 1 + leg) for leg in legs]


def test_loss_is_counted_and_concealed(bench: Bench) -> None:
    sender = Sender()
    for number in range(20):
        bench.tick(*([] if number in (7, 12, 13) else [sender.packet(number)]))
    assert bench.statistics.packets_lost == 3
    assert bench.statistics.packets_received == 17
    assert bench.statistics.concealed_ms == 60


def test_reordering_is_not_loss(bench: Bench) -> None:
    sender = Sender()
    heard = [bench.tick(sender.packet(number)) for number in range(4)]
    heard.append(bench.tick(sender.packet(5), sender.packet(4)))
    heard += [bench.tick(sender.packet(number)) for number in (6, 7, 8)]
    assert heard[1:] == [speech(number) for number in range(7)]
    assert (bench.statistics.packets_lost, bench.statistics.packets_late) == (0, 0)


def test_duplicates_and_late_packets(bench: Bench) -> None:
    sender = Sender()
    for number in (0, 1, 2):
        bench.tick(sender.packet(number), sender.packet(number))
    assert (bench.statistics.packets_received, bench.statistics.packets_late) == (3, 3)
    for number in (4, 5, 6, 7):
        bench.tick(sender.packet(number))
    bench.tick(sender.packet(3))
    assert (bench.statistics.packets_lost, bench.statistics.packets_late) == (0, 4)


def test_a_new_source_goes_on_where_the_old_one_ended(bench: Bench) -> None:
    old, new = Sender(), Sender(sequence=9, timestamp=77, ssrc=1)
    heard = [bench.tick(old.packet(number)) for number in range(5)]
    heard += [bench.tick(new.packet(number)) for number in range(5, 10)]
    assert heard[1:] == [speech(number) for number in range(9)]
    assert bench.statistics.packets_lost == 0
    assert bench.statistics.jitter_ms < 0.001


def test_a_jump_of_the_timestamp_is_no_loss(bench: Bench) -> None:
    sender = Sender()
    for number in range(4):
        bench.tick(sender.packet(number))
    sender.timestamp += 1_000_000
    heard = [bench.tick(sender.packet(number)) for number in range(4, 8)]
    assert heard[1:] == [speech(number) for number in range(4, 7)]
    assert (bench.statistics.packets_lost, bench.statistics.concealed_ms) == (0, 0)


def test_a_jump_of_the_sequence_needs_a_second_packet(bench: Bench) -> None:
    sender = Sender(sequence=1000)
    for number in range(4):
        bench.tick(sender.packet(number))
    sender.sequence = 40000
    bench.tick(sender.packet(4))
    assert bench.statistics.packets_received == 4
    bench.tick(sender.packet(5))
    assert bench.statistics.packets_received == 5
    assert bench.statistics.packets_lost == 0


def test_the_other_law_is_converted(bench: Bench) -> None:
    sender = Sender()
    for number in range(3):
        bench.tick(sender.packet(number, payload_type=0))
    assert bench.rows[2].tobytes() == MU_TO_A[np.frombuffer(speech(1), np.uint8)].tobytes()


def test_padding_extension_and_sources_are_taken_off(bench: Bench) -> None:
    for number in range(3):
        header = Header(8, number, BLOCK * number, SSRC, csrc=(1, 2), extension=(7, b"abcd"))
        bench.tick(build_packet(header, speech(number), padding=4))
    assert bench.rows[2].tobytes() == speech(1)


def test_telephone_events_are_set_apart(bench: Bench) -> None:
    sender = Sender(sequence=0)
    for number in range(3):
        bench.tick(sender.packet(number))
    event = digit_event("5", 160)
    bench.tick(pack_header(101, 3, 12345, SSRC, True) + event.encode())
    assert bench.receivers.events == [(2, 12345, event)]
    bench.tick()
    assert bench.tick() == b"\xd5" * BLOCK
    bench.tick(sender.packet(6).replace(pack_header(8, 6, 0, 0)[:4], pack_header(8, 4, 0, 0)[:4], 1))
    assert (bench.statistics.packets_lost, bench.statistics.concealed_ms) == (0, 0)


@pytest.mark.parametrize("level", [40, 60])
def test_comfort_noise_is_played_at_its_level_until_there_is_speech(bench: Bench, level: int) -> None:
    sender = Sender(sequence=0)
    for number in range(3):
        bench.tick(sender.packet(number))
    bench.tick(pack_header(13, 3, sender.timestamp + 3 * BLOCK, SSRC) + bytes([level, 1, 2]))
    blocks = [bench.tick() for _ in range(30)]
    assert len(set(blocks)) == 30
    played = decode(np.frombuffer(b"".join(blocks), np.uint8), Law.A).astype(float)
    assert 20 * np.log10(32768 / played.std()) == pytest.approx(level, abs=1)
    assert bench.statistics.concealed_ms == 0
    sender.sequence -= 30
    heard = [bench.tick(sender.packet(number)) for number in range(34, 38)]
    assert heard[1:] == [speech(number) for number in range(34, 37)]
    assert (bench.statistics.packets_lost, bench.statistics.concealed_ms) == (0, 0)


def test_comfort_noise_of_the_lowest_level_is_silence(bench: Bench) -> None:
    sender = Sender(sequence=0)
    for number in range(3):
        bench.tick(sender.packet(number))
    bench.tick(pack_header(13, 3, sender.timestamp + 3 * BLOCK, SSRC) + b"\x7f")
    assert [bench.tick() for _ in range(3)] == [b"\xd5" * BLOCK] * 3


def test_jitter_is_that_of_rfc_3550(bench: Bench) -> None:
    sender, expected, before = Sender(sequence=0, timestamp=0), 0.0, None
    for number in range(40):
        bench.now = 0.02 * number + (0.005 if number % 3 else 0.0)
        bench.batch([(2, sender.packet(number))])
        bench.receivers.jitter.play(bench.rows)
        transit = bench.now * 8000 - number * BLOCK
        expected += (abs(transit - before) - expected) / 16 if before is not None else 0
        before = transit
    assert bench.statistics.jitter_ms == pytest.approx(expected / 8, abs=0.002)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x80",
        pack_header(8, 1, 2, 3),
        b"\x40" + pack_header(8, 1, 2, 3)[1:] + bytes(160),
        pack_header(96, 1, 2, 3) + bytes(160),
        b"\x81" + pack_header(8, 1, 2, 3)[1:] + b"\x00",
        pack_header(8, 1, 2, 3) + bytes(1000),
    ],
    ids=["empty", "one octet", "no payload", "version 1", "payload type", "cut sources", "too long"],
)
def test_what_is_no_speech_is_left_alone(bench: Bench, packet: bytes) -> None:
    assert not bench.receivers.receive_one(2, packet, 0.0)
    assert not bench.receivers.receive_one(1, packet, 0.0)
    assert bench.statistics == MediaStatistics()


@given(st.lists(st.binary(max_size=200) | st.binary(min_size=8, max_size=180).map(lambda tail: b"\x80\x08" + tail)))
def test_any_datagrams_are_survived(datagrams: list[bytes]) -> None:
    bench = Bench()
    for datagram in datagrams:
        bench.tick(datagram)
    assert bench.statistics.packets_received <= len(datagrams)


def test_an_update_of_the_law_starts_the_buffer_anew(bench: Bench) -> None:
    sender = Sender()
    for number in range(5):
        bench.tick(sender.packet(number))
    bench.receivers.update(2, "u", 0, None)
    heard = [bench.tick(sender.packet(number, payload_type=0)) for number in range(5, 9)]
    assert heard == [b"\xff" * BLOCK, speech(5), speech(6), speech(7)]
    assert bench.statistics.packets_received == 9
    assert bench.receivers.close(2).packets_lost == 0
