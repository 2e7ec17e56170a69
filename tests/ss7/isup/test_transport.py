"""Parameters with Q.931 information in them."""

import pytest

from tandem.core.errors import DecodeError
from tandem.ss7.isup.transport import (
    AccessTransport,
    Capability,
    Element,
    Layer1,
    UserServiceInformation,
    UserToUserIndicators,
    UserToUserInformation,
)


def test_access_transport_from_a_capture():
    transport = AccessTransport.parse(bytes.fromhex("7d029181"))
    assert transport.elements == (Element(0x7D, b"\x91\x81"),)
    assert transport.element(0x7D) == b"\x91\x81"
    assert transport.element(0x1E) is None
    assert str(transport) == "high layer compatibility 9181"


def test_elements_of_one_octet():
    transport = AccessTransport.parse(bytes.fromhex("961e028188"))
    assert transport.elements == (Element(0x96, None), Element(0x1E, b"\x81\x88"))
    assert transport.encode() == bytes.fromhex("961e028188")


@pytest.mark.parametrize("octets", [b"\x1e", b"\x1e\x02\x81"])
def test_element_cut_short(octets):
    with pytest.raises(DecodeError, match="is cut short"):
        AccessTransport.parse(octets)


def test_user_service_information():
    information = UserServiceInformation.parse(bytes.fromhex("8090a3"))
    assert information == UserServiceInformation.of(Capability.SPEECH, Layer1.A_LAW)
    assert (information.capability, information.mode, information.rate, information.layer1) == (0, 0, 16, 3)
    assert UserServiceInformation.of(Capability.UNRESTRICTED_DIGITAL).encode() == b"\x88\x90"
    assert UserServiceInformation.parse(b"\x88\x90").layer1 is None
    assert UserServiceInformation.parse(bytes.fromhex("889882a1")).layer1 == 1  # multirate has a multiplier


@pytest.mark.parametrize(
    ("octets", "count"), [("8890", 1), ("8891", 2), ("8893", 6), ("8895", 24), ("8897", 30), ("889883", 3)]
)
def test_times_64_kbit(octets, count):
    information = UserServiceInformation.parse(bytes.fromhex(octets))
    assert information.timeslots == count
    assert UserServiceInformation.of(Capability.UNRESTRICTED_DIGITAL, timeslots=count).encode().hex() == octets


@pytest.mark.parametrize("octets", ["8898", "8898ff", "889880", "888f"])
def test_a_rate_without_meaning_is_one_channel(octets):
    assert UserServiceInformation.parse(bytes.fromhex(octets)).timeslots == 1


def test_user_to_user():
    information = UserToUserInformation.parse(b"\x04hello")
    assert information == UserToUserInformation(b"hello", 4)
    assert UserToUserIndicators(service1=2).encode() == b"\x04"
