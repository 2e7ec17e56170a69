from __future__ import annotations

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import PcapNgWriter, PcapWriter

from tandem.core.errors import SpanError
from tandem.hardware.capture_octets import octets_of_capture, udp_payload
from tandem.hardware.satop import SatopTransmitter
from tandem.hardware.satop_rtp import RtpFormat, RtpSender

LINE = bytes(range(256)) * 40


def packets():
    return SatopTransmitter(256).packets(LINE)


def captured(packet, port=40002, head=None):
    return (head or Ether() / IP()) / UDP(sport=40001, dport=port) / Raw(packet)


def write(path, frames, writer=PcapWriter):
    with writer(str(path)) as file:
        for frame in frames:
            file.write(frame)
    return str(path)


@pytest.mark.parametrize("writer", [PcapWriter, PcapNgWriter])
@pytest.mark.parametrize("head", [Ether() / IP(), Ether() / Dot1Q(vlan=3) / IP(), Ether() / IPv6(), IP()], ids=str)
def test_octets_of_a_capture(tmp_path, writer, head):
    path = write(tmp_path / "capture", [captured(packet, head=head) for packet in packets()], writer)
    assert b"".join(octets_of_capture("", path, None, rtp=False)) == LINE


def test_loss_order_and_other_ports(tmp_path):
    sent = packets()
    del sent[20]
    sent[5], sent[6] = sent[6], sent[5]
    frames = []
    for packet in sent:
        frames += [captured(b"\xff\xff\xff", 5060), captured(packet), captured(packet[::-1], 5062), Ether() / b"x"]
    path = write(tmp_path / "capture", frames)
    line = LINE[: 20 * 256] + b"\xff" * 256 + LINE[21 * 256 :]
    assert b"".join(octets_of_capture("", path, 40002, rtp=False)) == line
    assert b"".join(octets_of_capture("", path, 999, rtp=False)) == b""


def test_packets_with_rtp_header(tmp_path):
    sender = RtpSender(RtpFormat(), SatopTransmitter(256), 8)
    path = write(tmp_path / "capture", [captured(packet) for packet in sender.packets(LINE, 0.0)])
    assert b"".join(octets_of_capture("", path, 40002, rtp=True)) == LINE


def test_a_file_that_is_no_capture_is_a_clear_error(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(b"\xa1\xb2\xc3\xd4 and no more")
    with pytest.raises(SpanError, match="cannot be read"):
        list(octets_of_capture("file:x", str(path), None, rtp=False))


def test_every_cut_of_a_packet_is_no_datagram():
    whole = bytes(captured(b"12345678"))
    assert udp_payload(whole, 1) == (40001, 40002, b"12345678")
    for size in range(len(whole)):
        assert udp_payload(whole[:size], 1) is None
    assert udp_payload(whole, 147) is None
    assert udp_payload(bytes(Ether() / IP(flags="MF") / UDP(dport=1) / b"x"), 1) is None
