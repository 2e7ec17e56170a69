"""Our registration with a provider: RFC 3261 10.2, with the fail-over and waiting times of RFC 5626 4.5.

A pure machine on the agent's transactions and timers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import Final

from tandem.gateway.sip.auth import authorization, find_challenge
from tandem.gateway.sip.client_transaction import ClientTransaction
from tandem.gateway.sip.dialog import RequestHead
from tandem.gateway.sip.endpoint import Endpoint, show
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import format_address, parse_address
from tandem.gateway.sip.layer import TransactionLayer
from tandem.gateway.sip.message import Response, format_fields
from tandem.gateway.sip.primitives import Credentials, RegistrationChanged
from tandem.gateway.sip.transaction import Transaction

_SECONDS = re.compile(r"\s*([0-9]{1,9})")
#: RFC 5626 4.5: first and longest wait after every place has failed.
_FIRST_WAIT: Final = 30.0
_LONGEST_WAIT: Final = 1800.0
#: Wait after a refusal that will not go away by itself, such as a wrong password.
_REFUSED_WAIT: Final = 300.0
#: A connection that was lost: register anew after this, not in the same instant as everybody else.
_LOST_WAIT: Final = 1.0


class RegistrationTimer(IntEnum):
    """Timers of a registration; the values only tell them apart."""

    AGAIN = 201
    """Refresh before the expiry, or try again after a failure."""
    EXPIRY = 202
    """The provider has forgotten us."""


class RegistrationState(Enum):
    """What the operator sees."""

    TRYING = auto()
    REGISTERED = auto()
    FAILED = auto()
    """Not registered; tried again later."""
    REMOVED = auto()
    """We have taken the registration back."""


@dataclass(frozen=True, slots=True)
class RegistrationOptions:
    """One registration."""

    address_of_record: str
    """The URI that is registered, such as `sip:4930100@provider.example`."""
    registrar: str
    """Request-URI, such as `sip:provider.example`."""
    contact_user: str
    """User part of our Contact: what the provider calls."""
    credentials: Credentials | None = None
    expires: int = 3600
    """Seconds asked for."""
    account: str = ""
    """Name of the trunk, where another engine than the agent registers it."""


class Registration:
    """A registration that renews itself until it is told to stop."""

    def __init__(
        self, layer: TransactionLayer, number: int, options: RegistrationOptions, destinations: Sequence[Endpoint]
    ) -> None:
        """`destinations` are tried in order; they may be replaced at any time."""
        self.number = number
        self.state = RegistrationState.TRYING
        self.destinations = list(destinations)
        self._layer = layer
        self._options = options
        self._expires = options.expires
        self._call_id = f"{layer.token()}@{layer.configuration.host}"
        self._from = format_address(options.address_of_record, "", layer.token())
        self._cseq = 0
        self._position = 0
        self._failed_in_a_row = 0
        self._challenges = 0
        self._contact = ""
        self._transaction: ClientTransaction | None = None
        self._removing = False
        self._asked = 0
        """Seconds that the last request asked for; 0 takes the registration back."""

    @property
    def destination(self) -> Endpoint | None:
        """Where it is tried now."""
        return self.destinations[self._position % len(self.destinations)] if self.destinations else None

    @property
    def busy(self) -> bool:
        """Whether a REGISTER waits for its answer."""
        return self._transaction is not None

    def start(self, now: float) -> None:
        """Register, or renew."""
        self._challenges = 0
        self._send("", now)

    def stop(self, now: float) -> None:
        """Take the registration back (10.2.2)."""
        if self.state is RegistrationState.REMOVED or self._removing:
            return
        self._removing = True
        self._layer.stop(self, RegistrationTimer.AGAIN)
        self._layer.stop(self, RegistrationTimer.EXPIRY)
        if self._transaction is not None:
            return  # what is under way may yet register us: its answer is waited for
        if self.state is RegistrationState.REGISTERED:
            self._challenges = 0
            self._send("", now)
        else:
            self._change(RegistrationState.REMOVED, "")

    def moved(self, destinations: Sequence[Endpoint], now: float) -> None:
        """The provider is at other addresses; one that could not be reached is tried there at once."""
        self.destinations = list(destinations)
        if self.state is RegistrationState.FAILED and self._transaction is None and not self._removing:
            self.start(now)

    def connection_lost(self, peer: Endpoint, now: float) -> None:
        """The connection that the provider would call us over may be gone."""
        destination = self.destination
        if self.state is RegistrationState.REGISTERED and destination is not None and destination[:3] == peer[:3]:
            self._layer.start(self, RegistrationTimer.AGAIN, now + _LOST_WAIT)

    # --- what transactions and timers tell

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """The answer to a REGISTER."""
        status = response.status
        if transaction is not self._transaction or status < 200:
            return
        self._transaction = None
        if self._removing:
            if status in (401, 407) and self._answer(response, now):
                return
            if status < 300 and self._asked:
                self._challenges = 0
                self._send("", now)
                return
            self._change(RegistrationState.REMOVED, "")
        elif status < 300:
            self._registered(response, now)
        elif status in (401, 407):
            if not self._answer(response, now):
                refused = "credentials refused" if self._options.credentials else "the provider wants credentials"
                self._fail(f"{status}: {refused}", _REFUSED_WAIT, now)
        elif status == 423 and (least := _seconds(response.get("min-expires"))) and least > self._expires:
            self._expires = least
            self._send("", now)
        elif status in (408, 430, 500, 502, 503, 504):
            self._next(f"{status} {response.phrase}", _seconds(response.get("retry-after")), now)
        else:
            self._fail(f"{status} {response.phrase}", _REFUSED_WAIT, now)

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """No answer, or the place cannot be reached."""
        if transaction is not self._transaction:
            return
        why = "cannot be reached" if self._transaction.failure == "transport" else "no answer"
        self._transaction = None
        if self._removing:
            self._change(RegistrationState.REMOVED, "")
        else:
            self._next(why, None, now)

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """Time to renew or to try again; or the time granted is over."""
        if timer is RegistrationTimer.EXPIRY:
            self._change(RegistrationState.FAILED, "expired without being renewed")
        elif self._transaction is None:
            self.start(now)

    # --- inside

    def _send(self, answer: str, now: float) -> None:
        destination, options, layer = self.destination, self._options, self._layer
        if destination is None:
            self._fail("no address of the provider is known", _FIRST_WAIT, now)
            return
        local = layer.local(destination)
        head, _, rest = local.contact.partition(":")
        self._contact = f"{head}:{options.contact_user}@{rest}"
        expires = self._asked = 0 if self._removing else self._expires
        self._cseq += 1
        head_fields = RequestHead(
            options.registrar, layer.via(), self._from, f"<{options.address_of_record}>", self._call_id, self._cseq
        )
        extra = (
            f"{layer.agent_line}{answer}Contact: <{self._contact}>;expires={expires}\r\n"
            f"Expires: {expires}\r\n{layer.allow_line}"
        )
        self._transaction = layer.request("REGISTER", head_fields, extra, None, destination, self, now)

    def _answer(self, response: Response, now: float) -> bool:
        """Answer a challenge: once, and once more for each nonce that was merely stale."""
        credentials = self._options.credentials
        try:
            challenge = find_challenge(response)
        except SipDecodeError:
            return False
        if credentials is None or challenge is None or self._challenges >= 3:
            return False
        if self._challenges and not challenge.stale:
            return False
        self._challenges += 1
        line = authorization(challenge, credentials, "REGISTER", self._options.registrar, self._layer.token)
        self._send(format_fields([line]), now)
        return True

    def _registered(self, response: Response, now: float) -> None:
        granted = self._granted(response)
        if granted <= 0:
            self._fail("the provider did not keep our contact", _REFUSED_WAIT, now)
            return
        self._failed_in_a_row = 0
        # A minute before the end, or at half of a short interval, so that a failed attempt can be repeated in time.
        self._layer.start(self, RegistrationTimer.AGAIN, now + (granted - 60 if granted >= 120 else granted / 2))
        self._layer.start(self, RegistrationTimer.EXPIRY, now + granted)
        destination = self.destination
        self._change(RegistrationState.REGISTERED, f"at {show(destination)} for {granted} s" if destination else "")

    def _granted(self, response: Response) -> int:
        """Seconds that our contact is kept (10.2.4): of its parameter, else of Expires, else what we asked for."""
        general = _seconds(response.get("expires"))
        found = None
        for value in response.values("contact"):
            try:
                address = parse_address(value)
            except SipDecodeError:
                continue
            if address.uri.user == self._options.contact_user:
                seconds = _seconds(address.parameters.get("expires"))
                found = found if seconds is None else seconds
        if found is not None:
            return found
        return general if general is not None else self._expires

    def _next(self, why: str, retry_after: int | None, now: float) -> None:
        """One place failed: try the next one at once; after the last, wait ever longer."""
        self._position += 1
        if self._position % max(len(self.destinations), 1):
            self._send("", now)
            return
        self._failed_in_a_row += 1
        wait = min(_FIRST_WAIT * 2.0 ** (self._failed_in_a_row - 1), _LONGEST_WAIT)
        # Between half of it and all of it, so that not everybody comes back at the same moment.
        wait *= 0.5 + sum(self._layer.token().encode()) % 100 / 200
        self._fail(why, max(wait, float(retry_after or 0)), now)

    def _fail(self, why: str, wait: float, now: float) -> None:
        self._layer.start(self, RegistrationTimer.AGAIN, now + wait)
        if self._layer.timer_table.is_running((self, RegistrationTimer.EXPIRY)):
            # What was granted still holds: calls come until it expires.
            self._layer.queue.append(
                RegistrationChanged(self.number, "registered", f"not renewed: {why}; trying again in {wait:.0f} s")
            )
            return
        self._change(RegistrationState.FAILED, f"{why}; trying again in {wait:.0f} s")

    def _change(self, state: RegistrationState, detail: str) -> None:
        if state is self.state and state is RegistrationState.REGISTERED:
            return
        self.state = state
        self._layer.queue.append(RegistrationChanged(self.number, state.name.lower(), detail))


def _seconds(text: str | None) -> int | None:
    match = _SECONDS.match(text) if text else None
    return int(match[1]) if match else None
