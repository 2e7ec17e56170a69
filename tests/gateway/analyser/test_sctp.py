import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.packet_files import data_chunk, sctp

from tandem.gateway.analyser import sctp as module
from tandem.gateway.analyser.sctp import SctpReader


def read(*packets):
    reader = SctpReader()
    return [(m.ppid, m.stream, m.octets) for packet in packets for m in reader.packet(packet)], reader


def test_bundled_chunks():
    heartbeat = b"\x04\x00\x00\x08abcd"
    found, _ = read(sctp([data_chunk(1, b"one"), heartbeat, data_chunk(2, b"second", 5, stream=3)]))
    assert found == [(3, 0, b"one"), (5, 3, b"second")]


def test_a_retransmission_is_taken_once_and_counted():
    found, reader = read(sctp([data_chunk(1, b"one")]), sctp([data_chunk(1, b"one"), data_chunk(2, b"two")]))
    assert [octets for *_, octets in found] == [b"one", b"two"]
    assert reader.retransmitted == 1


def test_other_octets_with_the_same_number_are_no_retransmission():
    found, _ = read(sctp([data_chunk(0, b"one")]), sctp([data_chunk(0, b"two")]))
    assert len(found) == 2


def test_directions_and_associations_count_on_their_own():
    found, _ = read(sctp([data_chunk(1, b"one")]), sctp([data_chunk(1, b"one")], tag=10))
    assert len(found) == 2


def test_fragments_in_any_order_also_across_the_wrap():
    parts = [data_chunk(0xFFFFFFFF, b"ab", flags=2), data_chunk(0, b"cd", flags=0), data_chunk(1, b"e", flags=1)]
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        found, _ = read(*(sctp([parts[index]]) for index in order))
        assert found == [(3, 0, b"abcde")]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_MOST_DIRECTIONS", 5)
    monkeypatch.setattr(module, "_MOST_FRAGMENTS", 5)
    monkeypatch.setattr(module, "_REMEMBERED", 5)
    packets = [sctp([data_chunk(tsn * 10, b"x", flags=2)], tag=tag) for tag in range(20) for tsn in range(20)]
    _, reader = read(*packets)
    assert len(reader._directions) == 5
    assert all(len(d.parts) <= 5 and len(d.seen) <= 5 for d in reader._directions.values())


def test_a_chunk_longer_than_its_packet_is_malformed():
    found, reader = read(sctp([data_chunk(1, b"whole"), data_chunk(2, b"cut off")[:-6]]))
    assert len(found) == 1
    assert reader.malformed == 1


@given(st.binary(max_size=200))
def test_any_octets(octets):
    read(sctp([octets]))


def marks(first, count):
    return [(tsn, 0, 0, 0) for tsn in range(first, first + count)]


def test_runs_of_rising_tsns_are_new_and_remembered():
    reader = SctpReader()
    key = (1, 2, 3)
    assert reader.run(*key, np.arange(5, 8), lambda: marks(5, 3))
    assert not reader.run(*key, np.array([7, 8]), lambda: marks(7, 2))
    assert not reader.run(*key, np.array([9, 9]), lambda: marks(9, 1))
    assert reader.run(*key, np.array([0x7FFFFFFF]), lambda: [(0x7FFFFFFF, 0, 0, 0)])
    assert not reader.fresh(*key, (6, 0, 0, 0))
    assert reader.fresh(*key, (8, 0, 0, 0))
    assert reader.run(1, 2, 4, np.array([0xFFFFFFFF, 0, 1]), lambda: [])


def test_long_runs_are_marked_when_they_are_needed():
    reader = SctpReader()
    asked = []

    def later(first):
        return lambda: asked.append(first) or marks(first, 600)

    for first in range(1, 6001, 600):
        assert reader.run(1, 2, 3, np.arange(first, first + 600), later(first))
    assert asked == []
    assert not reader.fresh(1, 2, 3, (5000, 0, 0, 0))
    assert asked == [4801, 5401]
