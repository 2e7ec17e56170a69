"""Excessive bit errors are told as often as theory says, and not below."""

import numpy as np
import pytest

from tandem.hardware.framing.error_ratio import WINDOW, ErrorRatioMonitor

FAS_BITS = 7
SECOND = 8000


def errored(ratio, frames, random):
    """How many frame alignment signals of so many frames have an error."""
    return random.binomial(frames // 2, 1 - (1 - ratio) ** FAS_BITS)


def run(monitor, ratio, seconds, random, state=(0, 0), portion=160):
    """What the monitor says after each portion; the counters then."""
    frames, errors = state
    said = []
    for _ in range(int(seconds * SECOND) // portion):
        frames += portion
        errors += errored(ratio, portion, random)
        monitor.update(frames, errors, 0)
        said.append(monitor.excessive)
    return said, (frames, errors)


@pytest.mark.parametrize(
    ("ratio", "least", "most"), [(1e-2, 1, 1), (2e-3, 1, 1), (1e-3, 0.93, 1), (5e-4, 0, 0), (1e-4, 0, 0)]
)
def test_what_is_raised_in_five_seconds(ratio, least, most):
    """At 1e-3 more than 93 errored signals of 112 expected: 0.96, and more where several windows are looked at."""
    random = np.random.default_rng(1)
    raised = np.mean([any(run(ErrorRatioMonitor(), ratio, 5, random)[0]) for _ in range(200)])
    assert least <= raised <= most


def test_not_before_there_are_as_many_as_in_a_window_of_the_ratio():
    said, _ = run(ErrorRatioMonitor(), 1e-3, 3, np.random.default_rng(2))
    assert not any(said)


@pytest.mark.parametrize(("ratio", "least", "most"), [(0, 1, 1), (1e-4, 0.93, 1), (3e-4, 0, 0.01), (1e-3, 0, 0)])
def test_what_is_cleared_in_five_seconds(ratio, least, most):
    random = np.random.default_rng(3)
    cleared = []
    for _ in range(200):
        monitor = ErrorRatioMonitor()
        said, state = run(monitor, 3e-3, 4.5, random)
        assert said[-1]
        said, _ = run(monitor, ratio, 5, random, state)
        cleared.append(not said[-1])
    assert least <= np.mean(cleared) <= most


def test_the_size_of_portions_hardly_matters():
    for portion in (8, 800, 8000, WINDOW):
        said, _ = run(ErrorRatioMonitor(), 2e-3, 8, np.random.default_rng(4), portion=portion)
        assert said[-1]


def test_another_signal_is_looked_at_anew():
    monitor = ErrorRatioMonitor()
    _, state = run(monitor, 1e-2, 5, np.random.default_rng(5))
    monitor.restart()
    assert not monitor.excessive
    said, _ = run(monitor, 0, 5, np.random.default_rng(5), state)
    assert not any(said)


def test_false_alignments_in_noise_say_nothing_of_the_signal():
    """62 a second, of a few frames each, that end with three errored signals."""
    monitor, frames, errors = ErrorRatioMonitor(), 0, 0
    for losses in range(1, 62 * 10):
        frames, errors = frames + 8, errors + 3
        monitor.update(frames, errors, losses)
    for _ in range(5 * SECOND // 160):
        frames += 160
        monitor.update(frames, errors, losses)
        assert not monitor.excessive


def test_alignment_that_is_lost_now_and_then_is_no_excuse():
    """At 2e-2 three signals in a row are errored nine times a second."""
    monitor, frames, errors, random = ErrorRatioMonitor(), 0, 0, np.random.default_rng(6)
    for losses in range(1, 9 * 6):
        for _ in range(5):
            frames, errors = frames + 160, errors + errored(2e-2, 160, random)
            monitor.update(frames, errors, losses)
    assert monitor.excessive
