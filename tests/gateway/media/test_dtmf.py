from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.g711 import SILENCE, Law
from tandem.codecs.tones import dtmf_octets
from tandem.gateway.media.dtmf import DigitListener
from tandem.gateway.media.matrix import Matrix

LEGS = 20


class Bench:
    def __init__(self) -> None:
        self.matrix = Matrix(LEGS, 32)
        self.listener = DigitListener(self.matrix)
        self.began: list[tuple[int, int]] = []
        self.ended: list[tuple[int, int, int]] = []

    def hear(self, speech: dict[int, str], milliseconds: int = 80) -> None:
        """Let each endpoint receive digits, with pauses as long as they are."""
        octets = {}
        for place, digits in speech.items():
            law = Law(self.matrix.law(place))
            pause = np.full(milliseconds * 8, SILENCE[law], np.uint8)
            octets[place] = np.concatenate([np.r_[dtmf_octets(digit, law, milliseconds), pause] for digit in digits])
        for tick in range(max(len(one) for one in octets.values()) // 160):
            for place, one in octets.items():
                self.matrix.rows[self.matrix.row(place)] = one[160 * tick : 160 * tick + 160]
            for place, event in self.listener.listen():
                if event.ended:
                    self.ended.append((place, event.code, event.duration // 8))
                else:
                    self.began.append((place, event.code))

    def digits(self, place: int) -> list[int]:
        return [code for found, code, _ in self.ended if found == place]


def test_digits_of_many_endpoints_of_both_laws() -> None:
    bench = Bench()
    for place in range(LEGS):
        bench.matrix.set_law(place, "uA"[place % 2])
        bench.listener.start(place)
    bench.listener.start(LEGS + 5)
    bench.hear({place: "159"[place % 3] + "2#" for place in (*range(LEGS), LEGS + 5)})
    for place in (*range(LEGS), LEGS + 5):
        assert bench.digits(place) == [(1, 5, 9)[place % 3], 2, 11]
    assert sorted(bench.began) == sorted((place, code) for place, code, _ in bench.ended)
    assert {duration for *_, duration in bench.ended} <= set(range(72, 89))


def test_only_where_it_was_asked_for() -> None:
    bench = Bench()
    bench.listener.start(3)
    assert 3 in bench.listener
    bench.hear({3: "1", 4: "2"})
    bench.listener.stop(3)
    assert 3 not in bench.listener
    bench.hear({3: "1", 4: "2"})
    bench.listener.stop(3)
    assert bench.digits(3) == [1]
    assert not bench.digits(4)
    assert not bench.listener.listen()


@pytest.mark.parametrize("how", ["stop", "law"])
def test_a_digit_in_progress_ends_with_its_endpoint(how: str) -> None:
    bench = Bench()
    bench.listener.start(3)
    for tick in range(4):
        tone = dtmf_octets("7", Law.A, 100)[160 * tick :][:160]
        bench.matrix.rows[bench.matrix.row(3)] = tone
        heard = bench.listener.listen()
        if heard:
            break
    ((_, event),) = heard
    assert not event.ended
    if how == "stop":
        bench.listener.stop(3)
    else:
        bench.matrix.set_law(3, "u")
        bench.listener.start(3)
    assert event.ended
    bench.listener.start(3)
    bench.hear({3: "5"})
    assert bench.digits(3) == [5]


@pytest.mark.parametrize("others", [0, 1, 12])
def test_who_is_listened_to_next_hears_nothing_of_the_one_before(others: int) -> None:
    """Neither of a digit in progress, nor of what came before, whether or not somebody else was there all the time."""
    bench = Bench()
    octets = dtmf_octets("5", Law.A, 80)
    for place in (3, *range(4, 4 + others)):
        bench.listener.start(place)
    for start in range(0, 640, 160):
        bench.matrix.rows[bench.matrix.row(3)] = octets[start : start + 160]
        heard = bench.listener.listen()
    assert heard or bench.listener._digits
    bench.listener.stop(3)
    for place in range(4, 4 + others):
        bench.listener.stop(place)
    bench.matrix.rows[bench.matrix.row(3)] = SILENCE[Law.A]
    assert bench.listener.listen() == []
    bench.listener.start(19)
    bench.hear({19: "7"})
    assert bench.ended == [(19, 7, bench.ended[0][2])]
    assert bench.began == [(19, 7)]
