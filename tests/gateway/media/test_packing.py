from __future__ import annotations

import pytest

from tandem.gateway.media.packing import PACKET_TIMES, Packing


@pytest.mark.parametrize("milliseconds", PACKET_TIMES)
def test_every_octet_leaves_once_in_packets_of_the_length_asked_for(milliseconds: int) -> None:
    packing, speech = Packing(milliseconds), bytes(number % 251 for number in range(160 * 30))
    packets = []
    for tick in range(30):
        packets += packing.put(speech[160 * tick :][:160], 0xFFFFFF00 + 160 * tick)
    size = 8 * milliseconds
    assert {len(payload) for _, payload in packets} == {size}
    assert b"".join(payload for _, payload in packets) == speech[: len(speech) // size * size]
    assert [(stamp - 0xFFFFFF00) & 0xFFFFFFFF for stamp, _ in packets] == [size * n for n in range(len(packets))]


def test_what_is_dropped_is_not_sent_later() -> None:
    packing = Packing(30)
    assert packing.put(b"a" * 160, 0) == []
    packing.drop()
    assert packing.put(b"b" * 160, 1000) == []
    assert packing.put(b"b" * 160, 1160) == [(1000, b"b" * 240)]
