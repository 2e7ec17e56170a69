"""SIP trunks: dialogs as half-calls, and their RTP legs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tandem.core.cause import Cause, Location
from tandem.core.errors import DecodeError, EncodeError
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import Alerting, Answer, Primitive, Progress, Release, Setup
from tandem.gateway.configuration.ranges import parse_address
from tandem.gateway.configuration.schema import Configuration, SipTrunk
from tandem.gateway.log import Line
from tandem.gateway.media.protocol import CloseRtp, OpenRtp, RtpEndpoint, UpdateRtp
from tandem.gateway.sip import sdp
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration, SipTimers
from tandem.gateway.sip.fields import sip_uri
from tandem.gateway.sip.primitives import (
    Answered,
    CallOutput,
    Cancelled,
    Closed,
    Confirmed,
    Credentials,
    Ended,
    Failed,
    IncomingInvite,
    InviteRequest,
    OptionsResult,
    Provisional,
    ReInvite,
    ReInviteConfirmed,
    Rejected,
    SendDatagram,
)
from tandem.gateway.trunks import sip_mapping as mapping

_LAWS = {"PCMA": "A", "PCMU": "u"}


@dataclass(slots=True)
class Session:
    """The media of one SIP half-call."""

    half: HalfCall
    trunk: SipTrunkPort
    leg: int
    port: int
    description: sdp.MediaDescription | None = None
    """What was agreed, None before there is an answer."""
    local: bytes = b""
    """Our SDP, once made."""
    version: int = 0
    """Of our SDP; grows with each that is sent (RFC 3264 8)."""
    offering: bool = False
    """We made the offer and wait for the answer."""
    answered: bool = False
    """2xx was sent or received."""
    open: bool = True
    """The RTP leg is open."""


class SipTrunkPort:
    """One SIP peer as a trunk of call control."""

    is_circuit = False

    def __init__(self, trunk: SipTrunk, owner: SipTrunks) -> None:
        """Take the peer's address and codecs from `trunk`."""
        self.configuration = trunk
        self.name = trunk.name
        self.peer = parse_address(trunk.peer, 5060)
        self.sources = {parse_address(source, 0)[0] for source in trunk.accept_from} | {self.peer[0]}
        self.laws = tuple(_LAWS[codec] for codec in trunk.codecs)
        self.calls = 0
        self._owner = owner

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Send INVITE with our SDP offer."""
        return self._owner.offer(self, half, setup, now)

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Send 180, 183 or 200."""
        self._owner.send(half, primitive, now)

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """Refuse, cancel or end the call."""
        self._owner.release(half, release, now)

    @property
    def full(self) -> bool:
        """Whether `max_calls` is reached."""
        return bool(self.configuration.max_calls) and self.calls >= self.configuration.max_calls


