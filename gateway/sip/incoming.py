"""An incoming call: the UAS of an INVITE (RFC 3261 13.3)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from tandem.gateway.sip.call import Call, CallTimer, Context, Headers
from tandem.gateway.sip.dialog import Dialog
from tandem.gateway.sip.message import Request, format_fields
from tandem.gateway.sip.primitives import CallOutput, Cancelled, Endpoint, IncomingInvite
from tandem.gateway.sip.server_transaction import ServerTransaction
from tandem.gateway.sip.transaction import Transaction

#: RFC 3261 13.3.1.1: a provisional response every minute keeps proxies from giving up.
PROVISIONAL_INTERVAL: Final = 60.0


class IncomingCall(Call):
    """A call that the peer makes; raises SipDecodeError when its Contact or Record-Route is malformed."""

    def __init__(self, context: Context, number: int, request: Request, source: Endpoint, now: float) -> None:
        self.tag = context.layer.token()
        self._early = Dialog.from_request(request, self.tag, source)
        super().__init__(context, number, request.call_id)
        self._transaction: ServerTransaction | None = self.layer.serve(request, source, self)
        self._record_routes = "".join(f"Record-Route: {value}\r\n" for value in request.fields.get("record-route", ()))
        context.dialogs[self._early.key] = (self, self._early)
        self.layer.respond(self._transaction, 100, now)
        self.emit(IncomingInvite(number, request, source))

    def respond(self, status: int, phrase: str | None, headers: Headers, body: bytes | None, now: float) -> None:
        """Send a provisional or the final response; ignored once a final one was sent."""
        transaction = self._transaction
        if transaction is None:
            return
        if status == 100:
            self.layer.respond(transaction, 100, now)
        elif status < 200:
            extra = self._record_routes + self._session_fields(headers, body)
            self.layer.respond(transaction, status, now, self.tag, extra, body, phrase)
            self.layer.start(self, CallTimer.PROVISIONAL, now + PROVISIONAL_INTERVAL)
        elif status < 300:
            extra = f"{self._record_routes}{self._supported}{self._session_fields(headers, body)}"
            self._accept(transaction, status, self.tag, extra, body, now)
            self.layer.stop(self, CallTimer.PROVISIONAL)
            self._transaction = None
            self.dialog = self._early
            self.dialog.confirmed = True
        else:
            self._reject(status, format_fields(headers), now, phrase)
            self.leaving = True
            self.close()

    def end(self, status: int, headers: Headers, now: float) -> None:
        """Reject with `status` before the answer, BYE after it."""
        if self._transaction is not None:
            self.respond(status, None, headers, None, now)
        else:
            self.bye(headers, now)

    def on_cancel(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """CANCEL of the call itself (9.2)."""
        if transaction is self._transaction:
            self._reject(487, "", now)
            self.close(Cancelled(self.number, request))
        else:
            super().on_cancel(request, transaction, now)

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """Repeat the provisional response; other timers are those of every call."""
        if timer is CallTimer.PROVISIONAL and self._transaction is not None:
            self._transaction.respond(self._transaction.status, self._transaction.last_response, now)
            self.layer.start(self, CallTimer.PROVISIONAL, now + PROVISIONAL_INTERVAL)
        else:
            super().on_timer(timer, now)

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """No ACK came for our refusal: nobody is waiting for it (17.2.1)."""
        if not isinstance(transaction, ServerTransaction):
            super().on_timeout(transaction, now)

    def close(self, reason: CallOutput | None = None) -> None:
        """Forget the early dialog too."""
        super().close(reason)
        self.context.dialogs.pop(self._early.key, None)

    def _on_bye(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        if self._transaction is None:
            super()._on_bye(request, dialog, source, now)
            return
        # 15.1.2: the caller may leave an early dialog with BYE; the INVITE then gets 487.
        self.layer.respond(self.layer.serve(request, source, None), 200, now)
        self._reject(487, "", now)
        self.close(Cancelled(self.number, request))

    def _reject(self, status: int, extra: str, now: float, phrase: str | None = None) -> None:
        if self._transaction is not None:
            self.layer.respond(self._transaction, status, now, self.tag, extra, None, phrase)
            self._transaction = None

    @property
    def _supported(self) -> str:
        tags = self.layer.configuration.supported
        return f"Supported: {', '.join(tags)}\r\n" if tags else ""
