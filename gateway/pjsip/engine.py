"""PJSIP at work: its endpoint, one account for each trunk and place, calls, pings, registrations.

Everything here runs in the main thread of the process, within `poll`; only `SpeechPort` is called by the thread of the
conference bridge.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj

from tandem.core.cause import Cause, cause_name
from tandem.core.errors import TandemError
from tandem.gateway.sip.endpoint import Listener, TransportName, endpoint_of
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.sources import Sources
from tandem.gateway.sip.tls import TlsContexts

from . import abilities, direct, library, packet_filter, requests, sound, tls
from .calls import ISUP, UAS, Call, headers_into
from .exchange import Exchange
from .gate import Gate
from .keep_alives import KeepAlives
from .messages import MessageLog
from .protocol import (
    Account,
    AdmitRequest,
    AnswerOffer,
    AnswerRefer,
    AnswerRequest,
    Ask,
    CallEnded,
    CallReceived,
    CallRefused,
    CertificatesRead,
    Command,
    Content,
    DropRequest,
    EndCall,
    EngineConfiguration,
    Event,
    KeepConnections,
    Leave,
    MakeCall,
    MessageSeen,
    PeerProved,
    Ping,
    PingAnswered,
    Register,
    RegistrationAnswered,
    Respond,
    SendInfo,
    SetHold,
    SetSources,
    Started,
    TellMessages,
    TellReady,
    TellTransfer,
    Trouble,
    TurnAway,
    Unregister,
)
from .speech import SpeechPath

_SPARE: Final = 1
"""Calls that the build has beyond those we use, to answer 503 to one that is too much: PJSIP itself would say 486."""
_ACCEPTED: Final = (b"tcps", b"tlss")
"""How connections are called that others have opened; our own are tcpc and tlsc."""
_LATER: Final = [("Retry-After", "60")]
"""With 503 while no new calls are wanted, as of Tandem's own agent."""
_LOOK: Final = 0.2
"""Seconds between looks at what comes from the peers."""
_FILES: Final = 1.0
"""Seconds between looks at whether certificates have changed."""
_CONNECTION: Final = re.compile(r"\nc=IN IP([46]) ")
"""Version of IP of a stream, or of all (RFC 4566 5.7)."""
_KINDS: Final = {
    ("udp", False): pj.PJSIP_TRANSPORT_UDP,
    ("tcp", False): pj.PJSIP_TRANSPORT_TCP,
    ("tls", False): pj.PJSIP_TRANSPORT_TLS,
    ("udp", True): pj.PJSIP_TRANSPORT_UDP6,
    ("tcp", True): pj.PJSIP_TRANSPORT_TCP6,
    ("tls", True): pj.PJSIP_TRANSPORT_TLS6,
}
"""By transport and whether it is of IPv6."""
_VERSIONS: Final = {False: pj.PJSUA_IPV6_DISABLED, True: pj.PJSUA_IPV6_ENABLED_USE_IPV6_ONLY}
_RELIABLE: Final = {
    "off": pj.PJSUA_100REL_NOT_USED,
    "supported": pj.PJSUA_100REL_OPTIONAL,
    "required": pj.PJSUA_100REL_MANDATORY,
}
_SRTP: Final = {
    "off": pj.PJMEDIA_SRTP_DISABLED,
    "offered": pj.PJMEDIA_SRTP_OPTIONAL,
    "required": pj.PJMEDIA_SRTP_MANDATORY,
}


class EngineError(TandemError):
    """PJSIP cannot do what the configuration wants."""