class SipTrunks:
    """The SIP agent of a gateway and its peers as trunks."""

    def __init__(
        self,
        configuration: Configuration,
        control: CallControl,
        causes: CauseMap,
        token: Callable[[], str],
        log: Callable[[Line], None],
        trace: Callable[[Line], None] | None,
    ) -> None:
        """`token` gives unguessable strings; `trace` takes one line per message when messages are to be logged."""
        sip = configuration.sip
        self.address = parse_address(sip.listen) if sip else ("127.0.0.1", 0)
        self.datagrams: list[tuple[bytes, tuple[str, int]]] = []
        self.ports: deque[int] = deque()
        """RTP ports that no leg uses."""
        self.refused = 0
        """INVITEs from sources that belong to no trunk."""
        self._control = control
        self._token = token
        self._causes = causes
        self._log = log
        self._trace = trace
        self._country_code = configuration.node.country_code
        self._media_address = configuration.media.address
        self._domain = (sip.domain if sip else "") or self.address[0]
        self._sessions: dict[int, Session] = {}
        self._legs = 0
        self.trunks = {
            trunk.name: SipTrunkPort(trunk, self) for trunk in configuration.trunk if isinstance(trunk, SipTrunk)
        }
        self.agent = SipAgent(
            AgentConfiguration(
                host=self.address[0],
                port=self.address[1],
                user_agent=f"Tandem {configuration.node.name}".strip(),
                timers=SipTimers(t1=(sip.t1_ms if sip else 500) / 1000),
            ),
            token,
        )

    # --- inputs

    def receive(self, data: bytes, source: tuple[str, int], now: float) -> None:
        """A datagram came in."""
        if self._trace is not None:
            self._trace(_message_line("<", data, source))
        self.agent.receive(data, source, now)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self.agent.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        self.agent.handle_timers(now)

    @property
    def quiet(self) -> bool:
        """No call is left."""
        return not self._sessions

    def settle(self, now: float) -> bool:
        """Act on what the agent says; True when it said anything."""
        moved = False
        while outputs := self.agent.outputs():
            moved = True
            for output in outputs:
                if isinstance(output, SendDatagram):
                    if self._trace is not None:
                        self._trace(_message_line(">", output.data, output.destination))
                    self.datagrams.append((output.data, output.destination))
                elif isinstance(output, IncomingInvite):
                    self._incoming(output, now)
                elif not isinstance(output, OptionsResult):
                    self._handle(output, now)
        return moved

    # --- outgoing calls

    def offer(self, port: SipTrunkPort, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Begin a call to the peer of `port`."""
        onward = setup.next_hop()
        if onward is None:
            return Release(Cause.EXCHANGE_ROUTING_ERROR, diagnostic="the hop counter is used up")
        setup = onward
        if port.full:
            return Release(Cause.SWITCHING_EQUIPMENT_CONGESTION, diagnostic=f"{port.name}: max_calls reached")
        session = self._open(port, half)
        if session is None:
            return Release(Cause.RESOURCES_UNAVAILABLE_UNSPECIFIED, diagnostic="no RTP port is free: see media.ports")
        self._control.media_commands.append(
            OpenRtp(session.leg, session.port, port.laws[0], sdp.PAYLOAD_TYPES[port.laws[0]])
        )
        session.local = self._our_offer(session)
        session.offering = True
        trunk = port.configuration
        host = trunk.domain or port.peer[0]
        from_uri, display, headers = mapping.identity_headers(setup, self._domain, self._country_code)
        user = mapping.user_part(setup.called, self._country_code)
        uri_port = port.peer[1] if not trunk.domain and port.peer[1] != 5060 else None
        call_id = f"{self._token()}@{self._domain}"
        request = InviteRequest(
            call_id=call_id,
            uri=sip_uri(user, host, uri_port, "user=phone"),
            from_uri=from_uri,
            to_uri=sip_uri(user, host, None, "user=phone"),
            destination=port.peer,
            body=session.local,
            from_display=display,
            headers=headers,
            credentials=Credentials(trunk.user, trunk.password) if trunk.user else None,
            max_forwards=mapping.max_forwards(setup, trunk.hop_factor),
        )
        try:
            call = self.agent.invite(request, now)
        except EncodeError as error:
            self._close_media(session)
            return Release(Cause.INVALID_NUMBER_FORMAT, diagnostic=f"INVITE cannot be built: {error}")
        self._adopt(session, call, call_id)
        self._control.leg_opened(half, session.leg)
        return None

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the caller of progress, alerting or answer."""
        session = self._sessions.get(half.handle)
        if session is None or session.answered:
            return
        agent = self.agent
        match primitive:
            case Alerting(inband=inband) | Progress(inband=inband):
                status = 180 if isinstance(primitive, Alerting) else 183
                early = inband and session.trunk.configuration.early_media and session.description is not None
                half.hears_early = half.hears_early or early
                agent.respond(half.handle, status, body=session.local if early else None, now=now)
            case Answer():
                session.answered = True
                if session.description is None:
                    session.local, session.offering = self._our_offer(session), True
                agent.respond(half.handle, 200, body=session.local, now=now)

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """End the call in whatever state it is, with the status or Reason of the cause."""
        session = self._sessions.get(half.handle)
        if session is None:
            return
        status = self._causes.status(int(release.cause), int(release.location))
        self.agent.end(half.handle, status, (mapping.reason_header(release),), now)
        self._close_media(session)

    # --- what the agent says

    def _incoming(self, output: IncomingInvite, now: float) -> None:
        call, request, source = output.call, output.request, output.source
        port = self._trunk_of(source)
        if port is None:
            self.refused += 1
            self._log(Line("warning", "!", f"sip {source[0]}:{source[1]}", "INVITE refused: no trunk has this source"))
            self.agent.respond(call, 403, now=now)
            return
        setup = mapping.setup_of(request, port.configuration.hop_factor)
        if setup is None:
            self.agent.respond(call, 404, "Not a telephone number", now=now)
            return
        try:
            offer = sdp.parse(output.body) if output.body else None
            answer = None if offer is None else sdp.choose(offer, port.laws, port.configuration.telephone_event)
        except DecodeError as error:
            self.agent.respond(call, 400, f"SDP: {error.message}"[:80], now=now)
            return
        if offer is not None and answer is None:
            self.agent.respond(call, 488, now=now)
            return
        half = HalfCall(port, incoming=True)
        session = None if port.full else self._open(port, half)
        if session is None:
            what = "max_calls reached" if port.full else "no RTP port is free: see media.ports"
            self._log(Line("warning", "!", f"trunk {port.name}", f"call refused: {what}"))
            self.agent.respond(call, 503, headers=(("Retry-After", "5"),), now=now)
            return
        law = port.laws[0] if answer is None else answer.law
        payload_type = sdp.PAYLOAD_TYPES[law] if answer is None else answer.payload_type
        self._control.media_commands.append(OpenRtp(session.leg, session.port, law, payload_type))
        if offer is not None and answer is not None:
            self._agree(session, answer)
            session.local = self._our_answer(session, offer, answer)
        self._adopt(session, call, request.call_id)
        self._control.setup(half, setup, now, session.leg)

    def _handle(self, output: CallOutput, now: float) -> None:
        session = self._sessions.get(output.call)
        if session is None:
            return
        half, control = session.half, self._control
        match output:
            case Provisional(status=status) if status > 100:
                # Early media once begun goes on, whatever later responses carry (RFC 3960 3.2): 180 after 183 too.
                heard = self._their_answer(session, output.body) or session.description is not None
                if status == 180:
                    control.event(half, Alerting(inband=heard), now)
                else:
                    control.event(half, Progress(inband=heard and status == 183), now)
            case Answered():
                session.answered = True
                agreed = self._their_answer(session, output.body) or session.description is not None
                if agreed:
                    control.event(half, Answer(), now)
                else:
                    reason = Release(Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED, Location.BEYOND_INTERWORKING, "no codec")
                    self.release(half, reason, now)
                    control.event(half, reason, now)
            case Confirmed(message=message):
                if session.offering and not self._their_answer(session, message.body):
                    reason = Release(Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED, Location.BEYOND_INTERWORKING, "no codec")
                    self.release(half, reason, now)
                    control.event(half, reason, now)
            case Rejected(status=status, message=response):
                self._end(session, mapping.release_of_rejection(status, response, self._causes), now)
            case Cancelled(message=message) | Ended(message=message):
                self._end(session, mapping.release_of_request(message), now)
            case Failed(what=what):
                cause = Cause.RECOVERY_ON_TIMER_EXPIRY if what in ("timeout", "no ACK") else Cause.TEMPORARY_FAILURE
                self._end(session, Release(cause, Location.BEYOND_INTERWORKING, f"SIP: {what}"), now)
            case ReInvite():
                self._reinvite(session, output, now)
            case ReInviteConfirmed(message=message):
                if session.offering:
                    self._their_answer(session, message.body)
            case Closed():
                self._close_media(session)
                del self._sessions[output.call]
                session.trunk.calls -= 1
                control.cleared(half, now)

    def _end(self, session: Session, release: Release, now: float) -> None:
        self._close_media(session)
        self._control.event(session.half, release, now)

    def _reinvite(self, session: Session, output: ReInvite, now: float) -> None:
        """Hold, resume, another address or codec: agree to what we can do, keep the session otherwise."""
        trunk = session.trunk
        if not output.body:
            session.local, session.offering = self._our_offer(session), True
            self.agent.answer_reinvite(output.call, 200, body=session.local, now=now)
            return
        try:
            offer = sdp.parse(output.body)
            answer = sdp.choose(offer, trunk.laws, trunk.configuration.telephone_event)
        except DecodeError:
            self.agent.answer_reinvite(output.call, 400, now=now)
            return
        if answer is None:
            self.agent.answer_reinvite(output.call, 488, now=now)
            return
        self._agree(session, answer)
        session.local = self._our_answer(session, offer, answer)
        self.agent.answer_reinvite(output.call, 200, body=session.local, now=now)

    # --- sessions

    def _trunk_of(self, source: tuple[str, int]) -> SipTrunkPort | None:
        """The trunk whose peer is `source`, else one that accepts from its address."""
        by_address = None
        for port in self.trunks.values():
            if port.peer == source:
                return port
            if by_address is None and source[0] in port.sources:
                by_address = port
        return by_address

    def _open(self, port: SipTrunkPort, half: HalfCall) -> Session | None:
        if not self.ports:
            return None
        self._legs += 1
        half.endpoint = RtpEndpoint(self._legs)
        half.leg.protocol = "sip"
        return Session(half, port, self._legs, self.ports.popleft())

    def _adopt(self, session: Session, call: int, call_id: str) -> None:
        session.half.handle = call
        session.half.reference = call_id
        session.trunk.calls += 1
        self._sessions[call] = session

    def _our_offer(self, session: Session) -> bytes:
        trunk = session.trunk
        session.version += 1
        return sdp.build_offer(
            self._media_address,
            session.port,
            session.leg,
            trunk.laws,
            trunk.configuration.telephone_event,
            version=session.version,
        )

    def _our_answer(self, session: Session, offer: sdp.SessionDescription, chosen: sdp.MediaDescription) -> bytes:
        session.version += 1
        return sdp.build_answer(offer, chosen, self._media_address, session.port, session.leg, version=session.version)

    def _their_answer(self, session: Session, body: bytes) -> bool:
        """Take the SDP answer to our offer; whether there was a usable one."""
        if not body:
            return False
        trunk = session.trunk
        try:
            answer = sdp.choose(sdp.parse(body), trunk.laws, trunk.configuration.telephone_event)
        except DecodeError:
            return False
        if answer is None:
            return False
        session.offering = False
        self._agree(session, answer)
        return True

    def _agree(self, session: Session, description: sdp.MediaDescription) -> None:
        """Tell the media process what was agreed, when it changed."""
        if description == session.description:
            return
        session.description = description
        self._control.media_commands.append(
            UpdateRtp(
                session.leg,
                description.law,
                description.payload_type,
                (description.address, description.port),
                description.event_payload_type,
                send=description.we_send,
            )
        )

    def _close_media(self, session: Session) -> None:
        if session.open:
            session.open = False
            self._control.media_commands.append(CloseRtp(session.leg))
            self.ports.append(session.port)


def _message_line(shape: str, data: bytes, peer: tuple[str, int]) -> Line:
    """One message as a line of the log: its start line and Call-ID."""
    head = data[:4096].decode("utf-8", "replace")
    first = head.partition("\r\n")[0]
    call_id = next((line[8:].strip() for line in head.split("\r\n") if line[:8].lower() == "call-id:"), "")
    return Line("debug", shape, f"sip {peer[0]}:{peer[1]}", f"{first} [{call_id}]")  # type: ignore[arg-type]
