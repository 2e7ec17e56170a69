"""What crosses the socket between the signalling process and the PJSIP process, in the order in which it happened.

Speech does not: it goes between the PJSIP process and the media process as plain RTP, one port of each a call. Calls
are numbered below zero: even numbers by the signalling process, odd ones by the PJSIP process.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tandem.gateway.sip.endpoint import Listener, TransportName
from tandem.gateway.sip.fields import format_parameters
from tandem.gateway.sip.multipart import Part
from tandem.gateway.sip.tls import TlsFiles

HOW_TO_INSTALL: Final = (
    "pip install 'tandem-gateway[pjsua2]' where Python is 3.11 or 3.12, `tandem build-pjsip` where it is newer"
)
"""PJSIP with its Python interface: `pjsua2-python` has no wheels for newer ones."""


class Content(msgspec.Struct, frozen=True):
    """A part of a body beside the session description, or the body of a message that has none."""

    media_type: str
    """With its parameters."""
    octets: bytes
    disposition: str = ""
    """Content-Disposition; empty: none."""

    @classmethod
    def of(cls, part: Part | None) -> Content | None:
        """A part of a body to be sent."""
        if part is None:
            return None
        handling = "required" if part.required else "optional"
        disposition = f"{part.disposition};handling={handling}" if part.disposition else ""
        return cls(f"{part.media_type}{format_parameters(part.parameters)}", part.body, disposition)


class Account(msgspec.Struct, frozen=True):
    """What the calls of one trunk have in common."""

    name: str
    """Name of the trunk."""
    user: str = ""
    """User name that answers a challenge; empty: none does."""
    password: str = ""
    srtp: Literal["off", "offered", "required"] = "off"
    ice: bool = False
    reliable: Literal["off", "supported", "required"] = "supported"
    """Provisional responses with PRACK (RFC 3262)."""
    session_seconds: int = 1800
    """Session interval (RFC 4028), 0: no session timer."""
    minimum_session_seconds: int = 90
    refresher: Literal["auto", "local", "remote"] = "auto"
    """Who refreshes the session where we may choose."""
    preconditions: Literal["off", "supported", "required"] = "off"
    """RFC 3312."""
    telephone_event: bool = True
    """DTMF is offered as events (RFC 4733)."""
    tls_name: str = ""
    """What the certificate of the peer must bear; empty: the address that we connect to."""
    released: Content | None = None
    """Body of the 200 to a BYE that brings ISUP, where the trunk carries that."""
    delayed_offer: bool = False
    """INVITEs of ours have no description, and their provisional responses are not reliable."""
    direct: bool = False
    """RTP goes between the peer and the media process: PJSIP signals only, and has descriptions in place of theirs."""
    guarded: bool = False
    """Who calls or registers must prove who he is: the signalling process decides before PJSIP sees the request."""


class EngineConfiguration(msgspec.Struct, frozen=True):
    """All that the PJSIP process needs to start, handed over once."""

    address: str
    """Address and UDP port of SIP."""
    port: int
    media_address: str
    """Address of RTP, towards peers and towards the media process."""
    rtp_ports: tuple[int, int]
    """First and last port of RTP towards peers."""
    accounts: list[Account]
    listeners: list[Listener] = []
    """Further addresses of SIP, one for each transport."""
    tls: TlsFiles | None = None
    """Certificates, where one of them is of TLS."""
    public_address: str = ""
    """What peers are told in the place of both addresses, behind a NAT that does not change ports."""
    stun: list[str] = []
    """STUN servers, `HOST[:PORT]`."""
    media_address_v6: str = ""
    """Address of RTP over IPv6, towards peers, where the first is of IPv4."""
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    """Most wanted first."""
    packet_time: int = 20
    """Milliseconds of speech in a packet that peers are asked for, and get where they ask for nothing else."""
    user_agent: str = ""


class Speech(msgspec.Struct, frozen=True):
    """The speech of a call as the PJSIP process has it towards the media process."""

    port: int
    """Where it receives."""
    law: str
    """`A` or `u`: what was agreed with the peer, sent and expected here too."""
    direction: str = "sendrecv"
    """What the peer does, as it would write it: sendrecv, sendonly, recvonly, inactive."""


Headers = list[tuple[str, str]]


# --- from the signalling process


class MakeCall(msgspec.Struct, array_like=True, tag="call"):
    """Send INVITE; then ResponseReceived for each response, and CallEnded once."""

    call: int
    account: str
    destination: str
    """Where to send it, `sip:ADDRESS:PORT;transport=…`."""
    target: str
    """Request-URI."""
    local: str
    """From, as a name-addr."""
    remote: str
    """To, as a URI."""
    call_id: str
    headers: Headers
    media: tuple[str, int]
    """Where the media process receives."""
    offer: bool = True
    """Whether the INVITE has a session description."""
    content: Content | None = None
    ready: bool = True
    """Our own precondition is met, where the trunk has any."""
    from_tag: str = ""
    """Tag of From, where further INVITEs of the same call may follow (RFC 3578); empty: PJSIP's."""
    max_forwards: int = 70
    sequence: int = 1
    """Number in CSeq, where there is such a tag."""
    session: bytes = b""
    """Our description, where RTP passes PJSIP by."""
    pinned: bool = False
    """Everything goes to `destination`, over the connection that there is from there, whatever Contact says."""


