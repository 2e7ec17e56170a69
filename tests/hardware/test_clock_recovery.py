from __future__ import annotations

import numpy as np
import pytest

from tandem.hardware.clock_recovery import (
    Candidate,
    ClockRecovery,
    ClockSelector,
    DifferentialRecovery,
    SteeredClock,
)
from tandem.hardware.elastic import ElasticStore


def heard(ppm, *, jitter=0.0, tick=0.0, seconds=60, seed=1):
    """A far end so fast, packets of 1 ms, each late by up to `jitter`; read at once, or every `tick` seconds."""
    recovery = ClockRecovery()
    count = int(seconds * 1000)
    sent = (1 + np.arange(count)) / 1000 / (1 + ppm * 1e-6)
    arrived = np.maximum.accumulate(sent + jitter * np.random.default_rng(seed).random(count))
    if not tick:
        for now in arrived:
            recovery.hear(8, now)
        return recovery
    for number in range(1, int(seconds / tick)):
        before, after = np.searchsorted(arrived, [(number - 1) * tick, number * tick])
        recovery.hear(8 * int(after - before), number * tick)
    return recovery


@pytest.mark.parametrize("ppm", [-50, 4.6])
@pytest.mark.parametrize(
    ("how", "within"),
    [({}, 0.1), ({"jitter": 0.005}, 1.0), ({"tick": 0.02}, 6.0), ({"jitter": 0.01, "tick": 0.01}, 20.0)],
)
def test_adaptive_recovery_finds_the_rate(ppm, how, within):
    recovery = heard(ppm, **how)
    assert recovery.rate is not None
    assert recovery.rate * 1e6 == pytest.approx(ppm, abs=within)


@pytest.mark.parametrize("ppm", [-200, 200])
def test_what_is_no_line_of_the_standards_gives_no_rate(ppm):
    assert heard(ppm).rate is None


def test_arrivals_that_stray_too_much_give_no_rate():
    """Windows late by up to 20 ms as a whole, as of a machine that has too much to do."""
    recovery, random = ClockRecovery(), np.random.default_rng(2)
    for second in range(1, 70):
        late = 0.02 * random.random()
        for step in range(50):
            recovery.hear(160, second + step / 50 + late)
        assert recovery.rate is None


def test_there_is_no_rate_at_first_nor_after_an_interruption():
    assert heard(10, seconds=10).rate is None
    recovery = heard(10)
    recovery.hear(8, 75.0)
    recovery.hear(8, 76.5)
    assert recovery.rate is None
    recovery = heard(10)
    recovery.lose()
    assert recovery.rate is None


@pytest.mark.parametrize("ppm", [-50, 0, 32])
def test_differential_recovery_is_exact_whatever_the_network(ppm):
    recovery = DifferentialRecovery()
    for second in range(70):
        recovery.hear(second * (1 + ppm * 1e-6), float(second))
    assert recovery.rate * 1e6 == pytest.approx(ppm, abs=0.01)
    recovery.hear(1000.0, 0.0)
    assert recovery.rate is None


def test_the_first_clock_that_is_to_be_had_is_followed():
    selector = ClockSelector()
    one, other, none = Candidate("one", 1e-6), Candidate("other", 2e-6), Candidate("one", None)
    system = Candidate("system", 0.0)
    assert (selector.select([none, Candidate("other", None)]), selector.source) == (0.0, None)
    assert (selector.select([one, other]), selector.source) == (1e-6, "one")
    assert (selector.select([none, other]), selector.source) == (2e-6, "other")
    assert (selector.select([none, Candidate("other", None)]), selector.source) == (2e-6, None)
    assert (selector.select([none, Candidate("other", None), system]), selector.source) == (0.0, "system")
    assert selector.changes == 3


def test_a_steered_clock_never_jumps_and_can_be_asked_both_ways():
    clock, before = SteeredClock(), 0.0
    for step in range(1, 1000):
        clock.steer((step % 7 - 3) * 1e-5, step)
        assert 0.9999 < clock.steered(step) - before < 1.0001
        before = clock.steered(step)
        assert clock.local(clock.steered(step + 0.5)) == pytest.approx(step + 0.5)


@pytest.mark.parametrize(("ppm", "follow"), [(300, False), (-300, False), (300, True)])
def test_slips_between_two_clocks_and_none_when_one_follows_the_other(ppm, follow):
    """160 s: a block of 20 ms each tick of ours; frames of the other end come at its own rate."""
    store, clock = ElasticStore(target=80, limit=240), SteeredClock()
    clock.steer(ppm * 1e-6 if follow else 0.0, 0.0)
    written = 0
    for tick in range(1, 8000):
        now = clock.local(tick * 0.02)
        frames = int(now * 8000 * (1 + ppm * 1e-6)) - written
        block = np.empty((frames, 32), np.uint8)
        block[:] = (np.arange(written, written + frames) % 251)[:, None]
        store.write(block)
        written += frames
        got = store.read(160)
        assert (got == got[:, :1]).all()  # timeslots slip together
    if follow:
        assert store.slips == 0
    else:
        drift = 8000 * 160 * 300e-6
        assert drift / 160 - 1 <= store.slips <= drift / 80 + 1
        assert store.frames_deleted > 0 if ppm > 0 else store.frames_repeated > 0
