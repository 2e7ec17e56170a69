from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.hardware.bert import SYNC_OCTETS, Bert, BertReceiver
from tandem.hardware.prbs import PATTERNS

O151 = PATTERNS["2^15-1"]


def sequence(count, start=0, pattern=O151):
    return pattern.octets().take(np.arange(start, start + count), mode="wrap")


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=str)
@pytest.mark.parametrize("start", [0, 1, 300, 508])
def test_synchronises_anywhere_and_counts_every_bit(pattern, start):
    receiver = BertReceiver(pattern)
    receiver.receive(sequence(100_000, start, pattern))
    assert receiver.synchronised
    assert (receiver.counts.bits, receiver.counts.errors) == (800_000, 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.integers(0, 40))
def test_portions_do_not_matter(sizes, noise):
    receiver = BertReceiver(O151)
    octets = np.concatenate((np.full(noise, 0xD5, np.uint8), sequence(sum(sizes) + SYNC_OCTETS + 1)))
    start = 0
    for size in [*sizes, len(octets)]:
        receiver.receive(octets[start : start + size])
        start += size
    assert receiver.synchronised
    assert receiver.counts.errors == 0
    assert receiver.counts.bits // 8 + receiver.counts.octets_unsynchronised == len(octets)


@pytest.mark.parametrize("octets", [np.full(5000, 0xFF), np.zeros(5000), np.full(5000, 0xD5), None])
def test_what_is_no_sequence_is_never_taken_for_it(octets):
    octets = np.random.default_rng(3).integers(0, 256, 200_000) if octets is None else octets
    receiver = BertReceiver(O151)
    receiver.receive(octets.astype(np.uint8))
    assert not receiver.synchronised
    assert receiver.counts.bits == 0
    assert receiver.counts.octets_unsynchronised == len(octets)


@pytest.mark.parametrize("wrong", [[5000], [5000, 5001, 5002], list(range(5000, 405_000, 977))])
def test_bits_in_error_are_counted_one_by_one(wrong):
    octets = sequence(100_000).copy()
    for bit in wrong:
        octets[bit // 8] ^= 0x80 >> bit % 8
    receiver = BertReceiver(O151)
    receiver.receive(octets)
    assert receiver.counts.errors == len(wrong)
    assert receiver.counts.sync_losses == 0


@pytest.mark.parametrize("slipped", [-256, -1, 1, 8, 160])
def test_a_slip_is_found_with_its_size_and_costs_few_errors(slipped):
    octets = np.concatenate((sequence(8000), sequence(8000, 8000 - slipped)))
    receiver = BertReceiver(O151)
    for start in range(0, len(octets), 160):
        receiver.receive(octets[start : start + 160])
    counts = receiver.counts
    assert (counts.sync_losses, counts.slips, counts.octets_slipped) == (1, 1, slipped)
    assert counts.errors < 250
    assert counts.bits + 8 * counts.octets_unsynchronised == 8 * len(octets)


def test_an_interruption_is_a_loss_and_no_slip():
    octets = sequence(30_000).copy()
    octets[10_000:20_000] = 0xFF
    receiver = BertReceiver(O151)
    for start in range(0, len(octets), 80):
        receiver.receive(octets[start : start + 80])
    assert (receiver.counts.sync_losses, receiver.counts.slips) == (1, 0)
    assert receiver.synchronised


@pytest.mark.parametrize(("errors", "es", "ses"), [(0, 0, 0), (1, 1, 0), (63, 1, 0), (64, 1, 1)])
def test_seconds_of_g821(errors, es, ses):
    octets = sequence(8000).copy()
    octets[100 : 100 + errors] ^= 1
    receiver = BertReceiver(O151)
    receiver.receive(octets)
    receiver.second()
    total = receiver.performance.total
    assert (total.seconds, total.es, total.ses) == (1, es, ses)


def test_seconds_without_the_sequence_become_unavailable():
    receiver = BertReceiver(O151)
    for _ in range(12):
        receiver.receive(np.full(8000, 0xFF, np.uint8))
        receiver.second()
    assert (receiver.performance.total.uas, receiver.performance.total.ses) == (12, 0)


def test_timeslots_are_tested_each_by_itself():
    one = Bert(O151, [1, 2, 16, 31])
    other = Bert(O151, [1, 2, 16, 31])
    for _ in range(100):
        frames = np.full((80, 32), 0xD5, np.uint8)
        one.fill(frames)
        frames[:, 2] = 0x55
        frames[5, 16] ^= 0x81
        other.receive(frames)
    assert [receiver.synchronised for receiver in other.receivers.values()] == [True, False, True, True]
    assert [receiver.counts.errors for receiver in other.receivers.values()] == [0, 0, 198, 0]  # two in the search
    total = other.total()
    assert (total.bits, total.errors) == (3 * 64_000 - 8 * 6, 198)
    assert total.ratio == pytest.approx(198 / 191_952)
