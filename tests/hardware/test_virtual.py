from __future__ import annotations

import numpy as np
import pytest
from support.e1 import flipped, numbers, shifted, speech
from support.spans import SpanPair

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.registry import open_span
from tandem.hardware.virtual import virtual_line


@pytest.fixture
def pair():
    pair = SpanPair("virtual")
    pair.run(0.3)
    yield pair
    pair.close()


def line_of(pair):
    return virtual_line(pair.spans[0].spec.partition(":")[2])


def test_a_line_has_two_ends_and_its_name_is_free_again():
    one, other = open_span("virtual:x"), open_span("virtual:x")
    with pytest.raises(SpanError, match="both ends are open"):
        open_span("virtual:x")
    one.close()
    other.close()
    open_span("virtual:x").close()


def test_delay(pair):
    line_of(pair).delay = 0.0105
    for received in pair.received:
        received.clear()
    frames = speech(8)
    pair.step((frames, pair.idle))
    for _ in range(20):
        pair.step()
    first = next(step for step, received in enumerate(pair.received[1]) if len(received))
    assert first == 11
    assert numbers(pair.received[1][first]) == list(range(8))


def test_cut_is_los_at_both_ends(pair):
    line_of(pair).cut = True
    pair.run(0.4)
    assert [span.alarms() for span in pair.spans] == [{Alarm.LOS}, {Alarm.LOS}]


@pytest.mark.parametrize(
    ("octets", "alarm"),
    [(b"\xff", Alarm.AIS), (b"\x00", Alarm.LOS), (b"\x55", Alarm.LFA)],
    ids=["ones", "zeros", "junk"],
)
def test_alarms_of_what_comes_and_rai_the_other_way(pair, octets, alarm):
    line_of(pair).impair = lambda line, to: octets * len(line) if to == 1 else line
    pair.run(0.3)
    assert pair.spans[1].alarms() == {alarm}
    assert pair.spans[0].alarms() == {Alarm.RAI}
    line_of(pair).impair = None
    pair.run(0.3)
    assert [span.alarms() for span in pair.spans] == [set(), set()]


def test_lost_multiframe_is_lmfa(pair):
    line_of(pair).impair = lambda line, to: bytes(
        octet | 0x80 if place % 64 == 32 else octet for place, octet in enumerate(line)
    )
    pair.run(0.3)
    assert Alarm.LMFA in pair.spans[0].alarms()


def test_a_millisecond_of_trouble_is_no_alarm(pair):
    changes = []
    line_of(pair).impair = lambda line, to: b"\xff" * len(line)
    pair.step()
    line_of(pair).impair = None
    for _ in range(300):
        pair.step()
        changes.append([span.alarms() for span in pair.spans])
    assert changes == [[set(), set()]] * 300


def test_bit_errors_are_counted_here_and_there(pair):
    before = [span.counters() for span in pair.spans]
    for _ in range(10):
        line_of(pair).impair = lambda line, to: flipped(line, [100]) if to == 1 else line
        pair.step()
        line_of(pair).impair = None
        pair.run(0.004)
    near, far = (
        {name: count - was[name] for name, count in span.counters().items()}
        for span, was in zip(reversed(pair.spans), reversed(before), strict=True)
    )
    assert near["crc4_errors"] == 10
    assert far["far_end_errors"] == 10
    assert near["far_end_errors"] == far["crc4_errors"] == 0


def test_any_alignment_of_bits_does(pair):
    """The line towards end 1 is three bits late: its octets are no octets of a frame."""
    held = bytearray(1)

    def late(line, to):
        if to == 0:
            return line
        octets = bytes(held) + line
        held[:] = octets[-1:]
        return shifted(octets, 3)[1:]

    line_of(pair).impair = late
    pair.run(0.3)
    assert pair.spans[1].alarms() == set()
    pair.received[1].clear()
    frames = speech(400)
    for start in range(0, 400, 8):
        pair.step((frames[start : start + 8], pair.idle))
    got = numbers(np.concatenate(pair.received[1]))
    assert len(got) == 400
    assert got[1:] == list(range(399))
