from __future__ import annotations

from tandem.gateway.media.latch import OTHER_HOST, SAME_HOST, Latch

SDP = ("192.0.2.1", 4000)
NAT_PORT = ("192.0.2.1", 50000)
STRANGER = ("198.51.100.9", 6000)


def offer(latch: Latch, source: tuple[str, int], count: int, ssrc: int = 1, first: int = 65534) -> list[bool]:
    return [latch.offer(source, ssrc, (first + step) & 0xFFFF) for step in range(count)]


def test_first_packet_from_the_described_address_latches() -> None:
    latch = Latch(SDP)
    assert latch.destination == SDP
    assert latch.offer(SDP, 1, 7)
    assert latch.latched == SDP


def test_an_unknown_peer_is_the_first_that_comes() -> None:
    latch = Latch(None)
    assert latch.destination is None
    assert latch.offer(STRANGER, 1, 7)
    assert latch.destination == STRANGER


def test_a_changed_port_needs_packets_in_sequence() -> None:
    assert offer(Latch(SDP), NAT_PORT, SAME_HOST) == [False] * (SAME_HOST - 1) + [True]


def test_another_host_needs_more() -> None:
    assert offer(Latch(SDP), STRANGER, OTHER_HOST) == [False] * (OTHER_HOST - 1) + [True]


def test_stray_packets_do_not_add_up() -> None:
    latch = Latch(SDP)
    for sequence in range(0, 100, 2):
        assert not latch.offer(STRANGER, 1, sequence)
    for ssrc in range(100):
        assert not latch.offer(STRANGER, ssrc, ssrc)


def test_the_described_address_wins_over_a_candidate() -> None:
    latch = Latch(SDP)
    offer(latch, STRANGER, OTHER_HOST - 1)
    assert latch.offer(SDP, 2, 0)
    assert latch.latched == SDP


def test_a_new_description_starts_again_and_the_same_one_does_not() -> None:
    latch = Latch(SDP)
    latch.offer(SDP, 1, 0)
    assert not latch.describe(SDP)
    assert latch.latched == SDP
    assert not latch.describe(None)
    assert latch.latched == SDP
    assert latch.describe(STRANGER)
    assert (latch.latched, latch.destination) == (None, STRANGER)


def test_after_release_it_still_sends_where_it_did() -> None:
    latch = Latch(None)
    latch.offer(SDP, 1, 0)
    latch.release()
    assert (latch.latched, latch.destination) == (None, SDP)
