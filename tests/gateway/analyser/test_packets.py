import numpy as np

from tandem.gateway.analyser.packets import Batch


def test_octets_of_a_packet():
    lengths = np.array([2, 3])
    batch = Batch(b"..abcde", np.array([2, 4]), lengths, lengths, np.zeros(2), 1)
    assert len(batch) == 2
    assert [batch.octets(index) for index in range(2)] == [b"ab", b"cde"]
