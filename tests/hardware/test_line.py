from __future__ import annotations

import numpy as np
from support.e1 import speech

from tandem.hardware.alarms import Alarm
from tandem.hardware.line import E1Line


def test_remote_alarm_is_sent_until_the_line_is_aligned():
    near, far = E1Line(), E1Line()
    octets = near.transmit(speech(160))
    assert all(octet & 0x20 for octet in octets[32::64])
    near.receive(far.transmit(speech(160)), 0.0)
    octets = near.transmit(speech(160))
    assert not any(octet & 0x20 for octet in octets[32::64])


def test_defects_come_at_once_alarms_after_a_while():
    near, far = E1Line(), E1Line()
    far.receive(near.transmit(speech(160)), 0.0)
    for step in range(10):
        near.receive(far.transmit(speech(160)), step / 50)
    assert near.alarms == near.defects == set()
    near.receive(b"\xff" * 5120, 0.22)
    assert Alarm.AIS in near.defects
    assert near.alarms == set()
    near.receive(b"\xff" * 5120, 0.33)
    assert near.alarms == {Alarm.AIS}


def test_a_stalled_reader_does_not_get_a_flood_of_ones():
    line = E1Line()
    line.receive(b"", 0.0)
    assert len(line.receive(b"", 0.02)) == 160
    assert len(line.receive(b"", 5.0)) == 800
    assert (line.receive(b"", 5.02) == 0xFF).all()


def test_ones_come_at_the_rate_of_the_line_whatever_the_reading():
    line, total, now = E1Line(), 0, 100.0
    line.receive(b"", now)
    for step in np.random.default_rng(1).uniform(0.0001, 0.003, 500):
        now += step
        total += len(line.receive(b"", now))
    assert abs(total - (now - 100.0) * 8000) <= 1
