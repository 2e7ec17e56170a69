from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.e1 import shifted
from support.t1 import FRAME, line_of, speech

from tandem.hardware.framing.t1_search import AVOIDED, CONFIRMED, PATIENCE, T1Search
from tandem.hardware.span import Framing

both = pytest.mark.parametrize("framing", [Framing.ESF, Framing.SF])
WINDOW = {Framing.SF: CONFIRMED * FRAME, Framing.ESF: CONFIRMED * 4 * FRAME}
"""Bits of a window."""


def whole_line(framing):
    return line_of(framing, speech(640, seed=2))


LINES = {framing: whole_line(framing) for framing in WINDOW}


@both
@given(st.integers(0, 5000), st.integers(50, 5000))
@settings(max_examples=25, deadline=None)
def test_the_alignment_is_found_wherever_the_line_begins(framing, cut, size):
    """The line is `cut` bits late or, seen otherwise, begins in the midst of a frame."""
    line = LINES[framing]
    octets = shifted(line, 7)[cut // 8 :]
    skipped = cut // 8 * 8 - 7  # bits of the line that are missing; negative: bits before it
    search, given = T1Search(framing), 0
    while (found := search.receive(octets[given : given + size])) is None:
        given += size
        assert given < len(octets)
    rest, first, frame = found
    place = skipped + 8 * (min(given + size, len(octets)) - len(rest)) + first
    assert place % FRAME == 0
    assert place // FRAME % (24 if framing is Framing.ESF else 12) == frame % (24 if framing is Framing.ESF else 12)
    assert search.frames_passed == (place - skipped) // FRAME
    # One window is enough, two where the first one begins with bits that are no line.
    assert place - skipped <= (2 if skipped < 0 else 1) * WINDOW[framing] + FRAME


@both
def test_no_other_line_is_taken_for_a_t1(framing):
    generator = np.random.default_rng(1544)
    noise = generator.integers(0, 256, 20_000, dtype=np.uint8).tobytes()
    for octets in (b"\xff" * 20_000, b"\0" * 20_000, b"\x55" * 20_000, b"\x7e" * 20_000, noise):
        assert T1Search(framing).receive(octets) is None


@both
def test_one_bit_in_error_costs_one_window(framing):
    line = bytearray(LINES[framing])
    frame = 3 if framing is Framing.ESF else 0
    line[FRAME * frame // 8] ^= 0x80 >> FRAME * frame % 8
    search = T1Search(framing)
    assert search.receive(bytes(line)) is not None
    assert search.frames_passed == 2 * WINDOW[framing] // FRAME


def ambiguous(other_ends):
    """An SF line whose timeslot 5 imitates framing in its bit 3, up to frame `other_ends`."""
    frames = speech(640)
    for frame in range(other_ends):
        frames[frame, 5] = frames[frame, 5] & 0xDF | 0x20 * "100011011100".startswith("1", frame % 12)
    return line_of(Framing.SF, frames)


def test_of_two_places_the_one_that_stays_is_taken():
    search = T1Search(Framing.SF)
    found = search.receive(ambiguous(100))
    assert found is not None
    assert search.frames_passed == 5 * CONFIRMED
    assert (found[1], found[2] % 12) == (0, 0)


def test_of_two_places_that_both_stay_one_is_taken_in_the_end():
    search = T1Search(Framing.SF)
    assert search.receive(ambiguous(640)) is not None
    assert search.frames_passed == PATIENCE * CONFIRMED


@both
def test_a_false_alignment_is_passed_over_for_a_while(framing):
    search = T1Search(framing, avoid_first=True)
    assert search.receive(LINES[framing]) is not None
    assert search.frames_passed == (AVOIDED + 1) * WINDOW[framing] // FRAME


@both
def test_signal_is_watched_meanwhile(framing):
    search = T1Search(framing)
    search.receive(b"\xff" * 4632)
    assert (search.signal.ais, search.signal.los) == (True, False)
    search = T1Search(framing)
    search.receive(b"\0" * 4632)
    assert (search.signal.ais, search.signal.los) == (False, True)