class Respond(msgspec.Struct, array_like=True, tag="respond"):
    """Answer an incoming call; 300 and more end it."""

    call: int
    status: int
    phrase: str
    headers: Headers
    media: tuple[str, int] | None
    """Where the media process receives, once that has been said."""
    content: Content | None = None
    session: bytes = b""
    """Our description, where RTP passes PJSIP by; empty: none goes with this response."""


class EndCall(msgspec.Struct, array_like=True, tag="end"):
    """End a call in whichever state it is: final response `status`, CANCEL or BYE."""

    call: int
    status: int
    headers: Headers
    content: Content | None = None
    """Not in a CANCEL."""


class SetHold(msgspec.Struct, array_like=True, tag="hold"):
    """Hold the peer (re-INVITE with sendonly), or no longer. SpeechChanged tells of the answer, or OfferAnswered."""

    call: int
    on: bool
    session: bytes = b""
    """Our description, where RTP passes PJSIP by."""


class SendInfo(msgspec.Struct, array_like=True, tag="info"):
    """Send INFO."""

    call: int
    content: Content
    early: bool = False
    """Before the answer; ends in InfoAnswered."""


class Ask(msgspec.Struct, array_like=True, tag="ask"):
    """Ask the peer with OPTIONS whether it still knows the call; ends in AskAnswered."""

    call: int


class TellReady(msgspec.Struct, array_like=True, tag="ready"):
    """Our own precondition is met: tell the peer by UPDATE; ends in UpdateAnswered."""

    call: int
    headers: Headers
    session: bytes = b""
    """Our description, where RTP passes PJSIP by."""


class AnswerOffer(msgspec.Struct, array_like=True, tag="answer"):
    """Answer what OfferArrived told of: with a description, or a refusal from 300 on."""

    call: int
    status: int
    session: bytes = b""


class AnswerRefer(msgspec.Struct, array_like=True, tag="refer"):
    """Answer a REFER that ReferArrived told of."""

    call: int
    status: int


class TellTransfer(msgspec.Struct, array_like=True, tag="notify"):
    """Tell the peer how its REFER goes: NOTIFY with a status line, the last one perhaps."""

    call: int
    status_line: str
    final: bool


class SetSources(msgspec.Struct, array_like=True, tag="sources"):
    """Where calls of an account come from: the servers of its peer, and further addresses and networks."""

    account: str
    peers: list[tuple[str, int]]
    networks: list[str]
    names: list[str] = []
    """SIP domains: calls come from whoever proves one of them by a certificate, and from nobody else."""


class Ping(msgspec.Struct, array_like=True, tag="ping"):
    """Ask a peer with OPTIONS whether it lives; ends in PingAnswered."""

    number: int
    account: str
    destination: str
    uri: str


class Register(msgspec.Struct, array_like=True, tag="register"):
    """Register with a provider and renew that; RegistrationAnswered tells of each change. A second one replaces it."""

    number: int
    account: str
    destination: str
    address_of_record: str
    registrar: str
    contact_user: str
    user: str
    password: str
    expires: int


class Unregister(msgspec.Struct, array_like=True, tag="unregister"):
    """Take a registration back."""

    number: int


class Leave(msgspec.Struct, array_like=True, tag="leave"):
    """No new calls are wanted, or they are again: OPTIONS of peers get 503 meanwhile."""

    on: bool


class TellMessages(msgspec.Struct, array_like=True, tag="tell"):
    """Tell every message in MessageSeen, or no more."""

    on: bool


class AnswerRequest(msgspec.Struct, array_like=True, tag="answer-request"):
    """Answer a request that RequestArrived told of, in the place of PJSIP."""

    number: int
    status: int
    headers: Headers
    lasting: bool
    """Remember the answer for when the request comes again."""


