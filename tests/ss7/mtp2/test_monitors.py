"""Q.703 (07/96) 10 and Annex A: error rate monitors."""

import pytest

from tandem.ss7.mtp2.configuration import EimParameters, SuermParameters
from tandem.ss7.mtp2.monitors import (
    AlignmentErrorRateMonitor,
    CongestionMonitor,
    ErroredIntervalMonitor,
    SignalUnitErrorRateMonitor,
)
from tandem.ss7.mtp2.primitives import LinkCongested, LinkCongestionCeased


@pytest.mark.parametrize("threshold", [1, 4])
def test_aerm_aborts_once_at_its_threshold(threshold):
    aerm = AlignmentErrorRateMonitor(16)
    assert not aerm.count(100, 0)  # not started
    aerm.start(threshold)
    counts = [aerm.count(1, 0) for _ in range(threshold + 3)]
    assert counts == [False] * (threshold - 1) + [True] + [False] * 3
    aerm.start(threshold)
    aerm.stop()
    assert not aerm.count(100, 0)


def test_aerm_takes_sixteen_counted_octets_for_an_error():
    aerm = AlignmentErrorRateMonitor(16)
    aerm.start(4)
    assert not aerm.count(0, 63)
    assert aerm.count(0, 1)


def test_suerm_fails_at_64_errors_in_a_row():
    suerm = SignalUnitErrorRateMonitor(SuermParameters())
    suerm.start()
    assert not suerm.count(0, 63, 0)
    assert suerm.count(0, 1, 0)
    assert not suerm.count(0, 100, 0)  # has said so already


def test_suerm_forgets_an_error_every_256_units():
    suerm = SignalUnitErrorRateMonitor(SuermParameters())
    suerm.start()
    for _ in range(10_000):  # one in 256 is endured for ever
        assert not suerm.count(255, 1, 0)
    assert suerm.errors <= 1
    rounds = 0
    while not suerm.count(127, 1, 0):  # one in 128 is not: every other error stays
        rounds += 1
    assert 120 <= rounds <= 130


def test_suerm_in_octet_counting_mode():
    suerm = SignalUnitErrorRateMonitor(SuermParameters())
    suerm.start()
    # A dead line of 64 kbit/s is noticed after 64 * 16 octets, 128 ms (Q.703 10.2.1).
    assert [suerm.count(0, 0, 160) for _ in range(7)] == [False] * 6 + [True]


def test_suerm_starts_afresh():
    suerm = SignalUnitErrorRateMonitor(SuermParameters())
    suerm.start()
    suerm.count(0, 63, 15)
    suerm.start()
    assert not suerm.count(0, 63, 1)
    suerm.stop()
    assert not suerm.count(0, 63, 0)


def test_eim_endures_four_errored_intervals_and_forgets_slowly():
    eim = ErroredIntervalMonitor(EimParameters())
    eim.start()

    def interval(errored):
        eim.count(errored, 0)
        return eim.interval()

    assert [interval(1) for _ in range(5)] == [False, False, False, False, True]
    eim.start()
    for _ in range(500):  # one interval in twenty is endured: an error weighs less than 18 of the others
        assert not any(interval(errored) for errored in [3] + [0] * 19)
    eim.start()
    eim.count(0, 1)
    eim.interval()
    assert eim.level == EimParameters().increment


def test_levels_of_congestion():
    monitor = CongestionMonitor(100, 60, 3)
    told = [monitor.review(pending) for pending in (99, 100, 150, 199, 200, 170, 160, 400, 61, 60, 0)]
    assert told == [
        None,
        LinkCongested(1),
        None,
        None,
        LinkCongested(2),
        None,
        LinkCongested(1),
        LinkCongested(3),
        LinkCongested(1),
        LinkCongestionCeased(),
        None,
    ]


def test_one_level_of_congestion():
    monitor = CongestionMonitor(100, 60, 1)
    told = [monitor.review(pending) for pending in (100, 1000, 61, 60)]
    assert told == [LinkCongested(), None, None, LinkCongestionCeased()]
