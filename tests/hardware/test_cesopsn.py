from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.cesopsn import REMOTE_DEFECT, SIGNALLING, CesopsnReceiver, default_frames
from tandem.hardware.satop import Packet

SIZE = 80
ONES = b"\xff" * SIZE


def payload(number):
    return bytes((number % 256,)) * SIZE


def synchronised():
    receiver = CesopsnReceiver(SIZE, reorder=2)
    for number in range(3):
        receiver.receive(Packet(number, payload(number)).encode(), 0.0)
    return receiver


@pytest.mark.parametrize(("timeslots", "frames"), [(1, 64), (2, 32), (4, 32), (5, 8), (31, 8)])
def test_default_latency_is_that_of_rfc5086(timeslots, frames):
    assert default_frames(timeslots) == frames


@pytest.mark.parametrize(
    ("fault", "modifier", "octets", "far_fault", "far_remote_defect", "counted"),
    [
        (False, 0b00, payload(3), False, False, {}),
        (False, REMOTE_DEFECT, payload(3), False, True, {"packets_far_remote_defect": 1}),
        (False, SIGNALLING, b"", False, False, {"packets_signalling": 1}),
        (False, 0b01, b"", False, False, {"packets_malformed": 1}),
        (True, 0b00, ONES, True, False, {"packets_far_fault": 1}),
        (True, 0b01, b"", False, False, {"packets_malformed": 1}),
        (True, 0b10, b"", False, False, {"packets_malformed": 1}),
        (True, 0b11, b"", False, False, {"packets_malformed": 1}),
    ],
)
def test_every_combination_of_l_and_m_bits(fault, modifier, octets, far_fault, far_remote_defect, counted):
    receiver = synchronised()
    assert receiver.receive(Packet(3, payload(3), fault, modifier=modifier).encode(), 0.0) == octets
    assert (receiver.far_fault, receiver.far_remote_defect) == (far_fault, far_remote_defect)
    for name in ("packets_far_remote_defect", "packets_signalling", "packets_malformed", "packets_far_fault"):
        assert getattr(receiver.counts, name) == counted.get(name, 0)
    following = 4 if octets else 3
    assert receiver.receive(Packet(following, payload(4)).encode(), 0.0) == payload(4)
    assert (receiver.far_fault, receiver.far_remote_defect) == (False, False)


def test_r_bit_is_a_remote_defect():
    receiver = synchronised()
    assert receiver.receive(Packet(3, payload(3), remote_loss=True).encode(), 0.0) == payload(3)
    assert receiver.far_remote_defect
    assert receiver.counts.packets_far_loss == 1


def test_a_fault_without_payload_is_ones():
    receiver = synchronised()
    assert receiver.receive(Packet(3, b"", fault=True).encode(), 0.0) == ONES
    assert receiver.far_fault


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_whatever_comes_octets_are_whole_payloads(datagrams):
    receiver = synchronised()
    for datagram in datagrams:
        assert len(receiver.receive(datagram, 0.0)) % SIZE == 0
    expected = receiver.counts.packets_in + receiver.counts.packets_lost
    assert expected >= 3
