import itertools

import pytest

from tandem.gateway.analyser import fragments as module
from tandem.gateway.analyser.fragments import Fragments
from tandem.gateway.analyser.network import Fragment


def part(offset, octets, more, identification=1):
    return Fragment(0, "a", "b", identification, 17, offset, more, octets)


PARTS = [part(0, b"01234567", True), part(8, b"89abcdef", True), part(16, b"ghi", False)]


@pytest.mark.parametrize("order", list(itertools.permutations(PARTS)))
def test_any_order_makes_the_whole(order):
    fragments = Fragments()
    results = [fragments.add(piece) for piece in order]
    assert results == [None, None, b"0123456789abcdefghi"]


def test_repeated_and_overlapping_parts():
    fragments = Fragments()
    assert fragments.add(PARTS[0]) is None
    assert fragments.add(PARTS[0]) is None
    assert fragments.add(part(0, b"0123456789ab", True)) is None
    assert fragments.add(part(8, b"89abcdef!", False)) == b"0123456789abcdef!"


def test_packets_do_not_mix():
    fragments = Fragments()
    fragments.add(PARTS[0])
    assert fragments.add(part(8, b"x", False, identification=2)) is None


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 10)
    fragments = Fragments()
    for number in range(50):
        fragments.add(part(0, b"01234567", True, number))
    assert fragments.incomplete == 40


def test_a_packet_longer_than_any_is_never_whole():
    fragments = Fragments()
    assert fragments.add(part(65528, bytes(100), False)) is None
