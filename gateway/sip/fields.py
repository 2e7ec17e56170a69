"""Values of SIP header fields by the grammar of RFC 3261 25.1: URIs, addresses, Via, lists and parameters.

Strings that recur within a call (URIs, From, To, Contact) are remembered, so that a message costs a few
microseconds. Names of parameters and URI schemes compare without regard to case (RFC 3261 7.3.1).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct, field

from tandem.gateway.sip import speed
from tandem.gateway.sip.errors import SipDecodeError

Parameters = Mapping[str, str | None]

TOKEN: Final = r"[A-Za-z0-9.!%*_+`'~-]+"
QUOTED: Final = r'"(?:[^"\\]|\\[\x00-\x7f])*"'
_UNRESERVED = r"A-Za-z0-9_.!~*'()\-"
_USER_SAFE: Final = "-_.!~*'()&=+$,;?/"
_SAFE_USER = re.compile(rf"[{_UNRESERVED}&=+$,;?/]*")
_HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+"

# Every pattern must find out in linear time that a text does not match: one datagram holds 64 KiB.
_SIP_URI = re.compile(
    rf"(?:((?:[{_UNRESERVED}&=+$,;?/]|%[0-9A-Fa-f]{{2}})+)(?::((?:[{_UNRESERVED}&=+$,]|%[0-9A-Fa-f]{{2}})*))?@)?"
    rf"({_HOST})(?::([0-9]{{1,5}}))?"
    rf"((?:;(?:[{_UNRESERVED}\[\]/:&+$=]|%[0-9A-Fa-f]{{2}})+)*)"
    rf"(?:\?((?:[{_UNRESERVED}\[\]/?:+$=&]|%[0-9A-Fa-f]{{2}})+))?"
)
_TEL_URI = re.compile(rf"(\+?[0-9A-Fa-f*#().-]+)((?:;(?:[{_UNRESERVED}\[\]/:&+$=]|%[0-9A-Fa-f]{{2}})+)*)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(\S+)", re.ASCII)
_LABELS = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)*[A-Za-z](?:[A-Za-z0-9-]{0,62})\.?")
_DISPLAY = re.compile(rf"\s*(?:({QUOTED})\s*|((?:{TOKEN}(?:\s+{TOKEN})*)?)\s*)<([^<>]*)>\s*(.*)", re.DOTALL)
_VIA = re.compile(
    rf"SIP\s*/\s*2\.0\s*/\s*({TOKEN})\s+({_HOST})(?:\s*:\s*([0-9]{{1,5}}))?\s*(;.*)?", re.DOTALL | re.IGNORECASE
)
_PARAMETER = re.compile(rf"\s*({TOKEN})\s*(?:=\s*({QUOTED}|{TOKEN}|[A-Za-z0-9.:\[\]-]+)\s*)?(?:;|$)")
_CSEQ = re.compile(rf"([0-9]{{1,10}})\s+({TOKEN})")
_LIST_PART = re.compile(rf'{QUOTED}|<[^>]*>|[^,"<]+|(,)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
#: Longer strings are parsed each time, so that nobody fills the memory through the caches.
CACHED_LENGTH: Final = 256


class Uri(Struct, frozen=True):
    """A sip, sips or tel URI; any other scheme keeps its remainder in `host`."""

    scheme: str
    user: str | None
    """User part with escapes resolved; the number of a tel URI, visual separators included."""
    host: str
    port: int | None = None
    parameters: Parameters = field(default_factory=dict)
    """URI parameters by lower-case name, values as written."""
    headers: str = ""
    """What follows `?`, as written."""
    password: str | None = None
    text: str = ""
    """The URI as received."""

    def __str__(self) -> str:
        return self.text


class Address(Struct, frozen=True):
    """The value of From, To, Contact, Route and their like (RFC 3261 20.10)."""

    uri: Uri
    display: str = ""
    parameters: Parameters = field(default_factory=dict)
    tag: str | None = None
    """The tag parameter: of From and To it is asked for several times with each message."""


class Via(Struct, frozen=True):
    """One Via value (RFC 3261 20.42)."""

    transport: str
    host: str
    port: int | None
    parameters: dict[str, str | None]

    @property
    def branch(self) -> str | None:
        """The branch parameter."""
        return self.parameters.get("branch")

    @property
    def sent_by(self) -> tuple[str, int]:
        """Host and port that the sender names; 5060 where it names none."""
        return self.host.lower(), self.port or 5060

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{format_parameters(self.parameters)}"


def parse_uri(text: str) -> Uri:
    """Parse a URI; raise SipDecodeError when it breaks the grammar."""
    return _parse_uri(text) if len(text) <= CACHED_LENGTH else _parse_uri.__wrapped__(text)


@lru_cache(maxsize=4096)
def _parse_uri(text: str) -> Uri:
    if speed.speedups is not None and (found := speed.speedups.uri(text)) is not None:
        if found[2][0] == "[":
            check_host(found[2])
        return Uri(*found)
    match = _SCHEME.fullmatch(text)
    if match is None:
        raise SipDecodeError(f"{text[:80]!r} is not a URI")
    scheme, rest = match[1].lower(), match[2]
    if scheme in ("sip", "sips"):
        if (match := _SIP_URI.fullmatch(rest)) is None:
            raise SipDecodeError(f"{text[:80]!r} is not a SIP URI")
        user, password, host, port, parameters, headers = match.groups()
        check_host(host)
        return Uri(
            scheme,
            None if user is None else unescape(user),
            host,
            _port(port),
            _uri_parameters(parameters, text),
            headers or "",
            None if password is None else unescape(password),
            text,
        )
    if scheme == "tel":
        if (match := _TEL_URI.fullmatch(rest)) is None or not any(c.isalnum() or c in "*#" for c in match[1]):
            raise SipDecodeError(f"{text[:80]!r} is not a tel URI")
        return Uri(scheme, match[1], "", None, _uri_parameters(match[2], text), text=text)
    return Uri(scheme, None, rest, None, {}, text=text)


def parse_address(text: str) -> Address:
    """Parse a name-addr or addr-spec with its parameters; raise SipDecodeError when it breaks the grammar."""
    return _parse_address(text) if len(text) <= CACHED_LENGTH else _parse_address.__wrapped__(text)


@lru_cache(maxsize=4096)
def _parse_address(text: str) -> Address:
    if speed.speedups is not None and (found := speed.speedups.address(text)) is not None:
        return Address(parse_uri(found[0]), found[1], found[2], found[2].get("tag"))
    if "<" not in text:
        # RFC 3261 20.10: outside <> every parameter is the header's; comma and question mark are not allowed.
        uri, semicolon, rest = text.partition(";")
        if "?" in uri or "," in uri:
            raise SipDecodeError(f"{text[:80]!r}: a URI with ? or , must stand in <>")
        parameters = parse_parameters(semicolon + rest)
        return Address(parse_uri(uri.strip()), "", parameters, parameters.get("tag"))
    if (match := _DISPLAY.fullmatch(text)) is None:
        raise SipDecodeError(f"{text[:80]!r} is not an address")
    quoted, words, uri, rest = match.groups()
    parameters = parse_parameters(rest)
    return Address(parse_uri(uri), unquote(quoted) if quoted else words.strip(), parameters, parameters.get("tag"))


def parse_via(text: str) -> Via:
    """Parse one Via value; raise SipDecodeError when it breaks the grammar."""
    if speed.speedups is not None and (found := speed.speedups.via(text)) is not None:
        if found[1][0] == "[":
            check_host(found[1])
        return Via(*found)
    match = _VIA.fullmatch(text)
    if match is None:
        raise SipDecodeError(f"Via {text[:80]!r} is malformed")
    transport, host, port, parameters = match.groups()
    check_host(host)
    via = Via(transport.upper(), host, _port(port), parse_parameters(parameters or ""))
    if "branch" in via.parameters and (via.branch is None or via.branch.startswith('"')):
        raise SipDecodeError(f"branch of Via {text[:80]!r} is not a token")
    return via


def parse_cseq(text: str) -> tuple[int, str]:
    """Parse CSeq into number (below 2**31, RFC 3261 8.1.1.5) and method."""
    match = _CSEQ.fullmatch(text)
    if match is None:
        raise SipDecodeError(f"CSeq {text[:80]!r} is malformed")
    number = int(match[1])
    if number >= 1 << 31:
        raise SipDecodeError(f"CSeq number {number} is not below 2**31")
    return number, match[2]


def parse_parameters(text: str) -> dict[str, str | None]:
    """Parse `;name=value;name`; names become lower case, quoted values keep their quotes."""
    if speed.speedups is not None and (found := speed.speedups.parameters(text)) is not None:
        plain: dict[str, str | None] = found
        return plain
    parameters: dict[str, str | None] = {}
    if not text:
        return parameters
    if text[0] != ";":
        raise SipDecodeError(f"{text[:80]!r} is not a parameter list")
    position, end = 1, len(text)
    while True:
        match = _PARAMETER.match(text, position)
        if match is None:
            raise SipDecodeError(f"parameters {text[:80]!r} are malformed")
        name, value = match.groups()
        name = name.lower()
        if name in parameters:
            raise SipDecodeError(f"parameter {name!r} appears twice")
        parameters[name] = value
        position = match.end()
        if position == end:
            if text[position - 1] == ";":
                raise SipDecodeError(f"parameters {text[:80]!r} end in a semicolon")
            return parameters


def format_parameters(parameters: Parameters) -> str:
    """The reverse of `parse_parameters`."""
    text = ""
    for name in parameters:
        value = parameters[name]
        text += f";{name}" if value is None else f";{name}={value}"
    return text


def split_list(text: str) -> list[str]:
    """Split at the commas outside quotes and angle brackets (RFC 3261 7.3.1)."""
    if "," not in text and (single := text.strip()):
        return [single]
    parts = _parts(text) if '"' in text or "<" in text else text.split(",")
    items = [part.strip() for part in parts]
    if not all(items):
        raise SipDecodeError(f"{text[:80]!r}: empty element in a list")
    return items


def listed(lines: Iterable[str]) -> list[str]:
    """Every value of the lines of a header field that is a list; malformed lines are left out (RFC 3261 8.2)."""
    values: list[str] = []
    for line in lines:
        try:
            values += split_list(line) if line else []
        except SipDecodeError:
            continue
    return values


def _parts(text: str) -> list[str]:
    """What stands between commas outside quotes and angle brackets."""
    parts, current, position = [], "", 0
    while position < len(text):
        match = _LIST_PART.match(text, position)
        if match is None:
            raise SipDecodeError(f"{text[:80]!r}: unbalanced quote or angle bracket")
        if match[1]:
            parts.append(current)
            current = ""
        else:
            current += match[0]
        position = match.end()
    return [*parts, current]


def unquote(text: str) -> str:
    """The content of a quoted-string; anything else unchanged."""
    return _ESCAPE.sub(r"\1", text[1:-1]) if text.startswith('"') else text


def quoted(text: str) -> str:
    """`text` as a quoted-string; control characters, which no quoted-string can carry, become spaces."""
    cleaned = text if text.isprintable() else "".join([c if c >= " " and c != "\x7f" else " " for c in text])
    return '"' + cleaned.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unescape(text: str) -> str:
    """Resolve %HH; octets that are not UTF-8 are refused."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise SipDecodeError(f"{text[:80]!r}: escapes are not UTF-8") from None


