import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.packet_files import data_chunk, ethernet, file_of, ipv4, pcap, sctp

from tandem.gateway.analyser import dissect as module
from tandem.gateway.analyser.bulk import circuits
from tandem.gateway.analyser.dissect import Dissector
from tandem.gateway.analyser.network import transports
from tandem.gateway.analyser.pcap import read_pcap

pytestmark = pytest.mark.usefixtures("loops")

RLC = bytes((7, 0, 0x10, 0))
SACK = struct.pack(">BBHIIHH", 3, 0, 16, 1, 1000, 0, 0)


def m3ua(isup=RLC, service=5, before=b"", kind=1):
    data = struct.pack(">IIBBBB", 1, 2, service, 2, 0, 7) + isup
    parameter = before + struct.pack(">HH", 0x0210, 4 + len(data)) + data + bytes(-len(data) % 4)
    return struct.pack(">BBBBI", 1, 0, 1, kind, 8 + len(parameter)) + parameter


def batch(*packets):
    (found,) = read_pcap(
        file_of(pcap([(number, ethernet(ipv4(packet, 132))) for number, packet in enumerate(packets, 1)])), print
    )
    return found


def found_in(*packets):
    return circuits(transports(batch(*packets))[0])


CONTEXT = bytes.fromhex("0006000800000001")
PACKETS = {
    "plain": sctp([data_chunk(1, m3ua())]),
    "behind a SACK": sctp([SACK, data_chunk(2, m3ua(RLC + b"\0"))]),
    "with a routing context": sctp([data_chunk(3, m3ua(before=CONTEXT))]),
    "with two before it": sctp([data_chunk(4, m3ua(before=bytes.fromhex("0200000800000001") + CONTEXT))]),
}
BUNDLES = {
    "two chunks": sctp([data_chunk(1, m3ua()), data_chunk(2, m3ua())]),
    "two and a SACK": sctp([data_chunk(11, m3ua()), SACK, data_chunk(12, m3ua(RLC + b"\0"))]),
}
OTHERS = {
    "one of two of another service": sctp([data_chunk(5, m3ua()), data_chunk(6, m3ua(service=3))]),
    "a chunk of no length": sctp([data_chunk(7, m3ua()), bytes(4)]),
    "a first fragment": sctp([data_chunk(1, m3ua(), flags=2)]),
    "another service": sctp([data_chunk(1, m3ua(service=3))]),
    "another protocol": sctp([data_chunk(1, m3ua(), ppid=5)]),
    "another message": sctp([data_chunk(1, m3ua(kind=2))]),
    "cut": sctp([data_chunk(1, m3ua())])[:-6],
}


@pytest.mark.parametrize("name", PACKETS)
def test_plain_messages(name):
    plain, done = found_in(PACKETS[name])
    assert done.tolist() == [True]
    assert (plain.opc.tolist(), plain.dpc.tolist(), plain.network.tolist(), plain.kind.tolist()) == (
        [1],
        [2],
        [2],
        [0x10],
    )
    message = batch(PACKETS[name]).buffer[int(plain.message[0]) : int(plain.stop[0])]
    assert message[:4] == RLC


@pytest.mark.parametrize("name", BUNDLES)
def test_bundled_messages(name):
    plain, done = found_in(PACKETS["plain"], BUNDLES[name])
    assert (plain.at.tolist(), done.tolist()) == ([0, 1, 1], [True, True])
    assert plain.tsn.tolist()[1:] == sorted(plain.tsn.tolist()[1:])


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_plain_is_left_to_others(name):
    plain, done = found_in(OTHERS[name])
    assert (len(plain.at), done.tolist()) == (0, [False])


def test_control_chunks_alone_are_done():
    plain, done = found_in(sctp([SACK]), PACKETS["plain"])
    assert (done.tolist(), plain.at.tolist()) == ([True, True], [1])


def messages(packets, bulk=False):
    dissector = Dissector(bulk=bulk)
    dissected = dissector.feed(batch(*packets))
    found = dissected.messages
    if (rows := dissected.rows) is not None:
        found = sorted(found + rows.messages(np.arange(len(rows)), dissector.ends), key=lambda message: message.packet)
    own = [(one.packet, one.type, one.where, one.octets) for one in found if one.protocol.value == "isup"]
    return (
        own,
        {name: dict(counts) for name, counts in dissector.counts.items() if name != "mtp3"},
        dissector.statistics(),
    )


@given(
    st.lists(
        st.sampled_from(list(PACKETS.values()) + list(BUNDLES.values()) + list(OTHERS.values())), min_size=1, max_size=8
    )
)
def test_the_same_as_octet_by_octet(packets):
    """Retransmissions too: both ways know what the other has seen."""
    quick = messages(packets)
    with pytest.MonkeyPatch.context() as patch:

        def nothing(found, m2pa=False):
            plain, done = circuits(found)
            none = np.zeros(0, np.int64)
            return type(plain)(*[none] * 13, np.zeros(0, np.bool_)), np.zeros_like(done)

        patch.setattr(module, "circuits", nothing)
        assert messages(packets) == quick
    assert messages(packets, bulk=True) == quick
