"""SIP trunks: dialogs as half-calls, and their RTP legs."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection
from functools import partial

from msgspec.structs import replace

from tandem.core.cause import Cause
from tandem.core.errors import EncodeError
from tandem.core.timers import Agenda, TimerTable, earliest
from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import (
    Bearer,
    Dtmf,
    Number,
    Release,
    Setup,
)
from tandem.gateway.calls.routing import Attempt
from tandem.gateway.configuration.check_sip import listeners, pjsua2_listeners
from tandem.gateway.configuration.schema import Configuration, Sip, SipTrunk
from tandem.gateway.log import Line
from tandem.gateway.pjsip import protocol as pjsip
from tandem.gateway.sip import location
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import METHODS, AgentConfiguration, SipTimers
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
from tandem.gateway.sip.endpoint import (
    DEFAULT_PORTS,
    Endpoint,
    Listener,
    TransportName,
    endpoint_of,
    show,
    transport_of,
)
from tandem.gateway.sip.fields import parse_uri, sip_uri
from tandem.gateway.sip.multipart import Part
from tandem.gateway.sip.overload import Overload
from tandem.gateway.sip.preconditions import Preconditions, Strength
from tandem.gateway.sip.primitives import (
    AliasOffered,
    Credentials,
    IncomingInvite,
    InviteRequest,
    OptionsResult,
    RegistrationChanged,
    SendDatagram,
)
from tandem.gateway.trunks import sip_access, sip_early, sip_priority, sip_refer
from tandem.gateway.trunks import sip_mapping as mapping
from tandem.gateway.trunks.rules import Rules
from tandem.gateway.trunks.sip_admission import ANYWHERE, SipAdmission
from tandem.gateway.trunks.sip_attempts import together
from tandem.gateway.trunks.sip_calls import SipCalls
from tandem.gateway.trunks.sip_engines import EnginesAgent, towards_adapter
from tandem.gateway.trunks.sip_identity import identity_of, setup_of
from tandem.gateway.trunks.sip_isup import merge_setup, number_ends, refusal
from tandem.gateway.trunks.sip_numbers import number_of, user_part
from tandem.gateway.trunks.sip_overlap import ADDRESS_INCOMPLETE
from tandem.gateway.trunks.sip_peers import SipPeers
from tandem.gateway.trunks.sip_pjsip import PjsipAgent
from tandem.gateway.trunks.sip_port import SipTrunkPort, SipUserPort
from tandem.gateway.trunks.sip_registrations import SipRegistrations
from tandem.gateway.trunks.sip_session import STATUSES, Place, Session, Sessions, Verdict
from tandem.ss7.isup.codes import MessageType

#: A flood of connections is told of this often, in seconds.
_TELL_SECONDS = 10.0
_ACCEPT = "application/sdp, multipart/mixed, application/isup"


class SipTrunks(SipCalls):
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
        self._listeners = addresses
        self.datagrams: list[tuple[bytes, tuple[str, int]]] = []
        self._media = Sessions(control, configuration.media.address, token, configuration.media.address_v6)
        self.connections = Connections(
            StreamLimits(connections=sip.connections, per_address=sip.connections_per_address)
            if sip
            else StreamLimits()
        )
        """TCP and TLS."""
        self.streams: list[OpenConnection | Write | CloseConnection] = []
        """What is to be done with connections."""
        self._turning_away_told = -_TELL_SECONDS
        self.messages: list[tuple[bytes, Endpoint, bool]] = []
        """Messages on streams for the capture: octets, peer, sent."""
        self._control = control
        self._token = token
        self._causes = causes
        self._log = log
        self._trace = trace
        self._captured = False
        """Whether some capture wants messages."""
        self._country_code = configuration.node.country_code
        self._rules = Rules.of(configuration.mapping)
        host = self.address[0]
        self._domain = (sip.domain if sip else "") or (f"[{host}]" if ":" in host else host)
        self._sessions: dict[int, Session] = {}
        self._by_leg: dict[int, int] = {}
        """Calls by RTP leg."""
        self._overlaid, self._digit_timers, self._callers = {}, TimerTable(), {}
        self._forked = {}
        self._confirm_timers = TimerTable()
        self.trunks = {
            trunk.name: SipTrunkPort(towards_adapter(trunk), self)
            for trunk in configuration.trunk
            if isinstance(trunk, SipTrunk)
        }
        by_pjsip = {
            trunk.name: trunk
            for trunk in configuration.trunk
            if isinstance(trunk, SipTrunk) and trunk.engine == "pjsua2"
        }
        self.pjsip = PjsipAgent(by_pjsip, configuration.media.address, self._pjsip_sources, log) if by_pjsip else None
        """The calls of trunks with the engine pjsua2, where there are any."""
        make = SipAgent if self.pjsip is None else partial(EnginesAgent, pjsip=self.pjsip)
        self._performs_transfers = any(port.configuration.refer == "perform" for port in self.trunks.values())
        self.agent: SipAgent = make(
            AgentConfiguration(
                host=self.address[0],
                port=self.address[1],
                listeners=addresses,
                user_agent=f"Tandem {configuration.node.name}".strip(),
                allow=(*METHODS, "REFER") if self._performs_transfers else METHODS,
                supported=(
                    *("100rel", "timer", "precondition", sip_priority.OPTION),
                    *(("replaces",) if self._performs_transfers else ()),
                ),
                bodies=("application/sdp", "multipart/mixed", "application/isup"),
                timers=SipTimers(t1=(sip.t1_ms if sip else 500) / 1000),
            ),
            token,
        )
        self.overload = Overload((sip.overload_ms if sip else 0) / 1000)
        """Which new calls are refused because the process is late."""
        configurations = [port.configuration for port in self.trunks.values() if not port.account]
        self.admission = SipAdmission(
            sip or Sip(), configurations, self._peer_trunk, self.agent, token(), log, self.overload
        )
        """Who may do what."""
        self._banned = self.admission.bans.until
        self._said = self.agent.waiting
        self._admissions = [self.admission]
        if self.pjsip is not None:
            own = [port.configuration for port in self.trunks.values() if port.account]
            by = SipAdmission(sip or Sip(), own, self._pjsip_peer_trunk, self.pjsip, token(), log, self.overload)
            self._admissions.append(by)
            self.pjsip.gate.keeper = by
        self.users = next((one for one in self._admissions if one.has_registrar), self.admission)
        """Who the users are and where: that of the engine with the registrar."""
        self.user_trunks = self._user_ports()
        """Each registered user as a trunk of its own, for routes."""
        self._registrations = SipRegistrations(sip, self.trunks, self.agent, log)
        by_engine = {"": addresses}
        if sip is not None and sip.pjsua2 is not None:
            by_engine |= dict.fromkeys(by_pjsip, tuple(pjsua2_listeners(sip.pjsua2)))
        self.peers = SipPeers(self.trunks, self.agent, by_engine, token, log, self._moved)

    def offences(self) -> Counter[str]:
        """What strangers and others have done that they may not, by kind; `bans`, and what was `dropped` for them."""
        return sum((one.bans.counts for one in self._admissions), Counter())

    # --- inputs

    def start(self, now: float) -> None:
        """The gateway is up: register with the providers."""
        self.peers.start(now)
        self._registrations.start(now)

    def stream_accepted(self, transport: TransportName, host: str, port: int, now: float) -> int | None:
        """A peer opens a connection: its number, or None when it is to be turned away."""
        if self.admission.is_banned((host, port), now):
            return None
        number = self.connections.accepted(transport, host, port, now)
        if number is None and now >= self._turning_away_told + _TELL_SECONDS:
            self._turning_away_told = now
            text = f"connection turned away: {self.connections.why_not(host)}; {len(self.connections)} are open"
            self._log(Line("warning", "!", f"sip {transport}:{host}", text))
        return number

    def dns_answer(self, answer: location.Answer, now: float) -> None:
        """The DNS answered a question of `peers.queries`."""
        self.peers.answer(answer, now)

    def drain(self, now: float) -> None:
        """Let everybody know that no new calls are wanted."""
        self.agent.leaving = True
        if self.pjsip is not None:
            self.pjsip.leave(True)
        self.agent.unregister(now)

    def stop(self, now: float) -> None:
        """Take the registrations back."""
        self.agent.unregister(now)

    def registration_states(self) -> dict[str, str]:
        """State of our registration over each trunk that has one."""
        return self._registrations.by_trunk()

    @property
    def stopped(self) -> bool:
        """Whether no REGISTER waits for its answer."""
        return not self.agent.registering

    def trace_to(self, trace: Callable[[Line], None] | None) -> None:
        """Log every message with `trace` from now on, or none any more."""
        self._trace = trace
        self.watch_pjsip()

    def reconfigure(self, configuration: Configuration, causes: CauseMap) -> None:
        """Take other users, other causes and what of trunks can be changed while they carry calls."""
        self._causes = causes
        for trunk in configuration.trunk:
            if isinstance(trunk, SipTrunk) and trunk != self.trunks[trunk.name].configuration:
                self.trunks[trunk.name].reconfigure(trunk)
        for admission in self._admissions:
            admission.reconfigure(configuration.sip or Sip())
        self.user_trunks = self._user_ports()

    def _user_ports(self) -> dict[str, SipUserPort]:
        """Each registered user as a trunk of its own, for routes."""
        return {
            f"user:{name}": SipUserPort(name, port, self)
            for name in self.users.users
            if (port := self.trunks[self.users.trunk_of_user(name)]).configuration.registrar
        }

    def resume(self, now: float) -> None:
        """Take back `drain`."""
        self.agent.leaving = False
        if self.pjsip is not None:
            self.pjsip.leave(False)
        self._registrations.start(now)

    def receive(self, data: bytes, source: Endpoint, now: float) -> None:
        """A message came in."""
        if self._banned and self.admission.is_banned(source, now):
            return
        if self._trace is not None:
            self._trace(_message_line("<", data, source))
        self.agent.receive(data, source, now)

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        for part in (self.agent, self.connections, self.peers):
            part.share(agenda)
        for admission in self._admissions:
            admission.share(agenda)
        for timers in (self._digit_timers, self._confirm_timers):
            timers.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return earliest(
            self.agent.next_deadline(),
            self.connections.next_deadline(),
            *(admission.next_deadline() for admission in self._admissions),
            self.peers.next_deadline(),
            self._digit_timers.next_deadline(),
            self._confirm_timers.next_deadline(),
        )

    def handle_timers(self, now: float) -> None:
        """Act on expired timers."""
        self.connections.handle_timers(now)
        self.agent.handle_timers(now)
        for admission in self._admissions:
            admission.handle_timers(now)
        if self.pjsip is not None:
            self.pjsip.gate.tell_connections()
        self.peers.handle_timers(now)
        self.digits_missing(now)
        self.confirm_again(now)

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

    def half_of(self, leg: int) -> HalfCall | None:
        """The half-call whose speech is on an RTP leg."""
        session = self._session_of(leg)
        return None if session is None else session.half

    def law_of(self, leg: int) -> str:
        """What was agreed to for an RTP leg: `A`, `u` or `clear`; empty before that."""
        session = self._session_of(leg)
        return "" if session is None or session.description is None else session.description.law

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

    @property
    def waiting(self) -> tuple[Collection[object], ...]:
        """What `settle` is to act on: the same lists every time, for those who look often."""
        return (*self._said, self.connections.waiting)

    def settle(self, now: float) -> bool:
        """Act on what the agent says; True when it said anything."""
        moved = bool(self.connections.waiting) and self._settle_streams(now)
        while True:
            for queue in self._said:
                if queue:
                    break
            else:
                return moved
            moved = True
            for output in self.agent.outputs():
                if isinstance(output, SendDatagram):
                    destination = output.destination
                    if len(destination) == 2 and self._trace is None:
                        self.datagrams.append((output.data, destination))
                    else:
                        self._send(output.data, destination, now)
                elif output.__class__ in self._HANDLERS:
                    self._handle(output, now)  # type: ignore[arg-type]
                elif isinstance(output, IncomingInvite):
                    self._incoming(output, now)
                elif isinstance(output, AliasOffered):
                    self.connections.alias(output.connection, output.port)
                elif isinstance(output, RegistrationChanged):
                    self._registrations.changed(output)
                elif isinstance(output, OptionsResult):
                    self.peers.pinged(output, now)

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

    # --- trunks of PJSIP

    def pjsip_event(self, event: pjsip.Event, now: float) -> None:
        """The PJSIP process told something."""
        if self.pjsip is not None:
            self.pjsip.event(event, now)
        if isinstance(event, pjsip.MessageSeen) and self._trace is not None:
            peer = endpoint_of(event.transport, *event.peer)
            self._trace(_message_line(">" if event.sent else "<", event.message, peer))

    def pjsip_lost(self, now: float) -> None:
        """The PJSIP process is gone: its calls are over, and their peers are told from our own address."""
        release = Release(Cause.TEMPORARY_FAILURE)
        for call, standing in [] if self.pjsip is None else self.pjsip.lost():
            if (session := self._sessions.get(call)) is not None:
                self.end_standing(self.trunks[session.trunk.name], [standing], release, now)

    def _pjsip_sources(self) -> list[pjsip.SetSources]:
        """Whence the calls of each trunk come."""
        return [
            pjsip.SetSources(
                port.account,
                [(one[0], one[1]) for one in port.destinations],
                (port.configuration.accept_from or ANYWHERE) if port.configuration.registrar else port.accepted,
                sorted(port.accept_names),
            )
            # The peers of other trunks may be where users may be.
            for port in sorted(self.trunks.values(), key=lambda port: port.configuration.registrar)
            if port.account
        ]

    def _pjsip_peer_trunk(self, source: Endpoint) -> SipTrunk | None:
        port = self._trunk_of(source, by_pjsip=True)
        return None if port is None else port.configuration

    def _moved(self, trunk: str, now: float) -> None:
        """The peer of a trunk is at other addresses."""
        self._registrations.moved(trunk, now)
        if self.pjsip is not None:
            self.pjsip.tell_sources()

    def watch_pjsip(self, captured: bool | None = None) -> None:
        """Have PJSIP tell its messages where somebody wants them: a capture (None: as before), or the log."""
        self._captured = self._captured if captured is None else captured
        if self.pjsip is not None:
            self.pjsip.watch(self._captured or self._trace is not None)

    # --- ourselves, as others name us

    def is_here(self, uri: str) -> bool:
        """Whether a URI names this gateway: by its domain, or by an address that it listens on."""
        parsed = parse_uri(uri)
        host, port = parsed.host.strip("[]").lower(), parsed.port
        ports = [listener.port for listener in self._listeners]
        if host == self._domain.lower() != self.address[0]:
            return port is None or port in ports
        return any(host == one.host and (port or 5060) == one.port for one in self._listeners)

    def number_here(self, uri: str) -> Number | None:
        """The number that a URI at this gateway means: that of the user it names, or itself."""
        named = self.users.number_named(parse_uri(uri).user or "")
        return number_of(parse_uri(uri if named is None else sip_uri(named, self._domain)))

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
        if port.account and (why := self.why_no_call(port)):
            self._log(Line("warning", "!", f"trunk {port.name}", f"call not made: {why}"))
            return Release(Cause.SWITCHING_EQUIPMENT_CONGESTION, diagnostic=f"{port.name}: {why}")
        trunk = port.configuration
        clear = trunk.clear_mode and setup.bearer is Bearer.UNRESTRICTED_64K
        laws = port.clear_laws if clear else port.laws
        session = self._media.open(trunk, half, laws, places[0].destination[0])
        if session is None:
            return Release(Cause.RESOURCES_UNAVAILABLE_UNSPECIFIED, diagnostic="no RTP port is free: see media.ports")
        self._media.start(session)
        if trunk.preconditions != "off":
            strength = Strength.MANDATORY if trunk.preconditions == "required" else Strength.OPTIONAL
            session.conditional = True
            session.preconditions = Preconditions.offered(strength, ready=not setup.continuity_pending)
        body = None if trunk.delayed_offer else self._media.offer(session)
        place = places[0]
        host, uri_port = port.host, None
        if not host:
            host, number = place.destination[:2]
            uri_port = None if number == DEFAULT_PORTS[transport_of(place.destination)] else number
        parties = identity_of(setup, trunk, host, uri_port, self._domain, self._country_code, self._rules)
        call_id = f"{self._token()}@{self._domain}"
        try:
            content_type, content = self._initial_body(port, setup, body)
        except EncodeError as error:
            self._media.close(session)
            return Release(Cause.INVALID_NUMBER_FORMAT, diagnostic=f"IAM cannot be built: {error}")
        request = InviteRequest(
            account=port.account,
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
            from_tag="" if setup.complete else self._token(),
        )
        session.uri_port = uri_port
        session.offered = None if setup.complete else setup
        try:
            call = self.agent.invite(request, now)
        except EncodeError as error:
            self._media.close(session)
            return Release(Cause.INVALID_NUMBER_FORMAT, diagnostic=f"INVITE cannot be built: {error}")
        session.request = request
        self._adopt(port, session, call, call_id)
        if len(places) > 1:
            (_, *others), session.places = together(places)
            self._ring_beside(session, others, now)
        self._control.leg_opened(half, session.leg)
        return None

    def why_no_call(self, port: SipTrunkPort) -> str:
        """Why the engine of a trunk takes no further call; empty where it does."""
        return self.pjsip.why_no_call if port.account and self.pjsip is not None else ""

    def _places(
        self, port: SipTrunkPort, setup: Setup, called_user: str | None, now: float
    ) -> tuple[list[Place], Release | None]:
        """Where a call may go, in order; or why it may go nowhere."""
        if not port.configuration.registrar:
            chosen = self.peers.choose(port, now)
            return ([], chosen) if isinstance(chosen, Release) else ([Place(endpoint) for endpoint in chosen], None)
        user = called_user or self.users.find_user(user_part(setup.called, self._country_code))
        if user is None:
            return [], Release(Cause.UNALLOCATED_NUMBER, diagnostic=f"{port.name}: no user has this number")
        trunk = port.configuration
        # What SRTP falls back to, and an answer to several offers, are one peer's matter.
        at_once = trunk.ring == "together" and trunk.srtp != "offered" and not trunk.delayed_offer
        places = [
            Place(binding.source, binding.uri, binding.quality if at_once else None)
            for binding in self.users.contacts(user)
        ]
        if not places:
            return [], Release(Cause.SUBSCRIBER_ABSENT, diagnostic=f"user {user} is not registered")
        return places, None

    def _initial_body(self, port: SipTrunkPort, setup: Setup, session: bytes | None) -> tuple[str, bytes | None]:
        """Content-Type and body of an INVITE: the session description, and the IAM where the trunk carries ISUP."""
        if port.encapsulation is None:
            return "application/sdp", session
        part = port.encapsulation.initial(setup, self._country_code)
        return port.encapsulation.body(session, part, self._token())

    # --- what the agent says

    def _incoming(self, output: IncomingInvite, now: float) -> None:
        call, request, source = output.call, output.request, output.source
        caller = request.caller
        if caller is not None:
            port: SipTrunkPort | None = self.trunks[self.users.trunk_of_user(caller)]
            self.agent.pin(call)
        else:
            port = self._trunk_of(source, by_pjsip=call < 0)
        if port is None:
            # `access` asks before; nothing but a change between the two could bring a stranger here.
            self.agent.respond(call, 403, now=now)
            return
        if not self.agent.configure(call, port.options, now):
            return
        user = request.uri.user or ""
        number = self._registrations.number_of(port.name, user) or self.users.number_named(user)
        if number is not None:
            request.uri_text = sip_uri(number, self._domain)
        if (priority := sip_priority.refusal(request, port.configuration)) is not None:
            self.agent.respond(call, priority[0], headers=priority[1], now=now)
            return
        setup = setup_of(request, port.configuration, self._rules)
        if setup is None:
            self.agent.respond(call, 404, "Not a telephone number", now=now)
            return
        if caller is not None:
            setup = replace(setup, calling=self.users.number_of_user(caller))
        if request.body and (status := refusal(request, port.encapsulation)) is not None:
            accept = (("Accept", _ACCEPT),) if status == 415 else ()
            self.agent.respond(call, status, headers=accept, now=now)
            return
        isup = None if port.encapsulation is None else self._read(port, request)
        if port.overlap and self.further_invite(port, output, setup, isup, now):
            return
        if port.overlap and not self._control.has_route(port.name, setup, now):
            self.agent.respond(call, ADDRESS_INCOMPLETE, now=now)
            return
        named = setup.called
        initial = isup if isup is not None and isup.type == MessageType.IAM else None
        if initial is not None:
            setup = merge_setup(setup, initial, port.configuration, self._country_code, self._rules)
        attempts = None
        if port.configuration.refer == "perform" and (text := request.get("replaces")):
            attempts = self._replacing(port, text, setup)
            if attempts is None:
                self.agent.respond(call, 481, now=now)
                return
        half = HalfCall(port, incoming=True)
        laws = port.clear_laws if port.configuration.clear_mode else port.laws
        limited = port.full or not port.rate.take(now)
        session = None if limited else self._media.open(port.configuration, half, laws, source[0])
        if session is None:
            what = "no RTP port is free: see media.ports"
            if limited:
                what = "max_calls reached" if port.full else "calls_per_second reached"
            self._log(Line("warning", "!", f"trunk {port.name}", f"call refused: {what}"))
            seconds = port.rate.wait() if limited and not port.full else 5
            self.agent.respond(call, 503, headers=(("Retry-After", str(seconds)),), now=now)
            return
        self._media.start(session)
        session.conditional = port.options.preconditions != "off" and self.agent.is_conditional(call)
        body = request.session
        if body and (verdict := self._media.take_offer(session, body)) is not Verdict.AGREED:
            self._media.close(session)
            phrase = "Malformed session description" if verdict is Verdict.MALFORMED else None
            part = Part("application/sdp", session.refusal) if session.refusal else None
            self.agent.respond(call, STATUSES[verdict], phrase, part=part, now=now)
            return
        session.suspended = session.preconditions is not None and bool(session.preconditions.missing)
        if setup.continuity_pending is not session.suspended:
            setup = replace(setup, continuity_pending=session.suspended)
        if half.clear_channel:
            setup = replace(setup, bearer=Bearer.UNRESTRICTED_64K)
        else:
            session.laws = port.laws
        sip_early.note_caller(session, request)
        self._adopt(port, session, call, request.call_id)
        if port.overlap:
            whole = initial is not None and number_ends(initial)
            setup = replace(setup, complete=whole or not self._control.may_offer_early(port.name, setup, now))
            self.note_caller(session, request, replace(setup, called=named))
        if attempts is not None:
            self._control.originate(half, setup, attempts, now, session.leg)
        else:
            self._control.setup(half, setup, now, session.leg)
        if session.preconditions is not None:
            self.suspend(session, now)
        collects = port.digits_in_info and not setup.complete and body and self.agent.is_reliable(call)
        if collects and not half.released and session.said is None:
            # The dialog for INFO; with a description it would be more than that (24.229 N.2).
            self.agent.respond(call, 183, now=now)

    def _replacing(self, port: SipTrunkPort, text: str, setup: Setup) -> tuple[Attempt, ...] | None:
        """What becomes of a call that is to take the place of another one; None when there is none (RFC 3891 3)."""
        replaces, transferrer = sip_refer.Replaces.parse(text), self._control.transferrer
        if replaces is None or replaces.early_only or transferrer is None:
            return None
        number = self.agent.find_dialog(replaces.call_id, replaces.tags)
        session = None if number is None else self._sessions.get(number)
        if session is None or session.trunk is not port.configuration:
            return None
        return transferrer.replacing(session.half, setup)

    # --- sessions

    def _peer_trunk(self, source: Endpoint) -> SipTrunk | None:
        port = self._trunk_of(source)
        return None if port is None else port.configuration

    def _trunk_of(self, source: Endpoint, by_pjsip: bool = False) -> SipTrunkPort | None:
        """The trunk whose peer is `source`, else one that accepts from its address: of its transport before others.

        Where a trunk goes by names, the certificate must bear one, and an address says nothing (RFC 5922). A call that
        came to PJSIP is of a trunk of PJSIP, and no other.
        """
        alike = by_address = None
        for port in self.trunks.values():
            if bool(port.account) != by_pjsip:
                continue
            if port.accept_names:
                if by_pjsip and self.pjsip is not None:
                    names = self.pjsip.names_of(source)
                else:
                    names = self.connections.names_of(source)
                if (names is None and source in port.peers) or (names and not port.accept_names.isdisjoint(names)):
                    return port
                continue
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
