"""Digest answers to a challenge: RFC 3261 22.4, RFC 7616 and RFC 8760."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import QUOTED, TOKEN, quoted, unquote
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.primitives import Credentials

_ALGORITHMS: Final[dict[str, str]] = {"MD5": "md5", "SHA-256": "sha256"}
_PARAMETER = re.compile(rf"\s*({TOKEN})\s*=\s*({QUOTED}|{TOKEN})\s*(?:,|$)")
_SCHEME = re.compile(rf"({TOKEN})\s+")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A digest challenge that we can answer."""

    header: str
    """Field that carries the answer: Authorization or Proxy-Authorization."""
    realm: str
    nonce: str
    algorithm: str = "MD5"
    session: bool = False
    """Whether the algorithm is a `-sess` variant."""
    qop: bool = False
    """Whether `auth` quality of protection is offered; else the form of RFC 2069 is used."""
    opaque: str | None = None
    stale: bool = False


def parse_challenge(header: str, value: str) -> Challenge | None:
    """Parse one challenge; None when it asks for something that we do not do. Raise SipDecodeError when malformed."""
    scheme = _SCHEME.match(value)
    if scheme is None:
        raise SipDecodeError(f"challenge {value[:80]!r} is malformed")
    if scheme[1].lower() != "digest":
        return None
    parameters: dict[str, str] = {}
    position = scheme.end()
    while position < len(value):
        match = _PARAMETER.match(value, position)
        if match is None:
            raise SipDecodeError(f"challenge {value[:80]!r} is malformed")
        parameters[match[1].lower()] = unquote(match[2])
        position = match.end()
    if "realm" not in parameters or "nonce" not in parameters:
        raise SipDecodeError("challenge without realm or nonce")
    algorithm = parameters.get("algorithm", "MD5").upper()
    session = algorithm.endswith("-SESS")
    algorithm = algorithm.removesuffix("-SESS")
    qops = [item.strip().lower() for item in parameters["qop"].split(",")] if "qop" in parameters else []
    if algorithm not in _ALGORITHMS or (qops and "auth" not in qops):
        return None
    return Challenge(
        header,
        parameters["realm"],
        parameters["nonce"],
        algorithm,
        session,
        bool(qops),
        parameters.get("opaque"),
        parameters.get("stale", "").lower() == "true",
    )


def find_challenge(response: Response) -> Challenge | None:
    """The first challenge of a 401 or 407 that we can answer (RFC 8760 2.4: servers list the preferred first)."""
    name, answer = {
        401: ("www-authenticate", "Authorization"),
        407: ("proxy-authenticate", "Proxy-Authorization"),
    }.get(response.status, ("", ""))
    for value in response.fields.get(name, ()):
        if (challenge := parse_challenge(answer, value)) is not None:
            return challenge
    return None


def authorization(
    challenge: Challenge, credentials: Credentials, method: str, uri: str, token: Callable[[], str]
) -> tuple[str, str]:
    """The header field (name, value) that answers `challenge` for one request; its nonce count is always 1."""

    def digest(text: str) -> str:
        return hashlib.new(_ALGORITHMS[challenge.algorithm], text.encode()).hexdigest()

    cnonce = token() if challenge.qop or challenge.session else ""
    secret = digest(f"{credentials.username}:{challenge.realm}:{credentials.password}")
    if challenge.session:
        secret = digest(f"{secret}:{challenge.nonce}:{cnonce}")
    action = digest(f"{method}:{uri}")
    middle = f"{challenge.nonce}:00000001:{cnonce}:auth" if challenge.qop else challenge.nonce
    response = digest(f"{secret}:{middle}:{action}")
    value = (
        f"Digest username={quoted(credentials.username)}, realm={quoted(challenge.realm)}, "
        f"nonce={quoted(challenge.nonce)}, uri={quoted(uri)}, response={quoted(response)}, "
        f"algorithm={challenge.algorithm}{'-sess' if challenge.session else ''}"
    )
    if cnonce:
        value += f", cnonce={quoted(cnonce)}"
    if challenge.qop:
        value += ", qop=auth, nc=00000001"
    if challenge.opaque is not None:
        value += f", opaque={quoted(challenge.opaque)}"
    return challenge.header, value
