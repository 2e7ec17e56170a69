import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.batches import batch_of
from support.packet_files import data_chunk, ethernet, ipv4, rtp, sctp, tcp, udp

from tandem.gateway.analyser.dissect import (
    ERF,
    GSMTAP,
    LAPD,
    LINUX_LAPD,
    MTP2,
    MTP2_WITH_PSEUDO,
    MTP3,
    Dissector,
    Options,
)
from tandem.gateway.analyser.model import Protocol
from tandem.ss7.mtp3.label import RoutingLabel, Variant, encode_label

pytestmark = pytest.mark.usefixtures("loops")

INVITE = b"INVITE sip:1@b SIP/2.0\r\nCall-ID: x\r\nContent-Length: 0\r\n\r\n"
BYE = b"BYE sip:1@b SIP/2.0\r\nContent-Length: 0\r\n\r\n"
MSU = b"\x85" + encode_label(RoutingLabel(2, 1, 0), Variant.ITU) + b"\x05\x00\x10"
SETUP = b"\x08\x02\x00\x01\x05\xa1"
I_FRAME = b"\x00\x01\x00\x00" + SETUP
HEP_CHUNK = struct.Struct(">HHH")


def over_ip(payload, protocol, **where):
    return ethernet(ipv4(payload, protocol, **where))


def run(packets, link_type=1, options=None, **more):
    dissector = Dissector(options)
    result = dissector.feed(batch_of(packets, link_type, **more))
    return result, dissector


def kinds(result):
    return [(message.protocol.value, message.type) for message in result.messages]


def test_messages_of_all_transports_in_the_order_of_the_packets():
    packets = [
        over_ip(udp(INVITE), 17),
        over_ip(tcp(BYE, 1), 6),
        over_ip(sctp([data_chunk(1, b"\x01\0\x03\x01\0\0\0\x08")]), 132),
        over_ip(udp(b"SIP/2.0 180 Ringing\r\n\r\n"), 17),
        over_ip(udp(b"CRCX 12 aaln/1@gw MGCP 1.0\r\n"), 17),
        over_ip(udp(b"noise"), 17),
    ]
    result, dissector = run(packets, first=11)
    assert kinds(result) == [("sip", "INVITE"), ("sip", "BYE"), ("m3ua", "ASPUP"), ("sip", "180"), ("mgcp", "CRCX")]
    assert [message.packet for message in result.messages] == [11, 12, 13, 14, 15]
    first = result.messages[0]
    assert (first.where.source, first.where.destination) == ("10.0.0.1:5060", "10.0.0.2:5062")
    assert first.octets == INVITE
    assert dissector.packets == 6
    assert dissector.counts["sip"] == {"INVITE": 1, "BYE": 1, "180": 1}


def test_rtp_comes_as_arrays():
    packets = [over_ip(udp(rtp(65535 + n & 0xFFFF, 160 * n, 7), 4000, 4002), 17) for n in range(3)]
    packets.insert(1, over_ip(udp(rtp(9, 0, 8, kind=0x80 | 0), 4000, 4002), 17, source="10.0.0.9"))
    packets.append(over_ip(udp(b"\x80\xc8" + bytes(26), 4001, 4003), 17))
    result, dissector = run(packets)
    speech = result.rtp
    assert result.messages == []
    assert speech.sequence.tolist() == [65535, 9, 0, 1]
    assert speech.timestamp.tolist() == [0, 0, 160, 320]
    assert speech.ssrc.tolist() == [7, 8, 7, 7]
    assert speech.payload_type.tolist() == [8, 0, 8, 8]
    assert speech.marker.tolist() == [False, True, False, False]
    assert speech.length.tolist() == [160] * 4
    flows = [speech.flows[index] for index in speech.flow.tolist()]
    assert flows[0] == flows[2] == ("10.0.0.1:4000", "10.0.0.2:4002")
    assert flows[1] == ("10.0.0.9:4000", "10.0.0.2:4002")
    assert dissector.counts["rtcp"] == {"RTCP": 1}


def test_sip_in_fragments_and_sctp_in_udp():
    datagram = udp(INVITE)
    packets = [
        over_ip(datagram[24:], 17, offset=24),
        over_ip(datagram[:24], 17, more=True),
        over_ip(udp(sctp([data_chunk(1, b"\x01\0\x03\x01\0\0\0\x08")]), 9899, 9899), 17),
    ]
    result, _ = run(packets)
    assert kinds(result) == [("sip", "INVITE"), ("m3ua", "ASPUP")]
    assert result.messages[0].packet == 2


