from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.elastic import CAPACITY, ElasticStore


def numbered(first, count):
    frames = np.zeros((count, 32), np.uint8)
    frames[:, 1] = np.arange(first, first + count) % 256
    frames[:, 2] = np.arange(first, first + count) // 256
    return frames


def numbers(frames):
    return [int(row[1]) + 256 * int(row[2]) for row in frames]


def test_plays_idle_until_the_target_is_stored_and_then_every_frame_in_order():
    store = ElasticStore(target=40, idle=0x55)
    store.write(numbered(0, 199))
    assert (store.read(160) == 0x55).all()
    store.write(numbered(199, 1))
    assert numbers(store.read(160)) == list(range(160))
    assert store.depth == 40
    store.write(numbered(200, 160))
    assert numbers(store.read(160)) == list(range(160, 320))
    assert store.slips == 0


def test_slow_line_repeats_frames_to_be_at_the_target_again():
    store = ElasticStore(target=8)
    store.write(numbered(0, 168))
    store.read(160)
    store.write(numbered(168, 150))
    played = numbers(store.read(160))
    assert played == [*range(150, 160), *range(160, 310)]
    assert store.depth == 8
    assert (store.slips, store.frames_repeated) == (1, 10)


def test_fast_line_deletes_the_oldest_frames():
    store = ElasticStore(target=8, limit=16)
    store.write(numbered(0, 168))
    store.read(160)
    store.write(numbered(168, 169))
    assert numbers(store.read(160)) == list(range(169, 329))
    assert (store.slips, store.frames_deleted, store.depth) == (1, 9, 8)


def test_dead_line_is_repeated_once_and_then_idle():
    store = ElasticStore(target=8, idle=0xD5)
    store.write(numbered(0, 168))
    store.read(160)
    store.read(160)
    store.read(160)
    assert (store.read(160) == 0xD5).all()
    assert store.frames_idle >= 160
    store.write(numbered(500, 160))
    assert (store.read(160) == 0xD5).all()  # not before the target is stored again
    store.write(numbered(660, 8))
    assert numbers(store.read(160)) == list(range(500, 660))


def test_what_nobody_reads_is_dropped():
    store = ElasticStore()
    for block in range(100):
        store.write(numbered(160 * block, 160))
    assert store.depth == CAPACITY
    assert store.frames_deleted == 16000 - CAPACITY


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 200)), max_size=40), st.integers(1, 60))
def test_order_is_kept_whatever_happens(steps, target):
    store, written, heard = ElasticStore(target=target, idle=0xFF), 0, []
    for arriving, wanted in steps:
        store.write(numbered(written, arriving))
        written += arriving
        played = store.read(wanted)
        assert played.shape == (wanted, 32)
        heard += [number for number in numbers(played) if number != 0xFF * 257]
    new = [number for place, number in enumerate(heard) if number > max(heard[:place], default=-1)]
    assert len(set(heard)) == len(new)
    assert len(heard) - len(new) <= store.frames_repeated


@given(st.integers(-200, 200))
def test_clock_offset_slips_as_often_as_it_must(offset):
    """A line `offset` frames in 16000 fast or slow: what is slipped is what the clocks differ by."""
    store, written = ElasticStore(target=40), 0
    store.write(numbered(0, 200))
    store.read(160)
    for tick in range(1, 101):
        due = tick * 160 * (16000 + offset) // 16000
        store.write(numbered(200 + written, due - written))
        written = due
        store.read(160)
    assert store.depth - 40 == offset + store.frames_repeated - store.frames_deleted
    assert store.slips <= 1 + abs(offset) // 40


class Line:
    """A line that is read every 20 ms, whose frames come late as told."""

    def __init__(self, **options):
        self.store = ElasticStore(**{"target": 160, "limit": 320, "most": 640, "idle": 0xFF} | options)
        self.written = self.tick = 0

    def run(self, seconds, late=lambda tick: 0, rate=1.0):
        """Frames heard, by number; `late` milliseconds are what has not come yet at a tick."""
        heard = []
        for _ in range(round(seconds * 50)):
            self.tick += 1
            due = max(self.written, round((self.tick + 2) * 160 * rate) - 8 * late(self.tick))
            self.store.write(numbered(self.written, due - self.written))
            self.written = due
            heard += numbers(self.store.read(160))
        return heard


def stalls(milliseconds, every):
    """Nothing comes for so many milliseconds, once in `every` ticks; then all of it."""

    def late(tick):
        since = 20 * ((tick + 10) % every + 1)
        return since if since <= milliseconds else 0

    return late


def test_what_comes_late_again_and_again_is_waited_for():
    line = Line()
    line.run(1)
    line.run(1, stalls(60, 50))
    slips = line.store.slips
    assert slips > 0
    assert 160 < line.store.target <= 640
    heard = line.run(30, stalls(60, 50))
    assert line.store.slips == slips
    assert [(after - before) % 65536 for before, after in pairwise(heard)] == [1] * (len(heard) - 1)


def test_what_is_not_needed_any_more_is_given_up_in_one_slip():
    line = Line()
    line.run(1)
    line.run(5, stalls(60, 50))
    slips = line.store.slips
    line.run(9)
    assert line.store.target > 160
    line.run(21)
    assert line.store.target == 160
    assert line.store.slips == slips + 1
    assert line.store.depth <= 320


def test_a_store_without_leave_to_grow_slips_each_time():
    line = Line(most=0)
    line.run(1)
    line.run(5, stalls(60, 50))
    assert line.store.target == 160
    assert line.store.slips >= 5


def test_a_slow_line_is_not_a_late_one():
    """200 ppm: once in 100 s there are 20 ms too few, and what is missing never comes."""
    line = Line()
    line.run(400, rate=1 - 200e-6)
    assert line.store.slips >= 3
    assert line.store.target == 160


def test_a_line_that_was_cut_is_not_a_late_one():
    line = Line()
    line.run(1)
    for _ in range(50):
        line.store.read(160)
    line.run(1)
    assert line.store.target == 160
    assert line.store.depth <= 320


def test_starting_is_not_being_late():
    line = Line()
    line.store.read(160)
    line.run(1)
    assert line.store.target == 160


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 200)), max_size=60), st.integers(1, 60))
def test_order_is_kept_whatever_an_adaptive_store_does(steps, target):
    store, written, heard = ElasticStore(target=target, most=5 * target, idle=0xFF), 0, []
    for arriving, wanted in steps:
        store.write(numbered(written, arriving))
        written += arriving
        played = store.read(wanted)
        assert played.shape == (wanted, 32)
        assert target <= store.target <= 5 * target
        heard += [number for number in numbers(played) if number != 0xFF * 257]
    new = [number for place, number in enumerate(heard) if number > max(heard[:place], default=-1)]
    assert len(set(heard)) == len(new)
    assert len(heard) - len(new) <= store.frames_repeated
