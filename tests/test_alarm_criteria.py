"""Criteria of LOS, AIS, loss of frame alignment and remote alarm as one table: what just does not do, and what does.

ITU-T G.706 and G.775 for E1, ANSI T1.231 and T1.403 for T1, as framer chips (DS2155, Lucent TFRA08C13) and testers have
them. Each row names its clause.
"""

from __future__ import annotations

import numpy as np
import pytest
from support import t1
from support.e1 import feed, flipped, speech

from tandem.hardware.framing.e1_deframer import Alignment, E1Deframer
from tandem.hardware.framing.e1_framer import E1Framer
from tandem.hardware.framing.signal_monitor import E1_LIMITS, T1_LIMITS, SignalMonitor
from tandem.hardware.framing.t1_data_link import DataLinkReceiver
from tandem.hardware.span import Framing

SPREAD = "1000000"  # one in seven ones, more than any density asked for

#: Clause, limits, what is watched, what came before, what does not change it, what does.
SIGNAL = {
    "E1 LOS set, G.775 4.2: 255 zeros": (E1_LIMITS, "los", "1", "0" * 254 + "1", "0" * 255 + "1"),
    "E1 LOS clear: 32 ones in 255": (E1_LIMITS, "los", "0" * 255, "1" * 31 + "0" * 224, "1" * 32 + "0" * 223),
    "E1 AIS set, G.775 5.2: 2 zeros in each of two 512 bits": (
        E1_LIMITS,
        "ais",
        SPREAD * 1024,
        ("00" + "1" * 510 + "000" + "1" * 509) * 3,
        ("00" + "1" * 510) * 3,
    ),
    "E1 AIS clear: 3 zeros in each of two 512 bits": (
        E1_LIMITS,
        "ais",
        "1" * 2048,
        ("000" + "1" * 509 + "00" + "1" * 510) * 3,
        ("000" + "1" * 509) * 2,
    ),
    "T1 LOS set, T1.231: 192 zeros": (T1_LIMITS, "los", "1", "0" * 191 + "1", "0" * 192 + "1"),
    "T1 LOS clear: 12.5 % of ones": (T1_LIMITS, "los", "0" * 192, "1" * 23 + "0" * 169, "1" * 24 + "0" * 168),
    "T1 AIS set, T1.231: 5 zeros in 3 ms": (
        T1_LIMITS,
        "ais",
        SPREAD * 4632,
        ("0" * 6 + "1" * 4626) * 3,
        "0" * 5 + "1" * 4627,
    ),
    "T1 AIS clear: 6 zeros in 3 ms": (
        T1_LIMITS,
        "ais",
        "1" * 4632,
        ("0" * 5 + "1" * 4627) * 3,
        "0" * 6 + "1" * 4626,
    ),
}


@pytest.mark.parametrize("case", SIGNAL, ids=str)
def test_signal(case):
    limits, alarm, before, short, enough = SIGNAL[case]
    for bits, changes in ((short, False), (enough, True)):
        monitor = SignalMonitor(limits)
        monitor.receive(before)
        state = getattr(monitor, alarm)
        monitor.receive(bits)
        assert (getattr(monitor, alarm) is not state) is changes


FRAME = 256

#: Clause, frames in error (by one bit of timeslot 0) which do not lose alignment, and those that do.
E1_LOSS = {
    "G.706 4.1.1: three FAS in a row": (3, [(0, 2), (0, 2, 6)], [(0, 2, 4)]),
    "G.706 4.1.1: three bits 2 of NFAS in a row": (1, [(1, 3), (1, 3, 7)], [(1, 3, 5)]),
}


@pytest.mark.parametrize("crc4", [True, False], ids=["CRC-4", "no CRC-4"])
@pytest.mark.parametrize("case", E1_LOSS, ids=str)
def test_e1_frame_alignment_is_lost(case, crc4):
    bit, short, enough = E1_LOSS[case]
    for frames, lost in [(frames, False) for frames in short] + [(frames, True) for frames in enough]:
        deframer, framer = E1Deframer(crc4=crc4), E1Framer(crc4=crc4)
        feed(deframer, framer.transmit(speech(160)))
        octets = flipped(framer.transmit(speech(16)), [FRAME * frame + bit for frame in frames])
        feed(deframer, octets, 32)
        assert deframer.counts.alignment_losses == lost


