"""What both kinds of line ends do alike."""

from __future__ import annotations

import numpy as np
import pytest
from support.e1 import speech

from tandem.hardware.alarms import Alarm
from tandem.hardware.line import terminate
from tandem.hardware.span import Framing, LineFormat

FORMATS = [LineFormat(framing) for framing in Framing]


@pytest.fixture(params=FORMATS, ids=lambda line: line.framing.value)
def ends(request):
    return terminate(request.param), terminate(request.param)


def talk(near, far, seconds, start=0.0):
    for step in range(round(seconds * 50)):
        now = start + step / 50
        far.receive(near.transmit(speech(160)), now)
        near.receive(far.transmit(speech(160)), now)


def test_a_line_comes_up(ends):
    near, far = ends
    assert near.alarms == far.alarms == {Alarm.LOS}
    talk(near, far, 0.5)
    assert near.alarms == far.alarms == set()
    assert len(near.transmit(speech(160))) == 160 * near.frame_bits // 8


def test_defects_come_at_once_alarms_after_a_while(ends):
    near, far = ends
    talk(near, far, 0.5)
    near.receive(b"\xff" * 5120, 0.52)
    assert near.defects == {Alarm.AIS}
    assert near.alarms == set()
    near.receive(b"\xff" * 5120, 0.63)
    assert near.alarms == {Alarm.AIS}


def test_what_is_no_line_is_lost_alignment_and_tells_the_far_end(ends):
    near, far = ends
    talk(near, far, 0.5)
    junk = np.random.default_rng(2).integers(0, 256, 5120, dtype=np.uint8).tobytes()
    for step in range(20):
        near.receive(junk, 0.5 + step / 50)
        far.receive(near.transmit(speech(160)), 0.5 + step / 50)
    assert near.alarms == {Alarm.LFA}
    assert far.alarms == {Alarm.RAI}


def test_a_stalled_reader_does_not_get_a_flood_of_ones(ends):
    line = ends[0]
    line.receive(b"", 0.0)
    assert len(line.receive(b"", 0.02)) == 160
    assert len(line.receive(b"", 5.0)) == 800
    assert (line.receive(b"", 5.02) == 0xFF).all()
    assert line.counters()["frames_without_signal"] in range(1119, 1121)


def test_ones_come_at_the_rate_of_the_line_whatever_the_reading(ends):
    line, total, now = ends[0], 0, 100.0
    line.receive(b"", now)
    for step in np.random.default_rng(1).uniform(0.0001, 0.003, 500):
        now += step
        total += len(line.receive(b"", now))
    assert abs(total - (now - 100.0) * 8000) <= 1


def test_silence_is_loss_of_signal_after_a_tenth_of_a_second(ends):
    near, far = ends
    talk(near, far, 0.5)
    near.receive(b"", 0.55)
    assert near.defects == set()
    near.receive(b"", 0.6)
    assert near.defects == {Alarm.LOS}
