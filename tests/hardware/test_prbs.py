from __future__ import annotations

import numpy as np
import pytest

from tandem.hardware.prbs import PATTERNS, Pattern

LONGEST_ZEROS = {"2^9-1": 8, "2^11-1": 10, "2^15-1": 15}
"""Zeros in a row at most, as O.150 gives them (15 for the inverted sequence)."""


def bits(pattern: Pattern) -> np.ndarray:
    return np.unpackbits(pattern.octets())[: pattern.length]


def runs(sequence: np.ndarray, value: int) -> int:
    text = "".join(map(str, np.concatenate((sequence, sequence))))
    return max(map(len, text.split(str(1 - value))))


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=str)
def test_sequence_is_of_maximal_length(pattern):
    """Every state but one occurs once; no shorter period, which is what maximal length means."""
    sequence = bits(pattern)
    doubled = np.concatenate((sequence, sequence[: pattern.stages - 1])).astype(np.int64)
    windows = sum(doubled[place : place + pattern.length] << place for place in range(pattern.stages))
    assert len(set(windows.tolist())) == pattern.length
    assert runs(sequence, 0) == LONGEST_ZEROS[pattern.name]


@pytest.mark.parametrize(("name", "tap"), [("2^9-1", 5), ("2^11-1", 9), ("2^15-1", 14)])
def test_recurrence_is_that_of_the_recommendation(name, tap):
    """x^9+x^5+1, x^11+x^9+1, x^15+x^14+1: each bit is the sum of two before it (of the complement, if inverted)."""
    pattern = PATTERNS[name]
    sequence = np.tile(bits(pattern), 2) ^ pattern.inverted
    n = pattern.stages
    assert (sequence[n:] == sequence[:-n] ^ sequence[n - tap : -tap]).all()


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=str)
def test_octets_go_on_at_the_end_and_places_find_them(pattern):
    octets = pattern.octets()
    assert len(octets) == pattern.length
    twice = np.unpackbits(np.concatenate((octets, octets[:3])))
    assert (twice[pattern.length : pattern.length + 24] == twice[:24]).all()
    pairs = octets.astype(int) << 8 | np.roll(octets, -1)
    assert (pattern.places()[pairs] == np.arange(pattern.length)).all()
    assert np.count_nonzero(pattern.places() >= 0) == pattern.length
    assert pattern.places()[0xFFFF] == -1
