"""Cause and progress indicator."""

import pytest

from tandem.core.cause import Cause, Location
from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.cause import CauseElement, ProgressDescription, ProgressIndicator


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("8091", CauseElement(Cause.USER_BUSY, Location.USER)),
        ("8290", CauseElement(Cause.NORMAL_CALL_CLEARING, Location.PUBLIC_NETWORK_LOCAL)),
        ("80e6333033", CauseElement(Cause.RECOVERY_ON_TIMER_EXPIRY, diagnostics=b"303")),
        ("028390", CauseElement(16, 2, recommendation=3)),
        ("e190", CauseElement(16, 1, coding_standard=3)),
    ],
)
def test_cause(octets: str, value: CauseElement):
    assert CauseElement.parse(bytes.fromhex(octets)) == value
    assert value.encode().hex() == octets


@pytest.mark.parametrize("octets", ["", "80", "00", "0080"])
def test_cause_cut_short(octets: str):
    with pytest.raises(DecodeError):
        CauseElement.parse(bytes.fromhex(octets))


def test_cause_whose_last_octet_lacks_the_extension_bit():
    value = CauseElement.parse(b"\x80\x10")
    assert value == CauseElement(16)
    assert value.encode() == b"\x80\x10"


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("8288", ProgressIndicator(ProgressDescription.INBAND_INFORMATION, Location.PUBLIC_NETWORK_LOCAL)),
        ("8083", ProgressIndicator(ProgressDescription.ORIGINATION_NON_ISDN)),
        ("a190", ProgressIndicator(ProgressDescription.INTERWORKING_WITH_PUBLIC_NETWORK, 1, 1)),
    ],
)
def test_progress(octets: str, value: ProgressIndicator):
    assert ProgressIndicator.parse(bytes.fromhex(octets)) == value
    assert value.encode().hex() == octets


def test_words():
    assert str(CauseElement(17, diagnostics=b"\x04")) == "17 User busy, user, diagnostics 04"
    assert str(ProgressIndicator(8, 2)) == "inband information, public network local"


def test_values_that_do_not_fit():
    with pytest.raises(EncodeError):
        CauseElement(128).encode()
    with pytest.raises(EncodeError):
        ProgressIndicator(8, 16).encode()
