"""What following a call needs of a SIP message: a few header fields, found without reading the others (RFC 3261 7.3).

What is folded, doubled or odd is left to the full parser, whose word then counts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

WANTED: Final = {
    "call-id": "call-id",
    "i": "call-id",
    "from": "from",
    "f": "from",
    "to": "to",
    "t": "to",
    "cseq": "cseq",
    "reason": "reason",
    "p-asserted-identity": "identity",
    "remote-party-id": "identity",
}
"""Header fields that are looked at, by their names in small letters."""
_SPELLED: Final = {
    name: key
    for word, key in WANTED.items()
    for name in (word, word.upper(), word.title(), {"call-id": "Call-ID", "cseq": "CSeq"}.get(word, word))
} | dict.fromkeys(
    (
        *("Via", "v", "Max-Forwards", "Contact", "m", "Content-Type", "c", "Content-Length", "l", "Allow", "Supported"),
        *("k", "User-Agent", "Server", "Record-Route", "Route", "Date", "Expires", "Accept", "Session-Expires"),
        *("Min-SE", "Require", "RSeq", "RAck"),
    ),
    "",
)
"""Header names as they are mostly written; empty for what is not wanted."""
_PASSED_OVER: Final = frozenset("VMASUEDLKvmasuedlk")
"""First letters of fields that are not wanted, and of none that is."""
_SEVERAL: Final = frozenset({"reason", "identity"})
CSEQ: Final = re.compile(r"\d{1,10}[ \t]+([A-Za-z0-9.!%*_+`'~-]{1,32})")
_TAG: Final = re.compile(r";[ \t]*tag[ \t]*=[ \t]*([^;, \t]+)", re.IGNORECASE)


class Scanned(msgspec.Struct, gc=False):
    """A request or response, as far as the analyser looks at it."""

    status: int
    """0 for a request."""
    method: str
    """Of the request, or that of CSeq."""
    text: str
    """Request-URI, or reason phrase."""
    call_id: str
    caller: str
    """The value of From."""
    callee: str
    """The value of To."""
    from_tag: str
    to_tag: str
    body: bytes
    reasons: list[str]
    identities: list[str]
    key: int = 0
    """Of the Call-ID and both addresses, where somebody asked for it; see `sipkeys`."""


def scan(octets: bytes) -> Scanned | None:
    """The message; None when it cannot be read."""
    return _quick(octets) or _whole(octets)


def _quick(octets: bytes) -> Scanned | None:
    head, separator, body = octets.partition(b"\r\n\r\n")
    if not separator:
        return None
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        return None
    found: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for line in lines[1:]:
        if line[:1] in _PASSED_OVER and ":" in line:
            continue
        name, colon, value = line.partition(":")
        key = _SPELLED.get(name)
        if key is None:
            if not colon or line[:1] in " \t":
                return None
            key = WANTED.get(name.strip().lower(), "")
        if not key:
            continue
        if key in _SEVERAL:
            several.setdefault(key, []).append(value.strip())
        elif key in found:
            return None
        else:
            found[key] = value.strip()
    first = lines[0]
    cseq = CSEQ.fullmatch(found.get("cseq", ""))
    if cseq is None or len(found) != 4 or not found["call-id"]:
        return None
    if first[:8] == "SIP/2.0 ":
        if not (first[8:11].isdigit() and first[11:12] in (" ", "")):
            return None
        status, method, text = int(first[8:11]), cseq[1], first[12:]
    else:
        method, _, text = first.partition(" ")
        text, _, version = text.rpartition(" ")
        if version != "SIP/2.0" or method != cseq[1]:
            return None
        status = 0
    caller, callee = found["from"], found["to"]
    return Scanned(
        status,
        method,
        text,
        found["call-id"],
        caller,
        callee,
        tag_of(caller),
        tag_of(callee),
        body,
        several.get("reason", []),
        several.get("identity", []),
    )


@lru_cache(maxsize=4096)
def tag_of(value: str) -> str:
    """The tag of a From or To; the messages of a call have the same over and over."""
    match = _TAG.search(value, value.rfind(">") + 1)
    return match[1] if match else ""


def _whole(octets: bytes) -> Scanned | None:
    from tandem.gateway.sip.errors import SipDecodeError
    from tandem.gateway.sip.message import MalformedRequest, Request, parse_message

    try:
        parsed = parse_message(octets)
    except (MalformedRequest, SipDecodeError):
        return None
    fields = parsed.fields
    is_request = isinstance(parsed, Request)
    return Scanned(
        0 if is_request else parsed.status,  # type: ignore[union-attr]
        parsed.method,
        parsed.uri_text if is_request else parsed.phrase,  # type: ignore[union-attr]
        parsed.call_id,
        fields["from"][0],
        fields["to"][0],
        parsed.from_.tag or "",
        parsed.to.tag or "",
        parsed.body,
        fields.get("reason", []),
        [*fields.get("p-asserted-identity", []), *fields.get("remote-party-id", [])],
    )
