"""Who calls and who is called, both ways, under every kind of trust."""

import pytest
from support.sip_messages import answer, invite

from tandem.gateway.calls.model import Nature, Number, Opaque, Presentation, Screening, Setup
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.trunks.sip_identity import connected_headers, connected_of, identity_of, setup_of


def trunk(**options):
    return SipTrunk(name="t", peer="192.0.2.1", **options)


def read(*headers, uri="sip:301@127.0.0.1", sender="<sip:100@127.0.0.1>;tag=1", **options):
    return setup_of(invite(uri, *headers, sender=sender), trunk(**options))


def written(setup, **options):
    return identity_of(setup, trunk(**options), "peer", 5061, "gw", "49")


# --- from SIP


def test_setup_takes_the_asserted_identity_before_from():
    setup = read("P-Asserted-Identity: <sip:+49301@x>")
    assert setup.calling == Number("49301", Nature.INTERNATIONAL, screening=Screening.NETWORK)
    assert setup.called == Number("301")
    assert setup.hop_counter == 20


def test_sip_does_not_tell_the_category_unless_it_does():
    assert read().category == 0
    assert read("P-Asserted-Identity: <sip:+49301;cpc=payphone@x>").category == 15
    assert read(sender="<sip:100@x;isup-oli=27>;tag=1").originating_line == 27


def test_a_number_of_from_is_not_verified():
    assert read().calling == Number("100", screening=Screening.USER_NOT_VERIFIED)


@pytest.mark.parametrize(
    ("privacy", "restricted"),
    [("id;critical", True), ("user", True), ("header", True), ("none", False), ("session", False)],
)
def test_privacy_restricts(privacy, restricted):
    setup = read("P-Asserted-Identity: <tel:+49301>", f"Privacy: {privacy}")
    assert (setup.calling.presentation is Presentation.RESTRICTED) is restricted


def test_no_number_no_caller():
    assert read(sender="<sip:alice@x>;tag=1").calling is None


def test_a_name_cannot_be_called():
    assert read(uri="sip:alice@127.0.0.1") is None


@pytest.mark.parametrize(
    ("value", "presentation", "screening"),
    [
        ("<sip:+49301@x>;party=calling;privacy=off;screen=yes", 0, Screening.NETWORK),
        ("<sip:+49301@x>;privacy=full;screen=yes", 1, Screening.NETWORK),
        ("<sip:+49301@x>;screen=no", 0, Screening.USER_NOT_VERIFIED),
    ],
)
def test_remote_party_id(value, presentation, screening):
    calling = read(f"Remote-Party-ID: {value}").calling
    assert (calling.digits, calling.presentation, calling.screening) == ("49301", presentation, screening)


def test_remote_party_id_of_the_called_party_is_not_the_caller():
    assert read("Remote-Party-ID: <sip:+49301@x>;party=called").calling.digits == "100"


def test_where_the_calling_number_is_taken_from():
    headers = ("P-Asserted-Identity: <sip:1@x>", "Remote-Party-ID: <sip:2@x>;screen=yes")
    assert read(*headers).calling.digits == "1"
    assert read(*headers, calling_from=("Remote-Party-ID", "P-Asserted-Identity")).calling.digits == "2"
    assert read(*headers, calling_from=("From",)).calling.digits == "100"
    assert read(*headers, calling_from=()).calling is None


def test_a_peer_that_is_not_trusted_asserts_nothing():
    assert read("P-Asserted-Identity: <sip:1@x>", trusted=False).calling.screening is Screening.USER_NOT_VERIFIED


def test_another_number_in_from_is_an_additional_one():
    setup = read("P-Asserted-Identity: <sip:+49301@x>", sender="<sip:+49800@x>;tag=1")
    assert setup.additional_calling == Number("49800", Nature.INTERNATIONAL, screening=Screening.USER_NOT_VERIFIED)
    assert read("P-Asserted-Identity: <sip:100@x>").additional_calling is None
    assert read().additional_calling is None


def test_ported_numbers_and_carriers():
    setup = read(uri="tel:+12025550123;npdi;rn=+12025550000;cic=0288")
    assert (setup.routing_number.digits, setup.ported, setup.carrier) == ("12025550000", True, "0288")


def test_headers_that_pass():
    setup = read("X-Id: 7", "x-other: 8", "X-Id: 9", pass_headers=["X-Id"])
    assert [part.data for part in setup.opaque] == [b"X-Id: 7", b"X-Id: 9"]
    assert dict(written(setup, pass_headers=["x-id"]).headers)["X-Id"] == "9"
    assert "X-Id" not in dict(written(setup).headers)
    bad = Setup(Number("1"), opaque=(Opaque("sip-header", b"X-Id: a\r\nVia: b"),))
    assert "X-Id" not in dict(written(bad, pass_headers=["X-Id"]).headers)


