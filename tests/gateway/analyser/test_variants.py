import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.isup_flows import iam
from support.packet_files import data_chunk, ethernet, ipv4, pcap, sctp

from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options
from tandem.gateway.analyser.variants import ENOUGH, Variants
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CalledPartyNumber
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.variants import Variant as IsupVariant
from tandem.ss7.mtp3.label import RoutingLabel, Variant, encode_label

from .test_bulk import m3ua

ITU, ANSI, CHINA, JAPAN = Variant.ITU, Variant.ANSI, Variant.CHINA, Variant.JAPAN
ISUP, TUP, TEST = 5, 4, 1
RLC = b"\5\0\x10\0"


def ansi_iam(digits="2015551234"):
    fixed = bytes.fromhex("0500 01 00 6001 0a")
    information = bytes.fromhex("03 80 90 a2")  # length, then 3.1 kHz audio at 64 kbit/s, mu-law
    number = bytes.fromhex("03 10") + bytes(
        int(pair[::-1], 16) for pair in map("".join, zip(*[iter(digits)] * 2, strict=True))
    )
    return fixed + bytes((3, 2 + len(information), 0)) + information + bytes((len(number),)) + number


BEGINS = {ITU: b"\5\0" + iam(), ANSI: ansi_iam(), CHINA: b"\5\0" + iam(), JAPAN: b"\5\0" + iam()}


def msu(variant, data, service=ISUP, opc=66, dpc=77):
    return bytes((service | 0x80,)) + encode_label(RoutingLabel(dpc, opc, 3), variant) + data


def detector(presumed=ITU, told=None):
    return Variants(presumed, told or {}, True)


@pytest.mark.parametrize("variant", [ITU, ANSI, CHINA, JAPAN])
def test_by_the_iam_behind_the_label(variant):
    found = detector()
    for _ in range(ENOUGH):
        assert found.of_label(2, msu(variant, BEGINS[variant])) is variant
    assert found.of_label(2, msu(variant, RLC)) is variant


def test_a_label_of_itu_settles_both_ways():
    found = detector()
    assert not found.settled(2, 66, 77, labelled=True)
    found.of_label(2, msu(ITU, BEGINS[ITU]))
    assert found.settled(2, 66, 77, labelled=True)
    assert found.settled(2, 77, 66, labelled=True)
    assert not found.settled(2, 77, 66)


@pytest.mark.parametrize("variant", [ITU, ANSI, JAPAN])
def test_by_signalling_link_tests(variant):
    found = detector()
    for _ in range(ENOUGH):
        seen = found.of_label(2, msu(variant, bytes.fromhex("11 40 01020304"), TEST))
        assert seen in ((ANSI, CHINA) if variant is ANSI else (variant,))


def test_by_the_size_of_point_codes():
    assert detector().of_codes(2, 0x060504, 0x030201, ISUP, BEGINS[CHINA]) is CHINA
    assert detector().of_codes(2, 0x060504, 0x030201, ISUP, BEGINS[ANSI]) is ANSI
    assert detector().of_codes(2, 0x0605, 0x0302, ISUP, BEGINS[ITU]) is ITU
    assert detector().of_codes(2, 0x0605, 0x0302, ISUP, BEGINS[ANSI]) is ANSI


def test_one_pair_says_nothing_of_another_one_and_both_ways_are_one():
    found = detector()
    for _ in range(ENOUGH):
        found.of_codes(2, 1, 2, ISUP, BEGINS[ANSI])
    assert found.settled(2, 2, 1)
    assert found.of_codes(2, 2, 1, ISUP, RLC) is ANSI
    assert not found.settled(2, 1, 3)
    assert found.of_codes(2, 1, 3, ISUP, RLC) is ITU


def test_one_odd_message_changes_nothing():
    found = detector()
    assert found.of_codes(2, 1, 2, ISUP, BEGINS[ANSI]) is ANSI
    assert found.of_codes(2, 1, 2, ISUP, BEGINS[ITU]) is ITU
    assert found.settled(2, 1, 2)
    assert found.of_codes(2, 1, 2, ISUP, BEGINS[ANSI]) is ITU


def test_told():
    found = Variants(ITU, {(77, 66): CHINA}, False)
    assert found.of_label(2, msu(CHINA, RLC)) is CHINA
    assert found.of_label(2, msu(ITU, RLC, opc=65)) is ITU
    assert found.of_codes(2, 66, 77, ISUP, RLC) is CHINA
    assert found.settled(2, 66, 77)
    assert Variants(ANSI, {}, False).of_codes(2, 1, 2, ISUP, BEGINS[ITU]) is ANSI


@pytest.mark.parametrize("variant", [ANSI, CHINA])
def test_what_our_own_encoder_makes(variant):
    fixed = [RawParameter(6, b"\0"), RawParameter(7, b"\x60\1"), RawParameter(9, b"\x0a")]
    fixed += [RawParameter(0x1D, b"\x80\x90\xa2")] if variant is ANSI else [RawParameter(2, b"\3")]
    parameters = (*fixed, CalledPartyNumber(digits="4989", nature=3))
    octets = Message.build(MessageType.IAM, 5, parameters, variant=IsupVariant(variant.value)).encode()
    assert detector().of_codes(2, 0x060504, 0x030201, ISUP, octets) is variant


@given(st.sampled_from([ISUP, TUP, TEST, 0, 3]), st.binary(min_size=5, max_size=40))
def test_anything_else_leaves_what_is_presumed(service, data):
    found = detector()
    for _ in range(2):
        assert found.of_label(2, bytes((service,)) + data) in Variant
        assert found.of_codes(2, 1, 2, service, data) in Variant


def test_two_variants_in_one_capture(tmp_path):
    def packet(tsn, octets, opc, port):
        message = bytearray(m3ua(octets))
        message[12:16] = opc.to_bytes(4, "big")
        return ethernet(ipv4(sctp([data_chunk(tsn, bytes(message))], port, 2905), 132))

    release = bytes.fromhex("0500 0c 02 00 02 82 90")
    packets = []
    for number in range(3):
        for opc, begin in ((1, BEGINS[ITU]), (0x060504, BEGINS[ANSI])):
            for octets in (begin, release, RLC):
                packets.append((1000 + len(packets), packet(len(packets) + 1, octets, opc, 2900 + opc % 7)))
        del number
    path = tmp_path / "both.pcap"
    path.write_bytes(pcap(packets))
    calls = analyse([str(path)], Options(detect=True)).calls
    assert [(call.variant, call.called, call.outcome) for call in calls] == [
        ("itu", "4989270", "abandoned"),
        ("ansi", "2015551234", "abandoned"),
    ] * 3
    told = analyse([str(path)], Options(variants={(2, 1): Variant.CHINA})).calls
    assert {call.variant for call in told} == {"itu", "china"}
