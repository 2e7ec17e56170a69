"""Hostile packets, built with scapy, on pseudowires that carry a line at the same time."""

from __future__ import annotations

import random
import socket

import numpy as np
import pytest
from scapy.fields import BitField, ShortField
from scapy.layers.rtp import RTP
from scapy.packet import Packet, Raw, fuzz
from support.spans import free_ports

from tandem.hardware.alarms import Alarm
from tandem.hardware.registry import open_span

pytestmark = pytest.mark.interop


class ControlWord(Packet):
    """The control word of SAToP and CESoPSN (RFC 4553 4.3.1, RFC 5086 4.3)."""

    name = "pseudowire control word"
    fields_desc = (
        BitField("zero", 0, 4),
        BitField("l", 0, 1),
        BitField("r", 0, 1),
        BitField("m", 0, 2),
        BitField("frg", 0, 2),
        BitField("len", 0, 6),
        ShortField("sequence", 0),
    )


def hostile(kind, size, number):
    """A packet of the peer, wrong in one way or in many."""
    payload = Raw(random.randbytes(random.choice((0, 1, size - 1, size, size + 1, 1400))))
    word = random.choice((
        fuzz(ControlWord()),
        ControlWord(sequence=number + random.randint(-70, 70) & 0xFFFF, m=random.randrange(4), l=random.randrange(2)),
        ControlWord(sequence=number, len=random.randrange(64), frg=random.randrange(4)),
    ))  # fmt: skip
    header = random.choice((fuzz(RTP()), RTP(payload_type=97, sequence=number, sourcesync=0))) if kind else None
    packet = bytes(header / word / payload if header else word / payload)
    return packet[: random.randint(0, len(packet))] if random.random() < 0.2 else packet


@pytest.mark.parametrize("device", ["satop", "cesopsn"])
@pytest.mark.parametrize("rtp", ["", ",rtp=absolute"])
def test_a_span_lives_through_hostile_packets_and_recovers(device, rtp):
    """Those of the true peer among them; when only they come, frames and alarms are as they should be."""
    random.seed(f"{device} {rtp}")
    near, far, relay_port = free_ports(3)
    spec = f"{device}:listen=127.0.0.1:{{}},peer=127.0.0.1:{relay_port}{rtp}"
    sender, receiver = open_span(spec.format(near)), open_span(spec.format(far))
    size = 256 if device == "satop" else 248
    idle = np.full((8, 32), 0xD5, np.uint8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind(("127.0.0.1", relay_port))
        relay.settimeout(2)
        for step in range(700):
            now = step / 1000
            sender.write(idle, now)
            relay.sendto(relay.recv(2048), ("127.0.0.1", far))
            if 100 <= step < 300:
                for _ in range(2):
                    relay.sendto(hostile(bool(rtp), size, step), ("127.0.0.1", far))
            frames = receiver.read(now)
            assert frames.shape[1:] == (32,)
        counters = receiver.counters()
        assert counters["packets_malformed"] + counters["packets_wrong_size"] + counters.get("packets_foreign", 0) > 100
        assert receiver.alarms() == {Alarm.RAI}  # nobody sends to the sender
        assert (frames[:, 1:] == 0xD5).all()
    sender.close()
    receiver.close()
