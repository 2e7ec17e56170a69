"""SDP for one audio stream of G.711 and telephone-events: RFC 4566, offer and answer as in RFC 3264, RFC 4733.

Laws are `A` (PCMA) and `u` (PCMU), as everywhere in Tandem.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct, field

from tandem.core.errors import DecodeError
from tandem.gateway.sip import speed
from tandem.gateway.sip.crypto import Crypto
from tandem.gateway.sip.preconditions import ATTRIBUTES

#: Static payload types of RFC 3551 table 4, by law.
PAYLOAD_TYPES: Final = {"A": 8, "u": 0}
#: The payload type of telephone-event in our offers; a dynamic one, free in RFC 3551.
EVENT_PAYLOAD_TYPE: Final = 101
#: The payload type of CLEARMODE (RFC 4040) in our offers, another dynamic one.
CLEAR_PAYLOAD_TYPE: Final = 97
#: Profiles: RTP (RFC 3551) and SRTP (RFC 3711).
PLAIN: Final = "RTP/AVP"
SECURE: Final = "RTP/SAVP"
#: Stands among the laws for octets that are no speech: 64 kbit/s unrestricted (RFC 4040).
CLEAR: Final = "clear"
_ENCODINGS: Final = {
    "clearmode/8000": CLEAR,
    "clearmode/8000/1": CLEAR,
    "pcma/8000": "A",
    "pcma/8000/1": "A",
    "pcmu/8000": "u",
    "pcmu/8000/1": "u",
}
#: Packet time in milliseconds unless told otherwise.
PTIME: Final = 20
_NOISE: Final = (13, "CN")
_STATIC: Final = {0: "pcmu/8000", 8: "pcma/8000", 13: "cn/8000"}
CODECS: Final = {"A": "PCMA", "u": "PCMU", CLEAR: "CLEARMODE"}
"""Their names in RTP."""
_REVERSED: Final = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
#: What hold looked like before RFC 3264.
_UNSPECIFIED: Final = ("0.0.0.0", "::")

_LINE = re.compile(r"([a-z])=(.*)", re.DOTALL)
_MEDIA = re.compile(r"([!-~]+) ([0-9]{1,5})(?:/[0-9]{1,5})? ([!-~]+)((?: [!-~]+)+)")
_CONNECTION = re.compile(r"IN (IP4|IP6) ([!-~]+)")
_ORIGIN = re.compile(r"\S+ [0-9]+ [0-9]+ \S+ \S+ \S+")
_TIMES = re.compile(r"[0-9]+ [0-9]+")
_RTPMAP = re.compile(r"([0-9]{1,3}) +(\S+)")
_RTCP = re.compile(r"([0-9]{1,5})(?: |$)")
_PTIME = re.compile(r"([0-9]{1,4})(?:\.[0-9]+)?")


class Media(Struct, frozen=True):
    """One m= section."""

    kind: str
    port: int
    profile: str
    formats: tuple[str, ...]
    address: str = ""
    """Connection address that holds for it; empty when the description names none."""
    direction: str = "sendrecv"
    """What the one who wrote it does: sendrecv, sendonly, recvonly or inactive."""
    encodings: dict[int, str] = field(default_factory=dict)
    """Lower-case encoding, clock rate and channels by payload type, from rtpmap."""
    ptime: int | None = None
    """Preferred packet time in milliseconds."""
    crypto: tuple[Crypto, ...] = ()
    """Keys for SRTP that we can use, in the order of the one who wrote it."""
    maxptime: int | None = None
    """Most milliseconds of a packet (RFC 4566 6)."""
    rtcp_port: int | None = None
    """Where RTCP is received (RFC 3605); None: the port above that of RTP."""
    rtcp_mux: bool = False
    """Whether RTCP may come on the port of RTP (RFC 5761)."""
    preconditions: tuple[tuple[str, str], ...] = ()
    """Names and values of the attributes of RFC 3312, unread."""


class SessionDescription(Struct, frozen=True):
    """A parsed description, as far as one audio stream needs it."""

    media: tuple[Media, ...]
    times: str = "0 0"
    """Value of the t= line, repeated in an answer (RFC 3264 6)."""
    origin: str = ""
    """Value of the o= line: the same again when nothing changed (RFC 3264 8, RFC 4028 7.4)."""


class MediaDescription(Struct, frozen=True):
    """What one side's description means for us: where and what to send."""

    address: str
    port: int
    law: str
    """`A`, `u`, or `clear`."""
    payload_type: int
    event_payload_type: int | None
    """Payload type of telephone-event, None when not agreed."""
    direction: str = "sendrecv"
    """What we may do: sendrecv, sendonly, recvonly or inactive."""
    ptime: int | None = None
    """Packet time that the peer would like to receive, in milliseconds; None when it does not say."""
    index: int = 0
    """Which m= section it is."""
    profile: str = PLAIN
    crypto: Crypto | None = None
    """The key that the peer sends with, where the profile is RTP/SAVP."""
    comfort_noise: bool = False
    """Whether comfort noise (RFC 3389) was agreed."""
    rtcp_port: int | None = None
    """The peer's port for RTCP; None: that above its RTP port."""
    rtcp_mux: bool = False
    """RTCP goes on the ports of RTP."""

    @property
    def is_unspecified(self) -> bool:
        """Whether it names no place, which is how hold was told once."""
        return self.address in _UNSPECIFIED

    @property
    def we_send(self) -> bool:
        """False when the peer holds us."""
        return self.direction in ("sendrecv", "sendonly")


