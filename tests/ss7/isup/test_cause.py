"""Cause indicators."""

import pytest

from tandem.core.cause import Cause, Location
from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.cause import CauseIndicators


def test_plain_cause():
    cause = CauseIndicators.parse(b"\x84\x91")
    assert cause == CauseIndicators(Cause.USER_BUSY, Location.PUBLIC_NETWORK_REMOTE)
    assert cause.encode() == b"\x84\x91"
    assert str(cause) == "17 User busy, at public network remote"


def test_recommendation_and_diagnostics():
    octets = bytes.fromhex("0285e30701ff")
    cause = CauseIndicators.parse(octets)
    assert cause == CauseIndicators(99, 2, 0, 5, b"\x07\x01\xff")
    assert cause.encode() == octets
    assert str(cause).endswith("diagnostics 0701ff")


def test_another_coding_standard_has_other_causes():
    assert str(CauseIndicators(16, 3, coding_standard=2)) == "16 (national coding), at location 3"


@pytest.mark.parametrize("octets", [b"", b"\x80", b"\x00\x80"])
def test_missing_value(octets):
    with pytest.raises(DecodeError) as caught:
        CauseIndicators.parse(octets)
    assert caught.value.offset == len(octets)


@pytest.mark.parametrize("wrong", [{"value": 128}, {"location": 16}, {"coding_standard": 4}])
def test_out_of_range(wrong):
    with pytest.raises(EncodeError):
        CauseIndicators(**wrong).encode()
