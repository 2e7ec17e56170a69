"""SIP trunks: dialogs as half-calls, and their RTP legs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from tandem.core.cause import Cause, Location
from tandem.core.errors import EncodeError
from tandem.core.timers import earliest
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    Dtmf,
    Hold,
    Primitive,
    Progress,
    Release,
    Resume,
    Retrieve,
    Setup,
    Suspend,
    Transparent,
)
from tandem.gateway.configuration.check_sip import listeners
from tandem.gateway.configuration.ranges import parse_endpoint, split_host
from tandem.gateway.configuration.schema import Configuration, Sip, SipTrunk
from tandem.gateway.log import Line
from tandem.gateway.sip import location, sdp
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration, SipTimers
from tandem.gateway.sip.connections import (
    CloseConnection,
    ConnectionLost,
    Connections,
    MessageReceived,
    OpenConnection,
    SendFailed,
    StreamLimits,
    Write,
)
from tandem.gateway.sip.dialog import destination_of
from tandem.gateway.sip.endpoint import DEFAULT_PORTS, Endpoint, Listener, endpoint_of, show, transport_of
from tandem.gateway.sip.fields import parse_uri, sip_uri
from tandem.gateway.sip.limits import CallRate
from tandem.gateway.sip.location import Server
from tandem.gateway.sip.message import Message as SipMessage
from tandem.gateway.sip.message import Response, retry_after
from tandem.gateway.sip.multipart import Part
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.peers import Peers
from tandem.gateway.sip.primitives import (
    AliasOffered,
    Answered,
    CallOutput,
    Cancelled,
    Closed,
    Confirmed,
    Credentials,
    Ended,
    Failed,
    IncomingInvite,
    InfoReceived,
    InviteRequest,
    OptionsResult,
    ProbeResult,
    Provisional,
    ProvisionalConfirmed,
    Refer,
    Refreshed,
    RegistrationChanged,
    ReInvite,
    ReInviteConfirmed,
    ReInviteResult,
    Rejected,
    SendDatagram,
    SessionOffered,
    UpdateResult,
)
from tandem.gateway.sip.sources import Sources
from tandem.gateway.trunks import sip_access, sip_early, sip_info
from tandem.gateway.trunks import sip_mapping as mapping
from tandem.gateway.trunks.isup_mapping import primitive_from
from tandem.gateway.trunks.sip_access import with_access
from tandem.gateway.trunks.sip_admission import SipAdmission
from tandem.gateway.trunks.sip_identity import connected_headers, connected_of, identity_of, setup_of
from tandem.gateway.trunks.sip_isup import Encapsulation, information_of, merge_setup, refusal, release_of
from tandem.gateway.trunks.sip_numbers import user_part
from tandem.gateway.trunks.sip_peers import SipPeers
from tandem.gateway.trunks.sip_registrations import SipRegistrations
from tandem.gateway.trunks.sip_session import Place, Session, Sessions, Verdict
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.messages import Message as IsupMessage

_LAWS = {"PCMA": "A", "PCMU": "u"}


#: INFO that carries an ISUP message and nothing else.
_SIGNAL = (("Content-Disposition", "signal;handling=required"),)
_ACCEPT = "application/sdp, multipart/mixed, application/isup"
_STATUSES = {Verdict.MALFORMED: 400, Verdict.NOTHING_IN_COMMON: 488}
#: Final responses of a peer that takes no RTP/SAVP.
_NO_SRTP = (415, 488, 606)
#: A final response to INVITE that names other places, and how many are tried one after another.
_REDIRECTIONS = range(300, 400)
_MOST_REDIRECTIONS = 5
#: What a phone says that is not there: the user may be at another contact.
_ABSENT = frozenset({404, 408, 410, 430, 480, 500, 502, 504})


class SipTrunkPort:
    """One SIP peer as a trunk of call control."""

    is_circuit = False

    def __init__(self, trunk: SipTrunk, owner: SipTrunks) -> None:
        """Take the peer's address and codecs from `trunk`."""
        self.configuration = trunk
        self.name = trunk.name
        self.peers = Peers()
        """Where the peer is; nowhere for the trunk of registered users, and for a name before the DNS has answered."""
        self.sources = Sources([])
        """Whence calls are accepted."""
        self.location: tuple[str, int | None, str, str] | None = None
        """What to ask the DNS for: host, port, transport and certificate name; None for an address."""
        self.rate = CallRate(trunk.calls_per_second)
        if not trunk.registrar:
            self._place(trunk)
        self.laws = tuple(_LAWS[codec] for codec in trunk.codecs)
        self.clear_laws = (sdp.CLEAR, *self.laws)
        """With octets that are no speech first: offered where the call asks for 64 kbit/s unrestricted."""
        self.options = CallOptions(
            trunk.reliable_responses, trunk.session_seconds, trunk.minimum_session_seconds, trunk.refresher
        )
        self.takes_digits = trunk.digits != "events"
        self.encapsulation = Encapsulation(trunk) if trunk.isup_variant else None
        self.carries_isup = self.encapsulation is not None
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

    def destination_of(self, uri: str) -> Endpoint:
        """Where a request to `uri` goes: the address that it names, else the peer, which knows the name."""
        return destination_of(parse_uri(uri), self.peer)

    def _place(self, trunk: SipTrunk) -> None:
        """Take the peer's address, or its name to be looked up."""
        transport = "" if trunk.transport == "auto" else trunk.transport
        name = split_host(trunk.peer)
        if name is not None:
            self.location = (*name, transport, trunk.tls_name or trunk.domain)
            self.move([])
            return
        host, port = parse_endpoint(trunk.peer, DEFAULT_PORTS[transport or "udp"])
        self.move([Server(0, 0, endpoint_of(transport, host, port, trunk.tls_name or trunk.domain))])

    def move(self, servers: list[Server]) -> bool:
        """The peer is at these servers now; False when it was before."""
        trunk = self.configuration
        changed = self.peers.replace(servers)
        hosts = [server.endpoint[0] for server in servers]
        self.sources = Sources([*trunk.accept_from, *hosts], tls_only=trunk.transport == "tls")
        return changed

    @property
    def peer(self) -> Endpoint:
        """The first server of the peer, for what has no better place to go."""
        endpoints = self.peers.endpoints
        return endpoints[0] if endpoints else ("", 0)

    @property
    def destinations(self) -> list[Endpoint]:
        """Where the peer is, in the order to try."""
        return self.peers.endpoints

    @property
    def host(self) -> str:
        """Host part of the peer's URIs: its domain, its name, or empty where its address is meant."""
        return self.configuration.domain or (self.location[0] if self.location is not None else "")

    @property
    def full(self) -> bool:
        """Whether `max_calls` is reached."""
        return bool(self.configuration.max_calls) and self.calls >= self.configuration.max_calls