class Endpoint(pj.Endpoint):
    """Chooses the account of an incoming call: that of the trunk whose peer calls."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def onSelectAccount(self, parameters: Any) -> None:
        """Whose settings an incoming request has."""
        place = self._engine.place_of(parameters.rdata)
        if place is not None:
            parameters.accountIndex = place.getId()

    def onTransportState(self, parameters: Any) -> None:
        """A connection is there, or gone."""
        self._engine.connection(parameters)


class Place(pj.Account):
    """A trunk's settings with one place that its requests go to."""

    def __init__(self, engine: Engine, settings: Account) -> None:
        super().__init__()
        self._engine = engine
        self.settings = settings
        self.pings: deque[int] = deque()
        self.calls = 0
        """Calls to a phone that registered there."""

    def onIncomingCall(self, parameters: Any) -> None:
        """A call came."""
        self._engine.incoming(self, parameters)

    def onSendRequest(self, parameters: Any) -> None:
        """A ping was answered, or not."""
        if self.pings:
            transaction = parameters.e.body.tsxState.tsx
            came = parameters.e.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG
            self._engine.tell(PingAnswered(self.pings.popleft(), int(transaction.statusCode) if came else 0))


class Registration(pj.Account):
    """One registration with a provider."""

    def __init__(self, engine: Engine, number: int, settings: Account) -> None:
        super().__init__()
        self._engine = engine
        self.settings = settings
        self._number = number
        self.granted = 0

    def onIncomingCall(self, parameters: Any) -> None:
        """A call to our contact, from a source of no trunk."""
        self._engine.incoming(self, parameters)

    def onRegState(self, parameters: Any) -> None:
        """The provider answered, or did not."""
        granted = int(parameters.expiration) if parameters.code // 100 == 2 else 0
        if granted > 1 << 31:
            granted = 0
        self.granted = granted
        self._engine.tell(RegistrationAnswered(self._number, int(parameters.code), parameters.reason, granted))


