from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.g711 import Law, encode
from tandem.codecs.tones import sine
from tandem.gateway.media.jitter import JitterBuffers
from tandem.gateway.media.matrix import Matrix
from tandem.gateway.media.modem import FOLLOWED, HITS, TURNS, ModemListener

pytestmark = pytest.mark.usefixtures("media_loops")

LEGS = 7


class Bench:
    def __init__(self) -> None:
        self.matrix, self.jitter = Matrix(LEGS, 32), JitterBuffers(LEGS)
        for leg in range(LEGS):
            self.jitter.open(leg, "A", 0xD5)
        self.listener = ModemListener(self.matrix, self.jitter)
        for leg in range(LEGS):
            self.listener.open(leg)

    def play(self, place: int, frequency: int, milliseconds: int, law: Law = Law.A) -> None:
        """What endpoint `place` receives."""
        octets = encode(sine(frequency, -10, 8 * milliseconds, law=law), law).reshape(-1, 160)
        for block in octets:
            self.matrix.rows[self.matrix.row(place)] = block
            self.listener.listen()
        self.matrix.rows[self.matrix.row(place)] = 0xD5

    @property
    def held(self) -> list[int]:
        return [leg for leg in range(LEGS) if self.jitter.held(leg)]


def test_a_tone_from_the_peer_holds_its_leg() -> None:
    bench = Bench()
    bench.play(3, 2100, 20 * TURNS * HITS)
    assert bench.held == [3]
    assert bench.listener.tone.tolist() == [0, 0, 0, 2100, 0, 0, 0]


def test_a_tone_from_the_circuit_holds_the_leg_that_hears_it() -> None:
    bench = Bench()
    bench.matrix.set_source(6, LEGS + 5)
    bench.play(LEGS + 5, 1100, 500)
    assert bench.held == [6]
    assert bench.listener.tone[6] == 1100


def test_the_law_of_each_row_counts() -> None:
    bench = Bench()
    bench.matrix.set_law(2, "u")
    bench.play(2, 2100, 400, Law.MU)
    assert bench.held == [2]


def test_reversals_are_followed_wherever_the_tone_comes_from() -> None:
    for place, source in ((3, None), (LEGS + 5, LEGS + 5)):
        bench = Bench()
        if source is not None:
            bench.matrix.set_source(3, source)
        told = []
        turned = encode(sine(2100, -10, 12_800) * np.where(np.arange(12_800) // 3600 % 2, -1, 1), Law.A)
        for number, block in enumerate(turned.reshape(-1, 160)):
            bench.matrix.rows[bench.matrix.row(place)] = block
            bench.listener.listen()
            told += [(number, leg) for leg in bench.listener.turning]
        ((number, leg),) = told
        assert leg == 3
        assert 900 <= 20 * number < 1000, "after the second reversal"
        assert bench.listener.answer.reversing.tolist() == [leg == 3 for leg in range(LEGS)]
        bench.listener.open(3)
        assert not bench.listener.answer.reversing.any()
        bench.play(place, 2100, 200)
        assert not bench.listener.turning


def test_a_tone_is_followed_for_a_while_only() -> None:
    bench = Bench()
    bench.play(3, 2100, 20 * (FOLLOWED + TURNS * HITS))
    assert not bench.listener._followed
    bench.play(1, 2100, 400)
    assert set(bench.listener._followed) == {1}
    bench.listener.close(1)
    assert not bench.listener._followed


def test_a_short_tone_and_one_that_was_heard_before_the_call_are_nothing() -> None:
    bench = Bench()
    bench.play(3, 2100, 20 * TURNS * (HITS - 1))
    bench.play(3, 425, 20 * TURNS)
    bench.play(3, 2100, 20 * TURNS * (HITS - 1))
    bench.listener.close(3)
    bench.play(3, 2100, 400)
    bench.listener.open(3)
    bench.play(3, 2100, 20 * TURNS)
    assert bench.held == []
    assert not np.any(bench.listener.tone)
