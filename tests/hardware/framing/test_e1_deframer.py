from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.e1 import feed, flipped, line_of, numbers, shifted, speech

from tandem.hardware.framing.e1_deframer import CHECKED_BLOCKS, FALSE_BLOCKS, Alignment, E1Deframer
from tandem.hardware.framing.e1_framer import E1Framer

pytestmark = pytest.mark.usefixtures("media_loops")

FRAME = 256


def aligned(crc4=True, frames=160):
    """A deframer with alignment, and a framer that goes on from there."""
    deframer, framer = E1Deframer(crc4=crc4), E1Framer(crc4=crc4)
    framer.multiframe_aligned = True
    feed(deframer, framer.transmit(speech(frames)))
    assert deframer.alignment is (Alignment.MULTIFRAME if crc4 else Alignment.WITHOUT_CRC)
    return deframer, framer


@pytest.mark.parametrize("size", [256, 1280, 5120, 100])
@pytest.mark.parametrize("crc4", [True, False])
def test_frames_come_out_as_they_went_in(size, crc4):
    frames = speech(800)
    deframer = E1Deframer(crc4=crc4)
    given = feed(deframer, line_of(frames, crc4=crc4), size)
    assert (given[:, 1:] == frames[: len(given), 1:]).all()
    assert len(given) >= 799
    assert asdict(deframer.counts) | {"frames": 0} == dict.fromkeys(asdict(deframer.counts), 0)


