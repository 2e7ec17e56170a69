"""A socket that is read at once while little comes, and in bursts while much does."""

import collections
import itertools
import socket

import pytest

from tandem.gateway.moderated_reader import BUSY, REST_SECONDS, ModeratedReader
from tandem.gateway.sip.transport import BATCH


class Timer:
    """What `call_at` gives."""

    def __init__(self, when, action):
        self.when, self.action, self.cancelled = when, action, False

    def cancel(self):
        self.cancelled = True


class Loop:
    """An event loop under a virtual clock, with one socket in which datagrams wait."""

    def __init__(self):
        self.now, self.ready, self.timers = 100.0, None, []
        self.waiting, self.coming = 0, collections.deque()

    def time(self):
        return self.now

    def add_reader(self, opened, action):
        assert self.ready is None
        self.ready = action

    def remove_reader(self, opened):
        self.ready = None

    def call_at(self, when, action):
        self.timers.append(Timer(when, action))
        return self.timers[-1]

    def run(self, until):
        """As asyncio does it: whatever is readable or due, in the order of time."""
        while True:
            while self.coming and self.coming[0] <= self.now:
                self.coming.popleft()
                self.waiting += 1
            due = min((one for one in self.timers if not one.cancelled), key=lambda one: one.when, default=None)
            if self.waiting and self.ready is not None:
                self.ready()
            elif due is not None and due.when <= min([until, *self.coming][:2]):
                self.timers.remove(due)
                self.now = max(self.now, due.when)
                due.action()
            elif self.coming and self.coming[0] <= until:
                self.now = self.coming[0]
            else:
                break
        self.now = max(self.now, until)


class Bench:
    """A reader whose readings are noted: when, and how many datagrams."""

    def __init__(self, work=0.0):
        self.loop, self.readings, self.work, self.fails = Loop(), [], work, False
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
            self.reader = ModeratedReader(self.loop, opened, self.read)
            self.reader.start()

    def read(self, opened):
        if self.fails:
            self.loop.waiting = 0
            raise OSError("no way to send")
        count = min(self.loop.waiting, BATCH)
        self.loop.waiting -= count
        self.readings.append((self.loop.now, count))
        self.loop.now += self.work
        return count

    def offer(self, rate, seconds):
        """Datagrams at even distances; the readings of that time that found something."""
        start, first = self.loop.now, len(self.readings)
        self.loop.coming.extend(start + number / rate for number in range(int(rate * seconds)))
        self.loop.run(start + seconds)
        return [reading for reading in self.readings[first:] if reading[1]]


def gaps(readings):
    """Seconds from each reading to the next."""
    return [later - earlier for (earlier, _), (later, _) in itertools.pairwise(readings)]


def test_little_is_read_at_once():
    readings = Bench().offer(BUSY / 2, 2)
    assert len(readings) == BUSY
    assert {count for _, count in readings} == {1}


def test_much_is_read_in_bursts():
    bench = Bench()
    bench.offer(3 * BUSY, 1)
    readings = bench.offer(3 * BUSY, 1)
    assert sum(count for _, count in readings) == pytest.approx(3 * BUSY, abs=3 * BUSY * REST_SECONDS)
    assert min(gaps(readings)) == pytest.approx(REST_SECONDS)


def test_nothing_waits_longer_than_one_rest():
    bench = Bench()
    bench.offer(3 * BUSY, 1)
    bench.loop.waiting += 1
    came = bench.loop.now
    bench.loop.run(came + 1)
    assert bench.readings[-1][1] == 0  # the last burst, then nothing: back to reading at once
    assert bench.readings[-2][0] - came <= REST_SECONDS
    bench.loop.waiting += 1
    bench.loop.run(bench.loop.now)
    assert bench.readings[-1] == (came + 1, 1)


def test_quiet_again_it_reads_at_once():
    bench = Bench()
    bench.offer(3 * BUSY, 1)
    bench.offer(BUSY / 4, 3)
    assert {count for _, count in bench.offer(BUSY / 4, 1)} == {1}


def test_a_process_without_time_left_does_not_rest():
    bench = Bench(work=2 * REST_SECONDS)
    readings = bench.offer(3 * BUSY, 1)
    assert max(gaps(readings)) == pytest.approx(2 * REST_SECONDS)


def test_a_whole_batch_is_followed_by_the_next_at_once():
    bench = Bench()
    bench.loop.waiting = 3 * BATCH + 1
    bench.loop.run(bench.loop.now)
    assert [count for _, count in bench.readings] == [BATCH, BATCH, BATCH, 1]
    assert {moment for moment, _ in bench.readings} == {100.0}


def test_a_reading_that_fails_does_not_end_the_reading():
    bench = Bench()
    bench.offer(3 * BUSY, 1)
    bench.fails, bench.loop.waiting = True, 1
    with pytest.raises(OSError, match="no way"):
        bench.loop.run(bench.loop.now + 1)
    bench.fails, bench.loop.waiting = False, 1
    bench.loop.run(bench.loop.now + 1)
    assert [count for _, count in bench.readings[-2:]] == [1, 0]


def test_stopped_it_reads_no_more():
    bench = Bench()
    bench.offer(3 * BUSY, 1)
    count = len(bench.readings)
    bench.reader.stop()
    bench.loop.waiting = 1
    bench.loop.run(bench.loop.now + 1)
    assert len(bench.readings) == count
