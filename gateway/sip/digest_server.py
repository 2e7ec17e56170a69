"""Challenges of ours, and whether an answer to one proves a user: RFC 3261 22, RFC 7616, RFC 8760."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tandem.gateway.sip.fields import QUOTED, TOKEN, quoted, unquote
from tandem.gateway.sip.message import Request

_PARAMETER = re.compile(rf"\s*({TOKEN})\s*=\s*({QUOTED}|{TOKEN})\s*(?:,|$)")
_SCHEME = re.compile(r"\s*Digest\s+", re.IGNORECASE)
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_ALGORITHMS: Final = {"SHA-256": "sha256", "MD5": "md5"}
#: How long a nonce is good for, in seconds: a client with an old one is told `stale` and goes on by itself.
NONCE_SECONDS: Final = 300.0
#: Nonces whose counts are remembered; beyond that the oldest are stale.
_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Account:
    """Who may authenticate: a name with a password, or with hashes of it."""

    name: str
    password: str = ""
    ha1: str = ""
    """MD5 of `name:realm:password` in hexadecimal, where there is no password."""


class Verdict(Enum):
    """What an Authorization field is worth."""

    ABSENT = auto()
    """There is none for our realm."""
    STALE = auto()
    """The nonce is too old or was used before: the client is to try again with a new one."""
    WRONG = auto()
    """Unknown user, wrong password, or something that we did not ask for."""
    RIGHT = auto()


class DigestServer:
    """The accounts of one realm. Nonces need no memory: they are time and a keyed hash of it."""

    def __init__(
        self, realm: str, accounts: Iterable[Account], secret: str, algorithms: Sequence[str] = ("SHA-256", "MD5")
    ) -> None:
        """`secret` is unguessable and differs from start to start; `algorithms` are offered in this order."""
        self.realm = realm
        self._secret = secret.encode()
        self._counts: OrderedDict[str, int] = OrderedDict()
        """Highest nonce count seen, by nonce."""
        self._wanted = tuple(algorithms)
        self._last_stamp = -1
        """Of a nonce, in microseconds."""
        self.replace(accounts)

    def replace(self, accounts: Iterable[Account]) -> None:
        """These accounts from now on."""
        self._accounts = {account.name: account for account in accounts}
        # Where only MD5 hashes are known, SHA-256 would refuse everybody.
        everyone = all(account.password for account in self._accounts.values())
        self._algorithms = [name for name in self._wanted if name == "MD5" or everyone] or ["MD5"]

    def challenge(self, header: str, now: float, stale: bool = False) -> str:
        """Header lines that ask for proof; `header` is WWW-Authenticate or Proxy-Authenticate."""
        nonce = self._nonce(now)
        more = ", stale=true" if stale else ""
        return "".join(
            f'{header}: Digest realm={quoted(self.realm)}, nonce="{nonce}", algorithm={name}, qop="auth"{more}\r\n'
            for name in self._algorithms
        )

    def verify(self, request: Request, header: str, now: float) -> tuple[Verdict, str]:
        """Judge the Authorization (`header`) of a request: what it is worth, and the user name that it claims."""
        worth, name = Verdict.ABSENT, ""
        for line in request.fields.get(header.lower(), ()):
            parameters = _parse(line)
            if parameters is None or parameters.get("realm") != self.realm:
                continue
            name = parameters.get("username", "")
            worth = self._judge(parameters, request.method, now)
            if worth is Verdict.RIGHT:
                break
        return worth, name

    def _judge(self, parameters: dict[str, str], method: str, now: float) -> Verdict:
        algorithm = parameters.get("algorithm", "MD5").upper()
        nonce, count = parameters.get("nonce", ""), parameters.get("nc", "")
        counted = "qop" in parameters
        if algorithm not in self._algorithms or (counted and parameters["qop"].lower() != "auth"):
            return Verdict.WRONG
        if counted and _COUNT.fullmatch(count) is None:
            return Verdict.WRONG
        name = _ALGORITHMS[algorithm]

        def digest(text: str) -> str:
            return hashlib.new(name, text.encode()).hexdigest()

        # An unknown user takes as long as a known one with the wrong password.
        account = self._accounts.get(parameters.get("username", "")) or Account("", self._secret.hex())
        secret = account.ha1.lower()
        if account.password:
            secret = digest(f"{account.name}:{self.realm}:{account.password}")
        middle = f"{nonce}:{count}:{parameters.get('cnonce', '')}:auth" if counted else nonce
        action = digest(f"{method}:{parameters.get('uri', '')}")
        expected = digest(f"{secret}:{middle}:{action}")
        if not hmac.compare_digest(expected.encode(), parameters.get("response", "").lower().encode()):
            return Verdict.WRONG
        if not self._is_fresh(nonce, int(count, 16) if counted else 1, now):
            return Verdict.STALE
        return Verdict.RIGHT

    def _nonce(self, now: float) -> str:
        # Many ask at the same moment, after a power failure say, and each counts from 1.
        self._last_stamp = max(int(now * 1_000_000), self._last_stamp + 1)
        stamp = f"{self._last_stamp:x}"
        return f"{stamp}.{hmac.new(self._secret, stamp.encode(), hashlib.sha256).hexdigest()[:24]}"

    def _is_fresh(self, nonce: str, count: int, now: float) -> bool:
        """Whether we made the nonce not long ago, and this count is higher than any before (RFC 7616 3.4)."""
        stamp, _, proof = nonce.partition(".")
        made = hmac.new(self._secret, stamp.encode(), hashlib.sha256).hexdigest()[:24]
        if not hmac.compare_digest(made.encode(), proof.encode()):
            return False
        if not -1 <= now - int(stamp, 16) / 1_000_000 <= NONCE_SECONDS or count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        self._counts.move_to_end(nonce)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return True


def _parse(line: str) -> dict[str, str] | None:
    """The parameters of a Digest answer, None when it is malformed or of another scheme."""
    scheme = _SCHEME.match(line)
    if scheme is None:
        return None
    parameters: dict[str, str] = {}
    position = scheme.end()
    while position < len(line):
        match = _PARAMETER.match(line, position)
        if match is None or match[1].lower() in parameters:
            return None
        parameters[match[1].lower()] = unquote(match[2])
        position = match.end()
    return parameters
