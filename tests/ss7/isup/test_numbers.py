"""Numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.numbers import (
    CalledPartyNumber,
    CallingPartyNumber,
    Encoding,
    GenericDigits,
    GenericNumber,
    LocationNumber,
    Nature,
    Presentation,
    Screening,
    SubsequentNumber,
    TransitNetworkSelection,
)


def test_called_number_with_st():
    number = CalledPartyNumber.parse(bytes.fromhex("0310940321f3"))
    assert number == CalledPartyNumber("4930123", Nature.NATIONAL, st=True)
    assert number.complete
    assert number.encode() == bytes.fromhex("0310940321f3")


def test_odd_number_has_a_filler():
    number = CalledPartyNumber("12345", Nature.INTERNATIONAL)
    assert number.encode() == bytes.fromhex("8410214305")
    assert CalledPartyNumber.parse(number.encode()) == number
    assert not number.complete


def test_called_number_without_digits():
    assert CalledPartyNumber.parse(b"\x03\x10").digits == ""
    assert CalledPartyNumber.parse(b"\x83\x10").digits == ""


def test_st_alone():
    number = SubsequentNumber.parse(b"\x80\x0f")
    assert (number.digits, number.st) == ("", True)
    assert number.encode() == b"\x80\x0f"


def test_calling_number_from_a_capture():
    number = CallingPartyNumber.parse(bytes.fromhex("021321436587"))
    assert number == CallingPartyNumber("12345678", Nature.UNKNOWN, screening=Screening.NETWORK)
    assert str(number) == "12345678 nature unknown, plan e164, presentation allowed, screening network"


def test_address_not_available():
    number = CallingPartyNumber.unavailable()
    assert number.encode() == b"\x00\x0b"
    assert CallingPartyNumber.parse(b"\x00\x0b") == number
    assert number.presentation == Presentation.UNAVAILABLE


def test_location_number_has_an_inn_bit():
    assert LocationNumber("1", inn=True).encode() == bytes.fromhex("839301")


def test_generic_number_has_its_parity_in_the_second_octet():
    number = GenericNumber("123", qualifier=6)
    assert number.encode() == bytes.fromhex("0683132103")
    assert GenericNumber.parse(number.encode()) == number


def test_transit_network_selection():
    assert TransitNetworkSelection("123", plan=0, kind=2).encode() == bytes.fromhex("a02103")


def test_generic_digits():
    assert GenericDigits.parse(bytes.fromhex("20 21 03")).digits == "123"
    assert GenericDigits(b"AB", 1, Encoding.IA5).digits == "AB"
    assert GenericDigits(b"\xff", 1, Encoding.IA5).digits is None
    assert GenericDigits(b"AB", 1, Encoding.BINARY).digits is None


def test_wrong_digits():
    with pytest.raises(EncodeError, match="is not an address signal"):
        CalledPartyNumber("+49").encode()


@pytest.mark.parametrize("octets", [b"", b"\x03"])
def test_short_number(octets):
    with pytest.raises(DecodeError):
        CalledPartyNumber.parse(octets)


@given(st.text("0123456789BC", max_size=30), st.integers(0, 127), st.integers(0, 7), st.booleans(), st.booleans())
def test_called_number_round_trip(digits, nature, plan, inn, end):
    number = CalledPartyNumber(digits, nature, plan, inn, end)
    assert CalledPartyNumber.parse(number.encode()) == number
