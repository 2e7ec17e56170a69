"""A call and its dialog: what both directions share once a dialog exists (RFC 3261 12.2, 14, 15)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final

from msgspec import Struct

from tandem.gateway.sip.auth import authorization, find_challenge
from tandem.gateway.sip.client_transaction import ClientTransaction, InviteClientTransaction
from tandem.gateway.sip.dialog import Dialog, DialogKey
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.layer import TransactionLayer
from tandem.gateway.sip.message import Request, Response, format_fields
from tandem.gateway.sip.multipart import Part, compose
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    CallOutput,
    Closed,
    Confirmed,
    Credentials,
    Ended,
    Endpoint,
    Failed,
    InfoReceived,
    Refer,
    Refreshed,
    ReInvite,
    ReInviteConfirmed,
    ReInviteResult,
    SessionOffered,
)
from tandem.gateway.sip.server_transaction import ServerTransaction
from tandem.gateway.sip.standing import Standing, StandingDialog
from tandem.gateway.sip.transaction import Transaction
from tandem.gateway.sip.upkeep import BUSY_RETRY, GONE, Upkeep

Headers = Iterable[tuple[str, str]]
#: An INVITE in Proceeding has no timer of its own; three minutes is what 16.6 gives a proxy (timer C).
REINVITE_LIMIT: Final = 180.0
#: What an INFO may carry; other bodies get 415.
INFO_BODIES: Final = (
    "application/dtmf-relay",
    "application/dtmf",
    "application/isup",
    "application/x-session-info",
    "application/session-info",
    "multipart/mixed",
)


class CallTimer(IntEnum):
    """Timers of the transaction user; the values only tell them apart from those of transactions."""

    ANSWER = 101
    """Retransmission of a 2xx until its ACK comes (RFC 3261 13.3.1.4)."""
    ACK = 102
    """The longest wait for that ACK."""
    PROVISIONAL = 103
    """Repetition of a provisional response, lest a proxy gives up (13.3.1.1)."""
    CANCEL = 104
    """The longest wait for the final response after CANCEL (9.1)."""
    REINVITE = 105
    """The longest wait for the final response to our re-INVITE; outlives the call, as its transaction does."""
    RELIABLE = 106
    """Retransmission of a reliable provisional response until its PRACK comes (RFC 3262 3)."""
    PRACK = 107
    """The longest wait for that PRACK."""


_ENDED_WITH_THE_CALL: Final = tuple(timer for timer in CallTimer if timer is not CallTimer.REINVITE)


class Extra(Struct, frozen=True):
    """Further header lines of a message, and its body."""

    lines: str = ""
    body: bytes | None = None


@dataclass(slots=True)
class Context:
    """What the calls of one agent share."""

    layer: TransactionLayer
    calls: dict[int, Call] = field(default_factory=dict)
    dialogs: dict[DialogKey, tuple[Call, Dialog]] = field(default_factory=dict)


class Call:
    """One call; a subclass for each direction brings it to its dialog."""

    __slots__ = (
        "_answer",
        "_answer_interval",
        "_initial",
        "_pending_bye",
        "_refer_server",
        "_reinvite_client",
        "_reinvite_cseq",
        "_reinvite_sent",
        "_reinvite_server",
        "_update_server",
        "call_id",
        "closed",
        "contact_line",
        "context",
        "credentials",
        "dialog",
        "layer",
        "leaving",
        "number",
        "options",
        "timed",
        "upkeep",
    )

    owns_call_id = False
    """We made the Call-ID (RFC 3261 14.1: that decides who waits longer after glare)."""

    def __init__(self, context: Context, number: int, call_id: str, options: CallOptions, peer: Endpoint) -> None:
        self.context = context
        self.contact_line = context.layer.local(peer).contact_line
        """Our Contact: the address of ours that the peer at `peer` can reach."""
        self.options = options
        self.upkeep = Upkeep(self, options)
        self.call_id = call_id
        self.layer = context.layer
        self.number = number
        self.dialog: Dialog | None = None
        """The confirmed dialog."""
        self.closed = False
        self.leaving = False
        """The owner has ended the call: it wants to hear Closed and nothing else."""
        self.credentials: Credentials | None = None
        self.timed = False
        """A timer of the call that ends with it may be running."""
        self._answer: ServerTransaction | None = None
        self._answer_interval = 0.0
        self._initial = True
        self._pending_bye: Extra | None = None
        self._reinvite_server: ServerTransaction | None = None
        self._reinvite_client: InviteClientTransaction | None = None
        self._reinvite_cseq = 0
        self._reinvite_sent: tuple[bytes | None, Headers, bool] = (None, (), False)
        """Body, headers and whether it is a refresh, of the re-INVITE under way."""
        self._update_server: ServerTransaction | None = None
        """UPDATE or PRACK of the peer whose offer the owner has not answered yet."""
        self._refer_server: ServerTransaction | None = None
        context.calls[number] = self

    # --- what the owner asks for ---

    def end(self, status: int, headers: Headers, now: float, part: Part | None = None) -> None:
        """End the call in whichever state it is; `status` serves where a final response is due."""
        raise NotImplementedError

    def standing(self) -> Standing | None:
        """What would stand at the peer if this process ended now; None when the call is at its end."""
        return None if self.dialog is None or self.leaving else StandingDialog.of(self.dialog)

    def bye(self, headers: Headers, now: float, part: Part | None = None) -> None:
        """Leave the confirmed dialog; before the ACK of our 200 has come, as soon as it comes (15)."""
        if self.dialog is None or self.leaving:
            return
        extra = self._extra_of(headers, part)
        self.leaving = True
        if self._answer is not None and self._initial:
            self._pending_bye = extra
        else:
            self._send_bye(self.dialog, extra, now)
            self.close()

    def reinvite(self, body: bytes | None, headers: Headers, now: float, refresh: bool = False) -> bool:
        """Offer a new session; False while another INVITE is under way in either direction (14.1)."""
        if self.dialog is None or self.leaving or self._busy:
            return False
        head = self.dialog.head(self.layer.via())
        supported = "Supported: timer\r\n" if self.upkeep.timer.wanted else ""
        headers = tuple(headers)
        extra = f"{supported}{self.upkeep.timer.request_lines()}{self._session_fields(headers, body)}"
        self._reinvite_cseq = head.cseq
        self._reinvite_sent = body, headers, refresh
        self.upkeep.description = body or self.upkeep.description
        self._reinvite_client = self.layer.invite(head, extra, body, self.dialog.destination, self, now)
        return True

    def answer_reinvite(self, status: int, body: bytes | None, headers: Headers, now: float) -> None:
        """Answer the re-INVITE of the peer; ignored when it was cancelled meanwhile."""
        transaction = self._reinvite_server
        if transaction is None:
            return
        if status < 200:
            self.layer.respond(transaction, status, now, extra=format_fields(headers))
            return
        self._reinvite_server = None
        if status < 300:
            timer = self.upkeep.timer.accept(transaction.request)
            self._accept(transaction, status, "", f"{timer}{self._session_fields(headers, body)}", body, now)
            self.upkeep.description = body or self.upkeep.description
            self.upkeep.begin(now)
        else:
            self.layer.respond(transaction, status, now, extra=format_fields(headers))

    def modify(self, body: bytes | None, headers: Headers, now: float) -> None:
        """Offer a new session by re-INVITE, as soon as no other is under way; of several that wait the last counts."""
        if not self.reinvite(body, headers, now):
            self.upkeep.retry(body, headers, now, refresh=False, delay=BUSY_RETRY)

    def update(self, body: bytes | None, headers: Headers, now: float, told: Collection[str] = ()) -> bool:
        """Send UPDATE (RFC 3311); False while there is no dialog for it, or another change is under way.

        `told` are To tags of early dialogs that are not meant.
        """
        dialog = self.dialog or self._early_dialog(told)
        if dialog is None or self._update_server is not None or (self.dialog is not None and body and self._busy):
            return False
        return self.upkeep.update(dialog, body, headers, now)

    def answer_update(self, status: int, body: bytes | None, headers: Headers, now: float) -> None:
        """Answer the offer of the peer's UPDATE or PRACK."""
        transaction, self._update_server = self._update_server, None
        if transaction is None:
            return
        if status >= 300:
            self.layer.respond(transaction, status, now, extra=format_fields(headers))
            return
        update = transaction.request.method == "UPDATE"
        timer = self.upkeep.timer.accept(transaction.request) if update and self.dialog is not None else ""
        extra = f"{timer}{self._session_fields(headers, body)}"
        self.layer.respond(transaction, status, now, extra=extra, body=body)
        self.upkeep.description = body or self.upkeep.description
        if update and self.dialog is not None:
            self.upkeep.begin(now)

    def answer_refer(self, status: int, now: float) -> None:
        """Answer the peer's REFER: 202 to perform it, or a refusal."""
        transaction, self._refer_server = self._refer_server, None
        if transaction is not None:
            self.layer.respond(transaction, status, now, extra=self.contact_line)

    def notify_refer(self, status_line: str, final: bool, now: float) -> None:
        """Tell the peer how its REFER goes (RFC 3515 2.4.4): `SIP/2.0 100 Trying` and so on."""
        if self.dialog is None or self.leaving:
            return
        state = "terminated;reason=noresource" if final else "active;expires=60"
        extra = (
            f"{self.layer.agent_line}{self.contact_line}Event: refer\r\nSubscription-State: {state}\r\n"
            "Content-Type: message/sipfrag;version=2.0\r\n"
        )
        head = self.dialog.head(self.layer.via())
        body = f"{status_line}\r\n".encode()
        self.layer.request("NOTIFY", head, extra, body, self.dialog.destination, None, now)

    def lost(self, what: str, now: float) -> None:
        """The peer is gone or knows the call no more: BYE all the same. Before the answer, INVITE has its own end."""
        if self.dialog is not None and not self.leaving:
            self._send_bye(self.dialog, Extra(), now)
            self.close(Failed(self.number, what))

    def send_info(self, content_type: str, body: bytes, headers: Headers, now: float) -> None:
        """Send INFO in the dialog (RFC 6086); its outcome is not reported."""
        if self.dialog is not None and not self.leaving:
            extra = f"{self.layer.agent_line}{format_fields(headers)}Content-Type: {content_type}\r\n"
            head = self.dialog.head(self.layer.via())
            self.layer.request("INFO", head, extra, body, self.dialog.destination, None, now)

    # --- requests of the peer ---

    def on_dialog_request(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        """A request in one of the dialogs of this call."""
        if request.method == "ACK":
            self._on_ack(request, now)
            return
        if not dialog.in_sequence(request.cseq):
            self.layer.refuse(request, source, 500, now)
            return
        if request.method == "BYE":
            self._on_bye(request, dialog, source, now)
            return
        handler = self._REQUESTS.get(request.method)
        if handler is None:
            self.layer.refuse(request, source, 481 if request.method == "NOTIFY" else 405, now, self.layer.allow_line)
        else:
            handler(self, request, dialog, source, now)

    def on_cancel(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """The peer cancels an INVITE of this call; without effect once it has its final response."""
        if transaction is self._reinvite_server:
            self._reinvite_server = None
            self.layer.respond(transaction, 487, now)

    def _on_bye(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        self._answer_bye(request, source, now)
        if self._reinvite_server is not None:
            # 15.1.2: requests still open get 487.
            self.layer.respond(self._reinvite_server, 487, now)
        if self._update_server is not None or self._refer_server is not None:
            self._refuse_open(now)
        self.close(Ended(self.number, request))

    def _answer_bye(self, request: Request, source: Endpoint, now: float) -> None:
        """200, with the counterpart of what BYE carried."""
        part = self.options.released
        if part is None or not request.body or request.part(part.media_type) is None:
            lines, body = "", None
        else:
            lines, body = compose(None, part, "")
        self.layer.respond(self.layer.serve(request, source, None), 200, now, extra=lines, body=body)

    def _on_reinvite(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        if (refusal := self.upkeep.timer.refusal(request)) is not None:
            self.layer.refuse(request, source, 422, now, refusal)
        elif self.dialog is None or self._reinvite_server is not None or self._answer is not None:
            # 14.2: an INVITE of the peer is still open. Retry-After is between 0 and 10 s, there chosen at random.
            self.layer.refuse(request, source, 500, now, "Retry-After: 5\r\n")
        elif self._reinvite_client is not None:
            self.layer.refuse(request, source, 491, now)
        else:
            try:
                dialog.refresh_target(request)
            except SipDecodeError:
                self.layer.refuse(request, source, 400, now)
                return
            self.upkeep.heard(request)
            self._reinvite_server = self.layer.serve(request, source, self)
            self.layer.respond(self._reinvite_server, 100, now)
            self.emit(ReInvite(self.number, request))

    def _on_update(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        """RFC 3311 5.2: a target refresh is taken at once, an offer goes to the owner unless another is open."""
        if (refusal := self.upkeep.timer.refusal(request)) is not None:
            self.layer.refuse(request, source, 422, now, refusal)
            return
        if request.body:
            if self._offer_of_ours_open():
                self.layer.refuse(request, source, 491, now)
                return
            if self._offer_of_theirs_open():
                self.layer.refuse(request, source, 500, now, "Retry-After: 5\r\n")
                return
        try:
            dialog.refresh_target(request)
        except SipDecodeError:
            self.layer.refuse(request, source, 400, now)
            return
        self.upkeep.heard(request)
        transaction = self.layer.serve(request, source, None)
        if request.body:
            self._update_server = transaction
            self.emit(SessionOffered(self.number, request))
            return
        confirmed = self.dialog is not None
        timer = self.upkeep.timer.accept(request) if confirmed else ""
        self.layer.respond(transaction, 200, now, extra=f"{timer}{self.contact_line}{self.layer.allow_line}")
        if confirmed:
            self.upkeep.begin(now)

    def _on_info(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        """RFC 6086: a body of a kind that is not known gets 415."""
        try:
            known = not request.body or request.content_type in INFO_BODIES
        except SipDecodeError:
            known = False
        if not known:
            self.layer.refuse(request, source, 415, now, f"Accept: {', '.join(INFO_BODIES)}\r\n")
            return
        self.layer.respond(self.layer.serve(request, source, None), 200, now)
        self.emit(InfoReceived(self.number, request))

    def _on_refer(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        """RFC 3515: the owner decides; without a confirmed dialog there is nothing to transfer."""
        if "REFER" not in self.layer.configuration.allow:
            self.layer.refuse(request, source, 405, now, self.layer.allow_line)
        elif self.dialog is None or self._refer_server is not None or self.leaving:
            self.layer.refuse(request, source, 603, now)
        else:
            self._refer_server = self.layer.serve(request, source, None)
            self.emit(Refer(self.number, request))

    def _on_prack(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        """RFC 3262 3: it acknowledges nothing that we sent."""
        self.layer.refuse(request, source, 481, now)

    def _on_options(self, request: Request, dialog: Dialog, source: Endpoint, now: float) -> None:
        answer_options(self.layer, request, source, now)

    def _on_ack(self, request: Request, now: float) -> None:
        answer = self._answer
        if answer is None or request.cseq != answer.request.cseq:
            return
        self._stop_answer()
        initial, self._initial = self._initial, False
        if self._pending_bye is not None and self.dialog is not None:
            self._send_bye(self.dialog, self._pending_bye, now)
            self.close()
        else:
            self.emit(Confirmed(self.number, request) if initial else ReInviteConfirmed(self.number, request))

    _REQUESTS: ClassVar[dict[str, Callable[[Call, Request, Dialog, Endpoint, float], None]]] = {
        "INVITE": lambda call, *event: call._on_reinvite(*event),
        "UPDATE": lambda call, *event: call._on_update(*event),
        "INFO": lambda call, *event: call._on_info(*event),
        "OPTIONS": lambda call, *event: call._on_options(*event),
        "PRACK": lambda call, *event: call._on_prack(*event),
        "REFER": lambda call, *event: call._on_refer(*event),
    }

    # --- what transactions and timers tell ---

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """A response to our re-INVITE."""
        dialog, status = self.dialog, response.status
        if dialog is None:
            return
        if status < 200:
            self.layer.start(self, CallTimer.REINVITE, now + REINVITE_LIMIT)
            return
        self.layer.stop(self, CallTimer.REINVITE)
        if status < 300:
            # Also for a repeated 2xx, and for one that comes after the end of the call.
            if transaction is self._reinvite_client:
                try:
                    dialog.refresh_target(response)
                except SipDecodeError:
                    self.layer.statistics["2xx without usable Contact"] += 1
            self.layer.acknowledge(dialog.head(self.layer.via(), response.cseq), dialog.destination)
        if transaction is not self._reinvite_client:
            return
        self._reinvite_client = None
        body, headers, refresh = self._reinvite_sent
        if status < 300:
            self.upkeep.refreshed(response, now)
            self.emit(Refreshed(self.number, response) if refresh else ReInviteResult(self.number, status, response))
        elif status in GONE:
            if not refresh:
                self.emit(ReInviteResult(self.number, status, response))
            # 12.2.1.2: the peer does not know the dialog any more.
            self.lost("dialog", now)
        elif refresh:
            self.upkeep.refresh_failed(response, now)
        elif status == 491 and not self.leaving:
            self.upkeep.retry(body, headers, now, refresh=False, delay=None)
        elif status == 422 and self.upkeep.timer.too_small(response) and not self.leaving:
            self.upkeep.retry(body, headers, now, refresh=False, delay=0.0)
        else:
            self.emit(ReInviteResult(self.number, status, response))

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """Our re-INVITE got no answer: the dialog is at its end (12.2.1.2). A refusal of ours without ACK is over."""
        if transaction is not self._reinvite_client:
            return
        self._reinvite_client = None
        if self.dialog is not None and not self.leaving:
            if not self._reinvite_sent[2]:
                self.emit(ReInviteResult(self.number, 408, None))
            self.lost("timeout", now)

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """A timer of the call expired."""
        if timer is CallTimer.ANSWER and self._answer is not None:
            self._answer.respond(self._answer.status, self._answer.last_response, now)
            self._answer_interval = min(2 * self._answer_interval, self.layer.timers.t2)
            self.layer.start(self, CallTimer.ANSWER, now + self._answer_interval)
        elif timer is CallTimer.ACK and self.dialog is not None:
            self._stop_answer()
            self._send_bye(self.dialog, self._pending_bye or Extra(), now)
            self.close(Failed(self.number, "no ACK"))
        elif timer is CallTimer.REINVITE and self._reinvite_client is not None:
            self.layer.terminated(self._reinvite_client)
            self.on_timeout(self._reinvite_client, now)

    # --- helpers of both directions ---

    def emit(self, output: CallOutput) -> None:
        """Tell the owner, unless it has left."""
        if not self.leaving:
            self.layer.queue.append(output)

    def close(self, reason: CallOutput | None = None) -> None:
        """Forget the call, saying why and that it is over."""
        if self.closed:
            return
        if reason is not None:
            self.emit(reason)
        self.layer.queue.append(Closed(self.number))
        self.closed = self.leaving = True
        del self.context.calls[self.number]
        if self.dialog is not None:
            self.context.dialogs.pop(self.dialog.key, None)
        if self.timed:
            for timer in _ENDED_WITH_THE_CALL:
                self.layer.stop(self, timer)
        self.upkeep.stop(over=self._reinvite_client is None)
        for transaction in (self._update_server, self._refer_server):
            if transaction is not None:
                # Unanswered; its repetition finds no dialog and gets 481.
                self.layer.terminated(transaction)
        if self._answer is not None:
            self._answer.settle()
        self._answer = self._reinvite_server = self._update_server = self._refer_server = None

    @property
    def _busy(self) -> bool:
        return self._answer is not None or self._reinvite_server is not None or self._reinvite_client is not None

    def _offer_of_ours_open(self) -> bool:
        """We wait for an answer of the peer (RFC 3311 5.2: its UPDATE with an offer gets 491)."""
        return self._reinvite_client is not None or self.upkeep.updating

    def _offer_of_theirs_open(self) -> bool:
        """The peer waits for an answer of ours (RFC 3311 5.2: its UPDATE with an offer gets 500)."""
        return self._reinvite_server is not None or self._update_server is not None

    def _early_dialog(self, told: Collection[str] = ()) -> Dialog | None:
        """A dialog before the answer in which requests may be sent, none of those of `told`; None without one."""
        return None

    def _accept(
        self,
        transaction: ServerTransaction,
        status: int,
        tag: str,
        extra: str,
        body: bytes | None,
        now: float,
        phrase: str | None = None,
    ) -> None:
        """Send a 2xx to an INVITE and repeat it until its ACK comes (13.3.1.4)."""
        self.layer.respond(transaction, status, now, tag, extra, body, phrase)
        self._answer = transaction
        self._answer_interval = self.layer.timers.t1
        self.timed = True
        self.layer.start(self, CallTimer.ANSWER, now + self._answer_interval)
        self.layer.start(self, CallTimer.ACK, now + self.layer.timers.transaction)

    def _stop_answer(self) -> None:
        if self._answer is not None:
            self._answer.settle()
            self._answer = None
        self.layer.stop(self, CallTimer.ANSWER)
        self.layer.stop(self, CallTimer.ACK)
        self.timed = False  # whatever else may run before the answer was stopped by it

    def _send_bye(self, dialog: Dialog, extra: Extra, now: float) -> None:
        """Leave `dialog`; the call is to be closed."""
        if self._reinvite_server is not None:
            # As 15.1.2 has it for the other side: an INVITE still open gets 487. Unanswered it would stay for ever.
            self.layer.respond(self._reinvite_server, 487, now)
            self._reinvite_server = None
        if self._update_server is not None or self._refer_server is not None:
            self._refuse_open(now)
        Bye(self.layer, dialog, extra, self.credentials).send("", now)

    def _extra_of(self, headers: Headers, part: Part | None) -> Extra:
        if part is None:
            return Extra(format_fields(headers))
        content, body = compose(None, part, "")
        return Extra(f"{format_fields(headers)}{content}", body)

    def _refuse_open(self, now: float) -> None:
        """What the owner has not answered gets 487 when the call ends (15.1.2)."""
        for transaction in (self._update_server, self._refer_server):
            if transaction is not None:
                self.layer.respond(transaction, 487, now)
        self._update_server = self._refer_server = None

    def _session_fields(self, headers: Headers, body: bytes | None, content_type: str = "application/sdp") -> str:
        content = f"Content-Type: {content_type}\r\n" if body else ""
        layer = self.layer
        fields = format_fields(headers) if headers else ""
        return f"{self.contact_line}{layer.allow_line}{fields}{content}"


class Bye:
    """The user of a BYE transaction: answers a challenge once, and otherwise lets it end as it may (15.1.1)."""

    def __init__(self, layer: TransactionLayer, dialog: Dialog, extra: Extra, credentials: Credentials | None) -> None:
        self._layer = layer
        self._dialog = dialog
        self._extra = extra
        self._credentials = credentials
        self._uri = ""

    def send(self, answer: str, now: float) -> None:
        """Send the BYE, with `answer` to a challenge as a header line."""
        head = self._dialog.head(self._layer.via())
        self._uri = head.uri
        extra = f"{self._layer.agent_line}{self._extra.lines}{answer}"
        self._layer.request("BYE", head, extra, self._extra.body, self._dialog.destination, self, now)

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """Answer a 401 or 407."""
        credentials, self._credentials = self._credentials, None
        if response.status in (401, 407) and credentials is not None:
            line = answer_challenge(self._layer, response, credentials, "BYE", self._uri)
            if line is not None:
                self.send(line, now)
        elif response.status < 200:
            self._credentials = credentials

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """Nothing: for us the session ended when the BYE was sent."""

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """No timers."""


def answer_challenge(
    layer: TransactionLayer, response: Response, credentials: Credentials, method: str, uri: str
) -> str | None:
    """The header line that answers the challenge of a 401 or 407, None when there is none that we can answer."""
    try:
        challenge = find_challenge(response)
    except SipDecodeError:
        layer.statistics["malformed challenges"] += 1
        return None
    if challenge is None:
        return None
    return format_fields([authorization(challenge, credentials, method, uri, layer.token)])


def answer_options(layer: TransactionLayer, request: Request, source: Endpoint, now: float) -> None:
    """Answer OPTIONS with what an INVITE would be answered with (11.2)."""
    configuration = layer.configuration
    extra = (
        f"{layer.local(source).contact_line}{layer.allow_line}Accept: {', '.join(configuration.bodies)}\r\n"
        f"Accept-Encoding: identity\r\nSupported: {', '.join(configuration.supported)}\r\n"
    )
    layer.respond(layer.serve(request, source, None), 200, now, extra=extra)
