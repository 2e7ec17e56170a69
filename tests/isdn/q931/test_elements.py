"""The base of elements, raw elements, shifts, and every typed element both ways."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.q931_vectors import STRATEGIES, TYPED

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931 import messages
from tandem.isdn.q931.bearer import BearerCapability
from tandem.isdn.q931.codes import ElementCode
from tandem.isdn.q931.elements import (
    Element,
    Fields,
    RawElement,
    Shift,
    fit,
    group,
    ia5,
    parse_element,
    typed_elements,
)
from tandem.isdn.q931.indications import CongestionLevel, SendingComplete
from tandem.isdn.q931.texts import Display


def test_every_typed_element_has_a_strategy():
    assert messages.ELEMENT_MODULES
    assert set(typed_elements().values()) == set(STRATEGIES)


@given(TYPED)
def test_value_comes_back_from_its_octets(element: Element):
    content = element.encode()
    read = type(element).parse(content)
    assert read == element
    assert read.encode() == content
    assert dataclasses.replace(read).encode() == content
    assert str(read)


@given(st.sampled_from(sorted(typed_elements())), st.binary(max_size=40))
def test_any_content_gives_an_element_that_encodes_to_the_same_octets(identifier: int, content: bytes):
    if identifier >= 0x80:
        element = parse_element(identifier, None)
        assert element.to_octets() == bytes((identifier,))
    else:
        element = parse_element(identifier, content)
        assert element.to_octets() == bytes((identifier, len(content))) + content
    assert str(element) is not None


def test_malformed_content_is_kept_with_what_is_wrong():
    element = parse_element(ElementCode.CAUSE, b"\x80")
    assert element == RawElement(8, b"\x80", error="Cause ends too early, has 1 octets (at octet 1)")
    assert "malformed 80" in str(element)


def test_element_without_content_counts_as_unknown_not_as_malformed():
    assert parse_element(ElementCode.BEARER_CAPABILITY, b"") == RawElement(4, b"")


def test_elements_of_other_codesets_are_not_read():
    assert parse_element(0x28, b"ABC", codeset=6) == RawElement(0x28, b"ABC", 6)


def test_elements_of_one_octet():
    assert parse_element(0xA1, None) == SendingComplete()
    assert parse_element(0xBF, None) == CongestionLevel(15)
    assert parse_element(0xBF, None).to_octets() == b"\xbf"
    assert parse_element(0xC3, None) == RawElement(0xC3, None)
    assert RawElement(0xC3, None).to_octets() == b"\xc3"


@pytest.mark.parametrize(("octet", "shift"), [(0x96, Shift(6, locking=True)), (0x9D, Shift(5))])
def test_shift(octet: int, shift: Shift):
    assert parse_element(octet, None) == shift
    assert shift.to_octets() == bytes((octet,))
    assert shift.identifier == octet


def test_shift_to_no_codeset():
    with pytest.raises(EncodeError):
        Shift(8).to_octets()


def test_values_that_come_often_are_shared():
    first = parse_element(ElementCode.BEARER_CAPABILITY, b"\x80\x90\xa3")
    assert isinstance(first, BearerCapability)
    assert parse_element(ElementCode.BEARER_CAPABILITY, b"\x80\x90\xa3") is first


def test_content_longer_than_the_length_octet_holds():
    with pytest.raises(EncodeError, match="Display has 300 octets"):
        Display("x" * 300).to_octets()
    with pytest.raises(EncodeError):
        RawElement(0x60, bytes(256)).to_octets()


def test_groups_end_at_the_extension_bit_or_at_their_limit():
    fields = Fields(ElementCode.CAUSE, b"\x01\x82\x03\x04\x05")
    assert fields.group() == (1, 2)
    assert fields.peek() == 3
    assert fields.group(2) == (3, 4)
    assert fields.rest() == b"\x05"
    assert not fields
    with pytest.raises(DecodeError, match="Cause ends too early"):
        fields.octet()


def test_helpers():
    assert group(1, 2) == b"\x01\x82"
    assert fit(7, 3, "x") == 7
    with pytest.raises(EncodeError, match="x is 8"):
        fit(8, 3, "x")
    with pytest.raises(EncodeError):
        ia5("ü", "x")
