"""An outgoing call: the UAC of an INVITE, with its forks and its CANCEL (RFC 3261 9.1, 13.2)."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from functools import lru_cache

from tandem.gateway.sip.answers import Answers
from tandem.gateway.sip.call import Call, CallTimer, Context, Extra, Headers, answer_challenge
from tandem.gateway.sip.client_transaction import ClientTransaction, InviteClientTransaction
from tandem.gateway.sip.dialog import Dialog, RequestHead
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import format_address
from tandem.gateway.sip.message import Response, format_fields
from tandem.gateway.sip.multipart import Part
from tandem.gateway.sip.options import Extension
from tandem.gateway.sip.preconditions import OPTION as CONDITIONAL
from tandem.gateway.sip.primitives import (
    Answered,
    CallOutput,
    Endpoint,
    Failed,
    InfoResult,
    InviteRequest,
    Provisional,
    Rejected,
)
from tandem.gateway.sip.reliable import OPTION, response_sequence
from tandem.gateway.sip.standing import SentInvite, Standing, place_of
from tandem.gateway.sip.transaction import State, Transaction


class OutgoingCall(Call):
    """A call that we make."""

    __slots__ = (
        "_answers",
        "_authorization",
        "_cancel",
        "_cancelled",
        "_challenges",
        "_cseq",
        "_early",
        "_extra",
        "_from",
        "_head",
        "_invite",
        "_offering",
        "_routes",
        "_sequences",
        "_settled",
        "_stands",
        "_to",
        "_transaction",
        "_unacknowledged",
    )

    owns_call_id = True

    def __init__(self, context: Context, number: int, invite: InviteRequest, now: float) -> None:
        layer = context.layer
        self._invite = invite
        self._routes = "".join([f"Route: {route}\r\n" for route in invite.routes]) if invite.routes else ""
        self._from = format_address(invite.from_uri, invite.from_display, invite.from_tag or layer.token())
        self._to = format_address(invite.to_uri, invite.to_display)
        call_id = invite.call_id or f"{layer.token()}@{layer.configuration.host}"
        self._cseq = invite.sequence - 1
        self._extra = format_fields(invite.headers)
        self._authorization = ""
        self._challenges = 0
        self._early: dict[str, Dialog] = {}
        """Early dialogs by To tag."""
        self._answers: Answers | None = None
        """The ACKs of our INVITE, once it was answered."""
        self._cancel: Extra | None = None
        """Header lines of the CANCEL that the owner asked for."""
        self._cancelled = False
        self._unacknowledged: Response | None = None
        """A 2xx whose offer the owner has not answered yet."""
        self._stands: tuple[Endpoint, SentInvite] | None = None
        """Where our INVITE went, and what stands there before the answer, once somebody has asked."""
        self._sequences: dict[str, int] = {}
        """RSeq of the last reliable response, by To tag."""
        self._settled: set[str] = set()
        """To tags of the early dialogs in which the first offer was answered reliably."""
        super().__init__(context, number, call_id, invite.options, invite.destination)
        session = invite.session if invite.session is not None else invite.body
        self._offering = bool(session)
        """Our INVITE has an offer."""
        self.upkeep.description = session
        self.credentials = invite.credentials
        self._initial = False
        try:
            self._send_invite(now)
        except ValueError:
            del context.calls[number]
            raise

    def _send_invite(self, now: float) -> None:
        self._cseq += 1
        invite = self._invite
        self._head = RequestHead(
            invite.uri,
            self.layer.via(),
            self._from,
            self._to,
            self.call_id,
            self._cseq,
            self._routes,
            invite.max_forwards,
        )
        fields = self._session_fields((), invite.body, invite.content_type)
        if invite.content_type.startswith("multipart/"):
            fields += "MIME-Version: 1.0\r\n"
        timer = self.upkeep.timer.request_lines()
        options = self.options
        known = _extensions(options.reliable, options.preconditions, timer=self.upkeep.timer.wanted)
        extra = f"{self._authorization}{self.layer.agent_line}{known}{timer}{self._extra}{fields}"
        self._transaction: InviteClientTransaction = self.layer.invite(
            self._head, extra, invite.body, invite.destination, self, now
        )

    def prack(self, tag: str, body: bytes | None, now: float) -> None:
        """Acknowledge the last reliable response of the early dialog `tag`, with the answer to its offer (RFC 3262)."""
        dialog, sequence = self._early.get(tag), self._sequences.get(tag)
        if dialog is None or sequence is None or self.closed:
            return
        if body:
            self._settled.add(tag)
            self.upkeep.description = body
        content = "Content-Type: application/sdp\r\n" if body else ""
        extra = f"{self.layer.agent_line}RAck: {sequence} {self._cseq} INVITE\r\n{content}"
        head = dialog.head(self.layer.via())
        self.layer.request("PRACK", head, extra, body, dialog.destination, None, now)

    def send_early_info(self, content_type: str, body: bytes, headers: Headers, now: float) -> bool:
        """Send INFO in the last early dialog that the peer made reliably; False when there is none (any more)."""
        dialog = next((self._early[tag] for tag in reversed(self._early) if tag in self._sequences), None)
        if dialog is None or self._cancel is not None or self.closed:
            return False
        extra = f"{self.layer.agent_line}{format_fields(headers)}Content-Type: {content_type}\r\n"
        head = dialog.head(self.layer.via())
        self.layer.request("INFO", head, extra, body, dialog.destination, _Info(self), now)
        return True

    def cancel(self, headers: Headers, now: float, part: Part | None = None) -> None:
        """Give the call up: CANCEL as soon as a provisional response allows it (9.1); BYE when it was answered."""
        if self.dialog is not None:
            self.bye(headers, now, part)
        elif self._cancel is None:
            self._cancel = self._extra_of(headers, part)
            self._send_cancel(now)

    def end(self, status: int, headers: Headers, now: float, part: Part | None = None) -> None:
        """CANCEL before the answer, BYE after it."""
        if self.dialog is not None:
            self.bye(headers, now, part)
        else:
            self.cancel(headers, now, part)

    def standing(self) -> Standing | None:
        """Before the answer: our INVITE."""
        if self.dialog is not None or self._cancel is not None:
            return super().standing()
        place = self._transaction.destination
        if self._stands is None or self._stands[0] is not place or self._stands[1].head is not self._head:
            self._stands = place, SentInvite(self._head, place_of(place))
        return self._stands[1]

    def _send_cancel(self, now: float) -> None:
        """9.1: not before a provisional response, and not after a final one."""
        if self._cancel is None or self._cancelled or self._transaction.state is not State.PROCEEDING:
            return
        self._cancelled = True
        extra = self._cancel
        self.timed = True
        self.layer.request("CANCEL", self._head, extra.lines, extra.body, self._transaction.destination, None, now)
        self.layer.start(self, CallTimer.CANCEL, now + self.layer.timers.transaction)

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """A response to the INVITE, or to a later re-INVITE."""
        if transaction is not self._transaction:
            super().on_response(transaction, response, source, now)
        elif response.status < 200:
            self._on_provisional(response, source, now)
        elif response.status < 300:
            self._on_success(response, source, now)
        else:
            self._on_failure(response, now)

    def _on_provisional(self, response: Response, source: Endpoint, now: float) -> None:
        tag = response.to.tag if response.status > 100 else None
        sequence = None if self.options.reliable == "off" else response_sequence(response)
        if sequence is not None and tag is not None:
            last = self._sequences.get(tag)
            if last is not None and sequence != last + 1:
                # RFC 3262 4: a repetition, or one came before its turn; it will come again.
                self.layer.statistics["1xx out of order"] += 1
                return
            self._sequences[tag] = sequence
        if tag is not None and tag not in self._early:
            try:
                dialog = Dialog.from_response(response, self._cseq, source)
            except SipDecodeError:
                self.layer.statistics["1xx without usable Contact"] += 1
            else:
                dialog.pinned = self._invite.pinned
                self._early[tag] = dialog
                self.context.dialogs[dialog.key] = (self, dialog)
        offer = sequence is not None and not self._offering and tag not in self._settled and bool(response.session)
        if sequence is not None and tag is not None:
            if not offer:
                self.prack(tag, None, now)
            if response.session and self._offering:
                self._settled.add(tag)
        if self._cancel is None:
            self.emit(Provisional(self.number, response.status, response, tag, offer))
        else:
            self._send_cancel(now)

    def _on_success(self, response: Response, source: Endpoint, now: float) -> None:
        tag = response.to.tag or ""
        answers = self._answers
        if answers is None:
            answers = self._answers = Answers(
                self.layer, self._invite, self._cseq, self._authorization, self.credentials
            )
        elif answers.repeat(tag):
            return
        if self._unacknowledged is not None and tag == self._unacknowledged.to.tag:
            return
        early = self._early.pop(tag, None)
        dialog = answers.confirm(response, source, early)
        if early is not None:
            # Its key is another one where the peer gives the Call-ID or our tag back wrong.
            self.context.dialogs.pop(early.key, None)
        first = self.dialog is None and self._cancel is None
        offer = first and not self._offering and tag not in self._settled and bool(response.session)
        if not offer:
            answers.acknowledge(dialog, response)
        if self.dialog is not None:
            # 13.2.2.4: another fork has answered before.
            answers.leave(dialog, now)
        elif self._cancel is not None:
            self._send_bye(dialog, self._cancel, now)
            self.leaving = True
            self.close()
        else:
            self._forget_early()
            self.dialog = dialog
            self.context.dialogs[dialog.key] = (self, dialog)
            self.upkeep.refreshed(response, now)
            self._unacknowledged = response if offer else None
            self.emit(Answered(self.number, response, offer))

    def acknowledge(self, body: bytes | None) -> None:
        """Send the ACK that has the answer to the offer in the 2xx."""
        response, self._unacknowledged = self._unacknowledged, None
        if response is not None and self.dialog is not None and self._answers is not None:
            self.upkeep.description = body or self.upkeep.description
            self._answers.acknowledge(self.dialog, response, body)

    def bye(self, headers: Headers, now: float, part: Part | None = None) -> None:
        """Leave the call; a 2xx that still waits for its ACK gets it first (13.2.2.4)."""
        if self._unacknowledged is not None:
            self.acknowledge(None)
        super().bye(headers, now, part)

    def _on_failure(self, response: Response, now: float) -> None:
        if self._cancel is None and self._retry_with_credentials(response, now):
            return
        if self._cancel is None and response.status == 422 and self.upkeep.timer.too_small(response):
            self._forget_early()
            self._send_invite(now)
            return
        self._forget_early()
        self.close(Rejected(self.number, response.status, response))

    def _retry_with_credentials(self, response: Response, now: float) -> bool:
        """Answer a challenge; a second one only when it says that merely the nonce was stale (22.2)."""
        if self.credentials is None or response.status not in (401, 407) or self._challenges >= 2:
            return False
        challenges = response.fields.get("www-authenticate", []) + response.fields.get("proxy-authenticate", [])
        if self._challenges and not any("stale=true" in value.lower().replace('"', "") for value in challenges):
            return False
        line = answer_challenge(self.layer, response, self.credentials, "INVITE", self._invite.uri)
        if line is None:
            return False
        self._challenges += 1
        self._authorization = line
        self._forget_early()
        self._send_invite(now)
        return True

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """No response to the INVITE (timer B)."""
        if transaction is self._transaction:
            self.close(Failed(self.number, self._transaction.failure))
        else:
            super().on_timeout(transaction, now)

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """No final response after CANCEL: the INVITE is destroyed (9.1)."""
        if timer is CallTimer.CANCEL:
            self.layer.terminated(self._transaction)
            self.close(Failed(self.number, "timeout"))
        else:
            super().on_timer(timer, now)

    def close(self, reason: CallOutput | None = None) -> None:
        """Forget the early dialogs too; the ACKs stay as long as the transaction does."""
        if self.dialog is None:  # else that was done when it was answered
            self._forget_early()
        if self._unacknowledged is not None:
            self.acknowledge(None)
        if self._answers is not None:
            self._transaction.user = self._answers
        super().close(reason)

    def _early_dialog(self, told: Collection[str] = ()) -> Dialog | None:
        """The last early dialog in which offer and answer are complete (RFC 3311 5.1), without those of `told`."""
        tags = reversed(self._early)
        return next((self._early[tag] for tag in tags if tag in self._settled and tag not in told), None)

    def _offer_of_ours_open(self) -> bool:
        """Before the answer: no early dialog has its answer yet."""
        first = self.dialog is None and self._offering and not self._settled
        return first or super()._offer_of_ours_open()

    def _forget_early(self) -> None:
        if self._sequences:
            self._sequences.clear()
        if self._settled:
            self._settled.clear()
        if self._early:
            for dialog in self._early.values():
                self.context.dialogs.pop(dialog.key, None)
            self._early.clear()


@lru_cache
def _extensions(reliable: Extension, preconditions: Extension, *, timer: bool) -> str:
    """Supported and Require of an INVITE that may use these."""
    several = ((OPTION, reliable), (CONDITIONAL, preconditions))
    tags = [tag for tag, wanted in several if wanted == "supported"] + (["timer"] if timer else [])
    required = [tag for tag, wanted in several if wanted == "required"]
    supported = f"Supported: {', '.join(tags)}\r\n" if tags else ""
    return f"{supported}Require: {', '.join(required)}\r\n" if required else supported


class _Info:
    """The user of an INFO whose outcome is told."""

    def __init__(self, call: OutgoingCall) -> None:
        self._call = call

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """Report the final response."""
        if response.status >= 200:
            self._call.emit(InfoResult(self._call.number, response.status))

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """Report that none came."""
        self._call.emit(InfoResult(self._call.number, None))

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """No timers."""
