"""What a speech end keeps of what it hears."""

import asyncio
import socket

import numpy as np

from tandem.codecs.g711 import SILENCE, Law
from tandem.codecs.rtp import pack_header
from tandem.gateway.demo.speech import Speech


async def hear(packets):
    speech = Speech("127.0.0.1", Law.A, 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, ("127.0.0.1", speech.port))
        for _ in range(100):
            await asyncio.sleep(0.01)
            if len(speech._packets) == sum(len(packet) > 12 for packet in packets):
                break
    heard = speech.heard()
    speech.close()
    return heard


def packet(sequence, timestamp, octet):
    return pack_header(8, sequence, timestamp, 7) + bytes([octet]) * 160


def test_packets_lie_where_their_timestamps_say():
    octets, _ = asyncio.run(hear([packet(1, 1000, 1), packet(3, 1320, 3), b"junk", packet(2, 1160, 2)]))
    assert list(octets[::160]) == [1, 2, 3]


def test_a_gap_is_silence():
    octets, _ = asyncio.run(hear([packet(1, 0, 1), packet(3, 320, 3)]))
    assert list(octets[::160]) == [1, SILENCE[Law.A], 3]


def test_nothing_heard():
    assert asyncio.run(hear([])) is None


def test_signals_differ_by_seed():
    async def make():
        ends = [Speech("127.0.0.1", Law.MU, seed, 1) for seed in (1, 2)]
        for end in ends:
            end.close()
        return [end.signal for end in ends]

    one, two = asyncio.run(make())
    assert len(one) == 8000
    assert not np.array_equal(one, two)
