import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser.sipwords import (
    MOST_FORMATS,
    allow,
    calling_of,
    described,
    reason_cause,
    uri_of,
    user_of,
    worded,
)
from tandem.gateway.analyser.texts import Texts

BODY = b"v=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 4000/2 RTP/AVP 8 0 101\r\n"


@pytest.mark.parametrize(
    ("value", "uri"), [("<sip:1@a;x=y>;tag=1", "sip:1@a;x=y"), ("sip:1@a;tag=1", "sip:1@a"), ('"n" <tel:1>', "tel:1")]
)
def test_uris(value, uri):
    assert uri_of(value) == uri


@pytest.mark.parametrize(
    ("uri", "user"),
    [("sip:12;npdi:pw@host", "12"), ("TEL:+49;x=1", "+49"), ("sip:host", ""), ("sips:1:pw@h", "1"), ("", "")],
)
def test_users(uri, user):
    assert user_of(uri) == user


def test_an_asserted_identity_goes_before_from():
    assert calling_of(["nothing", "<tel:+49>"], "<sip:1@a>") == "+49"
    assert calling_of([], "<sip:1@a>") == "1"


def test_causes():
    assert reason_cause(["SIP;cause=200", 'Q.850 ; text="x" ;cause="31"']) == 31
    assert reason_cause(["SIP;cause=200"]) is None


def test_where_speech_is_wanted():
    assert described(BODY) == ("192.0.2.7:4000", [8, 0, 101])
    assert described(BODY.replace(b"c=IN IP4 192.0.2.7", b"c=IN IP6 2001:db8::7")) == (
        "[2001:db8::7]:4000",
        [8, 0, 101],
    )


@pytest.mark.parametrize("body", [b"", BODY.replace(b"4000/2", b"0"), BODY.replace(b"c=", b"x="), b"xm=audio 1 a 1"])
def test_where_none_is_wanted(body):
    assert described(body) is None


def test_formats_gather():
    formats = {}
    allow(formats, ("a:1", [8, 0]))
    allow(formats, ("a:1", [0, 101]))
    allow(formats, ("b:1", list(range(128))))
    assert formats == {"a:1": [8, 0, 101], "b:1": list(range(MOST_FORMATS))}


_PIECES = [
    b"c=IN IP4 192.0.2.7",
    b"m=audio 4000 RTP/AVP 8 0",
    b"m=audio 0 RTP/AVP 8",
    b"m=audio",
    b"c=IN IP",
    b"a=sendonly",
    b"a=sendrecv",
    b"m=video 9 RTP/AVP 99",
    b"v=0",
    b"m",
]
_ENDS = [b"\r\n", b"\n", b"\r", b" ", b""]


@given(st.lists(st.lists(st.sampled_from(_PIECES + _ENDS), max_size=8).map(b"".join), max_size=5))
def test_what_is_kept_of_descriptions_says_the_same(bodies):
    texts = Texts.made_of(bodies)
    expected = [described(body) for body in bodies]
    found = worded(texts).tolist()
    assert [described(body) for body in found] == expected


@pytest.mark.parametrize(
    ("session", "media", "kinds"),
    [
        ("", "", [8]),
        ("", "a=sendonly\r\n", []),
        ("", "a=inactive\r\n", []),
        ("", "a=recvonly\r\n", [8]),
        ("a=sendonly\r\n", "", []),
        ("a=inactive\r\n", "a=sendrecv\r\n", [8]),
        ("", "m=video 9 RTP/AVP 99\r\na=sendonly\r\n", [8]),
    ],
)
def test_audio_that_is_not_to_arrive(session, media, kinds):
    body = f"v=0\r\nc=IN IP4 10.0.0.9\r\n{session}m=audio 4000 RTP/AVP 8\r\n{media}".encode()
    assert described(body) == ("10.0.0.9:4000", kinds)
