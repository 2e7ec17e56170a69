import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser.layers_ss7 import PPID_IUA, PPID_M2PA, PPID_M2UA, PPID_M3UA, Ss7Layers, parameter
from tandem.gateway.analyser.model import Where
from tandem.ss7.mtp3.label import RoutingLabel, Variant, encode_label

ISUP = bytes.fromhex("0500") + b"\x0c" + b"rest"


class Told:
    """One variant for all."""

    def __init__(self, variant):
        self.variant = variant

    def of_label(self, network, msu):
        return self.variant

    def of_codes(self, network, opc, dpc, service, data):
        return self.variant


def layers(variant=Variant.ITU):
    found, handed = [], []
    return Ss7Layers(found.append, Told(variant), lambda octets, message: handed.append(octets)), found, handed


def msu(data, service=5, variant=Variant.ITU, network=2):
    return bytes((service | network << 6,)) + encode_label(RoutingLabel(77, 66, 3), variant) + data


def tlv(tag, value):
    return tag.to_bytes(2, "big") + (len(value) + 4).to_bytes(2, "big") + value + bytes(-len(value) % 4)


def common(kind, body):
    return bytes((1, 0)) + kind.to_bytes(2, "big") + (8 + len(body)).to_bytes(4, "big") + body


def kinds(found):
    return [(message.protocol.value, message.type) for message in found]


@pytest.mark.parametrize("variant", list(Variant))
def test_an_msu_of_every_variant(variant):
    ss7, found, _ = layers(variant)
    ss7.mtp3(9, 1.5, msu(ISUP, variant=variant), Where(link="L"))
    assert kinds(found) == [("mtp3", "ISUP"), ("isup", "REL")]
    isup = found[1]
    assert (isup.where.opc, isup.where.dpc, isup.where.network, isup.where.link) == (66, 77, 2, "L")
    assert isup.octets == ISUP
    assert (isup.packet, isup.time) == (9, 1.5)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (bytes((1, 2, 0)), [("mtp2", "FISU")]),
        (bytes((1, 2, 1, 3)), [("mtp2", "SIOS")]),
        (bytes((1, 2, 2, 1, 0)), [("mtp2", "SIN")]),
        (b"\x01", []),
    ],
)
def test_units_without_a_message(unit, expected):
    ss7, found, _ = layers()
    ss7.mtp2(1, 0, unit, Where())
    assert kinds(found) == expected


def test_the_length_indicator_ends_a_short_message():
    ss7, found, _ = layers()
    ss7.mtp2(1, 0, bytes((1, 2, len(msu(ISUP)))) + msu(ISUP) + b"\xaa\xbb", Where())
    assert found[-1].octets == ISUP


@pytest.mark.parametrize(
    ("service", "data", "expected"),
    [
        (0, b"\x12\x01", ("mtp3", "ECO")),
        (0, b"\x17", ("mtp3", "TRA")),
        (1, b"\x11\x40", ("mtp3", "SLTM")),
        (0, b"\xff", ("mtp3", "0xFF")),
        (3, b"\x09", ("sccp", "0x09")),
        (4, b"\x05\x11", ("tup", "IAM")),
        (5, b"\x05\x00\xfb", ("isup", "0xFB")),
    ],
)
def test_what_mtp_carries(service, data, expected):
    ss7, found, _ = layers()
    ss7.mtp3(1, 0, msu(data, service), Where())
    assert kinds(found)[1] == expected


def test_tup_keeps_the_sls_in_which_the_cic_ends():
    ss7, found, _ = layers()
    ss7.mtp3(1, 0, msu(b"\x05\x11", 4), Where())
    assert found[1].octets == b"\x03\x05\x11"


def test_m3ua_data():
    protocol_data = (66).to_bytes(4, "big") + (77).to_bytes(4, "big") + bytes((5, 2, 0, 3)) + ISUP
    ss7, found, _ = layers()
    octets = common(0x0101, tlv(6, bytes(4)) + tlv(0x0210, protocol_data))
    assert ss7.sigtran(1, 0, PPID_M3UA, octets, Where("a:1", "b:2"))
    assert kinds(found) == [("m3ua", "DATA"), ("isup", "REL")]
    assert (found[1].where.opc, found[1].where.dpc, found[1].where.source) == (66, 77, "a:1")
    assert ss7.sigtran(1, 0, PPID_M3UA, common(0x0301, b""), Where())
    assert kinds(found)[-1] == ("m3ua", "ASPUP")


