"""Overload control."""

import pytest

from tandem.gateway.sip.overload import Overload

CALLS = [f"call-{number}@192.0.2.1" for number in range(2000)]


def late(overload, seconds, samples):
    return [text for _ in range(samples) if (text := overload.sample(seconds)) is not None]


def refused(overload):
    return {call for call in CALLS if overload.refusal(call) is not None}


def test_nothing_is_refused_in_time():
    overload = Overload(0.5)
    assert late(overload, 0.4, 1000) == []
    assert refused(overload) == set()


def test_one_stall_is_no_overload():
    overload = Overload(0.5)
    late(overload, 0.0, 10)
    assert late(overload, 60.0, 1) == []
    assert late(overload, 0.0, 50) == []


def test_the_later_it_is_the_more_calls_are_refused_and_some_pass():
    overload = Overload(0.5)
    (text,) = late(overload, 0.6, 100)
    assert text == "overload: the process is 519 ms late, part of the new SIP calls get 503"
    some = refused(overload)
    assert 0 < len(some) < 500
    late(overload, 1.0, 100)
    more = refused(overload)
    assert some < more, "who was refused is refused again"
    late(overload, 5.0, 100)
    assert 1800 < len(refused(overload)) < len(CALLS)


def test_it_ends_and_is_told_once():
    overload = Overload(0.5)
    late(overload, 2.0, 30)
    count = len(refused(overload))
    assert late(overload, 0.3, 1000) == [], "not before it is below half of the bound"
    assert refused(overload) == set()
    (text,) = late(overload, 0.0, 1000)
    assert text == f"overload is over, {count} INVITEs got 503"


def test_it_can_be_off():
    overload = Overload(0.0)
    assert late(overload, 60.0, 100) == []
    assert refused(overload) == set()


def test_who_is_refused_comes_back_at_different_times():
    overload = Overload(0.1)
    late(overload, 1.0, 1000)
    assert {overload.refusal(call) for call in CALLS} == {None, 1, 2, 3, 4, 5}


@pytest.mark.parametrize("capacity", [0.3, 0.8])
def test_the_load_settles_at_what_can_be_done(capacity):
    """A process that falls behind by what is too much, and catches up by what is left over."""
    overload, behind, shares = Overload(0.5), 0.0, []
    for _ in range(3000):
        behind = min(20.0, max(0.0, behind + 0.1 * ((1 - overload.share) / capacity - 1)))
        overload.sample(behind)
        shares.append(1 - overload.share)
    assert behind < 2.5
    passed = sum(shares[1000:]) / len(shares[1000:])
    assert passed == pytest.approx(capacity, abs=0.03)
