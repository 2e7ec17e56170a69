import math

import numpy as np
import pytest

from tandem.gateway.analyser.clock import LEAP, Clock, Span

FAR = LEAP + 10


def told(*steps):
    """A clock that took these steps of times, and whether each of them was in order."""
    clock = Clock()
    return clock, [clock.take(Span.of(np.array(times))) for times in steps]


def test_time_goes_on():
    clock, in_order = told([10.0, 11.0, 12.0], [12.0, 15.0])
    assert (clock.end, clock.settled, in_order) == (15.0, 12.0, [True, True])


def test_without_packets_time_stands_still():
    clock, _ = told([10.0])
    assert clock.take(Span())
    assert (clock.end, clock.settled) == (10.0, 10.0)
    assert not Span()


@pytest.mark.parametrize("wrong", [10.0 + FAR, 10.0 - FAR])
def test_a_packet_far_from_others_tells_no_time(wrong):
    for steps in ([[10.0, 10.5, wrong]], [[10.0, 10.5], [wrong]], [[10.0], [10.5], [wrong]]):
        clock, _ = told(*steps)
        assert clock.end == 10.5
        assert clock.settled <= 10.5
        assert clock.take(Span.of(np.array([11.0]))) == (wrong < 10)
        assert clock.end == 10.5
        clock.take(Span.of(np.array([11.5])))
        assert clock.end == 11.5


@pytest.mark.parametrize("jump", [FAR, -FAR, 300.0, -300.0])
def test_a_clock_that_is_set_is_followed(jump):
    clock, in_order = told([1e6, 1e6 + 1], [1e6 + jump, 1e6 + jump + 1])
    assert (clock.end, clock.settled) == (1e6 + jump + 1, 1e6 + jump)
    assert in_order == [True, jump > 0]


def test_packets_out_of_order_are_told():
    assert told([10.0, 9.0, 11.0], [10.5, 12.0], [13.0])[1] == [False, False, True]


def test_spans_together_are_the_span_of_all():
    times = np.array([5.0, 6.0, 5.5, 6.0 + FAR, 7.0, 8.0, 7.0])
    for cut in range(1, len(times)):
        parts = Span.of(times[:cut]) + Span.of(times[cut:])
        assert parts == Span.of(times)
        assert Span() + parts == parts + Span() == parts
    assert math.isnan(Span().believed)


def test_the_end_for_what_was_before_the_clock_was_set_back():
    for steps in (
        [[5000.0, 5001.0, 900.0, 901.0]],
        [[5000.0, 5001.0], [900.0, 901.0]],
        [[5000.0], [5001.0], [900.0], [901.0]],
    ):
        clock, _ = told(*steps)
        assert [clock.end_after(moment) for moment in (800.0, 901.0, 4990.0, 9000.0)] == [901.0, 901.0, 5001.0, 5001.0]
    clock, _ = told([900.0, 901.0, 901.0 + FAR, 902.0, 903.0])
    assert clock.end_after(901.0 + FAR) == 903.0
