"""Short episodes of every state machine, always the same ones."""

import random

import pytest
from fuzz.fuzz_machines import TARGETS, Target, fuzz, play


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("episode", range(3))
def test_nothing_breaks_grows_or_gets_stuck(target, episode):
    assert play(target, episode, 600) in (100, 300, 600)


class Machine:
    """One that fails in the way that a test wants."""

    def __init__(self, fail=None):
        self.machine = self
        self.kept = []
        self.fail = fail

    def step(self):
        self.kept.append(0)
        if self.fail is not None and len(self.kept) == 50:
            raise self.fail


Machine.__module__ = "tandem.fuzzed"


def test_exception_is_found():
    with pytest.raises(AssertionError, match=r"broken: episode .*, input 50 of .*IndexError: no"):
        fuzz([Target("broken", lambda source: Machine(IndexError("no")))], 5, random.Random(1))


def test_growing_table_is_found():
    with pytest.raises(AssertionError, match=r"Machine\.kept has .00 entries"):
        play(Target("leaky", lambda source: Machine(), limit=90), 2, 200)


def test_what_is_left_is_found():
    def recover(episode):
        assert not episode.kept, "left"

    with pytest.raises(AssertionError, match=r"stuck: .*left"):
        play(Target("stuck", lambda source: Machine(), recover), 1)


def test_number_of_inputs():
    ((inputs, episodes),) = fuzz([Target("plain", lambda source: Machine())], 5, random.Random(1), 500).values()
    assert inputs == 500
    assert episodes >= 1
