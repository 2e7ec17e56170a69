"""What keeps the session of a call: our UPDATEs (RFC 3311), refreshes (RFC 4028), probes, and retries after glare."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tandem.gateway.sip.client_transaction import ClientTransaction, NonInviteClientTransaction
from tandem.gateway.sip.dialog import Dialog
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import listed
from tandem.gateway.sip.message import Message, Response, format_fields
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import Endpoint, ProbeResult, Refreshed, UpdateResult
from tandem.gateway.sip.session_timer import SessionTimer
from tandem.gateway.sip.transaction import Transaction

if TYPE_CHECKING:
    from tandem.gateway.sip.call import Call, Headers

#: Statuses after which the dialog is gone (RFC 5057 5.1 for 481, RFC 3261 12.2.1.2 for 408).
GONE: Final = (408, 481)
#: A session change that found another one under way is tried again after so many seconds.
BUSY_RETRY: Final = 0.5
#: After a refresh that failed otherwise, the next try.
REFRESH_RETRY: Final = 10.0


class UpkeepTimer(IntEnum):
    """Timers of a session; the values only tell them apart from those of calls and transactions."""

    REFRESH = 201
    """Half the session interval: we refresh (RFC 4028 7.2)."""
    EXPIRY = 202
    """The session was not refreshed: BYE (RFC 4028 10)."""
    RETRY = 203
    """A session change that met one of the peer is tried again (RFC 3261 14.1)."""


_TIMERS: Final = tuple(UpkeepTimer)


@lru_cache(64)
def _allowed(lines: tuple[str, ...]) -> frozenset[str]:
    """The methods of the lines of Allow; one set for all the calls of a kind of peer."""
    return frozenset(listed(lines))


class Upkeep:
    """The session of one call once it has a dialog."""

    __slots__ = (
        "_call",
        "_pending",
        "_pending_refresh",
        "_probe",
        "_timed",
        "_update",
        "_update_refreshes",
        "description",
        "peer_allows",
        "timer",
    )

    def __init__(self, call: Call, options: CallOptions) -> None:
        self.timer = SessionTimer(options)
        self.description: bytes | None = None
        """The session description that we sent last: a refresh by re-INVITE repeats it, version and all."""
        self.peer_allows: frozenset[str] | None = None
        """Methods of the peer's Allow, None as long as it has sent none."""
        self._call = call
        self._timed = False
        """A timer of ours may be running."""
        self._update: NonInviteClientTransaction | None = None
        self._update_refreshes = False
        self._probe: NonInviteClientTransaction | None = None
        self._pending: tuple[bytes | None, Headers] | None = None
        """A change that waits for RETRY."""
        self._pending_refresh = False

    # --- what the call asks for

    def heard(self, message: Message) -> None:
        """Note what the peer can do."""
        if "allow" in message.fields:
            self.peer_allows = _allowed(tuple(message.fields["allow"]))

    def begin(self, now: float) -> None:
        """A session interval begins: with the 2xx to INVITE or UPDATE, ours or the peer's."""
        layer, timer = self._call.layer, self.timer
        if self._timed:
            layer.stop(self, UpkeepTimer.REFRESH)
            layer.stop(self, UpkeepTimer.EXPIRY)
        if not timer.interval or self._call.leaving:
            return
        self._timed = True
        if timer.refreshing:
            layer.start(self, UpkeepTimer.REFRESH, now + timer.refresh_after())
        layer.start(self, UpkeepTimer.EXPIRY, now + timer.expires_after())

    def stop(self, *, over: bool) -> None:
        """The call is at its end; `over`: no response of its own is to come any more."""
        if self._timed:
            for timer in _TIMERS:
                self._call.layer.stop(self, timer)
        self._pending = None
        if over and self._update is None and self._probe is None:
            del self._call  # they hold each other

    @property
    def updating(self) -> bool:
        """An UPDATE of ours has no final response yet."""
        return self._update is not None

    def update(self, dialog: Dialog, body: bytes | None, headers: Headers, now: float, refresh: bool = False) -> bool:
        """Send UPDATE in `dialog`; False while another is under way."""
        call = self._call
        if self._update is not None or call.leaving:
            return False
        layer = call.layer
        content = "Content-Type: application/sdp\r\n" if body else ""
        supported = "Supported: timer\r\n" if self.timer.wanted else ""
        extra = (
            f"{layer.agent_line}{call.contact_line}{layer.allow_line}{supported}"
            f"{self.timer.request_lines()}{format_fields(headers)}{content}"
        )
        self.description = body or self.description
        self._update_refreshes = refresh
        head = dialog.head(layer.via())
        self._update = layer.request("UPDATE", head, extra, body, dialog.destination, self, now)
        return True

    def probe(self, now: float) -> bool:
        """Ask the peer with OPTIONS in the dialog whether it still knows the call; False while it is being asked."""
        call, dialog = self._call, self._call.dialog
        if dialog is None or self._probe is not None or call.leaving:
            return False
        layer = call.layer
        extra = f"{layer.agent_line}{call.contact_line}Accept: application/sdp\r\n"
        head = dialog.head(layer.via())
        self._probe = layer.request("OPTIONS", head, extra, None, dialog.destination, self, now)
        return True

    def retry(self, body: bytes | None, headers: Headers, now: float, *, refresh: bool, delay: float | None) -> None:
        """Try a session change again after `delay` seconds, after 491 (`delay` None) as RFC 3261 14.1 has it."""
        self._pending, self._pending_refresh = (body, tuple(headers)), refresh
        self._timed = True
        self._call.layer.start(self, UpkeepTimer.RETRY, now + (self._glare_delay() if delay is None else delay))

    def _glare_delay(self) -> float:
        """14.1: 2.1 to 4 s for the owner of the Call-ID, 0 to 2 s for the other, in steps of 10 ms, at random."""
        call = self._call
        chance = int.from_bytes(hashlib.blake2s(call.layer.token().encode(), digest_size=4).digest(), "big")
        return (210 + chance % 191) / 100 if call.owns_call_id else chance % 201 / 100

    # --- what transactions and timers tell

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """A response to our UPDATE or to a probe."""
        if response.status < 200:
            return
        if transaction is self._probe:
            self._probe = None
            self._probed(response.status not in GONE, now)
        elif transaction is self._update:
            self._update = None
            self._updated(response, now)

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """No response: the peer is gone (RFC 3261 12.2.1.2)."""
        call = self._call
        if transaction is self._probe:
            self._probe = None
            self._probed(False, now)
        elif transaction is self._update:
            self._update = None
            if not self._update_refreshes:
                call.emit(UpdateResult(call.number, 408, None))
            call.lost("timeout", now)

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """A timer of the session expired."""
        call = self._call
        if timer is UpkeepTimer.REFRESH:
            self._refresh(now)
        elif timer is UpkeepTimer.EXPIRY:
            call.lost("session expired", now)
        elif timer is UpkeepTimer.RETRY and self._pending is not None:
            body, headers = self._pending
            if self._pending_refresh and body is None:
                self._pending = None
                self._refresh(now)
            elif call.reinvite(body, headers, now, refresh=self._pending_refresh):
                self._pending = None
            elif not call.leaving:
                call.layer.start(self, UpkeepTimer.RETRY, now + BUSY_RETRY)

    def refreshed(self, response: Response, now: float) -> None:
        """A 2xx to a request of ours that refreshes the session."""
        self.heard(response)
        self.timer.agreed(response)
        self.begin(now)

    def _refresh(self, now: float) -> None:
        """UPDATE without a description where the peer takes it, else re-INVITE with the last one (RFC 4028 7.4)."""
        call = self._call
        if call.dialog is None or call.leaving:
            return
        if self.peer_allows is not None and "UPDATE" in self.peer_allows:
            done = self.update(call.dialog, None, (), now, refresh=True)
        else:
            done = call.reinvite(self.description, (), now, refresh=True)
        if not done:
            self.retry(None, (), now, refresh=True, delay=BUSY_RETRY)

    def _updated(self, response: Response, now: float) -> None:
        call, status = self._call, response.status
        refresh = self._update_refreshes
        if status < 300:
            if call.dialog is not None:
                try:
                    call.dialog.refresh_target(response)
                except SipDecodeError:
                    call.layer.statistics["2xx without usable Contact"] += 1
                self.refreshed(response, now)
            call.emit(Refreshed(call.number, response) if refresh else UpdateResult(call.number, status, response))
        elif status in GONE and call.dialog is not None:
            call.lost("dialog", now)
        elif refresh:
            self.refresh_failed(response, now)
        else:
            call.emit(UpdateResult(call.number, status, response))

    def refresh_failed(self, response: Response, now: float) -> None:
        """A refresh was refused: try again, sooner than the session expires."""
        delay: float | None = REFRESH_RETRY
        if response.status == 422 and self.timer.too_small(response):
            delay = 0.0
        elif response.status == 491:
            delay = None
        elif response.status in (405, 501):
            self.peer_allows = (self.peer_allows or frozenset()) - {"UPDATE"}
            delay = 0.0
        self.retry(None, (), now, refresh=True, delay=delay)

    def _probed(self, alive: bool, now: float) -> None:
        self._call.emit(ProbeResult(self._call.number, alive))
