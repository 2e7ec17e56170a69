from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser.merge import merge
from tandem.gateway.analyser.packets import Batch


def batch(times, mark):
    n = len(times)
    ones = np.ones(n, np.int64)
    return Batch(mark * n, np.arange(n), ones, ones, np.array(times, float), 1)


def test_two_files_by_time():
    merged = list(merge([iter([batch([1, 4], b"a"), batch([6], b"a")]), iter([batch([2, 3, 7], b"b")])]))
    assert b"".join(b.octets(i) for b in merged for i in range(len(b))) == b"abbaab"
    assert [n for b in merged for n in b.number.tolist()] == [1, 2, 3, 4, 5, 6]


def test_one_file_keeps_its_order_and_empty_ones_do_not_matter():
    merged = list(merge([iter([batch([5, 1, 3], b"a")]), iter([]), iter([batch([], b"b")])]))
    assert [b.time.tolist() for b in merged] == [[5, 1, 3]]


@given(st.lists(st.lists(st.integers(0, 50), max_size=20), max_size=4))
def test_sorted_files_make_a_sorted_whole(files):
    sources = [iter([batch(sorted(times), b"x")] if times else []) for times in files]
    times = [time for b in merge(sources) for time in b.time.tolist()]
    assert len(times) == sum(map(len, files))
    assert all(one <= other for one, other in pairwise(times))


def test_files_that_overlap_are_few_batches():
    """Not one for every packet: the files of two probes are read as quickly as one."""
    one, two = batch(range(0, 1000, 2), b"a"), batch(range(1, 1001, 2), b"b")
    merged = list(merge([iter([one]), iter([two])]))
    assert len(merged) < 4
    assert b"".join(b.octets(i) for b in merged for i in range(len(b))) == b"ab" * 500


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=12), min_size=2, max_size=3))
def test_a_file_keeps_its_order_beside_others(files):
    sources = [iter([batch(times, bytes((65 + place,)))]) for place, times in enumerate(files)]
    packets = [(b.octets(i), b.time[i]) for b in merge(sources) for i in range(len(b))]
    for place, times in enumerate(files):
        assert [time for octets, time in packets if octets == bytes((65 + place,))] == times
