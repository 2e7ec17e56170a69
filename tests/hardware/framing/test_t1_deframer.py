from __future__ import annotations

from dataclasses import asdict
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.e1 import flipped, shifted
from support.t1 import FRAME, aligned, feed, line_of, speech, with_errors, with_f_bits_inverted

from tandem.hardware.framing.t1_deframer import T1Deframer
from tandem.hardware.framing.t1_framer import T1Framer
from tandem.hardware.span import Framing, LineFormat

both = pytest.mark.parametrize("framing", [Framing.ESF, Framing.SF])
SEARCH = {Framing.ESF: 96, Framing.SF: 24}
"""Frames that finding the alignment takes."""


@both
@pytest.mark.parametrize("size", [193, 192, 965, 3860, 1])
def test_frames_come_out_as_they_went_in(framing, size):
    frames, deframer = speech(400), T1Deframer(LineFormat(framing))
    given = feed(deframer, line_of(framing, frames), size)
    assert len(given) == 400
    assert (given[SEARCH[framing] :] == frames[SEARCH[framing] :]).all()
    assert (given[: SEARCH[framing]] == 0xFF).all()
    expected = {"frames": 400 - SEARCH[framing], "frames_unaligned": SEARCH[framing]}
    assert asdict(deframer.counts) == dict.fromkeys(asdict(deframer.counts), 0) | expected


spoilings = st.one_of(
    st.tuples(st.just("flip"), st.lists(st.integers(0, 10**6), min_size=1, max_size=60)),
    st.tuples(st.just("ones"), st.tuples(st.integers(0, 10**6), st.integers(1, 1500))),
    st.tuples(st.just("zeros"), st.tuples(st.integers(0, 10**6), st.integers(1, 1500))),
    st.tuples(st.just("remove"), st.tuples(st.integers(0, 10**6), st.integers(1, 300))),
)


def spoil(octets, spoiling):
    kind, how = spoiling
    if kind == "flip":
        return flipped(octets, [bit % (8 * len(octets)) for bit in how])
    place, count = how[0] % len(octets), how[1]
    put = {"ones": b"\xff", "zeros": b"\0", "remove": b""}[kind] * count
    return octets[:place] + put + octets[place + count :]


