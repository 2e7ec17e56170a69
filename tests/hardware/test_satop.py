from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError
from tandem.hardware.satop import LOSS_ENTER, SILENCE, Packet, SatopReceiver, SatopTransmitter

pytestmark = pytest.mark.usefixtures("media_loops")

SIZE = 256
ONES = b"\xff" * SIZE


def payload(number):
    return bytes((number % 256, number // 256 % 256, 0, 1)) * (SIZE // 4)


def packet(number, **flags):
    return Packet(number & 0xFFFF, payload(number), **flags).encode()


def run(receiver, numbers):
    return [receiver.receive(packet(number), 0.0) for number in numbers]


def expected(*numbers):
    return b"".join(ONES if number is None else payload(number) for number in numbers)


def synchronised(first=0, **options):
    receiver = SatopReceiver(SIZE, **options)
    run(receiver, range(first - 3, first))
    return receiver


def test_control_word_is_that_of_rfc4553():
    assert Packet(0x1234, ONES).encode()[:4] == bytes.fromhex("00001234")
    assert Packet(1, ONES, fault=True).encode()[:4] == bytes.fromhex("08000001")
    assert Packet(1, ONES, remote_loss=True).encode()[:4] == bytes.fromhex("04000001")
    assert Packet(1, b"\xff" * 32).encode()[:4] == bytes.fromhex("00240001")


@given(st.integers(0, 0xFFFF), st.binary(max_size=300), st.booleans(), st.booleans())
def test_round_trip(sequence, octets, fault, loss):
    sent = Packet(sequence, octets, fault, loss)
    assert Packet.parse(sent.encode()) == sent


@pytest.mark.parametrize("octets", ["", "000000", "10000001ff", "00400001ff", "00800001ff", "00030001ff", "003f0001ff"])
def test_malformed(octets):
    with pytest.raises(DecodeError):
        Packet.parse(bytes.fromhex(octets))
    receiver = synchronised()
    assert receiver.receive(bytes.fromhex(octets), 0.0) == b""
    assert receiver.counts.packets_malformed == 1


@given(st.lists(st.binary(max_size=SIZE + 10), max_size=20))
def test_any_octets_do(packets):
    receiver = SatopReceiver(SIZE)
    for octets in packets:
        assert len(receiver.receive(octets, 0.0)) % SIZE == 0


@pytest.mark.parametrize("first", [0, 65534])
def test_in_sequence_is_handed_on_at_once(first):
    receiver = synchronised(first)
    assert run(receiver, range(first, first + 5)) == [payload(number) for number in range(first, first + 5)]
    assert (receiver.counts.packets_in, receiver.counts.packets_lost) == (8, 0)


@pytest.mark.parametrize("first", [0, 65534])
def test_lost_packet_is_filled_when_the_second_behind_it_came(first):
    receiver = synchronised(first)
    assert run(receiver, [first, first + 2, first + 3, first + 4]) == [
        expected(first),
        b"",
        expected(None, first + 2, first + 3),
        expected(first + 4),
    ]
    assert receiver.counts.packets_lost == 1


def test_reorder_window_of_one_fills_at_once():
    assert run(synchronised(reorder=1), [0, 2]) == [expected(0), expected(None, 2)]


def test_swapped_packets_are_put_right():
    receiver = synchronised()
    assert run(receiver, [0, 2, 1, 3]) == [expected(0), b"", expected(1, 2), expected(3)]
    assert (receiver.counts.packets_reordered, receiver.counts.packets_lost) == (1, 0)


def test_two_lost_of_three_are_filled_in_their_places():
    receiver = synchronised()
    assert b"".join(run(receiver, [0, 2, 4, 5, 6])) == expected(0, None, 2, None, 4, 5, 6)


@pytest.mark.parametrize("numbers", [[0, 0, 1], [0, 2, 2, 1], [0, 2, 3, 1, 4]], ids=["played", "waiting", "filled"])
def test_what_came_before_is_dropped(numbers):
    receiver = synchronised()
    assert len(b"".join(run(receiver, numbers))) == SIZE * (max(numbers) + 1)
    assert receiver.counts.packets_late == 1


def test_far_jump_is_a_new_beginning():
    receiver = synchronised()
    assert run(receiver, [0, 5000, 5001]) == [expected(0), expected(5000), expected(5001)]
    assert (receiver.counts.resynchronisations, receiver.counts.packets_lost) == (1, 0)


def test_restarted_sender_is_followed():
    receiver = synchronised(1000)
    assert b"".join(run(receiver, [1000, 0, 1, 2, 3])) == expected(1000, 2, 3)
    assert receiver.counts.resynchronisations == 1


def test_l_bit_is_handed_on_as_ones_with_or_without_payload():
    receiver = synchronised()
    assert receiver.receive(packet(0, fault=True), 0.0) == ONES
    assert receiver.receive(Packet(1, b"", fault=True).encode(), 0.0) == ONES
    assert receiver.counts.packets_far_fault == 2


def test_r_bit_is_counted():
    receiver = synchronised()
    assert receiver.receive(packet(0, remote_loss=True), 0.0) == payload(0)
    assert receiver.counts.packets_far_loss == 1


def test_other_payload_size_is_refused():
    receiver = synchronised()
    assert receiver.receive(Packet(0, b"\xff" * 1280).encode(), 0.0) == b""
    assert receiver.counts.packets_wrong_size == 1


def test_packet_loss_state():
    receiver = SatopReceiver(SIZE, reorder=1)
    assert receiver.loss
    run(receiver, [0])
    assert receiver.loss
    run(receiver, [1])
    assert not receiver.loss
    run(receiver, [LOSS_ENTER + 1])
    assert not receiver.loss
    run(receiver, [2 * LOSS_ENTER + 2])
    assert receiver.loss
    assert receiver.counts.packets_lost == 2 * LOSS_ENTER - 1
    run(receiver, [2 * LOSS_ENTER + 3])
    assert not receiver.loss


def test_silence_is_packet_loss_state():
    receiver = synchronised()
    receiver.handle_silence(SILENCE - 0.001)
    assert not receiver.loss
    receiver.handle_silence(SILENCE)
    assert receiver.loss


def test_transmitter_numbers_flags_and_cuts():
    transmitter = SatopTransmitter(SIZE, sequence=65535)
    assert transmitter.packets(expected(1, 2)) == [Packet(65535, payload(1)).encode(), Packet(0, payload(2)).encode()]
    transmitter.remote_loss = transmitter.fault = True
    assert transmitter.packets(ONES) == [Packet(1, ONES, True, True).encode()]
    assert SatopTransmitter(32).packets(b"\xff" * 32) == [Packet(0, b"\xff" * 32).encode()]


@given(
    st.lists(st.sampled_from(["pass", "pass", "pass", "lose", "double", "swap"]), max_size=200),
    st.integers(1, 4),
    st.integers(0, 65535),
)
def test_order_and_length_are_kept_under_loss_doubling_and_swapping(fates, reorder, first):
    receiver = synchronised(first, reorder=reorder)
    sent, held = [], None
    for number, fate in enumerate(fates, first):
        if fate == "swap" and held is None:
            held = number
            continue
        sent += [number] * {"lose": 0, "double": 2}.get(fate, 1)
        if held is not None:
            sent.append(held)
            held = None
    sent += range(first + len(fates), first + len(fates) + 6)
    octets = b"".join(run(receiver, sent))
    places = [octets[place : place + SIZE] for place in range(0, len(octets), SIZE)]
    assert len(places) == len(fates) + 6
    assert all(place in (payload(number), ONES) for number, place in enumerate(places, first))
    assert places.count(ONES) == receiver.counts.packets_lost
    assert receiver.counts.resynchronisations == 0


def test_flags_of_the_last_packet_are_known_and_cleared_by_one_without():
    receiver = synchronised()
    receiver.receive(packet(0, remote_loss=True), 0.0)
    assert receiver.far is not None
    assert receiver.far.remote_loss
    receiver.receive(packet(1), 0.0)
    assert receiver.far is None


@pytest.mark.parametrize("modifier", [1, 2, 3])
def test_reserved_bits_are_ignored(modifier):
    receiver = synchronised()
    assert receiver.receive(packet(0, modifier=modifier), 0.0) == payload(0)


@given(
    st.lists(st.tuples(st.sampled_from(["next", "lost", "flagged", "late", "short"]), st.integers(1, 6)), max_size=12),
    st.integers(0, 0xFFFF),
)
def test_packets_together_are_as_one_by_one(story: list[tuple[str, int]], sequence: int) -> None:
    """Whatever is lost, flagged or late, and where the sequence number wraps."""
    together, single = (SatopReceiver(8, reorder=2, most=8) for _ in range(2))
    size = 0
    for now, (what, count) in enumerate(story):
        run = []
        for _ in range(count):
            number = sequence - 3 & 0xFFFF if what == "late" else sequence
            run.append(Packet(number, bytes([sequence & 0xFF]) * 8, remote_loss=what == "flagged").encode())
            sequence = sequence + (2 if what == "lost" else 1) & 0xFFFF
        size = len(run[0])
        if what == "short":
            run[-1] = run[-1][:5]
        data = b"".join(run)
        octets = b"".join([single.receive(packet, now) for packet in run])
        assert together.receive_run(data, size, now) == octets
        assert (together.counts, together.loss, together.depth) == (single.counts, single.loss, single.depth)