class SipUserPort(SipTrunkPort):
    """One registered user as a trunk of call control: what `user:NAME` in a route means."""

    def __init__(self, user: str, trunk: SipTrunkPort, owner: SipTrunks) -> None:
        """`trunk` is the one that users register at."""
        super().__init__(trunk.configuration, owner)
        self.name = f"user:{user}"
        self._user = user
        self._trunk = trunk

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Send INVITE to where the user has registered."""
        return self._owner.offer(self._trunk, half, setup, now, self._user)


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
        addresses = listeners(sip) if sip else (Listener("udp", "127.0.0.1", 0),)
        self.address = addresses[0].host, addresses[0].port
        self.datagrams: list[tuple[bytes, tuple[str, int]]] = []
        self._media = Sessions(control, configuration.media.address, token)
        self.connections = Connections(
            StreamLimits(connections=sip.connections, per_address=sip.connections_per_address)
            if sip
            else StreamLimits()
        )
        """TCP and TLS."""
        self.streams: list[OpenConnection | Write | CloseConnection] = []
        """What is to be done with connections."""
        self.messages: list[tuple[bytes, Endpoint, bool]] = []
        """Messages on streams for the capture: octets, peer, sent."""
        self._control = control
        self._token = token
        self._causes = causes
        self._log = log
        self._trace = trace
        self._country_code = configuration.node.country_code
        self._domain = (sip.domain if sip else "") or self.address[0]
        self._sessions: dict[int, Session] = {}
        self._by_leg: dict[int, int] = {}
        """Calls by RTP leg."""
        self.trunks = {
            trunk.name: SipTrunkPort(trunk, self) for trunk in configuration.trunk if isinstance(trunk, SipTrunk)
        }
        self.agent = SipAgent(
            AgentConfiguration(
                host=self.address[0],
                port=self.address[1],
                listeners=addresses,
                user_agent=f"Tandem {configuration.node.name}".strip(),
                supported=("100rel", "timer"),
                bodies=("application/sdp", "multipart/mixed", "application/isup"),
                timers=SipTimers(t1=(sip.t1_ms if sip else 500) / 1000),
            ),
            token,
        )
        configurations = [port.configuration for port in self.trunks.values()]
        self.admission = SipAdmission(sip or Sip(), configurations, self._peer_trunk, self.agent, token(), log)
        """Who may do what."""
        self.user_trunks = {
            f"user:{name}": SipUserPort(name, port, self)
            for name in self.admission.users
            if (port := self.trunks[self.admission.trunk_of_user(name)]).configuration.registrar
        }
        """Each registered user as a trunk of its own, for routes."""
        self._registrations = SipRegistrations(sip, self.trunks, self.agent, log)
        self.peers = SipPeers(self.trunks, self.agent, addresses, token, log, self._registrations.moved)

    # --- inputs

    def start(self, now: float) -> None:
        """The gateway is up: register with the providers."""
        self.peers.start(now)
        self._registrations.start(now)

    def dns_answer(self, answer: location.Answer, now: float) -> None:
        """The DNS answered a question of `peers.queries`."""
        self.peers.answer(answer, now)

    def drain(self, now: float) -> None:
        """Let everybody know that no new calls are wanted."""
        self.agent.leaving = True
        self.agent.unregister(now)

    def stop(self, now: float) -> None:
        """Take the registrations back."""
        self.agent.unregister(now)

    @property
    def stopped(self) -> bool:
        """Whether no REGISTER waits for its answer."""
        return not self.agent.registering

    def receive(self, data: bytes, source: Endpoint, now: float) -> None:
        """A message came in."""
        if self.admission.is_banned(source, now):
            return
        if self._trace is not None:
            self._trace(_message_line("<", data, source))
        self.agent.receive(data, source, now)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return earliest(
            self.agent.next_deadline(),
            self.connections.next_deadline(),
            self.admission.next_deadline(),
            self.peers.next_deadline(),
        )

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        self.connections.handle_timers(now)
        self.agent.handle_timers(now)
        self.admission.handle_timers(now)
        self.peers.handle_timers(now)

    def own_address(self, peer: Endpoint) -> tuple[str, int]:
        """Our address towards `peer`, for the capture."""
        listener = self.agent.local_address(peer)
        return listener.host, listener.port

    @property
    def ports(self) -> deque[int]:
        """RTP ports that no leg uses."""
        return self._media.ports

    def digit_received(self, leg: int, digit: str, duration_ms: int, now: float) -> None:
        """A telephone-event came on an RTP leg: in signalling it goes only where digits are wanted so."""
        session = self._session_of(leg)
        other = None if session is None else session.half.other
        if session is not None and other is not None and getattr(other.trunk, "takes_digits", False):
            self._control.event(session.half, Dtmf(digit, duration_ms), now)

    def leg_silent(self, leg: int, now: float) -> None:
        """Nothing has come on an RTP leg for long: ask the peer whether it still knows the call."""
        session = self._session_of(leg)
        if session is not None and session.answered and not session.held:
            self._log(Line("info", "=", session.half.reference, "no RTP is coming: asking the peer"))
            self.agent.probe(session.half.handle, now)

    def _session_of(self, leg: int) -> Session | None:
        call = self._by_leg.get(leg)
        return None if call is None else self._sessions.get(call)

    @property
    def quiet(self) -> bool:
        """No call is left."""
        return not self._sessions

    def settle(self, now: float) -> bool:
        """Act on what the agent says; True when it said anything."""
        moved = self._settle_streams(now)
        while outputs := self.agent.outputs():
            moved = True
            for output in outputs:
                if isinstance(output, SendDatagram):
                    self._send(output.data, output.destination, now)
                elif isinstance(output, IncomingInvite):
                    self._incoming(output, now)
                elif isinstance(output, AliasOffered):
                    self.connections.alias(output.connection, output.port)
                elif isinstance(output, RegistrationChanged):
                    self._registrations.changed(output)
                elif isinstance(output, OptionsResult):
                    self.peers.pinged(output, now)
                else:
                    self._handle(output, now)
        return moved

    def _send(self, data: bytes, destination: Endpoint, now: float) -> None:
        if self._trace is not None:
            self._trace(_message_line(">", data, destination))
        if len(destination) == 2:
            self.datagrams.append((data, destination))
        else:
            self.messages.append((data, destination, True))
            self.connections.send(data, destination, now)
            self._settle_streams(now)

    def _settle_streams(self, now: float) -> bool:
        """Act on what the connections say; True when it was for the agent."""
        told = False
        for output in self.connections.outputs():
            match output:
                case MessageReceived(data=data, source=source):
                    self.messages.append((data, source, False))
                    self.receive(data, source, now)
                    told = True
                case SendFailed(data=data, destination=destination, reason=reason):
                    self._log(Line("warning", "!", f"sip {show(destination)}", f"cannot be reached: {reason}"))
                    self.agent.send_failed(data, destination, now)
                    told = True
                case ConnectionLost(peer=peer, reason=reason):
                    self._log(Line("info", "=", f"sip {show(peer)}", f"connection closed: {reason}"))
                    self.agent.connection_lost(peer, now)
                    told = True
                case _:
                    self.streams.append(output)
        return told

    # --- outgoing calls

    def offer(
        self, port: SipTrunkPort, half: HalfCall, setup: Setup, now: float, called_user: str | None = None
    ) -> Release | None:
        """Begin a call to the peer of `port`, or to a registered user."""
        places, refusal = self._places(port, setup, called_user, now)
        if refusal is not None:
            return refusal
        onward = setup.next_hop()
        if onward is None:
            return Release(Cause.EXCHANGE_ROUTING_ERROR, diagnostic="the hop counter is used up")
        setup = onward
        if port.full:
            return Release(Cause.SWITCHING_EQUIPMENT_CONGESTION, diagnostic=f"{port.name}: max_calls reached")
        trunk = port.configuration
        clear = trunk.clear_mode and setup.bearer is Bearer.UNRESTRICTED_64K
        session = self._media.open(trunk, half, port.clear_laws if clear else port.laws)
        if session is None:
            return Release(Cause.RESOURCES_UNAVAILABLE_UNSPECIFIED, diagnostic="no RTP port is free: see media.ports")
        self._media.start(session)
        body = None if trunk.delayed_offer else self._media.offer(session)
        place = places[0]
        host = port.host or place.destination[0]
        usual = DEFAULT_PORTS[transport_of(place.destination)]
        uri_port = place.destination[1] if not port.host and place.destination[1] != usual else None
        parties = identity_of(setup, trunk, host, uri_port, self._domain, self._country_code)
        call_id = f"{self._token()}@{self._domain}"
        try:
            content_type, content = self._initial_body(port, setup, body)
        except EncodeError as error:
            self._media.close(session)
            return Release(Cause.INVALID_NUMBER_FORMAT, diagnostic=f"IAM cannot be built: {error}")
        request = InviteRequest(
            call_id=call_id,
            uri=place.uri or parties.uri,
            from_uri=parties.from_uri,
            to_uri=parties.to_uri,
            destination=place.destination,
            pinned=trunk.registrar,
            body=content,
            content_type=content_type,
            session=body or b"",
            from_display=parties.from_display,
            headers=(*parties.headers, *sip_early.invite_headers(trunk), *sip_access.headers(setup.opaque)),
            options=port.options,
            credentials=Credentials(trunk.user, trunk.password) if trunk.user else None,
            max_forwards=mapping.max_forwards(setup, trunk.hop_factor),
        )
        try:
            call = self.agent.invite(request, now)
        except EncodeError as error:
            self._media.close(session)
            return Release(Cause.INVALID_NUMBER_FORMAT, diagnostic=f"INVITE cannot be built: {error}")
        session.request, session.places = request, places[1:]
        self._adopt(port, session, call, call_id)
        self._control.leg_opened(half, session.leg)
        return None

    def _places(
        self, port: SipTrunkPort, setup: Setup, called_user: str | None, now: float
    ) -> tuple[list[Place], Release | None]:
        """Where a call may go, in order; or why it may go nowhere."""
        if not port.configuration.registrar:
            chosen = self.peers.choose(port, now)
            return ([], chosen) if isinstance(chosen, Release) else ([Place(endpoint) for endpoint in chosen], None)
        user = called_user or self.admission.find_user(user_part(setup.called, self._country_code))
        if user is None:
            return [], Release(Cause.UNALLOCATED_NUMBER, diagnostic=f"{port.name}: no user has this number")
        places = [Place(binding.source, binding.uri) for binding in self.admission.contacts(user)]
        if not places:
            return [], Release(Cause.SUBSCRIBER_ABSENT, diagnostic=f"user {user} is not registered")
        return places, None

    def _initial_body(self, port: SipTrunkPort, setup: Setup, session: bytes | None) -> tuple[str, bytes | None]:
        """Content-Type and body of an INVITE: the session description, and the IAM where the trunk carries ISUP."""
        if port.encapsulation is None:
            return "application/sdp", session
        part = port.encapsulation.initial(setup, self._country_code)
        return port.encapsulation.body(session, part, self._token())

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the caller of progress, alerting or answer; either party of hold, and of digits."""
        session = self._sessions.get(half.handle)
        if session is None:
            return
        match primitive:
            case Alerting() | Progress() if not session.answered:
                self._provisional(session, primitive, now)
            case Answer(connected=connected, opaque=opaque) if not session.answered:
                session.answered = True
                if session.description is None and not session.offering:
                    self._media.offer(session)
                headers = connected_headers(connected, session.trunk, self._domain, self._country_code)
                headers += sip_access.headers(opaque)
                part = self._part(session, primitive)
                self.agent.respond(half.handle, 200, None, headers, session.local, part, now=now)
            case Transparent() | Suspend() | Resume() | Hold() | Retrieve() if self._informed(session, primitive, now):
                pass
            case Hold() | Retrieve() if session.answered:
                session.holding = isinstance(primitive, Hold)
                self.agent.modify(half.handle, self._media.offer(session), (), now)
            case Dtmf(digit=digit, duration_ms=duration) if session.answered and session.trunk.digits != "events":
                content_type, body = sip_info.digit_body(session.trunk.digits, digit, duration)
                self.agent.send_info(half.handle, content_type, body, (), now)

    def _part(self, session: Session, primitive: Primitive) -> Part | None:
        """The ISUP message for a primitive, where the trunk carries ISUP."""
        encapsulation = self.trunks[session.trunk.name].encapsulation
        found = None if encapsulation is None else encapsulation.backward(primitive, session.complete)
        if found is None:
            return None
        session.complete = session.complete or found[0] in (MessageType.ACM, MessageType.CON)
        return found[1]

    def _informed(self, session: Session, primitive: Primitive, now: float) -> bool:
        """Send what ISUP alone says in INFO, where the trunk carries it; False when it is to be told in SIP's way."""
        encapsulation = self.trunks[session.trunk.name].encapsulation
        if isinstance(primitive, Transparent):
            part = None if encapsulation is None else encapsulation.transparent(primitive)
        elif isinstance(primitive, Hold | Retrieve) and not primitive.opaque:
            return False
        else:
            part = self._part(session, primitive)
        if part is not None and encapsulation is not None:
            self.agent.send_info(session.half.handle, encapsulation.content_type(), part.body, _SIGNAL, now)
        return part is not None or isinstance(primitive, Transparent | Suspend | Resume)

    def _provisional(self, session: Session, primitive: Alerting | Progress, now: float) -> None:
        """180 or 183, with SDP where there is something to hear, and where it must have our offer (RFC 3261 13.2.1)."""
        half = session.half
        status = 180 if isinstance(primitive, Alerting) else 183
        if session.description is None and not session.offering and self.agent.is_reliable(half.handle):
            self._media.offer(session)
        early = primitive.inband and session.trunk.early_media and session.description is not None
        half.hears_early = half.hears_early or early
        body = session.local if early or session.offering else None
        headers = (*sip_early.response_headers(session, early), *sip_access.headers(primitive.opaque))
        self.agent.respond(half.handle, status, None, headers, body, self._part(session, primitive), now=now)

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """End the call in whatever state it is, with the status or Reason of the cause."""
        session = self._sessions.get(half.handle)
        if session is None:
            return
        status = self._causes.status(int(release.cause), int(release.location))
        encapsulation = self.trunks[session.trunk.name].encapsulation
        part = None if encapsulation is None else encapsulation.release(release)
        headers = (*mapping.reason_headers(release, session.trunk), *sip_access.headers(release.opaque))
        self.agent.end(half.handle, status, headers, now, part)
        self._media.close(session)

    # --- what the agent says

    def _incoming(self, output: IncomingInvite, now: float) -> None:
        call, request, source = output.call, output.request, output.source
        caller = request.caller
        if caller is not None:
            port: SipTrunkPort | None = self.trunks[self.admission.trunk_of_user(caller)]
            self.agent.pin(call)
        else:
            port = self._trunk_of(source)
        if port is None:
            # `access` asks before; nothing but a change between the two could bring a stranger here.
            self.agent.respond(call, 403, now=now)
            return
        if not self.agent.configure(call, port.options, now):
            return
        number = self._registrations.number_of(port.name, request.uri.user or "")
        if number is None:
            number = self.admission.number_named(request.uri.user or "")
        if number is not None:
            request.uri_text = sip_uri(number, self._domain)
        setup = setup_of(request, port.configuration)
        if setup is None:
            self.agent.respond(call, 404, "Not a telephone number", now=now)
            return
        if caller is not None:
            setup = replace(setup, calling=self.admission.number_of_user(caller))
        if request.body and (status := refusal(request, port.encapsulation)) is not None:
            accept = (("Accept", _ACCEPT),) if status == 415 else ()
            self.agent.respond(call, status, headers=accept, now=now)
            return
        if (initial := self._read(port, request, MessageType.IAM)) is not None:
            setup = merge_setup(setup, initial, port.configuration, self._country_code)
        half = HalfCall(port, incoming=True)
        laws = port.clear_laws if port.configuration.clear_mode else port.laws
        limited = port.full or not port.rate.take(now)
        session = None if limited else self._media.open(port.configuration, half, laws)
        if session is None:
            what = "no RTP port is free: see media.ports"
            if limited:
                what = "max_calls reached" if port.full else "calls_per_second reached"
            self._log(Line("warning", "!", f"trunk {port.name}", f"call refused: {what}"))
            seconds = port.rate.wait() if limited and not port.full else 5
            self.agent.respond(call, 503, headers=(("Retry-After", str(seconds)),), now=now)
            return
        self._media.start(session)
        if output.body and (verdict := self._media.take_offer(session, output.body)) is not Verdict.AGREED:
            self._media.close(session)
            phrase = "Malformed session description" if verdict is Verdict.MALFORMED else None
            self.agent.respond(call, _STATUSES[verdict], phrase, now=now)
            return
        if half.clear_channel:
            setup = replace(setup, bearer=Bearer.UNRESTRICTED_64K)
        else:
            session.laws = port.laws
        sip_early.note_caller(session, request)
        self._adopt(port, session, call, request.call_id)
        self._control.setup(half, setup, now, session.leg)

    def _handle(self, output: CallOutput, now: float) -> None:
        session = self._sessions.get(output.call)
        if session is None:
            return
        half, control, port = session.half, self._control, self.trunks[session.trunk.name]
        match output:
            case Provisional(status=status) if status > 100:
                self._progress(session, output, now)
            case Answered(message=message):
                self._answered(session, output, now)
            case Confirmed(message=message) | ProvisionalConfirmed(message=message):
                usable = not session.offering or self._media.take_answer(session, message.session)
                if not usable and isinstance(output, Confirmed):
                    self._no_codec(session, now)
            case SessionOffered(message=message):
                self._session_offered(session, message.session, now)
            case Refreshed(message=message):
                self._media.take_answer(session, message.session)
            case ReInviteResult(status=status, message=response) | UpdateResult(status=status, message=response):
                if response is not None and status < 300:
                    self._media.take_answer(session, response.session)
                session.offering = False
            case ProbeResult(alive=False):
                reason = Release(Cause.DESTINATION_OUT_OF_ORDER, diagnostic="SIP peer is gone: no RTP, no answer")
                self.release(half, reason, now)
                control.event(half, reason, now)
            case Refer():
                self.agent.answer_refer(output.call, 603, now)
            case Rejected(status=status, message=response):
                if status in _REDIRECTIONS and self._follow(session, response, now):
                    return
                if status in _NO_SRTP and self._plainly(session, now):
                    return
                if not self._try_elsewhere(session, status, now, retry_after(response)):
                    self._end(session, with_access(self._rejection(session, status, response), response), now)
            case InfoReceived(message=message) if (isup := self._read(port, message)) is not None:
                control.event(half, information_of(isup), now)
            case InfoReceived(message=message):
                digit = sip_info.digit_of(message)
                if digit is not None:
                    control.event(half, digit, now)
            case Cancelled(message=message) | Ended(message=message):
                self._end(session, with_access(self._ending(session, message), message), now)
            case Failed(what="timeout" | "transport") if self._try_elsewhere(session, None, now):
                return
            case Failed(what=what):
                cause = Cause.RECOVERY_ON_TIMER_EXPIRY if what in ("timeout", "no ACK") else Cause.TEMPORARY_FAILURE
                self._end(session, Release(cause, Location.BEYOND_INTERWORKING, f"SIP: {what}"), now)
            case ReInvite():
                self._reinvite(session, output, now)
            case ReInviteConfirmed(message=message):
                if session.offering:
                    self._media.take_answer(session, message.session)
            case Closed():
                self._media.close(session)
                del self._sessions[output.call]
                self._by_leg.pop(session.leg, None)
                self.trunks[session.trunk.name].calls -= 1
                control.cleared(half, now)

    def _end(self, session: Session, release: Release, now: float) -> None:
        self._media.close(session)
        self._control.event(session.half, release, now)

    def _read(self, port: SipTrunkPort, message: SipMessage, kind: MessageType | None = None) -> IsupMessage | None:
        """The ISUP message in a SIP message, of one `kind` if that is given."""
        found = None if port.encapsulation is None or not message.body else port.encapsulation.read(message)
        return None if found is None or (kind is not None and found.type != kind) else found

    def _ending(self, session: Session, message: SipMessage) -> Release:
        """Why the peer ends the call: its REL, else its Reason."""
        isup = self._read(self.trunks[session.trunk.name], message)
        said = None if isup is None else release_of(isup)
        return said or mapping.release_of_request(message, self._causes, session.trunk.obey_reason)

    def _rejection(self, session: Session, status: int, response: Response) -> Release:
        """Why the peer refused: its REL, else its Reason, else the status."""
        isup = self._read(self.trunks[session.trunk.name], response)
        said = None if isup is None else release_of(isup)
        return said or mapping.release_of_rejection(status, response, self._causes, session.trunk.obey_reason)

    def _no_codec(self, session: Session, now: float) -> None:
        reason = Release(Cause.BEARER_CAPABILITY_NOT_IMPLEMENTED, Location.BEYOND_INTERWORKING, "no codec")
        self.release(session.half, reason, now)
        self._control.event(session.half, reason, now)

    def _progress(self, session: Session, output: Provisional, now: float) -> None:
        """A provisional response; early media once begun goes on, whatever later responses carry (RFC 3960 3.2)."""
        tag, status = output.to_tag or "", output.status
        if status == 199:
            # RFC 6228: this early dialog is over; what others gave still holds.
            session.early.pop(tag, None)
            return
        if output.offer:
            verdict = self._media.take_offer(session, output.body)
            if verdict is Verdict.AGREED:
                self.agent.prack(output.call, tag, session.local, now)
        else:
            answer = self._media.read_answer(session, output.body)
            if answer is not None:
                session.early[tag] = answer
        heard = sip_early.may_hear(session, output)
        if heard and tag in session.early:
            self._media.agree(session, session.early[tag])
        if status == 180:
            primitive: Primitive = Alerting(heard, sip_access.opaque_of(output.message))
        else:
            primitive = Progress(heard and status == 183, sip_access.opaque_of(output.message))
        self._control.event(session.half, self._with_isup(session, output.message, primitive), now)

    def _with_isup(self, session: Session, message: SipMessage, primitive: Primitive) -> Primitive:
        """What ISUP says in a response stands before what SIP says; whether there is something to hear, SIP knows."""
        isup = self._read(self.trunks[session.trunk.name], message)
        said = None if isup is None else primitive_from(isup)
        if isinstance(said, Alerting | Progress) and isinstance(primitive, Alerting | Progress):
            return replace(said, inband=said.inband and session.description is not None)
        return said if isinstance(said, Answer) and isinstance(primitive, Answer) else primitive

    def _answered(self, session: Session, output: Answered, now: float) -> None:
        """The answer: what its own early dialog agreed holds where it carries no description of its own."""
        session.answered = True
        if output.offer:
            agreed = self._media.take_offer(session, output.body) is Verdict.AGREED
            self.agent.acknowledge(output.call, session.local if agreed else None, now)
        else:
            answer = self._media.read_answer(session, output.body)
            answer = answer or session.early.get(output.message.to.tag or "")
            agreed = answer is not None or session.description is not None
            if answer is not None:
                self._media.agree(session, answer)
        session.offering = False
        session.early.clear()
        if agreed:
            connected = connected_of(output.message, session.trunk)
            primitive = Answer(connected, sip_access.opaque_of(output.message))
            self._control.event(session.half, self._with_isup(session, output.message, primitive), now)
        else:
            self._no_codec(session, now)

    def _plainly(self, session: Session, now: float) -> bool:
        """Call again without SRTP, where the trunk only offers it; False when that is no way out."""
        if session.trunk.srtp != "offered" or session.crypto is None or session.request is None:
            return False
        session.crypto = None
        port, half = self.trunks[session.trunk.name], session.half
        body = self._media.offer(session)
        content_type, content = "application/sdp", body
        if port.encapsulation is not None:
            content_type, content = port.encapsulation.with_session(session.request, body, self._token())
        request = replace(
            session.request,
            call_id=f"{self._token()}@{self._domain}",
            body=content,
            content_type=content_type,
            session=body,
        )
        try:
            call = self.agent.invite(request, now)
        except EncodeError:
            return False
        self._log(Line("info", "=", half.reference, "the peer takes no SRTP: called again without"))
        session.request = request
        self._renumber(session, call, request)
        return True

    def _session_offered(self, session: Session, body: bytes, now: float) -> None:
        """UPDATE or PRACK with an offer, before or after the answer."""
        verdict = self._media.take_offer(session, body)
        if verdict is Verdict.AGREED:
            self.agent.answer_update(session.half.handle, 200, session.local, now=now)
            self._note_hold(session, now)
        else:
            self.agent.answer_update(session.half.handle, _STATUSES[verdict], now=now)

    def _reinvite(self, session: Session, output: ReInvite, now: float) -> None:
        """Hold, resume, another address or codec: agree to what we can do, keep the session otherwise."""
        if not output.body:
            self.agent.answer_reinvite(output.call, 200, body=self._media.offer(session), now=now)
            return
        verdict = self._media.take_offer(session, output.body)
        if verdict is Verdict.AGREED:
            self.agent.answer_reinvite(output.call, 200, body=session.local, now=now)
            self._note_hold(session, now)
        else:
            self.agent.answer_reinvite(output.call, _STATUSES[verdict], now=now)

    def _note_hold(self, session: Session, now: float) -> None:
        """Tell the other side when the peer holds it, or no longer does."""
        held = session.description is not None and session.description.direction in ("recvonly", "inactive")
        if held == session.held:
            return
        session.held = held
        if session.answered and session.trunk.hold == "relay":
            self._control.event(session.half, Hold() if held else Retrieve(), now)

    def _follow(self, session: Session, response: Response, now: float) -> bool:
        """Call the next place that a 3xx names, when the trunk is to; False when there is none (RFC 3261 8.1.3.4)."""
        half, trunk = session.half, session.trunk
        if trunk.redirects != "follow" or session.redirections >= _MOST_REDIRECTIONS or session.request is None:
            return False
        targets = [*session.targets, *sip_early.contacts(response, session.tried)]
        if not targets:
            return False
        target, session.targets = targets[0], targets[1:]
        session.redirections += 1
        session.tried.add(target)
        port = self.trunks[trunk.name]
        request = replace(session.request, uri=target, call_id=f"{self._token()}@{self._domain}", to_uri=target)
        try:
            call = self.agent.invite(replace(request, destination=port.destination_of(target)), now)
        except EncodeError:
            return False
        self._log(Line("info", "=", half.reference, f"redirected to {target}"))
        self._renumber(session, call, request)
        return True

    def _try_elsewhere(self, session: Session, status: int | None, now: float, retry_after: int = 0) -> bool:
        """Call the next place when this one could not be reached, or would not have the call (RFC 3263 4.3).

        False when there is none left, when the refusal is the called party's, or when the caller has heard something.
        """
        if status == 503 and session.request is not None:
            peers = self.trunks[session.trunk.name].peers
            peers.leave_alone(session.request.destination, retry_after, now)
        if not session.places or session.request is None or session.early:
            return False
        if status is not None and status != 503 and not (session.trunk.registrar and status in _ABSENT):
            return False
        place, session.places = session.places[0], session.places[1:]
        request = replace(
            session.request,
            uri=place.uri or session.request.uri,
            destination=place.destination,
            call_id=f"{self._token()}@{self._domain}",
        )
        try:
            call = self.agent.invite(request, now)
        except EncodeError:
            return False
        session.request = request
        self._log(Line("info", "=", session.half.reference, f"tried at {show(place.destination)} instead"))
        self._renumber(session, call, request)
        return True

    def _renumber(self, session: Session, call: int, request: InviteRequest) -> None:
        """The half-call goes on as another call of the agent."""
        half = session.half
        del self._sessions[half.handle]
        session.early.clear()
        half.handle, half.reference, half.leg.id = call, request.call_id, request.call_id
        self._sessions[call], self._by_leg[session.leg] = session, call

    # --- sessions

    def _peer_trunk(self, source: Endpoint) -> SipTrunk | None:
        port = self._trunk_of(source)
        return None if port is None else port.configuration

    def _trunk_of(self, source: Endpoint) -> SipTrunkPort | None:
        """The trunk whose peer is `source`, else one that accepts from its address: of its transport before others."""
        alike = by_address = None
        for port in self.trunks.values():
            if source in port.peers:
                return port
            if alike is None and source in port.sources:
                if transport_of(port.peer) == transport_of(source):
                    alike = port
                by_address = by_address or port
        return alike or by_address

    def _adopt(self, port: SipTrunkPort, session: Session, call: int, call_id: str) -> None:
        session.half.handle = call
        session.half.reference = call_id
        port.calls += 1
        self._sessions[call] = session
        self._by_leg[session.leg] = call


def _message_line(shape: str, data: bytes, peer: Endpoint) -> Line:
    """One message as a line of the log: its start line and Call-ID."""
    head = data[:4096].decode("utf-8", "replace")
    first = head.partition("\r\n")[0]
    call_id = next((line[8:].strip() for line in head.split("\r\n") if line[:8].lower() == "call-id:"), "")
    return Line("debug", shape, f"sip {show(peer)}", f"{first} [{call_id}]")  # type: ignore[arg-type]
