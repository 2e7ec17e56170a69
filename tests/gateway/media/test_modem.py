from __future__ import annotations

import numpy as np

from tandem.codecs.g711 import Law, encode
from tandem.codecs.tones import sine
from tandem.gateway.media.jitter import JitterBuffers
from tandem.gateway.media.matrix import Matrix
from tandem.gateway.media.modem import HITS, TURNS, ModemListener

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
