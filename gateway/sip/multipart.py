"""Bodies of several parts (RFC 2046 5.1 as SIP uses it, RFC 5621), with binary parts kept octet for octet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import TOKEN, Parameters, format_parameters, parse_parameters, unquote

_MEDIA_TYPE = re.compile(rf"\s*({TOKEN})\s*/\s*({TOKEN})\s*(;.*)?", re.DOTALL)
_DISPOSITION = re.compile(rf"\s*({TOKEN})\s*(;.*)?", re.DOTALL)
#: multipart within multipart, and parts in all, that are looked at.
_DEPTH: Final = 3
_MOST_PARTS: Final = 32


class Part(Struct, frozen=True):
    """One part of a body, or a body that is not of several parts."""

    media_type: str
    """In lower case, without parameters."""
    body: bytes
    parameters: Parameters = field(default_factory=dict)
    """Of the media type; values as written."""
    disposition: str = ""
    """`session`, `signal` …; empty where there is none."""
    required: bool = True
    """Whether who cannot read it must refuse the message (RFC 3261 20.11: handling is `required` if it is not said)."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further fields, to be sent."""

    def parameter(self, name: str) -> str | None:
        """A parameter of the media type without its quotes."""
        value = self.parameters.get(name)
        return None if value is None else unquote(value)


def parts(content_type: str | None, disposition: str | None, body: bytes) -> list[Part]:
    """Every part of a body that is not itself of several parts, in order; raise SipDecodeError when malformed.

    A body without Content-Type is taken for a session description, as many a peer leaves it out.
    """
    if not body:
        return []
    found: list[Part] = []
    _collect(content_type or "application/sdp", disposition, body, found, _DEPTH)
    return found


def build(several: Iterable[Part], boundary: str) -> tuple[str, bytes]:
    """Content-Type and body of a multipart/mixed message; `boundary` must occur in none of the parts."""
    lines = []
    for part in several:
        head = f"--{boundary}\r\nContent-Type: {part.media_type}{format_parameters(part.parameters)}\r\n"
        if part.disposition:
            handling = "required" if part.required else "optional"
            head += f"Content-Disposition: {part.disposition};handling={handling}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
        lines.append(f"{head}\r\n".encode() + part.body + b"\r\n")
    return f"multipart/mixed;boundary={boundary}", b"".join(lines) + f"--{boundary}--\r\n".encode()


def compose(session: bytes | None, part: Part | None, boundary: str) -> tuple[str, bytes | None]:
    """Content lines and body for a session description, another part, or both."""
    if part is None:
        return ("Content-Type: application/sdp\r\n" if session else ""), session
    if not session:
        handling = "required" if part.required else "optional"
        disposition = f"Content-Disposition: {part.disposition};handling={handling}\r\n" if part.disposition else ""
        return f"Content-Type: {part.media_type}{format_parameters(part.parameters)}\r\n{disposition}", part.body
    content_type, body = build([Part("application/sdp", session), part], boundary)
    return f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n", body


def _collect(content_type: str, disposition: str | None, body: bytes, found: list[Part], depth: int) -> None:
    match = _MEDIA_TYPE.fullmatch(content_type)
    if match is None:
        raise SipDecodeError(f"Content-Type {content_type[:80]!r} is malformed")
    kind, parameters = match[1].lower(), parse_parameters(match[3] or "")
    if kind != "multipart":
        name, required = _handling(disposition)
        found.append(Part(f"{kind}/{match[2].lower()}", body, parameters, name, required))
        return
    boundary = unquote(parameters.get("boundary") or "")
    if not boundary or len(boundary) > 70 or not depth:
        raise SipDecodeError("a body of several parts has no usable boundary")
    for piece in _split(body, boundary.encode()):
        if len(found) >= _MOST_PARTS:
            raise SipDecodeError("a body of too many parts")
        head, separator, content = piece.partition(b"\r\n\r\n")
        if not separator:
            raise SipDecodeError("a part of the body has no empty line after its header")
        fields = _fields(head)
        _collect(fields.get("content-type", "text/plain"), fields.get("content-disposition"), content, found, depth - 1)


def _split(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the delimiter lines, each from the line break before its header on."""
    delimiter = re.compile(rb"(?:^|\r\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|$)")
    pieces: list[bytes] = []
    start: int | None = None
    for match in delimiter.finditer(body):
        if start is not None:
            pieces.append(body[start : match.start()])
        if match[1]:
            return pieces
        start = match.end()
    raise SipDecodeError("a body of several parts has no end")


def _fields(head: bytes) -> dict[str, str]:
    try:
        text = head.decode()
    except UnicodeDecodeError:
        raise SipDecodeError("the header of a part is not UTF-8") from None
    text = re.sub(r"\r\n[ \t]+", " ", text)
    fields = {}
    for line in text.split("\r\n"):
        if line:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
    return fields


def _handling(disposition: str | None) -> tuple[str, bool]:
    match = None if disposition is None else _DISPOSITION.fullmatch(disposition)
    if match is None:
        return "", True
    try:
        handling = parse_parameters((match[2] or "").rstrip()).get("handling")
    except SipDecodeError:
        handling = None
    return match[1].lower(), (handling or "required").lower() != "optional"
