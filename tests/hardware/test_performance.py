from __future__ import annotations

import pytest

from tandem.hardware.alarms import Alarm
from tandem.hardware.performance import INTERVAL, LinePerformance, PerformanceMonitor

NONE = frozenset()


def played(text):
    """Seconds: `.` good, `e` errored, `S` severely errored."""
    monitor = PerformanceMonitor()
    for kind in text:
        monitor.second(errored=kind == "e", severe=kind == "S", blocks={"e": 3, "S": 400}.get(kind, 0))
    total = monitor.total
    return total.es, total.ses, total.uas, total.bbe


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ("....", (0, 0, 0, 0)),
        ("..e.S", (2, 1, 0, 3)),
        ("S" * 9, (9, 9, 0, 0)),
        ("S" * 9 + "." + "S" * 9, (18, 18, 0, 0)),
        ("S" * 10, (0, 0, 10, 0)),
        ("e" + "S" * 12, (1, 0, 12, 3)),
        ("S" * 10 + "." * 9, (0, 0, 19, 0)),
        ("S" * 10 + "." * 10, (0, 0, 10, 0)),
        ("S" * 10 + "e" * 10, (10, 0, 10, 30)),
        ("S" * 10 + "." * 9 + "S" + "." * 10, (0, 0, 20, 0)),
        ("S" * 10 + "." * 10 + "S" * 9 + "e", (10, 9, 10, 3)),
    ],
)
def test_availability_is_decided_after_ten_seconds(seconds, told):
    assert played(seconds) == told


def test_intervals_are_kept_and_unavailable_time_is_taken_back_across_their_border():
    monitor = PerformanceMonitor()
    for second in range(INTERVAL + 10):
        monitor.second(errored=False, severe=INTERVAL - 5 <= second < INTERVAL + 5)
    assert [(interval.seconds, interval.ses, interval.uas) for interval in (monitor.past[0], monitor.current)] == [
        (INTERVAL, 0, 5),
        (10, 0, 10),
    ]
    for _ in range(5):
        monitor.second(errored=False, severe=False)
    assert monitor.available
    assert (monitor.current.uas, monitor.total.uas) == (5, 10)
    counters = monitor.counters("far_")
    assert counters["far_unavailable_seconds"] == 10
    assert counters["far_unavailable_seconds_15min"] == counters["far_unavailable_seconds_last_15min"] == 5


def test_a_day_is_kept():
    monitor = PerformanceMonitor()
    for _ in range(98 * INTERVAL + 1):
        monitor.second(errored=False, severe=False)
    assert len(monitor.past) == 96


E1 = {"crc4_errors": 0, "fas_errors": 0, "far_end_errors": 0, "alignment_losses": 0, "frames_unaligned": 0}
T1 = {"crc6_errors": 0, "framing_errors": 0, "alignment_losses": 0, "frames_unaligned": 0}
BASIC = {"fas_errors": 0, "alignment_losses": 0, "frames_without_signal": 0}
WIRE = {"packets_in": 1000, "packets_lost": 0, "frames_without_signal": 0}


@pytest.mark.parametrize(
    ("start", "grown", "defects", "near", "far"),
    [
        (E1, {}, NONE, (0, 0), (0, 0)),
        (E1, {"crc4_errors": 1}, NONE, (1, 0), (0, 0)),
        (E1, {"crc4_errors": 299}, NONE, (1, 0), (0, 0)),
        (E1, {"crc4_errors": 300}, NONE, (1, 1), (0, 0)),
        (E1, {"fas_errors": 1}, NONE, (1, 0), (0, 0)),
        (E1, {"alignment_losses": 1}, NONE, (1, 1), (0, 0)),
        (E1, {"frames_unaligned": 8}, NONE, (1, 1), (0, 0)),
        (E1, {}, frozenset({Alarm.LOS}), (1, 1), (0, 0)),
        (E1, {}, frozenset({Alarm.AIS}), (1, 1), (0, 0)),
        (E1, {}, frozenset({Alarm.LFA}), (1, 1), (0, 0)),
        (E1, {}, frozenset({Alarm.RAI}), (0, 0), (1, 1)),
        (E1, {"far_end_errors": 1}, NONE, (0, 0), (1, 0)),
        (E1, {"far_end_errors": 300}, NONE, (0, 0), (1, 1)),
        (T1, {"crc6_errors": 99}, NONE, (1, 0), (0, 0)),
        (T1, {"crc6_errors": 100}, NONE, (1, 1), (0, 0)),
        (T1, {"framing_errors": 1}, NONE, (1, 0), (0, 0)),
        (BASIC, {"fas_errors": 1000}, NONE, (1, 0), (0, 0)),
        (WIRE, {"packets_in": 999, "packets_lost": 1}, NONE, (1, 0), (0, 0)),
        (WIRE, {"packets_in": 700, "packets_lost": 300}, NONE, (1, 1), (0, 0)),
        (WIRE, {"packets_in": 701, "packets_lost": 299}, NONE, (1, 0), (0, 0)),
    ],
)
def test_what_makes_a_second_errored(start, grown, defects, near, far):
    line = LinePerformance()
    line.second(start, NONE)
    line.second({name: value + grown.get(name, 0) for name, value in start.items()}, defects)
    assert (line.near.total.es, line.near.total.ses) == near
    assert (line.far.total.es, line.far.total.ses) == far