@given(st.integers(0, 511), st.integers(20, 700))
@settings(max_examples=40)
def test_any_offset_is_synchronised_and_nothing_is_lost_behind_it(offset, size):
    octets = b"\xff" * (offset // 8) + shifted(line_of(speech(120)), offset % 8, 0xFF)
    deframer = E1Deframer()
    given = feed(deframer, octets, size)
    assert deframer.alignment is Alignment.MULTIFRAME
    assert deframer.counts.crc4_errors == 0
    ones = deframer.counts.frames_unaligned
    assert ones == offset // FRAME
    assert (given[:ones] == 0xFF).all()
    assert numbers(given[ones:]) == list(range(len(given) - ones))
    assert len(given) - ones >= 119


spoilings = st.one_of(
    st.tuples(st.just("flip"), st.lists(st.integers(0, 10**6), min_size=1, max_size=60)),
    st.tuples(st.just("ones"), st.tuples(st.integers(0, 10**6), st.integers(1, 1500))),
    st.tuples(st.just("zeros"), st.tuples(st.integers(0, 10**6), st.integers(1, 1500))),
    st.tuples(st.just("remove"), st.tuples(st.integers(0, 10**6), st.integers(1, 300))),
    st.tuples(st.just("timeslot0"), st.tuples(st.integers(0, 10**6), st.integers(0, 255))),
)


def spoil(octets, spoiling):
    kind, how = spoiling
    if kind == "flip":
        return flipped(octets, [bit % (8 * len(octets)) for bit in how])
    place, count = how[0] % len(octets), how[1]
    if kind == "timeslot0":
        spoilt = bytearray(octets)
        for frame in range(place // 32, min(place // 32 + 40, len(octets) // 32)):
            spoilt[32 * frame] ^= count
        return bytes(spoilt)
    put = {"ones": b"\xff", "zeros": b"\0", "remove": b""}[kind] * count
    return octets[:place] + put + octets[place + count :]


@given(
    st.lists(spoilings, max_size=4),
    st.lists(st.integers(1, 3000), min_size=1, max_size=12),
    st.integers(0, 7),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_portions_do_not_matter_whatever_happens_to_the_line(spoils, sizes, bits, crc4, alarm):
    octets = shifted(line_of(speech(500), crc4=crc4, alarm=alarm), bits)
    for spoiling in spoils:
        octets = spoil(octets, spoiling)

    def run(portions):
        deframer, place, given = E1Deframer(), 0, [np.empty((0, 32), np.uint8)]
        while place < len(octets):
            size = portions.pop(0)
            portions.append(size)
            given.append(deframer.receive(octets[place : place + size]))
            place += size
        state = (deframer.alignment, deframer.remote_alarm, deframer.ais, deframer.los, asdict(deframer.counts))
        return np.concatenate(given), state

    whole, whole_state = run([len(octets)])
    parts, parts_state = run(list(sizes))
    assert (whole == parts).all()
    assert whole_state == parts_state


@given(st.binary(max_size=3000), st.integers(1, 400))
@settings(deadline=None)
def test_any_octets_do(octets, size):
    given = feed(E1Deframer(), octets, size)
    assert given.shape[1] == 32
    assert len(given) <= len(octets) // 32


def test_two_bad_fas_do_not_lose_alignment_three_do():
    deframer, framer = aligned()
    octets = framer.transmit(speech(64))
    deframer.receive(flipped(octets, [3, 2 * FRAME + 3]))
    assert deframer.alignment is Alignment.MULTIFRAME
    assert deframer.counts.fas_errors == 2
    deframer.receive(flipped(framer.transmit(speech(64)), [3, 2 * FRAME + 3, 4 * FRAME + 3])[: 5 * 32])
    assert deframer.alignment is Alignment.NONE
    assert deframer.counts.alignment_losses == 1


@pytest.mark.parametrize("crc4", [True, False])
def test_bad_fas_are_counted_over_single_frames(crc4):
    deframer, framer = aligned(crc4=crc4)
    octets = flipped(framer.transmit(speech(16)), [3, 2 * FRAME + 3, 4 * FRAME + 3])
    feed(deframer, octets[: 4 * 32], 32)
    assert deframer.alignment is not Alignment.NONE
    feed(deframer, octets[4 * 32 : 5 * 32], 32)
    assert deframer.alignment is Alignment.NONE


def test_three_bad_bits_2_of_nfas_lose_alignment():
    deframer, framer = aligned()
    octets = framer.transmit(speech(16))
    deframer.receive(flipped(octets, [FRAME + 1, 3 * FRAME + 1])[: 5 * 32])
    assert deframer.alignment is Alignment.MULTIFRAME
    deframer, framer = aligned()
    octets = framer.transmit(speech(16))
    deframer.receive(flipped(octets, [FRAME + 1, 3 * FRAME + 1, 5 * FRAME + 1])[: 6 * 32])
    assert deframer.alignment is Alignment.NONE


def test_each_bit_error_is_one_errored_submultiframe():
    deframer, framer = aligned()
    octets = framer.transmit(speech(800))
    feed(deframer, flipped(octets, [300, 20 * FRAME + 77, 20 * FRAME + 78, 400 * FRAME + 9]), 1280)
    feed(deframer, framer.transmit(speech(16)))
    assert deframer.counts.crc4_errors == 3
    assert deframer.alignment is Alignment.MULTIFRAME


def test_far_end_errors_are_counted_from_e_bits():
    deframer, framer = aligned()
    before = deframer.counts.far_end_errors
    framer.report_crc_errors(5)
    feed(deframer, framer.transmit(speech(160)), 5120)
    assert deframer.counts.far_end_errors - before == 5


def test_remote_alarm_needs_three_a_bits_either_way():
    deframer, framer = aligned()
    framer.remote_alarm = True
    deframer.receive(framer.transmit(speech(4)))
    assert not deframer.remote_alarm
    deframer.receive(framer.transmit(speech(2)))
    assert deframer.remote_alarm
    framer.remote_alarm = False
    deframer.receive(framer.transmit(speech(4)))
    assert deframer.remote_alarm
    deframer.receive(framer.transmit(speech(2)))
    assert not deframer.remote_alarm
    assert deframer.counts.crc4_errors == 0


def test_ais_is_told_and_forgotten_and_gives_frames_of_ones():
    deframer, framer = aligned()
    given = feed(deframer, b"\xff" * 32 * 80)
    assert deframer.ais
    assert deframer.alignment is Alignment.NONE
    assert (given[8:] == 0xFF).all()
    assert 76 <= len(given) <= 80
    feed(deframer, framer.transmit(speech(80)))
    assert not deframer.ais
    assert deframer.alignment is Alignment.MULTIFRAME


def test_zeros_are_loss_of_signal():
    deframer, _ = aligned()
    feed(deframer, bytes(32 * 20))
    assert deframer.los
    assert not deframer.ais


def test_a_lost_packet_costs_its_own_frames_only():
    """SAToP fills 1 ms with ones: alignment is lost, and found again with the first frame that comes."""
    deframer, framer = aligned()
    frames = speech(160)
    octets = framer.transmit(frames)
    given = feed(deframer, octets[: 40 * 32] + b"\xff" * 256 + octets[48 * 32 :])
    given = given[-160:] if len(given) > 160 else given
    assert deframer.counts.alignment_losses == 1
    assert numbers(given[:40]) == list(range(40))
    assert numbers(given[48:]) == list(range(48, 160))


def test_slip_of_some_bits_is_found_again():
    deframer, framer = aligned()
    octets = framer.transmit(speech(320))
    bits = int.from_bytes(octets, "big")
    kept = 8 * len(octets) - 100 * FRAME  # the first 13 bits of frame 100 go away
    slipped = (bits >> kept << (kept - 13) | bits & (1 << (kept - 13)) - 1) << 5
    given = feed(deframer, slipped.to_bytes(len(octets) - 1, "big"))
    assert deframer.alignment is Alignment.MULTIFRAME
    assert deframer.counts.alignment_losses == 1
    assert numbers(given[-200:]) == list(range(120, 320))


def test_imitated_frame_alignment_is_left_for_the_true_one():
    """Timeslot 5 looks like timeslot 0 without multiframe: after 8 ms the search goes on elsewhere."""
    frames = speech(400)
    frames[0::2, 5], frames[1::2, 5] = 0x1B, 0x5F
    deframer = E1Deframer()
    given = feed(deframer, line_of(frames)[5:])
    assert deframer.alignment is Alignment.MULTIFRAME
    assert deframer.counts.alignment_losses == 1
    assert numbers(given[-200:]) == list(range(200, 400))


def test_false_multiframe_is_left_after_a_second_of_crc_errors():
    """All of timeslot 0 is right but the C bits: 915 or more errored blocks of 1000 are a false alignment."""
    deframer, framer = aligned()

    def second(errored):
        octets = bytearray(framer.transmit(speech(8 * 1001, seed=3)))
        for block in range(errored):
            octets[256 * block] ^= 0x80
        return bytes(octets)

    feed(deframer, second(900), 1280)
    assert deframer.counts.crc4_errors == 900
    assert deframer.counts.alignment_losses == 0
    deframer, framer = aligned()
    feed(deframer, second(960), 1280)
    assert deframer.counts.alignment_losses == 1


def test_lost_multiframe_is_told_and_frames_go_on():
    deframer, _ = aligned()
    frames = speech(200)
    octets = bytearray(line_of(frames, crc4=False))
    given = feed(deframer, bytes(octets))
    assert deframer.counts.multiframe_losses == 1
    assert deframer.multiframe_missing
    assert numbers(given[:60]) == list(range(60))


def test_far_end_without_crc_is_taken_as_it_is_after_400_ms():
    frames = speech(6400)
    deframer = E1Deframer()
    feed(deframer, line_of(frames, crc4=False))
    assert deframer.alignment is Alignment.WITHOUT_CRC
    assert deframer.multiframe_missing
    losses = deframer.counts.alignment_losses
    given = feed(deframer, line_of(frames, crc4=False))
    assert deframer.counts.alignment_losses == losses
    assert numbers(given) == list(range(6400))
    assert not E1Deframer(crc4=False).multiframe_missing


def test_lost_signal_begins_anew():
    deframer, framer = aligned()
    deframer.lose_signal()
    assert deframer.alignment is Alignment.NONE
    feed(deframer, framer.transmit(speech(80)))
    assert deframer.alignment is Alignment.MULTIFRAME


@pytest.mark.parametrize("size", [5120, 256, 7])
@pytest.mark.parametrize(("bad", "losses"), [(FALSE_BLOCKS, 1), (FALSE_BLOCKS - 1, 0)])
def test_a_second_is_judged_at_its_end_whatever_the_portions(size, bad, losses):
    deframer, framer = aligned()
    deframer._blocks, deframer._bad_blocks = CHECKED_BLOCKS - 2, bad
    feed(deframer, framer.transmit(speech(16)), size)
    assert deframer.counts.alignment_losses == losses
    if not losses:
        assert (deframer._blocks, deframer._bad_blocks) == (0, 0)
        feed(deframer, framer.transmit(speech(160)), size)
        assert (deframer._blocks, deframer.counts.crc4_errors) == (20, 0)
