"""Descriptions in the place of PJSIP's, and of the peer's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.pjsip import direct
from tandem.gateway.sip import sdp

OWN = sdp.build_offer("192.0.2.1", 4000, 1, ["clear"], False)
BY_PJSIP = direct.named(
    "v=0\r\no=- 3 3 IN IP4 192.0.2.1\r\ns=pjmedia\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 8\r\na=inactive\r\n",
    -12,
).encode()
HEAD = b"SIP/2.0 200 OK\r\nVia: x\r\nContent-Type: application/sdp\r\nContent-Length:   %d\r\n\r\n"
MULTIPART = (
    b"--b\r\nContent-Type: application/sdp\r\n\r\n%s\r\n"
    b"--b\r\nContent-Type: application/isup\r\n\r\n\x10\0\r\n--b--\r\n"
)


def message(body):
    return HEAD % len(body) + body


def test_a_description_of_pjsip_names_its_call():
    assert direct.number_in(message(BY_PJSIP)) == -12
    assert direct.number_in(message(OWN)) is None
    assert b"s=tandem-direct -12\r\n" in BY_PJSIP


@pytest.mark.parametrize("around", [b"%s", MULTIPART])
def test_ours_goes_out_in_its_place(around):
    changed = direct.with_session(message(around % BY_PJSIP), OWN)
    assert changed.partition(b"\r\n\r\n")[2] == around % OWN
    assert b"Content-Length:   %d\r\n" % len(around % OWN) in changed
    assert direct.with_session(changed, b"v=0\r\n") == changed, "once is enough: retransmissions stay as they are"


def test_where_we_have_none_no_description_goes_out():
    assert direct.with_session(message(BY_PJSIP), b"") == b"SIP/2.0 200 OK\r\nVia: x\r\nContent-Length:   0\r\n\r\n"
    left = b"--b\r\nContent-Type: application/isup\r\n\r\n\x10\0\r\n--b--\r\n"
    assert direct.with_session(message(MULTIPART % BY_PJSIP), b"").endswith(b"\r\n\r\n" + left)


def test_pjsip_sees_a_stream_on_which_nobody_sends():
    (stream,) = sdp.parse(direct.placeholder("192.0.2.1", "PCMU")).media
    assert (stream.direction, stream.formats) == ("inactive", ("0",))


@pytest.mark.parametrize(
    ("lines", "body", "described"),
    [
        (b"Content-Type: application/sdp", b"v=0", True),
        (b"c:\r\n Application/SDP;charset=utf-8", b"v=0", True),
        (b"Content-Type: application/sdp", b"", False),
        (b"Accept: application/sdp", b"v=0", False),
        (b"Accept: application/sdp\r\nContent-Type: application/isup", b"\x10", False),
        (b"Content-Type: multipart/mixed;boundary=b", MULTIPART % OWN, True),
        (b"Content-Type: multipart/mixed;boundary=b", b"--b\r\nContent-Type: application/isup\r\n", False),
    ],
)
def test_what_is_a_description(lines, body, described):
    assert direct.has_description(b"UPDATE sip:a@h SIP/2.0\r\nX: y\r\n" + lines + b"\r\n\r\n" + body) is described


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"a, 100rel, b", b"a, b"), (b"100rel, b", b"b"), (b"a, 100rel", b"a"), (b"a", b"a"), (b"x100rel", b"x100rel")],
)
def test_an_invite_that_wants_no_reliable_response(before, after):
    text = b"INVITE sip:a@h SIP/2.0\r\nCall-ID: 1@h\r\nSupported: %b\r\n\r\n100rel, v=0"
    assert direct.without_reliability(text % before, {b"1@h"}) == text % after
    assert direct.without_reliability(text % before, {b"2@h"}) == text % before


@pytest.mark.parametrize(
    ("start", "to", "offers"),
    [
        (b"INVITE", b"To: <sip:a@h>;tag=1", True),
        (b"UPDATE", b"t: <sip:a@h>\r\n ;tag=1", True),
        (b"INVITE", b"To: <sip:a@h>", False),
        (b"PRACK", b"To: <sip:a@h>;tag=1", True),
        (b"ACK", b"To: <sip:a@h>;tag=1", False),
    ],
)
def test_offers_within_a_dialog(start, to, offers):
    assert direct.is_offer(start + b" sip:a@h SIP/2.0\r\n" + to + b"\r\n\r\nv=0\r\n") is offers


def test_hops_that_are_left_go_on():
    text = b"INVITE sip:a@h SIP/2.0\r\nMax-Forwards: %d\r\nCall-ID: 1@h\r\n\r\nMax-Forwards: 70"
    assert direct.with_hops(text % 70, {b"1@h": 12}) == text % 12
    assert direct.with_hops(text % 70, {b"2@h": 12}) == text % 70


PIECES = st.sampled_from(
    [
        b"SIP/2.0 200 OK",
        b"INVITE x",
        b"\r\n",
        b"\r\n\r\n",
        b"CSeq: 1 INVITE",
        b"To: <a>;tag=",
        b"c: application/sdp",
        b"--b",
        b"Content-Type: multipart/mixed",
        b"Content-Length: 1",
        b"Call-ID: 1",
        b"Supported: 100rel",
        BY_PJSIP,
        BY_PJSIP[:40],
    ]
)


@given(st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join))
def test_whatever_octets_come_or_go(octets):
    direct.has_description(octets)
    direct.is_offer(octets)
    direct.is_answer(octets)
    direct.without_body(octets)
    direct.without_reliability(octets, {b"1"})
    direct.with_hops(octets, {b"1": 7})
    for session in (b"", OWN):
        assert direct.number_in(direct.with_session(octets, session)) in (None, direct.number_in(octets))
