"""SIP messages: octets to requests and responses, and back (RFC 3261 7, 8.1.1, 18.3, 20).

A message is split into header fields once; a field is parsed when somebody asks for it. The fields that every
message needs (Via, From, To, Call-ID, CSeq) are parsed and checked by `Message.check`, so that a request that can
still be answered is at hand when the check fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from sys import intern
from typing import Any, Final

from tandem.core.errors import EncodeError
from tandem.gateway.sip import speed
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import (
    CACHED_LENGTH,
    TOKEN,
    Address,
    Uri,
    Via,
    check_host,
    listed,
    parse_address,
    parse_cseq,
    parse_uri,
    parse_via,
    split_list,
)
from tandem.gateway.sip.multipart import Part, parts

#: Compact forms, IANA "SIP Header Fields" registry.
_COMPACT: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
#: Spellings seen most, so that the usual name costs one look-up.
_KEYS: Final = _COMPACT | {
    name: intern(name.lower())
    for line in (
        "Via From To Call-ID CSeq Contact Max-Forwards Content-Length Content-Type Allow Supported User-Agent Server",
        "Route Record-Route Require Reason Date Accept Subject P-Asserted-Identity Privacy Diversion Session-Expires",
        "Min-SE RSeq RAck Authorization Proxy-Authorization WWW-Authenticate Proxy-Authenticate Content-Disposition",
        "Expires",
    )
    for name in line.split()
}
#: Fields that appear once and hold one value; a second one makes the message ambiguous (RFC 3261 7.3.1).
_SINGLE: Final = frozenset(("call-id", "cseq", "from", "to", "max-forwards", "content-length", "content-type"))
_READER: Final[Any] = None if speed.speedups is None else speed.speedups.Reader(_KEYS, _SINGLE)
#: What every message carries (RFC 3261 8.1.1); Max-Forwards is not missed (16.3).
MANDATORY: Final = frozenset(("via", "from", "to", "call-id", "cseq"))
_ALLOWED_OCTETS: Final = bytes([9, 10, 13, *range(32, 127), *range(128, 256)])
_QUOTED_PAIR = re.compile(rb"\\[\x00-\x7f]")
_NAME = re.compile(TOKEN)
_METHOD = re.compile(TOKEN)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) (.*)", re.IGNORECASE)
_VERSION = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
_FOLD = re.compile(r"\r\n[ \t]+")
_WORD = r"[A-Za-z0-9.!%*_+`'~()<>:\\\"/\[\]?{}-]+"
_CALL_ID = re.compile(rf"{_WORD}(?:@{_WORD})?")
_LENGTH = re.compile(r"[0-9]{1,9}")
_MEDIA_TYPE = re.compile(rf"({TOKEN})\s*/\s*({TOKEN})\s*(?:;.*)?", re.DOTALL)


class Message:
    """What requests and responses share."""

    __slots__ = ("body", "call_id", "cseq", "fields", "from_", "method", "to", "via")

    fields: dict[str, list[str]]
    """Values by lower-case name (compact forms resolved), in the order received, not split at commas."""
    body: bytes
    method: str
    """Method of the request, or of the CSeq of a response."""
    via: Via
    """The topmost Via. This and the next four are there after `check`."""
    from_: Address
    to: Address
    call_id: str
    cseq: int

    def get(self, name: str) -> str | None:
        """The first value of a header field, None without one."""
        values = self.fields.get(name.lower())
        return values[0] if values else None

    def values(self, name: str) -> list[str]:
        """Every value of a header field that is a comma-separated list; malformed lines are left out (8.2)."""
        return listed(self.fields.get(name.lower(), ()))

    def strict_values(self, name: str) -> list[str]:
        """Like `values`, but a malformed line raises SipDecodeError: for what the procedures depend on."""
        return [item for line in self.fields.get(name.lower(), ()) for item in split_list(line)]

    @property
    def contact(self) -> Address | None:
        """The one Contact, None without one or with `*`; raise SipDecodeError when malformed or several."""
        lines = self.fields.get("contact")
        if not lines or lines[0] == "*":
            return None
        line = lines[0]
        if len(lines) > 1 or ("," in line and len(split_list(line)) > 1):
            raise SipDecodeError("more than one Contact")
        return parse_address(line.strip())

    @property
    def content_type(self) -> str | None:
        """Media type in lower case without parameters; raise SipDecodeError when malformed."""
        value = self.get("content-type")
        if value is None or value == "application/sdp":
            return value
        if (match := _MEDIA_TYPE.fullmatch(value)) is None:
            raise SipDecodeError(f"Content-Type {value[:80]!r} is malformed")
        return f"{match[1]}/{match[2]}".lower()

    def parts(self) -> list[Part]:
        """The parts of the body, one for a body that is not of several; raise SipDecodeError when malformed."""
        return parts(self.get("content-type"), self.get("content-disposition"), self.body)

    def part(self, media_type: str) -> Part | None:
        """The first part of a media type, None where there is none that can be read."""
        try:
            return next((part for part in self.parts() if part.media_type == media_type), None)
        except SipDecodeError:
            return None

    @property
    def session(self) -> bytes:
        """The session description, empty without one."""
        kind = self.fields.get("content-type")
        if not self.body or kind is None or kind[0] == "application/sdp":
            return self.body
        part = self.part("application/sdp")
        return b"" if part is None else part.body

    def check(self) -> None:
        """Parse and check what every message needs (RFC 3261 8.1.1); raise SipDecodeError."""
        fields = self.fields
        if not fields.keys() >= MANDATORY:
            raise SipDecodeError(f"{', '.join(sorted(MANDATORY - fields.keys())).title()} missing")
        self.via = parse_via(split_list(fields["via"][0])[0])
        self.from_ = _party(fields["from"][0])
        self.to = _party(fields["to"][0])
        self.call_id = fields["call-id"][0]
        if _CALL_ID.fullmatch(self.call_id) is None:
            raise SipDecodeError(f"Call-ID {self.call_id[:80]!r} is malformed")
        self.cseq, method = parse_cseq(fields["cseq"][0])
        if isinstance(self, Response):
            self.method = method
        elif method != self.method:
            raise SipDecodeError(f"CSeq method {method} differs from request method {self.method}")
        self._trim_body()

    def _trim_body(self) -> None:
        """RFC 3261 18.3: over UDP the body ends with Content-Length; octets beyond it are discarded."""
        lines = self.fields.get("content-length")
        if lines is None:
            return
        if _LENGTH.fullmatch(lines[0]) is None:
            raise SipDecodeError(f"Content-Length {lines[0][:80]!r} is malformed")
        length = int(lines[0])
        if length > len(self.body):
            raise SipDecodeError(f"Content-Length is {length}, {len(self.body)} octets came")
        self.body = self.body[:length]


class Request(Message):
    """A request; `uri_text` is its Request-URI as received."""

    __slots__ = ("_uri", "caller", "key", "uri_text")

    _uri: Uri | None
    caller: str | None
    """The user whom the request was proved to come from, None where nobody was asked for proof."""
    key: tuple[str, ...] | None
    """What its transaction is found by (RFC 3261 17.2.3), once a transaction layer has received it."""

    def __init__(self, method: str, uri_text: str, fields: dict[str, list[str]], body: bytes) -> None:
        self.method = method
        self.caller = self.key = self._uri = None
        self.uri_text = uri_text
        self.fields = fields
        self.body = body

    @property
    def uri(self) -> Uri:
        """The Request-URI; raise SipDecodeError when it breaks the grammar."""
        found = self._uri
        if found is None or found.text is not self.uri_text:
            found = parse_uri(self.uri_text)
            self.uri = found
        return found

    @uri.setter
    def uri(self, uri: Uri) -> None:
        self._uri, self.uri_text = uri, uri.text

    def __str__(self) -> str:
        return f"{self.method} {self.uri_text}"


class Response(Message):
    """A response."""

    __slots__ = ("phrase", "status")

    def __init__(self, status: int, phrase: str, fields: dict[str, list[str]], body: bytes) -> None:
        self.status = status
        self.phrase = phrase
        self.fields = fields
        self.body = body

    def __str__(self) -> str:
        return f"{self.status} {self.phrase}"


class MalformedRequest(SipDecodeError):
    """A request whose header can be read far enough to answer it."""

    def __init__(self, error: SipDecodeError, request: Request) -> None:
        super().__init__(error.message, error.status)
        self.request = request


def parse_message(data: bytes) -> Request | Response:
    """Parse and check one datagram; raise MalformedRequest where an answer may be possible, else SipDecodeError."""
    found = None if speed.speedups is None else _READER.message(data)
    if found is None:
        return _parse_any(data)
    start, rest, fields, body, from_, to, call_id, transport, host, port, parameters, cseq, method = found
    message: Request | Response
    try:
        if method == start:
            message = Request(start, rest, fields, body)
            message.uri = parse_uri(rest)
            if len(fields["via"]) > 1:
                for via in message.strict_values("via")[1:]:
                    parse_via(via)
        else:
            message = Response(start, rest, fields, body)
            message.method = method
        if host[0] == "[":
            check_host(host)
        message.via = Via(transport, host, port, parameters)
        message.from_ = _parse_party(from_) if len(from_) <= CACHED_LENGTH else _party(from_)
        message.to = _parse_party(to) if len(to) <= CACHED_LENGTH else _party(to)
    except SipDecodeError:
        return _parse_any(data)  # which says what is wrong with all that there is to answer it
    message.call_id = call_id
    message.cseq = cseq
    return message


def _parse_any(data: bytes) -> Request | Response:
    """The same for messages that are not plainly written."""
    head, separator, body = data.partition(b"\r\n\r\n")
    try:
        text = head.decode()
    except UnicodeDecodeError:
        raise SipDecodeError("the header is not UTF-8") from None
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    message = _parse_start_line(lines[0], body)
    try:
        if not separator:
            raise SipDecodeError("no empty line after the header")
        breaks = head.count(b"\r\n")
        if _has_controls(head) or head.count(b"\n") != breaks or head.count(b"\r") != breaks:
            raise SipDecodeError("control characters in the header")
        _parse_fields(lines, message.fields)
        message.check()
        if isinstance(message, Request):
            _check_request(message)
    except SipDecodeError as error:
        if isinstance(message, Response):
            raise
        if not message.fields:
            _parse_readable_fields(lines, message.fields)
        raise MalformedRequest(error, message) from None
    return message


_RETRY_AFTER = re.compile(r"([0-9]{1,9})(?![0-9])")


def retry_after(message: Message) -> int:
    """Seconds of Retry-After (RFC 3261 20.33), 0 without it."""
    match = _RETRY_AFTER.match(message.get("retry-after") or "")
    return int(match[1]) if match else 0


def _has_controls(head: bytes) -> bool:
    """Whether there are control characters other than those that a quoted string has escaped (RFC 4475 3.1.1.2)."""
    return bool(head.translate(None, _ALLOWED_OCTETS)) and bool(
        _QUOTED_PAIR.sub(b"", head).translate(None, _ALLOWED_OCTETS)
    )


def build_message(start: str, fields: str, body: bytes | None, maximum: int = 65507) -> bytes:
    """Put a message together from its start line, its fields (each ended by CRLF) and its body."""
    if body:
        data = f"{start}\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body
    else:
        data = f"{start}\r\n{fields}Content-Length: 0\r\n\r\n".encode()
    if len(data) > maximum:
        raise EncodeError(f"a message of {len(data)} octets does not fit a datagram ({maximum})")
    return data


def format_fields(headers: Iterable[tuple[str, str]]) -> str:
    """Header lines for `headers`; a line break in one raises EncodeError, as it would start another field."""
    text = ""
    for name, value in headers:
        line = f"{name}: {value}\r\n"
        if line.count("\n") != 1 or line.count("\r") != 1 or "\0" in line:
            raise EncodeError(f"header field {line[:80]!r} holds a line break")
        text += line
    return text


def _parse_start_line(line: str, body: bytes) -> Request | Response:
    if line[:4].upper() == "SIP/":
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise SipDecodeError(f"status line {line[:80]!r} is malformed")
        return Response(int(match[1]), match[2], {}, body)
    parts = line.split(" ")
    if len(parts) < 3 or _METHOD.fullmatch(parts[0]) is None or _VERSION.fullmatch(parts[-1]) is None:
        raise SipDecodeError(f"{line[:80]!r} is neither a request line nor a status line")
    # More than two spaces make the URI fail its grammar later, when there is a request to answer.
    request = Request(parts[0], " ".join(parts[1:-1]), {}, body)
    if parts[-1].upper() != "SIP/2.0":
        request.uri_text = f"{request.uri_text} {parts[-1]}"
    return request


def _parse_fields(lines: list[str], fields: dict[str, list[str]]) -> None:
    read: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        key = _KEYS.get(name)
        if key is None or not colon:
            key = _key(name, colon, line)
        if key in read:
            if key in _SINGLE:
                raise SipDecodeError(f"{key.title()} appears twice")
            read[key].append(value.strip(" \t"))
        else:
            read[key] = [value.strip(" \t")]
    fields.update(read)


def _parse_readable_fields(lines: list[str], fields: dict[str, list[str]]) -> None:
    """What can be read of a header that holds malformed lines, for the answer."""
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        try:
            fields.setdefault(_key(name, colon, line), []).append(value.strip(" \t"))
        except SipDecodeError:
            continue


def _key(name: str, colon: str, line: str) -> str:
    name = name.rstrip(" \t")
    if not colon or _NAME.fullmatch(name) is None:
        raise SipDecodeError(f"header line {line[:80]!r} is malformed")
    key = name.lower()
    return _COMPACT.get(key, key)


def _party(text: str) -> Address:
    """From or To, whose tag is a token where there is one; raise SipDecodeError."""
    return _parse_party(text) if len(text) <= CACHED_LENGTH else _parse_party.__wrapped__(text)


@lru_cache(maxsize=4096)
def _parse_party(text: str) -> Address:
    address = parse_address(text)
    if "tag" in address.parameters and (address.tag is None or _NAME.fullmatch(address.tag) is None):
        raise SipDecodeError(f"tag of {text[:80]!r} is not a token")
    return address


def _check_request(request: Request) -> None:
    words = request.uri_text.split(" ")
    if len(words) > 1 and _VERSION.fullmatch(words[-1]) is not None:
        raise SipDecodeError(f"version {words[-1]} is not supported", 505)
    _ = request.uri
    if (limit := request.fields.get("max-forwards")) is not None and (
        _LENGTH.fullmatch(limit[0]) is None or int(limit[0]) > 255
    ):
        raise SipDecodeError(f"Max-Forwards {limit[0][:80]!r} is malformed")
    if len(request.fields["via"]) > 1 or "," in request.fields["via"][0]:
        for via in request.strict_values("via")[1:]:
            parse_via(via)
