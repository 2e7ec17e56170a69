"""Who may use the SIP side: trunks by address, users by digest and registration, strangers not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from msgspec.structs import replace

from tandem.core.timers import Agenda
from tandem.gateway.calls.model import Number, Screening
from tandem.gateway.configuration.schema import Sip, SipTrunk, SipUser
from tandem.gateway.log import Line
from tandem.gateway.sip.access import BanList, BanRules
from tandem.gateway.sip.digest_server import Account, DigestServer, Verdict
from tandem.gateway.sip.endpoint import Endpoint, show
from tandem.gateway.sip.fields import parse_uri, sip_uri
from tandem.gateway.sip.message import Request
from tandem.gateway.sip.overload import Overload
from tandem.gateway.sip.registrar import Binding, Registrar
from tandem.gateway.sip.sources import Sources
from tandem.gateway.trunks.sip_numbers import number_of
from tandem.gateway.trunks.sip_priority import has_priority

#: Offences are counted over a minute.
_WINDOW = 60.0
#: Where users may be if the trunk does not say so.
ANYWHERE = ["0.0.0.0/0", "::/0"]


class Guarded(Protocol):
    """What asks before it acts: `SipAgent`, or another engine."""

    def guard(
        self, gate: Callable[[Request, Endpoint, float], bool], answers_malformed: Callable[[Endpoint, float], bool]
    ) -> None:
        """Ask `gate` about each request outside a dialog."""

    def answer(self, request: Request, source: Endpoint, status: int, lines: str, now: float) -> None:
        """Answer a request that the gate kept to itself, in a transaction."""

    def answer_stranger(self, request: Request, source: Endpoint, status: int, lines: str = "") -> None:
        """Answer one without remembering it."""

    def turn_away(self, host: str, seconds: float) -> None:
        """Somebody is banned, and what he sends is dropped before it costs anything, where that can be."""


class SipAdmission:
    """Decides on every request outside a dialog before anything else does; see `SipAgent.guard`."""

    def __init__(
        self,
        sip: Sip,
        trunks: Iterable[SipTrunk],
        trunk_of: Callable[[Endpoint], SipTrunk | None],
        agent: Guarded,
        secret: str,
        log: Callable[[Line], None],
        overload: Overload,
    ) -> None:
        """`trunk_of` finds the trunk with a peer at an address; `secret` is unguessable, for nonces."""
        self._sip = sip
        self._trunk_of = trunk_of
        self._agent = agent
        self._log = log
        self._overload = overload
        trunks = list(trunks)
        self._registrar_trunk = next((trunk for trunk in trunks if trunk.registrar), None)
        places = self._registrar_trunk.accept_from or ANYWHERE if self._registrar_trunk is not None else []
        self._places = Sources(places, tls_only=bool(places) and self._needs_tls)
        """Where users may be."""
        self.users: Mapping[str, SipUser] = {user.name: user for user in sip.user}
        self._by_number = {user.number or user.name: user.name for user in sip.user}
        realm = sip.realm or sip.domain or sip.listen.rpartition(":")[0].strip("[]")
        self._digest = DigestServer(realm, (Account(u.name, u.password, u.ha1) for u in sip.user), secret, sip.digest)
        self.registrar = Registrar(sip.register_minimum_seconds, sip.register_maximum_seconds, sip.contacts_per_user)
        self.bans = BanList(BanRules(sip.ban_offences, _WINDOW, sip.ban_seconds))
        agent.guard(self.admit, self.answers_malformed)

    def reconfigure(self, sip: Sip) -> None:
        """Other users from now on; those that are gone are not registered any more."""
        for name in self.users:
            if all(user.name != name for user in sip.user):
                self.registrar.forget(name)
        self._sip = sip
        self.users = {user.name: user for user in sip.user}
        self._by_number = {user.number or user.name: user.name for user in sip.user}
        self._digest.replace(Account(user.name, user.password, user.ha1) for user in sip.user)

    @property
    def has_registrar(self) -> bool:
        """Whether users register here."""
        return self._registrar_trunk is not None

    @property
    def _needs_tls(self) -> bool:
        return self._registrar_trunk is not None and self._registrar_trunk.transport == "tls"

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self.registrar.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self.registrar.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Forget contacts that have expired."""
        for user, contact in self.registrar.handle_timers(now):
            self._log(Line("info", "=", f"user {user}", f"{contact} expired"))

    # --- calls to users

    def find_user(self, number: str) -> str | None:
        """The user with a telephone number, or of that name."""
        return self._by_number.get(number) or (number if number in self.users else None)

    def contacts(self, user: str) -> list[Binding]:
        """Where a user has registered, most wanted first."""
        return self.registrar.contacts(user)

    def trunk_of_user(self, name: str) -> str:
        """The trunk that calls of a user come from."""
        user = self.users[name]
        return user.trunk or (self._registrar_trunk.name if self._registrar_trunk is not None else "")

    def number_named(self, user_part: str) -> str | None:
        """The number of the user of this name, where a caller wrote the name instead."""
        user = self.users.get(user_part)
        return user.number or None if user is not None else None

    def number_of_user(self, name: str) -> Number | None:
        """The calling number of a user, None where he has none."""
        text = self.users[name].number or name
        number = number_of(parse_uri(sip_uri(text, "invalid")))
        return number and replace(number, screening=Screening.USER_VERIFIED_PASSED)

    # --- requests

    def is_banned(self, source: Endpoint, now: float) -> bool:
        """Whether a message from there is to be dropped unread."""
        return self.bans.is_banned(source, now)

    def answers_malformed(self, source: Endpoint, now: float) -> bool:
        """A message could not be parsed: whether its sender gets an answer."""
        if self._trunk_of(source) is not None:
            return True
        self._offence(source, "garbage", now)
        return self._sip.unknown == "refuse"

    def admit(self, request: Request, source: Endpoint, now: float) -> bool:
        """Whether the agent is to act on a request; if not, it was answered here or gets no answer."""
        trunk = self._trunk_of(source)
        if trunk is None and (self._registrar_trunk is None or source not in self._places):
            self._stranger(request, source, now)
            return False
        if request.method == "INVITE" and self._overload.share:
            priority = has_priority(request, trunk, self._sip.emergency_numbers)
            if (seconds := self._overload.refusal(request.call_id, priority=priority)) is not None:
                self._agent.answer_stranger(request, source, 503, f"Retry-After: {seconds}\r\n")
                return False
        if trunk is not None and not trunk.authenticate:
            return True
        if request.method not in ("INVITE", "REGISTER"):
            # What belongs to no call: the subscriptions of phones that are known, and probes and scans of others.
            if trunk is not None or self.registrar.user_at(source) is not None:
                return True
            self._stranger(request, source, now)
            return False
        return self._authenticate(request, trunk or self._registrar_trunk, source, now)

    def _authenticate(self, request: Request, trunk: SipTrunk | None, source: Endpoint, now: float) -> bool:
        verdict, name = self._digest.verify(request, "authorization", now)
        if verdict is not Verdict.RIGHT:
            if verdict is Verdict.WRONG:
                self._offence(source, "wrong credentials", now, f"{request.method}: wrong credentials for {name!r}")
            challenge = self._digest.challenge("WWW-Authenticate", now, stale=verdict is Verdict.STALE)
            self._agent.answer_stranger(request, source, 401, challenge)
            return False
        if trunk is None or self.trunk_of_user(name) != trunk.name:
            self._log(Line("warning", "!", f"user {name}", f"{request.method} from {show(source)}: not his trunk"))
            self._agent.answer_stranger(request, source, 403)
            return False
        if request.method == "REGISTER":
            self._register(request, name, source, now)
            return False
        request.caller = name
        return True

    def _register(self, request: Request, name: str, source: Endpoint, now: float) -> None:
        """REGISTER of a proved user, for himself alone (10.3 step 4)."""
        if request.to.uri.user not in (name, self.users[name].number or name):
            self._log(Line("warning", "!", f"user {name}", f"may not register {request.to.uri.text}"))
            self._agent.answer(request, source, 403, "", now)
            return
        reply = self.registrar.register(name, request, source, now)
        for change in reply.changes:
            self._log(Line("info", "=", f"user {name}", f"{change} from {show(source)}"))
        self._agent.answer(request, source, reply.status, reply.lines, now)

    def _stranger(self, request: Request, source: Endpoint, now: float) -> None:
        self._offence(source, "unknown source", now, f"{request.method} refused: no trunk has this source")
        if self._sip.unknown == "refuse":
            self._agent.answer_stranger(request, source, 403)

    def _offence(self, source: Endpoint, kind: str, now: float, text: str = "") -> None:
        if text:
            self._log(Line("warning", "!", f"sip {show(source)}", text))
        if self._trunk_of(source) is not None:
            # Over UDP anybody can write the address of a trunk on his packets: a ban would hurt the trunk.
            self.bans.counts[kind] += 1
        elif self.bans.offence(source, kind, now):
            self._agent.turn_away(source[0], self._sip.ban_seconds)
            text = f"banned for {self._sip.ban_seconds:.0f} s: {self._sip.ban_offences} offences, last: {kind}"
            self._log(Line("warning", "!", f"sip {show(source)}", text))
