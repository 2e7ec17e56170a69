from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.g711 import Law, decode
from tandem.gateway.media.jitter import BLOCK, GIVE_UP, MOST, JitterBuffers

SILENCE = 0xD5


class Bench:
    """One leg of three, with a source of octets that tells places apart."""

    leg = 1

    def __init__(self) -> None:
        self.buffers = JitterBuffers(3)
        self.rows = np.full((3, BLOCK), SILENCE, np.uint8)
        self.buffers.open(self.leg, "A", SILENCE)

    def push(self, number: int, gap: int = 0, size: int = BLOCK, lost: bool = True) -> bool:
        return self.buffers.push(self.leg, octets(number * BLOCK, size), gap, lost)

    def play(self) -> bytes:
        self.buffers.play(self.rows)
        assert bytes(self.rows[0]) == bytes(self.rows[2]) == bytes([SILENCE]) * BLOCK
        return self.rows[self.leg].tobytes()

    @property
    def concealed(self) -> int:
        return int(self.buffers.concealed[self.leg])


def octets(start: int, size: int = BLOCK) -> bytes:
    """Octets of an endless sequence, from number `start` on."""
    return bytes((position * 7 + position // 251) % 256 for position in range(start, start + size))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_speech_comes_out_untouched_one_tick_after_the_first_packet(bench: Bench) -> None:
    heard = b""
    for number in range(40):
        bench.push(number)
        heard += bench.play()
    assert heard == bytes([SILENCE]) * BLOCK + octets(0, 39 * BLOCK)
    assert bench.concealed == 0


def test_the_fast_way_is_the_same_as_the_slow_way() -> None:
    fast, slow = Bench(), Bench()
    for number in range(60):
        leg = np.array([1])
        if fast.buffers.accepts(leg)[0]:
            fast.buffers.push_in_order(leg, np.frombuffer(octets(number * BLOCK), np.uint8)[None])
        else:
            fast.push(number)
        slow.push(number)
        assert fast.play() == slow.play()
    assert fast.buffers.accepts(np.array([1]))[0]


@pytest.mark.parametrize("size", [80, 240, 320, 33])
def test_any_packet_time_comes_out_whole(bench: Bench, size: int) -> None:
    heard, sent = b"", 0
    for tick in range(1, 80):
        while sent < tick * BLOCK:
            bench.buffers.push(bench.leg, octets(sent, size))
            sent += size
        heard += bench.play()
    assert heard[BLOCK:] == octets(0, len(heard) - BLOCK)
    assert bench.concealed == 0


def test_a_lost_packet_is_concealed_by_its_neighbour_and_nothing_moves(bench: Bench) -> None:
    heard = b""
    for number in range(10):
        if number != 5:
            bench.push(number, gap=BLOCK if number == 6 else 0)
        heard += bench.play()
    if bench.concealed:
        heard = heard[BLOCK:]
    assert bench.concealed == BLOCK
    assert heard[: 5 * BLOCK] == octets(0, 5 * BLOCK)
    assert heard[6 * BLOCK :] == octets(6 * BLOCK, 3 * BLOCK)
    made_up = decode(np.frombuffer(heard[5 * BLOCK : 6 * BLOCK], np.uint8), Law.A).astype(float)
    last = decode(np.frombuffer(octets(4 * BLOCK), np.uint8), Law.A).astype(float)
    assert np.corrcoef(made_up, last)[0, 1] > 0.99
    assert np.abs(made_up).sum() < 0.7 * np.abs(last).sum()


def test_a_packet_out_of_order_takes_its_place(bench: Bench) -> None:
    heard = b""
    for number in (0, 1, 3, 2, 4, 5, 6):
        gap = {3: BLOCK, 2: -2 * BLOCK}.get(number, 0)
        assert bench.push(number, gap)
        if number != 3:
            heard += bench.play()
    heard += bench.play()
    assert heard[BLOCK:] == octets(0, len(heard) - BLOCK)
    assert bench.concealed == 0


def test_a_packet_that_was_played_already_or_twice_is_refused(bench: Bench) -> None:
    for number in range(4):
        bench.push(number)
        bench.play()
    assert not bench.push(1, gap=-3 * BLOCK)
    assert not bench.push(3, gap=-BLOCK)
    assert bench.play() == octets(3 * BLOCK)


def test_a_late_packet_makes_the_buffer_deeper_and_is_not_lost(bench: Bench) -> None:
    heard = b""
    for number in range(5):
        bench.push(number)
        heard += bench.play()
    heard = heard[BLOCK:] + bench.play()  # nothing came: what was left
    assert heard == octets(0, 5 * BLOCK)
    bench.play()  # nothing came and nothing was left
    assert bench.concealed == BLOCK
    bench.push(5)
    bench.push(6)
    bench.push(7)
    assert [bench.play() for _ in range(3)] == [octets(number * BLOCK) for number in (5, 6, 7)]


def test_what_was_concealed_when_the_buffer_ran_dry_is_not_concealed_again(bench: Bench) -> None:
    for number in range(3):
        bench.push(number)
        bench.play()
    bench.play()
    bench.play()
    assert bench.concealed == BLOCK
    bench.push(4, gap=BLOCK)
    assert bench.play() == octets(4 * BLOCK)
    assert bench.concealed == BLOCK


def test_concealment_dies_away_and_ends(bench: Bench) -> None:
    for number in range(3):
        bench.push(number)
        bench.play()
    blocks = [bench.play() for _ in range(1 + GIVE_UP // BLOCK)][1:]
    power = [float(np.abs(decode(np.frombuffer(block, np.uint8), Law.A).astype(float)).sum()) for block in blocks]
    assert power[0] > power[1] > power[2] > 0
    assert all(block == bytes([SILENCE]) * BLOCK for block in blocks[3:])
    assert bench.concealed == 3 * BLOCK
    bench.push(50)
    assert [bench.play(), bench.play()] == [bytes([SILENCE]) * BLOCK, octets(50 * BLOCK)]


def test_announced_silence_is_not_concealment(bench: Bench) -> None:
    for number in range(3):
        bench.push(number)
        bench.play()
    bench.buffers.quiet(bench.leg)
    bench.play()
    assert [bench.play() for _ in range(3)] == [bytes([SILENCE]) * BLOCK] * 3
    assert bench.concealed == 0


def test_a_gap_that_was_not_sent_is_silence(bench: Bench) -> None:
    bench.push(0)
    bench.play()
    bench.push(1, gap=BLOCK, lost=False)
    assert [bench.play(), bench.play(), bench.play()] == [octets(0), bytes([SILENCE]) * BLOCK, octets(BLOCK)]
    assert bench.concealed == 0


def test_a_burst_is_cut_to_a_short_delay(bench: Bench) -> None:
    for number in range(12):
        bench.push(number)
        assert bench.buffers.delay(bench.leg) <= MOST
    bench.play()
    assert bench.play() == octets(11 * BLOCK)


def test_a_buffer_too_deep_for_a_second_gives_up_a_packet(bench: Bench) -> None:
    number = 0
    for _ in range(3):
        bench.push(number)
        number += 1
        bench.play()
    for _ in range(3):
        bench.push(number)
        number += 1
    depth = bench.buffers.delay(bench.leg)
    for _ in range(110):
        bench.push(number)
        number += 1
        bench.play()
    assert depth == 4 * BLOCK
    assert bench.buffers.delay(bench.leg) == BLOCK
    assert int(bench.buffers.skipped[bench.leg]) == depth - BLOCK


def test_nothing_is_left_of_the_leg_before() -> None:
    bench = Bench()
    for number in range(3):
        bench.push(number)
        bench.play()
    bench.buffers.close(bench.leg)
    bench.buffers.open(bench.leg, "u", 0xFF)
    bench.push(9)
    assert bench.play() == bytes([0xFF]) * BLOCK
    assert bench.play() == octets(9 * BLOCK)
    assert bench.concealed == 0
