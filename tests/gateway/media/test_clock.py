from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.media import clock

TICKERS = pytest.mark.parametrize("kind", [clock.IN_PYTHON, clock.Ticker], ids=["python", "as installed"])


@TICKERS
def test_periods_begin_in_order_and_do_not_drift(kind: type[clock.Ticker]) -> None:
    ticker = kind(10.0, 0.02, 0.1)
    assert not ticker.begin(9.999)
    begun = [now for now in (10.0, 10.001, 10.02, 10.0399, 10.047) if ticker.begin(now)]
    assert begun == [10.0, 10.02, 10.047]
    assert ticker.due == pytest.approx(10.06)
    assert ticker.take_worst_late() == pytest.approx(0.007)
    assert ticker.take_worst_late() == 0.0


@TICKERS
def test_a_short_stall_is_caught_up(kind: type[clock.Ticker]) -> None:
    ticker = kind(0.0, 0.02, 0.1)
    begun = 0
    while ticker.begin(0.0801):
        begun += 1
    assert (begun, ticker.count, ticker.skipped) == (5, 5, 0)


@TICKERS
def test_a_long_stall_is_given_up_but_counted(kind: type[clock.Ticker]) -> None:
    ticker = kind(0.0, 0.02, 0.1)
    begun = 0
    while ticker.begin(1.0001):
        begun += 1
    assert begun == 1
    assert ticker.skipped == 50
    assert ticker.count == 51
    assert ticker.due == pytest.approx(1.02)


@TICKERS
def test_what_is_waited_on_purpose_is_not_late(kind: type[clock.Ticker]) -> None:
    ticker = kind(0.0, 0.001, 0.1)
    ticker.slack = 0.004
    assert ticker.begin(0.004)
    assert ticker.take_worst_late() == 0.0
    assert ticker.begin(0.008)
    assert ticker.take_worst_late() == pytest.approx(0.003)


@given(
    st.tuples(st.floats(-1e6, 1e6), st.sampled_from([0.001, 0.005, 0.02, 1.0]), st.floats(0, 1), st.floats(0, 0.01)),
    st.lists(st.floats(-0.01, 0.3) | st.just(0.0), max_size=30),
)
def test_both_kinds_begin_the_same_periods(how: tuple[float, float, float, float], steps: list[float]) -> None:
    start, period, most, slack = how
    python, installed = clock.IN_PYTHON(start, period, most), clock.Ticker(start, period, most)
    now, python.slack, installed.slack = start, slack, slack
    for step in steps:
        now = python.due if step == 0.0 else now + step
        while begun := python.begin(now):
            assert installed.begin(now)
        assert installed.begin(now) == begun
        for name in ("due", "count", "skipped", "worst_late", "period"):
            assert getattr(python, name) == getattr(installed, name)
    assert python.take_worst_late() == installed.take_worst_late()
