import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.batches import batch_of
from support.packet_files import ethernet, ipv4, ipv6, tcp, udp

from tandem.gateway.analyser.network import (
    COOKED,
    COOKED2,
    IPV4,
    NULL,
    PPP,
    RAW,
    endpoint,
    text_address,
    transports,
)

pytestmark = pytest.mark.usefixtures("loops")

DATAGRAM = ipv4(udp(b"hello"), 17)


def payloads(batch):
    found, fragments = transports(batch)
    return [batch.buffer[s:e] for s, e in zip(found.start.tolist(), found.end.tolist(), strict=True)], found, fragments


@pytest.mark.parametrize(
    ("link_type", "head"),
    [
        (1, bytes(12) + b"\x08\x00"),
        (1, bytes(12) + b"\x81\x00\x00\x05\x08\x00"),
        (1, bytes(12) + b"\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00"),
        (COOKED, bytes(14) + b"\x08\x00"),
        (COOKED2, b"\x08\x00" + bytes(18)),
        (NULL, b"\x02\0\0\0"),
        (RAW, b""),
        (IPV4, b""),
        (12, b""),
        (PPP, b"\xff\x03\x00\x21"),
        (PPP, b"\x00\x21"),
    ],
)
def test_every_link_layer(link_type, head):
    found, *_ = payloads(batch_of([head + DATAGRAM], link_type))
    assert found == [udp(b"hello")]


def test_padding_of_short_frames_is_left_out_and_a_length_of_0_is_not_believed():
    offloaded = bytearray(DATAGRAM)
    offloaded[2:4] = b"\0\0"
    found, *_ = payloads(batch_of([ethernet(DATAGRAM + bytes(20)), ethernet(bytes(offloaded))]))
    assert found == [udp(b"hello"), udp(b"hello")]


def test_addresses_of_both_versions():
    batch = batch_of([ethernet(DATAGRAM), ethernet(ipv6(tcp(b"x", 1), 6), 0x86DD)])
    found, parts, fragments = payloads(batch)
    assert found == [udp(b"hello"), tcp(b"x", 1)]
    assert parts.protocol.tolist() == [17, 6]
    assert parts.six.tolist() == [False, True]
    at = parts.address.tolist()
    assert text_address(batch.buffer[at[0] : at[0] + 4]) == "10.0.0.1"
    assert text_address(batch.buffer[at[1] + 16 : at[1] + 32]) == "::2"
    assert not fragments


def test_extension_headers_are_stepped_over():
    options = struct.pack(">BB6x", 60, 0) + struct.pack(">BB14x", 17, 1)
    found, *_ = payloads(batch_of([ethernet(ipv6(udp(b"deep"), 0, options), 0x86DD)]))
    assert found == [udp(b"deep")]


def test_fragments_come_apart():
    whole = udp(b"0123456789abcdef" * 2)
    parts = [ipv4(whole[:16], 17, more=True), ipv4(whole[16:], 17, offset=16)]
    six = ipv6(whole[:16], 44, struct.pack(">BBHI", 17, 0, 1, 99))
    found, _, fragments = payloads(batch_of([*map(ethernet, parts), ethernet(six, 0x86DD)]))
    assert found == []
    assert [(part.index, part.offset, part.more, part.identification) for part in fragments] == [
        (0, 0, True, 7),
        (1, 16, False, 7),
        (2, 0, True, 99),
    ]
    assert fragments[0].payload + fragments[1].payload == whole
    assert fragments[2].source == "::1"


def test_what_is_no_ip_is_left_out():
    arp = ethernet(bytes(28), 0x0806)
    short = ethernet(DATAGRAM)[:20]
    bad_header = ethernet(b"\x41" + DATAGRAM[1:])
    found, *_ = payloads(batch_of([arp, short, bad_header, ethernet(ipv4(b"echo....", 1))]))
    assert found == []


def test_endpoints_as_people_write_them():
    assert endpoint("10.0.0.1", 5060) == "10.0.0.1:5060"
    assert endpoint("::1", 5060) == "[::1]:5060"


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=5), st.sampled_from([0, 1, 9, 101, 113, 276]))
def test_any_octets(packets, link_type):
    batch = batch_of(packets, link_type)
    found, _ = transports(batch)
    ends = batch.start + batch.length
    assert (found.end <= ends[found.index]).all()
    assert (found.start <= found.end).all()
