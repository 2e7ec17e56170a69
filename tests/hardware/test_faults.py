from __future__ import annotations

import numpy as np
import pytest

from tandem.hardware.faults import Faults, LineFaults, PacketFaults


@pytest.mark.parametrize("ber", [1e-3, 1e-4, 1e-5])
def test_bits_are_wrong_as_often_as_asked(ber):
    faults = LineFaults(Faults(ber=ber), 256)
    wrong = 0
    for _ in range(100):
        octets = faults.spoil(bytes(32_000), 0.0)
        wrong += int(np.unpackbits(np.frombuffer(octets, np.uint8)).sum())
    expected = 100 * 256_000 * ber
    assert wrong == faults.bit_errors
    assert abs(wrong - expected) < 5 * expected**0.5


def test_the_same_seed_makes_the_same_faults():
    one, other, third = (LineFaults(Faults(ber=1e-2, seed=seed), 256) for seed in (7, 7, 8))
    assert one.spoil(bytes(2560), 0.0) == other.spoil(bytes(2560), 0.0) != third.spoil(bytes(2560), 0.0)


@pytest.mark.parametrize(
    ("since", "sent"), [(0.9, b"\x12" * 64), (1.0, b""), (1.99, b""), (2.0, b"\xff" * 64), (3.0, b"\x12" * 64)]
)
def test_times(since, sent):
    assert LineFaults(Faults(los=((1.0, 2.0),), ais=((2.0, 3.0),)), 256).spoil(b"\x12" * 64, since) == sent


def test_a_slip_is_one_frame_less_once():
    faults = LineFaults(Faults(slips=(1.0, 2.0)), 256)
    assert [len(faults.spoil(bytes(256), since)) for since in (0.5, 1.0, 1.5, 2.5, 3.0)] == [256, 224, 256, 224, 256]
    assert faults.slips == 2


def test_packets_are_lost_as_often_as_asked_and_all_others_arrive():
    faults = PacketFaults(Faults(loss=0.1, jitter=0.02))
    given = []
    for step in range(5000):
        given += faults.pass_on([step.to_bytes(2, "big")], step / 1000)
    given += faults.pass_on([], 6.0)
    assert len(set(given)) == len(given) == 5000 - faults.lost
    assert abs(faults.lost - 500) < 110
    places = [int.from_bytes(packet, "big") for packet in given]
    assert places != sorted(places)
    assert max(latest - place for latest, place in zip(np.maximum.accumulate(places), places, strict=True)) <= 20


def test_without_jitter_order_and_time_stay():
    faults = PacketFaults(Faults(loss=0.0))
    assert faults.pass_on([b"1", b"2", b"3"], 0.0) == [b"1", b"2", b"3"]
