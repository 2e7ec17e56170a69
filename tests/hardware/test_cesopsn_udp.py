from __future__ import annotations

import socket

import numpy as np
import pytest
from support.e1 import numbers, speech
from support.spans import SpanPair, free_ports, spec_pair

from tandem.core.errors import SpanError
from tandem.hardware.alarms import Alarm
from tandem.hardware.cesopsn import SIGNALLING
from tandem.hardware.cesopsn_udp import CesopsnSpec
from tandem.hardware.registry import check_spec, open_span
from tandem.hardware.satop import Packet
from tandem.hardware.span import Framing, LineFormat

T1 = LineFormat(Framing.ESF)
ENDS = "cesopsn:listen=127.0.0.1:1,peer=127.0.0.1:2"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (",timeslots=0-3", "numbers from 1 to 31"),
        (",timeslots=1-32", "numbers from 1 to 31"),
        (",timeslots=", "key=value"),
        (",timeslots=3+1", "should rise"),
        (",timeslots=5-2", "should rise"),
        (",timeslots=1-4+4", "should rise"),
        (",timeslots=x", "numbers from 1 to 31"),
        (",frames=81", "from 1 to 41"),
        (",timeslots=1,frames=81", "from 1 to 80"),
        (",octets=192", "unknown option"),
        (",ssrc=3", "add rtp=absolute"),
        (",rtp=yes", "absolute, differential or no"),
        (",rtp=absolute,clock=8001", "multiple of 8000"),
        (",rtp=absolute,pt=128", "from 0 to 127"),
        (",shared=1", "yes or no"),
    ],
)
def test_wrong_specs_say_what_is_wrong(options, told):
    with pytest.raises(SpanError, match="span 'cesopsn:") as caught:
        check_spec(ENDS + options)
    assert told in str(caught.value)


def test_timeslots_of_a_t1_end_with_24():
    assert CesopsnSpec.parse("", ENDS.partition(":")[2], T1).timeslots == tuple(range(1, 25))
    with pytest.raises(SpanError, match="from 1 to 24"):
        check_spec(ENDS + ",timeslots=25", T1)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("", LineFormat()),
        ("", T1),
        (",timeslots=1-15+17-31", LineFormat()),
        (",timeslots=16", LineFormat()),
        (",timeslots=1+3+24,frames=16", T1),
        (",rtp=absolute,ssrc=7", LineFormat()),
        (",rtp=differential,clock=1000000,pt=100", T1),
    ],
)
def test_timeslots_pass_both_ways_in_step(options, line):
    pair = SpanPair("cesopsn", options, line)
    pair.run(0.3)
    assert [span.alarms() for span in pair.spans] == [set(), set()]
    for end in (0, 1):
        pair.received[end].clear()
    quantum = pair.spans[0].quantum
    timeslots = list(CesopsnSpec.parse("", pair.spans[0].spec.partition(":")[2], line).timeslots)
    sent = np.random.default_rng(1).integers(0, 256, (20 * quantum, 32), dtype=np.uint8)
    for start in range(0, len(sent), quantum):
        block = sent[start : start + quantum]
        pair.step((block, block))
    for received in pair.received:
        assert (np.concatenate(received)[:, timeslots] == sent[:, timeslots]).all()
    pair.close()


def test_loss_is_one_packet_of_ones_and_speech_stays_in_step():
    near, far, relay_port = free_ports(3)
    sender = open_span(f"cesopsn:listen=127.0.0.1:{near},peer=127.0.0.1:{relay_port}")
    receiver = open_span(f"cesopsn:listen=127.0.0.1:{far},peer=127.0.0.1:{relay_port}")
    frames, got = speech(800), []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind(("127.0.0.1", relay_port))
        relay.settimeout(1)
        for number in range(100):
            sender.write(frames[8 * number : 8 * number + 8], number / 1000)
            packet = relay.recv(2048)
            if number != 50:
                relay.sendto(packet, ("127.0.0.1", far))
            got.append(receiver.read(number / 1000))
    got = np.concatenate(got)
    assert numbers(got[:400]) == list(range(400))
    assert (got[400:408, 1:] == 0xFF).all()
    assert numbers(got[408:]) == list(range(408, 800))
    sender.close()
    receiver.close()


def test_who_does_not_hear_tells_a_remote_alarm():
    pair = SpanPair("cesopsn")
    pair.run(0.3)
    pair.run(0.3, silent=0)
    assert [span.alarms() for span in pair.spans] == [{Alarm.RAI}, {Alarm.LOS}]
    assert pair.spans[0].counters()["packets_far_remote_defect"] > 100
    pair.run(0.3)
    assert [span.alarms() for span in pair.spans] == [set(), set()]
    pair.close()


def test_a_faulty_line_behind_the_far_end_is_ais_and_signalling_packets_are_none():
    spec, peer = spec_pair("cesopsn")
    far = int(peer.split(":")[2].split(",")[0])
    near = int(spec.split(":")[2].split(",")[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far_end:
        far_end.bind(("127.0.0.1", far))
        span = open_span(spec)
        for number in range(300):
            far_end.sendto(Packet(number, b"", fault=True).encode(), ("127.0.0.1", near))
            far_end.sendto(Packet(number, bytes(31), modifier=SIGNALLING).encode(), ("127.0.0.1", near))
            assert (span.read(number / 1000) == 0xFF).all()
        assert span.alarms() == {Alarm.AIS}
        assert span.counters()["packets_signalling"] == 300
        span.close()


def test_several_spans_on_one_port_each_hear_their_peer():
    port, *peers = free_ports(4)
    near = [open_span(f"cesopsn:listen=127.0.0.1:{port},peer=127.0.0.1:{peer},shared=yes") for peer in peers]
    far = [open_span(f"cesopsn:listen=127.0.0.1:{peer},peer=127.0.0.1:{port}") for peer in peers]
    for number in range(5):
        for place, span in enumerate(far):
            span.write(np.full((8, 32), 16 * place + number, np.uint8), number / 1000)
    for place, span in enumerate(near):
        got = span.read(0.01)
        assert got[:, 1].tolist() == [16 * place + number for number in range(5) for _ in range(8)]
        span.write(np.full((8, 32), place, np.uint8), 0.01)
        assert (far[place].read(0.01)[:, 1:] == place).all()
    for span in near + far:
        span.close()
