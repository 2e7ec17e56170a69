"""Labels against captures and national layouts."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import ConfigurationError, DecodeError, EncodeError
from tandem.ss7.mtp3.label import (
    LAYOUTS,
    RoutingLabel,
    ServiceInformation,
    Variant,
    encode_label,
    format_point_code,
    parse_label,
    parse_point_code,
    rotate_sls,
)

CAPTURED = json.loads((Path(__file__).parents[2] / "vectors" / "mtp3" / "labels.json").read_text())


@st.composite
def variants_and_labels(draw):
    variant = draw(st.sampled_from(Variant))
    layout = LAYOUTS[variant]
    codes = st.integers(0, layout.point_code_limit - 1)
    return variant, RoutingLabel(draw(codes), draw(codes), draw(st.integers(0, (1 << layout.sls_wire_bits) - 1)))


@pytest.mark.parametrize("row", CAPTURED, ids=lambda row: f"{row['source']}-{row['msu'][:12]}")
def test_captured_label(row):
    msu, variant = bytes.fromhex(row["msu"]), Variant(row["variant"])
    label, length = parse_label(msu, variant, 1)
    assert (label.dpc, label.opc, label.sls) == (row["dpc"], row["opc"], row["sls"])
    assert encode_label(label, variant) == msu[1 : 1 + length]
    information = ServiceInformation.parse(msu[0])
    assert (information.service, information.network_indicator) == (row["service"], row["network_indicator"])
    assert information.encode() == msu[0]


@pytest.mark.parametrize(
    ("variant", "label", "octets"),
    [
        # Q.704 figure 3: 14 + 14 + 4 bits, the least significant first.
        (Variant.ITU, RoutingLabel(0x3FFF, 0, 0), "ff3f0000"),
        (Variant.ITU, RoutingLabel(0, 0x3FFF, 0), "00c0ff0f"),
        (Variant.ITU, RoutingLabel(0, 0, 15), "000000f0"),
        # T1.111.4: member, cluster, network; GF 001-9001: signalling point, sub area, main area.
        (Variant.ANSI, RoutingLabel(0x010203, 0x040506, 0xFF), "030201060504ff"),
        (Variant.CHINA, RoutingLabel(0x010203, 0x040506, 0x0A), "0302010605040a"),
        (Variant.JAPAN, RoutingLabel(0x0102, 0x0304, 5), "0201040305"),
    ],
)
def test_layouts(variant, label, octets):
    assert encode_label(label, variant).hex() == octets
    assert parse_label(bytes.fromhex(octets), variant) == (label, len(octets) // 2)


@given(variants_and_labels())
def test_round_trip(case):
    variant, label = case
    octets = encode_label(label, variant)
    assert parse_label(b"\xff" + octets + b"\xff", variant, 1) == (label, LAYOUTS[variant].octets)


@pytest.mark.parametrize("variant", Variant)
def test_short_label(variant):
    for length in range(LAYOUTS[variant].octets):
        with pytest.raises(DecodeError, match="routing label needs"):
            parse_label(bytes(length), variant)


@pytest.mark.parametrize("label", [RoutingLabel(16384, 1, 0), RoutingLabel(1, 16384, 0), RoutingLabel(1, 1, 16)])
def test_too_large(label):
    with pytest.raises(EncodeError):
        encode_label(label, Variant.ITU)


@pytest.mark.parametrize(
    ("text", "variant", "value"),
    [
        ("3-8-3", Variant.ITU, 3 << 11 | 8 << 3 | 3),
        ("2-10-5", Variant.ITU, 4181),
        ("4711", Variant.ITU, 4711),
        (" 7-255-7 ", Variant.ITU, 16383),
        ("1-2-3", Variant.ANSI, 0x010203),
        ("10-20-30", Variant.CHINA, 0x0A141E),
        ("127-15-31", Variant.JAPAN, 0xFFFF),
    ],
)
def test_point_code_text(text, variant, value):
    assert parse_point_code(text, variant) == value
    assert parse_point_code(format_point_code(value, variant), variant) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("16384", "too large"),
        ("8-0-0", "8 in point code"),
        ("1-256-0", "256 in point code"),
        ("1-2", "3 parts"),
        ("x", "not a point code"),
        ("", "not a point code"),
        ("-1", "not a point code"),
        ("²", "not a point code"),
        ("9" * 5000, "not a point code"),
    ],
)
def test_wrong_point_code(text, said):
    with pytest.raises(ConfigurationError, match=said):
        parse_point_code(text, Variant.ITU)


@given(st.integers(0, 255))
def test_service_information_keeps_every_bit(octet):
    assert ServiceInformation.parse(octet).encode() == octet


def test_service_information_that_does_not_fit():
    with pytest.raises(EncodeError):
        ServiceInformation(16, 0).encode()


@pytest.mark.parametrize(
    ("bits", "sls", "turned"), [(5, 0b00001, 0b10000), (5, 0b10110, 0b01011), (8, 1, 0x80), (5, 0xE1, 0xF0)]
)
def test_sls_rotation(bits, sls, turned):
    msu = b"\x85" + bytes(6) + bytes([sls]) + b"data"
    rotated = rotate_sls(msu, bits)
    assert rotated[7] == turned
    assert (rotated[:7], rotated[8:]) == (msu[:7], msu[8:])
    assert rotate_sls(rotated, bits, right=False) == msu
