from __future__ import annotations

import socket

import numpy as np
import pytest
from support.e1 import numbers, speech
from support.spans import SpanPair, free_ports, spec_pair

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.registry import open_span
from tandem.hardware.satop import Packet
from tandem.hardware.span import Framing, LineFormat

pytestmark = pytest.mark.usefixtures("media_loops")


@pytest.mark.parametrize("frames", [1, 8, 40])
def test_packet_sizes(frames):
    pair = SpanPair("satop", f",frames={frames}")
    assert pair.spans[0].quantum == frames
    pair.run(0.3)
    assert [span.alarms() for span in pair.spans] == [set(), set()]
    assert pair.spans[0].counters()["packets_in"] == pair.spans[1].counters()["packets_out"]
    pair.close()


@pytest.mark.parametrize(
    ("options", "size", "first"),
    [
        ("", 192, b"\xff" * 192),
        (",octets=193", 193, b"\xff" * 193),
        (",aligned=yes", 200, (b"\xff" * 24 + b"\x80") * 8),
        (",aligned=yes,frames=2", 50, (b"\xff" * 24 + b"\x80") * 2),
    ],
)
def test_packets_of_a_t1(options, size, first):
    """The sender's framer is left out: ones for a line, of which every packet is as full as can be."""
    spec, peer = spec_pair("satop", options)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far_end:
        far_end.bind(("127.0.0.1", int(peer.split(":")[2].split(",")[0])))
        far_end.settimeout(2)
        span = open_span(spec, LineFormat(Framing.ESF))
        assert (span.quantum, span.burst) == (8, 1)
        for _ in range(8):
            span.give(b"\xff" * 193, 0.0)
        packets = [far_end.recv(2048) for _ in range(8)]
        span.close()
    assert [Packet.parse(packet).sequence for packet in packets] == list(range(8))
    assert {Packet.parse(packet).payload for packet in packets} == {first}
    assert len(first) == size


@pytest.mark.parametrize("rtp", ["", ",rtp=absolute"])
@pytest.mark.parametrize("device", ["satop", "cesopsn"])
@pytest.mark.parametrize("before", [0, 1, 2, 6])
def test_empty_packets_among_others_are_counted(device, rtp, before):
    spec, peer = spec_pair(device, rtp)
    sender, receiver = open_span(peer), open_span(spec)
    idle = np.full((8, 32), 0xD5, np.uint8)
    for turn in range(3):
        for _ in range(before):
            sender.write(idle, turn / 1000)
        for _ in range(2):
            sender._packets._socket.send(b"")
        sender.write(idle, turn / 1000)
        receiver.read(turn / 1000)
    counters = receiver.counters()
    assert counters["packets_foreign" if rtp else "packets_malformed"] == 6
    assert counters["packets_in"] == 3 * (before + 1)
    sender.close()
    receiver.close()


def test_a_lost_packet_of_a_t1_does_not_shift_the_line():
    near, far, relay_port = free_ports(3)
    line = LineFormat(Framing.ESF)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind(("127.0.0.1", relay_port))
        relay.settimeout(2)
        sender = open_span(f"satop:listen=127.0.0.1:{near},peer=127.0.0.1:{relay_port}", line)
        receiver = open_span(f"satop:listen=127.0.0.1:{far},peer=127.0.0.1:{relay_port}", line)
        for step in range(400):
            sender.write(speech(8, step), step / 1000)
            packet = relay.recv(2048) if step else b""
            if packet and step != 300:
                relay.sendto(packet, ("127.0.0.1", far))
            receiver.read(step / 1000)
        counters = receiver.counters()
        sender.close()
        receiver.close()
    # One millisecond of ones spoils two extended superframes at most, and two framing bits, one of them a one anyway.
    assert counters["packets_lost"] == 1
    assert counters["alignment_losses"] == 0
    assert 1 <= counters["crc6_errors"] <= 2


