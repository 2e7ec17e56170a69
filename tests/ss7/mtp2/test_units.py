"""Q.703 (07/96) 2 and Annex A: signal unit formats."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.mtp2.units import BASIC, EXTENDED, Status, Unit, UnitKind, decode_unit, encode_unit, status_name

VECTORS = Path(__file__).parents[2] / "vectors" / "mtp2" / "units.txt"
CAPTURED = [bytes.fromhex(line.split()[1]) for line in VECTORS.read_text().splitlines()]


def test_a_message_signal_unit_from_a_capture():
    unit = decode_unit(CAPTURED[0])
    assert unit == Unit(29, 0, 29, 0, 32, UnitKind.MSU, sio=0x85, sif=CAPTURED[0][4:])
    assert str(unit).startswith("MSU BSN 29 BIB 0 FSN 29 FIB 0 SIO 85 SIF 0240")


def test_units_of_a_neighbour_while_aligning():
    units = [decode_unit(octets) for octets in CAPTURED[3:]]
    assert [str(unit) for unit in units] == [
        "LSSU BSN 127 BIB 1 FSN 127 FIB 1 SIO",
        "LSSU BSN 127 BIB 1 FSN 127 FIB 1 SIE",
        "FISU BSN 127 BIB 1 FSN 127 FIB 1",
    ]


@pytest.mark.parametrize("octets", CAPTURED)
def test_captured_units_encode_as_they_came(octets):
    assert encode_unit(decode_unit(octets)) == octets


def test_extended_header_of_annex_a():
    # BSN 0x123 with BIB 1, FSN 0xABC with FIB 0, LI 1: three little-endian fields of 16 bits.
    octets = bytes.fromhex("2381 bc0a 0100 04")
    assert decode_unit(octets, extended=True) == Unit(
        0x123, 1, 0xABC, 0, 1, UnitKind.LSSU, status=Status.SIPO, status_field=b"\x04"
    )
    assert EXTENDED.header(0x123, 1, 0xABC, 0, 1) == octets[:6]
    assert (BASIC.modulus, EXTENDED.modulus) == (128, 4096)


def test_length_indicator_63_stands_for_all_longer_units():
    for octets in (63, 64, 273):
        unit = decode_unit(b"\xff\xff\x3f" + bytes(octets))
        assert (unit.length_indicator, len(unit.sif)) == (63, octets - 1)
        assert encode_unit(unit)[2] == 63
    extended = decode_unit(EXTENDED.header(0, 1, 0, 1, 273) + bytes(273), extended=True)
    assert extended.length_indicator == 273


def test_status_field_of_two_octets_and_spare_bits():
    unit = decode_unit(bytes.fromhex("ffff02fbff"))
    assert unit.status == Status.SIOS
    assert unit.status_field == b"\xfb\xff"
    assert encode_unit(unit) == bytes.fromhex("ffff02fbff")
    assert decode_unit(bytes.fromhex("ffffc103")).status == Status.SIOS  # spare bits beside the length indicator
    assert [status_name(value) for value in (0, 5, 6)] == ["SIO", "SIB", "status 6"]


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        ("", 0),
        ("ffff", 2),
        ("ffff01", 2),  # one octet announced, none there
        ("ffff0000", 2),  # FISU with an octet too many
        ("ffff3e" + "00" * 63, 2),
        ("ffff3f" + "00" * 62, 2),
        ("ffff3f" + "00" * 274, 276),
    ],
)
def test_malformed_units(octets, offset):
    with pytest.raises(DecodeError) as caught:
        decode_unit(bytes.fromhex(octets))
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    "unit",
    [
        Unit(128, 1, 0, 1, 0, UnitKind.FISU),
        Unit(0, 1, -1, 1, 0, UnitKind.FISU),
        Unit(0, 1, 0, 1, 0, UnitKind.MSU, sio=None, sif=b"123"),
        Unit(0, 1, 0, 1, 0, UnitKind.MSU, sio=5, sif=b"1"),
        Unit(0, 1, 0, 1, 0, UnitKind.MSU, sio=5, sif=bytes(273)),
        Unit(0, 1, 0, 1, 0, UnitKind.LSSU, status_field=b"123"),
    ],
)
def test_what_cannot_be_a_unit_is_not_encoded(unit):
    with pytest.raises(EncodeError):
        encode_unit(unit)


@given(st.booleans(), st.data())
def test_round_trip(extended, data):
    sequence = st.integers(0, 4095 if extended else 127)
    numbers = [data.draw(strategy) for strategy in (sequence, st.integers(0, 1), sequence, st.integers(0, 1))]
    body = data.draw(st.binary(max_size=273))
    header = (EXTENDED if extended else BASIC).header(*numbers, len(body))
    unit = decode_unit(header + body, extended)
    assert [unit.bsn, unit.bib, unit.fsn, unit.fib] == numbers
    assert encode_unit(unit, extended) == header + body


@given(st.binary(max_size=300), st.booleans())
def test_any_octets_give_a_unit_or_a_decode_error(octets, extended):
    try:
        unit = decode_unit(octets, extended)
    except DecodeError:
        return
    assert len(encode_unit(unit, extended)) == len(octets)
    assert str(unit).startswith(unit.kind.value)
