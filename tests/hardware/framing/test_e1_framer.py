from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.e1 import line_of, speech

from tandem.hardware.framing.e1_framer import E1Framer, transmit_together

pytestmark = pytest.mark.usefixtures("media_loops")

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/e1t1/crc4.json").read_text())


@pytest.mark.parametrize("first", [0, 2])
def test_multiframes_carry_the_crc_of_the_block_before(first):
    """Vectors: CRC of sub-multiframe I and II with all timeslots alike, no alarm, E bits 1."""
    octet = int(VECTORS[first]["other_timeslots"], 16)
    line = np.frombuffer(line_of(np.full((32, 32), octet, np.uint8)), np.uint8).reshape(32, 32)
    crcs = [sum((int(line[8 * block + 2 * c, 0]) >> 7) << (3 - c) for c in range(4)) for block in range(4)]
    one, two = (int(VECTORS[first + half]["crc"], 16) for half in (0, 1))
    assert crcs[1:] == [one, two, one]
    assert (line[:, 1:] == octet).all()
    assert (line[0::2, 0] & 0x7F == 0x1B).all()
    assert (line[1::2, 0] & 0x7F == 0x5F).all()
    assert (line[1:16:2, 0] >> 7).tolist() == [0, 0, 1, 0, 1, 1, 1, 1]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.booleans(), st.booleans())
def test_portions_do_not_matter(sizes, crc4, alarm):
    frames = speech(sum(sizes))
    framer, places = E1Framer(crc4=crc4), np.cumsum([0, *sizes])
    parts = [line_of(frames[a:b], alarm=alarm, framer=framer) for a, b in pairwise(places)]
    assert b"".join(parts) == line_of(frames, crc4=crc4, alarm=alarm)


def test_given_frames_are_not_changed():
    frames = speech(40)
    before = frames.copy()
    E1Framer().transmit(frames)
    assert (frames == before).all()


def test_each_reported_error_clears_one_e_bit():
    framer = E1Framer()
    framer.multiframe_aligned = True
    framer.report_crc_errors(3)
    line = np.frombuffer(framer.transmit(speech(64)), np.uint8).reshape(64, 32)
    assert (line[13::16, 0] >> 7).tolist() == [0, 0, 1, 1]
    assert (line[15::16, 0] >> 7).tolist() == [0, 1, 1, 1]


def test_e_bits_are_zero_without_multiframe_alignment():
    line = np.frombuffer(line_of(speech(16), aligned=False), np.uint8).reshape(16, 32)
    assert (line[13, 0] >> 7, line[15, 0] >> 7) == (0, 0)


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 8, 5]), st.booleans(), st.booleans(), st.integers(0, 9), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([7, 8, 40, 80, 160]),
)
def test_together_is_as_one_by_one(lines, count):
    """Lines by the frames sent before, alarm, alignment of the far end, errors to tell, CRC-4."""
    together, alone = ([E1Framer(crc4=crc4) for *_, crc4 in lines] for _ in range(2))
    for framers in (together, alone):
        for framer, (before, alarm, aligned, errors, _) in zip(framers, lines, strict=True):
            framer.transmit(speech(before))
            framer.remote_alarm, framer.multiframe_aligned = alarm, aligned
            framer.report_crc_errors(errors)
    for seed in range(3):
        frames = np.stack([speech(count) ^ np.uint8(seed * place) for place in range(len(lines))])
        made = transmit_together(together, frames)
        assert made == [framer.transmit(part) for framer, part in zip(alone, frames, strict=True)]
