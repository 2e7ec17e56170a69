from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.e1 import speech

from tandem.hardware.alarms import Alarm
from tandem.hardware.line import E1Line, frame_together, receive_together, terminate
from tandem.hardware.span import Framing, LineFormat

pytestmark = pytest.mark.usefixtures("media_loops")


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


def pair(count):
    return [[E1Line() for _ in range(count)] for _ in range(2)]


@given(st.integers(0, 3), st.lists(st.integers(0, 5119), max_size=12), st.sampled_from([0, 1, 256]))
@settings(max_examples=60)
def test_lines_together_are_as_one_by_one(spoilt, places, removed):
    """Four lines both ways for a while; what comes to one of them is spoilt in the fifth block."""
    (near, far), (near_alone, far_alone) = pair(4), pair(4)
    spoken = speech(160)
    for step in range(9):  # 60 ms are enough to find all alignment again
        now = step / 50
        frames = np.stack([spoken ^ np.uint8(step + line) for line in range(4)])
        octets = frame_together(near, frames)
        assert octets == [line.transmit(part) for line, part in zip(near_alone, frames, strict=True)]
        if step == 5:
            bad = bytearray(octets[spoilt])
            for place in places:
                bad[place] ^= 0x80
            octets[spoilt] = bytes(bad[removed:])
        received = receive_together(far, octets, now)
        for line, part, got in zip(far_alone, octets, received, strict=True):
            assert (line.receive(part, now) == got).all()
        back = frame_together(far, frames)
        assert back == [line.transmit(part) for line, part in zip(far_alone, frames, strict=True)]
        receive_together(near, back, now)
        for line, part in zip(near_alone, back, strict=True):
            line.receive(part, now)
        for one, other in zip(near + far, near_alone + far_alone, strict=True):
            assert (one.counters(), one.alarms, one.defects) == (other.counters(), other.alarms, other.defects)


def test_e1s_and_t1s_may_be_together():
    formats = [LineFormat(framing) for framing in (Framing.ESF, Framing.CRC4, Framing.SF, Framing.CRC4)]
    near, far, alone = ([terminate(line) for line in formats] for _ in range(3))
    for step in range(6):
        frames = np.stack([speech(160) ^ np.uint8(step + line) for line in range(4)])
        octets = frame_together(near, frames)
        assert octets == [line.transmit(part) for line, part in zip(alone, frames, strict=True)]
        received = receive_together(far, octets, step / 50)
    for line, part, got in zip(formats, frames, received, strict=True):
        slots = slice(1, 1 + line.framing.timeslots)
        # Nobody has heard the far end, so SF has its remote alarm in bit 2.
        assert ((got[:, slots] ^ part[:, slots]) & 0xBF == 0).all()
    for one, other in zip(near, alone, strict=True):
        assert one.counters() == other.counters()
    for nobody in ([], near[:1]):
        assert len(frame_together(nobody, np.zeros((len(nobody), 160, 32), np.uint8))) == len(nobody)
        assert len(receive_together(nobody, [b""] * len(nobody), 1.0)) == len(nobody)


def test_a_damaged_block_is_counted_on_its_line_alone():
    near, far = pair(3)
    for step in range(4):
        octets = frame_together(near, np.stack([speech(160)] * 3))
        if step == 3:
            octets[1] = octets[1][:700] + b"?" + octets[1][701:]
        receive_together(far, octets, step / 50)
    assert [line.counters()["crc4_errors"] for line in far] == [0, 1, 0]


@pytest.mark.parametrize("tick", [0.001, 0.005, 0.02])
@pytest.mark.parametrize("framing", Framing, ids=lambda framing: framing.value)
def test_noise_is_loss_of_frame_alignment(framing, tick):
    """Bits at random look like frames now and then: 2048000 / 2**15 = 62 times a second for an E1 (G.706 4.1.2)."""
    near, far = (terminate(LineFormat(framing)) for _ in range(2))
    noise, frames, steps = (
        np.random.default_rng(5),
        np.full((round(8000 * tick), 32), 0x55, np.uint8),
        round(0.5 / tick),
    )
    for step in range(steps):
        near.receive(far.transmit(frames), step * tick)
    assert Alarm.LFA not in near.alarms
    for step in range(steps, 5 * steps):
        near.receive(noise.bytes(len(frames) * near.frame_bits // 8), step * tick)
        if (step - steps) * tick >= 0.2:
            assert near.alarms == {Alarm.LFA}
    for step in range(5 * steps, 6 * steps):
        near.receive(far.transmit(frames), step * tick)
    assert Alarm.LFA not in near.alarms
    assert near.deframer.counts.alignment_losses > (10 if near.frame_bits == 256 else 0)


@pytest.mark.parametrize("crc4", [Framing.CRC4, Framing.BASIC])
def test_packets_lost_now_and_then_are_no_alarm(crc4):
    """A packet of 1 ms of each 50, filled with ones, loses alignment for as long; that must not block circuits."""
    near, far = (terminate(LineFormat(crc4)) for _ in range(2))
    for step in range(2000):
        octets = far.transmit(np.full((8, 32), 0x55, np.uint8))
        near.receive(b"\xff" * len(octets) if step % 50 == 49 else octets, step / 1000)
    assert near.deframer.counts.alignment_losses == 40
    assert near.alarms <= {Alarm.RAI}
