import pytest

from tandem.gateway.sip.limits import CallRate


def test_so_many_a_second():
    rate = CallRate(5.0)
    assert [rate.take(0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert rate.wait() == 1
    assert rate.take(0.2)
    assert not rate.take(0.2)
    taken = sum(rate.take(1.0 + step / 100) for step in range(1000))
    assert 50 <= taken <= 56


def test_less_than_one_a_second():
    rate = CallRate(0.1)
    assert rate.take(0.0)
    assert not rate.take(5.0)
    assert rate.wait() == 6
    assert rate.take(11.0)


@pytest.mark.parametrize("calls", [1, 10_000])
def test_no_limit(calls):
    rate = CallRate(0)
    assert all(rate.take(0.0) for _ in range(calls))
    assert rate.wait() == 0
