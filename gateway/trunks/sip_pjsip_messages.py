"""What is read of messages and descriptions for trunks of PJSIP, and of what PJSIP measured."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tandem.core.errors import DecodeError
from tandem.gateway.calls import accounting
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import MediaStatistics
from tandem.gateway.media.quality import judge
from tandem.gateway.pjsip import protocol
from tandem.gateway.sip import sdp
from tandem.gateway.sip.endpoint import Endpoint, Stream, show, transport_of
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import Message, Request, Response, parse_message
from tandem.gateway.sip.multipart import parts
from tandem.gateway.sip.preconditions import Segment, Stated
from tandem.gateway.sip.primitives import InviteRequest

PROFILES: Final = (sdp.PLAIN, sdp.SECURE)
LAWS: Final = {"PCMA": "A", "PCMU": "u"}


def statistics_of(measured: protocol.StreamMeasured) -> dict[str, float]:
    """What PJSIP measured of the peer's RTP, as the record of a call has it.

    PJSIP makes up for what was lost or came late, a packet at a time; how long that is follows from what came.
    """
    statistics = MediaStatistics(
        **{name: getattr(measured, name) for name in MediaStatistics.__struct_fields__ if hasattr(measured, name)}
    )
    if measured.packets_received:
        packet_ms = statistics.octets_received / 8 / measured.packets_received
        statistics.concealed_ms = round(packet_ms * (measured.packets_lost + measured.packets_late))
    judge(statistics, round(measured.waiting_ms * 8))
    found = accounting.statistics_of(statistics)
    for name in ("modem_hz", "modem_reversals", "modem_modulated"):
        del found[name]  # the media process hears them
    return found


def content_in(request: InviteRequest) -> protocol.Content | None:
    """The part of an INVITE that is no description."""
    try:
        found = parts(request.content_type, None, request.body or b"")
    except SipDecodeError:
        return None
    return protocol.Content.of(next((part for part in found if part.media_type != "application/sdp"), None))


def message_in(octets: bytes) -> Request | Response | None:
    """A message of the peer, None where our grammar does not take what PJSIP took."""
    try:
        return parse_message(octets) if octets else None
    except SipDecodeError:
        return None


def dialog_in(message: Message | None) -> tuple[str, frozenset[str | None]] | None:
    """Call-ID and tags of the dialog that a message is of."""
    return None if message is None else (message.call_id, frozenset((message.from_.tag, message.to.tag)))


def source_of(event: protocol.CallReceived | protocol.RequestArrived) -> Endpoint:
    """Where a call or another request came from."""
    if event.transport == "udp":
        return event.source
    return Stream(*event.source, event.transport, event.connection)


def uri_of(endpoint: Endpoint) -> str:
    """An address as PJSIP is told it."""
    return f"sip:{show((endpoint[0], endpoint[1]))};transport={transport_of(endpoint)}"


def agreed_to(request: Request, port: int, codecs: Collection[str]) -> protocol.Speech | None:
    """What PJSIP agrees to of an offer: the first codec of the peer that is among `codecs`; None without one."""
    try:
        offer = sdp.parse(request.session)
    except DecodeError:
        return None
    found = [answer for codec in codecs if (answer := sdp.choose(offer, [LAWS[codec]], profiles=PROFILES))]
    if not found:
        return None
    formats = offer.media[found[0].index].formats
    first = min(found, key=lambda answer: formats.index(str(answer.payload_type)))
    return protocol.Speech(port, first.law, offer.media[first.index].direction)


def about_tls(openssl: str) -> Line:
    """What speaks TLS; and that nobody maintains it any more, where that is so: nothing before 3.0 in 2026."""
    text = f"TLS by {' '.join(openssl.split())}"
    if openssl.startswith(("OpenSSL 3", "OpenSSL 4")):
        return Line("info", "=", "engine pjsua2", text)
    text += ", which nobody maintains any more; `tandem build-pjsip` has that of the system, or use Tandem's engine"
    return Line("warning", "=", "engine pjsua2", text)


def place_in(body: bytes) -> tuple[str, int] | None:
    """Where the media process receives, as our description says."""
    try:
        media = sdp.parse(body).media
    except DecodeError:
        return None
    found = next((one for one in media if one.kind == "audio" and one.port), None)
    return None if found is None else (found.address, found.port)


def has_events(message: Message) -> bool | None:
    """Whether a description of the peer has telephone-events; None where there is none that can be used."""
    try:
        found = sdp.choose(sdp.parse(message.session), tuple(LAWS.values()), profiles=PROFILES)
    except DecodeError:
        return None
    return None if found is None else found.event_payload_type is not None


def conditions_in(message: Message) -> str:
    """The peer's lines of preconditions."""
    try:
        stream = next((one for one in sdp.parse(message.session).media if one.kind == "audio"), None)
    except DecodeError:
        return ""
    return "" if stream is None else "".join(f"a={name}:{value}\r\n" for name, value in stream.preconditions)


def is_ready(body: bytes) -> bool:
    """Whether our description, if it is one, says that our own precondition is met."""
    try:
        stated = [Stated.parse(stream.preconditions) for stream in sdp.parse(body).media if stream.kind == "audio"]
    except DecodeError:
        return True
    return all(any(row.segment is Segment.LOCAL for row in one.current) for one in stated if one is not None)


def direction_in(body: bytes) -> str:
    """What our description says that we do."""
    return sdp.parse(body).media[0].direction
