import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.batches import batch_of
from support.packet_files import ethernet, ipv4, udp

from tandem.gateway.analyser import speed
from tandem.gateway.analyser.network import transports
from tandem.gateway.analyser.rtp import rtp_packets

pytestmark = pytest.mark.usefixtures("loops")


def rtp(payload=b"", first=0x80, second=8, sequence=1, stamp=160, ssrc=7):
    return struct.pack(">BBHII", first, second, sequence, stamp, ssrc) + payload


def packets_of(*payloads):
    batch = batch_of([ethernet(ipv4(udp(payload, 4000, 4002), 17)) for payload in payloads], 1)
    found, _ = transports(batch)
    speech, control = rtp_packets(batch, found, np.arange(len(payloads)), lambda *_: ("a", "b"))
    return batch, speech, control


def test_columns():
    _, speech, control = packets_of(
        rtp(bytes(160)), rtp(bytes(80), second=0x80, sequence=65535, stamp=9, ssrc=2**32 - 1)
    )
    assert control == 0
    assert speech.payload_type.tolist() == [8, 0]
    assert speech.marker.tolist() == [False, True]
    assert speech.sequence.tolist() == [1, 65535]
    assert speech.timestamp.tolist() == [160, 9]
    assert speech.ssrc.tolist() == [7, 2**32 - 1]
    assert speech.length.tolist() == [160, 80]
    assert speech.packet.tolist() == [1, 2]
    assert speech.flows == [("a", "b")]


def test_payload_behind_contributors_and_extension():
    extended = rtp(struct.pack(">8xHH4x", 0xBEDE, 1) + b"speech", first=0x92)
    batch, speech, _ = packets_of(extended)
    start, length = int(speech.start[0]), int(speech.length[0])
    assert batch.buffer[start : start + length] == b"speech"


def test_rtcp_on_the_same_port_is_counted_apart():
    _, speech, control = packets_of(rtp(second=200), rtp(bytes(160)), rtp(second=201))
    assert (control, speech.packet.tolist()) == (2, [2])
    assert packets_of(rtp(second=200))[1:] == (None, 1)


def test_telephone_events():
    _, speech, _ = packets_of(
        rtp(b"\x05\x8a\x03\x20", second=101), rtp(b"\x05\x8a\x03\x20", second=8), rtp(b"\x0b\x0a\x00\xa0", second=101)
    )
    assert speech.events == [(0, 5, True), (2, 11, False)]


@pytest.mark.skipif(speed.speedups is None, reason="Tandem was installed here without a C compiler")
@given(st.lists(st.binary(min_size=12, max_size=60), min_size=1, max_size=6))
def test_compiled_and_numpy_find_the_same(payloads):
    payloads = [bytes((octets[0] & 63 | 128,)) + octets[1:] for octets in payloads]
    found = []
    for loops in (speed.speedups, None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(speed, "speedups", loops)
            _, speech, control = packets_of(*payloads)
        columns = ("payload_type", "marker", "sequence", "timestamp", "ssrc", "length", "start", "flow", "packet")
        values = [getattr(speech, name).tolist() for name in columns] if speech is not None else None
        found.append((control, values, None if speech is None else speech.events))
    assert found[0] == found[1]
