"""PJSIP at work: its endpoint, what the signalling process wants of it, and the calls that come.

Everything here runs in the main thread of the process, within `poll`; only `SpeechPort` is called by the thread of the
conference bridge.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj

from tandem.core.cause import Cause, cause_name

from . import abilities, descriptions, direct, library, requests
from .accounts import Accounts, Place
from .calls import Call
from .exchange import Exchange
from .gate import Gate
from .keep_alives import KeepAlives
from .messages import MessageLog
from .modules import Modules
from .parameters import headers_into
from .peers import Peers, address_of, is_of_peer, shown
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
    Command,
    DropRequest,
    EndCall,
    EngineConfiguration,
    Event,
    KeepConnections,
    Leave,
    MakeCall,
    MessageSeen,
    Ping,
    PingAnswered,
    Register,
    Respond,
    SendInfo,
    SetHold,
    SetSources,
    Started,
    TellMessages,
    TellReady,
    TellTransfer,
    TurnAway,
    Unregister,
)
from .speech import SpeechPath
from .transports import EngineError, Transports

_SPARE: Final = 1
"""Calls that the build has beyond those we use, to answer 503 to one that is too much: PJSIP itself would say 486."""
_LOOK: Final = 0.2
"""Seconds between looks at what comes from the peers."""
_FILES: Final = 1.0
"""Seconds between looks at whether certificates have changed."""


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


class Engine:
    """The whole of PJSIP in this process."""

    def __init__(self, configuration: EngineConfiguration, tell: Callable[[Event], None]) -> None:
        self.configuration = configuration
        self.tell = tell
        self.calls: dict[int, Call] = {}
        self.ended: list[pj.Call] = []
        """Calls that are over, to be let go of outside PJSIP's callbacks."""
        self.limit = 0
        """Calls at once that the build allows."""
        self._last_number = -1
        self._look = self._files = 0.0
        self._turning_away = False
        """Somebody is to be turned away."""
        self._log = MessageLog(self._message)
        self.endpoint = Endpoint(self)
        self.transports = Transports(configuration, self.endpoint, tell)
        self.peers = Peers(configuration, tell)
        self.gate = Gate(tell, lambda place: self.peers.connection_of(shown(place)))
        """Who must prove who he is."""
        self.accounts = Accounts(self)
        self.exchange = Exchange(configuration, self.calls)
        self.modules = Modules(self)
        self._keep_alives = KeepAlives()
        self.first_law = {"PCMA": "A", "PCMU": "u"}[configuration.codecs[0]]
        """Of the codec that we want most."""

    def start(self) -> None:
        """Open the ports; EngineError when that cannot be done."""
        wanted = self.configuration
        self.endpoint.libCreate()
        several = *(one.host for one in self.transports.listeners), *self.accounts.media_addresses.values()
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
        self.modules.register()
        self._keep_alives.begin()
        library.understand(b"resource-priority")
        if any(account.preconditions != "off" for account in wanted.accounts):
            library.understand(b"precondition")
        self.limit = self.gate.calls_allowed = abilities.calls_allowed()
        self.transports.open()
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        self._choose_codecs()
        self._stranger = self.accounts.place(Account(""), "")
        self.tell(Started(self.endpoint.libVersion().full, self.limit, self.transports.openssl))

    def _choose_codecs(self) -> None:
        """Have PJSIP offer and take those of the configuration, in their order, with packets of its length."""
        wanted = self.configuration
        for codec in self.endpoint.codecEnum2():
            name = codec.codecId.partition("/")[0]
            rank = wanted.codecs.index(name) if name in wanted.codecs else None
            self.endpoint.codecSetPriority(codec.codecId, 0 if rank is None else 250 - rank)
            if rank is not None:
                parameters = self.endpoint.codecGetParam(codec.codecId)
                parameters.setting.frmPerPkt = max(1, wanted.packet_time // parameters.info.frameLen)
                self.endpoint.codecSetParam(codec.codecId, parameters)

    def poll(self, milliseconds: int) -> None:
        """Let PJSIP work, at most for so long when there is nothing to do; then see to the calls."""
        self.endpoint.libHandleEvents(milliseconds)
        for over in self.ended:
            if isinstance(over, Call):
                over.media.let_go()
                if over.passing is not None:
                    self.accounts.leave(over.passing)
        self.ended.clear()
        for call in self.calls.values():
            call.media.send_digits()
        now = time.monotonic()
        if now >= self._look:
            self._look = now + _LOOK
            self.exchange.aliases.expire(now)
            for call in self.calls.values():
                if call.confirmed:
                    call.media.watch(now)
            if self.gate.look(now) or self._turning_away:
                self._turning_away = False
                self._protect()
        if now >= self._files:
            self._files = now + _FILES
            if self.transports.read_certificates():
                self._protect()

    def leave(self) -> None:
        """End every call and take every registration back, as far as peers answer."""
        self.endpoint.hangupAllCalls()
        self.accounts.unregister_all()

    def abandon(self) -> None:
        """The signalling process was killed: tell the peers of all calls."""
        cause = Cause.TEMPORARY_FAILURE
        for number in list(self.calls):
            self.command(EndCall(number, 503, [("Reason", f'Q.850;cause={int(cause)};text="{cause_name(cause)}"')]))

    @property
    def busy(self) -> bool:
        """Whether a call, or a registration that is being taken back, waits for its peer."""
        return bool(self.calls) or self.accounts.registered

    def _protect(self) -> None:
        self.transports.protect(self.peers.told, self.gate.turned_away)

    def _message(self, octets: bytes, transport: str, peer: tuple[str, int], sent: bool) -> None:
        own = next(
            (one for one in self.transports.listeners if one.transport == transport), self.transports.listeners[0]
        )
        self.tell(MessageSeen(octets, own.transport, own[1:], peer, sent))

    # --- what the signalling process wants

    def command(self, command: Command) -> None:
        """Carry one command out; one for a call that is over does nothing."""
        match command:
            case MakeCall():
                self._make_call(command)
            case Ping(number, account, destination, uri):
                self._ping(number, account, destination, uri)
            case SetSources():
                self.peers.set_sources(command)
                self._protect()
            case Register():
                self.accounts.register(command)
            case AnswerRequest() | AdmitRequest() | DropRequest() | KeepConnections():
                self.gate.command(command)
            case TurnAway():
                self.gate.turn_away(command, time.monotonic())
                self._turning_away = True
            case Leave(on):
                self.modules.leaving = on
            case TellMessages(on):
                self._log.listen(on)
            case Unregister(number):
                self.accounts.unregister(number)
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
            place = self.accounts.place(self.accounts.by_name[command.account], command.destination)
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
            if not self.gate.has_connection(address_of(place)):
                return f"the connection from {place} is closed"
        return ""

    def _path(self) -> SpeechPath:
        return SpeechPath(self.configuration.media_address)

    def _ping(self, number: int, account: str, destination: str, uri: str) -> None:
        place = self.accounts.place(self.accounts.by_name[account], destination)
        parameters = pj.SendRequestParam()
        parameters.method = "OPTIONS"
        parameters.txOption.targetUri = uri
        place.pings.append(number)
        try:
            place.sendRequest(parameters)
        except pj.Error:
            place.pings.pop()
            self.tell(PingAnswered(number, 0))

    # --- what PJSIP says

    def place_of(self, received: Any) -> Place | None:
        """The account of the trunk whose peer has sent something, as `SipTrunks` is going to find it too."""
        found = None if self.gate.admitted is None else self.gate.admitted.account
        found = found or self.peers.account_of(received.srcAddress, requests.transport_of(int(received.pjRxData)))
        if found is not None and self.accounts.by_name[found].direct:
            self.exchange.begins(int(received.pjRxData))
        if found is not None and self.accounts.by_name[found].refresher == "local":
            library.name_refresher_received(int(received.pjRxData), library.UAS)
        if found is None:
            return None
        return self.accounts.place(
            self.accounts.by_name[found],
            "",
            "[" in received.srcAddress,
            descriptions.version_offered(received.wholeMsg),
        )

    def connection(self, parameters: Any) -> None:
        """One is there or gone."""
        if parameters.state != pj.PJSIP_TP_STATE_CONNECTED:
            self.gate.connection_gone(int(parameters.hnd))
            self._keep_alives.connection_gone(int(parameters.hnd))
        elif is_of_peer(parameters):
            self.gate.connected(int(parameters.hnd), time.monotonic())
        self.peers.connection(parameters)

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
        call.offers.made = direct.has_description(message)
        connection = self.peers.connection_of(source)
        transport = requests.transport_of(int(parameters.rdata.pjRxData))
        where = address_of(source)
        event = CallReceived(number, message, where, call.media.path.port, transport, connection, call.direct)
        if (admitted := self.gate.admitted) is not None:
            event.admitted, event.caller = True, admitted.caller
        self.tell(event)
