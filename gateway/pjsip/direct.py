"""Calls whose RTP passes PJSIP by, for what PJMEDIA has no codec for: PJSIP signals, Tandem's media process speaks.

PJSIP must agree to some media. So it sees a description without a direction in the place of each of the peer's, and
opens no stream; each description that it makes bears the number of its call as its name, and the media plane's goes out
in its place. Nothing of this needs PJSIP: it is octets in, octets out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from tandem.gateway.sip import sdp

from .fields import CALL_ID, body_of, head_of, is_within_dialog

_LAWS: Final = {codec: law for law, codec in sdp.CODECS.items()}
_NAME: Final = "tandem-direct"
_DESCRIPTION: Final = re.compile(
    rb"v=0\r\no=[^\r\n]*\r\ns=" + _NAME.encode() + rb" (-?[0-9]+)\r\n(?:[a-z]=[^\r\n]*\r\n)*"
)
_PART: Final = re.compile(rb"--[^\r\n]+\r\n(?:[^\r\n]+\r\n)*\r\n$")
"""Where a part of a body begins: delimiter and fields (RFC 2046 5.1.1)."""
_TYPE: Final = re.compile(rb"\r\nContent-Type *:[^\r\n]*", re.IGNORECASE)
_KIND: Final = re.compile(rb"\n(?:content-type|c)[ \t]*:[ \t]*(application/sdp|multipart)\b", re.I)
_LENGTH: Final = re.compile(rb"(\r\n(?:Content-Length|l) *: *)[0-9]+", re.IGNORECASE)
_OFFERS: Final = (b"INVITE ", b"UPDATE ", b"PRACK ")
_SUPPORTED: Final = re.compile(rb"(\r\nSupported: )([^\r\n]*)")
_OPTION: Final = re.compile(rb"(?<![^ ])100rel, |(?:^|, )100rel$")
_HOPS: Final = re.compile(rb"\r\nMax-Forwards: [0-9]+")
MAX_FORWARDS: Final = 70
"""What PJSIP writes into each request (RFC 3261 8.1.1.6)."""
_INVITED: Final = re.compile(rb"\nCSeq[ \t]*:[ \t]*[0-9]+[ \t]+INVITE[ \t]*\r?$", re.M | re.I)


def placeholder(address: str, codec: str) -> bytes:
    """What PJSIP sees in the place of the peer's descriptions: a stream of its codec on which nobody sends."""
    return sdp.build_offer(address, 9, 1, [_LAWS[codec]], False, direction="inactive")


def named(description: str, number: int) -> str:
    """A description of PJSIP that bears the number of its call."""
    return re.sub(r"(?m)^s=[^\r\n]*", f"s={_NAME} {number}", description, count=1)


def number_in(message: bytes) -> int | None:
    """The call whose description PJSIP has put into a message; None where there is none, or it has gone out once."""
    found = _DESCRIPTION.search(message)
    return None if found is None else int(found[1])


def with_session(message: bytes, session: bytes) -> bytes:
    """A message with our description in the place of PJSIP's; without any where ours is empty."""
    head, _, body = message.partition(b"\r\n\r\n")
    found = _DESCRIPTION.search(body)
    if found is None:
        return message
    before, after = body[: found.start()], body[found.end() :]
    if session:
        body = before + session + after
    elif (part := _PART.search(before)) is not None:
        body = before[: part.start()] + after.removeprefix(b"\r\n")
    else:
        return without_body(message)
    head = _LENGTH.sub(rb"\g<1>%d" % len(body), head)
    return head + b"\r\n\r\n" + body


def without_body(message: bytes) -> bytes:
    """A message without a body. PJSIP keeps its own, which is that of its next response."""
    head = message.partition(b"\r\n\r\n")[0]
    return _LENGTH.sub(rb"\g<1>0", _TYPE.sub(b"", head)) + b"\r\n\r\n"


def has_description(message: bytes) -> bool:
    """Whether a message has a description as its body or a part of it; what it takes (Accept) is none."""
    kind = _KIND.search(head_of(message))
    body = body_of(message)
    if not body or kind is None:
        return False
    media_type = kind[1].lower()
    return media_type == b"application/sdp" or (media_type == b"multipart" and b"application/sdp" in body.lower())


def without_reliability(message: bytes, calls: Collection[bytes]) -> bytes:
    """An INVITE without 100rel in Supported, where it is one of these calls by its Call-ID."""
    head, end, body = message.partition(b"\r\n\r\n")
    found = CALL_ID.search(head)
    if found is None or found[1] not in calls:
        return message
    return _SUPPORTED.sub(lambda said: said[1] + _OPTION.sub(b"", said[2]), head) + end + body


def with_hops(message: bytes, calls: Mapping[bytes, int]) -> bytes:
    """An INVITE with the Max-Forwards of its call, by Call-ID, in the place of PJSIP's."""
    head, end, body = message.partition(b"\r\n\r\n")
    found = CALL_ID.search(head)
    hops = None if found is None else calls.get(found[1])
    return message if hops is None else _HOPS.sub(b"\r\nMax-Forwards: %d" % hops, head, count=1) + end + body


def is_offer(message: bytes) -> bool:
    """Whether a message with a description is a request within a dialog that offers it."""
    return message.startswith(_OFFERS) and is_within_dialog(message)


def is_answer(message: bytes) -> bool:
    """Whether a message is a 2xx to an INVITE."""
    return message.startswith(b"SIP/2.0 2") and _INVITED.search(head_of(message)) is not None
