"""Late ticks of the media process: each noted, the worst warned of once a minute; and speech that suffered."""

from tandem.gateway.lateness import Lateness
from tandem.gateway.media.protocol import MediaReport


def told(lateness, late, now, **counters):
    report = MediaReport(50, late, 0.1, {"e1": counters})
    return [(line.level, line.text) for line in lateness.report(report, now)]


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


def test_speech_that_suffered_is_noted_once():
    lateness = Lateness()
    assert told(lateness, 1.0, 0.0, speech_underruns=0, frames_repeated=0) == []
    assert told(lateness, 1.0, 1.0, speech_underruns=40, frames_repeated=0) == [
        ("debug", "40 frames of speech sent idle, their speech was not there in time")
    ]
    assert told(lateness, 1.0, 2.0, speech_underruns=40, frames_repeated=94) == [
        ("debug", "94 frames of speech repeated, the next had not come in time")
    ]
    assert told(lateness, 1.0, 3.0, speech_underruns=40, frames_repeated=94) == []