def parse(body: bytes) -> SessionDescription:
    """Parse a description; raise DecodeError when it breaks the grammar or lacks what RFC 4566 5 demands."""
    if speed.speedups is not None and (found := speed.speedups.session(body)) is not None:
        media, times, origin = found
        return SessionDescription(tuple([Media(*one) for one in media]), times, origin)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("the description is not UTF-8", error.start) from None
    # RFC 4566 5: a lone line feed is to be accepted too.
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if lines[0] != "v=0":
        raise DecodeError("the description does not begin with v=0", 0)
    sections: list[list[tuple[str, str]]] = [[]]
    for line in lines[1:]:
        match = _LINE.fullmatch(line)
        if match is None or "\r" in line or "\0" in line:
            raise DecodeError(f"line {line[:40]!r} is malformed")
        if match[1] == "m":
            sections.append([])
        sections[-1].append((match[1], match[2]))
    session = sections[0]
    origin = _require(session, "o", _ORIGIN)
    if not any(kind == "s" for kind, _ in session):
        raise DecodeError("the description has no s= line")
    times = _require(session, "t", _TIMES)
    address = _connection(session)
    direction = _direction(session, "sendrecv")
    return SessionDescription(
        tuple([_parse_media(section, address, direction) for section in sections[1:]]), times, origin
    )


def choose(
    description: SessionDescription,
    laws: Sequence[str],
    telephone_event: bool = True,
    profiles: Sequence[str] = (PLAIN,),
    comfort_noise: bool = False,
) -> MediaDescription | None:
    """The first audio stream that we can do, with the first of `laws` that it has; None when there is none.

    Serves for an offer to be answered and for the answer to an offer of ours.
    """
    for index, media in enumerate(description.media):
        if media.kind != "audio" or media.profile not in profiles or not media.port or not _is_address(media.address):
            continue
        crypto = media.crypto[0] if media.profile == SECURE and media.crypto else None
        if media.profile == SECURE and crypto is None:
            continue
        offered = _payload_types(media)
        for law in laws:
            if law in offered:
                break
        else:
            continue
        direction = _REVERSED[media.direction]
        if media.address in _UNSPECIFIED:
            # Hold as RFC 2543 had it: RFC 3264 8.4 forbids sending.
            direction = "recvonly" if direction in ("sendrecv", "recvonly") else "inactive"
        events = offered["events"] if telephone_event and "events" in offered else None
        return MediaDescription(
            media.address,
            media.port,
            law,
            offered[law],
            events,
            direction,
            media.ptime if media.maxptime is None else min(media.ptime or PTIME, media.maxptime),
            index,
            media.profile,
            crypto,
            comfort_noise and law != CLEAR and "noise" in offered,
            media.rtcp_port,
            media.rtcp_mux,
        )
    return None


