"""The media of a SIP half-call: offers and answers, and what the media process is told of them (RFC 3264)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Final

from msgspec import Raw, Struct, field
from msgspec.structs import replace

from tandem.core.errors import DecodeError
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import Alerting, Information, Progress, Setup
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.media.packing import PACKET_TIMES
from tandem.gateway.media.protocol import CloseRtp, Detect, OpenRtp, RtpEndpoint, SrtpKeys, UpdateRtp
from tandem.gateway.sip import sdp
from tandem.gateway.sip.crypto import KEY_LENGTH, SUITES, Crypto
from tandem.gateway.sip.endpoint import Endpoint
from tandem.gateway.sip.message import Response
from tandem.gateway.sip.preconditions import Preconditions, Stated
from tandem.gateway.sip.primitives import InviteRequest
from tandem.gateway.sip.standing import Standing
from tandem.gateway.trunks.sip_direct import has_own_media


class Verdict(Enum):
    """What becomes of an offer of the peer."""

    AGREED = auto()
    MALFORMED = auto()
    """400."""
    NOTHING_IN_COMMON = auto()
    """488."""
    UNMEETABLE = auto()
    """580: a mandatory precondition cannot be met (RFC 3312 8)."""


class Place(Struct, frozen=True):
    """Somewhere that a call can go."""

    destination: Endpoint
    uri: str = ""
    """Request-URI; empty: the called number at the peer."""
    quality: float | None = None
    """q of a contact: places of one q are rung at once. None: by itself."""


class Failure(Struct, frozen=True):
    """How one INVITE of a call ended."""

    status: int | None = None
    """Final response; None when none came."""
    response: Response | None = None


#: What may be agreed, by `srtp` of a trunk.
_PROFILES: Final = {"off": (sdp.PLAIN,), "offered": (sdp.SECURE, sdp.PLAIN), "required": (sdp.SECURE,)}
#: Final responses to an offer that cannot be agreed to.
STATUSES: Final = {Verdict.MALFORMED: 400, Verdict.NOTHING_IN_COMMON: 488, Verdict.UNMEETABLE: 580}


class Session(Struct, eq=False):
    """The media of one SIP half-call."""

    half: HalfCall
    trunk: SipTrunk
    leg: int
    port: int
    laws: Sequence[str]
    """What may be agreed, most wanted first."""
    address: str = ""
    """Where we receive RTP, as our descriptions say it."""
    description: sdp.MediaDescription | None = None
    """What was agreed, None before there is an answer."""
    sends: bool = False
    """RTP goes to the peer."""
    early: dict[str, sdp.MediaDescription] = field(default_factory=dict)
    """What each early dialog of a forked call answered, by To tag."""
    local: bytes = b""
    """Our SDP, once made."""
    origin: str = ""
    """o= of the peer's last description."""
    version: int = 0
    """Of our SDP; grows with each that is sent (RFC 3264 8)."""
    offering: bool = False
    """We made the offer and wait for the answer."""
    answered: bool = False
    """2xx was sent or received."""
    holding: bool = False
    """Our side of the call holds the peer."""
    held: bool = False
    """The peer holds us."""
    crypto: Crypto | None = None
    """The key that we send with, where we offer or have agreed to SRTP."""
    places: list[Place] = field(default_factory=list)
    """Where else the call may go when it fails where it is."""
    open: bool = True
    """The RTP leg is open."""
    detecting: bool = False
    """DTMF is looked for in what the peer says."""
    complete: bool = False
    """ACM or CON has gone to the caller, where the trunk carries ISUP."""
    wants_early_authorization: bool = False
    """The caller knows P-Early-Media (RFC 5009)."""
    given_up: bool = False
    """Our side has ended the call: nobody else is called for it."""
    branches: dict[int, InviteRequest] = field(default_factory=dict)
    """INVITEs to other contacts that ring at the same time, by call of the agent."""
    failures: list[Failure] = field(default_factory=list)
    """How those have ended that failed."""
    request: InviteRequest | None = None
    """Our INVITE, to be sent elsewhere when it is redirected."""
    targets: list[str] = field(default_factory=list)
    """Where else a redirection named."""
    tried: set[str] = field(default_factory=set)
    redirections: int = 0
    offered: Setup | None = None
    """The call with the digits so far, where more may follow (RFC 3578); None where they may not."""
    uri_port: int | None = None
    """Port in the Request-URI of our INVITE."""
    settled: bool = False
    """The peer has taken one of our INVITEs: no more digits are sent."""
    refused: bool = False
    """Our last INVITE got 484: more digits are waited for, and no INVITE is out."""
    caller: tuple[str, str] | None = None
    """Call-ID and From tag of the peer's INVITEs."""
    conditional: bool = False
    """Both sides know preconditions (RFC 3312), as far as we can tell."""
    preconditions: Preconditions | None = None
    """What they have said of them; None where there are none."""
    refusal: bytes = b""
    """What of the peer's offer could not be met, for the 580."""
    suspended: bool = False
    """The peer's preconditions are not met: nobody is alerted."""
    unconfirmed: bool = False
    """Our part has become ready since the INVITE: each early dialog is to be told so."""
    told: dict[str, bool] = field(default_factory=dict)
    """Early dialogs that were told, by To tag, and whether they took it."""
    confirming: bool = False
    """The UPDATE that says so is on its way."""
    untold: Information | None = None
    """Further digits that wait for the INFO before them, or for a dialog."""
    telling: bool = False
    """An INFO with digits is on its way."""
    said: Alerting | Progress | None = None
    """What the peer was told last, for a further INVITE of it."""
    farewell: tuple[Standing, Raw] | None = None
    """What stood at the peer when a record asked last, and that as JSON."""