class AdmitRequest(msgspec.Struct, array_like=True, tag="admit"):
    """Have PJSIP see a request that RequestArrived told of; an INVITE becomes CallReceived."""

    number: int
    account: str = ""
    """Whose settings its call has; empty: as its source says."""
    caller: str | None = None
    """The user who has proved himself, told again in CallReceived."""
    pinned: str = ""
    """Where requests of the dialog go, whatever Contact says: `sip:ADDRESS:PORT;transport=…`."""


class DropRequest(msgspec.Struct, array_like=True, tag="drop"):
    """Forget a request that RequestArrived told of: there is no answer."""

    number: int


class KeepConnections(msgspec.Struct, array_like=True, tag="keep"):
    """Phones have registered over the connections from these addresses and ports, which stay open; others need not."""

    places: list[tuple[str, int]]


class TurnAway(msgspec.Struct, array_like=True, tag="turn-away"):
    """Hear nothing from an address for so many seconds."""

    host: str
    seconds: float


class Shutdown(msgspec.Struct, array_like=True, tag="shutdown"):
    """End every call and registration as far as that goes in a second, and exit."""


Command = (
    MakeCall
    | Respond
    | EndCall
    | SetHold
    | SendInfo
    | Ask
    | TellReady
    | AnswerOffer
    | AnswerRefer
    | TellTransfer
    | SetSources
    | Ping
    | Register
    | Unregister
    | TellMessages
    | Leave
    | AnswerRequest
    | AdmitRequest
    | DropRequest
    | KeepConnections
    | TurnAway
    | Shutdown
)


# --- to the signalling process


class Started(msgspec.Struct, array_like=True, tag="started"):
    """The engine is up; first event."""

    version: str
    """Of PJSIP."""
    limit: int
    """Calls at once that the installed build allows (PJSUA_MAX_CALLS)."""
    openssl: str = ""
    """What speaks TLS, where that is spoken."""


class Failed(msgspec.Struct, array_like=True, tag="failed"):
    """The process cannot start or go on; one line for the operator. It exits with status 1."""

    reason: str


class CallReceived(msgspec.Struct, array_like=True, tag="received"):
    """A call comes in; 100 Trying is on its way already. CallEnded comes once."""

    call: int
    message: bytes
    """The INVITE."""
    source: tuple[str, int]
    """Address and port that it came from."""
    port: int
    """Where the process receives the speech of the call from the media process."""
    transport: TransportName = "udp"
    """What the INVITE came over."""
    connection: int = 0
    """The connection over TLS that it came on."""
    direct: bool = False
    """RTP passes PJSIP by."""
    admitted: bool = False
    """AdmitRequest has had it through."""
    caller: str | None = None
    """As AdmitRequest said."""


class RequestArrived(msgspec.Struct, array_like=True, tag="request"):
    """A request outside a dialog that needs a decision; AnswerRequest, AdmitRequest or DropRequest is to follow."""

    number: int
    message: bytes
    source: tuple[str, int]
    transport: TransportName = "udp"
    connection: int = 0
    """The connection over TLS that it came on."""


class TagChosen(msgspec.Struct, array_like=True, tag="tag"):
    """A response to the INVITE of a call that came in was sent, the first one with a tag in To."""

    call: int
    value: str


class PeerProved(msgspec.Struct, array_like=True, tag="proved"):
    """Somebody has connected to us over TLS, or has gone again."""

    connection: int
    names: tuple[str, ...] | None
    """SIP domains in the certificate that was shown and verified; None: the connection is closed."""


class CertificatesRead(msgspec.Struct, array_like=True, tag="certificates"):
    """The files of certificates have changed and are in use, or are wrong, and the old ones stay so."""

    wrong: str
    """What is wrong; empty: nothing."""


class ResponseReceived(msgspec.Struct, array_like=True, tag="response"):
    """A response to our INVITE below 300; challenges are answered by the process itself."""

    call: int
    message: bytes
    speech: Speech | None
    """What is agreed, None as long as nothing is."""


class CallConfirmed(msgspec.Struct, array_like=True, tag="confirmed"):
    """The ACK to our 200 came."""

    call: int
    speech: Speech | None
    message: bytes = b""
    """The ACK."""


class SpeechChanged(msgspec.Struct, array_like=True, tag="speech"):
    """What is agreed in an answered call changed: the peer holds it or no longer, or another codec."""

    call: int
    speech: Speech


class HoldFailed(msgspec.Struct, array_like=True, tag="hold-failed"):
    """The peer refused SetHold; what was agreed before holds."""

    call: int
    status: int


