"""Routing test of Japan, its timing and what is told."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.configuration import Timers
from tandem.ss7.mtp3.messages import ROUTE_TEST_PATTERN
from tandem.ss7.mtp3.route_testing import RouteTests
from tandem.ss7.mtp3.timers import Timer


class Bench:
    """One set of tests, what it sent and told."""

    def __init__(self):
        self.sent, self.told, self.table = [], [], TimerTable()
        self.tests = RouteTests(
            Timers(test_t1=6.0, test_t2=60.0), self.table, self.sent.append, lambda *what: self.told.append(what)
        )

    def run(self, until):
        while (due := self.table.next_deadline()) is not None and due <= until:
            for timer, dpc in self.table.expired(due):
                self.tests.timer(timer, dpc, due)


@pytest.fixture
def bench():
    it = Bench()
    it.tests.begin(7, 0.0)
    it.tests.begin(7, 0.0)
    assert it.sent == [7]
    return it


def test_good_route_is_tested_again(bench):
    assert bench.tests.acknowledged(7, ROUTE_TEST_PATTERN, 1.0)
    assert bench.told == [(7, True)]
    bench.run(61.0)
    assert bench.sent == [7, 7]
    assert bench.tests.acknowledged(7, ROUTE_TEST_PATTERN, 62.0)
    assert bench.told == [(7, True)], "told once"


def test_silence_is_tried_once_more_then_told_and_tried_later(bench):
    bench.run(6.0)
    assert (bench.sent, bench.told) == ([7, 7], [])
    bench.run(12.0)
    assert (bench.sent, bench.told) == ([7, 7], [(7, False)])
    bench.run(72.0)
    assert bench.sent == [7, 7, 7]
    bench.run(90.0)
    assert bench.told == [(7, False)], "told once"
    bench.run(144.0)
    assert bench.tests.acknowledged(7, ROUTE_TEST_PATTERN, 145.0)
    assert bench.told == [(7, False), (7, True)]


def test_wrong_pattern(bench):
    assert not bench.tests.acknowledged(7, b"xx", 1.0)
    assert bench.sent == [7, 7]
    assert not bench.tests.acknowledged(8, ROUTE_TEST_PATTERN, 1.0)


def test_end_stops_everything(bench):
    bench.run(12.0)
    assert bench.table.deadline((Timer.ROUTE_TEST_T2, 7)) == 72.0
    bench.tests.end(7, 20.0)
    bench.tests.end(7, 20.0)
    assert bench.table.next_deadline() is None
    assert not bench.tests.acknowledged(7, ROUTE_TEST_PATTERN, 21.0)
