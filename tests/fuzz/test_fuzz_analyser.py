"""A few mutated captures in the ways of the analyser, always the same ones."""

from random import Random

import pytest
from fuzz import fuzz_analyser
from fuzz.fuzz_analyser import TARGETS, Target, fuzz, mutated, play, ways

MADE = [target for target in TARGETS if target.name != "captures"]


@pytest.mark.parametrize("target", MADE, ids=lambda target: target.name)
def test_all_ways_find_the_same(target):
    for episode in range(4):
        play(target, episode)


def test_captures_change_and_may_be_written():
    for target in MADE:
        (capture, *_) = target.seeds()
        files = {mutated(capture, Random(seed)).file() for seed in range(20)}
        assert len(files) == 20


def test_a_difference_is_told_with_the_packets_that_show_it(monkeypatch, tmp_path):
    """A way that counts more than there is once the capture has an RLC."""

    def odd(octets, step):
        found = ways(octets, step)
        return found | {"numpy": found["numpy"].replace('"RLC":', '"RLC":1')}

    monkeypatch.setattr(fuzz_analyser, "ways", odd)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    isup = next(target for target in MADE if target.name == "isup")
    with pytest.raises(
        AssertionError, match=r'isup: episode .*: 1 packets, .*pcap: numpy, .*"RLC": 11 instead of "RLC": 1'
    ):
        fuzz([isup], 20, Random(1))
    assert len(list(tmp_path.glob("isup-*.pcap"))) == 1


def test_an_exception_is_told(monkeypatch):
    monkeypatch.setattr(fuzz_analyser, "ways", lambda octets, step: {}["no"])
    with pytest.raises(AssertionError, match="isup: episode 7: KeyError"):
        play(Target("isup", MADE[3].seeds), 7)


def test_number_of_inputs():
    assert fuzz([MADE[-1]], 20, Random(1), 3) == {"tup": 3}
