"""SCTP packets as who carries them sees them; scapy, which has code of its own for SCTP, agrees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers import sctp as other

from tandem.gateway.sctp import chunks

INIT = chunks.build(2905, 2906, 0, bytes.fromhex("01000014 0a0b0c0d 00010000 0011 0040 00000001"))


def test_the_checksum_of_rfc_3720():
    assert chunks.crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720 B.4, in the order of the wire
    assert chunks.crc32c(b"123456789") == 0xE3069283


def test_heads():
    assert chunks.head(INIT) == (2905, 2906, 0, chunks.INIT)
    assert not chunks.head(INIT).established
    assert chunks.head(chunks.build(1, 2, 3, bytes.fromhex("03000010 00000001 00010000 00000000"))).established
    assert chunks.head(INIT[:15]) is None


def test_the_tag_that_an_init_tells():
    assert chunks.initiate_tag(INIT) == 0x0A0B0C0D
    assert chunks.initiate_tag(INIT[:30]) is None
    assert chunks.initiate_tag(chunks.heartbeat(1, 2, 3, bytes(24))) is None


def test_addresses_join_an_init():
    changed = other.SCTP(chunks.with_addresses(INIT, ["192.0.2.1", "2001:db8::1"]))
    init = changed[other.SCTPChunkInit]
    assert init.init_tag == 0x0A0B0C0D
    assert init.len == 20 + 8 + 20
    assert [type(parameter).__name__ for parameter in init.params] == [
        "SCTPChunkParamIPv4Addr",
        "SCTPChunkParamIPv6Addr",
    ]
    assert [parameter.addr for parameter in init.params] == ["192.0.2.1", "2001:db8::1"]
    assert bytes(_recomputed(changed)) == chunks.with_addresses(INIT, ["192.0.2.1", "2001:db8::1"])


def _recomputed(packet):
    packet = packet.copy()
    packet.chksum = None
    return packet


def test_addresses_follow_parameters_that_are_there():
    forward_tsn = bytes.fromhex("c0000004")
    body = bytes.fromhex("01000018 0a0b0c0d 00010000 0011 0040 00000001") + forward_tsn
    changed = chunks.with_addresses(chunks.build(1, 2, 0, body), ["192.0.2.1"])
    assert changed[12:] == bytes.fromhex("01000020") + body[4:] + bytes.fromhex("00050008 c0000201")


def test_other_packets_stay_as_they_are():
    probe = chunks.heartbeat(1, 2, 3, bytes(8))
    assert chunks.with_addresses(probe, ["192.0.2.1"]) == probe
    lying = INIT[:14] + b"\xff\xff" + INIT[16:]
    assert chunks.with_addresses(lying, ["192.0.2.1"]) == lying


def test_a_heartbeat_and_its_answer():
    probe = chunks.heartbeat(7, 8, 0x01020304, b"secret..0001")
    parsed = other.SCTP(probe)
    assert (parsed.sport, parsed.dport, parsed.tag) == (7, 8, 0x01020304)
    assert parsed[other.SCTPChunkHeartbeatReq].params[0].data == b"secret..0001"
    assert chunks.heartbeat_information(probe) is None
    answer = chunks.build(8, 7, 9, b"\x05" + probe[13:])
    assert chunks.heartbeat_information(answer) == b"secret..0001"


@pytest.mark.parametrize("change", [(12, 4), (15, 99), (17, 2), (19, 200)])
def test_answers_that_are_none(change):
    answer = bytearray(chunks.heartbeat(7, 8, 9, bytes(8)))
    answer[12] = chunks.HEARTBEAT_ACK
    assert chunks.heartbeat_information(bytes(answer)) == bytes(8)
    answer[change[0]] = change[1]
    assert chunks.heartbeat_information(bytes(answer)) is None


@given(st.binary(max_size=80))
def test_any_octets(octets):
    for packet in (octets, INIT[:13] + octets, bytes(12) + b"\x05" + octets):
        chunks.head(packet)
        chunks.initiate_tag(packet)
        chunks.heartbeat_information(packet)
        chunks.with_addresses(packet, ["192.0.2.1"])
