from __future__ import annotations

import numpy as np
import pytest

from tandem.hardware.alarms import Alarm
from tandem.hardware.framed import FramedTermination

SPEECH = np.random.default_rng(9).integers(0, 256, (40, 32), dtype=np.uint8)


def test_frames_pass_as_they_are():
    line = FramedTermination()
    assert (line.receive(line.transmit(SPEECH), 1.0) == SPEECH).all()
    assert line.counters() == {"frames_in": 40, "frames_out": 40, "frames_without_signal": 0}


def test_a_new_line_has_los_until_frames_come():
    line = FramedTermination()
    assert line.alarms == {Alarm.LOS}
    line.receive(SPEECH.tobytes(), 1.0)
    assert line.alarms == frozenset()


def test_silence_is_los_with_ones_at_the_rate_of_the_line():
    line = FramedTermination()
    line.receive(SPEECH.tobytes(), 1.0)
    assert len(line.receive(b"", 1.45)) == 0
    assert line.alarms == frozenset()
    line.receive(b"", 1.51)
    assert line.alarms == {Alarm.LOS}
    ones = line.receive(b"", 1.6101)
    assert ones.shape == (800, 32)
    assert (ones == 0xFF).all()


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ({Alarm.RAI}, {Alarm.RAI}),
        ({Alarm.AIS, Alarm.RAI}, {Alarm.AIS}),
        ({Alarm.LOS, Alarm.LFA, Alarm.AIS}, {Alarm.LOS}),
        (set(), set()),
    ],
)
def test_alarms_are_those_that_the_device_tells(told, seen):
    line = FramedTermination()
    line.tell(frozenset(told), "of the card")
    line.receive(SPEECH.tobytes(), 1.0)
    assert line.alarms == seen
    assert line.detail == "of the card"
