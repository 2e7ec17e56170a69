from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.reorder_depth import WINDOW, ReorderDepth


def test_it_grows_at_once_to_what_was_needed_and_no_further_than_it_may():
    depth = ReorderDepth(2, 10)
    depth.late(1, 0.0)
    assert depth.depth == 2
    depth.late(6, 0.1)
    assert depth.depth == 7
    depth.late(3, 0.2)
    assert depth.depth == 7
    depth.late(50, 0.3)
    assert depth.depth == 10


def test_it_shrinks_when_nothing_was_late_for_two_windows():
    depth = ReorderDepth(2, 10)
    depth.late(6, 0.9 * WINDOW)
    depth.passed(1.8 * WINDOW)
    assert depth.depth == 7
    depth.late(3, 1.9 * WINDOW)
    depth.passed(2.9 * WINDOW)
    assert depth.depth == 4
    depth.passed(4.0 * WINDOW)
    assert depth.depth == 2


def test_what_was_long_ago_is_forgotten_at_once():
    depth = ReorderDepth(2, 10)
    depth.late(6, 1.0)
    depth.passed(1.0 + 5 * WINDOW)
    assert depth.depth == 2


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 8)), max_size=40), st.integers(0, 3), st.integers(3, 20))
def test_it_is_the_worst_of_the_last_windows(happened, least, most):
    depth, now, seen = ReorderDepth(least, most), 100.0, []
    for behind, pause in happened:
        now += pause
        depth.late(behind, now)
        seen.append((now, min(behind + 1, most)))
        last = [places for moment, places in seen if moment > now - WINDOW]
        every = [places for moment, places in seen if moment >= now - 3 * WINDOW]
        assert max(least, *last) <= depth.depth <= max(least, *every)
