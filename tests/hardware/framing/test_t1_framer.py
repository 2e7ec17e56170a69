from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.t1 import FRAME, f_bits, line_of, speech

from tandem.hardware.framing.crc6 import crc6
from tandem.hardware.framing.t1_data_link import Code, code_bits
from tandem.hardware.framing.t1_format import ESF_CRC_FRAMES, MULTIFRAME_OCTETS, pattern
from tandem.hardware.framing.t1_framer import T1Framer
from tandem.hardware.span import Framing

both = pytest.mark.parametrize("framing", [Framing.ESF, Framing.SF])


@both
def test_framing_bits_are_in_their_places(framing):
    bits = f_bits(line_of(framing, speech(96)))
    for frame, bit in pattern(framing).items():
        assert bits[frame::24] == [bit] * 4


@both
def test_timeslots_follow_the_f_bit_in_order(framing):
    frames = speech(24)
    bits = np.unpackbits(np.frombuffer(line_of(framing, frames), np.uint8)).reshape(24, FRAME)
    assert (np.packbits(bits[:, 1:], axis=1) == frames[:, 1:25]).all()


def test_crc_of_a_superframe_is_in_the_next():
    octets = line_of(Framing.ESF, speech(96))
    bits = f_bits(octets)
    for number in range(1, 4):
        told = int("".join(str(bits[24 * number + frame]) for frame in ESF_CRC_FRAMES), 2)
        start = MULTIFRAME_OCTETS * (number - 1)
        assert told == crc6(octets[start : start + MULTIFRAME_OCTETS])


@both
@given(st.lists(st.integers(1, 12), max_size=8), st.booleans())
def test_portions_do_not_matter(framing, groups, alarm):
    frames = speech(8 * sum(groups))
    framers = [T1Framer(framing), T1Framer(framing)]
    for framer in framers:
        framer.remote_alarm = alarm
    whole, line, start = framers[0].transmit(frames), b"", 0
    for count in groups:
        line += framers[1].transmit(frames[start : start + 8 * count])
        start += 8 * count
    assert line == whole
    assert len(whole) == 193 * sum(groups)


def test_remote_alarm_of_sf_is_bit_2_of_every_timeslot():
    framer, frames = T1Framer(Framing.SF), speech(24)
    framer.remote_alarm = True
    bits = np.unpackbits(np.frombuffer(framer.transmit(frames), np.uint8)).reshape(24, FRAME)
    assert (np.packbits(bits[:, 1:], axis=1) == frames[:, 1:25] & 0xBF).all()


def test_remote_alarm_of_esf_is_on_the_data_link():
    framer = T1Framer(Framing.ESF)
    framer.remote_alarm = True
    link = "".join(map(str, f_bits(framer.transmit(speech(96)))[::2]))
    assert link == code_bits(Code.REMOTE_ALARM) * 3


def test_frames_come_in_whole_octets():
    with pytest.raises(ValueError, match="5 frames"):
        T1Framer().transmit(speech(5))