def test_taken_port_is_a_clear_error():
    one, _ = spec_pair("satop")
    span = open_span(one)
    with pytest.raises(SpanError, match=r"listen=127.0.0.1:\d+ cannot be used: .*another program"):
        open_span(one)
    span.close()
    open_span(one).close()


def test_foreign_address_is_a_clear_error():
    with pytest.raises(SpanError, match=r"listen=192\.0\.2\.1:40001 cannot be used"):
        open_span("satop:listen=192.0.2.1:40001,peer=127.0.0.1:40002")


def test_absent_peer_is_los_and_no_exception():
    span = open_span(spec_pair("satop")[0])
    for step in range(300):
        span.write(np.full((8, 32), 0xD5, np.uint8), step / 1000)
        span.read(step / 1000)
    assert span.alarms() == {Alarm.LOS}
    span.close()


def test_restarted_peer_is_taken_back():
    pair = SpanPair("satop")
    pair.run(0.3)
    spec = pair.spans[1].spec
    pair.spans[1].close()
    pair.spans = (pair.spans[0], open_span(spec))
    pair.run(0.3)
    assert [span.alarms() for span in pair.spans] == [set(), set()]
    pair.close()


def test_packets_from_elsewhere_are_not_heard():
    pair = SpanPair("satop")
    pair.run(0.3)
    port = int(pair.spans[0].spec.partition("listen=127.0.0.1:")[2].partition(",")[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(20):
            stranger.sendto(Packet(7, b"\x00" * 256).encode(), ("127.0.0.1", port))
    before = pair.spans[0].counters()
    pair.step()
    assert pair.spans[0].counters()["packets_in"] == before["packets_in"] + 1
    assert pair.spans[0].counters()["packets_late"] == 0
    pair.close()


def test_r_bit_tells_that_nothing_came():
    pair = SpanPair("satop")
    pair.run(0.3)
    before = [span.counters()["packets_far_loss"] for span in pair.spans]
    assert min(before) > 0
    pair.run(0.1)
    assert [span.counters()["packets_far_loss"] for span in pair.spans] == before
    pair.run(0.1, silent=1)
    assert pair.spans[1].counters()["packets_far_loss"] > before[1]
    pair.close()


def test_fileno_tells_when_packets_have_come():
    pair = SpanPair("satop")
    with socket.socket(fileno=socket.dup(pair.spans[1].fileno())) as same:
        same.setblocking(False)
        with pytest.raises(BlockingIOError):
            same.recv(1, socket.MSG_PEEK)
        pair.spans[0].write(pair.idle, 0.0)
        assert len(same.recv(2048, socket.MSG_PEEK)) == 260
    pair.close()


def test_lost_and_swapped_packets_through_a_relay():
    """A relay between two spans swaps a pair of packets and loses one: 8 frames of ones, everything else in order."""
    near, far, relay_port = free_ports(3)
    sender = open_span(f"satop:listen=127.0.0.1:{near},peer=127.0.0.1:{relay_port}")
    receiver = open_span(f"satop:listen=127.0.0.1:{far},peer=127.0.0.1:{relay_port}")
    frames, got = speech(1600), []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind(("127.0.0.1", relay_port))
        relay.settimeout(1)
        held = None
        for number in range(200):
            now = number / 1000
            sender.write(frames[8 * number : 8 * number + 8], now)
            packet = relay.recv(2048)
            if number == 100:
                held = packet
            elif number != 150:
                relay.sendto(packet, ("127.0.0.1", far))
                if held:
                    relay.sendto(held, ("127.0.0.1", far))
                    held = None
            got.append(receiver.read(now))
    all_frames = np.concatenate(got)
    assert numbers(all_frames[:1200]) == list(range(1200))
    assert numbers(all_frames[1208:1600]) == list(range(1208, 1600))
    counters = receiver.counters()
    assert (counters["packets_lost"], counters["packets_reordered"], counters["alignment_losses"]) == (1, 1, 1)
    assert receiver.alarms() <= {Alarm.RAI}
    sender.close()
    receiver.close()
