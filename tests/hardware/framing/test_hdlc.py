from __future__ import annotations

import json
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hdlc_reference import FLAG, ReferenceReceiver, frame_bits, line_bits, line_octets

from tandem.hardware.framing.hdlc import MTP2_EXTENDED_STATUS_OCTETS, HdlcReceiver, HdlcTransmitter, fcs16

pytestmark = pytest.mark.usefixtures("media_loops")

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/e1t1/hdlc.json").read_text())
FISU = bytes.fromhex("ffff00")

frames = st.binary(min_size=3, max_size=276) | st.binary(min_size=3, max_size=5) | st.just(b"\xff" * 40)
line_noise = st.one_of(
    st.binary(max_size=12),
    st.just(b"\xff" * 9),
    st.just(b"\x7e\x7e"),
    st.just(line_octets([0, 1, 1, 1, 1, 1, 1] * 8 + [0])),
    frames.map(lambda frame: line_octets(FLAG + frame_bits(frame) + FLAG, pad=0)),
)


def split(octets: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return [octets[a:b] for a, b in pairwise(places)]


@pytest.mark.parametrize("vector", [VECTORS["check"], *VECTORS["frames"]], ids=lambda v: v.get("what", "check"))
def test_fcs_vectors(vector):
    assert fcs16(bytes.fromhex(vector["octets"])) == bytes.fromhex(vector["fcs_octets"])


def test_transmitted_fisu_is_bit_exact():
    # FF FF 00 FF FF, least significant bit first, a zero after every five ones, a flag on both sides
    fisu = [1, 1, 1, 1, 1, 0] * 3 + [1] + [0] * 8 + [1, 1, 1, 1, 1, 0] * 3 + [1]
    assert frame_bits(FISU) == fisu
    transmitter = HdlcTransmitter(FISU)
    assert line_bits(transmitter.block(20))[: 8 + len(fisu) + 8] == FLAG + fisu + FLAG


@given(
    st.lists(frames, max_size=8), st.lists(st.integers(1, 300), min_size=1, max_size=20), st.sampled_from([None, FISU])
)
def test_transmitter_agrees_with_reference(queue, sizes, fill):
    transmitter = HdlcTransmitter(fill)
    transmitter.send(queue)
    line = b"".join(transmitter.block(size) for size in sizes)
    bits = list(FLAG)
    for frame in queue:
        bits += frame_bits(frame) + FLAG
    while len(bits) < 8 * len(line):
        bits += (frame_bits(fill) if fill is not None else []) + FLAG
    assert line == line_octets(bits[: 8 * len(line)])


@given(st.lists(line_noise, max_size=12), st.lists(st.integers(0, 3000), max_size=12), st.integers(8, 40))
@example([b"\xff" * 40, b"\x7e", b"\x00" * 60, b"\x7e\x7e"], [1, 5, 50], 10)
@example([b"\x7e\x7e", bytes(9), b"\x07\xf0"], [], 8)  # aborted by the bit that makes it too long
@example([bytes(14), b"\x7f\x07\xf0\x06\x39\xdd\x1b"], [], 9)  # too long before any flag, then an abort
@settings(max_examples=150)
def test_receiver_agrees_with_reference_in_any_chunks(parts, cuts, max_octets):
    octets = b"".join(parts)
    reference = ReferenceReceiver(max_octets=max_octets)
    for bit in line_bits(octets):
        reference.bit(bit)
    for chunks in ([octets], split(octets, cuts), [octets[i : i + 1] for i in range(len(octets))]):
        receiver = HdlcReceiver(max_octets=max_octets)
        assert [frame for chunk in chunks for frame in receiver.receive(chunk)] == reference.frames
        counts = receiver.counts
        assert counts.good == reference.good
        assert counts.bad_fcs + counts.misaligned + counts.too_short == reference.bad
        assert (counts.errored, counts.aborts, counts.too_long) == (
            reference.errored,
            reference.aborts,
            reference.too_long,
        )
        assert counts.octet_counting == reference.octet_counting
        assert receiver.octet_counting == reference.counting


@given(st.lists(frames, max_size=10), st.lists(st.integers(1, 260), min_size=1), st.sampled_from([None, FISU]))
def test_round_trip(queue, sizes, fill):
    transmitter, receiver = HdlcTransmitter(fill), HdlcReceiver()
    transmitter.send(queue)
    received = []
    while transmitter.queued:
        for size in sizes:
            received += receiver.receive(transmitter.block(size))
    received += receiver.receive(transmitter.block(300))
    assert received[: len(queue)] == queue
    assert set(received[len(queue) :]) <= {fill}
    assert receiver.counts.errored == receiver.counts.octet_counting == 0


@given(
    st.lists(
        st.sampled_from([FISU, b"\x80\x80\x00", b"\xff\xff\x01\x03", b"\x80\x80\x02\x01\x00", b"\x01\x02\x06MSU..."])
    ),
    st.integers(1, 40),
)
def test_repeat_filter_is_exact(queue, size):
    plain, filtered, transmitter = HdlcReceiver(), HdlcReceiver(filter_repeats=True), HdlcTransmitter()
    transmitter.send(queue)
    line = transmitter.block(20 * len(queue) + 4)
    chunks = [line[i : i + size] for i in range(0, len(line), size)]
    assert [frame for chunk in chunks for frame in plain.receive(chunk)] == queue
    expected = []
    for frame, run in groupby(queue):
        expected += [frame] if len(frame) <= 5 else list(run)
    assert [frame for chunk in chunks for frame in filtered.receive(chunk)] == expected
    assert filtered.counts.good == len(queue)


def test_fill_is_replaced_at_the_next_frame_boundary():
    transmitter, receiver = HdlcTransmitter(FISU), HdlcReceiver()
    receiver.receive(transmitter.block(8))
    transmitter.fill = b"\xff\xff\x01\x03"
    received = receiver.receive(transmitter.block(40))
    assert received[0] == FISU
    assert set(received[1:]) == {b"\xff\xff\x01\x03"}


def test_queue_is_counted_and_can_be_cleared():
    transmitter = HdlcTransmitter(FISU)
    transmitter.send([b"one..", b"two..", b"three"])
    assert transmitter.queued == 3
    transmitter.block(4)
    assert transmitter.queued == 2
    assert transmitter.frames == 1
    assert transmitter.clear() == 2
    assert HdlcReceiver(filter_repeats=True).receive(transmitter.block(30)) == [FISU]


def test_shared_zero_between_flags_is_taken():
    bits = [0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, *frame_bits(FISU), *FLAG]
    assert HdlcReceiver().receive(line_octets(bits)) == [FISU]


@pytest.mark.parametrize(
    ("bits", "counter"),
    [
        pytest.param([*frame_bits(FISU)[:22], 1, *frame_bits(FISU)[23:]], "bad_fcs", id="bit error"),
        pytest.param(frame_bits(b"\x01\x02"), "too_short", id="short"),
        pytest.param([*frame_bits(FISU), 0, 0], "misaligned", id="two bits more"),
        pytest.param([*frame_bits(FISU), 0, 0, 1, 1], "misaligned", id="four bits more"),
    ],
)
def test_errored_units(bits, counter):
    receiver = HdlcReceiver()
    assert receiver.receive(line_octets(FLAG + bits + FLAG + frame_bits(FISU) + FLAG)) == [FISU]
    counts = receiver.take_counts()
    assert getattr(counts, counter) == 1
    assert (counts.errored, counts.good, counts.octet_counting) == (1, 1, 0)
    assert receiver.counts.good == 0


def test_abort_enters_octet_counting_until_a_good_frame():
    receiver = HdlcReceiver()
    receiver.receive(line_octets(FLAG + [0] * 8) + b"\xff" * 160)
    assert receiver.octet_counting
    assert receiver.counts.aborts == 1
    assert receiver.counts.octet_counting == 159
    bad = line_octets(FLAG + [0, 1] * 24 + FLAG)
    receiver.receive(bad)
    assert receiver.octet_counting
    assert receiver.counts.bad_fcs == 1
    assert receiver.counts.errored == 0
    assert receiver.receive(line_octets(FLAG + frame_bits(FISU) + FLAG)) == [FISU]
    assert not receiver.octet_counting


def test_repeats_behind_an_abort_leave_octet_counting():
    """The abort is the flag before a unit like the last good one, which therefore does not count; its repeats do."""
    unit = frame_bits(FISU) + FLAG
    receiver = HdlcReceiver()
    octets = line_octets(FLAG + unit[:-8] + [1] * 7 + [0] + unit * 4)
    assert receiver.receive(octets) == [FISU] * 3
    assert (receiver.counts.aborts, receiver.counts.octet_counting) == (1, 2 * len(unit) // 8)
    assert not receiver.octet_counting


def test_no_flag_for_too_long_enters_octet_counting():
    receiver = HdlcReceiver()
    receiver.receive(line_octets(FLAG) + b"\x55" * 500)
    assert receiver.counts.too_long == 1
    assert receiver.octet_counting
    assert 160 <= receiver.counts.octet_counting <= 170


@given(st.binary(max_size=400))
def test_any_octets_do(octets):
    receiver = HdlcReceiver()
    for frame in receiver.receive(octets):
        assert len(frame) >= 3


def test_the_repeat_filter_knows_the_extended_format():
    """An extended FISU has six octets (Q.703 Annex A): longer than any unit the basic filter may drop."""
    fisu = bytes.fromhex("ff8fff8f0000")
    transmitter = HdlcTransmitter()
    transmitter.fill = fisu
    octets = transmitter.block(200)
    basic = HdlcReceiver(filter_repeats=True)
    extended = HdlcReceiver(filter_repeats=True, filtered_octets=MTP2_EXTENDED_STATUS_OCTETS)
    assert len(basic.receive(octets)) > 1
    assert extended.receive(octets) == [fisu]
    assert extended.counts.good == basic.counts.good


def test_frames_are_pending_until_their_last_bit_has_left():
    transmitter = HdlcTransmitter(fill=b"\x80\x80\x00")
    transmitter.block(3)
    assert not transmitter.pending
    transmitter.send([bytes(20), b"\xff" * 20])
    assert transmitter.pending
    sent = b""
    while transmitter.pending:
        sent += transmitter.block(1)
    receiver = HdlcReceiver()
    assert len(receiver.receive(sent)) in (1, 2)
    assert len(sent) <= 2 * 28
    assert receiver.receive(transmitter.block(2)) in ([], [b"\xff" * 20])
    assert not transmitter.pending
    for _ in range(50):
        transmitter.block(7)
        assert not transmitter.pending, "fill is nothing to wait for"
