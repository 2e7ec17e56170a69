from __future__ import annotations

import numpy as np
import pytest
from support.spans import spec_pair

from tandem.gateway.line_test import LineTester
from tandem.hardware.alarms import Alarm
from tandem.hardware.bert import Bert
from tandem.hardware.prbs import PATTERNS
from tandem.hardware.registry import open_span
from tandem.hardware.span import Framing, LineFormat

O151 = PATTERNS["2^15-1"]
ALL = list(range(1, 32))


def run(testers, seconds, step=0.02, start=0.0):
    for number in range(round(seconds / step)):
        for tester in testers:
            tester.step(start + number * step)


def pair(near, far, line=LineFormat(), kind="virtual", prefix="{}"):  # noqa: B008 - frozen
    one, other = spec_pair(kind)
    return LineTester(open_span(prefix.format(one), line), **near), LineTester(open_span(other, line), **far)


def close(testers):
    for tester in testers:
        tester.span.close()


@pytest.mark.parametrize("framing", Framing)
def test_sequence_from_each_end_is_found_at_the_other_without_error(framing):
    timeslots = list(range(1, framing.timeslots + 1))
    testers = pair({"bert": Bert(O151, timeslots)}, {"bert": Bert(O151, timeslots)}, LineFormat(framing))
    run(testers, 3.0)
    for tester in testers:
        assert all(receiver.synchronised for receiver in tester.bert.receivers.values())
        assert tester.bert.total().errors == tester.bert.total().sync_losses == 0
        assert tester.bert.total().bits > 2.7 * 64_000 * len(timeslots)
        assert tester.span.alarms() == set()
    close(testers)


@pytest.mark.parametrize(("framing", "seconds"), [(Framing.CRC4, 120), (Framing.ESF, 30)])
def test_minutes_of_a_line_are_without_error(framing, seconds):
    """Every bit of a timeslot, through framer and deframer both ways, by way of a loop (benchmarks.md: an hour)."""
    testers = pair({"bert": Bert(O151, [16])}, {"loopback": True}, LineFormat(framing))
    run(testers, seconds, 0.4)
    total = testers[0].bert.total()
    assert total.bits > (seconds - 3) * 64_000
    assert (total.errors, total.sync_losses) == (0, 0)
    near = testers[0].performance.near
    assert near.total.uas == 0
    assert near.total.es <= 1  # the first, in which the line came up
    assert [interval.seconds for interval in near.past] == [900] * ((seconds - 2) // 900)
    assert testers[1].slips == 0
    close(testers)


def test_errors_are_those_that_were_made():
    testers = pair({}, {"bert": Bert(O151, ALL)}, prefix="fault:ber=1e-4,span={}")
    testers[0].bert = Bert(O151, ALL)
    run(testers, 10.0)
    total = testers[1].bert.total()
    expected = total.bits * 1e-4
    assert abs(total.errors - expected) < 5 * expected**0.5
    assert total.sync_losses == 0
    performance = testers[1].bert.receivers[1].performance.total
    assert (performance.es, performance.ses) == (9, 0)
    close(testers)


def test_remote_alarm_is_sent_on_request_and_a_dead_line_is_unavailable():
    testers = pair({"remote_alarm": True}, {})
    run(testers, 2.0)
    assert testers[1].span.alarms() == {Alarm.RAI}
    assert testers[0].span.alarms() == set()
    run(testers[1:], 15.0, start=2.0)
    assert testers[1].span.alarms() == {Alarm.LOS}
    assert testers[1].performance.near.total.uas >= 10
    close(testers)


def test_a_stalled_machine_sends_at_most_a_second_at_once():
    sent = []

    class Span:
        quantum = 8

        def __init__(self):
            self.termination = type("Termination", (), {"defects": frozenset(), "remote_alarm_forced": False})()

        def read(self, now):
            return np.empty((0, 32), np.uint8)

        def write(self, frames, now):
            sent.append(len(frames))

        def counters(self):
            return {}

    tester = LineTester(Span())
    for now in (0.0, 0.0105, 0.0121, 60.0, 60.002):
        tester.step(now)
    assert sent == [80, 16, 8000, 16]
