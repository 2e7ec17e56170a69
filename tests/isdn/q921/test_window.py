"""V(S), V(A) and the I queue."""

from random import Random

import pytest

from tandem.isdn.q921.configuration import LinkCounters
from tandem.isdn.q921.window import SendWindow


@pytest.fixture
def window():
    return SendWindow(3, 10, LinkCounters())


def fill(window, count):
    for number in range(count):
        assert window.put(bytes([number]))


def sent(window):
    return list(iter(window.next, None))


def test_no_more_than_k(window):
    fill(window, 5)
    assert sent(window) == [(0, b"\x00"), (1, b"\x01"), (2, b"\x02")]
    assert (window.va, window.vs, len(window)) == (0, 3, 5)
    assert window.acknowledge(2)
    assert sent(window) == [(3, b"\x03"), (4, b"\x04")]
    assert len(window) == 3


def test_queue_is_bounded(window):
    fill(window, 10)
    assert not window.put(b"\xff")
    window.next()
    window.acknowledge(1)
    assert window.put(b"\xff")


def test_valid_numbers(window):
    """V(A) <= N(R) <= V(S), modulo 128."""
    for start in (0, 126):
        window.va = start
        fill(window, 3)
        sent(window)
        assert [nr for nr in range(128) if window.is_valid(nr)] == sorted((start + n) % 128 for n in range(4))
        window.discard()
        window.restart()


def test_go_back(window):
    fill(window, 3)
    sent(window)
    window.acknowledge(1)
    window.go_back()
    assert window.vs == window.va == 1
    assert window.all_acknowledged
    assert sent(window) == [(1, b"\x01"), (2, b"\x02")]
    counters = window._counters
    assert (counters.messages_sent, counters.messages_retransmitted) == (3, 2)


def test_nothing_new(window):
    fill(window, 1)
    sent(window)
    assert not window.acknowledge(0)
    assert not window.all_acknowledged


def test_restart_keeps_what_waits(window):
    fill(window, 3)
    sent(window)
    window.acknowledge(2)
    window.go_back()
    window.restart()
    assert sent(window) == [(0, b"\x02")]


def test_discard(window):
    fill(window, 5)
    sent(window)
    window.discard()
    assert len(window) == 0
    assert window.all_acknowledged
    assert window._counters.messages_discarded == 5


def test_numbers_run_on():
    """A thousand messages with random acknowledgements: N(S) counts modulo 128, the octets are those in order."""
    random = Random(3)
    window = SendWindow(7, 50, LinkCounters())
    put = taken = 0
    while taken < 1000:
        if random.random() < 0.5 and window.put(put.to_bytes(2, "big")):
            put += 1
        for number, octets in sent(window):
            assert (number, int.from_bytes(octets, "big")) == (taken % 128, taken)
            taken += 1
        outstanding = (window.vs - window.va) % 128
        window.acknowledge((window.va + random.randint(0, outstanding)) % 128)
