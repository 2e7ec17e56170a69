"""Log lines."""

import io
import json

import pytest

from tandem.gateway.log import Line, Logger

LINE = Line("info", "=", "link to-b/0", "in service")


def written(line, level="info", form="text"):
    stream = io.StringIO()
    Logger(level, form, stream).write(line, 1_700_000_000.25)
    return stream.getvalue()


def test_text():
    assert written(LINE) == "2023-11-14T22:13:20.250Z info    = link to-b/0: in service\n"


def test_json():
    line = written(Line("warning", "!", "span e1", 'LOS "now"'), form="json")
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250000Z",
        "level": "warning",
        "shape": "!",
        "subject": "span e1",
        "text": 'LOS "now"',
    }
    assert line.count("\n") == 1


def test_programs_see_the_order_of_lines_within_a_millisecond():
    stream = io.StringIO()
    logger = Logger("info", "json", stream)
    for seconds in (1_700_000_000.0247, 1_700_000_000.0249, 1_700_000_000.9999996):
        logger.write(LINE, seconds)
    times = [json.loads(line)["time"] for line in stream.getvalue().splitlines()]
    assert [time[17:] for time in times] == ["20.024700Z", "20.024900Z", "21.000000Z"]


@pytest.mark.parametrize(
    ("threshold", "levels"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_only_lines_of_at_least_the_level(threshold, levels):
    shown = [level for level in ("debug", "info", "warning", "error") if written(Line(level, "=", "x", "y"), threshold)]
    assert shown == levels


def test_messages_are_wanted_at_debug_only():
    assert Logger("debug").wants_messages
    assert not Logger("info").wants_messages


def test_a_stream_that_is_gone_stops_nobody():
    stream = io.StringIO()
    logger = Logger("info", "text", stream)
    stream.close()
    logger.write(LINE, 0.0)


def test_a_full_disk_stops_nobody():
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    Logger("info", "text", Full()).write(LINE, 0.0)


def test_standard_error_by_default(capsys):
    Logger("info").write(LINE, 0.0)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "in service" in captured.err
