"""SIP headers as numbers, identities and causes, and back."""

import pytest

from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import Nature, Number, Presentation, Release, Screening, Setup
from tandem.gateway.sip.fields import parse_uri
from tandem.gateway.sip.message import parse_message
from tandem.gateway.trunks import sip_mapping as mapping


def message(start, *headers):
    head = "\r\n".join(
        [
            start,
            "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1",
            "Max-Forwards: 20",
            "Call-ID: 1@x",
            "CSeq: 1 INVITE",
            *headers,
        ]
    )
    return parse_message(f"{head}\r\nContent-Length: 0\r\n\r\n".encode())


def invite(uri="sip:301@127.0.0.1", *headers, sender="<sip:100@127.0.0.1>;tag=1"):
    contact = "Contact: <sip:x@127.0.0.1>"
    return message(f"INVITE {uri} SIP/2.0", f"From: {sender}", f"To: <{uri}>", contact, *headers)


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:301234@host", Number("301234")),
        ("sip:+49301234@host;user=phone", Number("49301234", Nature.INTERNATIONAL)),
        ("tel:+49-30-(12)34", Number("49301234", Nature.INTERNATIONAL)),
        ("tel:1234;phone-context=host", Number("1234")),
        ("sip:*21%23@host", Number("B21C")),
        ("sip:+4930;npdi@host", Number("4930", Nature.INTERNATIONAL)),
        ("sip:alice@host", None),
        ("sip:host", None),
        ("sip:+@host", None),
    ],
)
def test_numbers_of_uris(uri, number):
    assert mapping.number_of(parse_uri(uri)) == number


def test_setup_takes_the_asserted_identity_before_from():
    setup = mapping.setup_of(invite("sip:301@127.0.0.1", "P-Asserted-Identity: <sip:+49301@x>"))
    assert setup.calling == Number("49301", Nature.INTERNATIONAL, screening=Screening.NETWORK)
    assert setup.called == Number("301")
    assert setup.hop_counter == 20


@pytest.mark.parametrize(
    ("forwards", "factor", "hops"), [("70", 1, 31), ("70", 5, 14), ("4", 5, 0), ("0", 1, 0), ("x", 1, None)]
)
def test_max_forwards_is_a_hop_counter_of_five_bits(forwards, factor, hops):
    assert mapping._hop_counter(forwards, factor) == hops


@pytest.mark.parametrize(("hops", "factor", "forwards"), [(None, 1, 70), (31, 1, 31), (14, 5, 70), (31, 20, 255)])
def test_the_hop_counter_is_max_forwards(hops, factor, forwards):
    assert mapping.max_forwards(Setup(Number("1"), hop_counter=hops), factor) == forwards


def test_sip_does_not_tell_the_category():
    assert mapping.setup_of(invite()).category == 0


def test_a_number_of_from_is_not_verified():
    assert mapping.setup_of(invite()).calling == Number("100", screening=Screening.USER_NOT_VERIFIED)


def test_privacy_restricts():
    setup = mapping.setup_of(invite("sip:1@x", "P-Asserted-Identity: <tel:+49301>", "Privacy: id;critical"))
    assert setup.calling.presentation is Presentation.RESTRICTED


def test_no_number_no_caller():
    assert mapping.setup_of(invite(sender="<sip:alice@x>;tag=1")).calling is None


def test_a_name_cannot_be_called():
    assert mapping.setup_of(invite("sip:alice@127.0.0.1")) is None


def test_diversion():
    setup = mapping.setup_of(invite("sip:1@x", "Diversion: <sip:+49300@x>;reason=unconditional"))
    assert setup.redirecting == Number("49300", Nature.INTERNATIONAL)


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        (Number("49301", Nature.INTERNATIONAL), "", "+49301"),
        (Number("301", Nature.NATIONAL), "49", "+49301"),
        (Number("301", Nature.NATIONAL), "", "301"),
        (Number("B21C"), "", "*21%23"),
    ],
)
def test_user_part(number, country, expected):
    assert mapping.user_part(number, country) == expected


def headers_for(number):
    uri, display, headers = mapping.identity_headers(Setup(Number("1"), number), "gw", "")
    return uri, display, dict(headers)


def test_identity_of_a_verified_number():
    uri, _, headers = headers_for(Number("100"))
    assert uri == "sip:100@gw;user=phone"
    assert headers == {"P-Asserted-Identity": "<sip:100@gw;user=phone>"}


def test_identity_of_an_unverified_number_is_not_asserted():
    uri, _, headers = headers_for(Number("100", screening=Screening.USER_NOT_VERIFIED))
    assert uri == "sip:100@gw;user=phone"
    assert headers == {}


def test_a_restricted_number_is_asserted_but_not_shown():
    uri, display, headers = headers_for(Number("100", presentation=Presentation.RESTRICTED))
    assert (uri, display) == ("sip:anonymous@anonymous.invalid", "Anonymous")
    assert headers["Privacy"] == "id"
    assert "P-Asserted-Identity" in headers


@pytest.mark.parametrize("number", [None, Number(""), Number("1", presentation=Presentation.UNAVAILABLE)])
def test_no_identity(number):
    assert headers_for(number) == ("sip:unavailable@unknown.invalid", "", {})


def test_redirecting_number_becomes_diversion():
    setup = Setup(Number("1"), redirecting=Number("200"), redirection_reason=1)
    assert dict(mapping.identity_headers(setup, "gw", "")[2])["Diversion"] == "<sip:200@gw;user=phone>;reason=user-busy"


def answer(status, *headers):
    return message(f"SIP/2.0 {status} No", "From: <sip:a@x>;tag=1", "To: <sip:b@x>;tag=2", *headers)


@pytest.mark.parametrize(
    ("status", "headers", "cause"),
    [
        (486, (), 17),
        (404, (), 1),
        (302, ("Contact: <sip:x@y>",), 23),
        (503, ("Reason: Q.850;cause=34",), 34),
        (480, ('Reason: SIP;cause=200, Q.850 ; text="x";cause=19',), 19),
        (480, ("Reason: Q.850;cause=200",), 18),
        (499, (), 31),
    ],
)
def test_rejection(status, headers, cause):
    release = mapping.release_of_rejection(status, answer(status, *headers), CauseMap())
    assert (release.cause, release.location) == (cause, 10)


def test_bye_without_reason_is_normal_clearing():
    assert mapping.release_of_request(invite()).cause == 16
    assert mapping.release_of_request(invite("sip:1@x", "Reason: Q.850;cause=31")).cause == 31


def test_reason_header_round_trip():
    name, value = mapping.reason_header(Release(17))
    assert (name, value) == ("Reason", 'Q.850;cause=17;text="User busy"')
    assert mapping.reason_cause(invite("sip:1@x", f"{name}: {value}")) == 17
