"""An incoming call: the UAS of an INVITE (RFC 3261 13.3)."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from functools import lru_cache
from typing import Final

from tandem.gateway.sip.call import Call, CallTimer, Context, Extra, Headers
from tandem.gateway.sip.dialog import Dialog
from tandem.gateway.sip.endpoint import Endpoint
from tandem.gateway.sip.message import Request
from tandem.gateway.sip.multipart import Part, compose
from tandem.gateway.sip.options import CallOptions, Extension
from tandem.gateway.sip.preconditions import OPTION as CONDITIONAL
from tandem.gateway.sip.primitives import (
    CallOutput,
    Cancelled,
    Failed,
    IncomingInvite,
    ProvisionalConfirmed,
    SessionOffered,
)
from tandem.gateway.sip.reliable import OPTION, ReliableSender, acknowledged
from tandem.gateway.sip.server_transaction import ServerTransaction
from tandem.gateway.sip.session_timer import SessionTimer, supports
from tandem.gateway.sip.standing import ReceivedInvite, Standing
from tandem.gateway.sip.transaction import Transaction

#: RFC 3261 13.3.1.1: a provisional response every minute keeps proxies from giving up.
PROVISIONAL_INTERVAL: Final = 60.0
#: What a call may use until its owner has said so.
_OPTIONS: Final = CallOptions()


class IncomingCall(Call):
    """A call that the peer makes; raises SipDecodeError when its Contact or Record-Route is malformed."""

    __slots__ = (
        "_early",
        "_last_provisional",
        "_offered",
        "_record_routes",
        "_reliable_interval",
        "_sender",
        "_settled",
        "_stands",
        "_transaction",
        "_waiting_answer",
        "conditional",
        "reliable",
        "tag",
    )

    def __init__(self, context: Context, number: int, request: Request, source: Endpoint, now: float) -> None:
        self.tag = context.layer.token()
        self._early = Dialog.from_request(request, self.tag, source)
        super().__init__(context, number, request.call_id, _OPTIONS, source)
        self.reliable = False
        """Provisional responses with a To tag are sent reliably."""
        self.conditional = False
        """Both sides know preconditions (RFC 3312)."""
        self._stands: ReceivedInvite | None = None
        """What stands at the peer before the answer, once somebody has asked."""
        self._sender = ReliableSender()
        self._reliable_interval = 0.0
        self._last_provisional: tuple[int, str | None, Headers] = (180, None, ())
        self._waiting_answer: tuple[int, str | None, Headers, bytes | None, Part | None] | None = None
        """The 2xx that waits for a PRACK."""
        self._offered = False
        """Our reliable response offered, and the answer has not come in its PRACK yet."""
        self._settled = False
        """The first offer was answered in a reliable response or its PRACK."""
        self.upkeep.heard(request)
        self._transaction: ServerTransaction | None = self.layer.serve(request, source, self)
        self._transaction.tag = self.tag
        self._record_routes = ""
        if "record-route" in request.fields:
            self._record_routes = "".join([f"Record-Route: {value}\r\n" for value in request.fields["record-route"]])
        context.dialogs[self._early.key] = (self, self._early)
        self.layer.respond(self._transaction, 100, now)
        self.emit(IncomingInvite(number, request, source))

    def pin(self) -> None:
        """Send requests to where the INVITE came from, whatever its Contact says."""
        self._early.pinned = True

    def configure(self, options: CallOptions, now: float) -> bool:
        """Take what the call may use; False when the request cannot have that: it was then refused."""
        transaction = self._transaction
        if transaction is None:
            return False
        request = transaction.request
        timer = SessionTimer(options)
        missing: list[str] = []
        if "require" in request.fields:
            wishes = ((OPTION, options.reliable), (CONDITIONAL, options.preconditions))
            off = [tag for tag, wanted in wishes if wanted == "off"] + ([] if timer.wanted else ["timer"])
            required = [tag.lower() for tag in request.values("require")]
            missing = [tag for tag in off if tag in required]
        lacking: list[str] = []
        if options.reliable == "required" and not supports(request, OPTION):
            lacking.append(OPTION)
        if options.preconditions == "required" and not supports(request, CONDITIONAL):
            lacking.append(CONDITIONAL)
        if missing:
            self.respond(420, None, (("Unsupported", ", ".join(missing)),), None, now)
        elif lacking:
            self.respond(421, None, (("Require", ", ".join(lacking)),), None, now)
        elif (refusal := timer.refusal(request)) is not None:
            self.respond(422, None, (("Min-SE", refusal.removeprefix("Min-SE:").strip()),), None, now)
        else:
            self.options, self.upkeep.timer = options, timer
            self.reliable = options.reliable != "off" and supports(request, OPTION)
            # 11: whoever uses preconditions does PRACK and UPDATE too.
            self.conditional = self.reliable and options.preconditions != "off" and supports(request, CONDITIONAL)
            return True
        return False

    def respond(
        self,
        status: int,
        phrase: str | None,
        headers: Headers,
        body: bytes | None,
        now: float,
        part: Part | None = None,
    ) -> None:
        """Send a provisional or the final response; ignored once a final one was sent.

        Reliable provisional responses wait for each other, and a 2xx for all of them (RFC 3262 3).
        """
        transaction = self._transaction
        if transaction is None or (self._waiting_answer is not None and status < 300):
            return
        if status == 100:
            self.layer.respond(transaction, 100, now)
            return
        headers = tuple(headers)
        if status < 200 and self.reliable:
            self._sender.submit(lambda now: self._send_reliably(status, phrase, headers, body, part, now), now)
        elif status < 200:
            fields, content = self._fields(headers, body, part)
            self.layer.respond(transaction, status, now, self.tag, self._record_routes + fields, content, phrase)
            self.timed = True
            self.layer.start(self, CallTimer.PROVISIONAL, now + PROVISIONAL_INTERVAL)
        elif status < 300:
            if self._sender.idle:
                self._answer_invite(transaction, status, phrase, headers, body, part, now)
            else:
                self._waiting_answer = status, phrase, headers, body, part
        else:
            self._reject(status, self._extra_of(headers, part), now, phrase)
            self.leaving = True
            self.close()

    def _answer_invite(
        self,
        transaction: ServerTransaction,
        status: int,
        phrase: str | None,
        headers: Headers,
        body: bytes | None,
        part: Part | None,
        now: float,
    ) -> None:
        """Send the 2xx; its description is left out where offer and answer are complete already."""
        self.upkeep.description = body or self.upkeep.description
        if self._settled:
            body = None
        timer = self.upkeep.timer.accept(transaction.request)
        fields, content = self._fields(headers, body, part)
        options = self.options
        known = _supported(options.reliable, options.preconditions, timer=self.upkeep.timer.wanted)
        extra = f"{self._record_routes}{known}{timer}{fields}"
        if self.timed:
            self.layer.stop(self, CallTimer.PROVISIONAL)
        self._accept(transaction, status, self.tag, extra, content, now, phrase)
        self._transaction = None
        self.dialog = self._early
        self.dialog.confirmed = True
        self.upkeep.begin(now)

    def _send_reliably(
        self,
        status: int,
        phrase: str | None,
        headers: Headers,
        body: bytes | None,
        part: Part | None,
        now: float,
    ) -> None:
        transaction = self._transaction
        if transaction is None:
            return
        if self._settled:
            body = None
        self._offered = bool(body) and not transaction.request.session
        self._settled = self._settled or (bool(body) and not self._offered)
        self.upkeep.description = body or self.upkeep.description
        self._last_provisional = status, phrase, headers
        fields, content = self._fields(headers, body, part)
        extra = f"{self._record_routes}Require: {OPTION}\r\nRSeq: {self._sender.next_number()}\r\n{fields}"
        self.layer.respond(transaction, status, now, self.tag, extra, content, phrase)
        self._reliable_interval = self.layer.timers.t1
        self.timed = True
        self.layer.start(self, CallTimer.RELIABLE, now + self._reliable_interval)
        self.layer.start(self, CallTimer.PRACK, now + self.layer.timers.transaction)
        self.layer.start(self, CallTimer.PROVISIONAL, now + PROVISIONAL_INTERVAL)

    def _on_prack(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        """RFC 3262 3: it stops the repetition, may carry the answer, or another offer once that is settled (5)."""
        rack, transaction = acknowledged(request), self._transaction
        matches = rack is not None and transaction is not None and rack[1:] == (transaction.request.cseq, "INVITE")
        if rack is None or not matches or not self._sender.acknowledge(rack[0]):
            self.layer.refuse(request, source, 481, now)
            return
        self.layer.stop(self, CallTimer.RELIABLE)
        self.layer.stop(self, CallTimer.PRACK)
        answer = self.layer.serve(request, source, None)
        if request.body and self._settled and not self._offered:
            self._update_server = answer
            self.emit(SessionOffered(self.number, request))
            return
        self.layer.respond(answer, 200, now)
        if self._offered and request.body:
            self._offered, self._settled = False, True
        self.emit(ProvisionalConfirmed(self.number, request))
        self._go_on(now)

    def answer_update(self, status: int, body: bytes | None, headers: Headers, now: float) -> None:
        """Answer the offer; what waited for the PRACK goes out then."""
        super().answer_update(status, body, headers, now)
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        self._sender.go_on(now)
        if self._sender.idle and self._waiting_answer is not None and self._transaction is not None:
            status, phrase, headers, body, part = self._waiting_answer
            self._waiting_answer = None
            self._answer_invite(self._transaction, status, phrase, headers, body, part, now)

    def _early_dialog(self, told: Collection[str] = ()) -> Dialog | None:
        """Requests may be sent once the peer has confirmed that it knows the dialog (RFC 3311 5.1)."""
        return self._early if self._settled and not self._sender.outstanding else None

    def _offer_of_ours_open(self) -> bool:
        return self._offered or super()._offer_of_ours_open()

    def _offer_of_theirs_open(self) -> bool:
        first = self._transaction is not None and not self._settled and bool(self._transaction.request.session)
        return first or super()._offer_of_theirs_open()

    def end(self, status: int, headers: Headers, now: float, part: Part | None = None) -> None:
        """Reject with `status` before the answer, BYE after it."""
        if self._transaction is not None:
            self.respond(status, None, headers, None, now, part)
        else:
            self.bye(headers, now, part)

    def standing(self) -> Standing | None:
        """Before the answer: the INVITE, which waits for its final response."""
        if self._transaction is None:
            return super().standing()
        if self._stands is None:
            self._stands = ReceivedInvite.of(self._transaction, self.tag)
        return self._stands

    def on_cancel(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """CANCEL of the call itself (9.2)."""
        if transaction is self._transaction:
            self._reject(487, Extra(), now)
            self.close(Cancelled(self.number, request))
        else:
            super().on_cancel(request, transaction, now)

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """Repeat the provisional response; other timers are those of every call."""
        transaction = self._transaction
        if timer is CallTimer.RELIABLE and transaction is not None:
            transaction.respond(transaction.status, transaction.last_response, now)
            self._reliable_interval *= 2
            self.layer.start(self, CallTimer.RELIABLE, now + self._reliable_interval)
        elif timer is CallTimer.PRACK and transaction is not None:
            # RFC 3262 3: nobody acknowledges; a 5xx ends the INVITE.
            self._reject(504, Extra(), now)
            self.close(Failed(self.number, "no PRACK"))
        elif timer is CallTimer.PROVISIONAL and self.reliable and self._sender.idle:
            # RFC 3262 3: each repetition against a proxy's timer C is a response of its own.
            self.respond(*self._last_provisional, None, now)
        elif timer is CallTimer.PROVISIONAL and self._transaction is not None:
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
        if self.dialog is None:
            self.context.dialogs.pop(self._early.key, None)

    def _on_bye(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        if self._transaction is None:
            super()._on_bye(request, dialog, source, now)
            return
        # 15.1.2: the caller may leave an early dialog with BYE; the INVITE then gets 487.
        self._answer_bye(request, source, now)
        self._reject(487, Extra(), now)
        self.close(Cancelled(self.number, request))

    def _reject(self, status: int, extra: Extra, now: float, phrase: str | None = None) -> None:
        if self._transaction is not None:
            self.layer.respond(self._transaction, status, now, self.tag, extra.lines, extra.body, phrase)
            self._transaction = None
            self._waiting_answer = None
            self._sender.clear()

    def _fields(self, headers: Headers, body: bytes | None, part: Part | None) -> tuple[str, bytes | None]:
        """Header lines and body of a response with a session description, another part, both or neither."""
        if part is None:
            return self._session_fields(headers, body), body
        lines, content = compose(body, part, self.layer.token())
        return f"{self._session_fields(headers, None)}{lines}", content


@lru_cache
def _supported(reliable: Extension, preconditions: Extension, *, timer: bool) -> str:
    """Supported of a 2xx to an INVITE that may use these."""
    several = ((OPTION, reliable != "off"), (CONDITIONAL, preconditions != "off"), ("timer", timer))
    tags = [tag for tag, wanted in several if wanted]
    return f"Supported: {', '.join(tags)}\r\n" if tags else ""
