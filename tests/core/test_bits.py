"""Fields of a few bits, declared on a dataclass."""

from dataclasses import dataclass
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.bits import bits, describe_bits, layout, meaning_of, read_bits, write_bits
from tandem.core.errors import EncodeError


class Colour(IntEnum):
    DARK_RED = 1


@dataclass(frozen=True)
class Sample:
    other: str = "not a bit field"
    colour: int = bits(1, 1, 3, meaning=Colour)
    flag: bool = bits(1, 4)
    split: int = bits(1, 7, 4)
    last: bool = bits(2, 8, default=True)


def test_places_are_counted_as_the_itu_counts():
    assert [(place.name, place.shift, place.mask) for place in layout(Sample)] == [
        ("colour", 0, 7),
        ("flag", 3, 1),
        ("split", 6, 15),
        ("last", 15, 1),
    ]


def test_reading_and_writing():
    assert write_bits(Sample(colour=1, flag=True, split=9), "sample") == 0x8249
    assert read_bits(Sample, 0x8249) == {"colour": 1, "flag": True, "split": 9, "last": True}


@given(st.integers(0, 0xFFFF))
def test_what_was_read_is_written(number):
    assert write_bits(Sample(**read_bits(Sample, number)), "sample") == number & 0x83CF


@pytest.mark.parametrize("wrong", [Sample(colour=8), Sample(split=-1)])
def test_a_value_that_does_not_fit(wrong):
    with pytest.raises(EncodeError, match="of sample is"):
        write_bits(wrong, "sample")


def test_words():
    assert describe_bits(Sample(colour=1, flag=True, last=False)) == ["colour dark red", "flag"]
    assert describe_bits(Sample(colour=5, split=2)) == ["colour 5", "split 2", "last"]
    assert (meaning_of(Colour, 1), meaning_of(Colour, 6)) == ("dark red", "6")


def test_what_was_read_belongs_to_the_reader():
    read_bits(Sample, 0x8249).clear()
    assert read_bits(Sample, 0x8249) == {"colour": 1, "flag": True, "split": 9, "last": True}


def test_more_values_than_are_kept():
    for number in range(0, 0x10000, 7):
        assert write_bits(Sample(**read_bits(Sample, number)), "sample") == number & 0x83CF
