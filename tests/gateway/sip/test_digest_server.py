"""Challenges of ours, answered by our own client."""

import hashlib

import pytest
from support.sip_script import peer_request

from tandem.gateway.sip.auth import authorization, parse_challenge
from tandem.gateway.sip.digest_server import NONCE_SECONDS, Account, DigestServer, Verdict
from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.primitives import Credentials

URI = "sip:gw.example"


def server(**account):
    return DigestServer("gw.example", [Account("alice", **(account or {"password": "secret"}))], "key")


def challenges(server, now=0.0, stale=False):
    lines = server.challenge("WWW-Authenticate", now, stale).splitlines()
    return [parse_challenge("Authorization", line.partition(": ")[2]) for line in lines]


def answer(challenge, password="secret", name="alice", method="REGISTER", **changes):
    field = authorization(challenge, Credentials(name, password), method, URI, lambda: "cnonce")[1]
    for old, new in changes.items():
        field = field.replace(old, new)
    return parse_message(peer_request("REGISTER", f"Authorization: {field}").encode())


def test_the_better_algorithm_comes_first_and_both_work():
    """RFC 8760 2.4."""
    digest = server()
    found = challenges(digest)
    assert [challenge.algorithm for challenge in found] == ["SHA-256", "MD5"]
    for challenge in found:
        challenge = challenges(digest)[found.index(challenge)]
        assert digest.verify(answer(challenge), "authorization", 1.0)[0] is Verdict.RIGHT
    assert digest.verify(answer(challenges(digest, 5.0)[1]), "authorization", 6.0) == (Verdict.RIGHT, "alice")


def test_all_who_ask_at_one_moment_are_right():
    """Each with a nonce of its own, whose count is 1."""
    digest = server()
    asked = [challenges(digest, 7.0)[0] for _ in range(1000)]
    assert {digest.verify(answer(challenge), "authorization", 7.0)[0] for challenge in asked} == {Verdict.RIGHT}


def test_hashes_instead_of_passwords():
    ha1 = hashlib.md5(b"alice:gw.example:secret").hexdigest()
    digest = server(ha1=ha1.upper())
    (challenge,) = challenges(digest)
    assert challenge.algorithm == "MD5"
    assert digest.verify(answer(challenge), "authorization", 0.0)[0] is Verdict.RIGHT
    assert digest.verify(answer(challenge, "wrong"), "authorization", 0.0)[0] is Verdict.WRONG


def test_without_qop():
    """RFC 2069, which some old devices still speak."""
    digest = server()
    challenge = challenges(digest)[1]
    old = type(challenge)(challenge.header, challenge.realm, challenge.nonce)
    assert digest.verify(answer(old), "authorization", 0.0)[0] is Verdict.RIGHT


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"password": "wrong"}, Verdict.WRONG),
        ({"name": "bob"}, Verdict.WRONG),
        ({"method": "INVITE"}, Verdict.WRONG),
        ({'gw.example", nonce': 'other", nonce'}, Verdict.ABSENT),
        ({"Digest": "Basic"}, Verdict.ABSENT),
        ({"nc=00000001": "nc=1"}, Verdict.WRONG),
        ({"qop=auth": "qop=auth-int"}, Verdict.WRONG),
        ({"SHA-256": "SHA-512"}, Verdict.WRONG),
        ({"username": "user,name"}, Verdict.ABSENT),
    ],
    ids=str,
)
def test_what_proves_nothing(change, verdict):
    digest = server()
    assert digest.verify(answer(challenges(digest)[0], **change), "authorization", 0.0)[0] is verdict


def test_no_answer_at_all():
    message = parse_message(peer_request("REGISTER").encode())
    assert server().verify(message, "authorization", 0.0) == (Verdict.ABSENT, "")


def test_a_nonce_is_good_once_and_for_a_while():
    digest = server()
    first = answer(challenges(digest)[0])
    assert digest.verify(first, "authorization", 1.0)[0] is Verdict.RIGHT
    assert digest.verify(first, "authorization", 1.0)[0] is Verdict.STALE, "replayed"
    late = answer(challenges(digest, 10.0)[0])
    assert digest.verify(late, "authorization", 10.0 + NONCE_SECONDS + 1)[0] is Verdict.STALE
    assert challenges(digest, 20.0, stale=True)[0].stale


@pytest.mark.parametrize("nonce", ["", "x", "zz.yy", "10.000000000000000000000000"])
def test_a_nonce_of_somebody_else(nonce):
    digest = server()
    challenge = challenges(digest)[0]
    foreign = type(challenge)(challenge.header, challenge.realm, nonce, challenge.algorithm, qop=True)
    assert digest.verify(answer(foreign), "authorization", 0.0)[0] is Verdict.STALE
