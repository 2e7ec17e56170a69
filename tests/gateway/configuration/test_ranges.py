"""Lists of numbers, and addresses."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.configuration.ranges import parse_address, parse_ranges


@pytest.mark.parametrize(
    ("text", "numbers"), [("5", (5,)), ("1-3", (1, 2, 3)), ("7, 1 - 2", (7, 1, 2)), ("31-31", (31,))]
)
def test_ranges(text, numbers):
    assert parse_ranges(text, 1, 31) == numbers


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'' is not a number or a range such as 1-15"),
        ("1,", "'' is not a number"),
        ("1-", "'1-' is not a number"),
        ("a-b", "'a-b' is not a number"),
        ("-1", "'-1' is not a number"),
        ("٣", "is not a number"),
        ("99999999999", "is not a number"),
        ("3-1", "'3-1' runs backwards"),
        ("0", "'0' is outside 1-31"),
        ("30-32", "'30-32' is outside 1-31"),
        ("1-5,5", "5 is named twice"),
    ],
)
def test_wrong_ranges(text, says):
    with pytest.raises(ValueError, match="(?s)" + says):
        parse_ranges(text, 1, 31)


@given(st.lists(st.integers(0, 4095), min_size=1, unique=True))
def test_every_list_of_numbers_can_be_written(numbers):
    assert parse_ranges(",".join(map(str, numbers)), 0, 4095) == tuple(numbers)


def test_addresses():
    assert parse_address("10.0.0.1:5060") == ("10.0.0.1", 5060)
    assert parse_address("10.0.0.1", 5060) == ("10.0.0.1", 5060)
    assert parse_address("10.0.0.1:1", 5060) == ("10.0.0.1", 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.0.0.1", "lacks a port"),
        ("10.0.0.256:1", "'10.0.0.256' is not an IPv4 address"),
        ("10.0.0:1", "is not an IPv4 address"),
        ("host:1", "is not an IPv4 address"),
        ("10.0.0.1:", "'' is not a port"),
        ("10.0.0.1:65536", "'65536' is not a port"),
        ("1:10.0.0.1:5", "is not an IPv4 address"),
        ("[::1]:5060", "is not an IPv4 address"),
    ],
)
def test_wrong_addresses(text, says):
    with pytest.raises(ValueError, match=says):
        parse_address(text)


@given(st.text(alphabet="0123456789.:-, ", max_size=20))
def test_any_text_is_numbers_or_a_value_error(text):
    for read in (lambda: parse_ranges(text, 0, 4095), lambda: parse_address(text, 1)):
        with contextlib.suppress(ValueError):
            assert read()
