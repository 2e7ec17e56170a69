"""From the time of the event loop to the time of day."""

import itertools
import time

import pytest

from tandem.gateway.wall_clock import wall_clock_offset


def test_a_process_that_is_held_up_between_two_clocks_reads_them_again():
    """Each reading of a clock takes 1 µs; one of those in the middle of the first and the third readings, 5 ms."""
    delays = itertools.chain([0, 0.005, 0, 0, 0, 0, 0, 0, 0.005], itertools.repeat(0))
    moment = 1000.0

    def passed():
        nonlocal moment
        moment += 1e-6 + next(delays)
        return moment

    offset = wall_clock_offset(lambda: passed() + 1.7e9, passed)
    assert offset == pytest.approx(1.7e9, abs=1e-6)


def test_it_is_that_of_this_machine():
    assert time.monotonic() + wall_clock_offset() == pytest.approx(time.time(), abs=1)
