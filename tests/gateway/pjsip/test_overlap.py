"""Names of several INVITEs of one call: PJSIP's, and those that the peer sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.pjsip.overlap import LINGER, Alias, Aliases, Names

LINES = (
    "{start}",
    "Via: SIP/2.0/UDP 192.0.2.1;rport;branch={branch}",
    "From: <sip:1@h>;tag={own}",
    "To: <sip:2@h>{to}",
    "Call-ID: {call_id}",
    "CSeq: {number} {method}",
)


def message(start, number, *lines, branch="z1", own="mine", to="", call_id="1.c@h", method="INVITE"):
    values = {"start": start, "branch": branch, "own": own, "to": to, "call_id": call_id}
    head = [line.format(number=number, method=method, **values) for line in LINES]
    return ("\r\n".join([*head, *lines]) + "\r\n\r\n1.c@h mine").encode()


@pytest.fixture
def aliases():
    """Two INVITEs of the call c@h, the second one with number 11."""
    made = Aliases()
    for name, own, number, branch in (("1.c@h", "mine", 700, "z1"), ("2.c@h", "other", 300, "z2")):
        made.add(Alias(name.encode(), b"c@h", b"tag", 1 if branch == "z1" else 11))
        sent = made.outwards(message("INVITE sip:2@h SIP/2.0", number, own=own, call_id=name, branch=branch))
        wanted = message("INVITE sip:2@h SIP/2.0", 1 if branch == "z1" else 11, own="tag", call_id="c@h", branch=branch)
        assert sent == wanted
        assert made.outwards(sent) == sent, "a retransmission"
    return made


def test_requests_go_on_counting(aliases):
    lines = {"own": "other", "call_id": "2.c@h", "to": ";tag=t", "method": "PRACK"}
    sent = aliases.outwards(message("PRACK sip:2@h SIP/2.0", 301, "RAck: 7 300 INVITE", **lines))
    assert b"\r\nCSeq: 12 PRACK\r\nRAck: 7 11 INVITE\r\n" in sent
    assert b"\r\nCall-ID: c@h\r\n" in sent
    assert sent.endswith(b"\r\n\r\n1.c@h mine"), "nothing of the body"


def test_responses_keep_the_number_of_the_peer(aliases):
    answer = message("SIP/2.0 200 OK", 5, own="t", to=";tag=mine", method="BYE")
    assert b";tag=tag\r\nCall-ID: c@h\r\nCSeq: 5 BYE" in aliases.outwards(answer)


def test_a_response_is_known_by_its_branch(aliases):
    for branch, number, names in (
        ("z1", 1, Names(b"1.c@h", b"mine", 700)),
        ("z2", 11, Names(b"2.c@h", b"other", 300)),
        ("z3", 11, None),
    ):
        came = message("SIP/2.0 484 No", number, branch=branch, own="tag", to=";tag=t", call_id="c@h")
        assert aliases.inwards(came) == names


def test_a_request_is_known_by_the_tag_of_the_peer(aliases):
    came = message("SIP/2.0 180 Ringing", 1, branch="z1", own="tag", to=";tag=a", call_id="c@h")
    aliases.inwards(came)
    came = message("SIP/2.0 180 Ringing", 11, branch="z2", own="tag", to=";tag=b", call_id="c@h")
    aliases.inwards(came)

    def bye(peer, to=";tag=tag", call_id="c@h"):
        return aliases.inwards(message("BYE sip:1@h SIP/2.0", 5, own=peer, to=to, call_id=call_id, method="BYE"))

    assert bye("a") == Names(b"1.c@h", b"mine", None)
    assert bye("b") == Names(b"2.c@h", b"other", None)
    assert bye("a", to=";tag=x") is None
    assert bye("a", to="") is None
    assert bye("a", call_id="d@h") is None


def test_what_still_lives_comes_first_and_what_is_over_is_forgotten(aliases):
    aliases.ended(b"2.c@h", 10.0)
    bye = message("BYE sip:1@h SIP/2.0", 5, own="x", to=";tag=tag", call_id="c@h", method="BYE")
    assert aliases.inwards(bye) == Names(b"1.c@h", b"mine", None)
    aliases.ended(b"1.c@h", 11.0)
    aliases.ended(b"9.c@h", 11.0)
    assert aliases.inwards(bye) == Names(b"2.c@h", b"other", None)
    aliases.expire(10.0 + LINGER)
    assert aliases.inwards(bye) == Names(b"1.c@h", b"mine", None)
    aliases.expire(11.0 + LINGER)
    assert not aliases
    assert aliases.inwards(bye) is None


def test_what_is_no_message_stays_as_it_is():
    aliases = Aliases()
    aliases.add(Alias(b"1.c@h", b"c@h", b"tag", 1))
    for octets in (b"", b"INVITE\r\n\r\n", b"INVITE x\r\nCall-ID: 1.c@h\r\n\r\n", b"INVITE x\r\nCall-ID: 2@h\r\n\r\n"):
        assert aliases.outwards(octets) == octets
        assert aliases.inwards(octets) is None


PIECES = st.sampled_from(
    [
        b"SIP/2.0 200 OK\r\n",
        b"BYE x\r\n",
        b"\r\n\r\n",
        b"CSeq: 1 INVITE\r\n",
        b"CSeq: " + b"9" * 5000 + b"\r\n",
        b"Call-ID: 1.c@h\r\n",
        b"Call-ID: c@h\r\n",
        b"From: <a>;tag=mine\r\n",
        b"To: <a>;tag=tag\r\n",
        b"Via: x;branch=z\r\n",
        b"RAck: 1 2 INVITE\r\n",
        b" ;tag=x\r\n",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join))
def test_whatever_octets_come_or_go(octets):
    aliases = Aliases()
    aliases.add(Alias(b"1.c@h", b"c@h", b"tag", 1))
    assert isinstance(aliases.outwards(octets), bytes)
    assert aliases.inwards(octets) in (None, aliases.inwards(octets))
