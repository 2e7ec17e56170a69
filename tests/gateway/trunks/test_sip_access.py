"""User-to-user information and sub-addresses in SIP, both ways."""

import pytest
from support.sip_messages import answer, invite

from tandem.core.cause import Location
from tandem.gateway.calls.model import Release
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.fields import parse_uri
from tandem.gateway.trunks.access import access_elements, parameter, user_to_user
from tandem.gateway.trunks.sip_access import called_subaddress, calling_subaddress, headers, opaque_of, with_access
from tandem.gateway.trunks.sip_identity import identity_of, setup_of
from tandem.isdn.q931.texts import CalledPartySubaddress, CallingPartySubaddress
from tandem.ss7.isup.codes import ParameterCode


def access(*elements):
    return (parameter(ParameterCode.ACCESS_TRANSPORT, b"".join(element.to_octets() for element in elements)),)


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ("0468656c6c6f;purpose=isdn-uui;encoding=hex;content=isdn-uui", b"\x04hello"),
        ("0468656C6C6F;encoding=hex", b"\x04hello"),
        ('"0468656c6c6f"', b"\x04hello"),
        ("0468656c6c6f;purpose=other", None),
        ("hello;encoding=text", None),
        ("046", None),
        ("", None),
        ("00" * 130, None),
    ],
)
def test_user_to_user_information_that_comes(value, octets):
    assert user_to_user(opaque_of(invite("sip:301@127.0.0.1", f"User-to-User: {value}"))) == octets


def test_the_first_one_for_an_isdn_user_is_taken():
    message = invite("sip:301@127.0.0.1", "User-to-User: 00;purpose=other", "User-to-User: 0441")
    assert user_to_user(opaque_of(message)) == b"\x04A"


def test_user_to_user_information_that_goes():
    opaque = (parameter(ParameterCode.USER_TO_USER_INFORMATION, b"\x04hello"),)
    assert headers(opaque) == (("User-to-User", "0468656c6c6f;purpose=isdn-uui;encoding=hex;content=isdn-uui"),)
    assert headers(()) == ()


def test_it_comes_with_responses_and_the_end_of_a_call_too():
    response = answer("200", "User-to-User: 0441")
    assert user_to_user(opaque_of(response)) == b"\x04A"
    release = with_access(Release(17, Location.USER), response)
    assert (release.cause, user_to_user(release.opaque)) == (17, b"\x04A")


@pytest.mark.parametrize(
    ("user", "octets", "odd"),
    [
        ("301;isub=12345;isub-encoding=nsap-ia5", b"\x5012345", False),
        ("301;isub=12345", b"\x5012345", False),
        ("301;ISUB=123;isub-encoding=NSAP-BCD", b"\x48\x12\x3f", True),
        ("301;isub=490001ab;isub-encoding=nsap", b"\x49\x00\x01\xab", False),
    ],
)
def test_sub_addresses_that_come(user, octets, odd):
    calling = parse_uri(f"sip:{user}@x")
    request = invite(f"sip:{user}@127.0.0.1")
    called, caller = access_elements(opaque_of(request, request.uri, calling))
    assert called == CalledPartySubaddress(octets, 0, odd)
    assert caller == CallingPartySubaddress(octets, 0, odd)


@pytest.mark.parametrize("user", ["301", "301;isub=", "301;isub=xyz;isub-encoding=nsap", "301;isub=" + "1" * 20])
def test_what_is_no_sub_address_is_passed_over(user):
    request = invite(f"sip:{user}@127.0.0.1")
    assert opaque_of(request, request.uri) == ()


@pytest.mark.parametrize(
    ("element", "text"),
    [
        (CalledPartySubaddress(b"\x5012345"), ";isub=12345;isub-encoding=nsap-ia5"),
        (CalledPartySubaddress(b"\x50a;b"), ";isub=50613b62;isub-encoding=nsap"),
        (CalledPartySubaddress(b"\x48\x12\x3f", 0, True), ";isub=48123f;isub-encoding=nsap"),
        (CalledPartySubaddress(b"\x12\x34", 2), ""),
    ],
)
def test_sub_addresses_that_go(element, text):
    assert called_subaddress(access(element)) == text
    assert calling_subaddress(access(element)) == ""
    assert calling_subaddress(access(CallingPartySubaddress(element.information, element.type_of_subaddress))) == text


@pytest.mark.parametrize(("wanted", "uri"), [([], "sip:301@peer"), (["isub"], "sip:301;isub=12@peer")])
def test_a_trunk_is_told_sub_addresses_when_it_wants_them(wanted, uri):
    setup = setup_of(invite("sip:301;isub=12@127.0.0.1"), SipTrunk(name="t", peer="192.0.2.1"))
    trunk = SipTrunk(name="t", peer="192.0.2.1", number_parameters=wanted)
    written = identity_of(setup, trunk, "peer", None, "gw", "49").uri
    assert written.replace(";isub-encoding=nsap-ia5", "").replace(";user=phone", "") == uri