class InfoArrived(msgspec.Struct, array_like=True, tag="info-in"):
    """INFO came in a call and was answered."""

    call: int
    message: bytes


class InfoAnswered(msgspec.Struct, array_like=True, tag="told"):
    """How SendInfo before the answer ended; status 408 is no answer."""

    call: int
    status: int


class UpdateArrived(msgspec.Struct, array_like=True, tag="update-in"):
    """The peer describes its session again before the answer; it is answered."""

    call: int
    message: bytes
    speech: Speech | None


class UpdateAnswered(msgspec.Struct, array_like=True, tag="updated"):
    """How TellReady ended; without a message there was no answer."""

    call: int
    status: int
    message: bytes


class OfferArrived(msgspec.Struct, array_like=True, tag="offer-in"):
    """The peer describes its session, where RTP passes PJSIP by: AnswerOffer is waited for.

    In re-INVITE, UPDATE or PRACK; or in the answer to an INVITE of ours that had no description.
    """

    call: int
    message: bytes


class AnswerArrived(msgspec.Struct, array_like=True, tag="answered-in"):
    """PRACK brought the answer to the offer in our response, where RTP passes PJSIP by."""

    call: int
    message: bytes


class OfferAnswered(msgspec.Struct, array_like=True, tag="offered"):
    """The peer took SetHold, where RTP passes PJSIP by."""

    call: int
    message: bytes


class ReferArrived(msgspec.Struct, array_like=True, tag="refer-in"):
    """The peer wants an answered call transferred; it waits for AnswerRefer."""

    call: int
    message: bytes


class AskAnswered(msgspec.Struct, array_like=True, tag="asked"):
    """How Ask ended; status 408 is no answer."""

    call: int
    status: int


class StreamMeasured(msgspec.Struct, array_like=True, tag="measured"):
    """What the RTP between PJSIP and the peer was like since the call began: once a second, and at its end."""

    call: int
    packets_sent: int = 0
    packets_received: int = 0
    octets_received: int = 0
    packets_lost: int = 0
    packets_late: int = 0
    """Came too late, or twice."""
    remote_lost: int = 0
    """Packets of ours that the peer missed, by its RTCP."""
    jitter_ms: float = 0.0
    remote_jitter_ms: float = 0.0
    round_trip_ms: float = 0.0
    """By RTCP; 0 where the peer sent no report."""
    waiting_ms: float = 0.0
    """Speech in PJSIP's jitter buffer, on average."""
    final: bool = False
    """The call is being ended, and nothing is measured any more; said even where nothing was."""


class CallEnded(msgspec.Struct, array_like=True, tag="ended"):
    """A call is over; nothing more comes of it."""

    call: int
    status: int
    """Final status, of the peer or of the engine itself (408 no answer, 503 not reachable, 500 within the engine)."""
    reason: str
    message: bytes
    """The message of the peer that ended it: a final response, BYE or CANCEL; empty where there was none."""


class CallRefused(msgspec.Struct, array_like=True, tag="refused"):
    """An incoming call got 503 as there were as many calls as the build allows, one spared for this answer."""

    source: str


class MessageSeen(msgspec.Struct, array_like=True, tag="message"):
    """A message was sent or received, in the order in which it happened."""

    message: bytes
    transport: TransportName
    own: tuple[str, int]
    """Where we listen for that transport."""
    peer: tuple[str, int]
    sent: bool


class Trouble(msgspec.Struct, array_like=True, tag="trouble"):
    """Something for the operator that has to do with no call."""

    text: str


class PingAnswered(msgspec.Struct, array_like=True, tag="pinged"):
    """How Ping ended; status 0 is no answer."""

    number: int
    status: int


class RegistrationAnswered(msgspec.Struct, array_like=True, tag="registered"):
    """A registration is in another state."""

    number: int
    status: int
    reason: str
    seconds: int
    """What the provider grants, 0 where nothing is registered."""


Event = (
    Started
    | Failed
    | CallReceived
    | RequestArrived
    | TagChosen
    | PeerProved
    | CertificatesRead
    | MessageSeen
    | Trouble
    | ResponseReceived
    | CallConfirmed
    | SpeechChanged
    | HoldFailed
    | InfoArrived
    | InfoAnswered
    | UpdateArrived
    | UpdateAnswered
    | OfferArrived
    | AnswerArrived
    | OfferAnswered
    | ReferArrived
    | AskAnswered
    | StreamMeasured
    | CallEnded
    | CallRefused
    | PingAnswered
    | RegistrationAnswered
)