def test_m2ua_of_ttc_has_the_length_before_the_unit():
    unit = msu(ISUP)
    ss7, found, _ = layers()
    ss7.sigtran(1, 0, PPID_M2UA, common(0x0601, tlv(0x0301, bytes((len(unit),)) + unit)), Where())
    assert kinds(found) == [("m2ua", "DATA"), ("mtp3", "ISUP"), ("isup", "REL")]


def test_m2ua_m2pa_and_iua():
    ss7, found, handed = layers()
    ss7.sigtran(1, 0, PPID_M2UA, common(0x0601, tlv(1, bytes(4)) + tlv(0x0300, msu(ISUP))), Where())
    ss7.sigtran(1, 0, PPID_M2PA, common(0x0B01, bytes(8) + b"\0" + msu(ISUP)), Where())
    ss7.sigtran(1, 0, PPID_M2PA, common(0x0B02, bytes(12)), Where())
    ss7.sigtran(1, 0, PPID_IUA, common(0x0501, tlv(0x0E, b"\x08\x02\x00\x01\x05")), Where())
    assert kinds(found) == [
        ("m2ua", "DATA"),
        ("mtp3", "ISUP"),
        ("isup", "REL"),
        ("m2pa", "USER_DATA"),
        ("mtp3", "ISUP"),
        ("isup", "REL"),
        ("m2pa", "LINK_STATUS"),
        ("iua", "DATA_REQUEST"),
    ]
    assert handed == [b"\x08\x02\x00\x01\x05"]


def test_the_layer_is_told_by_the_class_where_nothing_else_does():
    ss7, found, _ = layers()
    assert ss7.sigtran(1, 0, 0, common(0x0602, b""), Where())
    assert kinds(found) == [("m2ua", "ESTABLISH_REQUEST")]
    assert not ss7.sigtran(1, 0, PPID_M3UA, b"INVITE sip:", Where())


@pytest.mark.parametrize(("tag", "counted"), [(2, False), (3, False), (3, True), (0x81, False), (0x82, True)])
def test_m3ua_of_the_drafts(tag, counted):
    unit = msu(ISUP)
    ss7, found, _ = layers()
    ss7.sigtran(
        1, 0, PPID_M3UA, common(0x0101, tlv(1, bytes(4)) + tlv(tag, bytes((len(unit),)) * counted + unit)), Where()
    )
    assert kinds(found) == [("m3ua", "DATA"), ("mtp3", "ISUP"), ("isup", "REL")]


def test_a_whole_message_of_the_rfc_is_not_one_of_a_draft():
    ss7, found, _ = layers()
    ss7.sigtran(1, 0, PPID_M3UA, common(0x0101, tlv(2, msu(ISUP)) + tlv(0x0210, b"\0\0\0\1")), Where())
    assert kinds(found) == [("m3ua", "DATA")]


def test_what_has_no_payload_protocol_must_look_like_sigtran():
    """Diameter begins with the same octet: version 1, three octets of length, flags, command."""
    ss7, found, _ = layers()
    assert not ss7.sigtran(1, 0, 0, b"\x01\x00\x01\x01" + (0x80000118).to_bytes(4, "big") + bytes(249), Where())
    assert not ss7.sigtran(1, 0, 0, common(0x0058, bytes(80)), Where())
    assert found == []


def test_parameters_are_found_behind_padding():
    octets = common(0, tlv(4, b"abcde") + tlv(9, b"x"))
    assert parameter(octets, 9) == b"x"
    assert parameter(octets, 10) == b""
    assert parameter(common(0, b"\0\x04\0\0"), 9) == b""


@given(st.binary(max_size=60), st.sampled_from([0, 1, 2, 3, 5]), st.sampled_from(list(Variant)))
def test_any_octets(octets, ppid, variant):
    ss7, _, _ = layers(variant)
    ss7.mtp2(1, 0, octets, Where())
    ss7.mtp3(1, 0, octets, Where())
    ss7.sigtran(1, 0, ppid, b"\x01\x00" + octets, Where())
