import pytest

from tandem.core.errors import DecodeError
from tandem.gateway.sip.auth import Challenge, authorization, find_challenge, parse_challenge
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.primitives import Credentials

MUFASA = Credentials("Mufasa", "Circle Of Life")


def answer(challenge: Challenge, credentials: Credentials, method: str, uri: str, cnonce: str) -> str:
    return authorization(challenge, credentials, method, uri, lambda: cnonce)[1]


def test_rfc_2617_example():
    """RFC 2617 3.5."""
    value = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    challenge = parse_challenge("Authorization", value)
    assert challenge is not None
    text = answer(challenge, MUFASA, "GET", "/dir/index.html", "0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in text
    assert "qop=auth, nc=00000001" in text
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in text


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_examples(algorithm, response):
    """RFC 7616 3.9.1."""
    challenge = Challenge("Authorization", "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                          algorithm, qop=True)  # fmt: skip
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    text = answer(challenge, Credentials("Mufasa", "Circle of Life"), "GET", "/dir/index.html", cnonce)
    assert f'response="{response}"' in text
    assert f"algorithm={algorithm}" in text


def test_without_qop_and_with_a_session():
    """RFC 2069 form; A1 of the -sess variants (RFC 7616 3.4.2) differs."""
    plain = parse_challenge("Authorization", 'Digest realm="r", nonce="n"')
    assert plain is not None
    assert "cnonce" not in answer(plain, MUFASA, "INVITE", "sip:a@b.example", "c")
    session = parse_challenge("Authorization", 'digest realm="r",nonce="n",algorithm=md5-sess,qop="auth"')
    assert session is not None
    assert session.session
    assert "algorithm=MD5-sess" in answer(session, MUFASA, "INVITE", "sip:a@b.example", "c")


def test_first_challenge_that_we_can_answer():
    """RFC 8760 2.4."""
    values = ['Bearer realm="x"', 'Digest realm="r", nonce="1", algorithm=SHA-999',
              'Digest realm="r", nonce="2", stale=TRUE',
              'Digest realm="r", nonce="3"']  # fmt: skip
    for status, name, header in (
        (401, "www-authenticate", "Authorization"),
        (407, "proxy-authenticate", "Proxy-Authorization"),
    ):
        challenge = find_challenge(Response(status, "", {name: values}, b""))
        assert challenge == Challenge(header, "r", "2", stale=True)
    assert find_challenge(Response(403, "", {"www-authenticate": values}, b"")) is None
    assert parse_challenge("Authorization", 'Digest realm="r", nonce="3", qop="auth-int"') is None


@pytest.mark.parametrize(
    "value", ["", "Digest", "Digest realm", 'Digest realm="r"', 'Digest realm="r" nonce="n"', "Digest =,"]
)
def test_malformed(value):
    with pytest.raises(DecodeError):
        parse_challenge("Authorization", value)


def test_quotes_in_names_are_escaped():
    challenge = Challenge("Authorization", 'a"b', "n")
    assert 'realm="a\\"b"' in answer(challenge, Credentials('x"y', "z"), "INVITE", "sip:a@b.example", "c")
