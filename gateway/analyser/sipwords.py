"""Words of SIP messages that call records are made of: numbers, causes, where speech is wanted."""

from __future__ import annotations

import re
from typing import Final

from .network import endpoint
from .texts import Texts

MOST_FORMATS: Final = 64
_REASON: Final = re.compile(r"Q\.850\s*;.*?cause\s*=\s*\"?(\d{1,3})", re.IGNORECASE)
_CONNECTION: Final = re.compile(rb"^c=IN IP[46] ([0-9A-Fa-f.:]{2,45})", re.MULTILINE)
_AUDIO: Final = re.compile(rb"^m=audio (\d{1,5})[^ \r\n]* +[^ \r\n]+((?: +\d{1,3})*)", re.MULTILINE)
_LINES: Final = re.compile(rb"^(?:c=IN IP|m=|a=(?:sendonly|recvonly|sendrecv|inactive))[^\n]*\n?", re.MULTILINE)
_SILENT: Final = re.compile(rb"^a=(?:sendonly|inactive)[ \t]*\r?$", re.MULTILINE)
_DIRECTION: Final = re.compile(rb"^a=(?:sendonly|recvonly|sendrecv|inactive)[ \t]*\r?$", re.MULTILINE)
Wish = tuple[str, list[int]]
"""`ADDRESS:PORT` where speech is to arrive, and the payload types that it may have; none while nothing is."""


def described(body: bytes) -> Wish | None:
    """Where a session description wants its audio (RFC 4566 5.7, 5.14); None where it does not."""
    if b"m=audio" not in body:
        return None
    address = _CONNECTION.search(body)
    port = _AUDIO.search(body)
    if not (address and port) or port[1] == b"0":
        return None
    kinds = [] if _is_silent(body, port.end()) else [int(kind) for kind in port[2].split()[:MOST_FORMATS]]
    return endpoint(address[1].decode("ascii", "replace"), int(port[1])), kinds


def _is_silent(body: bytes, behind: int) -> bool:
    """Whether nothing is to be sent to whoever describes the audio that ends `behind` (RFC 4566 6): on hold, say."""
    if b"a=sendonly" not in body and b"a=inactive" not in body:
        return False
    media, session = body[behind:].partition(b"\nm=")[0], body.partition(b"\nm=")[0]
    return _SILENT.search(media if _DIRECTION.search(media) else session) is not None


def worded(bodies: Texts) -> Texts:
    """Of session descriptions the lines that `described` reads, in their order."""
    return Texts.made_of(b"".join(_LINES.findall(body)) for body in bodies.tolist())


def allow(formats: dict[str, list[int]], wish: Wish) -> None:
    """Add a wish to the payload types that are allowed, by where they are to arrive."""
    wanted, kinds = wish
    allowed = formats.setdefault(wanted, [])
    allowed += [kind for kind in kinds if kind not in allowed]
    del allowed[MOST_FORMATS:]


def reason_cause(reasons: list[str]) -> int | None:
    """The Q.850 value of Reason headers (RFC 3326, RFC 6432)."""
    for value in reasons:
        if match := _REASON.search(value):
            return int(match[1]) & 127
    return None


def calling_of(identities: list[str], caller: str) -> str:
    """The calling number: of an asserted identity, else of From."""
    for value in identities:
        if user := user_of(uri_of(value)):
            return user
    return user_of(uri_of(caller))


def uri_of(value: str) -> str:
    """The URI of a From, To or identity."""
    opened = value.rfind("<")
    if opened >= 0:
        return value[opened + 1 :].partition(">")[0].strip()
    return value.partition(";")[0].strip()


def user_of(uri: str) -> str:
    """The user part of a SIP URI, or the number of a tel URI, without parameters."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() == "tel":
        return rest.partition(";")[0]
    user, at, _ = rest.partition("@")
    return user.partition(";")[0].partition(":")[0] if at else ""
