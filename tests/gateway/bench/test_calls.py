"""`tandem bench calls` at its smallest."""

from tandem.gateway.bench.calls import run


def test_it_measures_complete_calls():
    result = run(rate=10, seconds=1, hold=0.1)
    assert result["offered"] == 10
    assert result["completed"] + result["failed"] == 10
    assert result["completed"] == result["records"]
    assert result["completed"] >= 8
    assert result["cpu_ms_per_call"] > 0
    assert 0 < result["post_dial_delay_ms"]["p50"] <= result["post_dial_delay_ms"]["p99"]
