from __future__ import annotations

import pytest

from tandem.gateway.media.clock import Ticker


def test_periods_begin_in_order_and_do_not_drift() -> None:
    ticker = Ticker(10.0, 0.02, 0.1)
    assert not ticker.begin(9.999)
    begun = [now for now in (10.0, 10.001, 10.02, 10.0399, 10.047) if ticker.begin(now)]
    assert begun == [10.0, 10.02, 10.047]
    assert ticker.due == pytest.approx(10.06)
    assert ticker.take_worst_late() == pytest.approx(0.007)
    assert ticker.take_worst_late() == 0.0


def test_a_short_stall_is_caught_up() -> None:
    ticker = Ticker(0.0, 0.02, 0.1)
    begun = 0
    while ticker.begin(0.0801):
        begun += 1
    assert (begun, ticker.count, ticker.skipped) == (5, 5, 0)


def test_a_long_stall_is_given_up_but_counted() -> None:
    ticker = Ticker(0.0, 0.02, 0.1)
    begun = 0
    while ticker.begin(1.0001):
        begun += 1
    assert begun == 1
    assert ticker.skipped == 50
    assert ticker.count == 51
    assert ticker.due == pytest.approx(1.02)


def test_what_is_waited_on_purpose_is_not_late() -> None:
    ticker = Ticker(0.0, 0.001, 0.1)
    ticker.slack = 0.004
    assert ticker.begin(0.004)
    assert ticker.take_worst_late() == 0.0
    assert ticker.begin(0.008)
    assert ticker.take_worst_late() == pytest.approx(0.003)
