from __future__ import annotations

import numpy as np
import pytest

from tandem.hardware.bank import TimeslotBank

TIMESLOTS = (1, 2, 3)


class Streams:
    """Timeslots looped to themselves through a queue of `room` octets, emptied by `run`."""

    def __init__(self, room: int = 10_000) -> None:
        self.queues = [b""] * 3
        self.arrived = [b""] * 3
        self.room = room

    def read(self, place, wanted):
        octets, self.arrived[place] = self.arrived[place], b""
        return octets

    def write(self, place, octets):
        if len(self.queues[place]) + len(octets) > self.room:
            return False
        self.queues[place] += octets
        return True

    def run(self, octets):
        for place, queue in enumerate(self.queues):
            self.arrived[place] += queue[:octets].ljust(octets, b"\xff")
            self.queues[place] = queue[octets:]


def frames(number: int, count: int = 40) -> bytes:
    """Frames whose octets on timeslot t are number + t."""
    return np.tile(np.arange(number, number + 32, dtype=np.uint8), (count, 1)).tobytes()


@pytest.fixture
def streams():
    return Streams()


@pytest.fixture
def bank(streams):
    bank = TimeslotBank(TIMESLOTS, 120, 200, streams)
    streams.run(40)
    bank.take()  # puts them in step
    return bank


def test_frames_come_back_on_their_timeslots(bank, streams):
    bank.give(frames(10), 40)
    streams.run(40)
    received = np.frombuffer(bank.take(), np.uint8).reshape(-1, 32)
    assert received[:, list(TIMESLOTS)].tolist() == [[11, 12, 13]] * 40
    assert (np.delete(received, TIMESLOTS, axis=1) == 0xFF).all()


def test_the_first_write_fills_up_to_the_depth_and_the_next_add_theirs(bank, streams):
    bank.give(frames(10), 40)
    assert bank.level == 120
    for _ in range(50):
        streams.run(40)
        bank.take()
        bank.give(frames(10), 40)
        assert bank.level == 120
    assert bank.counters()["transmit_slips"] == 0


@pytest.mark.parametrize("lengths", [(40, 30, 40), (0, 10, 10), (10, 10, 0)])
def test_what_comes_before_all_are_in_step_is_left_out(streams, lengths):
    bank = TimeslotBank(TIMESLOTS, 120, 200, streams)
    streams.arrived = [bytes(length) for length in lengths]
    assert bank.take() == b""
    streams.arrived = [bytes(10)] * 3
    assert bank.take() == b""
    streams.arrived = [b"a" * 10, b"b" * 10, b"c" * 10]
    assert len(bank.take()) == 10 * 32


def test_a_reading_between_two_ticks_loses_nothing_and_mixes_nothing(bank, streams):
    streams.arrived = [b"abcd", b"ab", b"ab"]
    first = bank.take()
    streams.arrived = [b"ef", b"cdef", b"cdef"]
    received = np.frombuffer(first + bank.take(), np.uint8).reshape(-1, 32)
    assert bytes(received[:, 1]) == bytes(received[:, 2]) == bytes(received[:, 3]) == b"abcdef"


def test_a_late_writer_repeats_on_all_timeslots_together(bank, streams):
    bank.give(frames(10), 40)
    streams.run(120)
    bank.take()
    bank.give(frames(20), 40)
    assert bank.level == 40, "in the last moment: nothing was lost"
    assert bank.counters()["transmit_slips"] == 0
    streams.run(80)
    bank.take()
    bank.give(frames(20), 40)
    assert bank.level == 120
    assert {len(queue) for queue in streams.queues} == {120}
    assert bank.counters()["transmit_slips"] == 1
    assert bank.counters()["transmit_frames_repeated"] == 80


def test_an_early_writer_deletes_on_all_timeslots_together(bank, streams):
    for number in range(5):
        bank.give(frames(number), 40)
    assert bank.level == 200
    assert {len(queue) for queue in streams.queues} == {200}
    assert bank.counters()["transmit_slips"] == 2
    assert bank.counters()["transmit_frames_deleted"] == 80


def test_no_room_in_the_device_is_a_slip_too(bank, streams):
    streams.room = 120
    bank.give(frames(1), 40)
    bank.give(frames(2), 40)
    assert bank.level == 120
    assert bank.counters()["transmit_frames_deleted"] == 40


def test_a_timeslot_far_ahead_of_the_others_puts_all_in_step_again(bank, streams):
    streams.arrived = [bytes(1000), bytes(10), bytes(10)]
    assert bank.take() == b""
    assert bank.counters()["realignments"] == 1
    streams.run(40)
    assert bank.take() == b""
    streams.run(40)
    assert len(bank.take()) == 40 * 32


def test_timeslots_that_never_come_in_step_are_taken_as_they_are(streams):
    bank = TimeslotBank(TIMESLOTS, 120, 200, streams)
    taken = b""
    for _ in range(200):
        streams.arrived = [bytes(10), bytes(11), bytes(9)]
        taken += bank.take()
    assert len(taken) >= 90 * 9 * 32


@pytest.mark.parametrize("ppm", [-1000, 1000])
def test_clocks_that_differ_slip_now_and_then(bank, streams, ppm):
    """A writer 1000 ppm off: 320 frames in 40 s, and the queue never holds more than it may."""
    position = 0.0
    worst = 0
    for _ in range(200 * 40):  # 40 s of 5 ms
        bank.give(frames(1), 40)
        worst = max(worst, bank.level)
        position += 40 * (1 + ppm / 1e6)
        streams.run(whole := int(position))
        position -= whole
        bank.take()
    assert worst <= 200
    assert 3 <= bank.counters()["transmit_slips"] <= 9


def test_after_a_restart_everything_begins_again(bank, streams):
    bank.give(frames(1), 40)
    bank.restart()
    assert bank.level == 0
    streams.queues = [b""] * 3
    bank.give(frames(2), 40)
    assert bank.level == 120
    assert bank.counters()["transmit_slips"] == 0


def test_much_at_once_is_taken_chunk_by_chunk(bank, streams):
    bank.give(frames(1, 400), 40)
    assert bank.level == 200
    assert bank.counters()["transmit_frames_deleted"] == 400 - 40 - 80
