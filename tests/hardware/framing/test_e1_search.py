from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.e1 import line_of, shifted, speech

from tandem.hardware.framing.e1_search import AlignmentSearch


@given(st.integers(0, 511), st.integers(1, 700))
def test_alignment_is_found_at_any_bit_in_any_portions(offset, size):
    octets = b"\xff" * (offset // 8) + shifted(line_of(np.full((20, 32), 0xD5, np.uint8)), offset % 8, 0xFF)
    search = AlignmentSearch()
    for start in range(0, len(octets), size):
        if found := search.receive(octets[start : start + size]):
            rest, bit = found
            end = min(start + size, len(octets))
            assert 8 * (end - len(rest)) + bit == offset
            assert search.frames_passed == offset // 256
            return
    pytest.fail("not found")


def test_fas_alone_is_no_alignment():
    frame = b"\x1b" + b"\xd5" * 31
    assert AlignmentSearch().receive(frame * 20) is None  # bit 2 one frame later is 0


def test_false_alignment_is_passed_over_for_two_frames():
    frames = speech(12)
    frames[0::2, 5], frames[1::2, 5] = 0x1B, 0x5F  # timeslot 5 imitates timeslot 0
    line = line_of(frames)
    at_imitation = line[5:]
    assert AlignmentSearch().receive(at_imitation) == (at_imitation, 0)
    rest, bit = AlignmentSearch(avoid_first=True).receive(at_imitation)
    assert (len(at_imitation) - len(rest), bit) == (64 - 5, 0)
    only = np.full((8, 32), 0xD5, np.uint8)
    line = line_of(only)
    rest, bit = AlignmentSearch(avoid_first=True).receive(line)
    assert (len(line) - len(rest), bit) == (64, 0)
