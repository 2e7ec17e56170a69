"""Party numbers."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.numbers import (
    CalledPartyNumber,
    CallingPartyNumber,
    ConnectedNumber,
    NumberingPlan,
    OriginalCalledNumber,
    PartyNumber,
    Presentation,
    RedirectingNumber,
    RedirectionNumber,
    RedirectionReason,
    Screening,
    TypeOfNumber,
)


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("8035353531323334", CalledPartyNumber("5551234", plan=NumberingPlan.UNKNOWN)),
        ("a1313233", CalledPartyNumber("123", TypeOfNumber.NATIONAL)),
        ("89", CalledPartyNumber("", plan=NumberingPlan.PRIVATE)),
        ("2183323031", CallingPartyNumber("201", TypeOfNumber.NATIONAL, screening=Screening.NETWORK_PROVIDED)),
        ("00a331", CallingPartyNumber("1", 0, 0, Presentation.RESTRICTED, Screening.NETWORK_PROVIDED)),
        ("a1323031", CallingPartyNumber("201", TypeOfNumber.NATIONAL, indicated=False)),
        ("00c3", CallingPartyNumber("", 0, 0, Presentation.NOT_AVAILABLE, Screening.NETWORK_PROVIDED)),
        ("2183353535", ConnectedNumber("555", TypeOfNumber.NATIONAL, screening=3)),
        ("118131", RedirectionNumber("1", TypeOfNumber.INTERNATIONAL, screening=1)),
        ("21038f39", RedirectingNumber("9", 2, screening=3, reason=RedirectionReason.UNCONDITIONAL)),
        ("218339", RedirectingNumber("9", 2, screening=3)),
        ("21008131", OriginalCalledNumber("1", 2, reason=RedirectionReason.BUSY)),
    ],
)
def test_codings(octets: str, value: PartyNumber):
    assert type(value).parse(bytes.fromhex(octets)) == value
    assert value.encode().hex() == octets


def test_without_octet_3a_the_number_is_allowed_and_not_screened():
    value = CallingPartyNumber.parse(b"\xa1123")
    assert (value.presentation, value.screening, value.indicated) == (0, 0, False)


def test_a_reason_needs_octet_3a():
    assert RedirectingNumber("9", indicated=False, reason=1).encode() == b"\x01\x00\x819"


@pytest.mark.parametrize("octets", [b"", b"\x21", b"\x21\x03"])
def test_cut_short(octets: bytes):
    with pytest.raises(DecodeError):
        RedirectingNumber.parse(octets)


def test_digit_that_is_not_ia5():
    with pytest.raises(DecodeError, match="not IA5") as caught:
        CallingPartyNumber.parse(b"\x21\x831\xb2")
    assert caught.value.offset == 3


def test_extension_bit_clear_in_the_last_octet_that_is_defined():
    value = CallingPartyNumber.parse(bytes.fromhex("2103323031"))
    assert value.digits == "201"
    assert value.encode().hex() == "2103323031"


def test_words():
    value = RedirectingNumber("9", 2, reason=1)
    assert str(value) == (
        "9, national number, plan e164, presentation allowed, user provided not screened, reason busy"
    )
    assert str(CalledPartyNumber("")) == "no digits, unknown number, plan e164"


@pytest.mark.parametrize("value", [CalledPartyNumber("ä"), CalledPartyNumber("1", 8), CallingPartyNumber("1", 0, 16)])
def test_values_that_do_not_fit(value: PartyNumber):
    with pytest.raises(EncodeError):
        value.encode()