def build_offer(
    address: str,
    port: int,
    session: int,
    laws: Sequence[str],
    telephone_event: bool = True,
    *,
    version: int = 1,
    direction: str = "sendrecv",
    crypto: Crypto | None = None,
    ptime: int = PTIME,
    comfort_noise: bool = False,
    further: str = "",
) -> bytes:
    """Offer one audio stream received at `address` and `port`, `laws` in the order of preference.

    `session` names the session in o=; `version` must grow with each change that is sent (RFC 3264 8). `ptime` is what
    we would like to receive, in milliseconds. `further` has more attribute lines of the stream.
    """
    formats = [(PAYLOAD_TYPES.get(law, CLEAR_PAYLOAD_TYPE), CODECS[law]) for law in laws]
    if comfort_noise:
        formats.append(_NOISE)
    stream = _stream(port, formats, EVENT_PAYLOAD_TYPE if telephone_event else None, direction, crypto, ptime)
    return _build(address, session, version, "0 0", [stream + further])


def build_answer(
    offer: SessionDescription,
    chosen: MediaDescription,
    address: str,
    port: int,
    session: int,
    *,
    version: int = 1,
    crypto: Crypto | None = None,
    ptime: int = PTIME,
    further: str = "",
) -> bytes:
    """Answer `offer` with the stream that `choose` chose; every other stream is refused with port 0 (RFC 3264 6)."""
    streams = [f"m={m.kind} 0 {m.profile} {' '.join(m.formats)}\r\n" for m in offer.media]
    formats = [(chosen.payload_type, CODECS[chosen.law])]
    if chosen.comfort_noise:
        formats.append(_NOISE)
    stream = _stream(port, formats, chosen.event_payload_type, chosen.direction, crypto, ptime)
    streams[chosen.index] = (stream + "a=rtcp-mux\r\n" if chosen.rtcp_mux else stream) + further
    return _build(address, session, version, offer.times, streams)


def build_refusal(offer: SessionDescription, index: int, address: str, session: int, further: str) -> bytes:
    """No answer, but the streams of `offer` with what is wrong with the one at `index`: for a 580 (RFC 3312 8)."""
    streams = [f"m={m.kind} 0 {m.profile} {' '.join(m.formats)}\r\n" for m in offer.media]
    streams[index] += further
    return _build(address, session, 1, offer.times, streams)


def _build(address: str, session: int, version: int, times: str, streams: list[str]) -> bytes:
    where = f"IN {'IP6' if ':' in address else 'IP4'} {address}"
    head = f"v=0\r\no=- {session} {version} {where}\r\ns=-\r\nc={where}\r\nt={times}\r\n"
    return (head + "".join(streams)).encode()


def _stream(
    port: int,
    formats: list[tuple[int, str]],
    events: int | None,
    direction: str,
    crypto: Crypto | None = None,
    ptime: int = 20,
) -> str:
    types = lines = ""
    for number, name in formats:
        types += f" {number}"
        lines += f"a=rtpmap:{number} {name}/8000\r\n"
    if events is not None:
        types += f" {events}"
        lines += f"a=rtpmap:{events} telephone-event/8000\r\na=fmtp:{events} 0-15\r\n"
    profile = PLAIN
    if crypto is not None:
        profile = SECURE
        lines += f"a=crypto:{crypto}\r\n"
    return f"m=audio {port} {profile}{types}\r\n{lines}a=ptime:{ptime}\r\na={direction}\r\n"