# --- to SIP


def caller(number, **options):
    found = written(Setup(Number("1"), number), **options)
    return found.from_uri, found.from_display, dict(found.headers)


def test_identity_of_a_verified_number():
    uri, _, headers = caller(Number("100"))
    assert uri == "sip:100@gw;user=phone"
    assert headers == {"P-Asserted-Identity": "<sip:100@gw;user=phone>"}


def test_identity_of_an_unverified_number_is_not_asserted():
    uri, _, headers = caller(Number("100", screening=Screening.USER_NOT_VERIFIED))
    assert uri == "sip:100@gw;user=phone"
    assert headers == {}


RESTRICTED = Number("100", presentation=Presentation.RESTRICTED)


def test_a_restricted_number_is_asserted_but_not_shown():
    uri, display, headers = caller(RESTRICTED)
    assert (uri, display) == ("sip:anonymous@anonymous.invalid", "Anonymous")
    assert headers["Privacy"] == "id"
    assert "P-Asserted-Identity" in headers


@pytest.mark.parametrize("identity", ["P-Asserted-Identity", "Remote-Party-ID", "both"])
def test_a_peer_that_is_not_trusted_does_not_learn_a_restricted_number(identity):
    """RFC 3325 7."""
    uri, _, headers = caller(RESTRICTED, trusted=False, identity=identity)
    assert "100" not in uri + str(headers)


def test_forms_of_identity():
    _, _, headers = caller(RESTRICTED, identity="Remote-Party-ID")
    assert headers["Remote-Party-ID"] == "<sip:100@gw;user=phone>;party=calling;privacy=full;screen=yes"
    assert "P-Asserted-Identity" not in headers
    assert len(caller(Number("100"), identity="both")[2]) == 2
    assert caller(Number("100"), identity="From") == ("sip:100@gw;user=phone", "", {})


@pytest.mark.parametrize("number", [None, Number(""), Number("1", presentation=Presentation.UNAVAILABLE)])
def test_no_identity(number):
    assert caller(number) == ("sip:unavailable@unknown.invalid", "", {})


def test_what_the_caller_says_stands_in_from():
    setup = Setup(Number("1"), Number("100"), additional_calling=Number("800"))
    assert written(setup).from_uri == "sip:800@gw;user=phone"
    assert written(setup, identity="From").from_uri == "sip:100@gw;user=phone"


def test_called_party():
    setup = Setup(Number("30C", Nature.NATIONAL), ported=True, carrier="0288", category=15)
    found = written(setup, number_parameters=["npdi", "cic", "cpc"])
    assert found.uri == "sip:+4930%23;npdi;cic=0288@peer:5061;user=phone"
    assert found.to_uri == "sip:+4930%23;npdi;cic=0288@peer;user=phone"
    assert written(setup, uri="tel").uri == "tel:+4930#"
    assert written(Setup(Number("110")), uri="tel", phone_context="+4930").uri == "tel:110;phone-context=+4930"


def test_category_and_line_of_the_caller():
    setup = Setup(Number("1"), Number("100"), category=15, originating_line=27)
    found = written(setup, number_parameters=["cpc", "oli"])
    assert dict(found.headers)["P-Asserted-Identity"] == "<sip:100;cpc=payphone;oli=27@gw;user=phone>"


def test_who_answered():
    number = Number("100", presentation=Presentation.RESTRICTED)
    headers = connected_headers(number, trunk(), "gw", "")
    assert headers == (("P-Asserted-Identity", "<sip:100@gw;user=phone>"), ("Privacy", "id"))
    found = connected_of(answer(200, *[f"{name}: {value}" for name, value in headers]), trunk())
    assert found == number
    assert connected_headers(number, trunk(trusted=False), "gw", "") == ()
    assert connected_headers(None, trunk(), "gw", "") == ()
    assert connected_of(answer(200), trunk()) is None
    assert connected_of(answer(200, "P-Asserted-Identity: <sip:1@x>"), trunk(trusted=False)) is None


def test_the_name_goes_on_unless_the_caller_is_anonymous():
    setup = read(sender='"Anna B" <sip:100@x>;tag=1')
    assert written(setup).from_display == "Anna B"
    assert written(read("Privacy: id", sender='"Anna B" <sip:100@x>;tag=1')).from_display == "Anonymous"
    assert written(read()).from_display == ""