@both
@given(
    st.lists(spoilings, max_size=4),
    st.lists(st.integers(1, 3000), min_size=1, max_size=12),
    st.integers(0, 7),
    st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_portions_do_not_matter_whatever_happens_to_the_line(framing, spoils, sizes, bits, alarm):
    framer = T1Framer(framing)
    framer.remote_alarm = alarm
    octets = shifted(framer.transmit(speech(600)), bits)
    for spoiling in spoils:
        octets = spoil(octets, spoiling)

    def run(portions):
        deframer, place, given = T1Deframer(LineFormat(framing)), 0, [np.empty((0, 32), np.uint8)]
        while place < len(octets):
            size = portions.pop(0)
            portions.append(size)
            given.append(deframer.receive(octets[place : place + size]))
            place += size
        state = (deframer.aligned, deframer.remote_alarm, deframer.ais, deframer.los, asdict(deframer.counts))
        return np.concatenate(given), state

    whole, whole_state = run([len(octets)])
    parts, parts_state = run(list(sizes))
    assert (whole == parts).all()
    assert whole_state == parts_state


@both
@given(st.binary(max_size=3000), st.integers(1, 400))
@settings(deadline=None)
def test_any_octets_do(framing, octets, size):
    given = feed(T1Deframer(LineFormat(framing)), octets, size)
    assert given.shape[1] == 32
    assert len(given) <= 8 * len(octets) // FRAME


@cache
def long_line(framing):
    return line_of(framing, speech(24 * 2500))


@pytest.mark.parametrize("window", [4, 5, 6])
@both
def test_two_framing_bits_in_error_of_so_many_lose_alignment(framing, window):
    step = 4 if framing is Framing.ESF else 2  # frames from one bit of a kind to the next
    for kind in range(1 if framing is Framing.ESF else 2):
        first = 3 if framing is Framing.ESF else kind
        for distance in range(1, 8):
            deframer, framer = aligned(framing, window)
            frames = [first, first + step * distance]
            feed(deframer, with_f_bits_inverted(framer.transmit(speech(12 * step)), frames))
            lost = distance < window
            assert deframer.aligned is not lost
            assert deframer.counts.framing_errors == 2
            assert deframer.counts.alignment_losses == lost


def test_ft_and_fs_are_watched_each_for_itself():
    deframer, framer = aligned(Framing.SF)
    deframer.receive(with_f_bits_inverted(framer.transmit(speech(24)), [4, 5]))
    assert deframer.aligned


@pytest.mark.parametrize("window", [4, 5, 6])
@both
def test_bit_errors_lose_alignment_as_often_as_theory_says(framing, window):
    """At error rate p an error comes 1/p bits after the last; a gap is shorter than the window with probability q.

    From alignment to its loss there is a first error, and then one gap in 1/q on average is short: by Wald's equation
    1/p + 1/(pq) bits. The kinds of bits in SF, Ft and Fs, run each for itself.
    """
    rate = 0.04
    generator = np.random.default_rng([193, window, framing is Framing.ESF])
    deframer = T1Deframer(LineFormat(framing, window))
    feed(deframer, with_errors(long_line(framing), rate, generator), 1930)
    close = 1 - (1 - rate) ** (window - 1)
    bits = deframer.counts.frames / (4 if framing is Framing.ESF else 1)
    expected = bits * rate / (1 + 1 / close)
    assert expected > 40
    assert abs(deframer.counts.alignment_losses - expected) < 4 * expected**0.5
    assert abs(deframer.counts.framing_errors - bits * rate) < 4 * (bits * rate) ** 0.5


@pytest.mark.parametrize("rate", [1e-5, 1e-4, 3e-4])
def test_bit_errors_spoil_as_many_superframes_as_theory_says(rate):
    """A superframe is in error unless all bits of its block and of its CRC are right."""
    generator = np.random.default_rng([6, round(rate * 1e6)])
    deframer, octets = T1Deframer(LineFormat(Framing.ESF)), long_line(Framing.ESF)
    feed(deframer, octets[:3000])
    feed(deframer, with_errors(octets[3000:], rate, generator), 1930)
    blocks = deframer.counts.frames / 24
    expected = blocks * (1 - (1 - rate) ** (4632 - 24 + 6))
    # Of blocks with many errors one in 64 has the right CRC all the same.
    assert 0.97 * expected - 4 * expected**0.5 < deframer.counts.crc6_errors < expected + 4 * expected**0.5


def test_each_bit_error_is_one_errored_superframe():
    deframer, framer = aligned(Framing.ESF)
    octets = framer.transmit(speech(240))
    # Bits of timeslots; the F bits of the data link are not checked.
    feed(deframer, flipped(octets, [FRAME + 5, 50 * FRAME + 7, 50 * FRAME + 77, 99 * FRAME + 1]), 965)
    feed(deframer, framer.transmit(speech(24)))
    assert deframer.counts.crc6_errors == 3
    assert deframer.counts.framing_errors == 0
    assert deframer.aligned


def test_a_line_whose_crc_is_never_right_is_a_false_alignment():
    deframer, framer = aligned(Framing.ESF)
    framer._esf = False  # all data link and CRC-6 bits are ones
    feed(deframer, framer.transmit(speech(24 * 340)), 1930)
    assert deframer.counts.alignment_losses == 1
    assert deframer.counts.crc6_errors >= 320


@both
def test_remote_alarm(framing):
    deframer, framer = aligned(framing)
    framer.remote_alarm = True
    deframer.receive(framer.transmit(speech(1600)))
    assert deframer.remote_alarm
    framer.remote_alarm = False
    deframer.receive(framer.transmit(speech(1600)))
    assert not deframer.remote_alarm


@pytest.mark.parametrize(("ones", "alarm"), [(2, True), (3, False)])
def test_254_bits_of_256_are_remote_alarm_in_sf(ones, alarm):
    deframer, framer = aligned(Framing.SF)
    frames = speech(32) & np.uint8(0xBF)  # 768 timeslots, three times 256
    flat = frames[:, 1:25].copy().reshape(-1)
    flat[-256 : -256 + ones] |= 0x40
    frames[:, 1:25] = flat.reshape(32, 24)
    deframer._channels = b""
    deframer.receive(framer.transmit(frames))
    assert deframer.remote_alarm is alarm


@both
def test_ones_are_ais_and_zeros_are_los(framing):
    deframer, _ = aligned(framing)
    given = feed(deframer, b"\xff" * 7000)
    assert (deframer.aligned, deframer.ais, deframer.los) == (False, True, False)
    assert (given[-100:] == 0xFF).all()
    feed(deframer, b"\0" * 7000)
    assert (deframer.aligned, deframer.ais, deframer.los) == (False, False, True)
    feed(deframer, line_of(framing, speech(240)))
    assert (deframer.aligned, deframer.ais, deframer.los) == (True, False, False)


@both
def test_lost_signal_begins_anew(framing):
    deframer, framer = aligned(framing)
    deframer.lose_signal()
    assert not deframer.aligned
    feed(deframer, framer.transmit(speech(240)))
    assert deframer.aligned
    assert deframer.counts.alignment_losses == 1


@both
def test_a_slip_of_a_bit_is_recovered(framing):
    deframer, framer = aligned(framing)
    frames = speech(800)
    octets = framer.transmit(frames)
    given = feed(deframer, shifted(octets, 3))
    assert deframer.counts.alignment_losses == 1
    assert (given[-200:] == frames[len(frames) - 201 : -1]).all()
