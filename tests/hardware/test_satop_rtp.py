from __future__ import annotations

import pytest

from tandem.hardware.satop import Packet, SatopReceiver, SatopTransmitter
from tandem.hardware.satop_rtp import RtpFormat, RtpReceiver, RtpSender

SIZE = 256


def sender(**options):
    return RtpSender(RtpFormat(**options), SatopTransmitter(SIZE, sequence=0xFFFE), 8)


def receiver(**options):
    return RtpReceiver(RtpFormat(**options), SatopReceiver(SIZE).receive)


def test_header_is_that_of_rfc3550_and_stands_before_the_control_word():
    packets = sender(payload_type=98, ssrc=0x01020304).packets(bytes(range(256)) * 3, 5.0)
    assert [packet[:12].hex() for packet in packets] == [
        "8062" + "fffe" + "00000000" + "01020304",
        "8062" + "ffff" + "00000008" + "01020304",
        "8062" + "0000" + "00000010" + "01020304",
    ]
    assert [Packet.parse(packet[12:]).sequence for packet in packets] == [0xFFFE, 0xFFFF, 0]
    assert all(packet[16:] == bytes(range(256)) for packet in packets)


def test_absolute_timestamps_count_the_line_whenever_it_is_sent():
    timestamps = []
    transmitter = sender(clock=16000)
    for now in (0.0, 7.0, 7.0):
        timestamps += [int.from_bytes(packet[4:8], "big") for packet in transmitter.packets(bytes(SIZE), now)]
    assert timestamps == [0, 16, 32]


def test_differential_timestamps_count_the_common_clock():
    transmitter = sender(mode="differential", clock=8_000_000)
    assert [int.from_bytes(packet[4:8], "big") for packet in transmitter.packets(bytes(3 * SIZE), 1.0)] == [
        7_984_000,
        7_992_000,
        8_000_000,
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packet: packet[:11],
        lambda packet: b"",
        lambda packet: b"\x40" + packet[1:],
        lambda packet: b"\x90" + packet[1:],
        lambda packet: packet[:1] + b"\x60" + packet[2:],
        lambda packet: packet[:8] + b"\0\0\0\1" + packet[12:],
        lambda packet: packet[12:],
    ],
)
def test_what_has_no_fitting_header_is_dropped(spoil):
    transmitter, there = sender(), receiver()
    packet = transmitter.packets(bytes(SIZE), 0.0)[0]
    assert there.receive(spoil(packet), 0.0) == b""
    assert there.packets_foreign == 1
    assert there.receive(packet, 0.0) == bytes(SIZE)


def test_marker_bit_is_of_no_matter():
    packet = bytearray(sender().packets(bytes(SIZE), 0.0)[0])
    packet[1] |= 0x80
    assert receiver().receive(bytes(packet), 0.0) == bytes(SIZE)


def test_time_of_the_sender_goes_on_past_the_ends_of_its_numbers():
    transmitter = sender(mode="differential", clock=1_000_000)
    there = receiver(mode="differential", clock=1_000_000)
    start = 4294.9
    for step in range(3000):
        there.receive(transmitter.packets(bytes(SIZE), start + step / 1000)[0], 0.0)
    assert there.elapsed == pytest.approx(2.999, abs=1e-5)
    assert there.sequence == 0xFFFE + 2999


def test_a_late_packet_does_not_turn_time_back():
    transmitter, there = sender(), receiver()
    packets = transmitter.packets(bytes(5 * SIZE), 0.0)
    for place in (0, 1, 3, 2, 4):
        there.receive(packets[place], 0.0)
    assert there.elapsed == pytest.approx(0.004)