class Engine:
    """The whole of PJSIP in this process."""

    def __init__(self, configuration: EngineConfiguration, tell: Callable[[Event], None]) -> None:
        self.configuration = configuration
        self.tell = tell
        self.calls: dict[int, Call] = {}
        self.ended: list[pj.Call] = []
        """Calls that are over, to be let go of outside PJSIP's callbacks."""
        self._accounts = {account.name: account for account in configuration.accounts}
        self._sources: dict[str, tuple[SetSources, Sources]] = {}
        self._places: dict[tuple[str, str, bool, bool], Place] = {}
        several = configuration.media_address, configuration.media_address_v6
        self._media_addresses = {":" in one: one for one in several if one}
        """Addresses of RTP, by whether they are of IPv6."""
        self._registrations: dict[int, Registration] = {}
        self._last_number = -1
        self._look = self._files = 0.0
        self._turning_away = False
        """Somebody is to be turned away."""
        self._listeners = [
            Listener("udp", configuration.address, configuration.port),
            *configuration.listeners,
        ]
        self._certificates: TlsContexts | None = None
        self._openssl = ""
        self._tls_transports: dict[Listener, int] = {}
        self._tls_count = sum(listener.transport == "tls" for listener in self._listeners)
        self._proved: dict[str, tuple[int, tuple[str, ...]]] = {}
        """Who has connected to us over TLS, by `ADDRESS:PORT`: number of the connection, names in the certificate."""
        self._last_connection = 0
        self._log = MessageLog(self._message)
        self._guarded = any(account.guarded for account in configuration.accounts)
        self.gate = Gate(tell, lambda place: self._proved.get(_shown(place), (0, ()))[0])
        """Who must prove who he is."""
        self.pins: dict[str, bytes] = {}
        """Where the requests of a call of ours go to, whatever the peer's Contact says, by its Call-ID."""
        self._expected: dict[str, set[str]] = {}
        """What servers that we connect to are called, by `ADDRESS:PORT`."""
        self.endpoint = Endpoint(self)
        self.exchange = Exchange(configuration, self.calls)
        self._keep_alives = KeepAlives()
        self._modules = (
            library.Module(library.BEFORE_TRANSACTIONS, request=self._first, response=self._response),
            library.Module(
                library.BEFORE_DIALOGS,
                request=self._request,
                sent_request=self._sent_request,
                sent_response=self._sent_response,
            ),
            library.Module(library.LOG, sent_request=self.exchange.goes, sent_response=self.exchange.goes),
        )
        self.refreshers: dict[str, bytes] = {}
        """Who is to refresh the session of a call of ours, by its Call-ID."""
        self._released: Content | None = None
        """What the 200 to the BYE that PJSIP is about to see is to have in it."""
        self._leaving = False
        """No new calls are wanted."""
        self.limit = 0
        self.first_law = {"PCMA": "A", "PCMU": "u"}[configuration.codecs[0]]
        """Of the codec that we want most."""

    def start(self) -> None:
        """Open the ports; EngineError when that cannot be done."""
        wanted = self.configuration
        self.endpoint.libCreate()
        several = *(one.host for one in self._listeners), *self._media_addresses.values()
        if any(":" in one for one in several) and not abilities.has_ipv6():
            raise EngineError(f"PJSIP {self.endpoint.libVersion().full} was built without IPv6 (PJ_HAS_IPV6)")
        settings = pj.EpConfig()
        self._log.into(settings.logConfig)
        agent, media = settings.uaConfig, settings.medConfig
        agent.maxCalls, agent.threadCnt, agent.mainThreadOnly = abilities.PLENTY, 0, True
        agent.userAgent, agent.stunIgnoreFailure = wanted.user_agent, True
        for server in wanted.stun:
            agent.stunServer.append(server)
        media.clockRate = media.sndClockRate = 8000
        # With a ptime of its own it would not hear that of the peer.
        media.channelCount, media.audioFramePtime, media.ptime = 1, 20, 0
        media.noVad, media.ecTailLen = True, 0
        self.endpoint.libInit(settings)
        self._log.begin()
        for module in self._modules:
            module.register()
        self._keep_alives.begin()
        library.understand(b"resource-priority")
        if any(account.preconditions != "off" for account in wanted.accounts):
            library.understand(b"precondition")
        self.limit = self.gate.calls_allowed = abilities.calls_allowed()
        if any(listener.transport == "tls" for listener in self._listeners):
            assert wanted.tls is not None, "the configuration was checked"
            self._certificates, self._openssl = TlsContexts(wanted.tls), abilities.openssl()
        for listener in self._listeners:
            self._listen(listener)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        for codec in self.endpoint.codecEnum2():
            name = codec.codecId.partition("/")[0]
            rank = wanted.codecs.index(name) if name in wanted.codecs else None
            self.endpoint.codecSetPriority(codec.codecId, 0 if rank is None else 250 - rank)
            if rank is not None:
                parameters = self.endpoint.codecGetParam(codec.codecId)
                parameters.setting.frmPerPkt = max(1, wanted.packet_time // parameters.info.frameLen)
                self.endpoint.codecSetParam(codec.codecId, parameters)
        self._stranger = self._place(Account(""), "")
        self.tell(Started(self.endpoint.libVersion().full, self.limit, self._openssl))

    def _listen(self, listener: Listener) -> None:
        transport = pj.TransportConfig()
        transport.boundAddress, transport.port = listener.host, listener.port
        transport.publicAddress = self._public_of(listener.host)
        if listener.transport == "tls":
            assert self.configuration.tls is not None, "the configuration was checked"
            transport.tlsConfig = tls.settings_of(self.configuration.tls, self._openssl)
        try:
            number = self.endpoint.transportCreate(_KINDS[listener.transport, ":" in listener.host], transport)
        except pj.Error as error:
            key = "listen" if listener[1:] == self._listeners[0][1:] else "also_listen"
            raise EngineError(f"sip.pjsua2.{key}: {listener} cannot be opened: {error.reason}") from None
        if listener.transport == "tls":
            self._tls_transports[listener] = number

    def _protect(self) -> None:
        """Let nobody reach us but peers of trunks; where certificates say who may call, TLS is open to all."""
        told = [sources for sources, _ in self._sources.values()]
        if not told:
            return
        sources = {host for one in told for host, _ in one.peers}
        sources.update(network for one in told for network in one.networks)
        for listener in self._listeners:
            anybody = listener.transport == "tls" and any(one.names for one in told)
            kind = socket.SOCK_DGRAM if listener.transport == "udp" else socket.SOCK_STREAM
            admitted = ["0.0.0.0/0", "::/0"] if anybody else sources
            packet_filter.protect(kind, listener[1:], admitted, self.gate.turned_away)

    def _message(self, octets: bytes, transport: str, peer: tuple[str, int], sent: bool) -> None:
        own = next((one for one in self._listeners if one.transport == transport), self._listeners[0])
        self.tell(MessageSeen(octets, own.transport, own[1:], peer, sent))

    def _read_certificates(self) -> None:
        """Listen with new certificates where the files have changed; connections that are open go on."""
        if self._certificates is None:
            return
        wrong = self._certificates.refresh()
        if wrong is None and len(self._tls_transports) == self._tls_count:
            return
        if not wrong:
            for number in self._tls_transports.values():
                with contextlib.suppress(pj.Error):
                    self.endpoint.transportClose(number)
            self._tls_transports.clear()
            try:
                for listener in self._listeners:
                    if listener.transport == "tls":
                        self._listen(listener)
            except TandemError as error:
                if wrong is not None:
                    self.tell(Trouble(f"{error}; tried again until it can be"))
                return
            self._protect()
        self.tell(CertificatesRead(wrong or ""))

    def poll(self, milliseconds: int) -> None:
        """Let PJSIP work, at most for so long when there is nothing to do; then see to the calls."""
        self.endpoint.libHandleEvents(milliseconds)
        for over in self.ended:
            if isinstance(over, Call):
                over.let_go()
                if over.passing is not None:
                    self._leave(over.passing)
        self.ended.clear()
        for call in self.calls.values():
            call.send_digits()
        now = time.monotonic()
        if now >= self._look:
            self._look = now + _LOOK
            self.exchange.aliases.expire(now)
            for call in self.calls.values():
                call.watch(now)
            if self.gate.look(now) or self._turning_away:
                self._turning_away = False
                self._protect()
        if now >= self._files:
            self._files = now + _FILES
            self._read_certificates()

    def leave(self) -> None:
        """End every call and take every registration back, as far as peers answer."""
        self.endpoint.hangupAllCalls()
        for number in self._registrations:
            self.command(Unregister(number))

    def abandon(self) -> None:
        """The signalling process was killed: tell the peers of all calls."""
        cause = Cause.TEMPORARY_FAILURE
        for number in list(self.calls):
            self.command(EndCall(number, 503, [("Reason", f'Q.850;cause={int(cause)};text="{cause_name(cause)}"')]))

    @property
    def busy(self) -> bool:
        """Whether a call, or a registration that is being taken back, waits for its peer."""
        return bool(self.calls) or any(one.granted for one in self._registrations.values())

    # --- what the signalling process wants

    def command(self, command: Command) -> None:
        """Carry one command out; one for a call that is over does nothing."""
        match command:
            case MakeCall():
                self._make_call(command)
            case Ping(number, account, destination, uri):
                self._ping(number, account, destination, uri)
            case SetSources(account):
                self._sources[account] = command, Sources(command.networks)
                self._protect()
            case Register():
                self._register(command)
            case AnswerRequest() | AdmitRequest() | DropRequest() | KeepConnections():
                self.gate.command(command)
            case TurnAway():
                self.gate.turn_away(command, time.monotonic())
                self._turning_away = True
            case Leave(on):
                self._leaving = on
            case TellMessages(on):
                self._log.listen(on)
            case Unregister(number) if (registration := self._registrations.get(number)) is not None:
                with contextlib.suppress(pj.Error):
                    registration.setRegistration(False)
            case (
                Respond()
                | EndCall()
                | SetHold()
                | SendInfo()
                | Ask()
                | TellReady()
                | AnswerOffer()
                | AnswerRefer()
                | TellTransfer()
            ) if command.call in self.calls:
                self.calls[command.call].command(command)

    def _make_call(self, command: MakeCall) -> None:
        if why := self._why_no_call(command):
            self.tell(CallEnded(command.call, 503, why, b""))
            return
        try:
            call = Call(self, command.call, self._path(), outgoing=True)
        except OSError as error:
            self.tell(CallEnded(command.call, 503, f"no port for speech: {error.strerror}", b""))
            return
        self.calls[command.call] = call
        try:
            place = self._place(self._accounts[command.account], command.destination)
            if command.pinned:
                call.passing = place
                place.calls += 1
            call.begin(place, command)
        except pj.Error as error:
            call.end(500, error.reason)

    def _why_no_call(self, command: MakeCall) -> str:
        """Why there can be no such call; empty where there can."""
        if len(self.calls) >= self.limit - _SPARE:
            return f"this PJSIP allows {self.limit} calls, and one is spared to refuse others"
        if command.pinned and not command.destination.endswith(";transport=udp"):
            place = command.destination.partition(":")[2].partition(";")[0]
            if not self.gate.has_connection(_address_of(place)):
                return f"the connection from {place} is closed"
        return ""

    def _path(self) -> SpeechPath:
        return SpeechPath(self.configuration.media_address)

    def _ping(self, number: int, account: str, destination: str, uri: str) -> None:
        place = self._place(self._accounts[account], destination)
        parameters = pj.SendRequestParam()
        parameters.method = "OPTIONS"
        parameters.txOption.targetUri = uri
        place.pings.append(number)
        try:
            place.sendRequest(parameters)
        except pj.Error:
            place.pings.pop()
            self.tell(PingAnswered(number, 0))

    def _register(self, command: Register) -> None:
        six = "[" in command.destination
        media_six = ":" in self.configuration.media_address
        settings = self._settings(self._accounts[command.account], command.destination, six, media_six)
        settings.idUri = command.address_of_record
        settings.regConfig.registrarUri = command.registrar
        settings.regConfig.timeoutSec = command.expires
        settings.regConfig.registerOnAdd = True
        # Waits when no server has answered, that of Tandem's own engine first.
        settings.regConfig.firstRetryIntervalSec, settings.regConfig.retryIntervalSec = 30, 300
        settings.sipConfig.contactForced = f"<{self._own_uri(command.destination, command.contact_user, six)}>"
        if command.user:
            settings.sipConfig.authCreds.clear()
            settings.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", command.user, 0, command.password))
        found = self._registrations.get(command.number)
        try:
            if found is not None:
                found.modify(settings)
            else:
                found = self._registrations[command.number] = Registration(
                    self, command.number, self._accounts[command.account]
                )
                found.create(settings)
        except pj.Error as error:
            self.tell(RegistrationAnswered(command.number, 503, error.reason, 0))

    # --- incoming calls

    def _request(self, received: int) -> bool:
        """A request came that PJSIP has not answered: whether it is to see nothing of it for now.

        What a REFER asks for, and an INVITE with Replaces, is for call control to do: PJSIP would do it by itself.
        An ACK outside a dialog acknowledges nothing; one that is like an INVITE else has PJSIP answer it (482), and a
        build with assertions end.
        """
        message = library.octets_of(received)
        self._released = None
        _hide_isup(received, message)
        if self.exchange.hide_description(received, message):
            return True
        if message.startswith(b"INVITE "):
            library.without_header(received, b"Replaces")
        if self._leaving and message.startswith(b"OPTIONS ") and not direct.is_within_dialog(message):
            return requests.answer(received, 503, _LATER, lasting=False)
        if self._guarded and self._must_prove(received, message):
            return True
        if message.startswith(b"ACK "):
            return not direct.is_within_dialog(message)
        elif message.startswith(b"REFER "):
            return any(call.asked_to_transfer(received, message) for call in self.calls.values())
        elif message.startswith(b"BYE ") and ISUP in message.lower():
            with contextlib.suppress(SipDecodeError):
                request = parse_message(message)
                self._released = next((call.released for call in self.calls.values() if call.is_of(request)), None)
        return False

    def _must_prove(self, received: int, message: bytes) -> bool:
        """Whether a request waits for what the signalling process decides: outside a dialog, and of no known peer."""
        if message.startswith(b"ACK ") or direct.is_within_dialog(message):
            return False
        if message.startswith(b"CANCEL "):
            return self.gate.cancel(received, message)
        source = _shown(requests.origin_of(received))
        found = self._account_of(source, requests.transport_of(received))
        if found is not None and not self._accounts[found].guarded:
            self.gate.proved(requests.connection_of(received))
            return False
        return self.gate.ask(received, message, time.monotonic())

    def _first(self, received: int) -> bool:
        """A request came: whether PJSIP is to see nothing of it at all."""
        if not sound.is_sound(library.octets_of(received)):
            return True
        self._heard(received)
        return self.exchange.comes(received)

    def _heard(self, received: int) -> None:
        """A message came: where nobody registers, its connection is one that is used."""
        if not self._guarded:
            self.gate.proved(requests.connection_of(received))

    def _response(self, received: int) -> bool:
        """A response came: whether PJSIP is to see nothing of it for now."""
        self._heard(received)
        self.exchange.comes(received)
        message = library.octets_of(received)
        _hide_isup(received, message)
        if self.pins and (place := self.pins.get(library.call_id_received(received))) is not None:
            requests.route_back(received, place)
        return self.exchange.hide_description(received, message)

    def _sent_request(self, sent: int) -> bool:
        """A request is being sent: an INVITE names who is to refresh the session."""
        if self.refreshers and (who := self.refreshers.get(library.call_id_of_sent(sent))) is not None:
            library.name_refresher_sent(sent, who)
        return False

    def _sent_response(self, sent: int) -> bool:
        """A response is being sent: RLC belongs into that to a BYE with REL.

        PJSIP makes each answer to INVITE of the one before, with the fields of that, which are taken out.
        """
        content, self._released = self._released, None
        self.exchange.bare = False
        if content is not None and library.status_sent(sent, b"BYE") == 200:
            library.with_body(sent, 200, content.media_type, content.octets)
        elif (status := library.status_sent(sent, b"INVITE")) > 100:
            message = library.response_sent(sent, status)
            if self._guarded and message:
                requests.without_route_back(message)
            call_id = library.call_id_in(message)
            invite = call_id, library.sequence_in(message)
            call = next((call for call in self.calls.values() if call.answers == invite), None)
            self.exchange.bare = status == 183 and call is not None and call.bare
            for (name, value), count in call.fields.get(status, {}).items() if call is not None else ():
                library.keep_last(message, name.encode(), value.encode(), count)
        return False

    def place_of(self, received: Any) -> Place | None:
        """The account of the trunk whose peer has sent something, as `SipTrunks` is going to find it too."""
        found = None if self.gate.admitted is None else self.gate.admitted.account
        found = found or self._account_of(received.srcAddress, transport_in(received))
        if found is not None and self._accounts[found].direct:
            self.exchange.begins(int(received.pjRxData))
        if found is not None and self._accounts[found].refresher == "local":
            library.name_refresher_received(int(received.pjRxData), UAS)
        if found is None:
            return None
        return self._place(self._accounts[found], "", "[" in received.srcAddress, version_offered(received.wholeMsg))

    def _account_of(self, source: str, transport: TransportName) -> str | None:
        """The trunk that `ADDRESS:PORT` is of."""
        host, port = _address_of(source)
        endpoint = endpoint_of(transport, host, port)
        _, names = self._proved.get(source, (0, ()))
        found = None
        for account, (sources, networks) in self._sources.items():
            if sources.names:
                if not set(names).isdisjoint(sources.names):
                    return account
            elif (host, port) in sources.peers:
                return account
            elif found is None and endpoint in networks:
                found = account
        return found

    # --- connections

    def connection(self, parameters: Any) -> None:
        """One is there or gone: look at the certificate of a server, note that of a client."""
        if parameters.state != pj.PJSIP_TP_STATE_CONNECTED:
            self.gate.connection_gone(int(parameters.hnd))
            self._keep_alives.connection_gone(int(parameters.hnd))
        elif ctypes.string_at(int(parameters.hnd), 4) in _ACCEPTED:
            self.gate.connected(int(parameters.hnd), time.monotonic())
        if not parameters.type.upper().startswith("TLS"):
            return
        kind, source = ctypes.string_at(int(parameters.hnd), 4), parameters.tlsInfo.remoteAddr
        if parameters.state != pj.PJSIP_TP_STATE_CONNECTED:
            if source in self._proved:
                self.tell(PeerProved(self._proved.pop(source)[0], None))
        elif kind == b"tlsc":  # of ours
            self._check_server(parameters, source)
        else:
            self._last_connection += 1
            self._proved[source] = self._last_connection, tls.proved(parameters.tlsInfo)
            self.tell(PeerProved(*self._proved[source]))

    def _check_server(self, parameters: Any, source: str) -> None:
        assert self.configuration.tls is not None, "the configuration was checked"
        if not self.configuration.tls.verify:
            return
        names = self._expected.get(source, {""})
        wrong = [tls.why_not(parameters.tlsInfo, name or _address_of(source)[0]) for name in names]
        if all(wrong):
            library.close_connection(int(parameters.hnd))
            self.tell(Trouble(f"tls:{source} is not who it should be: {wrong[0]}"))

    def incoming(self, account: Any, parameters: Any) -> None:
        """An INVITE came: make it a call, or answer 503 when it is one too many."""
        self._last_number += 2
        number = -self._last_number
        source = parameters.rdata.srcAddress
        try:
            path = None if len(self.calls) >= self.limit - _SPARE else self._path()
        except OSError:
            path = None
        if path is None:
            refused = pj.Call(account, parameters.callId)
            answer = pj.CallOpParam()
            answer.statusCode = 503
            headers_into(answer.txOption, [("Retry-After", "5")])
            refused.answer(answer)
            self.ended.append(refused)
            self.tell(CallRefused(source))
            return
        call = Call(self, number, path, account, parameters.callId)
        self.calls[number] = call
        message = parameters.rdata.wholeMsg.encode("utf-8", "surrogateescape")
        call.known_as = library.call_id_received(int(parameters.rdata.pjRxData))
        call.answers = call.known_as, library.sequence_received(int(parameters.rdata.pjRxData))
        if account.settings.preconditions != "off" and not call.direct:
            call.heed_conditions(message)
        call.offered = direct.has_description(message)
        connection, _ = self._proved.get(source, (0, ()))
        transport = transport_in(parameters.rdata)
        where = _address_of(source)
        event = CallReceived(number, message, where, call.path.port, transport, connection, call.direct)
        if (admitted := self.gate.admitted) is not None:
            event.admitted, event.caller = True, admitted.caller
        self.tell(event)

    # --- accounts

    def _place(self, account: Account, destination: str, six: bool = False, media_six: bool | None = None) -> Place:
        """`six`: whether SIP is over IPv6, which a destination says itself; `media_six`: and RTP, None: the same."""
        six = "[" in destination if destination else six
        media_six = six if media_six is None else media_six
        if media_six not in self._media_addresses or account.direct:
            media_six = ":" in self.configuration.media_address
        key = account.name, destination, six, media_six
        found = self._places.get(key)
        if found is None:
            found = Place(self, account)
            if destination.endswith(";transport=tls"):
                self._expected.setdefault(destination[4:].partition(";")[0], set()).add(account.tls_name)
            found.create(self._settings(account, destination, six, media_six))
            self._places[key] = found
        return found

    def _leave(self, place: Place) -> None:
        """A call to a phone is over, which will be elsewhere tomorrow; PJSIP has few accounts (PJSUA_MAX_ACC)."""
        place.calls -= 1
        if not place.calls:
            self._places = {key: one for key, one in self._places.items() if one is not place}
            with contextlib.suppress(pj.Error):
                place.shutdown()

    def _own_uri(self, destination: str, user: str = "", six: bool = False) -> str:
        """Ours as the peer at a destination is to use it."""
        over = destination.rpartition(";transport=")[2] or "udp"
        own = min(self._listeners, key=lambda one: ((":" in one.host) != six, one.transport != over))
        own = own._replace(host=self._public_of(own.host) or own.host)
        parameter = "" if own.transport == "udp" else f";transport={own.transport}"
        return f"sip:{user}{'@' if user else ''}{own.sent_by}{parameter}"

    def _public_of(self, host: str) -> str:
        """What peers are told in the place of an address of ours, empty: itself."""
        return "" if ":" in host else self.configuration.public_address

    def _settings(self, account: Account, destination: str, six: bool, media_six: bool) -> Any:
        wanted = self.configuration
        settings = pj.AccountConfig()
        settings.idUri = self._own_uri(destination, six=six)
        settings.sipConfig.ipv6Use = _VERSIONS[six]
        if destination:
            settings.sipConfig.proxies.append(f"<{destination};lr;hide>")
        if account.user:
            settings.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", account.user, 0, account.password))
        nat = settings.natConfig
        nat.iceEnabled = account.ice
        nat.sipStunUse = pj.PJSUA_STUN_USE_DISABLED
        nat.mediaStunUse = pj.PJSUA_STUN_RETRY_ON_FAILURE if wanted.stun else pj.PJSUA_STUN_USE_DISABLED
        nat.contactRewriteUse = nat.viaRewriteUse = nat.sdpNatRewriteUse = 0
        nat.udpKaIntervalSec = 0
        # Contact names where we listen, not the end of a connection of ours that may be gone by then.
        nat.contactUseSrcPort = nat.sipOutboundUse = 0
        call = settings.callConfig
        call.prackUse = _RELIABLE["off" if account.delayed_offer and destination else account.reliable]
        call.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL if account.session_seconds else pj.PJSUA_SIP_TIMER_INACTIVE
        call.timerMinSESec = account.minimum_session_seconds
        call.timerSessExpiresSec = account.session_seconds or 1800
        media = settings.mediaConfig
        media.ipv6Use = _VERSIONS[media_six]
        media.transportConfig.boundAddress = address = self._media_addresses[media_six]
        media.transportConfig.publicAddress = self._public_of(address)
        media.transportConfig.port = wanted.rtp_ports[0]
        media.transportConfig.portRange = wanted.rtp_ports[1] - wanted.rtp_ports[0]
        if hasattr(media.transportConfig, "randomizePort"):
            # Of a hundred pairs in a row that calls of another account have, PJSIP tries none further.
            media.transportConfig.randomizePort = True
        media.srtpUse = _SRTP[account.srtp]
        media.srtpSecureSignaling = 0
        return settings


def _hide_isup(received: int, message: bytes) -> None:
    """Have PJSIP not see a body with ISUP and no description: it would refuse that, or end the call (415)."""
    folded = message.lower()
    if ISUP in folded and b"application/sdp" not in folded:
        library.without_body(received)


def version_offered(message: str) -> bool | None:
    """Whether the first stream of an offer is of IPv6; None without one."""
    session, mark, rest = message.partition("\r\nm=")
    found = _CONNECTION.search(rest.partition("\r\nm=")[0]) or _CONNECTION.search(session)
    return None if not mark or found is None else found[1] == "6"


def _address_of(source: str) -> tuple[str, int]:
    """`ADDRESS:PORT` in two."""
    host, _, port = source.rpartition(":")
    return host.strip("[]"), int(port)


def _shown(place: tuple[str, int]) -> str:
    """The same in one."""
    host = f"[{place[0]}]" if ":" in place[0] else place[0]
    return f"{host}:{place[1]}"


def transport_in(received: Any) -> TransportName:
    """What a message came over, of a SipRxData.

    Its Via says what the peer likes. PJSIP knows, and pjsua2 does not say it: `tp_info.transport` stands behind one
    pointer in `pjsip_rx_data`, and begins with its name, such as `tlsc0x7f2d`, since there is PJSIP.
    """
    transport = ctypes.cast(int(received.pjRxData), ctypes.POINTER(ctypes.c_void_p))[1]
    name = ctypes.string_at(transport, 3) if transport else b""
    return {b"tls": "tls", b"tcp": "tcp"}.get(name, "udp")  # type: ignore[return-value]
