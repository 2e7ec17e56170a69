from __future__ import annotations

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
