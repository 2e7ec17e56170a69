"""The base of the parameters, and what holds for every typed one."""

import random
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.decoding import attempt
from support.isup_vectors import an_instance, every_type

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.indicators import ForwardCallIndicators, HopCounter, NatureOfConnectionIndicators
from tandem.ss7.isup.parameters import RawParameter, parse_parameter, typed_parameters

TYPES = every_type()


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_round_trip_of_values(cls):
    source = random.Random(cls.__name__)
    for _ in range(50):
        value = an_instance(cls, source)
        assert cls.parse(value.encode()) == value
        assert str(value) != ""


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
@settings(max_examples=40)
@given(octets=st.binary(max_size=20))
def test_any_octets_give_a_value_or_a_decode_error(cls, octets):
    value = attempt(cls.parse, octets)
    if value is not None:
        assert value.encode() == octets  # spare bits and what a later edition added are kept
        assert cls.parse(value.encode()) == value
        assert all(getattr(value, name) is not NotImplemented for name in cls.DERIVED)
        assert isinstance(str(value), str)


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_values_are_frozen_and_hashable(cls):
    value = an_instance(cls, random.Random(1))
    hash(value)
    with pytest.raises((FrozenInstanceError, TypeError)):
        value.code = 1


def test_a_changed_value_is_not_encoded_as_the_former_one_was():
    value = HopCounter(3)
    assert value.encode() == value.encode() == b"\x03"
    assert replace(value, count=4).encode() == b"\x04"
    assert value == HopCounter(3)
    parsed = HopCounter.parse(b"\xe3\x01")
    assert (parsed.encode(), replace(parsed, count=3).encode()) == (b"\xe3\x01", b"\x03")


def test_bits_lie_where_q763_says():
    assert NatureOfConnectionIndicators(satellite=1, continuity_check=2, outgoing_echo_control=True).encode() == b"\x19"
    assert ForwardCallIndicators(international=True, isdn_access=True).encode() == b"\x01\x01"
    assert ForwardCallIndicators(isup_preference=2, qor_attempt=True).encode() == b"\x80\x20"


def test_a_value_too_large_for_its_field():
    with pytest.raises(EncodeError, match="count of Hop counter is 32"):
        HopCounter(32).encode()


def test_too_few_octets():
    with pytest.raises(DecodeError, match="Forward call indicators needs at least 2 octets") as caught:
        ForwardCallIndicators.parse(b"\x01")
    assert caught.value.offset == 1


def test_unknown_parameters_stay_raw():
    assert parse_parameter(200, b"\x01\x02") == RawParameter(200, b"\x01\x02")
    assert RawParameter(120, b"\x05").name == "Application transport"
    assert 200 not in typed_parameters()


def test_indicators_in_words():
    assert str(NatureOfConnectionIndicators(1, 0, True)) == (
        "satellite one, continuity check not required, outgoing echo control"
    )
    assert "spare" not in str(NatureOfConnectionIndicators(3))
