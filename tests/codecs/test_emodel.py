from __future__ import annotations

import pytest

from tandem.codecs.emodel import BEST, CODECS, CONCEALED, opinion, rating


def test_the_best_there_is() -> None:
    """G.107: R = 93.2 with every parameter at its default, which is a MOS of 4.41."""
    assert rating(CODECS["PCMA"], 0) == BEST
    assert opinion(BEST) == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(("rated", "mos"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_the_table_of_annex_b(rated: float, mos: float) -> None:
    """G.107 table B.1 (recalled)."""
    assert opinion(rated) == pytest.approx(mos, abs=0.01)


def test_it_ends_at_both_ends() -> None:
    assert opinion(-5) == opinion(0) == 1.0
    assert opinion(100) == 4.5


def test_loss_is_worse_without_concealment_and_delay_counts_from_100_ms_on() -> None:
    plain, concealed = CODECS["PCMU"], CONCEALED
    assert rating(concealed, 5) > rating(plain, 5) > rating(plain, 10)
    assert rating(concealed, 0, 99) == BEST
    falling = [rating(concealed, 0, delay) for delay in (100, 150, 200, 300, 400)]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == BEST
    assert BEST - falling[-1] > 20
