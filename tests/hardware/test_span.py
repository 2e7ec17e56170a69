"""The contract, kept by every kind of span that needs no card."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from support.e1 import speech
from support.spans import SpanPair

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.cesopsn import CesopsnCounts
from tandem.hardware.span import Framing, LineFormat, counts_by_name, is_level

E1 = LineFormat()
ESF = LineFormat(Framing.ESF)
SF = LineFormat(Framing.SF)
KINDS = [
    ("virtual", "", E1),
    ("satop", "", E1),
    ("virtual", "", ESF),
    ("virtual", "", SF),
    ("satop", "", ESF),
    ("satop", "", SF),
    ("satop", ",aligned=yes", ESF),
    ("satop", ",aligned=yes,frames=5", SF),
    ("satop", ",octets=1000", ESF),
]


@pytest.mark.parametrize(
    ("counter", "level"),
    [("slips", False), ("packets_lost", False), ("reorder_depth", True), ("errored_seconds_last_15min", True)],
)
def test_counters_that_may_fall_are_known(counter, level):
    assert is_level(counter) is level


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}{kind[1]}-{kind[2].framing.value}")
def pair(request):
    kind, options, line = request.param
    pair = SpanPair(kind, options, line=line)
    yield pair
    pair.close()


def test_a_new_span_has_los_until_frames_come(pair):
    assert pair.spans[0].alarms() == {Alarm.LOS}
    pair.run(0.05)
    assert pair.spans[0].alarms() == {Alarm.LOS}
    pair.run(0.2)
    assert [span.alarms() for span in pair.spans] == [set(), set()]


def test_los_gives_way_to_no_other_alarm_at_the_start(pair):
    seen = set()
    for _ in range(300):
        pair.step()
        seen |= {span.alarms() for span in pair.spans}
    assert seen == {frozenset({Alarm.LOS}), frozenset()}


def test_frames_pass_bit_exact_both_ways(pair):
    pair.run(0.3)
    for received in pair.received:
        received.clear()
    frames = [speech(800, seed) for seed in (1, 2)]
    for start in range(0, 800, 8):
        pair.step((frames[0][start : start + 8], frames[1][start : start + 8]))
    for _ in range(20):  # what is less than a packet waits
        pair.step()
    slots = slice(1, 1 + pair.line.framing.timeslots)
    for received, sent in zip(pair.received, frames[::-1], strict=True):
        got = np.concatenate(received)[:, slots]
        first = int(np.flatnonzero((got == sent[0, slots]).all(axis=1))[0])
        assert (got[first : first + 800] == sent[:, slots]).all()
    for span in pair.spans:
        errors = {name: count for name, count in span.counters().items() if name.endswith(("errors", "losses"))}
        errors.pop("far_end_errors", None)  # until both ends were aligned
        assert len(errors) >= 3
        assert not any(errors.values())


def test_silence_is_los_here_and_rai_there_and_clears(pair):
    pair.run(0.3)
    pair.run(0.5, silent=1)
    assert pair.spans[0].alarms() == {Alarm.LOS}
    assert pair.spans[1].alarms() == {Alarm.RAI}
    pair.run(0.3)
    assert [span.alarms() for span in pair.spans] == [set(), set()]


def test_without_signal_ones_come_at_the_rate_of_the_line(pair):
    pair.run(0.3)
    pair.run(0.2, silent=1)
    pair.received[0].clear()
    pair.run(0.5, silent=1)
    frames = np.concatenate(pair.received[0])
    assert (frames == 0xFF).all()
    assert abs(len(frames) - 4000) <= 40


def test_write_wants_whole_quanta(pair):
    with pytest.raises(SpanError, match="multiple of 8"):
        pair.spans[0].write(np.zeros((5, 32), np.uint8), 0.0)
    pair.spans[0].write(np.zeros((24, 32), np.uint8), 0.0)
    assert pair.spans[0].counters()["frames_out"] == 24


@pytest.mark.parametrize("kind", ["virtual", "satop"])
def test_line_without_crc(kind):
    other = SpanPair(kind, line=LineFormat(Framing.BASIC))
    other.run(0.3)
    assert [span.alarms() for span in other.spans] == [set(), set()]
    other.close()


def test_counts_by_name_are_all_of_them():
    counts = CesopsnCounts(packets_in=3, packets_far_remote_defect=2)
    assert counts_by_name(counts) == asdict(counts)
    assert list(counts_by_name(counts)) == list(asdict(counts))
