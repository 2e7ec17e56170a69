import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser.packets import Batch, among


def test_octets_of_a_packet():
    lengths = np.array([2, 3])
    batch = Batch(b"..abcde", np.array([2, 4]), lengths, lengths, np.zeros(2), 1)
    assert len(batch) == 2
    assert [batch.octets(index) for index in range(2)] == [b"ab", b"cde"]


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_which_values_are_among_others(values, wanted):
    one, other = np.array(values, np.uint64), np.array(wanted, np.uint64)
    assert among(one, other).tolist() == [value in wanted for value in values]
