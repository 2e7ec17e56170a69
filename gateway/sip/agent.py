"""A SIP user agent as one pure machine: datagrams and the owner's wishes in, datagrams and events out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import IntEnum
from typing import Final

from tandem.core.timers import Agenda
from tandem.gateway.sip.call import Bye, Call, Context, Extra, Headers, answer_options
from tandem.gateway.sip.client_transaction import ClientTransaction
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.dialog import RequestHead
from tandem.gateway.sip.endpoint import Endpoint, Listener, Stream
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.fields import format_address
from tandem.gateway.sip.incoming import IncomingCall
from tandem.gateway.sip.layer import TransactionLayer
from tandem.gateway.sip.message import Request, Response, format_fields
from tandem.gateway.sip.multipart import Part, compose
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.outgoing import OutgoingCall
from tandem.gateway.sip.primitives import Credentials, InviteRequest, OptionsResult, Output
from tandem.gateway.sip.registration import Registration, RegistrationOptions
from tandem.gateway.sip.server_transaction import ServerTransaction
from tandem.gateway.sip.standing import ReceivedInvite, SentInvite, Standing, StandingDialog, endpoint_at
from tandem.gateway.sip.transaction import Transaction

#: Methods that we recognise; one that Allow does not list gets 405, any other 501 (RFC 3261 8.2.1, 21.5.2).
KNOWN_METHODS: Final = frozenset(
    (
        "INVITE",
        "ACK",
        "CANCEL",
        "BYE",
        "OPTIONS",
        "REGISTER",
        "INFO",
        "PRACK",
        "UPDATE",
        "SUBSCRIBE",
        "NOTIFY",
        "PUBLISH",
        "MESSAGE",
        "REFER",
    )
)
_IN_DIALOG_ONLY: Final = frozenset(("BYE", "INFO", "UPDATE", "PRACK", "NOTIFY"))


class SipAgent:
    """One listening address. Calls are named by number; asking something of a call that is over does nothing."""

    def __init__(self, configuration: AgentConfiguration, token: Callable[[], str]) -> None:
        self.configuration = configuration
        self._layer = TransactionLayer(configuration, token, self)
        self._context = Context(self._layer)
        self._last_number = 0
        self.leaving = False
        """No new calls are wanted: OPTIONS gets 503, so that whoever watches us sends calls elsewhere."""
        self._gate: Callable[[Request, Endpoint, float], bool] | None = None
        self._registrations: dict[int, Registration] = {}
        self.receive: Callable[[bytes, Endpoint, float], None] = self._layer.receive
        """Take a datagram that came from an endpoint, at a time: that of the transaction layer."""

    # --- the machine contract ---

    def send_failed(self, data: bytes, destination: Stream, now: float) -> None:
        """A message for a stream could not be sent."""
        self._layer.send_failed(data, destination, now)

    def connection_lost(self, peer: Stream, now: float) -> None:
        """A connection that was open is gone."""
        self._layer.connection_lost(peer, now)
        for registration in self._registrations.values():
            registration.connection_lost(peer, now)

    def share(self, agenda: Agenda) -> None:
        """Tell `agenda` of timers from now on."""
        self._layer.timer_table.share(agenda)

    def next_deadline(self) -> float | None:
        """Time at which `handle_timers` is due, or None when no timer runs."""
        return self._layer.timer_table.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Act on every timer that has expired at `now`."""
        self._layer.handle_timers(now)

    @property
    def waiting(self) -> tuple[Sequence[Output], ...]:
        """What `outputs` is going to return: the same lists every time, for those who look often."""
        return (self._layer.queue,)

    def outputs(self) -> list[Output]:
        """Return what has been produced since the last call, in order, and forget it."""
        queue = self._layer.queue[:]
        self._layer.queue.clear()
        return queue

    # --- what the owner asks for ---

    def invite(self, request: InviteRequest, now: float) -> int:
        """Start a call and return its number; raise EncodeError when the request cannot be put in a datagram."""
        number = self._next_number()
        OutgoingCall(self._context, number, request, now)
        return number

    def cancel(self, call: int, headers: Headers, now: float) -> None:
        """Give up an outgoing call at any moment: CANCEL when that is allowed, BYE if the answer was faster."""
        found = self._context.calls.get(call)
        if isinstance(found, OutgoingCall):
            found.cancel(headers, now)

    def respond(
        self,
        call: int,
        status: int,
        reason_phrase: str | None = None,
        headers: Headers = (),
        body: bytes | None = None,
        part: Part | None = None,
        *,
        now: float,
    ) -> None:
        """Answer an incoming call: provisional, 2xx (repeated until the ACK), or a refusal.

        `body` is the session description; `part` goes with it, as an encapsulated message does.
        """
        found = self._context.calls.get(call)
        if isinstance(found, IncomingCall):
            found.respond(status, reason_phrase, headers, body, now, part)

    def bye(self, call: int, headers: Headers, now: float) -> None:
        """Leave an answered call."""
        if (found := self._context.calls.get(call)) is not None:
            found.bye(headers, now)

    def end(self, call: int, status: int, headers: Headers, now: float, part: Part | None = None) -> None:
        """End a call in whichever state it is: final response `status`, CANCEL or BYE, with `part` as its body."""
        if (found := self._context.calls.get(call)) is not None:
            found.end(status, headers, now, part)

    def reinvite(self, call: int, body: bytes | None, headers: Headers, now: float) -> bool:
        """Offer a new session in an answered call; False when that is not possible now. Ends in ReInviteResult."""
        found = self._context.calls.get(call)
        return found is not None and found.reinvite(body, headers, now)

    def configure(self, call: int, options: CallOptions, now: float) -> bool:
        """Say what an incoming call may use, before its answer; False: refused for that (420, 421, 422)."""
        found = self._context.calls.get(call)
        return isinstance(found, IncomingCall) and found.configure(options, now)

    def is_reliable(self, call: int) -> bool:
        """Whether provisional responses of an incoming call are sent reliably.

        The first must then have the offer where the INVITE had none (RFC 3261 13.2.1).
        """
        found = self._context.calls.get(call)
        return isinstance(found, IncomingCall) and found.reliable

    def is_conditional(self, call: int) -> bool:
        """Whether both sides of an incoming call know preconditions (RFC 3312)."""
        found = self._context.calls.get(call)
        return isinstance(found, IncomingCall) and found.conditional

    def prack(self, call: int, tag: str, body: bytes, now: float) -> None:
        """Answer the offer of a reliable provisional response (`Provisional.offer`)."""
        found = self._context.calls.get(call)
        if isinstance(found, OutgoingCall):
            found.prack(tag, body, now)

    def acknowledge(self, call: int, body: bytes | None, now: float) -> None:
        """Send the ACK to an answer that offered (`Answered.offer`), with our answer."""
        found = self._context.calls.get(call)
        if isinstance(found, OutgoingCall):
            found.acknowledge(body)

    def modify(self, call: int, body: bytes | None, headers: Headers, now: float) -> None:
        """Offer a new session in an answered call as soon as that is possible; as `reinvite`, but it waits."""
        if (found := self._context.calls.get(call)) is not None:
            found.modify(body, headers, now)

    def update(self, call: int, body: bytes | None, headers: Headers, now: float, told: Collection[str] = ()) -> bool:
        """Send UPDATE; False when that is not possible now. Ends in UpdateResult.

        Before the answer it goes to the last early dialog, but none of those whose To tags are in `told`.
        """
        found = self._context.calls.get(call)
        return found is not None and found.update(body, headers, now, told)

    def answer_update(
        self, call: int, status: int, body: bytes | None = None, headers: Headers = (), *, now: float
    ) -> None:
        """Answer SessionOffered."""
        if (found := self._context.calls.get(call)) is not None:
            found.answer_update(status, body, headers, now)

    def find_dialog(self, call_id: str, tags: frozenset[str]) -> int | None:
        """The call whose confirmed dialog has this Call-ID and these two tags; None when there is none."""
        for number, call in self._context.calls.items():
            dialog = call.dialog
            if dialog is not None and dialog.call_id == call_id and tags == {dialog.local_tag, dialog.remote_tag}:
                return number
        return None

    def answer_refer(self, call: int, status: int, now: float) -> None:
        """Answer Refer: 202 to perform it, or a refusal."""
        if (found := self._context.calls.get(call)) is not None:
            found.answer_refer(status, now)

    def notify_refer(self, call: int, status_line: str, final: bool, now: float) -> None:
        """Tell the peer how its REFER goes."""
        if (found := self._context.calls.get(call)) is not None:
            found.notify_refer(status_line, final, now)

    def probe(self, call: int, now: float) -> bool:
        """Ask the peer with OPTIONS whether it still knows the call; ends in ProbeResult. False: not possible now."""
        found = self._context.calls.get(call)
        return found is not None and found.upkeep.probe(now)

    def answer_reinvite(
        self, call: int, status: int, body: bytes | None = None, headers: Headers = (), *, now: float
    ) -> None:
        """Answer the peer's re-INVITE."""
        if (found := self._context.calls.get(call)) is not None:
            found.answer_reinvite(status, body, headers, now)

    def send_info(self, call: int, content_type: str, body: bytes, headers: Headers, now: float) -> None:
        """Send INFO in an answered call."""
        if (found := self._context.calls.get(call)) is not None:
            found.send_info(content_type, body, headers, now)

    def send_early_info(self, call: int, content_type: str, body: bytes, headers: Headers, now: float) -> bool:
        """Send INFO in the early dialog of an outgoing call; False when there is none. Ends in InfoResult."""
        found = self._context.calls.get(call)
        return isinstance(found, OutgoingCall) and found.send_early_info(content_type, body, headers, now)

    def send_options(
        self, destination: Endpoint, uri: str, now: float, headers: Iterable[tuple[str, str]] = (), account: str = ""
    ) -> int:
        """Ask a peer for its capabilities, or whether it lives; OptionsResult carries the returned number.

        `account` is for an agent with another engine beside this one.
        """
        number = self._next_number()
        layer = self._layer
        local = layer.local(destination)
        own = f"sip:{local.listener.sent_by}"
        head = RequestHead(
            uri,
            layer.via(),
            format_address(own, "", layer.token()),
            format_address(uri),
            f"{layer.token()}@{self.configuration.host}",
            1,
        )
        extra = f"{layer.agent_line}{local.contact_line}Accept: application/sdp\r\n"
        layer.request("OPTIONS", head, extra, None, destination, _Ping(layer, number), now)
        return number

    def guard(
        self, gate: Callable[[Request, Endpoint, float], bool], answers_malformed: Callable[[Endpoint, float], bool]
    ) -> None:
        """Ask `gate` about each request outside a dialog; when it says no, it has answered, or there is no answer.

        `answers_malformed` is told of each message that cannot be parsed and says whether its sender gets an answer.
        """
        self._gate = gate
        self._layer.answers_malformed = answers_malformed

    def answer(self, request: Request, source: Endpoint, status: int, lines: str, now: float) -> None:
        """Answer a request that `gate` has kept to itself, in a transaction."""
        self._layer.respond(self._layer.serve(request, source, None), status, now, extra=lines)

    def answer_stranger(self, request: Request, source: Endpoint, status: int, lines: str = "") -> None:
        """Answer a request that `gate` has kept to itself without remembering it."""
        self._layer.refuse_without_state(request, source, status, lines)

    def turn_away(self, host: str, seconds: float) -> None:
        """Somebody is banned: the owner gives us nothing that he sends."""

    def register(self, options: RegistrationOptions, destinations: Sequence[Endpoint], now: float) -> int:
        """Register with a provider, and renew that for ever; RegistrationChanged carries the returned number."""
        number = self._next_number()
        self._registrations[number] = Registration(self._layer, number, options, destinations)
        self._registrations[number].start(now)
        return number

    def move_registration(self, number: int, destinations: Sequence[Endpoint], now: float) -> None:
        """The provider is reached at other addresses from now on."""
        self._registrations[number].moved(destinations, now)

    def unregister(self, now: float) -> None:
        """Take every registration back."""
        for registration in self._registrations.values():
            registration.stop(now)

    @property
    def registering(self) -> bool:
        """Whether a REGISTER waits for its answer."""
        return any(registration.busy for registration in self._registrations.values())

    def pin(self, call: int) -> None:
        """Send every request of an incoming call to where it came from, whatever its Contact says."""
        found = self._context.calls.get(call)
        if isinstance(found, IncomingCall):
            found.pin()

    def standing(self, call: int) -> Standing | None:
        """What would stand at the peer of a call if this process ended now; None when nothing would."""
        found = self._context.calls.get(call)
        return None if found is None else found.standing()

    def end_standing(
        self,
        standing: Standing,
        status: int,
        headers: Headers,
        credentials: Credentials | None,
        now: float,
        part: Part | None = None,
    ) -> None:
        """End at its peer what an earlier process left, as `end` would; raise SipDecodeError when it is broken.

        A 487 to the INVITE finds no transaction here: the peer repeats it for 32 s, and nothing else comes of it.
        """
        layer = self._layer
        lines, body = compose(None, part, "")
        lines = f"{format_fields(headers)}{lines}"
        match standing:
            case StandingDialog():
                Bye(layer, standing.dialog(), Extra(lines, body), credentials).send("", now)
            case SentInvite(head=head, place=place):
                layer.request("CANCEL", head, lines, body, endpoint_at(place), None, now)
            case ReceivedInvite(tag=tag, place=place):
                transaction = layer.serve(standing.request(), endpoint_at(place), None)
                layer.respond(transaction, status, now, tag, lines, body)

    def local_address(self, peer: Endpoint) -> Listener:
        """The address of ours that messages to `peer` name."""
        return self._layer.local(peer).listener

    def call_id(self, call: int) -> str:
        """Call-ID of a call that is not over, for people and records; empty for any other."""
        found = self._context.calls.get(call)
        return found.call_id if found is not None else ""

    @property
    def calls(self) -> int:
        """Number of calls that are not over."""
        return len(self._context.calls)

    @property
    def statistics(self) -> Counter[str]:
        """Counts of what was dropped or refused, by reason."""
        return self._layer.statistics

    def sizes(self) -> dict[str, int]:
        """How much is held, by table: all zero once calls are over and their transactions have run out."""
        return {
            "calls": len(self._context.calls),
            "dialogs": len(self._context.dialogs),
            "client transactions": len(self._layer.clients),
            "server transactions": len(self._layer.servers),
            "merged request index": len(self._layer.invites),
            "timers": len(self._layer.timer_table),
        }

    # --- requests that belong to no transaction (Core) ---

    def on_request(self, request: Request, source: Endpoint, now: float) -> None:
        """Inspect a new request in the order of RFC 3261 8.2 and hand it on."""
        layer, method = self._layer, request.method
        tag = request.to.tag
        found = self._context.dialogs.get((request.call_id, tag, request.from_.tag or "")) if tag is not None else None
        if found is None and method != "ACK" and self._gate is not None and not self._gate(request, source, now):
            return
        if method not in KNOWN_METHODS:
            layer.refuse(request, source, 501, now, layer.allow_line)
            return
        if method != "ACK" and "require" in request.fields and not self._meets_requirements(request, source, now):
            return
        if found is not None:
            found[0].on_dialog_request(request, found[1], source, now)
            return
        if method == "ACK":
            layer.statistics["stray ACKs"] += 1
        elif tag is not None or method in _IN_DIALOG_ONLY:
            layer.refuse(request, source, 481, now)
        elif method not in self.configuration.allow:
            layer.refuse(request, source, 405, now, layer.allow_line)
        elif request.uri.scheme not in ("sip", "tel"):
            # sips would have needed TLS up to here (26.2.2).
            layer.statistics["unsupported schemes"] += 1
            layer.refuse(request, source, 416, now)
        elif method == "OPTIONS" and self.leaving:
            layer.refuse(request, source, 503, now, "Retry-After: 60\r\n")
        elif method == "OPTIONS":
            answer_options(layer, request, source, now)
        else:
            self._on_invite(request, source, now)

    def on_cancel(self, request: Request, invite: ServerTransaction | None, source: Endpoint, now: float) -> None:
        """Answer CANCEL and, where the INVITE is still open, end it (9.2)."""
        layer = self._layer
        if invite is None:
            if self._gate is None or self._gate(request, source, now):
                layer.refuse(request, source, 481, now)
            return
        layer.respond(layer.serve(request, source, None), 200, now, invite.tag)
        if isinstance(user := invite.user, Call):
            user.on_cancel(request, invite, now)

    def _on_invite(self, request: Request, source: Endpoint, now: float) -> None:
        layer = self._layer
        if layer.is_merged(request):
            layer.refuse(request, source, 482, now)
            return
        try:
            refusal = self._refuse_content(request)
            if refusal is not None:
                layer.refuse(request, source, 415, now, refusal)
                return
            if request.fields.get("contact", ("*",))[0] == "*":
                raise SipDecodeError("Contact is missing")
            IncomingCall(self._context, self._next_number(), request, source, now)
        except SipDecodeError:
            layer.refuse(request, source, 400, now)

    def _meets_requirements(self, request: Request, source: Endpoint, now: float) -> bool:
        """Refuse option tags in Require that we do not know (8.2.2.3)."""
        try:
            tags = request.strict_values("require")
        except SipDecodeError:
            self._layer.refuse(request, source, 400, now)
            return False
        unknown = [tag for tag in tags if tag.lower() not in self.configuration.supported]
        if unknown:
            self._layer.refuse(request, source, 420, now, f"Unsupported: {', '.join(unknown)}\r\n")
        return not unknown

    def _refuse_content(self, request: Request) -> str | None:
        """8.2.3: header lines of the 415 for a body that we cannot take, None for one that we can."""
        if not request.body:
            return None
        fields = request.fields
        if "content-encoding" in fields and fields["content-encoding"][0].lower() != "identity":
            return "Accept-Encoding: identity\r\n"
        kind = fields.get("content-type")
        if (kind is not None and kind[0] in self.configuration.bodies) or (
            request.content_type in self.configuration.bodies
        ):
            return None
        disposition = (request.get("content-disposition") or "").replace(" ", "").lower()
        return None if "handling=optional" in disposition else f"Accept: {', '.join(self.configuration.bodies)}\r\n"

    def _next_number(self) -> int:
        self._last_number += 1
        return self._last_number


class _Ping:
    """The user of an OPTIONS of ours."""

    def __init__(self, layer: TransactionLayer, number: int) -> None:
        self._layer = layer
        self._number = number

    def on_response(self, transaction: ClientTransaction, response: Response, source: Endpoint, now: float) -> None:
        """Report the final response."""
        if response.status >= 200:
            self._layer.queue.append(OptionsResult(self._number, response.status))

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """Report that none came."""
        self._layer.queue.append(OptionsResult(self._number, None))

    def on_timer(self, timer: IntEnum, now: float) -> None:
        """No timers."""