@pytest.mark.parametrize(
    ("link_type", "packet", "options", "expected"),
    [
        (MTP3, MSU, None, ["mtp3", "isup"]),
        (MTP2, bytes((1, 2, len(MSU))) + MSU, None, ["mtp2", "mtp3", "isup"]),
        (MTP2, bytes((1, 2, len(MSU))) + MSU + b"\xaa\xbb", Options(fcs=True), ["mtp2", "mtp3", "isup"]),
        (MTP2_WITH_PSEUDO, b"\x01\0\0\x07" + bytes((1, 2, len(MSU))) + MSU, None, ["mtp2", "mtp3", "isup"]),
        (LAPD, I_FRAME, None, ["lapd", "q931"]),
        (LINUX_LAPD, b"\0\x04" + bytes(14) + I_FRAME, None, ["lapd", "q931"]),
        (ERF, bytes(8) + b"\x01" + bytes(7) + bytes((1, 2, len(MSU))) + MSU, None, ["mtp2", "mtp3", "isup"]),
        (ERF, bytes(8) + b"\x05" + bytes(7) + bytes(4) + I_FRAME, None, ["lapd", "q931"]),
        (147, MSU, Options(link_types={147: MTP3}), ["mtp3", "isup"]),
        (147, MSU, None, []),
    ],
)
def test_lines(link_type, packet, options, expected):
    result, _ = run([packet], link_type, options)
    assert [message.protocol.value for message in result.messages] == expected
    if link_type == MTP2_WITH_PSEUDO:
        assert (result.messages[0].where.link, result.messages[0].where.sent) == ("7", True)


def test_the_label_of_a_relation_may_be_told():
    china = b"\x85" + encode_label(RoutingLabel(0x030201, 0x060504, 0), Variant.CHINA) + b"\x05\x00\x10"
    options = Options(variants={(0x060504, 0x030201): Variant.CHINA})
    result, _ = run([china], MTP3, options)
    assert (result.messages[1].where.opc, result.messages[1].where.dpc) == (0x060504, 0x030201)


def hep(chunks):
    body = b"".join(HEP_CHUNK.pack(0, kind, 6 + len(value)) + value for kind, value in chunks)
    return b"HEP3" + (6 + len(body)).to_bytes(2, "big") + body


def test_packets_within_packets():
    chunks = [(3, b"\x01\x02\x03\x04"), (4, b"\x05\x06\x07\x08"), (7, b"\x13\xc4"), (8, b"\x13\xc6")]
    chunks += [(9, (1000).to_bytes(4, "big")), (10, (250000).to_bytes(4, "big")), (11, b"\x01"), (15, INVITE)]
    gsmtap = bytes((2, 4, 8)) + bytes(13) + I_FRAME
    packets = [over_ip(udp(hep(chunks), 9060, 9060), 17), over_ip(udp(gsmtap, 1, GSMTAP), 17)]
    result, _ = run(packets)
    assert kinds(result) == [("sip", "INVITE"), ("lapd", "I"), ("q931", "SETUP")]
    invite = result.messages[0]
    assert (invite.where.source, invite.where.destination) == ("1.2.3.4:5060", "5.6.7.8:5062")
    assert invite.time == 1000.25


def test_h225_and_backhaul_in_tcp():
    tpkt = b"\x03\x00" + (4 + len(SETUP)).to_bytes(2, "big") + SETUP
    backhaul = bytes.fromhex("00040000001180000001") + len(SETUP).to_bytes(2, "big") + SETUP
    result, _ = run([over_ip(tcp(tpkt, 1, 9, 1720), 6), over_ip(tcp(backhaul, 1, 10, 2428), 6)])
    assert [message.protocol for message in result.messages] == [Protocol.H225, Protocol.Q931]
    assert all(message.octets == SETUP for message in result.messages)


def test_what_was_left_out_is_counted():
    chunk = data_chunk(1, b"\x01\0\x03\x01\0\0\0\x08")
    _, dissector = run([over_ip(sctp([chunk]), 132)] * 2)
    assert dissector.statistics()["retransmitted SCTP chunks"] == 1


@given(
    st.lists(st.binary(max_size=120), min_size=1, max_size=4),
    st.sampled_from([1, 101, MTP2, MTP2_WITH_PSEUDO, MTP3, LAPD, LINUX_LAPD, ERF]),
)
def test_any_packets(packets, link_type):
    result, _ = run(packets, link_type)
    assert all(1 <= message.packet <= len(packets) for message in result.messages)


@given(st.binary(max_size=100), st.sampled_from([6, 17, 132]), st.sampled_from([9899, GSMTAP, 5060]))
def test_any_payload_in_ip(payload, protocol, port):
    run([over_ip(udp(payload, port, port)[: 8 * (protocol == 17)] + payload, protocol)] * 2)