class Sessions:
    """Makes sessions, and speaks to the media process for them."""

    def __init__(self, control: CallControl, address: str, token: Callable[[], str], address_v6: str = "") -> None:
        """`address` is where RTP is received, as SDP says it, and `address_v6` over IPv6 where that is another one.

        `token` gives unguessable strings.
        """
        self._token = token
        self.ports: deque[int] = deque()
        """RTP ports that no leg uses."""
        self._control = control
        self._addresses = {":" in one: one for one in (address, address_v6) if one}
        """By whether they are of IPv6."""
        self._legs = 0

    def open(self, trunk: SipTrunk, half: HalfCall, laws: Sequence[str], peer: str = "") -> Session | None:
        """A new leg for `half`, not known to the media process yet; None when no port is free.

        `peer` is the address that signalling goes to: what we offer is of the same version of IP, where we have it.
        With the peers of PJSIP it is PJSIP that speaks, and we speak with it over one version.
        """
        if not self.ports:
            return None
        self._legs += 1
        half.endpoint = RtpEndpoint(self._legs)
        half.leg.protocol = "sip"
        crypto = None if trunk.srtp == "off" else Crypto(1, SUITES[0], self._key())
        six = ":" in peer and has_own_media(trunk)
        address = self._addresses.get(six) or next(iter(self._addresses.values()))
        return Session(half, trunk, self._legs, self.ports.popleft(), laws, address, crypto=crypto)

    def _key(self) -> bytes:
        """Master key and salt of 240 bits from as much chance as four tokens have, 256 bits."""
        chance = "".join(self._token() for _ in range(4)).encode()
        return hashlib.blake2b(chance, digest_size=KEY_LENGTH).digest()

    def start(self, session: Session) -> None:
        """Have the media process receive, with the first of the laws until there is an answer."""
        law = session.laws[0]
        payload_type = sdp.PAYLOAD_TYPES.get(law, sdp.CLEAR_PAYLOAD_TYPE)
        silence = session.trunk.silence_seconds
        self._control.media_commands.append(
            OpenRtp(
                session.leg,
                session.port,
                _octets(law),
                payload_type,
                silence_seconds=silence,
                secure=session.crypto is not None,
            )
        )

    def close(self, session: Session) -> None:
        """Have the leg closed; its port is free again."""
        if session.open:
            session.open = False
            self._control.media_commands.append(CloseRtp(session.leg))
            self.ports.append(session.port)

    # --- offers and answers

    def offer(self, session: Session) -> bytes:
        """An offer of ours, with sendonly while our side holds the peer (RFC 3264 8.4)."""
        session.version += 1
        session.offering = True
        direction = "sendrecv"
        if session.holding:
            direction = "inactive" if session.held else "sendonly"
        elif session.held:
            direction = "recvonly"
        session.local = sdp.build_offer(
            session.address,
            session.port,
            session.leg,
            session.laws,
            self._takes_events(session),
            version=session.version,
            direction=direction,
            crypto=session.crypto,
            ptime=session.trunk.ptime,
            comfort_noise=session.trunk.silence_suppression,
            further=session.preconditions.lines() if session.preconditions is not None else "",
        )
        return session.local

    def take_offer(self, session: Session, body: bytes) -> Verdict:
        """Agree to an offer of the peer; our answer is then `session.local`.

        An offer whose o= line is that of the last one changes nothing, and gets the same answer again (RFC 4028 7.4).
        """
        try:
            offer = sdp.parse(body)
            answer = sdp.choose(offer, session.laws, *self._agreeable(session))
            table = self._told(session, offer, answer) if session.conditional else None
        except DecodeError:
            return Verdict.MALFORMED
        if answer is None or not self._reaches(answer):
            return Verdict.NOTHING_IN_COMMON
        if table is not None and table.impossible:
            lines = table.failure_lines()
            session.refusal = sdp.build_refusal(offer, answer.index, session.address, session.leg, lines)
            return Verdict.UNMEETABLE
        same = offer.origin == session.origin and answer == session.description and table == session.preconditions
        if same and session.local and not session.holding:
            return Verdict.AGREED
        session.origin, session.preconditions = offer.origin, table
        if not answer.is_unspecified:
            session.address = self._addresses[":" in answer.address]
        self.agree(session, answer)
        if session.holding:
            answer = replace(answer, direction="sendonly" if answer.we_send else "inactive")
        session.version += 1
        session.local = sdp.build_answer(
            offer,
            answer,
            session.address,
            session.port,
            session.leg,
            version=session.version,
            crypto=session.crypto,
            ptime=packet_time(session.trunk, answer),
            further=table.lines() if table is not None else "",
        )
        return Verdict.AGREED

    @staticmethod
    def _told(
        session: Session, description: sdp.SessionDescription, chosen: sdp.MediaDescription | None
    ) -> Preconditions | None:
        """What is known of preconditions after a description of the peer; DecodeError when they are malformed."""
        stated = None if chosen is None else Stated.parse(description.media[chosen.index].preconditions)
        if stated is None:
            return None
        table = (session.preconditions or Preconditions()).told(stated)
        return table.settled() if session.answered else table

    def read_answer(self, session: Session, body: bytes) -> sdp.MediaDescription | None:
        """What an answer to our offer means; None when it is none or nothing in it can be used."""
        if not body:
            return None
        try:
            parsed = sdp.parse(body)
            answer = sdp.choose(parsed, session.laws, *self._agreeable(session))
            table = self._told(session, parsed, answer) if session.conditional else None
        except DecodeError:
            return None
        session.origin = parsed.origin
        if answer is None or not self._reaches(answer):
            return None
        session.preconditions = table
        return answer

    def _reaches(self, description: sdp.MediaDescription) -> bool:
        """Whether we have the version of IP that a description is for."""
        return description.is_unspecified or (":" in description.address) in self._addresses

    def take_answer(self, session: Session, body: bytes) -> bool:
        """Take the answer to our offer; whether there was a usable one."""
        answer = self.read_answer(session, body)
        if answer is None:
            return False
        session.offering = False
        self.agree(session, answer)
        return True

    def agree(self, session: Session, description: sdp.MediaDescription) -> None:
        """Tell the media process what was agreed, when it changed.

        Nothing is sent while the call is suspended for preconditions (RFC 3312 6).
        """
        table = session.preconditions
        sends = description.we_send and (table is None or not table.missing)
        if description == session.description and sends == session.sends:
            return
        session.description, session.sends = description, sends
        theirs = description.crypto
        if theirs is None:
            session.crypto = None
        elif session.crypto is None or (session.crypto.tag, session.crypto.suite) != (theirs.tag, theirs.suite):
            key = self._key() if session.crypto is None else session.crypto.key
            session.crypto = Crypto(theirs.tag, theirs.suite, key)
        keys = None
        if theirs is not None and session.crypto is not None:
            keys = SrtpKeys(theirs.suite, session.crypto.key, theirs.key)
        session.half.clear_channel = description.law == sdp.CLEAR
        dtmf = session.trunk.dtmf
        needed = description.event_payload_type is None and session.trunk.digits == "events"
        detecting = description.law != sdp.CLEAR and (dtmf == "inband" or (dtmf == "auto" and needed))
        self._control.media_commands.append(
            UpdateRtp(
                session.leg,
                _octets(description.law),
                description.payload_type,
                (description.address, description.port),
                description.event_payload_type,
                send=sends,
                keys=keys,
                packet_time=packet_time(session.trunk, description),
                comfort_noise=description.comfort_noise,
                rtcp_port=description.rtcp_port,
                rtcp_mux=description.rtcp_mux,
            )
        )
        if detecting != session.detecting:
            session.detecting = detecting
            self._control.media_commands.append(Detect(RtpEndpoint(session.leg), on=detecting))

    def _agreeable(self, session: Session) -> tuple[bool, tuple[str, ...], bool]:
        """Whether telephone-events, which profiles and whether comfort noise may be agreed."""
        return self._takes_events(session), _PROFILES[session.trunk.srtp], session.trunk.silence_suppression

    @staticmethod
    def _takes_events(session: Session) -> bool:
        return session.trunk.telephone_event and sdp.CLEAR not in session.laws[:1]


def packet_time(trunk: SipTrunk, description: sdp.MediaDescription) -> int:
    """Milliseconds of speech in a packet: what the peer would like, as far as we can, else what the trunk says."""
    wanted = trunk.ptime if description.ptime is None else description.ptime
    if wanted in PACKET_TIMES:
        return wanted
    return PACKET_TIMES[max(bisect_right(PACKET_TIMES, wanted) - 1, 0)]


def _octets(law: str) -> str:
    """The law of a leg for the media process: octets of CLEARMODE are not looked into, so any will do."""
    return "A" if law == sdp.CLEAR else law
