"""Elements of text and opaque octets."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.elements import Element
from tandem.isdn.q931.texts import (
    CHARSET_IA5,
    CalledPartySubaddress,
    CallIdentity,
    CallingPartySubaddress,
    DateTime,
    Display,
    Facility,
    KeypadFacility,
    NetworkSpecificFacilities,
    NetworkType,
    SubaddressType,
    TransitNetworkSelection,
    UserUser,
)


@pytest.mark.parametrize(
    ("octets", "value", "text"),
    [
        ("414c494345", Display("ALICE"), "ALICE"),
        ("b1414c494345", Display("ALICE", CHARSET_IA5), "ALICE"),
        ("2a3231", KeypadFacility("*21"), "*21"),
        ("0454455354", UserUser(b"TEST"), "protocol 4, 54455354"),
        ("00", UserUser(b"", 0), "protocol 0, "),
        ("91a1020101", Facility(bytes.fromhex("91a1020101")), "91a1020101"),
        ("0102", CallIdentity(b"\x01\x02"), "0102"),
        ("8050313233", CallingPartySubaddress(b"P123"), "nsap 50313233"),
        ("a812", CalledPartySubaddress(b"\x12", SubaddressType.USER_SPECIFIED, odd=True), "user specified 12"),
        ("a130323838", TransitNetworkSelection("0288"), "0288, national network, plan 1"),
        ("00e3", NetworkSpecificFacilities(b"\xe3"), "e3"),
        (
            "05a130323838e3",
            NetworkSpecificFacilities(b"\xe3", "0288", NetworkType.NATIONAL, 1),
            "0288 e3",
        ),
        ("0e01020304", DateTime(14, 1, 2, 3, 4), "14-01-02 03:04"),
        ("0e0102", DateTime(14, 1, 2), "14-01-02"),
        ("0e0102030405", DateTime(14, 1, 2, 3, 4, 5), "14-01-02 03:04:05"),
    ],
)
def test_codings(octets: str, value: Element, text: str):
    assert type(value).parse(bytes.fromhex(octets)) == value
    assert value.encode().hex() == octets
    assert str(value) == text


@pytest.mark.parametrize(
    ("cls", "octets"),
    [
        (UserUser, ""),
        (CallingPartySubaddress, ""),
        (TransitNetworkSelection, ""),
        (NetworkSpecificFacilities, "03a130"),
        (NetworkSpecificFacilities, "03"),
        (DateTime, "0e01"),
        (KeypadFacility, "31b2"),
        (NetworkSpecificFacilities, "03a1b0b1e3"),
    ],
)
def test_malformed(cls: type[Element], octets: str):
    with pytest.raises(DecodeError):
        cls.parse(bytes.fromhex(octets))


def test_profile_of_facility():
    assert Facility(b"\x91\xa1").profile == 17
    assert Facility(b"").profile == 0


@pytest.mark.parametrize(
    "value",
    [
        Display("€"),
        Display("é"),
        Display("A", 0x41),
        KeypadFacility("é"),
        UserUser(b"", 256),
        TransitNetworkSelection("1", 8),
        DateTime(256, 1, 1),
    ],
)
def test_values_that_do_not_fit(value: Element):
    with pytest.raises(EncodeError):
        value.encode()
