from __future__ import annotations

import numpy as np
import pytest

from tandem.hardware.alarms import Alarm
from tandem.hardware.structured_line import StructuredLine


def frames(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


@pytest.mark.parametrize("timeslots", [(1, 2, 3), (16,), (1, 5, 31), tuple(range(1, 32))])
def test_timeslots_pass_and_the_others_are_ones(timeslots):
    line, sent = StructuredLine(timeslots), frames(16)
    octets = line.transmit(sent)
    assert len(octets) == 16 * line.frame_bits // 8 == 16 * len(timeslots)
    got = line.receive(octets, 0.0)
    assert (got[:, list(timeslots)] == sent[:, list(timeslots)]).all()
    others = [timeslot for timeslot in range(32) if timeslot not in timeslots]
    assert (got[:, others] == 0xFF).all()


def test_octets_in_any_portions():
    line, sent = StructuredLine((1, 2, 3)), frames(40)
    octets, got = line.transmit(sent), []
    for start in range(0, len(octets), 7):
        got.append(line.receive(octets[start : start + 7], 0.0))
    assert (np.concatenate(got)[:, 1:4] == sent[:, 1:4]).all()


@pytest.mark.parametrize(
    ("fault", "remote", "alarms"),
    [
        (False, False, set()),
        (True, False, {Alarm.AIS}),
        (False, True, {Alarm.RAI}),
        (True, True, {Alarm.AIS}),
    ],
)
def test_alarms_follow_what_the_carrier_tells(fault, remote, alarms):
    line = StructuredLine((1,))
    line.far_fault, line.far_remote_defect = fault, remote
    for step in range(300):
        line.receive(b"\xd5" * 8, step / 1000)
    assert line.alarms == alarms


def test_silence_is_loss_of_signal_and_ones():
    line = StructuredLine((1,))
    for step in range(300):
        line.receive(b"\xd5" * 8, step / 1000)
    assert line.alarms == set()
    got = [line.receive(b"", 0.3 + step / 1000) for step in range(400)]
    assert line.alarms == {Alarm.LOS}
    assert (np.concatenate(got) == 0xFF).all()
    assert line.counters()["frames_without_signal"] == pytest.approx(8 * 300, abs=16)