def sip_uri(user: str | None, host: str, port: int | None = None, parameters: str = "") -> str:
    """Build `sip:user@host:port;parameters`, escaping the user part."""
    parameters = f";{parameters}" if parameters else ""
    where = f"[{host}]" if ":" in host and not host.startswith("[") else host
    where = where if port is None else f"{where}:{port}"
    if user is None:
        return f"sip:{where}{parameters}"
    escaped = user if _SAFE_USER.fullmatch(user) else quote(user, safe=_USER_SAFE)
    return f"sip:{escaped}@{where}{parameters}"


def format_address(uri: str, display: str = "", tag: str = "") -> str:
    """Build a name-addr with an optional display name and tag."""
    name = f"{quoted(display)} " if display else ""
    return f"{name}<{uri}>;tag={tag}" if tag else f"{name}<{uri}>"


@lru_cache(maxsize=4096)
def is_ip_address(host: str) -> bool:
    """Whether `host` is an IPv4 or IPv6 literal without a zone; brackets are allowed around IPv6."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    return "%" not in bare and (bare is host or address.version == 6)


@lru_cache(maxsize=4096)
def check_host(host: str) -> None:
    """Raise SipDecodeError for what is neither an IP address, in brackets where it is of IPv6, nor a name."""
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
            return
        if host.replace(".", "").isdigit():
            ipaddress.IPv4Address(host)
            return
    except ValueError:
        raise SipDecodeError(f"{host[:80]!r} is not an IP address") from None
    if _LABELS.fullmatch(host) is None or "-." in host or host.endswith("-"):
        raise SipDecodeError(f"{host[:80]!r} is not a host name")


def _port(text: str | None) -> int | None:
    if not text:
        return None
    port = int(text)
    if not 0 < port < 65536:
        raise SipDecodeError(f"port {port} is out of range")
    return port


def _uri_parameters(text: str, uri: str) -> Parameters:
    parameters: dict[str, str | None] = {}
    for item in text.split(";")[1:] if text else ():
        name, equals, value = item.partition("=")
        name = name.lower()
        if not name or name in parameters or (equals and not value):
            raise SipDecodeError(f"{uri[:80]!r}: parameters are malformed")
        parameters[name] = value if equals else None
    return parameters
