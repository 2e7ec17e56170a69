"""Late ticks of the media process: each noted, a warning a minute with the worst since the last."""

from tandem.gateway.lateness import Lateness


def told(lateness, late, now):
    return [(line.level, line.text) for line in lateness.report(late, now)]


def test_a_tick_in_time_is_not_worth_a_word():
    assert told(Lateness(), 9.9, 0.0) == []


def test_a_warning_a_minute_with_the_worst():
    lateness = Lateness()
    busy = "this machine is too busy for even speech"
    assert told(lateness, 12.4, 5.0) == [
        ("debug", "a tick was 12 ms late"),
        ("warning", f"a tick was 12 ms late: {busy}"),
    ]
    assert told(lateness, 40.0, 6.0) == [("debug", "a tick was 40 ms late")]
    assert told(lateness, 15.0, 64.9) == [("debug", "a tick was 15 ms late")]
    assert told(lateness, 11.0, 65.0)[1] == ("warning", f"a tick was 40 ms late: {busy}")
    assert told(lateness, 11.0, 125.0)[1] == ("warning", f"a tick was 11 ms late: {busy}")
