import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser.sipscan import _quick, _whole, scan

INVITE = (
    "INVITE sip:2@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    'From: "A;tag=no" <sip:1@a;tag=x>;tag=f\r\n'
    "To: sip:2@b\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\nReason: Q.850;cause=16\r\nP-Asserted-Identity: <tel:+49>\r\n"
    "Content-Length: 2\r\n\r\nhi"
)


def test_a_request():
    found = scan(INVITE.encode())
    assert (found.status, found.method, found.text, found.call_id) == (0, "INVITE", "sip:2@b", "c@h")
    assert (found.from_tag, found.to_tag, found.body) == ("f", "", b"hi")
    assert (found.reasons, found.identities) == (["Q.850;cause=16"], ["<tel:+49>"])


@pytest.mark.parametrize(
    "text",
    [
        INVITE,
        INVITE.replace("Call-ID", "i").replace("From", "f").replace("To:", "TO :"),
        INVITE.replace("CSeq: 1", "CSeq:\r\n  1"),
        "SIP/2.0 180 Ringing\r\n" + INVITE.partition("\r\n")[2].replace("To: sip:2@b", "To: <sip:2@b>;x=1; TAG = t"),
    ],
)
def test_the_same_as_the_full_parser(text):
    whole = _whole(text.encode())
    assert whole is not None
    assert scan(text.encode()) == whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "INVITE",
        INVITE.replace("Call-ID", "X"),
        INVITE.replace("CSeq: 1", "CSeq: one"),
        INVITE.replace("\r\n\r\n", ""),
    ],
)
def test_what_cannot_be_read(text):
    assert scan(text.encode()) is None


def test_doubled_fields_are_for_the_full_parser():
    assert _quick(INVITE.replace("Max-Forwards: 70", "Call-ID: other").encode()) is None


@given(st.binary(max_size=200), st.integers(0, len(INVITE)))
def test_any_octets(octets, cut):
    scan(INVITE.encode()[:cut] + octets)
