"""Alarms are raised once, with their severity, and cleared."""

import pytest
from support.web_bench import WebBench

from tandem.gateway.media.protocol import MediaReport, SpanChanged
from tandem.gateway.web.alarms import START_SECONDS


@pytest.fixture
def bench():
    bench = WebBench().up()
    bench.run(START_SECONDS)
    assert bench.look() == []
    return bench


def span(bench, *alarms):
    bench.nodes["A"].media_events([SpanChanged("e1", list(alarms))], bench.now)


@pytest.mark.parametrize(
    ("alarms", "severity", "level"),
    [
        (["LOS"], "critical", "error"),
        (["AIS"], "critical", "error"),
        (["LFA"], "critical", "error"),
        (["EBER"], "critical", "error"),
        (["RAI"], "major", "error"),
        (["LMFA"], "minor", "warning"),
        (["LFA", "RAI"], "critical", "error"),
    ],
)
def test_alarms_of_a_span(bench, alarms, severity, level):
    span(bench, *alarms)
    assert bench.look()[0] == f"{level} alarm span e1: {severity}: {' '.join(alarms)}"
    assert bench.look() == []
    span(bench)
    bench.run(1)
    assert f"info alarm span e1: cleared: {' '.join(alarms)}" in bench.look()
    assert "span e1" not in bench.alarms.active
    over = bench.alarms.cleared[-1]
    assert over.severity == severity
    assert over.cleared == pytest.approx(over.raised + 1)


def test_an_alarm_that_becomes_graver_is_told_again(bench):
    span(bench, "RAI")
    bench.look()
    span(bench, "LOS")
    assert bench.look() == ["error alarm span e1: critical: LOS"]


def test_a_linkset_without_a_link_is_one_alarm_not_three(bench):
    bench.cut = True
    bench.run(30)
    lines = bench.look()
    assert [line for line in lines if "link" in line] == ["error alarm linkset peer: critical: no link carries traffic"]
    bench.cut = False
    bench.run(60)
    assert "info alarm linkset peer: cleared: no link carries traffic" in bench.look()


def test_records_that_cannot_be_written_are_critical(bench):
    bench.alarms.records_error = "No space left on device"
    assert bench.look() == ["error alarm records: critical: No space left on device"]
    bench.alarms.records_error = None
    assert bench.look() == ["info alarm records: cleared: No space left on device"]


def test_late_speech_is_a_warning(bench):
    bench.nodes["A"].media_events([MediaReport(50, 12.0, 0.1, {})], bench.now)
    assert bench.look() == ["warning alarm media: warning: speech is late: this machine is too busy"]


def test_nothing_is_wrong_while_links_are_aligned_at_the_start():
    bench = WebBench()
    assert bench.look() == []