#: G.706 4.1.2: FAS, then bit 2 of the next frame, then FAS. Timeslot 0 of three frames, and whether they align.
E1_RECOVERY = {
    "FAS, NFAS, FAS": ((0x9B, 0xDF, 0x9B), True),
    "without the second FAS": ((0x9B, 0xDF, 0x9A), False),
    "without bit 2": ((0x9B, 0x9F, 0x9B), False),
    "without the first FAS": ((0x1A, 0xDF, 0x9B), False),
}


@pytest.mark.parametrize("case", E1_RECOVERY, ids=str)
def test_e1_frame_alignment_is_found(case):
    timeslot0, found = E1_RECOVERY[case]
    deframer = E1Deframer(crc4=False)
    deframer.receive(b"".join(bytes([octet]) + b"\xff" * 31 for octet in timeslot0))
    assert (deframer.alignment is not Alignment.NONE) is found


#: A bits of NFAS, and whether they set RAI, or clear it when they are inverted: O.162 and data sheets, three in a row.
E1_REMOTE = {(1, 1, 0, 1, 1): False, (1, 1, 1): True, (0, 1, 0, 1): False}


@pytest.mark.parametrize("present", [False, True], ids=["set", "clear"])
@pytest.mark.parametrize(("a_bits", "changes"), E1_REMOTE.items(), ids=str)
def test_e1_remote_alarm(a_bits, changes, present):
    deframer, framer = E1Deframer(), E1Framer()
    framer.remote_alarm = present
    feed(deframer, framer.transmit(speech(160)))
    assert deframer.remote_alarm is present
    for bit in a_bits:
        framer.remote_alarm = bool(bit) is not present
        deframer.receive(framer.transmit(speech(2)))
    assert (deframer.remote_alarm is not present) is changes


#: Framing bits in error that do not lose alignment, and those that do: two of four, T1.231 and data sheets.
T1_LOSS = {Framing.ESF: ([3, 19], [3, 15]), Framing.SF: ([0, 8], [0, 6])}


@pytest.mark.parametrize("framing", T1_LOSS, ids=lambda framing: framing.value)
def test_t1_frame_alignment_is_lost(framing):
    for frames, lost in zip(T1_LOSS[framing], (False, True), strict=True):
        deframer, framer = t1.aligned(framing)
        t1.feed(deframer, t1.with_f_bits_inverted(framer.transmit(speech(24)), frames))
        assert deframer.counts.alignment_losses == lost


@pytest.mark.parametrize(("codes", "alarm"), [(7, False), (8, True)])
def test_t1_remote_alarm_of_the_data_link(codes, alarm):
    """T1.403: eight ones and eight zeros again and again; of the ten codes of 40 ms so many."""
    receiver = DataLinkReceiver()
    receiver.receive("1111111100000000" * codes + "0111111001111110" * (10 - codes))
    assert receiver.remote_alarm is alarm
    receiver.receive("0111111001111110" * 10)
    assert not receiver.remote_alarm


@pytest.mark.parametrize(("ones", "alarm"), [(2, True), (3, False)])
def test_t1_remote_alarm_of_superframes(ones, alarm):
    """Bit 2 of so many of 256 timeslots is one, of all others zero."""
    deframer, framer = t1.aligned(Framing.SF)
    for _ in range(2):  # the first of them ends where a window of 256 begins
        frames = np.zeros((32, 32), np.uint8)
        timeslots = np.zeros(768, np.uint8)
        for window in range(3):
            timeslots[256 * window : 256 * window + ones] = 0x40
        frames[:, 1:25] = timeslots.reshape(32, 24)
        t1.feed(deframer, framer.transmit(frames))
    assert deframer.remote_alarm is alarm
