from __future__ import annotations

import pytest
from support.t1 import f_bits, speech

from tandem.hardware.alarms import Alarm
from tandem.hardware.framing.t1_data_link import Code, code_bits
from tandem.hardware.span import Framing, LineFormat
from tandem.hardware.t1_line import T1Line


def pair(framing):
    near, far = T1Line(LineFormat(framing)), T1Line(LineFormat(framing))
    for step in range(20):
        far.receive(near.transmit(speech(160)), step / 50)
        near.receive(far.transmit(speech(160)), step / 50)
    return near, far


def test_remote_alarm_of_esf_is_sent_until_the_line_is_aligned():
    near, far = T1Line(LineFormat(Framing.ESF)), T1Line(LineFormat(Framing.ESF))
    link = "".join(map(str, f_bits(near.transmit(speech(96)))[::2]))
    assert link == code_bits(Code.REMOTE_ALARM) * 3
    near.receive(far.transmit(speech(160)), 0.0)
    near.transmit(speech(8))
    assert code_bits(Code.REMOTE_ALARM) not in "".join(map(str, f_bits(near.transmit(speech(160)))[::2]))


def test_remote_alarm_of_sf_takes_bit_2_of_speech():
    near, far = pair(Framing.SF)
    for step in range(10):
        near.receive(b"\xff" * 3860, 1 + step / 50)
        frames = far.receive(near.transmit(speech(160)), 1 + step / 50)
    assert not (frames[:, 1:25] & 0x40).any()
    assert (near.alarms, far.alarms) == ({Alarm.AIS}, {Alarm.RAI})


@pytest.mark.parametrize("framing", [Framing.ESF, Framing.SF])
def test_alarm_ends_with_what_caused_it(framing):
    near, far = pair(framing)
    for step in range(30):
        near.receive(b"\xff" * 3860 if step < 15 else far.transmit(speech(160)), 1 + step / 50)
        far.receive(near.transmit(speech(160)), 1 + step / 50)
    assert near.alarms == far.alarms == set()


def test_what_comes_on_the_data_link_is_counted():
    near, far = pair(Framing.ESF)
    far._framer.data_link.send(bytes.fromhex("380103") + bytes(8))
    far._framer.data_link.send_code(Code.LINE_LOOPBACK)
    for step in range(20):
        near.receive(far.transmit(speech(160)), 1 + step / 50)
    counters = near.counters()
    assert counters["line_loopback_codes"] == 1
    assert counters["line_loopback_off_codes"] == 0
    assert counters["data_link_messages"] == 1
    assert counters["crc6_errors"] == counters["framing_errors"] == 0
