"""PJSIP's accounts: one for each trunk and place that its requests go to, and one for each registration.

An account has one version of IP for SIP and one for RTP.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import pjsua2 as pj

from .protocol import Account, PingAnswered, Register, RegistrationAnswered

if TYPE_CHECKING:
    from .engine import Engine

_VERSIONS: Final = {False: pj.PJSUA_IPV6_DISABLED, True: pj.PJSUA_IPV6_ENABLED_USE_IPV6_ONLY}
"""By whether it is IPv6."""
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
        self.refused = False
        """The last answer was none to be glad of."""

    def onIncomingCall(self, parameters: Any) -> None:
        """A call to our contact, from a source of no trunk."""
        self._engine.incoming(self, parameters)

    def onRegState(self, parameters: Any) -> None:
        """The provider answered, or did not."""
        granted = int(parameters.expiration) if parameters.code // 100 == 2 else 0
        if granted > 1 << 31:
            granted = 0
        self.granted, self.refused = granted, parameters.code // 100 != 2
        self._engine.tell(RegistrationAnswered(self._number, int(parameters.code), parameters.reason, granted))


class Accounts:
    """Those that there are, each made when it is first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._configuration = wanted = engine.configuration
        self.by_name = {account.name: account for account in wanted.accounts}
        """Settings of trunks."""
        self.media_addresses = {":" in one: one for one in (wanted.media_address, wanted.media_address_v6) if one}
        """Addresses of RTP, by whether they are of IPv6."""
        self._places: dict[tuple[str, str, bool, bool], Place] = {}
        self._registrations: dict[int, Registration] = {}

    def place(self, account: Account, destination: str, six: bool = False, media_six: bool | None = None) -> Place:
        """`six`: whether SIP is over IPv6, which a destination says itself; `media_six`: and RTP, None: the same."""
        six = "[" in destination if destination else six
        media_six = six if media_six is None else media_six
        if media_six not in self.media_addresses or account.direct:
            media_six = ":" in self._configuration.media_address
        key = account.name, destination, six, media_six
        found = self._places.get(key)
        if found is None:
            found = Place(self._engine, account)
            if destination.endswith(";transport=tls"):
                self._engine.peers.expect(destination[4:].partition(";")[0], account.tls_name)
            found.create(self._settings(account, destination, six, media_six))
            self._places[key] = found
        return found

    def leave(self, place: Place) -> None:
        """A call to a phone is over, which will be elsewhere tomorrow; PJSIP has few accounts (PJSUA_MAX_ACC)."""
        place.calls -= 1
        if not place.calls:
            self._places = {key: one for key, one in self._places.items() if one is not place}
            with contextlib.suppress(pj.Error):
                place.shutdown()

    # --- registrations

    def register(self, command: Register) -> None:
        """Make a registration, or change it, as where the provider is reached; the answer is an event."""
        six = "[" in command.destination
        media_six = ":" in self._configuration.media_address
        settings = self._settings(self.by_name[command.account], command.destination, six, media_six)
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
                    self._engine, command.number, self.by_name[command.account]
                )
                found.create(settings)
        except pj.Error as error:
            self._engine.tell(RegistrationAnswered(command.number, 503, error.reason, 0))

    def unregister(self, number: int) -> None:
        """Take a registration back, where there is one."""
        if (registration := self._registrations.get(number)) is not None:
            try:
                registration.setRegistration(False)
            except pj.Error:
                if registration.refused:  # there is none to take back
                    registration.refused = False
                    self._engine.tell(RegistrationAnswered(number, 200, "", 0))

    def unregister_all(self) -> None:
        """Take every registration back."""
        for number in self._registrations:
            self.unregister(number)

    @property
    def registered(self) -> bool:
        """Whether a provider has granted a registration that is not taken back."""
        return any(one.granted for one in self._registrations.values())

    # --- what PJSIP is told of one

    def _own_uri(self, destination: str, user: str = "", six: bool = False) -> str:
        """Ours as the peer at a destination is to use it."""
        over = destination.rpartition(";transport=")[2] or "udp"
        own = min(self._engine.transports.listeners, key=lambda one: ((":" in one.host) != six, one.transport != over))
        own = own._replace(host=self._engine.transports.public_of(own.host) or own.host)
        parameter = "" if own.transport == "udp" else f";transport={own.transport}"
        return f"sip:{user}{'@' if user else ''}{own.sent_by}{parameter}"

    def _settings(self, account: Account, destination: str, six: bool, media_six: bool) -> Any:
        wanted = self._configuration
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
        media.transportConfig.boundAddress = address = self.media_addresses[media_six]
        media.transportConfig.publicAddress = self._engine.transports.public_of(address)
        media.transportConfig.port = wanted.rtp_ports[0]
        media.transportConfig.portRange = wanted.rtp_ports[1] - wanted.rtp_ports[0]
        if hasattr(media.transportConfig, "randomizePort"):
            # Of a hundred pairs in a row that calls of another account have, PJSIP tries none further.
            media.transportConfig.randomizePort = True
        media.srtpUse = _SRTP[account.srtp]
        media.srtpSecureSignaling = 0
        return settings