def _parse_media(section: list[tuple[str, str]], address: str, direction: str) -> Media:
    match = _MEDIA.fullmatch(section[0][1])
    if match is None or int(match[2]) > 65535:
        raise DecodeError(f"m={section[0][1][:40]!r} is malformed")
    kind, port, profile, formats = match.groups()
    encodings: dict[int, str] = {}
    times: dict[str, int | None] = {"ptime": None, "maxptime": None}
    crypto: list[Crypto] = []
    rtcp_port: int | None = None
    rtcp_mux = False
    preconditions: list[tuple[str, str]] = []
    for name, value in _attributes(section):
        if name == "rtpmap":
            found = _RTPMAP.fullmatch(value)
            if found is None or int(found[1]) > 127:
                raise DecodeError(f"a=rtpmap:{value[:40]!r} is malformed")
            encodings[int(found[1])] = found[2].lower()
        elif name in times:
            found = _PTIME.fullmatch(value.strip())
            if found is None:
                raise DecodeError(f"a={name}:{value[:40]!r} is malformed")
            times[name] = int(found[1])
        elif name == "rtcp-mux":
            rtcp_mux = True
        elif name == "rtcp" and (found := _RTCP.match(value)) is not None and 0 < int(found[1]) < 65536:
            rtcp_port = int(found[1])
        elif name == "crypto" and (key := Crypto.parse(value)) is not None:
            crypto.append(key)
        elif name in ATTRIBUTES:
            preconditions.append((name, value))
    return Media(
        kind,
        int(port),
        profile,
        tuple(formats.split()),
        _connection(section) or address,
        _direction(section, direction),
        encodings,
        times["ptime"],
        tuple(crypto),
        times["maxptime"],
        rtcp_port,
        rtcp_mux,
        tuple(preconditions),
    )


def _payload_types(media: Media) -> dict[str, int]:
    """Payload type by law, and by `events`, of the formats that we know; the first of each counts."""
    found: dict[str, int] = {}
    encodings = media.encodings
    for text in media.formats:
        if not text.isdecimal() or (number := int(text)) > 127:
            continue
        encoding = encodings[number] if number in encodings else _STATIC.get(number, "")
        if encoding in _ENCODINGS:
            if _ENCODINGS[encoding] not in found:
                found[_ENCODINGS[encoding]] = number
        elif encoding in ("telephone-event/8000", "telephone-event/8000/1"):
            found.setdefault("events", number)
        elif number == 13 and encoding in ("cn/8000", "cn/8000/1"):
            found["noise"] = number
    return found


def _require(section: list[tuple[str, str]], kind: str, pattern: re.Pattern[str]) -> str:
    value = next((value for name, value in section if name == kind), None)
    if value is None:
        raise DecodeError(f"the description has no {kind}= line")
    if pattern.fullmatch(value) is None:
        raise DecodeError(f"{kind}={value[:40]!r} is malformed")
    return value


def _connection(section: list[tuple[str, str]]) -> str:
    """The address of the first c= line, empty without one."""
    value = next((value for name, value in section if name == "c"), None)
    if value is None:
        return ""
    match = _CONNECTION.fullmatch(value)
    if match is None:
        raise DecodeError(f"c={value[:40]!r} is malformed")
    return match[2].partition("/")[0]


def _direction(section: list[tuple[str, str]], default: str) -> str:
    found = [name for name, value in _attributes(section) if name in _REVERSED and not value]
    return found[-1] if found else default


def _attributes(section: list[tuple[str, str]]) -> list[tuple[str, str]]:
    attributes = []
    for kind, value in section:
        if kind == "a":
            name, _, rest = value.partition(":")
            attributes.append((name, rest))
    return attributes


@lru_cache(maxsize=4096)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
