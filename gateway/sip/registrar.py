"""A small registrar: which contacts a user has, and until when (RFC 3261 10.3).

It answers REGISTER requests whose sender has been proved to be the user; the proof is not its business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tandem.core.timers import Agenda, TimerTable
from tandem.gateway.sip.endpoint import Endpoint
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import Address, parse_address
from tandem.gateway.sip.message import Request

_SECONDS = re.compile(r"[0-9]{1,10}")
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
#: Interval granted when the client asks for none (10.2.1.1 suggests an hour).
DEFAULT_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of a user."""

    uri: str
    """Contact URI, the Request-URI of calls to it."""
    source: Endpoint
    """Where its REGISTER came from: calls go there, as the contact may be behind a translator of addresses."""
    expires: float
    quality: float
    call_id: str
    cseq: int
    registered: float
    """When it was last renewed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How a REGISTER is answered."""

    status: int
    lines: str = ""
    """Header lines, each ended by CRLF."""
    changes: tuple[str, ...] = ()
    """What changed, for the log: contacts added and removed."""


class Registrar:
    """The bindings of every user."""

    def __init__(self, minimum: int = 60, maximum: int = 3600, contacts: int = 5) -> None:
        """Shortest and longest interval granted, in seconds; most contacts that one user has at once."""
        self._minimum, self._maximum, self._most = minimum, maximum, contacts
        self._bindings: dict[str, dict[str, Binding]] = {}
        self._by_source: dict[Endpoint, str] | None = None
        """Users by where they registered from; None when that has changed since it was last wanted."""
        self._timers: TimerTable[tuple[str, str]] = TimerTable()

    def contacts(self, user: str) -> list[Binding]:
        """The contacts of a user, most wanted first: by q, then the newest."""
        found = self._bindings.get(user, {}).values()
        return sorted(found, key=lambda binding: (-binding.quality, -binding.registered))

    def user_at(self, source: Endpoint) -> str | None:
        """The user who registered from just this source, None when nobody has."""
        return self.sources().get(source)

    def sources(self) -> Mapping[Endpoint, str]:
        """Where users have registered from, and who; another object once that has changed."""
        if self._by_source is None:
            self._by_source = {
                binding.source: user for user, bindings in self._bindings.items() for binding in bindings.values()
            }
        return self._by_source

    def forget(self, user: str) -> None:
        """There is no such user any more."""
        for uri in list(self._bindings.get(user, ())):
            self._remove(user, uri)

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._timers.share(agenda)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is due."""
        return self._timers.next_deadline()

    def handle_timers(self, now: float) -> list[tuple[str, str]]:
        """Remove what has expired; (user, contact) of each."""
        expired = list(self._timers.expired(now))
        for user, uri in expired:
            self._remove(user, uri)
        return expired

    def register(self, user: str, request: Request, source: Endpoint, now: float) -> Reply:
        """Act on a REGISTER of `user` (10.3 steps 6 to 8): all of its contacts, or none."""
        try:
            wanted = self._read(request)
        except SipDecodeError:
            return Reply(400)
        held = self._bindings.get(user, {})
        if wanted is None:
            changes = [self._drop(user, uri) for uri in list(held) if _is_newer(held[uri], request)]
            return Reply(200, self._lines(user, now), tuple(changes))
        if any(0 < seconds < self._minimum for _, seconds, _ in wanted):
            return Reply(423, f"Min-Expires: {self._minimum}\r\n")
        for uri, _, _ in wanted:
            if uri in held and not _is_newer(held[uri], request):
                return Reply(500)  # 10.3 step 7: out of order within one Call-ID
        after = {uri for uri, seconds, _ in wanted if seconds} | (set(held) - {uri for uri, _, _ in wanted})
        if len(after) > self._most:
            # The oldest give way: a phone that restarts on another port must not lock its user out.
            spare = sorted((uri for uri in after if uri in held), key=lambda uri: held[uri].registered)
            for uri in spare[: len(after) - self._most]:
                self._remove(user, uri)
        changes = []
        for uri, seconds, quality in wanted:
            if not seconds:
                changes += [self._drop(user, uri)] if uri in self._bindings.get(user, {}) else []
                continue
            if uri not in held:
                changes.append(f"{uri} registered for {seconds} s")
            binding = Binding(uri, source, now + seconds, quality, request.call_id, request.cseq, now)
            self._bindings.setdefault(user, {})[uri] = binding
            self._by_source = None
            self._timers.start((user, uri), binding.expires)
        return Reply(200, self._lines(user, now), tuple(changes))

    def __len__(self) -> int:
        return sum(len(bindings) for bindings in self._bindings.values())

    # --- inside

    def _read(self, request: Request) -> list[tuple[str, int, float]] | None:
        """(URI, seconds, q) of each Contact, none for a query; None for `*`, which removes all."""
        values = request.strict_values("contact")
        expires = request.get("expires")
        if "*" in values:
            if len(values) > 1 or expires is None or expires.strip() != "0":
                raise SipDecodeError("Contact * stands alone, with Expires: 0")  # 10.3 step 6
            return None
        wanted = []
        for value in values:
            address = parse_address(value)
            if address.uri.scheme not in ("sip", "sips"):
                raise SipDecodeError("a contact that is no SIP URI")
            wanted.append((address.uri.text, self._seconds(address, expires), _quality(address)))
        if len(wanted) > self._most:
            raise SipDecodeError("too many contacts")
        return wanted

    def _seconds(self, address: Address, header: str | None) -> int:
        text = address.parameters.get("expires") or header
        if text is None or _SECONDS.fullmatch(text.strip()) is None:
            return min(DEFAULT_SECONDS, self._maximum)  # 20.19: malformed is as if it were 3600
        return min(int(text), self._maximum)

    def _lines(self, user: str, now: float) -> str:
        return "".join(
            f"Contact: <{binding.uri}>;expires={max(round(binding.expires - now), 0)}\r\n"
            for binding in self.contacts(user)
        )

    def _drop(self, user: str, uri: str) -> str:
        self._remove(user, uri)
        return f"{uri} removed"

    def _remove(self, user: str, uri: str) -> None:
        self._timers.stop((user, uri))
        self._by_source = None
        bindings = self._bindings.get(user)
        if bindings is not None and bindings.pop(uri, None) is not None and not bindings:
            del self._bindings[user]


def _is_newer(held: Binding, request: Request) -> bool:
    """10.3 step 7: within one Call-ID, the CSeq must be higher."""
    return held.call_id != request.call_id or request.cseq > held.cseq


def _quality(address: Address) -> float:
    text = address.parameters.get("q")
    return float(text) if text and _QUALITY.fullmatch(text) else 1.0
